//! Numbers out of a fuzzer's bytes; zeros when they run out.

use std::ops::Range;

/// Reads numbers one behind the other.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// The next bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let (now, rest) = self.rest.split_at(self.rest.len().min(N));
        self.rest = rest;
        let mut array = [0; N];
        array[..now.len()].copy_from_slice(now);
        array
    }

    /// The next 32 bits.
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    /// The next 64 bits.
    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// The next byte, below `len`.
    pub fn index(&mut self, len: usize) -> usize {
        usize::from(self.array::<1>()[0]) % len
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// The numbers of a section.
pub fn u32s(data: &[u8], range: Range<u64>) -> Vec<u32> {
    let section = &data[range.start as usize..range.end as usize];
    section.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

/// The numbers of a section.
pub fn u64s(data: &[u8], range: Range<u64>) -> Vec<u64> {
    let section = &data[range.start as usize..range.end as usize];
    section.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}
