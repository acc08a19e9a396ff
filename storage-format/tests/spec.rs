//! The specification and the code say the same: every offset, size and code in the tables of `docs/storage-format.md`.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::HashMap;
use std::ops::Range;

use nigh_format::block::BLOCK_LEN;
use nigh_format::checksum::crc32c;
use nigh_format::codes::{self, CodesLayout, Quantizer};
use nigh_format::field::Field;
use nigh_format::graph::{self, CurvePoint, LinksLayout, LinksShape};
use nigh_format::header::{self, FileHeader, FileKind, HEADER_LEN, Identity};
use nigh_format::id_map::{self, IdMapLayout};
use nigh_format::layout;
use nigh_format::manifest::{
    Datatype, Durability, FIELD_OPTIONS_LEN_MAX, FIELD_PATH_LEN_MAX, FIELDS_MAX, IndexParams,
    METADATA_LEN_MAX, Manifest, Metric, Multivector, SparseModifier,
};
use nigh_format::payload_index::{
    self, FieldKind, NO_VALUE, PARTS_MAX, PayloadIndexLayout, PayloadIndexShape,
};
use nigh_format::payloads::{self, PayloadsLayout};
use nigh_format::postings::{self, Block, List, PostingsLayout, PostingsShape};
use nigh_format::reduced::{self, ReducedLayout, ReducedShape};
use nigh_format::sparse::{self, SparseLayout};
use nigh_format::text_index::{self, TextIndexLayout};
use nigh_format::tombstones::{self, TombstonesLayout};
use nigh_format::vectors::{self, VectorsLayout};
use nigh_format::version::FORMAT_VERSION;
use nigh_format::wal_record::{self, RECORD_HEADER_LEN, RecordHeader, RecordType};

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/storage-format.md")).unwrap()
}

