//! A whole folder: a database, a collection or a segment as a tree with sizes, live and dead points, and the log's range.
//!
//! Headers, lengths and what files say of each other are compared, and the log is read; blocks are left to `nigh verify`. What a
//! dead process left behind is listed, not removed. Names: docs/storage-format.md, section 1.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use nigh_format::catalog::Catalog;
use nigh_format::header::{FileHeader, FileKind, HEADER_LEN, Identity};
use nigh_format::layout::{
    CATALOG_FILE, LOCK_FILE, MANIFEST_FILE, SEGMENTS_DIR, SegmentFile, TEMP_SUFFIX, WAL_DIR, collection_dir,
    parse_collection_dir, parse_segment_dir, parse_wal_file, segment_dir,
};
use nigh_format::manifest::{FileEntry, Manifest, SegmentEntry};

use super::source::Source;
use super::{records, wal};
use crate::dump::{Dump, Problem};
use crate::process::folder_bytes;

/// Names in a folder, and their lengths; folders have none.
type Names = BTreeMap<String, Option<u64>>;

/// Shows a folder of ours; `None` if it is none.
pub(super) fn inspect(dir: &Path) -> std::io::Result<Option<Dump>> {
    let names = list(dir)?;
    let has = |test: fn(&str) -> bool| names.keys().any(|name| test(name));
    let dump = if names.contains_key(CATALOG_FILE) || has(|name| parse_collection_dir(name).is_some()) {
        Some(database(dir, &names))
    } else if names.contains_key(MANIFEST_FILE) || names.contains_key(SEGMENTS_DIR) {
        let id = dir.file_name().and_then(|name| parse_collection_dir(name.to_str()?));
        Some(collection(dir, dir.display().to_string(), id))
    } else if has(|name| SegmentFile::parse(name).is_some()) {
        Some(loose_segment(dir, &names))
    } else {
        None
    };
    Ok(dump)
}

fn list(dir: &Path) -> std::io::Result<Names> {
    let mut names = Names::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        let name = entry.file_name().to_string_lossy().into_owned();
        names.insert(name, (!meta.is_dir()).then_some(meta.len()));
    }
    Ok(names)
}

fn database(dir: &Path, names: &Names) -> Dump {
    let mut dump = Dump::block(format!("database {}", dir.display()));
    dump.bytes("bytes", folder_bytes(dir));
    if let Ok(pid) = fs::read_to_string(dir.join(LOCK_FILE)) {
        dump.field("last_writer_pid", pid.trim());
    }
    let bytes = read_whole(&dir.join(CATALOG_FILE));
    let catalog = bytes.and_then(|bytes| Catalog::decode(&bytes).map_err(Problem::from));
    let catalog = dump.note(catalog.map_err(|p| of_file(CATALOG_FILE, p)));
    let mut named = BTreeSet::new();
    if let Some(catalog) = &catalog {
        dump.child(records::show_catalog(catalog));
        for entry in &catalog.collections {
            named.insert(collection_dir(entry.id));
            let path = dir.join(collection_dir(entry.id));
            let title = format!("collection {:?} in {}", entry.name, collection_dir(entry.id));
            dump.child(collection(&path, title, Some(entry.id)));
        }
    }
    for name in names.keys().filter(|name| !named.contains(*name)) {
        match parse_collection_dir(name) {
            // Without a catalog nobody knows what it is called, but it can still be shown.
            Some(id) if catalog.is_none() => {
                dump.child(collection(
                    &dir.join(name),
                    format!("collection of unknown name in {name}"),
                    Some(id),
                ));
            }
            _ => note_leftover(name, &[CATALOG_FILE, LOCK_FILE], &mut dump),
        }
    }
    dump
}

fn collection(dir: &Path, title: String, id: Option<u64>) -> Dump {
    let mut dump = Dump::block(title);
    let names = list(dir).map_err(|e| Problem::new(format!("{}: {e}", dir.display())));
    let Some(names) = dump.note(names) else { return dump };
    dump.bytes("bytes", folder_bytes(dir));
    let manifest = read_whole(&dir.join(MANIFEST_FILE)).and_then(|bytes| {
        let header = FileHeader::decode(&bytes)?;
        Ok(Manifest::decode(&bytes, id.unwrap_or(header.identity.collection))?)
    });
    let manifest = dump.note(manifest.map_err(|p| of_file(MANIFEST_FILE, p)));
    let id = id.or(manifest.as_ref().map(|m| m.collection_id)).unwrap_or_default();
    if let Some(manifest) = &manifest {
        let sum = |count: fn(&SegmentEntry) -> u32| {
            manifest.segments.iter().map(|s| u64::from(count(s))).sum::<u64>()
        };
        let (points, dead) = (sum(|s| s.point_count), sum(|s| s.dead_count));
        dump.field("sealed_points", points).field("dead", dead).field("live", points.saturating_sub(dead));
        records::show_manifest_fields(manifest, &mut dump);
    }
    dump.child(log(&dir.join(WAL_DIR), id, manifest.as_ref().map(|m| m.applied_seq)));
    dump.child(segments(&dir.join(SEGMENTS_DIR), id, manifest.as_ref()));
    for name in names.keys() {
        note_leftover(name, &[MANIFEST_FILE, WAL_DIR, SEGMENTS_DIR], &mut dump);
    }
    dump
}

