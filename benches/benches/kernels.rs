//! `kernels/int8.rs` beside simsimd: the products of one query with 32 rows of codes, which is what one step of a walk asks for.
//!
//! Rows are few, so that they stay in the nearest caches, or picked at random from 256 MB. Our kernels are given the list of rows and fetch
//! ahead; simsimd has one row a call, and bytes of one sign for both sides. The engine keeps its kernels to itself, so their source is
//! compiled into this bench once more.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kernels::int8::{Int8Kernels, Prefetch, Rows};
use simsimd::SpatialSimilarity;

#[expect(dead_code, reason = "the bench asks for one of many kernels")]
#[allow(unused_imports, reason = "cargo compiles benches as tests, and here nobody runs them")]
#[path = "../../engine/src/kernels/mod.rs"]
mod kernels;

/// Rows a step: the links of a node.
const LINKS: usize = 32;
/// Rows that stay in the nearest caches.
const FEW_ROWS: usize = 256;
/// More than any cache holds.
const MANY_BYTES: usize = 256 << 20;
/// Steps before the same rows come again.
const STEPS: usize = 1 << 14;
/// Cache lines that may be asked for ahead at one time.
const LINES_AHEAD: u32 = 48;
const LINE_BYTES: usize = 64;

fn dot(c: &mut Criterion) {
    let ours = Int8Kernels::detect();
    let codes: Vec<u8> = (0..MANY_BYTES).map(|at| mixed(at as u64) as u8).collect();
    for dim in [128, 384, 768, 1024] {
        let query: Vec<i8> = codes[..dim].iter().map(|code| code.wrapping_sub(128).cast_signed()).collect();
        let lines = dim.div_ceil(LINE_BYTES) as u32;
        let prefetch = Prefetch { ahead: (LINES_AHEAD / lines).clamp(2, 16), lines };
        for (place, rows) in [("cached", FEW_ROWS), ("random_256mb", MANY_BYTES / dim)] {
            let codes = &codes[..rows * dim];
            let ids: Vec<u32> =
                (0..STEPS * LINKS).map(|at| (mixed(at as u64) % rows as u64) as u32).collect();
            let mut group = c.benchmark_group(format!("kernels/int8_dot/{dim}/{place}"));
            group.throughput(Throughput::Elements(LINKS as u64));

            let mut turn = ids.chunks(LINKS).cycle();
            let mut out = [0; LINKS];
            group.bench_function(format!("nigh_{}", ours.name()), |b| {
                b.iter(|| {
                    let ids = turn.next().expect("cycles do not end");
                    ours.dot_rows(Rows::new(codes, dim), ids, black_box(&query), prefetch, &mut out);
                    black_box(out)
                });
            });

            let signed: &[i8] = bytemuck::cast_slice(codes);
            let mut turn = ids.chunks(LINKS).cycle();
            let mut out = [0.0; LINKS];
            group.bench_function("simsimd", |b| {
                b.iter(|| {
                    let ids = turn.next().expect("cycles do not end");
                    for (out, id) in out.iter_mut().zip(ids) {
                        let row = &signed[*id as usize * dim..][..dim];
                        *out = i8::dot(row, black_box(&query)).expect("equal lengths");
                    }
                    black_box(out)
                });
            });
            group.finish();
        }
    }
}

/// A number in which every bit of `seed` counts (the finaliser of SplitMix64).
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

criterion_group!(benches, dot);
criterion_main!(benches);
