//! `nigh config print` and `nigh config check`: what they print, and their exit codes.

mod support;

use std::fs;

use support::{code, nigh, stderr, stdout};

#[test]
fn a_good_configuration_is_printed_with_origins() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("own.yaml");
    fs::write(&file, "service:\n  api_key: s3cret\n").expect("a file");
    let file = file.to_str().expect("a path");
    let output = nigh(["config", "print", "--config-path", file, "--http-port", "1234"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let page = stdout(&output);
    assert!(page.starts_with(&format!("# file: {file}\n")), "{page}");
    assert!(page.contains("  http_port: 1234  # --http-port\n"), "{page}");
    assert!(page.contains(&format!("  api_key: \"********\"  # {file}:2\n")), "{page}");
    assert!(!page.contains("s3cret"), "{page}");
}

#[test]
fn checks_end_with_a_code() {
    let output = nigh(["config", "check"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "all is well\n"));
    let output = nigh(["config", "check", "--set", "limits.eff=1", "--host", "0.0.0.0"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("did you mean limits.ef?"), "{}", stdout(&output));
    let output = nigh(["config", "check", "--host", "0.0.0.0"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("no key is set"), "{}", stdout(&output));
    let output = nigh(["config", "check", "--config-path", "no/such.yaml"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no/such.yaml"), "{}", stderr(&output));
}
