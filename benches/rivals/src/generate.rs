//! `rivals generate`: a seed goes in, `base.npy` and `queries.npy` come out, the rows of `nigh_datasets::Clustered` to the bit.
//!
//! Bytes: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, version 1.0.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use nigh_datasets::{Length, VectorSet};

use crate::cli::GenerateArgs;

/// What comes before the text of the header: magic, version, and the text's length.
const PREAMBLE_BYTES: usize = 10;
/// Values begin at a multiple of this.
const ALIGNMENT: usize = 64;

pub(crate) fn run(args: &GenerateArgs) -> anyhow::Result<()> {
    let spec = args.seeded.spec(if args.unit { Length::Unit } else { Length::AsDrawn });
    fs::create_dir_all(&args.dir).with_context(|| format!("cannot make {}", args.dir.display()))?;
    write(&args.dir.join("base.npy"), &spec.base(args.seeded.rows()))?;
    write(&args.dir.join("queries.npy"), &spec.queries(args.queries))
}

fn write(path: &Path, set: &VectorSet) -> anyhow::Result<()> {
    let written = File::create(path).map(BufWriter::new).and_then(|file| write_npy(file, set));
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn write_npy(mut out: impl Write, set: &VectorSet) -> io::Result<()> {
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", set.rows(), set.dim());
    let end = (PREAMBLE_BYTES + header.len() + 1).next_multiple_of(ALIGNMENT) - 1;
    header.extend(std::iter::repeat_n(' ', end - PREAMBLE_BYTES - header.len()));
    header.push('\n');
    out.write_all(b"\x93NUMPY\x01\x00")?;
    let len = u16::try_from(header.len()).map_err(io::Error::other)?;
    out.write_all(&len.to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for row in 0..set.rows() {
        for value in set.row(row).to_f32().iter() {
            out.write_all(&value.to_le_bytes())?;
        }
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nigh_datasets::Clustered;

    #[test]
    fn what_is_written_is_read_back() {
        for rows in [1, 12_345] {
            let spec = Clustered { seed: 1, dim: 3, clusters: 2, spread: 0.3, length: Length::Unit };
            let set = spec.base(rows);
            let mut bytes = Vec::new();
            write_npy(&mut bytes, &set).expect("memory takes it");
            assert_eq!(bytes.len() - 4 * 3 * rows, 128, "values begin at a multiple of 64");
            assert_eq!(nigh_datasets::read("x.npy", &bytes[..]).expect("a set"), set);
        }
    }
}
