//! `wal`: what a record costs at each level of durability, without much of a vector in it; and what a group of writers shares.
//!
//! `async` is timed until the queue has been emptied, which is when its writes are visible.

use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nigh::{Collection, Datatype, Durability, ErrorKind, Point};
use nigh_benches::Scene;

/// Writes `count` points with ids from `first` on, one a call.
fn write(collection: &Collection, first: u64, count: u64) {
    for id in first..first + count {
        loop {
            match collection.upsert([Point::new(id % 1_000, [id as f32, 0.0])]) {
                Ok(_) => break,
                Err(e) if e.kind() == ErrorKind::Busy => thread::yield_now(),
                Err(e) => panic!("{e}"),
            }
        }
    }
}

fn levels(c: &mut Criterion) {
    let mut group = c.benchmark_group("wal/one_writer");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    for durability in [Durability::Sync, Durability::Buffered, Durability::Async] {
        let scene = Scene::empty(2, Datatype::F32).expect("a new collection");
        let collection = scene.collection.with_durability(durability);
        group.bench_function(format!("{durability:?}").to_lowercase(), |b| {
            b.iter_custom(|count| {
                let begun = Instant::now();
                write(&collection, 0, count);
                // Comes after everything that was accepted before.
                scene
                    .collection
                    .with_durability(Durability::Buffered)
                    .delete([u64::MAX.into()])
                    .expect("flushed");
                begun.elapsed()
            });
        });
    }
    group.finish();
}

fn group_commit(c: &mut Criterion) {
    let mut group = c.benchmark_group("wal/sync_writers");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(5));
    for writers in [1_u64, 4, 16] {
        let scene = Scene::empty(2, Datatype::F32).expect("a new collection");
        group.bench_function(writers.to_string(), |b| {
            b.iter_custom(|count| {
                let each = count.div_ceil(writers);
                let begun = Instant::now();
                thread::scope(|scope| {
                    for writer in 0..writers {
                        let collection = &scene.collection;
                        scope.spawn(move || write(collection, writer * each, each));
                    }
                });
                // For `count` of the points that were written, which are a few more.
                begun.elapsed().mul_f64(count as f64 / (each * writers) as f64)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, levels, group_commit);
criterion_main!(benches);
