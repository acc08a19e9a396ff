//! Damage anywhere in any file: exit code 1, the place is named, what can be read is still shown, and nothing panics.

mod support;

use std::fs;

use support::{code, database, files, files_named, flip, last_json, nigh, stderr, stdout};

#[test]
fn a_bad_block_is_named_and_the_rest_is_shown() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let vectors = files_named(dir.path(), "vectors-0");
    let file = vectors.first().expect("a vectors file");
    let len = fs::metadata(file).expect("a file").len() as usize;
    flip(file, len / 2);
    let output = nigh(["inspect".as_ref(), file.as_os_str()]);
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    assert!(text.contains("PROBLEM at byte 64: checksum of block 0 does not match"), "{text}");
    assert!(text.contains("row_count") && text.contains("row 0"), "{text}");
}

#[test]
fn a_damaged_manifest_still_shows_its_content() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let file = dir.path().join("c-0000000000000001/manifest");
    // A header checksum that does not match, over fields that are right.
    flip(&file, 61);
    let output = nigh(["inspect".as_ref(), file.as_os_str()]);
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    assert!(text.contains("PROBLEM at byte 60: header checksum does not match"), "{text}");
    assert!(text.contains("applied_seq") && text.contains("segment 1"), "{text}");
}

#[test]
fn a_damaged_log_record_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let wal = files_named(dir.path(), "0000000000000000000");
    let file = wal.iter().rfind(|f| f.extension().is_some_and(|e| e == "wal")).expect("a log file");
    // In the body of the first record.
    flip(file, 64 + 40 + 20);
    let output = nigh(["inspect".as_ref(), file.as_os_str()]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("PROBLEM at byte 64"), "{}", stdout(&output));
    let folder = nigh(["inspect".as_ref(), dir.path().as_os_str()]);
    assert_eq!(code(&folder), 1, "{}", stdout(&folder));
}

#[test]
fn any_flipped_byte_is_noticed_or_harmless() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    for file in files(dir.path()).iter().filter(|file| !file.ends_with("LOCK")) {
        let whole = fs::read(file).expect("a file");
        let is_wal = file.extension().is_some_and(|e| e == "wal");
        for offset in [0, 9, 30, 47, 63, whole.len() / 2, whole.len() - 1] {
            flip(file, offset);
            let output = nigh(["inspect".as_ref(), file.as_os_str(), "--json".as_ref()]);
            // What is behind the end of a log may be anything: that is what a torn write leaves.
            let expected: &[i32] = if is_wal && offset > 63 { &[0, 1] } else { &[1] };
            assert!(
                expected.contains(&code(&output)),
                "{} byte {offset}: {}",
                file.display(),
                stderr(&output)
            );
            last_json(&output);
            fs::write(file, &whole).expect("mended");
        }
    }
}

#[test]
fn short_files_are_no_reason_to_panic() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    for file in files(dir.path()).iter().filter(|file| !file.ends_with("LOCK")) {
        let whole = fs::read(file).expect("a file");
        for len in [0, 10, 64, 65, 130, whole.len() - 1] {
            fs::write(file, &whole[..len]).expect("cut");
            let output = nigh(["inspect".as_ref(), file.as_os_str()]);
            assert_eq!(code(&output), 1, "{} cut to {len}: {}", file.display(), stderr(&output));
        }
        fs::write(file, &whole).expect("mended");
    }
}

#[test]
fn a_file_of_something_else_is_said_to_be_that() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("picture");
    fs::write(&file, vec![7; 1000]).expect("written");
    let output = nigh(["inspect".as_ref(), file.as_os_str()]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("PROBLEM at byte 0: bad magic"), "{}", stdout(&output));
}
