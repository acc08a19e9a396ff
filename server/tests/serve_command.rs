//! `nigh serve` as operators have it: it says where it is, is found healthy, takes signals, and leaves nothing behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const NOTHING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/nothing.yaml");

fn nigh(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nigh"));
    command.args(arguments).args(["--config-path", NOTHING]);
    command
}

fn serve(dir: &Path, arguments: &[&str]) -> (Child, SocketAddr) {
    let mut child = nigh(&["serve", "--grpc-port", "0"])
        .args(arguments)
        .arg("--storage-path")
        .arg(dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for line in lines {
        if let Some(address) = line.expect("text").strip_prefix("REST on http://") {
            return (child, address.parse().expect("an address"));
        }
    }
    drop(child.kill());
    child.wait().expect("it ended");
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    panic!("it did not start: {said}");
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("it is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("a signal");
    assert!(status.success());
}

fn ended(mut child: Child) -> i32 {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status.code().expect("it ended by itself");
        }
        assert!(began.elapsed() < Duration::from_secs(40), "it does not stop");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn healthcheck(port: u16) -> Output {
    nigh(&["healthcheck", "--http-port", &port.to_string()]).output().expect("the program")
}

#[test]
fn it_is_found_healthy_until_it_is_told_to_stop() {
    let dir = tempfile::tempdir().expect("a folder");
    let (child, address) = serve(&dir.path().join("db"), &["--http-port", "0"]);
    assert!(get(address, "/").contains(r#""version":"1."#));
    assert!(healthcheck(address.port()).status.success());
    signal(&child, "-HUP");
    assert!(get(address, "/livez").starts_with("HTTP/1.1 200"));
    signal(&child, "-TERM");
    assert_eq!(ended(child), 0);
    let gone = healthcheck(address.port());
    assert_eq!(gone.status.code(), Some(1));
    // The folder was let go: the next one has it at once.
    let (child, _) = serve(&dir.path().join("db"), &["--http-port", "0"]);
    signal(&child, "-INT");
    assert_eq!(ended(child), 0);
}

#[test]
fn what_keeps_it_from_serving_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let (child, address) = serve(&dir.path().join("db"), &["--http-port", "0"]);
    let refused = |arguments: &[&str], expected: &str| {
        let output = nigh(&["serve", "--grpc-port", "0"]).args(arguments).output().expect("the program");
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.contains(expected), "{said}");
    };
    let owned = dir.path().join("db").display().to_string();
    let free = dir.path().join("other").display().to_string();
    let port = address.port().to_string();
    refused(&["--http-port", "0", "--storage-path", &owned], "is in use by process");
    refused(&["--http-port", &port, "--storage-path", &free], "could not listen on");
    refused(&["--http-port", "0", "--host", "0.0.0.0", "--storage-path", &free], "api_key");
    signal(&child, "-TERM");
    assert_eq!(ended(child), 0);
}
