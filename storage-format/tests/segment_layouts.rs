//! Sections of segment files are aligned, in order, as close as that allows, and come back from their preamble alone.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::ops::Range;

use common::Rng;
use nigh_format::codes::{CodesLayout, Quantizer};
use nigh_format::graph::{CURVE_LEN_MAX, DESCENT_MAX, LAYERS_MAX, LinksLayout, LinksShape};
use nigh_format::id_map::IdMapLayout;
use nigh_format::manifest::{Datatype, Metric};
use nigh_format::payload_index::{FieldKind, PARTS_MAX, PayloadIndexLayout, PayloadIndexShape};
use nigh_format::payloads::PayloadsLayout;
use nigh_format::postings::{PostingsLayout, PostingsShape};
use nigh_format::reduced::{ReducedLayout, ReducedShape};
use nigh_format::sparse::SparseLayout;
use nigh_format::text_index::TextIndexLayout;
use nigh_format::tombstones::TombstonesLayout;
use nigh_format::vectors::VectorsLayout;
use nigh_format::{FormatError, FormatErrorKind};

/// Checks places, and that the preamble is read back, with no other length and with no bit changed.
fn check<L: PartialEq + std::fmt::Debug>(
    layout: L,
    preamble: [u8; 64],
    data_len: u64,
    sections: &[Range<u64>],
    gaps: Vec<Range<u64>>,
    decode: impl Fn(&[u8], u64) -> Result<L, FormatError>,
) {
    let mut parts: Vec<_> = sections.iter().cloned().chain(gaps).filter(|part| !part.is_empty()).collect();
    parts.sort_by_key(|part| part.start);
    let mut end = 64;
    for part in parts {
        assert_eq!(part.start, end, "{layout:?}");
        end = part.end;
    }
    assert!(end <= data_len && data_len < end + 64, "{layout:?}");
    assert!(sections.iter().all(|section| section.start.is_multiple_of(64)), "{layout:?}");
    assert!(sections.is_sorted_by_key(|section| section.start), "{layout:?}");
    assert_eq!(decode(&preamble, data_len).as_ref(), Ok(&layout));
    assert!(decode(&preamble[..63], data_len).is_err());
    for other in [0, data_len - 1, data_len + 1, u64::MAX] {
        assert!(decode(&preamble, other).is_err(), "{layout:?} with {other} bytes");
    }
    for bit in 0..512 {
        let mut preamble = preamble;
        preamble[bit / 8] ^= 1 << (bit % 8);
        // A changed number may make another good layout, but never this one.
        assert_ne!(decode(&preamble, data_len).as_ref(), Ok(&layout), "bit {bit}");
    }
}

fn counts(rng: &mut Rng) -> (u32, u32) {
    let n = if rng.one_in(8) { 0 } else { rng.below(3000) as u32 };
    let part = if rng.one_in(4) { n } else { rng.below(u64::from(n) + 1) as u32 };
    (n, part)
}

#[test]
fn vectors() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (n, rows) = counts(rng);
        let datatype = Datatype::ALL[rng.index(3)];
        let layout =
            VectorsLayout::new(n, rows, 1 + rng.below(300) as u32, datatype, Metric::ALL[rng.index(4)])
                .unwrap();
        assert_eq!(layout.presence().is_some(), rows < n);
        let sections: Vec<_> =
            [layout.presence(), layout.ranks(), Some(layout.rows())].into_iter().flatten().collect();
        if rows > 0 {
            assert_eq!(
                (layout.row(0).start, layout.row(rows - 1).end),
                (layout.rows().start, layout.rows().end)
            );
        }
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        check(layout, preamble, len, &sections, gaps, VectorsLayout::decode);
    }
    assert!(VectorsLayout::new(1, 2, 3, Datatype::F32, Metric::Dot).is_err());
    assert!(VectorsLayout::new(1, 1, 0, Datatype::F32, Metric::Dot).is_err());
    assert!(VectorsLayout::new(1, 1, 65_537, Datatype::F32, Metric::Dot).is_err());
    let largest = VectorsLayout::new(u32::MAX, u32::MAX, 65_536, Datatype::F32, Metric::Dot).unwrap();
    assert_eq!(largest.row(u32::MAX - 1).end, largest.data_len());
}