/// The log's files and what a replay would read.
fn log(dir: &Path, collection: u64, applied_seq: Option<u64>) -> Dump {
    let mut dump = Dump::block("log");
    let names = list(dir).map_err(|e| Problem::new(format!("{}: {e}", dir.display())));
    let Some(names) = dump.note(names) else { return dump };
    let files: Vec<_> =
        names.iter().filter_map(|(name, len)| Some((parse_wal_file(name)?, name, (*len)?))).collect();
    let mut range: Option<(u64, u64)> = None;
    for (place, (first, name, len)) in files.iter().enumerate() {
        let mut line = Dump::line((*name).clone());
        line.bytes("len", *len);
        let scanned = read_whole(&dir.join(name)).and_then(|bytes| {
            let header = FileHeader::decode(&bytes)?;
            header.expect(FileKind::Wal, Identity { collection, owner: 0, tag: *first })?;
            Ok(wal::scan(&bytes, &header, place + 1 < files.len()))
        });
        if let Some(scanned) = line.note(scanned) {
            line.field("records", scanned.end.count)
                .field("operations", wal::describe_range(*first, scanned.end.last_seq))
                .field("end", wal::describe_end(&scanned, *len));
            range = Some((range.map_or(*first, |(lowest, _)| lowest), scanned.end.last_seq));
            if let Some(error) = scanned.damage {
                line.problem(error);
            }
        }
        dump.child(line);
    }
    if let Some((first, last)) = range {
        dump.field("operations", wal::describe_range(first, last));
        if let Some(applied) = applied_seq {
            dump.field("to_replay", last.saturating_sub(applied));
        }
    }
    for name in names.keys().filter(|name| parse_wal_file(name).is_none()) {
        note_leftover(name, &[], &mut dump);
    }
    dump
}

fn segments(dir: &Path, collection: u64, manifest: Option<&Manifest>) -> Dump {
    let mut dump = Dump::block("segments");
    let names = list(dir).map_err(|e| Problem::new(format!("{}: {e}", dir.display())));
    let Some(names) = dump.note(names) else { return dump };
    for entry in manifest.iter().flat_map(|m| &m.segments) {
        let path = dir.join(segment_dir(entry.id));
        let mut line = records::show_segment_entry(entry);
        line.bytes("bytes", folder_bytes(&path));
        for file in &entry.files {
            line.child(segment_file(&path, collection, entry.id, file));
        }
        for name in list(&path).unwrap_or_default().keys() {
            let known: Vec<_> = entry.files.iter().map(|f| f.file.file_name()).collect();
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            note_leftover(name, &known, &mut line);
        }
        dump.child(line);
    }
    let listed = |id| manifest.is_some_and(|m| m.segments.iter().any(|s| s.id == id));
    for name in names.keys().filter(|name| parse_segment_dir(name).is_none_or(|id| !listed(id))) {
        if manifest.is_some() || parse_segment_dir(name).is_none() {
            note_leftover(name, &[], &mut dump);
        } else {
            let mut line = Dump::line(format!("segment {name}"));
            line.bytes("bytes", folder_bytes(&dir.join(name)));
            dump.child(line);
        }
    }
    dump
}

/// A file of a segment, compared with what the manifest says of it.
fn segment_file(dir: &Path, collection: u64, segment: u64, entry: &FileEntry) -> Dump {
    let mut line = Dump::line(entry.file.file_name());
    line.bytes("len", entry.len);
    let checked = Source::open(&dir.join(entry.file.file_name()))
        .map_err(|e| Problem::new(e.to_string()))
        .and_then(|source| {
            if source.len() != entry.len {
                let what =
                    format!("wrong length: expected {} by the manifest, got {}", entry.len, source.len());
                return Err(Problem { offset: Some(source.len()), what });
            }
            let header = FileHeader::decode(&source.read_head(HEADER_LEN as u64)?)?;
            let identity = Identity { collection, owner: segment, tag: entry.file.tag() };
            header.expect(entry.file.kind(), identity)?;
            if header.table_checksum != entry.table_checksum {
                let (expected, got) = (entry.table_checksum, header.table_checksum);
                let what =
                    format!("another file: the manifest says checksum {expected:#010x}, got {got:#010x}");
                return Err(Problem { offset: Some(20), what });
            }
            Ok(())
        });
    line.note(checked);
    line
}

/// A segment's folder by itself: each file's size.
fn loose_segment(dir: &Path, names: &Names) -> Dump {
    let mut dump = Dump::block(format!("segment {}", dir.display()));
    dump.bytes("bytes", folder_bytes(dir));
    for (name, len) in names {
        let mut line = Dump::line(name.clone());
        line.bytes("len", len.unwrap_or(0));
        if SegmentFile::parse(name).is_none() {
            line.field("remark", "not ours");
        } else if let Ok(source) = Source::open(&dir.join(name)) {
            let header = source.read_head(HEADER_LEN as u64).and_then(|h| Ok(FileHeader::decode(&h)?));
            line.note(header);
        }
        dump.child(line);
    }
    dump
}

/// Lists what nothing explains; the engine removes what is its own at the next open and leaves the rest.
fn note_leftover(name: &str, known: &[&str], dump: &mut Dump) {
    if known.contains(&name) {
        return;
    }
    let ours = name.ends_with(TEMP_SUFFIX)
        || parse_collection_dir(name).is_some()
        || parse_segment_dir(name).is_some()
        || SegmentFile::parse(name).is_some();
    let mut line = Dump::line(name);
    line.field("remark", if ours { "left over, removed at the next open" } else { "not ours" });
    dump.child(line);
}

/// A small file or a log file.
fn read_whole(path: &Path) -> Result<Vec<u8>, Problem> {
    let source = Source::open(path).map_err(|e| Problem::new(e.to_string()))?;
    source.read_all()
}

fn of_file(name: &str, problem: Problem) -> Problem {
    Problem { what: format!("{name}: {}", problem.what), ..problem }
}