/// The rows of the table called `name`, without its head.
fn table(name: &str) -> Vec<Vec<String>> {
    let page = page();
    let (_, rest) = page.split_once(&format!("<!-- table: {name} -->\n")).expect("the page has the table");
    let rows = rest.lines().take_while(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

/// Compares a table of fields with the code's fields, and the bytes of an encoded header with `values`.
fn check(name: &str, fields: &[Field], encoded: &[u8], values: &[(&str, u64)]) {
    let rows = table(name);
    assert_eq!(rows.len(), fields.len(), "{name}");
    let values: HashMap<_, _> = values.iter().copied().collect();
    let mut end = 0;
    for (row, field) in rows.iter().zip(fields) {
        let (offset, size): (usize, usize) = (row[0].parse().unwrap(), row[1].parse().unwrap());
        assert_eq!((offset, size, row[2].as_str()), (field.offset, field.size, field.name), "{name}");
        assert_eq!(offset, end, "{name} has a hole before {}", field.name);
        end = offset + size;
        let value = if field.name == "reserved" { 0 } else { values[field.name] };
        let mut expected = value.to_le_bytes().to_vec();
        expected.resize(size.max(8), 0);
        assert_eq!(encoded[offset..end], expected[..size], "{name}: {}", field.name);
    }
    assert_eq!(end, encoded.len(), "{name}");
}

/// Compares a table of sections with their names, in order, and with their lengths.
fn check_sections(name: &str, sections: &[(&str, Range<u64>, u64)]) {
    let rows = table(name);
    assert_eq!(rows.len(), sections.len(), "{name}");
    let mut end: u64 = 64;
    for (row, (section, range, len)) in rows.iter().zip(sections) {
        assert_eq!((row[0].as_str(), range.start), (*section, end.next_multiple_of(64)), "{name}");
        assert_eq!(range.end - range.start, *len, "{name}: {section}");
        end = range.end;
    }
}

/// A number of a thousand or more as the page writes it.
fn thousands(number: u32) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}

#[test]
fn header() {
    let identity = Identity { collection: 0x3132_3334_3536_3738, owner: 0x4142_4344_4546_4748, tag: 0x51 };
    let header = FileHeader {
        kind: FileKind::Links,
        version: 0x7172,
        required: 0x0102_0304,
        optional: 0x1112_1314,
        table_checksum: 0x2122_2324,
        data_len: 0x6162_6364_6566_6768,
        identity,
    };
    let bytes = header.encode();
    let values = [
        ("magic", u64::from_le_bytes(header::MAGIC)),
        ("kind", 7),
        ("version", 0x7172),
        ("required", 0x0102_0304),
        ("optional", 0x1112_1314),
        ("table_checksum", 0x2122_2324),
        ("data_len", 0x6162_6364_6566_6768),
        ("collection", identity.collection),
        ("owner", identity.owner),
        ("tag", identity.tag),
        ("header_checksum", u64::from(crc32c(&bytes[..60]))),
    ];
    check("header", &header::FIELDS, &bytes, &values);
    assert_eq!(HEADER_LEN, 64);
    assert_eq!(hex_of(&table("header")[0][3]), header::MAGIC);
}

#[test]
fn record_header() {
    let header = RecordHeader {
        body_len: 0x0102_0304,
        seq: 0x1112_1314_1516_1718,
        durable: 0x0222_2324_2526_2728,
        record_type: RecordType::Operation,
        body_checksum: 0x3132_3334,
    };
    let bytes = header.encode();
    let values = [
        ("magic", u64::from(u32::from_le_bytes(wal_record::RECORD_MAGIC))),
        ("body_len", 0x0102_0304),
        ("seq", 0x1112_1314_1516_1718),
        ("durable", 0x0222_2324_2526_2728),
        ("type", 1),
        ("body_checksum", 0x3132_3334),
        ("header_checksum", u64::from(crc32c(&bytes[..36]))),
    ];
    check("wal_record", &wal_record::FIELDS, &bytes, &values);
    assert_eq!(RECORD_HEADER_LEN, 40);
    let rows = table("wal_record");
    assert_eq!(hex_of(&rows[0][3]), wal_record::RECORD_MAGIC);
    for (record_type, word) in RecordType::ALL.into_iter().zip(["1 operation", "2 marker", "3 seal"]) {
        assert_eq!(format!("{} {}", record_type.code(), word.split_once(' ').unwrap().1), word);
        assert!(rows[4][3].contains(word));
    }
}

#[test]
fn seal_body() {
    let mut bytes = Vec::new();
    wal_record::encode_seal(&mut bytes, 9, 8, 0x0102_0304_0506_0708, 0x1112_1314);
    assert_eq!(bytes[40..48], 0x0102_0304_0506_0708_u64.to_le_bytes());
    assert_eq!(bytes[48..52], 0x1112_1314_u32.to_le_bytes());
    assert_eq!(bytes[52..], [0x5A; 4]);
}

#[test]
fn vectors() {
    let layout = VectorsLayout::new(1000, 900, 96, Datatype::F16, Metric::Manhattan).unwrap();
    let values = [
        ("point_count", 1000),
        ("row_count", 900),
        ("dim", 96),
        ("datatype", 2),
        ("metric", 4),
        ("flags", 1),
        ("stride", 192),
        ("presence_offset", 64),
        ("ranks_offset", 192),
        ("rows_offset", 256),
    ];
    check("vectors", &vectors::FIELDS, &layout.encode(), &values);
    assert_eq!(layout.row(1), 256 + 192..256 + 384);
}

#[test]
fn codes() {
    let layout = CodesLayout::new(33, 65, Quantizer::Scalar, 128, 0.5, -2.5, 0.75).unwrap();
    let values = [
        ("row_count", 33),
        ("dim", 65),
        ("quantizer", 2),
        ("flags", 0),
        ("stride", 128),
        ("scale", u64::from(0.5_f32.to_bits())),
        ("shift", u64::from((-2.5_f32).to_bits())),
        ("quantile", u64::from(0.75_f32.to_bits())),
        ("codes_offset", 64),
        ("bias_offset", 64 + 33 * 128),
    ];
    check("codes", &codes::FIELDS, &layout.encode(), &values);
    assert!(table("codes")[2][3].contains("1 lossless u8 · 2 int8 scalar"));
    assert_eq!(Quantizer::ALL.map(Quantizer::code), [1, 2]);
}

fn bits(value: f32) -> u64 {
    u64::from(value.to_bits())
}

#[test]
fn links() {
    let shape = LinksShape {
        row_count: 100,
        row_len: 48,
        layer_count: 3,
        layer_nodes: 20,
        curve_len: 5,
        root: 99,
        entry: 98,
        repaired: 7,
        m: 21,
        ef_construction: 200,
        lift: 2.5,
        seed: u64::MAX - 7,
        descent: 9,
    };
    let layout = LinksLayout::new(shape).unwrap();
    let values = [
        ("row_count", 100),
        ("row_len", 48),
        ("layer_count", 3),
        ("layer_nodes", 20),
        ("curve_len", 5),
        ("root", 99),
        ("entry", 98),
        ("repaired", 7),
        ("m", 21),
        ("ef_construction", 200),
        ("lift", bits(2.5)),
        ("seed", u64::MAX - 7),
        ("descent", 9),
    ];
    check("links", &graph::FIELDS, &layout.encode(), &values);
    let lens = [
        ("layer_lens", layout.layer_lens(), 4 * 3),
        ("layer_ids", layout.layer_ids(), 4 * 20),
        ("layer_links", layout.layer_links(), 4 * 20 * 48),
        ("curve", layout.curve(), 5 * 32),
        ("links", layout.links(), 4 * 100 * 48),
    ];
    check_sections("links_sections", &lens);
    let page = page();
    assert!(page.contains(&format!("a free place is 0x{:X}", graph::FREE_LINK)));
    assert!(table("links")[1][3].contains(&format!("a multiple of {}", graph::ROW_LEN_ALIGN)));
    assert!(table("links")[2][3].contains(&format!("at most {}", graph::LAYERS_MAX)));
    assert!(table("links")[12][3].contains(&format!("1 to {}", thousands(graph::DESCENT_MAX))));
    assert!(table("links")[4][3].contains(&format!("at most {}", thousands(graph::CURVE_LEN_MAX))));
}

#[test]
fn curve() {
    let point = CurvePoint { recall: 0.75, distances: 40.5, width: 320, slack: f32::INFINITY, refine: 4 };
    let values = [
        ("recall", bits(0.75)),
        ("distances", bits(40.5)),
        ("width", 320),
        ("slack", bits(f32::INFINITY)),
        ("refine", 4),
    ];
    check("curve", &graph::CURVE_FIELDS, &point.encode(), &values);
    assert_eq!(graph::CURVE_POINT_LEN, 32);
    let most = format!("at most {}", thousands(graph::CURVE_WIDTH_MAX));
    assert!(table("curve")[2][3].contains(&most) && table("curve")[4][3].contains(&most));
}

#[test]
fn reduced() {
    let shape = ReducedShape {
        row_count: 33,
        dim: 130,
        reduced_dim: 65,
        scale: 0.5,
        shift: -2.5,
        input_scale: 0.25,
        input_shift: -3.5,
        kept: 0.75,
    };
    let layout = ReducedLayout::new(shape).unwrap();
    let values = [
        ("row_count", 33),
        ("dim", 130),
        ("reduced_dim", 65),
        ("stride", 128),
        ("matrix_stride", 192),
        ("scale", bits(0.5)),
        ("shift", bits(-2.5)),
        ("input_scale", bits(0.25)),
        ("input_shift", bits(-3.5)),
        ("kept", bits(0.75)),
    ];
    check("reduced", &reduced::FIELDS, &layout.encode(), &values);
    let lens = [
        ("matrix", layout.matrix(), 65 * 192),
        ("matrix_scales", layout.matrix_scales(), 4 * 65),
        ("matrix_offsets", layout.matrix_offsets(), 4 * 65),
        ("codes", layout.codes(), 33 * 128),
        ("bias", layout.bias(), 4 * 33),
    ];
    check_sections("reduced_sections", &lens);
}

#[test]
fn sparse() {
    let layout = SparseLayout::new(65, 33, 100).unwrap();
    let values = [
        ("point_count", 65),
        ("row_count", 33),
        ("value_count", 100),
        ("presence_offset", 64),
        ("ends_offset", 128),
        ("indices_offset", 704),
        ("values_offset", 1152),
    ];
    check("sparse", &sparse::FIELDS, &layout.encode(), &values);
    let lens = [
        ("presence", layout.presence(), 16),
        ("ends", layout.ends(), 8 * 65),
        ("indices", layout.indices(), 400),
        ("values", layout.values(), 400),
    ];
    check_sections("sparse_sections", &lens);
}

#[test]
fn postings() {
    let shape = PostingsShape {
        point_count: 70,
        row_count: 60,
        posting_count: 500,
        term_count: 17,
        datatype: Datatype::F16,
        data_bytes: 3200,
    };
    let layout = PostingsLayout::new(shape).unwrap();
    let values = [
        ("point_count", 70),
        ("row_count", 60),
        ("posting_count", 500),
        ("term_count", 17),
        ("datatype", 2),
        ("terms_offset", 64),
        ("lists_offset", 192),
        ("data_offset", 640),
        ("data_bytes", 3200),
    ];
    check("postings", &postings::FIELDS, &layout.encode(), &values);
    let lens =
        [("terms", layout.terms(), 68), ("lists", layout.lists(), 24 * 17), ("data", layout.data(), 3200)];
    check_sections("postings_sections", &lens);
    let bytes = |entry: postings::Entry| -> Vec<u8> { entry.iter().flat_map(|w| w.to_le_bytes()).collect() };
    let list = List { start: 0x0102_0304_0506_0708, len: 9, min: -0.5, max: 2.5 };
    let values = [("start", list.start), ("len", 9), ("min", bits(-0.5)), ("max", bits(2.5))];
    check("lists", &postings::LIST_FIELDS, &bytes(list.to_entry()), &values);
    let block = Block { first: 7, last: 300, start: 0x0102_0304, min: -0.5, max: 2.5, len: 128, width: 9 };
    let values = [
        ("first", 7),
        ("last", 300),
        ("start", 0x0102_0304),
        ("min", bits(-0.5)),
        ("max", bits(2.5)),
        ("last_place", 127),
        ("width", 9),
    ];
    check("blocks", &postings::BLOCK_FIELDS, &bytes(block.to_entry()), &values);
    assert_eq!((postings::BLOCK_LEN, postings::BLOCK_ALIGN, postings::ENTRY_LEN), (128, 16, 24));
}

#[test]
fn payload_index() {
    let shape = PayloadIndexShape {
        kind: FieldKind::Datetime,
        point_count: 70,
        key_count: 20,
        key_bytes: 180,
        value_count: 300,
        multi: true,
        part_count: 4,
    };
    let layout = PayloadIndexLayout::new(shape).unwrap();
    let values = [
        ("point_count", 70),
        ("key_count", 20),
        ("key_bytes", 180),
        ("value_count", 300),
        ("kind", 5),
        ("multi", 1),
        ("part_count", 4),
    ];
    check("payload_index", &payload_index::FIELDS, &layout.encode(), &values);
    let sections = |layout: &PayloadIndexLayout, value_ends, values| {
        [
            ("key_ends", layout.key_ends(), 8 * 20),
            ("keys", layout.keys(), 180),
            ("posting_ends", layout.posting_ends(), 4 * 20),
            ("postings", layout.postings(), 4 * u64::from(layout.shape.value_count)),
            ("value_ends", layout.value_ends(), value_ends),
            ("values", layout.values(), values),
            ("filled", layout.filled(), 16),
            ("null", layout.null(), 16),
            ("parts", layout.parts(), 4 * 16),
        ]
    };
    check_sections("payload_index_sections", &sections(&layout, 4 * 70, 4 * 300));
    let single =
        PayloadIndexLayout::new(PayloadIndexShape { multi: false, value_count: 66, ..shape }).unwrap();
    check_sections("payload_index_sections", &sections(&single, 0, 4 * 70));
    assert_eq!(single.part(3), 51..66);
    assert!(table("payload_index")[6][3].contains(&format!("at most {PARTS_MAX}")));
    assert!(table("payload_index_sections")[5][2].contains(&format!("0x{NO_VALUE:X}")));
}

#[test]
fn fields_of_the_manifest() {
    let page = page();
    assert!(page.contains(&format!("at most {} fields", thousands(FIELDS_MAX as u32))));
    assert!(page.contains(&format!("1 to {} bytes of UTF-8", thousands(FIELD_PATH_LEN_MAX as u32))));
    assert!(page.contains(&format!("at most {} bytes of JSON", thousands(FIELD_OPTIONS_LEN_MAX as u32))));
    assert_eq!(METADATA_LEN_MAX, 1_048_576);
    assert!(page.contains("at most 1,048,576 bytes"));
}

#[test]
fn text_index() {
    let layout = TextIndexLayout::new(70, 12_345).unwrap();
    let values = [("point_count", 70), ("blob_len", 12_345)];
    check("text_index", &text_index::FIELDS, &layout.encode(), &values);
    check_sections("text_index_sections", &[("blob", layout.blob(), 12_345)]);
}

#[test]
fn payloads() {
    let layout = PayloadsLayout::new(9, 12_345).unwrap();
    let values = [("point_count", 9), ("blob_len", 12_345), ("ends_offset", 64), ("blob_offset", 192)];
    check("payloads", &payloads::FIELDS, &layout.encode(), &values);
}

#[test]
fn id_map() {
    let layout = IdMapLayout::new(20, 13).unwrap();
    let values = [
        ("point_count", 20),
        ("int_count", 13),
        ("ints_offset", 64),
        ("uuids_offset", 192),
        ("offsets_offset", 320),
        ("ranks_offset", 448),
        ("versions_offset", 576),
    ];
    check("id_map", &id_map::FIELDS, &layout.encode(), &values);
}

#[test]
fn tombstones() {
    let layout = TombstonesLayout::new(65, 64).unwrap();
    let values = [("point_count", 65), ("dead_count", 64), ("words_offset", 64)];
    check("tombstones", &tombstones::FIELDS, &layout.encode(), &values);
    assert_eq!(layout.data_len(), 80);
}

#[test]
fn kinds() {
    let rows = table("kinds");
    assert_eq!(rows.len(), FileKind::ALL.len());
    for (row, kind) in rows.iter().zip(FileKind::ALL) {
        assert_eq!((row[0].as_str(), row[1].as_str()), (kind.code().to_string().as_str(), kind.name()));
        let pattern = row[2].trim_matches('`');
        let name = match layout::SegmentFile::from_kind_tag(kind, 0) {
            Some(file) => file.file_name().replace("0000000000000000", "N").replace("-0", "-N"),
            None if kind == FileKind::Wal => format!("{}/*{}", layout::WAL_DIR, &layout::wal_file(0)[20..]),
            None if kind == FileKind::Catalog => layout::CATALOG_FILE.to_owned(),
            None => layout::MANIFEST_FILE.to_owned(),
        };
        assert_eq!(pattern, name);
        assert_eq!((&row[3], &row[4]), (&kind.version().to_string(), &kind.version_min().to_string()));
    }
}

#[test]
fn versions() {
    let numbers: Vec<u16> = table("versions").iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=FORMAT_VERSION).collect::<Vec<_>>());
}

