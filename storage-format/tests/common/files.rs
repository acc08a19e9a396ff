//! One small valid file of each kind, with values that are easy to tell apart.

use nigh_format::block::encode_file;
use nigh_format::catalog::{AliasEntry, Catalog, CollectionEntry};
use nigh_format::codes::{CodesLayout, Quantizer};
use nigh_format::graph::{CurvePoint, FREE_LINK, LinksLayout, LinksShape};
use nigh_format::header::{FileKind, Identity};
use nigh_format::id_map::IdMapLayout;
use nigh_format::layout::SegmentFile;
use nigh_format::manifest::{
    Datatype, Durability, FieldParams, FileEntry, IndexParams, Manifest, Metric, SegmentEntry, Settings,
    SparseModifier, SparseParams, VectorParams,
};
use nigh_format::payload_index::{
    FieldKind, NO_VALUE, PayloadIndexContent, PayloadIndexLayout, PayloadIndexShape,
};
use nigh_format::payloads::PayloadsLayout;
use nigh_format::postings::{self, Block, Entry, List, PostingsLayout, PostingsShape};
use nigh_format::reduced::{ReducedLayout, ReducedShape};
use nigh_format::segment_meta::{SegmentMeta, SegmentVector};
use nigh_format::sparse::SparseLayout;
use nigh_format::text_index::TextIndexLayout;
use nigh_format::tombstones::TombstonesLayout;
use nigh_format::vectors::VectorsLayout;
use std::ops::Range;

pub const COLLECTION: u64 = 7;
pub const SEGMENT: u64 = 11;
pub const CHECKPOINT: u64 = 3;
/// The fields that the manifest declares.
pub const TAGS: u64 = 2;
pub const SIZE: u64 = 5;
pub const WORDS: u64 = 4;

/// How the words of a field are read.
pub const WORDS_OPTIONS: &str = r#"{"tokenizer":"word"}"#;

/// A data section: a preamble and sections at their places.
pub fn data(preamble: [u8; 64], data_len: u64, sections: &[(Range<u64>, Vec<u8>)]) -> Vec<u8> {
    let mut data = vec![0; data_len as usize];
    data[..64].copy_from_slice(&preamble);
    for (range, bytes) in sections {
        data[range.start as usize..range.end as usize].copy_from_slice(bytes);
    }
    data
}