#[test]
fn codes() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (rows, _) = counts(rng);
        let dim = 1 + rng.below(300) as u32;
        let quantizer = Quantizer::ALL[rng.index(2)];
        let stride = dim.next_multiple_of(64);
        let layout = CodesLayout::new(rows, dim, quantizer, stride, 0.25, -3.5, 1.0).unwrap();
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        let sections = [layout.codes(), layout.bias()];
        check(layout, preamble, len, &sections, gaps, CodesLayout::decode);
    }
    let with = |stride, scale, shift, quantile| {
        CodesLayout::new(9, 65, Quantizer::Scalar, stride, scale, shift, quantile).is_ok()
    };
    assert!(with(128, 1.0, 0.0, 0.5));
    assert!(!with(64, 1.0, 0.0, 0.5) && !with(100, 1.0, 0.0, 0.5) && !with(0, 1.0, 0.0, 0.5));
    assert!(!with(128, f32::NAN, 0.0, 0.5) && !with(128, 1.0, f32::INFINITY, 0.5));
    assert!(!with(128, 1.0, 0.0, 0.49) && !with(128, 1.0, 0.0, 1.01) && !with(128, 1.0, 0.0, f32::NAN));
    let largest = CodesLayout::new(u32::MAX, 1, Quantizer::Scalar, 1 << 31, 1.0, 0.0, 1.0);
    assert!(largest.is_err() || largest.unwrap().code(u32::MAX).end > 0);
}

/// A graph of five nodes, as plain as can be.
fn links_shape() -> LinksShape {
    LinksShape {
        row_count: 5,
        row_len: 16,
        layer_count: 0,
        layer_nodes: 0,
        curve_len: 0,
        root: 0,
        entry: 0,
        repaired: 0,
        m: 8,
        ef_construction: 100,
        lift: 0.0,
        seed: 1,
        descent: 1,
    }
}

#[test]
fn links() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (rows, layer_nodes) = counts(rng);
        let node = |rng: &mut Rng| if rows == 0 { 0 } else { rng.below(u64::from(rows)) as u32 };
        let layout = LinksLayout::new(LinksShape {
            row_count: rows,
            row_len: 16 * (1 + rng.below(5) as u32),
            layer_count: rng.below(17) as u32,
            layer_nodes,
            curve_len: rng.below(100) as u32,
            root: node(rng),
            entry: node(rng),
            repaired: rng.next() as u32,
            m: rng.next() as u32,
            ef_construction: rng.next() as u32,
            lift: (1 + rng.below(1000)) as f32 / 8.0,
            seed: rng.next(),
            descent: 1 + rng.below(u64::from(DESCENT_MAX)) as u32,
        })
        .unwrap();
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        let sections =
            [layout.layer_lens(), layout.layer_ids(), layout.layer_links(), layout.curve(), layout.links()];
        check(layout, preamble, len, &sections, gaps, LinksLayout::decode);
    }
}

#[test]
fn numbers_of_links() {
    type Change = fn(&mut LinksShape);
    let with = |change: Change| {
        let mut shape = links_shape();
        change(&mut shape);
        LinksLayout::new(shape).map(drop)
    };
    let good: [Change; 8] = [
        |_| {},
        |shape| shape.row_count = 0,
        |shape| shape.layer_count = LAYERS_MAX,
        |shape| shape.layer_nodes = 5,
        |shape| shape.curve_len = CURVE_LEN_MAX,
        |shape| (shape.root, shape.entry) = (4, 4),
        |shape| shape.lift = f32::MAX,
        |shape| shape.descent = DESCENT_MAX,
    ];
    good.into_iter().for_each(|change| with(change).unwrap());
    let bad: [(&str, Change); 15] = [
        ("row_len", |shape| shape.row_len = 0),
        ("row_len", |shape| shape.row_len = 17),
        ("layer_count", |shape| shape.layer_count = LAYERS_MAX + 1),
        ("layer_nodes", |shape| shape.layer_nodes = 6),
        ("curve_len", |shape| shape.curve_len = CURVE_LEN_MAX + 1),
        ("root", |shape| shape.root = 5),
        ("root", |shape| (shape.row_count, shape.root) = (0, 1)),
        ("entry", |shape| shape.entry = 5),
        ("entry", |shape| (shape.row_count, shape.entry) = (0, 1)),
        ("lift", |shape| shape.lift = -0.5),
        ("lift", |shape| shape.lift = f32::NAN),
        ("lift", |shape| shape.lift = f32::INFINITY),
        ("descent", |shape| shape.descent = 0),
        ("descent", |shape| shape.descent = DESCENT_MAX + 1),
        ("layout", |shape| (shape.row_count, shape.row_len) = (u32::MAX, u32::MAX - 15)),
    ];
    for (field, change) in bad {
        let error = with(change).unwrap_err();
        assert!(matches!(error.kind, FormatErrorKind::Invalid { what, .. } if what == field), "{error}");
    }
}