/// The ranges on the page are those of the code: the ends are read, what is beyond is not.
#[test]
fn indexes() {
    let IndexParams { m, ef_construction, quantile, graph_points_min } = IndexParams::DEFAULT;
    let defaults = [
        ("m", f64::from(m)),
        ("ef_construction", f64::from(ef_construction)),
        ("quantile", 0.99),
        ("graph_points_min", f64::from(graph_points_min)),
    ];
    assert_eq!(quantile, 0.99);
    let is_read = |field: &str, value: f64| {
        let mut manifest = common::files::manifest();
        let index = &mut manifest.indexes[0];
        match field {
            "m" => index.m = value as u32,
            "ef_construction" => index.ef_construction = value as u32,
            "quantile" => index.quantile = value as f32,
            _ => index.graph_points_min = value as u32,
        }
        Manifest::decode(&manifest.encode(), common::files::COLLECTION).is_ok()
    };
    let rows = table("indexes");
    assert_eq!(rows.len(), defaults.len());
    for (row, (field, default)) in rows.iter().zip(defaults) {
        let number = |text: &str| text.replace(',', "").parse::<f64>().unwrap();
        let (least, most) =
            row[2].split_once("..=").map(|(least, most)| (number(least), number(most))).unwrap();
        assert_eq!((row[0].as_str(), number(&row[3])), (field, default));
        let step = if row[1] == "f32" { 0.01 } else { 1.0 };
        assert!(is_read(field, least) && is_read(field, most) && !is_read(field, least - step), "{field}");
        assert!(most == f64::from(u32::MAX) || !is_read(field, most + step), "{field}");
    }
}

