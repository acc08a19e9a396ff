//! No damaged HDF5 file makes the reader panic, hang, ask for absurd memory or return what is no benchmark.

mod support;

use std::path::Path;

use nigh_datasets::{AnnBenchmark, Problem, ReadError, VectorSet, read, read_ann_benchmark};
use support::{fixture, gzip, is_finite, stored};

const FIXTURES: [&str; 3] = ["contiguous-f32.hdf5", "gzip-f32.hdf5", "gzip-u8.hdf5"];

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).expect("the fixture is committed")
}

fn read_damaged(name: &str, bytes: &[u8]) -> Result<AnnBenchmark, ReadError> {
    let path =
        stored("damaged", &format!("{}-{:?}-{name}", std::process::id(), std::thread::current().id()), bytes);
    let result = std::panic::catch_unwind(|| read_ann_benchmark(&path)).expect("damage is no panic");
    if let Err(error) = &result {
        assert_eq!(error.path, path);
    }
    std::fs::remove_file(&path).expect("the file just written");
    result
}

fn is_sound(file: &AnnBenchmark) -> bool {
    let lists = [&file.neighbors, &file.distances].into_iter().flatten();
    let has_rows = |set: &VectorSet| set.rows() == file.queries.rows();
    let one_row_per_query = lists.clone().all(has_rows);
    let sets = [&file.base, &file.queries].into_iter().chain(lists);
    one_row_per_query && file.base.dim() == file.queries.dim() && sets.into_iter().all(is_finite)
}

#[test]
fn a_file_cut_short_is_an_error() {
    for name in FIXTURES {
        let bytes = bytes_of(name);
        for cut in (0..bytes.len()).step_by(5) {
            let error = read_damaged(name, &bytes[..cut]).unwrap_err();
            assert!(error.offset().is_some(), "{error}");
        }
    }
}

#[test]
fn a_cut_says_how_long_the_file_was() {
    let bytes = bytes_of("contiguous-f32.hdf5");
    let (whole, cut) = (bytes.len() as u64, bytes.len() - 100);
    let error = read("a.hdf5", &bytes[..cut]).unwrap_err();
    let expected = format!("a.hdf5: byte 0: expected {whole} bytes, got {cut} and then the end");
    assert_eq!(error.to_string(), expected);
    let error = read("a.hdf5", &gzip(&bytes[..cut])[..]).unwrap_err();
    assert!(error.to_string().starts_with("a.hdf5: byte 0 after decompression: "), "{error}");
}

#[test]
fn a_flipped_bit_gives_a_benchmark_or_an_error() {
    for name in FIXTURES {
        let bytes = bytes_of(name);
        // All bits of all bytes take minutes; here each third byte has one of its bits flipped.
        for at in (0..bytes.len()).step_by(3) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            if let Ok(file) = read_damaged(name, &damaged) {
                assert!(is_sound(&file), "{name}, byte {at}");
            }
        }
    }
}

/// Lengths, counts and addresses are fields of 2 to 8 bytes; all ones make the most absurd of them.
#[test]
fn a_field_of_ones_gives_a_benchmark_or_an_error() {
    for name in FIXTURES {
        let bytes = bytes_of(name);
        for at in (0..bytes.len() - 8).step_by(4) {
            for width in [2, 8] {
                let mut damaged = bytes.clone();
                damaged[at..at + width].fill(0xff);
                if let Ok(file) = read_damaged(name, &damaged) {
                    assert!(is_sound(&file), "{name}, byte {at}");
                }
            }
        }
    }
}

#[test]
fn a_shape_that_promises_too_much_is_refused_before_memory_is_taken() {
    for name in FIXTURES {
        let bytes = bytes_of(name);
        let rows = 12_u64.to_le_bytes();
        let mut refused = 0;
        for at in 0..bytes.len() - 8 {
            if bytes[at..at + 8] != rows {
                continue;
            }
            let mut damaged = bytes.clone();
            damaged[at..at + 8].copy_from_slice(&(1_u64 << 50).to_le_bytes());
            refused += u32::from(read_damaged(name, &damaged).is_err());
        }
        assert!(refused > 0, "{name}");
    }
}

#[test]
fn what_is_no_hdf5_is_named() {
    for bytes in [&b""[..], b"PK\x03\x04", &[0; 5000], b"\x89HDF\r\n\x1a\n"] {
        let error = read("a.hdf5", bytes).unwrap_err();
        assert!(matches!(error.problem, Problem::Hdf5 { .. }), "{error}");
        assert!(error.to_string().starts_with("a.hdf5: byte "), "{error}");
    }
    let error = read_ann_benchmark(Path::new("no/such/file.hdf5")).unwrap_err();
    assert!(matches!(error.problem, Problem::Io(_)), "{error}");
}
