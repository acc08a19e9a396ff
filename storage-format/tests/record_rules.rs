//! Catalog, manifest and segment meta that break a rule are refused, although their checksums are right.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::files::{COLLECTION, SEGMENT, TAGS, WORDS, catalog, manifest, segment_meta};
use nigh_format::FormatErrorKind;
use nigh_format::catalog::{AliasEntry, Catalog, CollectionEntry};
use nigh_format::layout::SegmentFile;
use nigh_format::manifest::{
    COUNTER_MAX, FIELD_OPTIONS_LEN_MAX, FIELD_PATH_LEN_MAX, FIELDS_MAX, FieldParams, FileEntry, IndexParams,
    METADATA_LEN_MAX, Manifest, Multivector,
};
use nigh_format::payload_index::FieldKind;
use nigh_format::segment_meta::SegmentMeta;

fn catalog_fails(change: impl FnOnce(&mut Catalog)) {
    let mut catalog = catalog();
    change(&mut catalog);
    assert!(Catalog::decode(&catalog.encode()).is_err(), "{catalog:?}");
}

fn manifest_fails(change: impl FnOnce(&mut Manifest)) {
    let mut manifest = manifest();
    change(&mut manifest);
    assert!(Manifest::decode(&manifest.encode(), COLLECTION).is_err(), "{manifest:?}");
}

fn meta_fails(change: impl FnOnce(&mut SegmentMeta)) {
    let mut meta = segment_meta();
    change(&mut meta);
    assert!(SegmentMeta::decode(&meta.encode(COLLECTION), COLLECTION, SEGMENT).is_err(), "{meta:?}");
}

#[test]
fn catalog_rules() {
    catalog_fails(|catalog| catalog.collections.swap(0, 1));
    catalog_fails(|catalog| catalog.aliases.swap(0, 1));
    catalog_fails(|catalog| catalog.collections[0].id = 7);
    catalog_fails(|catalog| catalog.collections[0].id = 0);
    catalog_fails(|catalog| catalog.next_collection_id = 9);
    catalog_fails(|catalog| {
        catalog.collections.insert(0, CollectionEntry { id: 1, name: "articles".into() })
    });
    catalog_fails(|catalog| catalog.aliases[0].collection_id = 8);
    catalog_fails(|catalog| catalog.aliases[0].name = "articles".into());
    catalog_fails(|catalog| catalog.aliases.push(AliasEntry { name: "old".into(), collection_id: 7 }));
    let empty = Catalog { next_collection_id: 1, ..Catalog::default() };
    assert_eq!(Catalog::decode(&empty.encode()), Ok(empty));
}

#[test]
fn manifest_counters() {
    manifest_fails(|manifest| manifest.next_segment_id = 11);
    manifest_fails(|manifest| manifest.next_checkpoint = 3);
    manifest_fails(|manifest| manifest.applied_seq = 999);
    manifest_fails(|manifest| manifest.segments[0].id = 11);
    manifest_fails(|manifest| manifest.segments[0].id = 0);
    manifest_fails(|manifest| manifest.segments[1].dead_count = 6);
    manifest_fails(|manifest| manifest.segments[1].last_seq = 1001);
    manifest_fails(|manifest| manifest.settings.vacuum_dead_ratio = f32::NAN);
}

#[test]
fn manifest_vectors() {
    manifest_fails(|manifest| manifest.vectors[0].dim = 0);
    manifest_fails(|manifest| manifest.vectors[0].dim = 65_537);
    manifest_fails(|manifest| manifest.vectors[1].name = String::new());
    manifest_fails(|manifest| manifest.vectors[1].name = "x".repeat(256));
    manifest_fails(|manifest| manifest.vectors.truncate(1));
}

#[test]
fn manifest_sparse_vectors() {
    manifest_fails(|manifest| manifest.sparse[0].name = manifest.sparse[1].name.clone());
    manifest_fails(|manifest| manifest.sparse[0].name = "image".into());
    manifest_fails(|manifest| manifest.sparse[0].name = String::new());
    manifest_fails(|manifest| manifest.sparse[0].name = "x".repeat(256));
    manifest_fails(|manifest| manifest.sparse.truncate(1));
}

#[test]
fn manifest_multivectors() {
    let mut manifest = manifest();
    manifest.vectors[1].multivector = Some(Multivector::MaxSim);
    assert_eq!(Manifest::decode(&manifest.encode(), COLLECTION), Ok(manifest));
}

#[test]
fn manifest_metadata() {
    let mut manifest = manifest();
    manifest.metadata = "x".repeat(METADATA_LEN_MAX);
    assert_eq!(Manifest::decode(&manifest.encode(), COLLECTION).as_ref(), Ok(&manifest));
    manifest_fails(|manifest| manifest.metadata = "x".repeat(METADATA_LEN_MAX + 1));
}