#[test]
fn codes_of_enums() {
    let names = |name: &str| table(name).iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    let numbers = |name: &str| table(name).iter().map(|row| row[1].parse().unwrap()).collect::<Vec<u8>>();
    assert_eq!(names("metrics"), Metric::ALL.map(|metric| format!("{metric:?}").to_lowercase()));
    assert_eq!(numbers("metrics"), Metric::ALL.map(Metric::code));
    assert_eq!(names("datatypes"), Datatype::ALL.map(|datatype| format!("{datatype:?}").to_lowercase()));
    assert_eq!(numbers("datatypes"), Datatype::ALL.map(Datatype::code));
    let value_bytes: Vec<u32> = table("datatypes").iter().map(|row| row[2].parse().unwrap()).collect();
    assert_eq!(value_bytes, Datatype::ALL.map(Datatype::value_bytes));
    let modifiers = SparseModifier::ALL.map(|modifier| format!("{modifier:?}").to_lowercase());
    assert_eq!(names("modifiers"), modifiers);
    assert_eq!(numbers("modifiers"), SparseModifier::ALL.map(SparseModifier::code));
    assert_eq!(names("multivectors"), ["none", "max_sim"]);
    assert_eq!(numbers("multivectors"), [None, Some(Multivector::MaxSim)].map(Multivector::code));
    assert_eq!(names("durability"), Durability::ALL.map(|code| format!("{code:?}").to_lowercase()));
    assert_eq!(numbers("durability"), Durability::ALL.map(Durability::code));
    assert_eq!(names("field_kinds"), FieldKind::ALL.map(|kind| format!("{kind:?}").to_lowercase()));
    assert_eq!(numbers("field_kinds"), FieldKind::ALL.map(|kind| kind.code() as u8));
}

