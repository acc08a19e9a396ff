//! The fuzz targets' bodies, over the corpora that are kept: what a fuzzer once found stays found.
//!
//! Seeds come from the golden files; `NIGH_WRITE_FIXTURES=1` writes the absent ones.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;
#[allow(dead_code, unreachable_pub, clippy::indexing_slicing, reason = "the fuzz crate's library")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::PathBuf;

use common::files;
use common::log::{Log, operations};
use nigh_format::block::decode_file;
use nigh_format::header::FileKind;

fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// One or a few inputs for each target that get past its first checks.
fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (name, kind, file) in files::block_files() {
        let (header, data) = decode_file(&file, kind).unwrap();
        let numbers = |numbers: &[u64]| [files::u64s(numbers), data.to_vec()].concat();
        // Seeds of an older version of the kind stay beside those of the present one.
        let prefix = match header.version {
            1 => "seed".to_owned(),
            version => format!("seed-v{version}"),
        };
        let identity = header.identity;
        let (target, input) = match name {
            "catalog" => ("catalog", numbers(&[identity.tag])),
            "manifest" => ("manifest", numbers(&[identity.collection, identity.tag])),
            "meta" => ("segment_meta", numbers(&[identity.collection, identity.owner])),
            _ => (kind.name(), data.to_vec()),
        };
        seeds.push(("header", format!("{prefix}-{name}"), file[..64].to_vec()));
        seeds.push((target, prefix, input));
    }
    let multi = files::payload_index_multi().file(files::TAGS);
    let (_, multi) = decode_file(&multi, FileKind::PayloadIndex).unwrap();
    seeds.push(("payload_index", "seed-v3-multi".to_owned(), multi.to_vec()));
    seeds.push(("block_file", "seed".to_owned(), b"\x04some number and then the data".repeat(3)));
    for (index, operation) in operations().iter().enumerate() {
        seeds.push(("operation", format!("seed-{index}"), operation.encode().unwrap()));
    }
    let mut log = Log::new(1, 1024);
    log.append(0, b"one");
    log.append(1, &[0; 600]);
    log.mark(2);
    let raw = log.file()[64..].to_vec();
    seeds.push(("wal_file", "seed-raw".to_owned(), [vec![0], raw.clone()].concat()));
    seeds.push(("wal_file", "seed-repaired".to_owned(), [vec![1], raw].concat()));
    // Write, sync, mark, write, lose a sector, flip a byte; then the same with a seal.
    let script =
        |end: &[u8]| [b"\x02\0\x10\x07\x01\x80\x03\x03\0\0\x04\0\0\0\xF0\x00\x01\x80\x09", end].concat();
    seeds.push(("wal_file", "seed-script".to_owned(), script(b"\x06\x02\0\x07\0\x90")));
    seeds.push(("wal_file", "seed-sealed".to_owned(), script(b"\x05\0\0\x06\x01\0")));
    seeds
}

#[test]
fn kept_inputs() {
    for (target, name, bytes) in seeds() {
        let path = corpus(target).join(name);
        if !path.exists() && std::env::var_os("NIGH_WRITE_FIXTURES").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
        }
    }
    for (name, body) in targets::TARGETS {
        let inputs: Vec<_> = std::fs::read_dir(corpus(name)).expect(name).collect();
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for input in inputs {
            body(&std::fs::read(input.unwrap().path()).unwrap());
        }
    }
}

/// A seed that its decoder refuses would seed nothing.
#[test]
fn seeds_are_good() {
    use nigh_format::graph::LinksLayout;
    use nigh_format::operation::Operation;
    use nigh_format::payload_index::PayloadIndexLayout;
    use nigh_format::postings::PostingsLayout;
    use nigh_format::reduced::ReducedLayout;
    use nigh_format::sparse::SparseLayout;
    use nigh_format::vectors::VectorsLayout;
    for (target, name, bytes) in seeds() {
        match target {
            "operation" => drop(Operation::decode(&bytes).expect(&name)),
            "vectors" => drop(VectorsLayout::decode(&bytes, bytes.len() as u64).expect(&name)),
            "links" => drop(LinksLayout::decode(&bytes, bytes.len() as u64).expect(&name)),
            "sparse" => drop(SparseLayout::decode(&bytes, bytes.len() as u64).expect(&name)),
            "postings" => drop(PostingsLayout::decode(&bytes, bytes.len() as u64).expect(&name)),
            "payload_index" => drop(PayloadIndexLayout::decode(&bytes, bytes.len() as u64).expect(&name)),
            "reduced" => drop(ReducedLayout::decode(&bytes, bytes.len() as u64).expect(&name)),
            _ => {}
        }
    }
}
