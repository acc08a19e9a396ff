//! What `verify` looks at in the sections of segment files: good ones pass, each way of being wrong is found.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Rng;
use common::files::{
    self, LAYER_IDS, LAYER_LENS, PayloadIndexParts, layer_links, link_rows, links_layout, padded_rows,
};
use nigh_format::codes::{CodesLayout, Quantizer, check_codes};
use nigh_format::graph::{
    CURVE_WIDTH_MAX, CurvePoint, FREE_LINK, LinksLayout, LinksShape, check_layers, check_links, decode_curve,
};
use nigh_format::id_map::{self, IdMapLayout};
use nigh_format::manifest::{Datatype, Metric};
use nigh_format::payload_index::{self, NO_VALUE};
use nigh_format::payloads::check_ends;
use nigh_format::postings::{self, List};
use nigh_format::reduced::{self, ReducedLayout, ReducedShape};
use nigh_format::sparse;
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
fn reduced_rows() {
    let shape = ReducedShape { dim: 65, reduced_dim: 2, ..files::reduced_layout().shape };
    let layout = ReducedLayout::new(shape).unwrap();
    let (mut matrix, mut codes) = (vec![0; 2 * 128], padded_rows([&[9; 2], &[8; 2], &[7; 2]]));
    matrix[..65].fill(9);
    matrix[128..193].fill(9);
    reduced::check_rows(&matrix, &codes, &layout).unwrap();
    reduced::check_rows(&matrix[1..], &codes, &layout).unwrap_err();
    reduced::check_rows(&matrix, &codes[1..], &layout).unwrap_err();
    codes[64 + 2] = 1;
    let error = reduced::check_rows(&matrix, &codes, &layout).unwrap_err();
    assert_eq!(error.offset, 64 + layout.codes().start + 64);
    matrix[193] = 1;
    let error = reduced::check_rows(&matrix, &codes, &layout).unwrap_err();
    assert_eq!(error.offset, 64 + layout.matrix().start + 128);
}

#[test]
fn links() {
    let layout = links_layout();
    let links = link_rows([&[1, 2], &[2; 16], &[]]);
    check_links(&links, &layout).unwrap();
    check_links(&links[..47], &layout).unwrap_err();
    for (place, link, wrong) in
        [(1, 3, 1), (3, 0, 3), (47, 0, 47), (31, FREE_LINK - 1, 31), (1, FREE_LINK - 1, 1)]
    {
        let mut links = links.clone();
        links[place] = link;
        let error = check_links(&links, &layout).unwrap_err();
        assert_eq!(error.offset, 64 + layout.links().start + 4 * wrong, "{error}");
    }
}

#[test]
fn layers() {
    let layout = links_layout();
    let (lens, ids, links) = (LAYER_LENS, LAYER_IDS, layer_links());
    check_layers(&lens, &ids, &links, &layout).unwrap();
    let fails = |lens: &[u32], ids: &[u32], links: &[u32], offset: u64| {
        let error = check_layers(lens, ids, links, &layout).unwrap_err();
        assert_eq!(error.offset, 64 + offset, "{error}");
    };
    let at = |section: std::ops::Range<u64>, place: u64| section.start + 4 * place;
    fails(&lens[1..], &ids, &links, 0);
    fails(&lens, &ids[1..], &links, 0);
    fails(&lens, &ids, &links[1..], 0);
    // Lengths: another sum, an empty layer, one that is larger than the layer below.
    fails(&[1, 1], &ids, &links, at(layout.layer_lens(), 0));
    fails(&[2, u32::MAX], &ids, &links, at(layout.layer_lens(), 0));
    fails(&[3, 0], &ids, &links, at(layout.layer_lens(), 1));
    fails(&[0, 3], &ids, &links, at(layout.layer_lens(), 0));
    fails(&[1, 2], &[0, 0, 0], &link_rows([&[], &[], &[]]), at(layout.layer_lens(), 1));
    // Ids are nodes of the layer below: the graph has three, the first layer two.
    fails(&lens, &[2, 3, 1], &links, at(layout.layer_ids(), 1));
    fails(&lens, &[2, 0, 2], &links, at(layout.layer_ids(), 2));
    fails(&lens, &[2, 0, FREE_LINK], &links, at(layout.layer_ids(), 2));
    // Links are nodes of the same layer.
    fails(&lens, &ids, &link_rows([&[1], &[2], &[]]), at(layout.layer_links(), 16));
    fails(&lens, &ids, &link_rows([&[1], &[0], &[1]]), at(layout.layer_links(), 32));
    let mut behind_free = links;
    behind_free[31] = 0;
    fails(&lens, &ids, &behind_free, at(layout.layer_links(), 31));
}