#[test]
fn block_files() {
    assert!(page().contains("ceil(data_len / 65536)"));
    assert_eq!(BLOCK_LEN, 65_536);
    assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    for (name, kind, bytes) in common::files::block_files() {
        let header = FileHeader::decode(&bytes).unwrap();
        assert_eq!(header.kind, kind, "{name}");
        let data_len = header.data_len as usize;
        let blocks = data_len.div_ceil(65_536);
        assert_eq!(bytes.len(), 64 + data_len.next_multiple_of(64) + 4 * blocks, "{name}");
        assert_eq!(bytes[bytes.len() - 4..], crc32c(&bytes[64..64 + data_len]).to_le_bytes(), "{name}");
        assert_eq!(header.table_checksum, crc32c(&bytes[bytes.len() - 4..]), "{name}");
    }
}

#[test]
fn tree_of_names() {
    let page = page();
    let tree = page.split("```").nth(1).unwrap();
    let has = |name: String| assert!(tree.contains(&name), "{name} is not in the tree of section 1");
    has(format!("{}/", layout::collection_dir(1)));
    has(format!("{}/{}", layout::WAL_DIR, layout::wal_file(1)));
    has(format!("{}/{}/", layout::SEGMENTS_DIR, layout::segment_dir(1)));
    for name in [layout::LOCK_FILE, layout::CATALOG_FILE, layout::MANIFEST_FILE] {
        has(name.to_owned());
    }
    for kind in FileKind::ALL {
        let tag = match kind {
            FileKind::Tombstones => 3,
            FileKind::PayloadIndex | FileKind::TextIndex => 1,
            _ => 0,
        };
        if let Some(file) = layout::SegmentFile::from_kind_tag(kind, tag) {
            has(file.file_name());
        }
    }
}

/// The hexadecimal bytes between the first backticks.
fn hex_of(cell: &str) -> Vec<u8> {
    let digits = cell.split('`').nth(1).unwrap();
    digits.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}