#[test]
fn reduced() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (row_count, _) = counts(rng);
        let dim = 2 + rng.below(300) as u32;
        let layout = ReducedLayout::new(ReducedShape {
            row_count,
            dim,
            reduced_dim: 1 + rng.below(u64::from(dim) - 1) as u32,
            scale: 0.25,
            shift: -3.5,
            input_scale: 0.5,
            input_shift: 7.0,
            kept: 0.75,
        })
        .unwrap();
        let strides = (layout.stride, layout.matrix_stride);
        assert_eq!(strides, (layout.shape.reduced_dim.next_multiple_of(64), dim.next_multiple_of(64)));
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        let sections =
            [layout.matrix(), layout.matrix_scales(), layout.matrix_offsets(), layout.codes(), layout.bias()];
        check(layout, preamble, len, &sections, gaps, ReducedLayout::decode);
    }
}

#[test]
fn numbers_of_reduced() {
    let shape = ReducedShape {
        row_count: 9,
        dim: 65,
        reduced_dim: 64,
        scale: 1.0,
        shift: 0.0,
        input_scale: 1.0,
        input_shift: 0.0,
        kept: 1.0,
    };
    assert!(ReducedLayout::new(shape).is_ok());
    let bad = [
        ("dim", ReducedShape { dim: 0, ..shape }),
        ("dim", ReducedShape { dim: 65_537, ..shape }),
        ("reduced_dim", ReducedShape { reduced_dim: 0, ..shape }),
        ("reduced_dim", ReducedShape { reduced_dim: 65, ..shape }),
        ("scale", ReducedShape { scale: f32::NAN, ..shape }),
        ("shift", ReducedShape { shift: f32::INFINITY, ..shape }),
        ("input_scale", ReducedShape { input_scale: f32::NEG_INFINITY, ..shape }),
        ("input_shift", ReducedShape { input_shift: f32::NAN, ..shape }),
        ("kept", ReducedShape { kept: f32::NAN, ..shape }),
    ];
    for (field, shape) in bad {
        let error = ReducedLayout::new(shape).unwrap_err();
        assert!(matches!(error.kind, FormatErrorKind::Invalid { what, .. } if what == field), "{error}");
    }
}

#[test]
fn payloads() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (n, _) = counts(rng);
        let layout = PayloadsLayout::new(n, if n == 0 { 0 } else { rng.below(100_000) }).unwrap();
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        let sections = [layout.ends(), layout.blob()];
        check(layout, preamble, len, &sections, gaps, PayloadsLayout::decode);
    }
    assert!(PayloadsLayout::new(0, 1).is_err());
    assert!(PayloadsLayout::new(1, u64::MAX).is_err());
    assert!(PayloadsLayout::new(u32::MAX, u64::MAX - (1 << 40)).is_err());
}

#[test]
fn id_map() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (n, ints) = counts(rng);
        let layout = IdMapLayout::new(n, ints).unwrap();
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        let sections = [layout.ints(), layout.uuids(), layout.offsets(), layout.ranks(), layout.versions()];
        check(layout, preamble, len, &sections, gaps, IdMapLayout::decode);
    }
    assert!(IdMapLayout::new(1, 2).is_err());
}

#[test]
fn tombstones() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (n, dead) = counts(rng);
        let layout = TombstonesLayout::new(n, dead).unwrap();
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        let sections = [layout.words()];
        check(layout, preamble, len, &sections, gaps, TombstonesLayout::decode);
    }
    assert!(TombstonesLayout::new(1, 2).is_err());
}

#[test]
fn sparse() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (n, rows) = counts(rng);
        let values = if rows == 0 { 0 } else { rng.below(100_000) };
        let layout = SparseLayout::new(n, rows, values).unwrap();
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        let sections = [layout.presence(), layout.ends(), layout.indices(), layout.values()];
        check(layout, preamble, len, &sections, gaps, SparseLayout::decode);
    }
    assert!(SparseLayout::new(1, 2, 0).is_err());
    assert!(SparseLayout::new(1, 0, 1).is_err());
    assert!(SparseLayout::new(1, 1, u64::MAX).is_err());
}