#[test]
fn the_entry_is_a_node_of_the_highest_layer() {
    let entry_at = 64 + graph_field("entry");
    let with = |shape: LinksShape, layers: bool| {
        let layout = LinksLayout::new(shape).unwrap();
        if layers {
            check_layers(&LAYER_LENS, &LAYER_IDS, &layer_links(), &layout)
        } else {
            check_layers(&[], &[], &[], &layout)
        }
    };
    let shape = links_layout().shape;
    with(shape, true).unwrap();
    assert_eq!(with(LinksShape { entry: 1, ..shape }, true).unwrap_err().offset, entry_at);
    let flat = LinksShape { layer_count: 0, layer_nodes: 0, ..shape };
    with(LinksShape { entry: 2, ..flat }, false).unwrap();
    with(LinksShape { row_count: 0, root: 0, ..flat }, false).unwrap();
}

/// Where a field of the preamble is in the data.
fn graph_field(name: &str) -> u64 {
    nigh_format::graph::FIELDS.iter().find(|field| field.name == name).unwrap().offset as u64
}

#[test]
fn the_curve() {
    let layout = links_layout();
    let decode = |points: [CurvePoint; 2]| decode_curve(&points.map(|p| p.encode()).concat(), &layout);
    let [first, second] = files::curve();
    assert_eq!(decode([first, second]).unwrap(), [first, second]);
    let nothing = CurvePoint { recall: 0.0, distances: 0.0, width: CURVE_WIDTH_MAX, slack: 0.0, refine: 0 };
    decode([nothing, CurvePoint { refine: CURVE_WIDTH_MAX, ..second }]).unwrap();
    let at = 64 + layout.curve().start + 32;
    for (offset, point) in [
        (0, CurvePoint { recall: 0.75, ..second }),
        (0, CurvePoint { recall: 0.5, ..second }),
        (0, CurvePoint { recall: f32::INFINITY, ..second }),
        (0, CurvePoint { recall: f32::NAN, ..second }),
        (4, CurvePoint { distances: -1.0, ..second }),
        (4, CurvePoint { distances: f32::INFINITY, ..second }),
        (4, CurvePoint { distances: f32::NAN, ..second }),
        (8, CurvePoint { width: 0, ..second }),
        (8, CurvePoint { width: CURVE_WIDTH_MAX + 1, ..second }),
        (12, CurvePoint { slack: -0.25, ..second }),
        (12, CurvePoint { slack: f32::NAN, ..second }),
        (16, CurvePoint { refine: CURVE_WIDTH_MAX + 1, ..second }),
    ] {
        let error = decode([first, point]).unwrap_err();
        assert_eq!(error.offset, at + offset, "{error}");
    }
    assert!(decode([CurvePoint { recall: -0.5, ..first }, second]).is_err());
    let mut bytes = [first, second].map(|point| point.encode()).concat();
    decode_curve(&bytes[32..], &layout).unwrap_err();
    bytes[63] = 1;
    assert_eq!(decode_curve(&bytes, &layout).unwrap_err().offset, at + 20);
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
fn sparse_rows() {
    let layout = files::sparse_layout();
    sparse::check_ends(&[0b10101], &files::SPARSE_ENDS, &layout).unwrap();
    for (presence, ends) in [
        (0b10111, files::SPARSE_ENDS),
        (0b110_0101, files::SPARSE_ENDS),
        (0b10101, [3, 2, 2, 2, 5]),
        (0b10101, [3, 4, 4, 4, 5]),
        (0b10101, [3, 3, 3, 3, 4]),
        (0b10101, [6, 6, 6, 6, 6]),
    ] {
        assert!(sparse::check_ends(&[presence], &ends, &layout).is_err(), "{presence:b} {ends:?}");
    }
    assert!(sparse::check_ends(&[0b10101], &files::SPARSE_ENDS[1..], &layout).is_err());
    sparse::check_row(&[1, 2, 9], &[0.0, -1.0, f32::MAX], 2, &layout).unwrap();
    let fails = |indices: &[u32], values: &[f32], offset: u64| {
        assert_eq!(sparse::check_row(indices, values, 2, &layout).unwrap_err().offset, 64 + offset);
    };
    fails(&[1, 9, 9], &[0.0; 3], layout.indices().start + 4 * 4);
    fails(&[2, 1, 9], &[0.0; 3], layout.indices().start + 4 * 3);
    fails(&[1, 2, 9], &[0.0, f32::NAN, 0.0], layout.values().start + 4 * 3);
    fails(&[1, 2, 9], &[0.0, 0.0, f32::INFINITY], layout.values().start + 4 * 4);
    fails(&[1, 2], &[0.0], 0);
}

#[test]
fn lists_of_postings() {
    let layout = files::postings_layout();
    let (lists, data) = files::posting_lists();
    let entries: Vec<_> = lists.iter().map(|list| list.to_entry()).collect();
    postings::check_lists(&files::TERMS, &entries, &layout).unwrap();
    let fails = |terms: &[u32], change: fn(&mut Vec<postings::Entry>)| {
        let mut entries = entries.clone();
        change(&mut entries);
        assert!(postings::check_lists(terms, &entries, &layout).is_err());
    };
    fails(&[7, 9, 9, 10], |_| {});
    fails(&files::TERMS[1..], |_| {});
    let bad: [fn(&mut Vec<postings::Entry>); 9] = [
        |entries| entries.truncate(3),
        |entries| entries[0][0] = 16,
        |entries| entries[1][0] = 16,
        |entries| entries[1][0] += 8,
        |entries| entries[1][2] = 0,
        |entries| entries[1][2] = 4,
        |entries| entries[1][2] = 2,
        |entries| entries[0][3] = f32::NAN.to_bits(),
        |entries| entries[2][5] = 1,
    ];
    bad.into_iter().for_each(|change| fails(&files::TERMS, change));
    for (list, next) in
        lists.iter().zip(lists.iter().skip(1).map(|next| next.start).chain([data.len() as u64]))
    {
        let bytes = &data[list.start as usize..next as usize];
        postings::check_list(list, bytes, &layout).unwrap();
        assert!(postings::check_list(list, &bytes[..bytes.len() - 16], &layout).is_err());
        assert!(postings::check_list(list, &[bytes, &[0; 16]].concat(), &layout).is_err());
        assert!(postings::check_list(&List { len: list.len + 1, ..*list }, bytes, &layout).is_err());
    }
}

/// Whichever bit is changed, what is wrong is seen, unless it is a weight between the least and the greatest.
#[test]
fn bits_of_a_list() {
    let layout = files::postings_layout();
    let (list, bytes) = files::one_block(0, &[1, 2, 4], &[0.5, 0.75, 1.0]);
    postings::check_list(&list, &bytes, &layout).unwrap();
    let middle = bytes.len() - 16 + 4..bytes.len() - 16 + 8;
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let seen = postings::check_list(&list, &bytes, &layout).is_err();
        assert!(seen || middle.contains(&(bit / 8)), "bit {bit}");
    }
}

