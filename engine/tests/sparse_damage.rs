//! Damage in the files of sparse vectors is named, at open, by the search or read that meets it, or by `verify`: each byte in turn. Never a
//! panic, never a wrong answer.

#[path = "support/run.rs"]
mod run;

use nigh::io::RealVfs;
use nigh::{Datatype, Error, SparseIndex, SparseRequest, SparseVector};
use run::{Folder, Rng};
use std::path::Path;

fn rows() -> Vec<Option<SparseVector>> {
    let rng = &mut Rng::new(1);
    let row = |offset: u32| {
        let indices = [offset % 2, 10 + offset % 7, 100 + offset % 50];
        SparseVector::new(indices, [1.0 + rng.below(50) as f32, -2.0, rng.below(9) as f32]).expect("a vector")
    };
    (0..300).map(row).map(Some).collect()
}

fn query() -> SparseVector {
    SparseVector::new([0, 12, 120], [1.0, -0.5, 2.0]).expect("a vector")
}

/// Everything that can be asked.
fn ask(index: &SparseIndex) -> Result<Vec<(f32, u32)>, Error> {
    for offset in 0..index.len() {
        drop(index.row(offset)?);
    }
    Ok(index.search(&SparseRequest::new(query(), 20))?.hits)
}

#[test]
fn every_byte_is_guarded() {
    for datatype in [Datatype::F32, Datatype::F16, Datatype::U8] {
        let folder = Folder::new();
        let index = SparseIndex::build(&RealVfs, folder.path(), datatype, &rows()).expect("built");
        let right = ask(&index).expect("answered");
        drop(index);
        for name in ["sparse-0", "postings-0"] {
            let path = folder.path().join(name);
            let whole = std::fs::read(&path).expect("read");
            for place in 0..whole.len() {
                let mut bytes = whole.clone();
                bytes[place] ^= 1 << (place % 8);
                // A new file each time: the old one may still be mapped.
                std::fs::remove_file(&path).expect("removed");
                std::fs::write(&path, &bytes).expect("written");
                look(folder.path(), &path, &right, place);
            }
            for len in [0, 63, 64, 127, whole.len() - 1] {
                std::fs::remove_file(&path).expect("removed");
                std::fs::write(&path, &whole[..len]).expect("written");
                look(folder.path(), &path, &right, len);
            }
            std::fs::write(&path, &whole).expect("written");
        }
        SparseIndex::open(&RealVfs, folder.path()).expect("open").verify().expect("whole again");
    }
}

#[track_caller]
fn look(dir: &Path, path: &Path, right: &[(f32, u32)], place: usize) {
    let named = |error: Error| match error {
        Error::Corrupt { file, .. } | Error::Version { file, .. } => assert_eq!(file, path),
        other => panic!("byte {place}: {other}"),
    };
    let index = match SparseIndex::open(&RealVfs, dir) {
        Ok(index) => index,
        Err(error) => return named(error),
    };
    match ask(&index) {
        Ok(hits) => assert_eq!(hits, right, "byte {place}"),
        Err(error) => named(error),
    }
    named(index.verify().expect_err("verify compares everything"));
}

/// What a checksum cannot see, since it was made over what is wrong: lists that do not belong to the rows.
#[test]
fn lists_of_other_rows_are_found() {
    let (ours, others) = (Folder::new(), Folder::new());
    let mut rows = rows();
    drop(SparseIndex::build(&RealVfs, ours.path(), Datatype::F32, &rows).expect("built"));
    rows[7] = Some(SparseVector::new([1, 10, 107], [0.5, -2.0, 0.0]).expect("a vector"));
    drop(SparseIndex::build(&RealVfs, others.path(), Datatype::F32, &rows).expect("built"));
    let (from, to) = (others.path().join("postings-0"), ours.path().join("postings-0"));
    std::fs::copy(from, &to).expect("copied");
    let error = SparseIndex::open(&RealVfs, ours.path()).expect("open").verify().expect_err("found");
    assert!(matches!(&error, Error::Corrupt { file, .. } if *file == to), "{error}");
}
