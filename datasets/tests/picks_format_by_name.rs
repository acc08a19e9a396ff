//! The name picks the format, the first bytes tell gzip; neither is taken for the other.

mod support;

use nigh_datasets::{Problem, open, read};
use support::{bvecs, good_files, gzip, is_finite};

#[test]
fn every_good_file_is_read() {
    for (name, bytes) in good_files() {
        let set = read(&name, &bytes[..]).unwrap();
        assert!(set.rows() >= 2 && is_finite(&set), "{name}");
    }
}

#[test]
fn gzip_is_told_by_its_magic_whatever_the_name() {
    let plain = bvecs(&[&[1, 2, 3], &[4, 5, 6]]);
    let expected = read("a.bvecs", &plain[..]).unwrap();
    let packed = gzip(&plain);
    for (name, bytes) in [("a.bvecs.gz", &packed), ("a.bvecs", &packed), ("a.bvecs.gz", &plain)] {
        assert_eq!(read(name, &bytes[..]).unwrap(), expected, "{name}");
    }
}

#[test]
fn joined_gzip_members_are_one_file() {
    let joined = [gzip(&bvecs(&[&[1, 2]])), gzip(&bvecs(&[&[3, 4]]))].concat();
    let set = read("a.bvecs", &joined[..]).unwrap();
    assert_eq!(set, read("a.bvecs", &bvecs(&[&[1, 2], &[3, 4]])[..]).unwrap());
}

#[test]
fn case_and_folders_do_not_matter() {
    let plain = bvecs(&[&[1, 2, 3]]);
    assert!(read("some.npy/SIFT_BASE.BVECS.GZ", &plain[..]).is_ok());
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    for name in ["vectors.hdf", "vectors", "", "fvecs", "a.fvecs.gz.gz", "a.fvecs.zst"] {
        let error = read(name, &[][..]).unwrap_err();
        assert!(matches!(error.problem, Problem::UnknownName { .. }), "{name}: {error}");
        let message = error.to_string();
        for known in
            [".fvecs", ".bvecs", ".ivecs", ".npy", ".hdf5", ".h5", ".idx", "idx1-ubyte", "idx3-ubyte"]
        {
            assert!(message.contains(known), "{message}");
        }
    }
}

#[test]
fn a_file_on_disk_reads_like_its_bytes() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("picks_format_by_name.bvecs.gz");
    let plain = bvecs(&[&[9, 8, 7]]);
    std::fs::write(&path, gzip(&plain)).unwrap();
    assert_eq!(open(&path).unwrap(), read("a.bvecs", &plain[..]).unwrap());
}

#[test]
fn offsets_say_whether_they_count_decompressed_bytes() {
    let cut = &bvecs(&[&[1, 2, 3], &[4, 5, 6]])[..12];
    let message = |bytes: &[u8]| read("a.bvecs.gz", bytes).unwrap_err().to_string();
    let problem = "expected 3 bytes, got 1 and then the end";
    assert_eq!(message(cut), format!("a.bvecs.gz: byte 11: {problem}"));
    assert_eq!(message(&gzip(cut)), format!("a.bvecs.gz: byte 11 after decompression: {problem}"));
}