#[test]
fn manifest_indexes() {
    manifest_fails(|manifest| manifest.indexes.truncate(1));
    manifest_fails(|manifest| manifest.indexes.push(IndexParams::DEFAULT));
    type Change = fn(&mut IndexParams);
    let with = |change: Change| {
        let mut manifest = manifest();
        change(&mut manifest.indexes[1]);
        Manifest::decode(&manifest.encode(), COLLECTION)
    };
    let good: [Change; 8] = [
        |index| index.m = 2,
        |index| index.m = 128,
        |index| index.ef_construction = 4,
        |index| index.ef_construction = 4096,
        |index| index.quantile = 0.5,
        |index| index.quantile = 1.0,
        |index| index.graph_points_min = 1,
        |index| index.graph_points_min = u32::MAX,
    ];
    good.into_iter().for_each(|change| drop(with(change).unwrap()));
    let bad: [(&str, Change); 8] = [
        ("m", |index| index.m = 1),
        ("m", |index| index.m = 129),
        ("ef_construction", |index| index.ef_construction = 3),
        ("ef_construction", |index| index.ef_construction = 4097),
        ("quantile", |index| index.quantile = 0.49),
        ("quantile", |index| index.quantile = 1.01),
        ("quantile", |index| index.quantile = f32::NAN),
        ("graph_points_min", |index| index.graph_points_min = 0),
    ];
    for (field, change) in bad {
        let error = with(change).unwrap_err();
        assert!(matches!(error.kind, FormatErrorKind::Invalid { what, .. } if what == field), "{error}");
    }
}

#[test]
fn manifest_files() {
    for index in 0..9 {
        let lost = manifest().segments[0].files[index];
        manifest_fails(|manifest| manifest.segments[0].files.retain(|entry| *entry != lost));
        manifest_fails(|manifest| {
            let again = manifest.segments[0].files[index];
            manifest.segments[0].files.push(again);
        });
    }
    for file in [
        SegmentFile::Vectors(2),
        SegmentFile::Codes(2),
        SegmentFile::Links(9),
        SegmentFile::Reduced(2),
        SegmentFile::Sparse(2),
        SegmentFile::Postings(2),
        SegmentFile::Field(0),
        SegmentFile::Field(3),
        SegmentFile::Field(6),
        SegmentFile::Tombstones(1),
    ] {
        manifest_fails(|manifest| {
            manifest.segments[1].files.push(FileEntry { file, len: 1, table_checksum: 1 })
        });
    }
    manifest_fails(|manifest| manifest.segments[1].files.truncate(13));
    let mut without_dead = manifest();
    without_dead.segments[1].files.pop();
    without_dead.segments[1].dead_count = 0;
    assert_eq!(Manifest::decode(&without_dead.encode(), COLLECTION), Ok(without_dead));
}

#[test]
fn manifest_fields() {
    let field =
        |id: u64| FieldParams { id, path: format!("p{id}"), kind: FieldKind::Bool, options: String::new() };
    manifest_fails(|manifest| manifest.fields.push(field(0)));
    manifest_fails(|manifest| manifest.fields.push(field(6)));
    manifest_fails(|manifest| manifest.next_field_id = 5);
    manifest_fails(|manifest| manifest.next_field_id = COUNTER_MAX + 1);
    manifest_fails(|manifest| manifest.fields.push(field(TAGS)));
    manifest_fails(|manifest| manifest.fields.push(FieldParams { path: "tags".into(), ..field(3) }));
    manifest_fails(|manifest| manifest.fields[0].path.clear());
    manifest_fails(|manifest| manifest.fields[0].path = "x".repeat(FIELD_PATH_LEN_MAX + 1));
    manifest_fails(|manifest| manifest.fields[0].options.push('{'));
    manifest_fails(|manifest| manifest.fields[2].options = "x".repeat(FIELD_OPTIONS_LEN_MAX + 1));
    // Its segment still has a file of it, and that is of another kind.
    manifest_fails(|manifest| manifest.fields[0].kind = FieldKind::Text);
    manifest_fails(|manifest| manifest.fields[2] = FieldParams { id: WORDS, ..field(3) });
    // Its segment still has a file of it.
    manifest_fails(|manifest| drop(manifest.fields.remove(0)));
    let full = |count: usize| {
        let mut manifest = manifest();
        manifest.next_field_id = 10_000;
        manifest.fields.extend((100..).map(field).take(count - manifest.fields.len()));
        manifest
    };
    manifest_fails(|manifest| *manifest = full(FIELDS_MAX + 1));
    let mut good = full(FIELDS_MAX);
    good.fields[1].path = "x".repeat(FIELD_PATH_LEN_MAX);
    good.fields[2].options = "x".repeat(FIELD_OPTIONS_LEN_MAX);
    assert_eq!(Manifest::decode(&good.encode(), COLLECTION), Ok(good));
}

/// Kinds have a number of their own, whatever is in the record beside them.
#[test]
fn manifest_field_kinds() {
    for kind in FieldKind::ALL {
        let mut manifest = manifest();
        manifest.fields[1].kind = kind;
        assert_eq!(Manifest::decode(&manifest.encode(), COLLECTION), Ok(manifest));
        assert_eq!(FieldKind::from_code(kind.code()), Some(kind));
    }
    assert_eq!([0, 9, u16::MAX].map(FieldKind::from_code), [None; 3]);
}

#[test]
fn segment_meta_rules() {
    meta_fails(|meta| meta.vectors[0].row_count = 6);
    meta_fails(|meta| meta.vectors[0].params.dim = 0);
    meta_fails(|meta| meta.vectors[1].params.name = String::new());
    meta_fails(|meta| meta.segment_id = 12);
}
