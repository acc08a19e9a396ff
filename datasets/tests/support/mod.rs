//! What the tests share: files built byte by byte, committed ones, and the real data where a checkout has them.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use nigh_datasets::{Values, VectorSet};

/// Rows that each open with their dimension.
pub(crate) fn vecs<const N: usize, T: Copy>(rows: &[&[T]], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    let mut file = Vec::new();
    for row in rows {
        file.extend((row.len() as i32).to_le_bytes());
        row.iter().for_each(|&value| file.extend(bytes(value)));
    }
    file
}

pub(crate) fn fvecs(rows: &[&[f32]]) -> Vec<u8> {
    vecs(rows, f32::to_le_bytes)
}

pub(crate) fn bvecs(rows: &[&[u8]]) -> Vec<u8> {
    vecs(rows, |value| [value])
}

pub(crate) fn ivecs(rows: &[&[i32]]) -> Vec<u8> {
    vecs(rows, i32::to_le_bytes)
}

/// An idx file of u8 with the given lengths of its axes.
pub(crate) fn idx(axes: &[u32], data: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, axes.len() as u8];
    axes.iter().for_each(|length| file.extend(length.to_be_bytes()));
    file.extend(data);
    file
}

/// An npy file of version 1, padded as numpy pads.
pub(crate) fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    npy_with_header(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"), data)
}

pub(crate) fn npy_with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let padded = (header.len() + 1 + 10).next_multiple_of(64) - 10;
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((padded as u16).to_le_bytes());
    file.extend(format!("{header:<width$}\n", width = padded - 1).bytes());
    file.extend(data);
    file
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail")
}

/// One small good file of each format, plain and compressed, with the name to read it by.
pub(crate) fn good_files() -> Vec<(String, Vec<u8>)> {
    let f64s: Vec<u8> = [1.5_f64, -2.25, 3.0, 0.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let f16s = [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x55, 0x35];
    let plain = [
        ("rows.fvecs", fvecs(&[&[1.0, -2.5, 3.25], &[0.5, 0.0, -7.0]])),
        ("rows.bvecs", bvecs(&[&[1, 2, 3, 4, 5], &[250, 251, 252, 253, 254]])),
        ("rows.ivecs", ivecs(&[&[1, -2], &[3, i32::MAX], &[5, i32::MIN]])),
        ("images-idx3-ubyte", idx(&[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])),
        ("labels.idx1-ubyte", idx(&[4], &[7, 2, 1, 0])),
        ("f16.npy", npy("<f2", "(2, 2)", &f16s)),
        ("f64.npy", npy("<f8", "(2, 2)", &f64s)),
        ("i8.npy", npy("|i1", "(6,)", &[1, 2, 3, 253, 254, 255])),
    ];
    let packed = plain.iter().map(|(name, bytes)| (format!("{name}.gz"), gzip(bytes)));
    plain.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())).chain(packed).collect()
}

pub(crate) fn is_finite(set: &VectorSet) -> bool {
    set.to_f32().iter().all(|value| value.is_finite()) && set.values().len() == set.rows() * set.dim()
}

/// Writes bytes to a file of this name, in a folder of the calling test, since tests run side by side.
pub(crate) fn stored(test: &str, name: &str, bytes: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).expect("the folder for tests is writable");
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("the folder for tests is writable");
    path
}

/// A file written by h5py; tests/fixtures/README.md says how.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A file of the real data, or `None` after saying that the test is skipped.
pub(crate) fn real_data(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {file} not found");
    None
}

/// The row of `i32` in an ivecs set, as row numbers.
pub(crate) fn ids(set: &VectorSet, query: usize) -> Vec<u32> {
    let Values::I32(flat) = set.values() else { panic!("ivecs hold i32") };
    flat[query * set.dim()..][..set.dim()].iter().map(|id| id.cast_unsigned()).collect()
}
