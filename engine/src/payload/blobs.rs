//! The payloads file: JSON texts one behind the other, and where each ends. Bytes: docs/storage-format.md, section 8.5.

use crate::error::{Error, Result};
use crate::io::{BlockFile, BlockWriter, FileStamp};
use nigh_format::payloads::PayloadsLayout;

/// The payloads file of one segment.
#[derive(Debug)]
pub(crate) struct MappedPayloads {
    file: BlockFile,
    layout: PayloadsLayout,
}

impl MappedPayloads {
    pub(crate) fn open(file: BlockFile, point_count: u32) -> Result<Self> {
        let preamble = file.bytes(0..64.min(file.data_len()))?;
        let layout = PayloadsLayout::decode(preamble, file.data_len()).map_err(|e| file.format_error(e))?;
        if layout.point_count != point_count {
            let what = format!("expected {point_count} points, got {}", layout.point_count);
            return Err(file.damaged(0, what));
        }
        Ok(Self { file, layout })
    }

    pub(crate) fn file(&self) -> &BlockFile {
        &self.file
    }

    pub(crate) fn layout(&self) -> &PayloadsLayout {
        &self.layout
    }

    /// The JSON text of a point's payload; empty if it has none.
    pub(crate) fn text(&self, offset: u32) -> Result<&[u8]> {
        let at = |i: u32| self.layout.ends().start + u64::from(i) * 8;
        let from = if offset == 0 { at(0) } else { at(offset - 1) };
        let ends: &[u64] = self.file.array(from..at(offset) + 8)?;
        let (start, end) = match ends {
            [end] => (0, *end),
            [start, end] => (*start, *end),
            _ => return Err(self.file.damaged(from, "the ends section is too short")),
        };
        if start > end || end > self.layout.blob_len {
            return Err(self.file.damaged(from, format!("expected ascending ends, got {start} and {end}")));
        }
        let blob = self.layout.blob().start;
        self.file.bytes(blob + start..blob + end)
    }
}

/// Writes the payloads file. `lengths` are the texts' lengths; `text_of(i)` is asked once for each, in order.
pub(crate) fn write_payloads<'a>(
    mut writer: BlockWriter<'_>,
    lengths: &[u32],
    mut text_of: impl FnMut(usize) -> Result<std::borrow::Cow<'a, [u8]>>,
) -> Result<FileStamp> {
    let blob_len = lengths.iter().map(|l| u64::from(*l)).sum();
    let layout =
        PayloadsLayout::new(lengths.len() as u32, blob_len).map_err(|e| Error::internal(e.to_string()))?;
    writer.write(&layout.encode())?;
    writer.pad_to(layout.ends().start)?;
    let mut end = 0u64;
    for len in lengths {
        end += u64::from(*len);
        writer.write(&end.to_le_bytes())?;
    }
    writer.pad_to(layout.blob().start)?;
    for (i, len) in lengths.iter().enumerate() {
        let text = text_of(i)?;
        if text.len() != *len as usize {
            return Err(Error::internal(format!(
                "payload {i} changed its length from {len} to {}",
                text.len()
            )));
        }
        writer.write(&text)?;
    }
    writer.finish()
}
