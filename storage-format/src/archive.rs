//! Small records as rkyv archives: here is a value, give me bytes, and back.
//!
//! Reading copies to 16-byte alignment, validates the structure, and only then builds the value. What the value says is
//! checked by the caller. No recursion, no shared pointers: the types of this crate are flat.

use rkyv::api::high::{HighSerializer, HighValidator, to_bytes_in};
use rkyv::bytecheck::CheckBytes;
use rkyv::de::Pool;
use rkyv::rancor::{Error, Panic, ResultExt as _, Strategy};
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Serialize};

use crate::error::{FormatError, FormatErrorKind};

/// The archive of a value that is far from the format's limit of 2 GiB.
pub(crate) fn encode_small<T>(value: &T) -> Vec<u8>
where
    T: for<'a> Serialize<HighSerializer<Vec<u8>, ArenaHandle<'a>, Panic>>,
{
    to_bytes_in::<_, Panic>(value, Vec::new()).always_ok()
}

/// The archive of a value of any size; `capacity` is a guess of its length.
pub(crate) fn encode<T>(value: &T, capacity: usize) -> Result<Vec<u8>, FormatError>
where
    T: for<'a> Serialize<HighSerializer<Vec<u8>, ArenaHandle<'a>, Error>>,
{
    to_bytes_in::<_, Error>(value, Vec::with_capacity(capacity)).map_err(record_error)
}

/// The value of an archive.
pub(crate) fn decode<T>(bytes: &[u8]) -> Result<T, FormatError>
where
    T: Archive,
    T::Archived: for<'a> CheckBytes<HighValidator<'a, Error>> + Deserialize<T, Strategy<Pool, Error>>,
{
    let mut aligned = AlignedVec::<16>::with_capacity(bytes.len());
    aligned.extend_from_slice(bytes);
    rkyv::from_bytes::<T, Error>(&aligned).map_err(record_error)
}

fn record_error(error: Error) -> FormatError {
    FormatError::new(0, FormatErrorKind::Record { what: error.to_string() })
}
