//! Fields at fixed places: here is a header, give me the number at this field.
//!
//! A header's fields are constants, each built from the one before, so that offsets are written down once and can be
//! compared with the tables of `docs/storage-format.md`. Numbers are little-endian.

use crate::error::{FormatError, FormatErrorKind};

/// One field of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The name in the specification.
    pub name: &'static str,
    /// Bytes from the start of the header.
    pub offset: usize,
    /// Bytes it takes.
    pub size: usize,
}

impl Field {
    /// The field that opens a header.
    #[must_use]
    pub const fn first(name: &'static str, size: usize) -> Self {
        Self { name, offset: 0, size }
    }

    /// The field right behind this one.
    #[must_use]
    pub const fn then(self, name: &'static str, size: usize) -> Self {
        Self { name, offset: self.offset + self.size, size }
    }

    /// The first byte behind this field.
    #[must_use]
    pub const fn end(self) -> usize {
        self.offset + self.size
    }

    /// The number here; a field of more than 8 bytes gives its first 8.
    ///
    /// # Errors
    /// `TooShort` when `header` ends before the field does.
    pub fn read(self, header: &[u8]) -> Result<u64, FormatError> {
        let mut word = [0_u8; 8];
        let size = self.size.min(8);
        match (header.get(self.offset..self.offset + size), word.get_mut(..size)) {
            (Some(source), Some(target)) => target.copy_from_slice(source),
            _ => return Err(self.too_short(header)),
        }
        Ok(u64::from_le_bytes(word))
    }

    /// The number here, when it fits in `T`.
    ///
    /// # Errors
    /// `TooShort`, or `Invalid` when the number is too large.
    pub fn read_as<T: TryFrom<u64>>(self, header: &[u8]) -> Result<T, FormatError> {
        let value = self.read(header)?;
        let limit = || format!("at most {} bits", 8 * size_of::<T>());
        T::try_from(value).map_err(|_| FormatError::invalid(self.offset as u64, self.name, limit(), value))
    }

    /// Puts `value` here; its high bytes are cut to the field's size.
    pub(crate) fn write(self, header: &mut [u8], value: u64) {
        let bytes = value.to_le_bytes();
        for (target, source) in header.iter_mut().skip(self.offset).take(self.size).zip(bytes) {
            *target = source;
        }
    }

    fn too_short(self, header: &[u8]) -> FormatError {
        let kind = FormatErrorKind::TooShort { expected: self.end() as u64, got: header.len() as u64 };
        FormatError::new(header.len() as u64, kind)
    }
}