#[test]
fn ends_of_a_payload_index() {
    let check = |ends: &[u32], total| payload_index::check_ends("end", ends, &(128..128 + 16), total);
    check(&[0, 2, 2, 5], 5).unwrap();
    payload_index::check_ends("end", &[], &(128..128), 5).unwrap();
    for (ends, total, place) in
        [([0, 2, 1, 5], 5, 2), ([0, 2, 6, 5], 5, 2), ([0, 2, 2, 4], 5, 3), ([0, 2, 2, 6], 5, 3)]
    {
        assert_eq!(check(&ends, total).unwrap_err().offset, 64 + 128 + 4 * place, "{ends:?}");
    }
    assert!(check(&[0, 2, 5], 5).is_err());
    assert!(check(&[0, 2, 2, 2, 5], 5).is_err());
}

#[test]
fn payload_indexes() {
    type Change = fn(&mut PayloadIndexParts);
    let check = |parts: &PayloadIndexParts| payload_index::check(&parts.content(), &parts.layout());
    let fails = |parts: fn() -> PayloadIndexParts, change: Change| {
        let mut parts = parts();
        check(&parts).unwrap();
        change(&mut parts);
        assert!(check(&parts).is_err());
    };
    let bad: [Change; 18] = [
        |parts| parts.key_ends[0] = 0,
        |parts| parts.key_ends[0] = 15,
        |parts| parts.key_ends[2] = 18,
        |parts| parts.key_ends[2] = 16,
        |parts| parts.key_ends.truncate(2),
        |parts| parts.keys.truncate(16),
        |parts| parts.keys[0] = 2,
        |parts| parts.keys[14] = 0,
        |parts| parts.posting_ends[0] = 0,
        |parts| parts.posting_ends[2] = 3,
        |parts| parts.postings[0] = 5,
        |parts| parts.postings[0] = u32::MAX,
        |parts| parts.postings.swap(1, 2),
        |parts| parts.values[2] = 0,
        |parts| parts.values[3] = NO_VALUE,
        |parts| parts.values[3] = 3,
        |parts| parts.values.truncate(4),
        |parts| parts.filled[0] = 0b01011,
    ];
    bad.into_iter().for_each(|change| fails(files::payload_index, change));
    let bad: [Change; 8] = [
        |parts| parts.null[0] |= 1 << 5,
        |parts| parts.filled[0] |= 1 << 63,
        |parts| parts.parts[0] = 0b00111,
        |parts| parts.parts[1] = 0b10000,
        |parts| parts.parts[1] |= 1 << 5,
        |parts| parts.parts.truncate(1),
        |parts| parts.null.clear(),
        |parts| parts.filled.push(0),
    ];
    bad.into_iter().for_each(|change| fails(files::payload_index, change));
    let bad: [Change; 9] = [
        |parts| parts.value_ends[0] = 1,
        |parts| parts.value_ends[0] = 5,
        |parts| parts.value_ends[1] = 1,
        |parts| parts.value_ends[4] = 3,
        |parts| parts.value_ends.truncate(4),
        |parts| parts.values.swap(0, 1),
        |parts| parts.values[0] = 1,
        |parts| parts.postings[2] = 0,
        |parts| parts.keys[1] = b'b',
    ];
    bad.into_iter().for_each(|change| fails(files::payload_index_multi, change));
}

/// Whichever bit of what ties points to keys is changed, it is seen.
#[test]
fn bits_of_a_payload_index() {
    for parts in [files::payload_index(), files::payload_index_multi()] {
        let (file, layout) = (parts.file(1), parts.layout());
        let data = &file[64..64 + layout.data_len() as usize];
        let sections = [layout.posting_ends(), layout.postings(), layout.value_ends(), layout.values()];
        for section in sections.into_iter().chain([layout.parts()]) {
            for bit in section.start * 8..section.end * 8 {
                let mut data = data.to_vec();
                data[bit as usize / 8] ^= 1 << (bit % 8);
                let read = PayloadIndexParts::read(&data, &layout);
                assert!(payload_index::check(&read.content(), &layout).is_err(), "bit {bit}");
            }
        }
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
