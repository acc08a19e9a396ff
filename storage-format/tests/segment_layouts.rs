//! Sections of segment files are aligned, in order, as close as that allows, and come back from their preamble alone.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::ops::Range;

use common::Rng;
use nigh_format::FormatError;
use nigh_format::codes::{CodesLayout, Quantizer};
use nigh_format::graph::LinksLayout;
use nigh_format::id_map::IdMapLayout;
use nigh_format::manifest::{Datatype, Metric};
use nigh_format::payloads::PayloadsLayout;
use nigh_format::tombstones::TombstonesLayout;
use nigh_format::vectors::VectorsLayout;

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

#[test]
fn links() {
    for seed in 0..300 {
        let rng = &mut Rng::new(seed);
        let (rows, _) = counts(rng);
        let entries = if rows == 0 { 0 } else { 1 + rng.below(u64::from(rows)) as u32 };
        let row_len = 16 * (1 + rng.below(5) as u32);
        let layout = LinksLayout::new(rows, row_len, entries, rng.next() as u32, 0, rng.next()).unwrap();
        let (preamble, len, gaps) = (layout.encode(), layout.data_len(), layout.gaps());
        let sections = [layout.entries(), layout.links()];
        if rows > 0 {
            assert_eq!(layout.row(rows - 1).end, layout.links().end);
        }
        check(layout, preamble, len, &sections, gaps, LinksLayout::decode);
    }
    let with = |rows, row_len, entries| LinksLayout::new(rows, row_len, entries, 1, 1, 1).is_ok();
    assert!(with(5, 16, 5) && with(0, 16, 0));
    assert!(!with(5, 0, 1) && !with(5, 17, 1) && !with(5, 16, 0) && !with(5, 16, 6) && !with(0, 16, 1));
    assert!(!with(u32::MAX, u32::MAX - 15, 1));
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