pub fn u32s(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub fn u64s(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub fn read_u32s(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

pub fn read_u64s(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

/// The bytes of a section.
pub fn section(data: &[u8], range: Range<u64>) -> &[u8] {
    &data[range.start as usize..range.end as usize]
}

fn segment_file(file: SegmentFile, data: &[u8]) -> Vec<u8> {
    encode_file(file.kind(), Identity { collection: COLLECTION, owner: SEGMENT, tag: file.tag() }, data)
}

pub fn catalog() -> Catalog {
    Catalog {
        generation: 5,
        next_collection_id: 12,
        collections: vec![
            CollectionEntry { id: 9, name: "articles".into() },
            CollectionEntry { id: COLLECTION, name: "überschriften".into() },
        ],
        aliases: vec![
            AliasEntry { name: "current".into(), collection_id: COLLECTION },
            AliasEntry { name: "old".into(), collection_id: 9 },
        ],
    }
}

pub fn vector_params() -> Vec<VectorParams> {
    vec![
        VectorParams {
            name: String::new(),
            dim: 3,
            metric: Metric::Cosine,
            datatype: Datatype::F32,
            multivector: None,
        },
        VectorParams {
            name: "image".into(),
            dim: 65_536,
            metric: Metric::Euclid,
            datatype: Datatype::U8,
            multivector: None,
        },
    ]
}

pub fn sparse_params() -> Vec<SparseParams> {
    vec![
        SparseParams { name: "bm25".into(), modifier: SparseModifier::Idf, datatype: Datatype::U8 },
        SparseParams { name: "낱말".into(), modifier: SparseModifier::None, datatype: Datatype::F16 },
    ]
}

/// What an application keeps.
pub const METADATA: &str = r#"{"owner":"é","version":[3,null]}"#;

pub fn manifest() -> Manifest {
    let file = |file, len, table_checksum| FileEntry { file, len, table_checksum };
    Manifest {
        generation: 21,
        collection_id: COLLECTION,
        applied_seq: 1000,
        next_segment_id: 12,
        next_checkpoint: 4,
        vectors: vector_params(),
        indexes: vec![
            IndexParams { m: 24, ef_construction: 300, quantile: 0.95, graph_points_min: 5 },
            IndexParams::DEFAULT,
        ],
        sparse: sparse_params(),
        fields: vec![
            FieldParams { id: TAGS, path: "tags".into(), kind: FieldKind::Keyword, options: String::new() },
            FieldParams {
                id: SIZE,
                path: "maße[].größe".into(),
                kind: FieldKind::Integer,
                options: String::new(),
            },
            FieldParams {
                id: WORDS,
                path: "text".into(),
                kind: FieldKind::Text,
                options: WORDS_OPTIONS.into(),
            },
        ],
        next_field_id: 6,
        settings: Settings {
            durability: Durability::Buffered,
            flush_interval_ms: 250,
            mutable_bytes_max: 64 << 20,
            segment_points_max: 5_000_000,
            merge_fan_in: 8,
            vacuum_dead_ratio: 0.25,
        },
        metadata: METADATA.into(),
        segments: vec![
            SegmentEntry {
                id: 4,
                point_count: 600,
                dead_count: 0,
                last_seq: 900,
                files: vec![
                    file(SegmentFile::Meta, 300, 0x1111_1111),
                    file(SegmentFile::IdMap, 400, 0x2222_2222),
                    file(SegmentFile::Payloads, 500, 0x3333_3333),
                    file(SegmentFile::Vectors(0), 600, 0x4444_4444),
                    file(SegmentFile::Vectors(1), 700, 0x5555_5555),
                    file(SegmentFile::Sparse(0), 710, 0x6666_6666),
                    file(SegmentFile::Postings(0), 720, 0x7777_7777),
                    file(SegmentFile::Sparse(1), 730, 0x8888_8888),
                    file(SegmentFile::Postings(1), 740, 0x9999_9999),
                ],
            },
            SegmentEntry {
                id: SEGMENT,
                point_count: 5,
                dead_count: 2,
                last_seq: 1000,
                files: vec![
                    file(SegmentFile::Meta, 301, 1),
                    file(SegmentFile::IdMap, 401, 2),
                    file(SegmentFile::Payloads, 501, 3),
                    file(SegmentFile::Vectors(0), 601, 4),
                    file(SegmentFile::Vectors(1), 701, 5),
                    file(SegmentFile::Sparse(0), 711, 11),
                    file(SegmentFile::Postings(0), 721, 12),
                    file(SegmentFile::Sparse(1), 731, 13),
                    file(SegmentFile::Postings(1), 741, 14),
                    file(SegmentFile::Codes(0), 801, 6),
                    file(SegmentFile::Links(0), 901, 7),
                    file(SegmentFile::Reduced(0), 951, 8),
                    file(SegmentFile::Field(TAGS), 971, 9),
                    file(SegmentFile::Text(WORDS), 981, 10),
                    file(SegmentFile::Tombstones(CHECKPOINT), u64::MAX, u32::MAX),
                ],
            },
        ],
    }
}

pub fn segment_meta() -> SegmentMeta {
    let mut vectors = vector_params().into_iter();
    let mut vector = |row_count| SegmentVector { params: vectors.next().unwrap(), row_count };
    SegmentMeta { segment_id: SEGMENT, point_count: 5, last_seq: 1000, vectors: vec![vector(3), vector(5)] }
}

pub fn vectors_layout() -> VectorsLayout {
    VectorsLayout::new(5, 3, 3, Datatype::F32, Metric::Cosine).unwrap()
}

pub fn vectors() -> Vec<u8> {
    let layout = vectors_layout();
    let values = [1.0_f32, 0.0, 0.0, 0.0, 1.0, 0.0, 0.6, 0.0, -0.8];
    let sections = [
        (layout.presence().unwrap(), u64s(&[0b10101])),
        (layout.ranks().unwrap(), u32s(&[0])),
        (layout.rows(), f32s(&values)),
    ];
    segment_file(SegmentFile::Vectors(0), &data(layout.encode(), layout.data_len(), &sections))
}

pub fn codes_layout() -> CodesLayout {
    CodesLayout::new(3, 3, Quantizer::Scalar, 64, 0.0078125, -1.0, 0.99).unwrap()
}

pub fn codes() -> Vec<u8> {
    let layout = codes_layout();
    let codes = padded_rows([&[255, 128, 128], &[128, 255, 128], &[204, 128, 25]]);
    let bias = [-5_i32, 6, i32::MIN].iter().flat_map(|value| value.to_le_bytes()).collect();
    let sections = [(layout.codes(), codes), (layout.bias(), bias)];
    segment_file(SegmentFile::Codes(0), &data(layout.encode(), layout.data_len(), &sections))
}

pub fn links_layout() -> LinksLayout {
    LinksLayout::new(LinksShape {
        row_count: 3,
        row_len: 16,
        layer_count: 2,
        layer_nodes: 3,
        curve_len: 2,
        root: 2,
        entry: 0,
        repaired: 1,
        m: 8,
        ef_construction: 100,
        lift: 1.5,
        seed: 0x0123_4567_89AB_CDEF,
        descent: 3,
    })
    .unwrap()
}

/// Nodes of each layer.
pub const LAYER_LENS: [u32; 2] = [2, 1];
/// Two nodes of the graph, and one of these two.
pub const LAYER_IDS: [u32; 3] = [2, 0, 1];

/// Rows of 16 places.
pub fn link_rows<const N: usize>(rows: [&[u32]; N]) -> Vec<u32> {
    let row =
        |row: &[u32]| (0..16).map(|place| row.get(place).copied().unwrap_or(FREE_LINK)).collect::<Vec<_>>();
    rows.into_iter().flat_map(row).collect()
}

/// The two nodes of the first layer link to each other; the one of the second has nobody.
pub fn layer_links() -> Vec<u32> {
    link_rows([&[1], &[0], &[]])
}

pub fn curve() -> [CurvePoint; 2] {
    [
        CurvePoint { recall: 0.75, distances: 40.5, width: 10, slack: f32::INFINITY, refine: 0 },
        CurvePoint { recall: 1.0, distances: 90.25, width: 64, slack: 0.25, refine: 4 },
    ]
}

pub fn links() -> Vec<u8> {
    let layout = links_layout();
    let sections = [
        (layout.layer_lens(), u32s(&LAYER_LENS)),
        (layout.layer_ids(), u32s(&LAYER_IDS)),
        (layout.layer_links(), u32s(&layer_links())),
        (layout.curve(), curve().map(|point| point.encode()).concat()),
        (layout.links(), u32s(&link_rows([&[1, 2], &[2, 0], &[0]]))),
    ];
    segment_file(SegmentFile::Links(0), &data(layout.encode(), layout.data_len(), &sections))
}

pub fn reduced_layout() -> ReducedLayout {
    ReducedLayout::new(ReducedShape {
        row_count: 3,
        dim: 3,
        reduced_dim: 2,
        scale: 0.015625,
        shift: -2.0,
        input_scale: 0.0078125,
        input_shift: -1.0,
        kept: 0.875,
    })
    .unwrap()
}

/// Rows of 64 bytes, zeros last.
pub fn padded_rows<const N: usize>(rows: [&[u8]; N]) -> Vec<u8> {
    let row = |row: &[u8]| (0..64).map(|place| row.get(place).copied().unwrap_or(0)).collect::<Vec<_>>();
    rows.into_iter().flat_map(row).collect()
}

pub fn reduced() -> Vec<u8> {
    let layout = reduced_layout();
    let bias = [-256_i32, 0, i32::MAX].iter().flat_map(|value| value.to_le_bytes()).collect();
    let sections = [
        (layout.matrix(), padded_rows([&[127, 0, 0x80], &[0xFF, 127, 1]])),
        (layout.matrix_scales(), f32s(&[0.5, 0.25])),
        (layout.matrix_offsets(), f32s(&[-0.125, 3.0])),
        (layout.codes(), padded_rows([&[255, 1], &[2, 254], &[128, 7]])),
        (layout.bias(), bias),
    ];
    segment_file(SegmentFile::Reduced(0), &data(layout.encode(), layout.data_len(), &sections))
}

/// Points 0, 2 and 4 have a sparse vector; that of point 2 is empty.
pub const SPARSE_ENDS: [u64; 5] = [3, 3, 3, 3, 5];
pub const SPARSE_INDICES: [u32; 5] = [7, 9, u32::MAX, 7, 1000];
pub const SPARSE_VALUES: [f32; 5] = [0.5, -1.25, 3.0, 1.5, 0.0];

pub fn sparse_layout() -> SparseLayout {
    SparseLayout::new(5, 3, 5).unwrap()
}

pub fn sparse() -> Vec<u8> {
    let layout = sparse_layout();
    let sections = [
        (layout.presence(), u64s(&[0b10101])),
        (layout.ends(), u64s(&SPARSE_ENDS)),
        (layout.indices(), u32s(&SPARSE_INDICES)),
        (layout.values(), f32s(&SPARSE_VALUES)),
    ];
    segment_file(SegmentFile::Sparse(0), &data(layout.encode(), layout.data_len(), &sections))
}

/// The indices that the rows have.
pub const TERMS: [u32; 4] = [7, 9, 1000, u32::MAX];

/// A list of one block: its entry, then offsets and weights.
pub fn one_block(start: u64, offsets: &[u32], weights: &[f32]) -> (List, Vec<u8>) {
    let (min, max) = weights.iter().fold((f32::MAX, f32::MIN), |(min, max), w| (min.min(*w), max.max(*w)));
    let list = List { start, len: offsets.len() as u32, min, max };
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let width = postings::width_of(last - first);
    let entries = postings::entries_bytes(1);
    let (len, block_start) = (offsets.len(), (entries / postings::BLOCK_ALIGN) as u32);
    let block = Block { first, last, start: block_start, min, max, len, width };
    let mut packed = Vec::new();
    postings::pack(&offsets.iter().map(|offset| offset - first).collect::<Vec<_>>(), width, &mut packed);
    let mut bytes = u32s(&block.to_entry());
    bytes.resize(entries as usize, 0);
    bytes.extend(u32s(packed.as_flattened()));
    bytes.extend(f32s(weights));
    bytes.resize((entries + postings::block_bytes(len, width, Datatype::F32)) as usize, 0);
    (list, bytes)
}

/// The lists of the rows above.
pub fn posting_lists() -> (Vec<List>, Vec<u8>) {
    let lists: [(&[u32], &[f32]); 4] =
        [(&[0, 4], &[0.5, 1.5]), (&[0], &[-1.25]), (&[4], &[0.0]), (&[0], &[3.0])];
    let (mut entries, mut data) = (Vec::new(), Vec::new());
    for (offsets, weights) in lists {
        let (list, bytes) = one_block(data.len() as u64, offsets, weights);
        entries.push(list);
        data.extend(bytes);
    }
    (entries, data)
}

pub fn postings_layout() -> PostingsLayout {
    PostingsLayout::new(PostingsShape {
        point_count: 5,
        row_count: 3,
        posting_count: 5,
        term_count: 4,
        datatype: Datatype::F32,
        data_bytes: posting_lists().1.len() as u64,
    })
    .unwrap()
}

pub fn postings() -> Vec<u8> {
    let layout = postings_layout();
    let (lists, bytes) = posting_lists();
    let entries: Vec<Entry> = lists.iter().map(|list| list.to_entry()).collect();
    let sections = [
        (layout.terms(), u32s(&TERMS)),
        (layout.lists(), u32s(entries.as_flattened())),
        (layout.data(), bytes),
    ];
    segment_file(SegmentFile::Postings(0), &data(layout.encode(), layout.data_len(), &sections))
}

/// What each of five points has: sections of a payload index, as values of their own.
pub struct PayloadIndexParts {
    pub shape: PayloadIndexShape,
    pub key_ends: Vec<u64>,
    pub keys: Vec<u8>,
    pub posting_ends: Vec<u32>,
    pub postings: Vec<u32>,
    pub value_ends: Vec<u32>,
    pub values: Vec<u32>,
    pub filled: Vec<u64>,
    pub null: Vec<u64>,
    pub parts: Vec<u64>,
}

impl PayloadIndexParts {
    pub fn layout(&self) -> PayloadIndexLayout {
        PayloadIndexLayout::new(self.shape).unwrap()
    }

    pub fn content(&self) -> PayloadIndexContent<'_> {
        PayloadIndexContent {
            key_ends: &self.key_ends,
            keys: &self.keys,
            posting_ends: &self.posting_ends,
            postings: &self.postings,
            value_ends: &self.value_ends,
            values: &self.values,
            filled: &self.filled,
            null: &self.null,
            parts: &self.parts,
        }
    }

    /// The sections of a data section.
    pub fn read(data: &[u8], layout: &PayloadIndexLayout) -> Self {
        let u32s = |range| read_u32s(section(data, range));
        let u64s = |range| read_u64s(section(data, range));
        Self {
            shape: layout.shape,
            key_ends: u64s(layout.key_ends()),
            keys: section(data, layout.keys()).to_vec(),
            posting_ends: u32s(layout.posting_ends()),
            postings: u32s(layout.postings()),
            value_ends: u32s(layout.value_ends()),
            values: u32s(layout.values()),
            filled: u64s(layout.filled()),
            null: u64s(layout.null()),
            parts: u64s(layout.parts()),
        }
    }

    pub fn file(&self, field: u64) -> Vec<u8> {
        let layout = self.layout();
        let sections = [
            (layout.key_ends(), u64s(&self.key_ends)),
            (layout.keys(), self.keys.clone()),
            (layout.posting_ends(), u32s(&self.posting_ends)),
            (layout.postings(), u32s(&self.postings)),
            (layout.value_ends(), u32s(&self.value_ends)),
            (layout.values(), u32s(&self.values)),
            (layout.filled(), u64s(&self.filled)),
            (layout.null(), u64s(&self.null)),
            (layout.parts(), u64s(&self.parts)),
        ];
        segment_file(SegmentFile::Field(field), &data(layout.encode(), layout.data_len(), &sections))
    }
}

/// `["b", "a"]`, nothing, `["b", null]`, `"b"` and `[null]` under keyword; no parts.
pub fn payload_index_multi() -> PayloadIndexParts {
    PayloadIndexParts {
        shape: PayloadIndexShape {
            kind: FieldKind::Keyword,
            point_count: 5,
            key_count: 2,
            key_bytes: 4,
            value_count: 4,
            multi: true,
            part_count: 0,
        },
        key_ends: vec![2, 4],
        keys: b"\x02a\x02b".to_vec(),
        posting_ends: vec![1, 4],
        postings: vec![0, 0, 2, 3],
        value_ends: vec![2, 2, 3, 4, 4],
        values: vec![0, 1, 1, 1],
        filled: vec![0b11101],
        null: vec![0b10100],
        parts: vec![],
    }
}

/// `7`, `true`, `null`, `"é"` and `7` under integer; two parts.
pub fn payload_index() -> PayloadIndexParts {
    PayloadIndexParts {
        shape: PayloadIndexShape {
            kind: FieldKind::Integer,
            point_count: 5,
            key_count: 3,
            key_bytes: 17,
            value_count: 4,
            multi: false,
            part_count: 2,
        },
        key_ends: vec![2, 14, 17],
        keys: b"\x00\x01\x01\xC0\x1C\0\0\0\0\0\0\x80\0\0\x02\xC3\xA9".to_vec(),
        posting_ends: vec![1, 3, 4],
        postings: vec![1, 0, 4, 3],
        value_ends: vec![],
        values: vec![1, 0, NO_VALUE, 2, 1],
        filled: vec![0b11011],
        null: vec![0b00100],
        parts: vec![0b00011, 0b11000],
    }
}

pub const TEXTS: [&str; 5] = ["{\"a\":1}", "", "{\"b\":\"ä\"}", "{}", ""];

pub fn payloads() -> Vec<u8> {
    let ends: Vec<u64> = TEXTS
        .iter()
        .scan(0, |end, text| {
            *end += text.len() as u64;
            Some(*end)
        })
        .collect();
    let layout = PayloadsLayout::new(5, ends[4]).unwrap();
    let sections = [(layout.ends(), u64s(&ends)), (layout.blob(), TEXTS.concat().into_bytes())];
    segment_file(SegmentFile::Payloads, &data(layout.encode(), layout.data_len(), &sections))
}

/// One packed file: the rows of no text at all.
pub fn text_index_blob() -> Vec<u8> {
    let mut blob = [u32s(&[28, 1, 4]), b"rows".to_vec(), u64s(&[64, 0])].concat();
    blob.resize(64, 0);
    blob
}

pub fn text_index() -> Vec<u8> {
    let blob = text_index_blob();
    let layout = TextIndexLayout::new(5, blob.len() as u64).unwrap();
    let sections = [(layout.blob(), blob)];
    segment_file(SegmentFile::Text(WORDS), &data(layout.encode(), layout.data_len(), &sections))
}

pub const UUIDS: [u128; 2] = [0x0123_4567_89AB_CDEF_0011_2233_4455_6677, u128::MAX - 1];

pub fn id_map() -> Vec<u8> {
    let layout = IdMapLayout::new(5, 3).unwrap();
    let sections = [
        (layout.ints(), u64s(&[1, 77, u64::MAX])),
        (layout.uuids(), UUIDS.iter().flat_map(|uuid| uuid.to_be_bytes()).collect()),
        (layout.offsets(), u32s(&[4, 0, 3, 1, 2])),
        (layout.ranks(), u32s(&[1, 3, 4, 2, 0])),
        (layout.versions(), u64s(&[901, 1000, 950, 902, 903])),
    ];
    segment_file(SegmentFile::IdMap, &data(layout.encode(), layout.data_len(), &sections))
}

pub fn tombstones() -> Vec<u8> {
    let layout = TombstonesLayout::new(5, 2).unwrap();
    let sections = [(layout.words(), u64s(&[0b10010]))];
    segment_file(SegmentFile::Tombstones(CHECKPOINT), &data(layout.encode(), layout.data_len(), &sections))
}

/// Each block file: name, kind, bytes.
pub fn block_files() -> Vec<(&'static str, FileKind, Vec<u8>)> {
    vec![
        ("catalog", FileKind::Catalog, catalog().encode()),
        ("manifest", FileKind::Manifest, manifest().encode()),
        ("meta", FileKind::SegmentMeta, segment_meta().encode(COLLECTION)),
        ("vectors-0", FileKind::Vectors, vectors()),
        ("codes-0", FileKind::Codes, codes()),
        ("links-0", FileKind::Links, links()),
        ("reduced-0", FileKind::Reduced, reduced()),
        ("sparse-0", FileKind::Sparse, sparse()),
        ("postings-0", FileKind::Postings, postings()),
        ("field-0000000000000005", FileKind::PayloadIndex, payload_index().file(SIZE)),
        ("text-0000000000000004", FileKind::TextIndex, text_index()),
        ("payloads", FileKind::Payloads, payloads()),
        ("ids", FileKind::IdMap, id_map()),
        ("tombstones-0000000000000003", FileKind::Tombstones, tombstones()),
    ]
}
