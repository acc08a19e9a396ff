//! Catalog, manifest and segment meta: the small records, read whole.
//!
//! A record whose checksums do not match is framed anew and read all the same, since the validated access behind the
//! checksums stops anything worse than wrong values; the mismatch stands among the problems.

use nigh_format::FormatError;
use nigh_format::block::encode_file;
use nigh_format::catalog::Catalog;
use nigh_format::header::{FileHeader, FileKind, HEADER_LEN};
use nigh_format::manifest::{
    FieldParams, FileEntry, IndexParams, Manifest, SegmentEntry, SparseParams, VectorParams,
};
use nigh_format::segment_meta::SegmentMeta;

use super::file::read_data;
use super::source::Source;
use crate::dump::{Dump, Problem};

/// Adds what the record says.
pub(super) fn inspect(source: &Source, header: &FileHeader, dump: &mut Dump) {
    let Some(data) = dump.note(read_data(source, header)) else { return };
    let Some(bytes) = dump.note(framed(header, &data)) else { return };
    let content = match header.kind {
        FileKind::Catalog => Catalog::decode(&bytes).map(|catalog| show_catalog(&catalog)),
        FileKind::Manifest => {
            Manifest::decode(&bytes, header.identity.collection).map(|manifest| show_manifest(&manifest))
        }
        _ => SegmentMeta::decode(&bytes, header.identity.collection, header.identity.owner)
            .map(|meta| show_meta(&meta)),
    };
    match content {
        Ok(content) => {
            dump.child(content);
        }
        Err(error) => {
            dump.problem(Problem::from(error));
        }
    }
}

/// A whole file of the version that wrote the record.
fn framed(header: &FileHeader, data: &[u8]) -> Result<Vec<u8>, FormatError> {
    let bytes = encode_file(header.kind, header.identity, data);
    let own = FileHeader { version: header.version, ..FileHeader::decode(&bytes)? };
    let rest = bytes.get(HEADER_LEN..).unwrap_or_default();
    Ok([own.encode().as_slice(), rest].concat())
}

/// The catalog's content.
pub(super) fn show_catalog(catalog: &Catalog) -> Dump {
    let mut dump = Dump::block("catalog");
    dump.field("generation", catalog.generation).field("next_collection_id", catalog.next_collection_id);
    for entry in &catalog.collections {
        let mut line = Dump::line(format!("collection {:?}", entry.name));
        line.field("id", entry.id);
        dump.child(line);
    }
    for alias in &catalog.aliases {
        let mut line = Dump::line(format!("alias {:?}", alias.name));
        line.field("collection", alias.collection_id);
        dump.child(line);
    }
    dump
}

/// The manifest's content.
pub(super) fn show_manifest(manifest: &Manifest) -> Dump {
    let mut dump = Dump::block("manifest");
    show_manifest_fields(manifest, &mut dump);
    for entry in &manifest.segments {
        let mut line = show_segment_entry(entry);
        for file in &entry.files {
            line.child(show_file_entry(file));
        }
        dump.child(line);
    }
    dump
}

/// Counters, settings, metadata, vectors with their indexes, sparse vectors and indexed payload fields, without the segments.
pub(super) fn show_manifest_fields(manifest: &Manifest, dump: &mut Dump) {
    let settings = &manifest.settings;
    dump.field("generation", manifest.generation)
        .field("collection_id", manifest.collection_id)
        .field("applied_seq", manifest.applied_seq)
        .field("next_segment_id", manifest.next_segment_id)
        .field("next_checkpoint", manifest.next_checkpoint)
        .field("next_field_id", manifest.next_field_id)
        .field("durability", format!("{:?}", settings.durability).to_lowercase())
        .field("flush_interval_ms", settings.flush_interval_ms)
        .bytes("mutable_bytes_max", settings.mutable_bytes_max)
        .field("segment_points_max", settings.segment_points_max)
        .field("merge_fan_in", settings.merge_fan_in)
        .float("vacuum_dead_ratio", settings.vacuum_dead_ratio);
    if !manifest.metadata.is_empty() {
        dump.field("metadata", manifest.metadata.as_str());
    }
    for (place, (vector, index)) in manifest.vectors.iter().zip(&manifest.indexes).enumerate() {
        let mut line = show_vector(place, vector);
        show_index(index, &mut line);
        dump.child(line);
    }
    for (place, sparse) in manifest.sparse.iter().enumerate() {
        dump.child(show_sparse(place, sparse));
    }
    for field in &manifest.fields {
        dump.child(show_field(field));
    }
}

fn show_field(field: &FieldParams) -> Dump {
    let mut line = Dump::line(format!("field {} {:?}", field.id, field.path));
    line.field("kind_of_values", format!("{:?}", field.kind).to_lowercase());
    if !field.options.is_empty() {
        line.field("options", field.options.as_str());
    }
    line
}

fn show_vector(index: usize, vector: &VectorParams) -> Dump {
    let mut line = Dump::line(format!("vector {index} {:?}", vector.name));
    line.field("dim", vector.dim)
        .field("metric", format!("{:?}", vector.metric).to_lowercase())
        .field("datatype", format!("{:?}", vector.datatype).to_lowercase());
    if let Some(multivector) = vector.multivector {
        line.field("multivector", format!("{multivector:?}").to_lowercase());
    }
    line
}

fn show_sparse(index: usize, sparse: &SparseParams) -> Dump {
    let mut line = Dump::line(format!("sparse vector {index} {:?}", sparse.name));
    line.field("modifier", format!("{:?}", sparse.modifier).to_lowercase())
        .field("datatype", format!("{:?}", sparse.datatype).to_lowercase());
    line
}

fn show_index(index: &IndexParams, line: &mut Dump) {
    line.field("m", index.m)
        .field("ef_construction", index.ef_construction)
        .float("quantile", index.quantile)
        .field("graph_points_min", index.graph_points_min);
}

/// One segment of a manifest, without its files.
pub(super) fn show_segment_entry(entry: &SegmentEntry) -> Dump {
    let mut line = Dump::line(format!("segment {}", entry.id));
    line.field("points", entry.point_count)
        .field("dead", entry.dead_count)
        .field("live", entry.point_count.saturating_sub(entry.dead_count))
        .field("last_seq", entry.last_seq);
    line
}

fn show_file_entry(file: &FileEntry) -> Dump {
    let mut line = Dump::line(file.file.file_name());
    let checksum = file.table_checksum;
    line.bytes("len", file.len).field_as("table_checksum", checksum, format!("{checksum:#010x}"));
    line
}

fn show_meta(meta: &SegmentMeta) -> Dump {
    let mut dump = Dump::block("segment meta");
    dump.field("segment_id", meta.segment_id)
        .field("point_count", meta.point_count)
        .field("last_seq", meta.last_seq);
    for (index, vector) in meta.vectors.iter().enumerate() {
        let mut line = show_vector(index, &vector.params);
        line.field("rows", vector.row_count);
        dump.child(line);
    }
    dump
}
