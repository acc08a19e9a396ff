//! T9: search over thousands of random points against brute force in f64, for every metric and datatype, in memory and sealed, with
//! points that lack the vector and points that died. `SEED` chooses the points, `NIGH_RUNS` how many rounds there are.

mod support;

use nigh::io::SimVfs;
use nigh::{CollectionConfig, Datatype, ManualClock, Metric, Point, PointId, SearchRequest, VectorConfig};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::model::{Model, Op};
use support::{DIR, Rng, options, seeds, small};

const DIM: u32 = 19;

/// Any values that the datatype takes; ties are rare.
fn values(rng: &mut Rng, datatype: Datatype) -> Vec<f32> {
    let value = |rng: &mut Rng| match datatype {
        Datatype::U8 => rng.below(256) as f32,
        Datatype::F32 | Datatype::F16 => rng.float() * 10.0,
    };
    (0..DIM).map(|_| value(rng)).collect()
}

/// Rounding of a score of sums up to about 1,900; rows of half precision are not quite of length 1.
fn rounding(model: &Model) -> f64 {
    let config = &model.vectors[""];
    match (config.metric, config.datatype) {
        (Metric::Cosine, Datatype::F16) => 1e-3,
        (Metric::Cosine, Datatype::F32 | Datatype::U8) => 1e-5,
        (Metric::Dot | Metric::Euclid | Metric::Manhattan, _) => 1e-3,
    }
}

/// Hits must be the best by the model, but two points may change places when their scores are within rounding.
fn check(model: &Model, hits: &[(PointId, f32)], query: &[f32], offset: usize, limit: usize, place: &str) {
    let ranking = model.ranking("", query);
    let truth: BTreeMap<PointId, f64> = ranking.iter().copied().collect();
    let expected = ranking.len().saturating_sub(offset).min(limit);
    assert_eq!(hits.len(), expected, "{place}: number of hits");
    for (rank, (id, score)) in hits.iter().enumerate() {
        let (exact, ideal) = (truth[id], ranking[offset + rank].1);
        let room = rounding(model).max(1e-6 * exact.abs());
        assert!((f64::from(*score) - exact).abs() <= room, "{place}: {id} scored {score}, is {exact}");
        assert!((exact - ideal).abs() <= 2.0 * room, "{place}: rank {rank} is {exact}, should be {ideal}");
    }
    let ids: std::collections::BTreeSet<_> = hits.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), hits.len(), "{place}: an id came twice");
}

fn round(seed: u64, metric: Metric, datatype: Datatype) -> u64 {
    let mut rng = Rng::new(seed);
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = options(vfs, &clock).open(DIR).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(DIM, metric).with_datatype(datatype))
        .with_optimizer(small(64 << 10));
    let points = db.create_collection("points", &config).expect("create");
    let mut model = Model::new(&config);
    let mut searches = 0;
    for step in 0..12u64 {
        let id = |rng: &mut Rng| PointId::from(rng.below(4000));
        let op = if step % 4 == 3 {
            Op::Delete((0..200).map(|_| id(&mut rng)).collect())
        } else {
            let point = |rng: &mut Rng| match rng.chance(10) {
                true => Point::without_vectors(id(rng)),
                false => Point::new(id(rng), values(rng, datatype)),
            };
            Op::Upsert((0..400).map(|_| point(&mut rng)).collect())
        };
        model.apply(&op).expect("legal");
        op.run(&points).expect("write");
        if step % 3 == 2 {
            db.run_background_jobs();
        }
        for (offset, limit) in [(0, 1), (0, 10), (7, 100), (0, 10_000), (1500, 30)] {
            let query = values(&mut rng, datatype);
            let request = SearchRequest::new(query.clone()).limit(limit).offset(offset);
            let hits = points.search(&request).expect("search");
            let hits: Vec<_> = hits.iter().map(|h| (h.id, h.score)).collect();
            let place = format!("SEED={seed}, {metric:?}, {datatype:?}, step {step}, {offset}+{limit}");
            check(&model, &hits, &query, offset, limit, &place);
            searches += 1;
        }
    }
    assert!(!points.info().expect("info").segments.is_empty());
    searches
}

#[test]
fn search_is_exact() {
    let mut searches = 0;
    for seed in seeds(1) {
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclid, Metric::Manhattan] {
            for datatype in [Datatype::F32, Datatype::F16, Datatype::U8] {
                searches += round(seed, metric, datatype);
            }
        }
    }
    println!("{searches} searches: 0 wrong");
}
