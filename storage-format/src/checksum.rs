//! CRC-32C: bytes in, the one checksum of this format out.
//!
//! Castagnoli polynomial, reflected, as in RFC 3720; the processor's instruction is used where there is one.

/// The CRC-32C of `bytes`.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

/// Continues `crc`, the checksum of what came before, with `bytes`.
#[must_use]
pub fn crc32c_append(crc: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc, bytes)
}