#[test]
fn postings() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (point_count, row_count) = counts(rng);
        let term_count = if row_count == 0 { 0 } else { rng.below(1000) as u32 };
        let most = u64::from(term_count) * u64::from(row_count);
        let posting_count = u64::from(term_count) + rng.below(most - u64::from(term_count) + 1);
        let (datatype, data_bytes) = (Datatype::ALL[rng.index(3)], 16 * rng.below(1000));
        let shape = PostingsShape { point_count, row_count, posting_count, term_count, datatype, data_bytes };
        let layout = PostingsLayout::new(shape).unwrap();
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        check(
            layout.clone(),
            preamble,
            len,
            &[layout.terms(), layout.lists(), layout.data()],
            gaps,
            PostingsLayout::decode,
        );
    }
    let shape = PostingsShape {
        point_count: 9,
        row_count: 5,
        posting_count: 10,
        term_count: 3,
        datatype: Datatype::U8,
        data_bytes: 160,
    };
    assert!(PostingsLayout::new(shape).is_ok());
    for bad in [
        PostingsShape { point_count: 4, ..shape },
        PostingsShape { posting_count: 2, ..shape },
        PostingsShape { posting_count: 16, ..shape },
        PostingsShape { data_bytes: 161, ..shape },
        PostingsShape { data_bytes: 1 << 63, ..shape },
    ] {
        assert!(PostingsLayout::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn payload_index() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (point_count, most) = counts(rng);
        let multi = rng.one_in(2);
        let key_count = if most == 0 { 0 } else { rng.below(u64::from(most) + 1) as u32 };
        let pairs = u64::from(key_count) * u64::from(point_count);
        let most = if multi { pairs } else { u64::from(most) };
        let value_count =
            if key_count == 0 { 0 } else { key_count + rng.below(most - u64::from(key_count) + 1) as u32 };
        let key_bytes = if key_count == 0 { 0 } else { u64::from(key_count) + rng.below(10_000) };
        let part_count = if rng.one_in(2) { 0 } else { rng.below(u64::from(PARTS_MAX) + 1) as u16 };
        // The last one has a file of its own.
        let kind = FieldKind::ALL[rng.index(7)];
        let shape =
            PayloadIndexShape { kind, point_count, key_count, key_bytes, value_count, multi, part_count };
        let layout = PayloadIndexLayout::new(shape).unwrap();
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        let sections = [
            layout.key_ends(),
            layout.keys(),
            layout.posting_ends(),
            layout.postings(),
            layout.value_ends(),
            layout.values(),
            layout.filled(),
            layout.null(),
            layout.parts(),
        ];
        let parts: Vec<_> = (0..part_count).map(|part| layout.part(part)).collect();
        assert!(parts.iter().is_sorted_by(|a, b| a.end == b.start), "{parts:?}");
        assert_eq!(parts.last().map_or(value_count, |last| last.end), value_count);
        check(layout, preamble, len, &sections, gaps, PayloadIndexLayout::decode);
    }
    let shape = PayloadIndexShape {
        kind: FieldKind::Float,
        point_count: 9,
        key_count: 3,
        key_bytes: 36,
        value_count: 9,
        multi: false,
        part_count: PARTS_MAX,
    };
    assert!(PayloadIndexLayout::new(shape).is_ok());
    assert!(PayloadIndexLayout::new(PayloadIndexShape { multi: true, value_count: 27, ..shape }).is_ok());
    for bad in [
        PayloadIndexShape { value_count: 10, ..shape },
        PayloadIndexShape { value_count: 2, ..shape },
        PayloadIndexShape { value_count: 28, multi: true, ..shape },
        PayloadIndexShape { key_count: 0, ..shape },
        PayloadIndexShape { key_count: 0, value_count: 0, ..shape },
        PayloadIndexShape { key_bytes: 2, ..shape },
        PayloadIndexShape { key_bytes: u64::MAX, ..shape },
        PayloadIndexShape { part_count: PARTS_MAX + 1, ..shape },
        PayloadIndexShape { point_count: 0, multi: true, ..shape },
        PayloadIndexShape { kind: FieldKind::Text, ..shape },
    ] {
        assert!(PayloadIndexLayout::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn text_index() {
    for seed in 0..100 {
        let rng = &mut Rng::new(seed);
        let (point_count, _) = counts(rng);
        let layout = TextIndexLayout::new(point_count, rng.below(100_000)).unwrap();
        let (preamble, len, sections) = (layout.encode(), layout.data_len(), [layout.blob()]);
        check(layout, preamble, len, &sections, Vec::new(), TextIndexLayout::decode);
    }
    assert!(TextIndexLayout::new(1, u64::MAX).is_err());
}

#[test]
fn numbers_of_a_payload_index() {
    let shape = PayloadIndexShape {
        kind: FieldKind::Geo,
        point_count: 9,
        key_count: 3,
        key_bytes: 51,
        value_count: 9,
        multi: true,
        part_count: 0,
    };
    let layout = PayloadIndexLayout::new(shape).unwrap();
    for (offset, number) in [(32, 0_u16), (32, 8), (34, 0), (34, 2), (34, 0x0101), (38, 1), (62, 0x0100)] {
        let mut preamble = layout.encode();
        preamble[offset..offset + 2].copy_from_slice(&number.to_le_bytes());
        assert!(PayloadIndexLayout::decode(&preamble, layout.data_len()).is_err(), "{offset} {number}");
    }
}
