//! Whatever cannot be done is refused with exit code 2 and one line that says what was expected.

mod support;

use support::{code, nigh, stderr};

#[track_caller]
fn refuse(args: &[&str], expected: &str) {
    let output = nigh(args);
    assert_eq!(code(&output), 2, "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    assert!(stderr(&output).contains(expected), "{args:?}: {}", stderr(&output));
}

#[test]
fn unknown_words() {
    refuse(&["frobnicate"], "unrecognized subcommand");
    refuse(&["bench", "--metric", "hamming"], "cosine");
    refuse(&["bench", "--rows", "0"], "1 or more");
    refuse(&["bench", "--truth", "x.ivecs"], "--queries");
    refuse(&["bench", "--queries", "x.fvecs"], "<BASE>");
    refuse(&["bench", "x.fvecs", "--seed", "1"], "cannot be used with");
    refuse(&["bench", "--k", "10,0"], "1 or more");
    refuse(&["bench", "--k", "10001"], "10000 or less");
    refuse(&["bench", "--m", "16,1"], "2..=128");
    refuse(&["bench", "--ef-construct", "2"], "4..=4096");
    refuse(&["bench", "--quantile", "0.4"], "0.5 to 1");
    refuse(&["bench", "--ef", "10,,20"], "whole number");
    refuse(&["bench", "--recall", "0.9,1"], "more than 0 and less than 1");
    refuse(&["bench", "--json", "no/such/dir/x.json", "--rows", "100", "--dim", "2"], "no/such/dir/x.json");
    refuse(&["bench", "--html", "no/such/dir/x.html", "--rows", "100", "--dim", "2"], "no/such/dir/x.html");
    refuse(&["measure", "weather"], "unrecognized subcommand");
}

#[test]
fn paths_that_do_not_exist() {
    refuse(&["bench", "no/such.fvecs"], "no/such.fvecs: could not read");
    refuse(&["bench", "Cargo.toml"], "expected a name that ends in .fvecs");
    refuse(&["inspect", "no/such/file"], "no/such/file");
    refuse(&["verify", "no/such/dir"], "no/such/dir");
    refuse(&["doctor", "no/such/dir"], "no/such/dir");
}

#[test]
fn more_neighbours_than_rows() {
    refuse(
        &["bench", "--rows", "5", "--dim", "2", "--query-rows", "1"],
        "expected 10 rows or more for k 10, got 5",
    );
}

#[test]
fn help_and_version_are_no_errors() {
    assert_eq!(code(&nigh(["--help"])), 0);
    assert_eq!(code(&nigh(["--version"])), 0);
    assert_eq!(code(&nigh(["measure", "--help"])), 0);
}
