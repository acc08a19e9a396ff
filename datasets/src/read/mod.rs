//! Readers: a path or a stream of bytes goes in, a [`VectorSet`] or a typed error comes out.
//!
//! The format follows from the name, the compression from the first two bytes. Whatever the bytes say,
//! a reader never panics, never returns NaN or infinity, and never allocates more than about twice what
//! the (decompressed) input really holds: counts in a header are promises, believed as the bytes arrive.
//! Formats: the header of each file in this folder; <http://corpus-texmex.irisa.fr> for the `*vecs`.

mod ann_benchmark;
mod dataset_problem;
mod error;
mod gather;
mod hdf5;
mod idx;
mod npy;
mod npy_header;
mod source;
mod vecs;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::vector_set::VectorSet;
pub use ann_benchmark::{AnnBenchmark, read_ann_benchmark};
pub use dataset_problem::DatasetProblem;
pub use error::{Place, Problem, ReadError};
use gather::{Element, Float};
use hdf5::Hdf5;
use source::Source;

/// Reads a whole file of vectors; plain or gzip.
///
/// The name, less a final `.gz`, must end in `.fvecs`, `.bvecs`, `.ivecs`, `.npy`, `.hdf5`, `.h5`, `.idx`, or
/// in `idx1-ubyte`, `idx2-ubyte` or `idx3-ubyte` as MNIST's do; case does not matter. Of an HDF5 file these
/// are the vectors to search in; [`read_ann_benchmark`] gives queries and neighbours too.
///
/// # Errors
/// A [`ReadError`] with the file, the byte offset, what was expected and what was there.
pub fn open(path: impl AsRef<Path>) -> Result<VectorSet, ReadError> {
    let path = path.as_ref();
    let format = Format::from_name(path)?;
    if matches!(format, Format::Hdf5) {
        return ann_benchmark::read_base(&Hdf5::open(path)?);
    }
    let file = File::open(path).map_err(|error| ReadError::of_file(path, Problem::Io(error)))?;
    format.read(Source::new(path, file)?)
}

/// Like [`open`], for bytes that are not a file: `name` picks the format and stands in the errors.
///
/// # Errors
/// As [`open`].
pub fn read(name: impl AsRef<Path>, bytes: impl Read) -> Result<VectorSet, ReadError> {
    let name = name.as_ref();
    Format::from_name(name)?.read(Source::new(name, bytes)?)
}

/// How the bytes are laid out, once decompressed.
#[derive(Clone, Copy)]
enum Format {
    Vecs(Element),
    Idx,
    Npy,
    Hdf5,
}

/// Ends of names, and what they stand for; the error message lists them in this order.
const FORMATS: [(&str, Format); 10] = [
    (".fvecs", Format::Vecs(Element::Float(Float::F32))),
    (".bvecs", Format::Vecs(Element::U8)),
    (".ivecs", Format::Vecs(Element::I32)),
    (".npy", Format::Npy),
    (".hdf5", Format::Hdf5),
    (".h5", Format::Hdf5),
    (".idx", Format::Idx),
    ("idx1-ubyte", Format::Idx),
    ("idx2-ubyte", Format::Idx),
    ("idx3-ubyte", Format::Idx),
];

impl Format {
    fn from_name(path: &Path) -> Result<Self, ReadError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        match FORMATS.iter().find(|(end, _)| stem.ends_with(end)) {
            Some((_, format)) => Ok(*format),
            None => {
                let known = FORMATS.iter().map(|(end, _)| *end).collect();
                Err(ReadError::of_file(path, Problem::UnknownName { known, got: name }))
            }
        }
    }

    fn read(self, source: Source<'_>) -> Result<VectorSet, ReadError> {
        match self {
            Self::Vecs(element) => vecs::read(source, element),
            Self::Idx => idx::read(source),
            Self::Npy => npy::read(source),
            Self::Hdf5 => ann_benchmark::read_base(&Hdf5::from_source(source)?),
        }
    }
}
