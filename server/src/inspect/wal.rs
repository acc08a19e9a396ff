//! A log file: one line for each record, where the log ends and why.
//!
//! The end is the decoder's verdict, the same that recovery acts on. Bytes and rules: docs/storage-format.md, section 6.

use std::path::Path;

use nigh_format::FormatError;
use nigh_format::header::{FileHeader, HEADER_LEN};
use nigh_format::layout::parse_wal_file;
use nigh_format::operation::{Operation, PointBatch, PointIdRecord};
use nigh_format::wal_record::{LogEnd, RECORD_HEADER_LEN, RecordHeader, RecordType, Scanner, padded_len};

use super::source::Source;
use crate::dump::{Dump, Problem};
use crate::units;

/// Where a log file ends, and the error if that is no end.
pub(super) struct Scanned {
    pub(super) end: LogEnd,
    pub(super) damage: Option<FormatError>,
}

/// Walks through the records up to the end or the damage.
pub(super) fn scan(bytes: &[u8], header: &FileHeader, has_next: bool) -> Scanned {
    let mut scanner = Scanner::new(bytes, header, has_next);
    loop {
        match scanner.next() {
            Ok(Some(_)) => {}
            Ok(None) => return Scanned { end: scanner.end(), damage: None },
            Err(error) => return Scanned { end: scanner.end(), damage: Some(error) },
        }
    }
}

/// Sequence numbers in words; `last` is one before `first` when there are none.
pub(super) fn describe_range(first: u64, last: u64) -> String {
    if last < first { format!("none, the next is {first}") } else { format!("{first} to {last}") }
}

/// How the log ends, in words.
pub(super) fn describe_end(scanned: &Scanned, file_len: u64) -> String {
    let LogEnd { offset, sealed, torn, .. } = scanned.end;
    match (&scanned.damage, sealed, torn) {
        (Some(error), _, _) => format!("damaged at byte {}: {}", error.offset, error.kind),
        (None, true, _) => format!("byte {offset}, sealed: the file is complete"),
        (None, false, true) => {
            format!("byte {offset}, torn: recovery drops the unfinished write behind it, and nothing else")
        }
        (None, false, false) => format!("byte {offset}, open: {} free", units::bytes(file_len - offset)),
    }
}

/// Adds records and end of the log file at `path`.
pub(super) fn inspect(path: &Path, source: &Source, header: &FileHeader, dump: &mut Dump) {
    let has_next = has_next(path);
    dump.field("later_file_exists", has_next);
    let Some(bytes) = dump.note(source.read_all()) else { return };
    let scanned = scan(&bytes, header, has_next);
    dump.field("first_seq", header.identity.tag)
        .field("last_seq", scanned.end.last_seq)
        .field("durable_seq", scanned.end.durable)
        .field("records", scanned.end.count)
        .field("log_end", describe_end(&scanned, source.len()));
    let mut at = HEADER_LEN;
    while (at as u64) < scanned.end.offset {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(header) = dump.note(RecordHeader::decode(rest).map_err(|e| e.shift(at as u64))) else {
            return;
        };
        dump.child(show_record(at, &header, rest));
        at = at.saturating_add(usize::try_from(padded_len(header.body_len)).unwrap_or(usize::MAX));
    }
    if let Some(error) = scanned.damage {
        dump.problem(Problem::from(error));
    }
}

/// Whether the folder holds a log file that comes after this one.
fn has_next(path: &Path) -> bool {
    let own = path.file_name().and_then(|name| parse_wal_file(name.to_str()?));
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Some(own), Ok(entries)) = (own, std::fs::read_dir(folder)) else { return false };
    let firsts = entries.filter_map(|entry| parse_wal_file(entry.ok()?.file_name().to_str()?));
    firsts.into_iter().any(|first| first > own)
}

fn show_record(at: usize, header: &RecordHeader, rest: &[u8]) -> Dump {
    let mut line = Dump::line(format!("byte {at}"));
    line.field("seq", header.seq).field("durable", header.durable);
    match header.record_type {
        RecordType::Marker => {
            line.field("type", "marker");
        }
        RecordType::Seal => {
            line.field("type", "seal");
        }
        RecordType::Operation => {
            line.field("type", "operation").bytes("body", u64::from(header.body_len));
            let end = RECORD_HEADER_LEN + header.body_len as usize;
            let body = rest.get(RECORD_HEADER_LEN..end).unwrap_or_default();
            match Operation::decode(body) {
                Ok(operation) => {
                    line.field("does", describe(&operation));
                }
                Err(error) => {
                    line.problem(error.shift((at + RECORD_HEADER_LEN) as u64));
                }
            }
        }
    }
    line
}

/// An operation in a few words.
fn describe(operation: &Operation) -> String {
    let ids = ids(operation.ids());
    match operation {
        Operation::Upsert(batch) => {
            let payloads = units::bytes(batch.payloads.len() as u64);
            format!("upsert {ids}{}, payloads {payloads}", columns(batch))
        }
        Operation::Delete { .. } => format!("delete {ids}"),
        Operation::SetPayload { patch, path, .. } => {
            format!("set payload of {ids}{}: {}", at(path), text(patch))
        }
        Operation::OverwritePayload { payload, path, .. } => {
            format!("overwrite payload of {ids}{}: {}", at(path), text(payload))
        }
        Operation::DeletePayloadKeys { paths, .. } => {
            format!("delete payload keys of {ids}: {}", paths.join(", "))
        }
        Operation::ClearPayload { .. } => format!("clear payload of {ids}"),
        Operation::UpdateVectors(batch) => format!("update vectors of {ids}{}", columns(batch)),
        Operation::DeleteVectors { names, .. } => format!("delete vectors of {ids}: {names:?}"),
    }
}

fn ids(ids: &[PointIdRecord]) -> String {
    const SHOWN: usize = 3;
    let listed: Vec<_> = ids.iter().take(SHOWN).map(id).collect();
    let more = if ids.len() > SHOWN {
        format!(", … {}", ids.last().map_or_else(String::new, id))
    } else {
        String::new()
    };
    format!("{} [{}{more}]", points(ids.len()), listed.join(", "))
}

fn points(count: usize) -> String {
    if count == 1 { "1 point".to_owned() } else { format!("{} points", units::count(count as u64)) }
}

/// An id as users write it.
pub(super) fn id(id: &PointIdRecord) -> String {
    match id {
        PointIdRecord::Int(number) => number.to_string(),
        PointIdRecord::Uuid(value) => nigh::Uuid::from_u128(*value).hyphenated().to_string(),
    }
}

fn columns(batch: &PointBatch) -> String {
    let column = |c: &nigh_format::operation::VectorColumn| {
        format!(", vector {:?} {} x {}", c.name, c.rows.len(), c.dim)
    };
    batch.columns.iter().map(column).collect()
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at {path}") }
}

/// The beginning of a JSON text.
pub(super) fn text(json: &[u8]) -> String {
    const SHOWN: usize = 80;
    let text = String::from_utf8_lossy(json);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
