//! Running a test as several processes, from a seed: the child is this test binary started again, and tells what it does line by line.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::print_stdout, reason = "a test tells its seed and its figures")]

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// Opens every message of a child; the test harness prints other text.
const MARK: char = '~';

/// xorshift64*: small, seeded, the same everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        rng.below(2);
        rng
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }
}

/// A number from the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap_or_else(|_| panic!("{name} is not a number: {v}")))
}

/// `SEED`, or one from the clock: every run is another one.
pub(crate) fn seed() -> u64 {
    let seed = number("SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        u64::from(now.expect("after 1970").subsec_nanos())
    });
    println!("SEED={seed}");
    seed
}

/// The command that runs the test `name` of this binary in a process of its own, under `wrapper`.
pub(crate) fn this_test_again(wrapper: &[String], name: &str) -> Command {
    let program = std::env::current_exe().expect("this program").into_os_string();
    let mut words = wrapper.iter().map(OsString::from).chain([program]);
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command
}

/// The child's side: one message, one write, so that messages of several threads never mix.
pub(crate) fn tell(message: &str) {
    let line = format!("{MARK}{message}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).expect("the parent listens");
}

/// A child that dies with this value.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        Self { child: child.expect("the child starts") }
    }

    /// Its messages as they come. A last one that death cut short is not one.
    pub(crate) fn lines(&mut self) -> Receiver<String> {
        let stdout = self.child.stdout.take().expect("piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
                // The test harness may have begun the line.
                let text = line.split_once(MARK).and_then(|(_, text)| text.strip_suffix('\n'));
                if let Some(text) = text
                    && sender.send(text.to_owned()).is_err()
                {
                    break;
                }
                line.clear();
            }
        });
        lines
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("wait")
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A folder that stays behind when the test fails, to be looked at.
pub(crate) struct Folder(Option<tempfile::TempDir>);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(Some(tempfile::Builder::new().prefix("nigh-test-").tempdir().expect("a folder")))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.as_ref().expect("until drop").path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let (true, Some(dir)) = (std::thread::panicking(), self.0.take()) {
            println!("left behind: {}", dir.keep().display());
        }
    }
}

/// Copies a folder and all in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("create");
    for entry in std::fs::read_dir(from).expect("list") {
        let entry = entry.expect("list");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("kind").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy");
        }
    }
}

/// Every file below a folder, by its path within it, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    fn gather(folder: &Path, prefix: &str, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("list") {
            let entry = entry.expect("list");
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("kind").is_dir() {
                gather(&entry.path(), &format!("{name}/"), into);
            } else {
                into.push(name);
            }
        }
    }
    let mut files = Vec::new();
    gather(folder, "", &mut files);
    files.sort();
    files
}
