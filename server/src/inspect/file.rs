//! One file: its header as stored, whether its checksums are good, and what it says. Reads on after damage, as far as
//! that makes sense: a wrong checksum does not hide what is behind it.
//!
//! Bytes: docs/storage-format.md, sections 2 and 3; what each kind holds is shown by records.rs, wal.rs and segment.rs.

use std::path::Path;

use nigh_format::block::{BLOCK_LEN, BlockTable, block_count, pad64};
use nigh_format::header::{FIELDS, FileHeader, FileKind, HEADER_LEN, Identity};

use super::source::Source;
use super::{records, segment, wal};
use crate::dump::{Dump, Problem};

/// Bad blocks that are named one by one.
const BAD_BLOCKS_SHOWN: usize = 10;

/// Everything about one file. Fails only if it cannot be opened.
pub(super) fn inspect(path: &Path) -> std::io::Result<Dump> {
    let source = Source::open(path)?;
    let mut dump = Dump::block(path.display().to_string());
    dump.bytes("file_len", source.len());
    let Some(head) = dump.note(source.read_head(HEADER_LEN as u64)) else { return Ok(dump) };
    dump.child(stored_header(&head));
    let decoded = FileHeader::decode(&head);
    let trusted = decoded.is_ok();
    let header = dump.note(decoded).or_else(|| guess_header(&head));
    let Some(header) = header else {
        let hint = "no header of ours: the content cannot be told";
        dump.field("content", hint);
        return Ok(dump);
    };
    dump.field("kind", header.kind.name());
    if !trusted {
        dump.field("content", "read with a header that is damaged; it may be wrong");
    }
    if header.kind == FileKind::Wal {
        wal::inspect(path, &source, &header, &mut dump);
        return Ok(dump);
    }
    check_blocks(&source, &header, &mut dump);
    match header.kind {
        FileKind::Catalog | FileKind::Manifest | FileKind::SegmentMeta => {
            records::inspect(&source, &header, &mut dump);
        }
        _ => segment::inspect(&source, &header, &mut dump),
    }
    Ok(dump)
}

/// The fields of a header, right or wrong.
fn stored_header(head: &[u8]) -> Dump {
    let mut dump = Dump::block("header");
    for field in FIELDS {
        let Ok(value) = field.read(head) else { break };
        match field.name {
            "magic" => {
                let text = head.get(..field.size).unwrap_or_default().escape_ascii().to_string();
                dump.field(field.name, text)
            }
            "table_checksum" | "header_checksum" => {
                dump.field_as(field.name, value, format!("{value:#010x}"))
            }
            _ => dump.field(field.name, value),
        };
    }
    dump
}

/// A header from fields that do not check out, if at least the kind makes sense.
fn guess_header(head: &[u8]) -> Option<FileHeader> {
    let number = |name: &str| {
        let field = FIELDS.iter().find(|field| field.name == name)?;
        field.read(head).ok()
    };
    let kind = FileKind::try_from(u16::try_from(number("kind")?).ok()?).ok()?;
    let (collection, owner) = (number("collection")?, number("owner")?);
    let stored = u16::try_from(number("version")?).ok()?;
    let is_read = (kind.version_min()..=kind.version()).contains(&stored);
    Some(FileHeader {
        kind,
        version: if is_read { stored } else { kind.version() },
        required: 0,
        optional: 0,
        table_checksum: u32::try_from(number("table_checksum")?).ok()?,
        data_len: number("data_len")?,
        identity: Identity { collection, owner, tag: number("tag")? },
    })
}

/// Compares length, padding, block table and every block.
fn check_blocks(source: &Source, header: &FileHeader, dump: &mut Dump) {
    if header.file_len() != Some(source.len()) {
        let expected =
            header.file_len().map_or_else(|| "a possible length".to_owned(), |len| len.to_string());
        let what = format!("wrong length: expected {expected} by the header, got {}", source.len());
        dump.problem(Problem { offset: Some(source.len()), what });
    }
    let Some(table) = dump.note(read_table(source, header)) else { return };
    let mut bad = 0;
    for block in 0..table.len() {
        let start = HEADER_LEN as u64 + block * BLOCK_LEN;
        let end = (start + BLOCK_LEN).min(HEADER_LEN as u64 + header.data_len);
        let checked = source
            .read(start..end)
            .and_then(|bytes| table.verify_block(block, &bytes).map_err(Problem::from));
        if let Err(problem) = checked {
            bad += 1;
            if bad <= BAD_BLOCKS_SHOWN {
                dump.problem(problem);
            }
        }
    }
    if bad > BAD_BLOCKS_SHOWN {
        dump.problem(Problem::new(format!(
            "{bad} bad blocks in all, the first {BAD_BLOCKS_SHOWN} are named"
        )));
    }
    let text = match bad {
        0 => format!("{} blocks, all checksums match", table.len()),
        bad => format!("{} blocks, {bad} do not match", table.len()),
    };
    dump.field("blocks", text);
}

fn read_table(source: &Source, header: &FileHeader) -> Result<BlockTable, Problem> {
    let data_end = HEADER_LEN as u64 + header.data_len;
    let start = pad64(header.data_len).and_then(|len| len.checked_add(HEADER_LEN as u64));
    let end = start.and_then(|start| start.checked_add(block_count(header.data_len).checked_mul(4)?));
    let (Some(start), Some(end)) = (start, end) else {
        return Err(Problem::new(format!("no file can hold {} bytes of data", header.data_len)));
    };
    let padding = source.read(data_end..start)?;
    if let Some(at) = padding.iter().position(|byte| *byte != 0) {
        let what = "expected zeros as padding".to_owned();
        return Err(Problem { offset: Some(data_end + at as u64), what });
    }
    Ok(BlockTable::decode(header, &source.read(start..end)?)?)
}

/// The data section, as much of it as the file has.
pub(super) fn read_data(source: &Source, header: &FileHeader) -> Result<Vec<u8>, Problem> {
    let end = (HEADER_LEN as u64).saturating_add(header.data_len).min(source.len());
    source.read(HEADER_LEN as u64..end)
}
