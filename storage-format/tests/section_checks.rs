//! What `verify` looks at in the sections of segment files: good ones pass, each way of being wrong is found.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Rng;
use nigh_format::codes::{CodesLayout, Quantizer, check_codes};
use nigh_format::graph::{FREE_LINK, LinksLayout, check_entries, check_links};
use nigh_format::id_map::{self, IdMapLayout};
use nigh_format::manifest::{Datatype, Metric};
use nigh_format::payloads::check_ends;
use nigh_format::tombstones::{TombstonesLayout, check_words};
use nigh_format::vectors::{VectorsLayout, check_presence};

#[test]
fn presence_and_ranks() {
    for seed in 0..200 {
        let rng = &mut Rng::new(seed);
        let n = 1 + rng.below(2000) as u32;
        let mut words = vec![0_u64; n.div_ceil(64) as usize];
        for offset in 0..n {
            words[offset as usize / 64] |= u64::from(rng.one_in(2)) << (offset % 64);
        }
        words[0] &= !1;
        let rows: u32 = words.iter().map(|word| word.count_ones()).sum();
        let ranks: Vec<u32> = (0..n.div_ceil(512) as usize)
            .map(|group| words[..group * 8].iter().map(|word| word.count_ones()).sum())
            .collect();
        let layout = VectorsLayout::new(n, rows, 4, Datatype::F32, Metric::Dot).unwrap();
        check_presence(&words, &ranks, &layout).unwrap();

        let mut flipped = words.clone();
        flipped[rng.index(words.len())] ^= 1 << rng.below(64);
        assert!(check_presence(&flipped, &ranks, &layout).is_err());
        let mut wrong = ranks.clone();
        wrong[rng.index(ranks.len())] ^= 1;
        assert!(check_presence(&words, &wrong, &layout).is_err());
        assert!(check_presence(&words[1..], &ranks, &layout).is_err());
        assert!(check_presence(&words, &ranks[1..], &layout).is_err());
    }
    let full = VectorsLayout::new(9, 9, 4, Datatype::F32, Metric::Dot).unwrap();
    check_presence(&[], &[], &full).unwrap();
    assert!(check_presence(&[0x1FF], &[], &full).is_err());
    // One bit in the tail for one that is missing: the count is right.
    let layout = VectorsLayout::new(9, 8, 4, Datatype::F32, Metric::Dot).unwrap();
    check_presence(&[0xFF], &[0], &layout).unwrap();
    assert!(check_presence(&[0x27F], &[0], &layout).is_err());
}

#[test]
fn codes() {
    let layout = CodesLayout::new(2, 65, Quantizer::Scalar, 128, 1.0, 0.0, 1.0).unwrap();
    let mut codes = vec![0; 256];
    codes[..65].fill(9);
    codes[128..193].fill(9);
    check_codes(&codes, &layout).unwrap();
    assert!(check_codes(&codes[1..], &layout).is_err());
    codes[193] = 1;
    assert_eq!(check_codes(&codes, &layout).unwrap_err().offset, 64 + 64 + 128);
}

#[test]
fn links() {
    let layout = LinksLayout::new(3, 16, 2, 8, 100, 1).unwrap();
    let mut links = vec![FREE_LINK; 48];
    links[0..2].copy_from_slice(&[1, 2]);
    links[16..32].fill(2);
    check_links(&links, &layout).unwrap();
    check_links(&links[1..], &layout).unwrap_err();
    for (place, link, wrong) in
        [(1, 3, 1), (3, 0, 3), (47, 0, 47), (31, FREE_LINK - 1, 31), (1, FREE_LINK - 1, 1)]
    {
        let mut links = links.clone();
        links[place] = link;
        let error = check_links(&links, &layout).unwrap_err();
        assert_eq!(error.offset, 64 + layout.links().start + 4 * wrong, "{error}");
    }
    check_entries(&[2, 0], &layout).unwrap();
    check_entries(&[2, 3], &layout).unwrap_err();
    check_entries(&[2], &layout).unwrap_err();
}

#[test]
fn ends_of_payloads() {
    check_ends(&[], 0).unwrap();
    check_ends(&[0, 5, 5, 9], 9).unwrap();
    for (ends, blob_len) in [(vec![], 1), (vec![0, 5, 4, 9], 9), (vec![0, 5, 8], 9), (vec![0, 10, 9], 9)] {
        assert!(check_ends(&ends, blob_len).is_err(), "{ends:?}");
    }
}

#[test]
fn ids() {
    let uuids = [[0_u8; 16], [0xFF; 16]].concat();
    let (ints, offsets, ranks) = ([3, 4], [1, 0, 3, 2], [1, 0, 3, 2]);
    id_map::check(&ints, &uuids, &offsets, &ranks).unwrap();
    id_map::check(&[], &[], &[], &[]).unwrap();
    let fails = |ints: &[u64], uuids: &[u8], offsets: &[u32], ranks: &[u32]| {
        assert!(id_map::check(ints, uuids, offsets, ranks).is_err());
    };
    fails(&[3, 3], &uuids, &offsets, &ranks);
    fails(&[4, 3], &uuids, &offsets, &ranks);
    fails(&ints, &[0; 32], &offsets, &ranks);
    fails(&ints, &uuids[1..], &offsets, &ranks);
    fails(&ints, &uuids, &[1, 0, 3, 4], &ranks);
    fails(&ints, &uuids, &[1, 1, 3, 2], &ranks);
    fails(&ints, &uuids, &offsets, &[1, 0, 3, 3]);
    fails(&ints, &uuids, &offsets, &[1, 0, 3, u32::MAX]);
    fails(&ints, &uuids, &offsets, &ranks[1..]);
    fails(&[1, 2, 3, 4, 5], &[], &offsets, &ranks);
    let layout = IdMapLayout::new(2, 2).unwrap();
    id_map::check_versions(&[1, 9], 9, &layout).unwrap();
    assert!(id_map::check_versions(&[0, 9], 9, &layout).is_err());
    assert!(id_map::check_versions(&[1, 10], 9, &layout).is_err());
    assert!(id_map::check_versions(&[1], 9, &layout).is_err());
}

#[test]
fn dead_points() {
    let layout = TombstonesLayout::new(70, 2).unwrap();
    check_words(&[1, 1 << 5], &layout).unwrap();
    assert!(check_words(&[1, 1 << 6], &layout).is_err());
    assert!(check_words(&[1, 0], &layout).is_err());
    assert!(check_words(&[3], &layout).is_err());
    check_words(&[u64::MAX], &TombstonesLayout::new(64, 64).unwrap()).unwrap();
    check_words(&[], &TombstonesLayout::new(0, 0).unwrap()).unwrap();
}
