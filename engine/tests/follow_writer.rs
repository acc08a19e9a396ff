//! A reader beside a writer: after each refresh it sees everything up to the writer's last write, across seals, merges, drops, creations and
//! aliases. `NIGH_RUNS` is the number of cases, `SEED` repeats one.

mod support;

use nigh::io::SimVfs;
use nigh::{
    AliasAction, CancelToken, Collection, CollectionConfig, CollectionUpdate, Database, Durability,
    ErrorKind, ManualClock,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use support::model::{Generator, Model};
use support::{DIR, Rng, options, seeds, small};

const NAMES: [&str; 2] = ["points", "문서"];

fn check(reader: &Database, sides: &BTreeMap<&str, (Collection, Model)>, alias: Option<&str>, place: &str) {
    reader.refresh().unwrap_or_else(|e| panic!("{place}: refresh: {e:?}"));
    let mut names: Vec<&str> = sides.keys().copied().collect();
    names.sort_unstable();
    assert_eq!(reader.collections(), names, "{place}");
    for (name, (writer, model)) in sides {
        let points = reader.collection(name).unwrap_or_else(|e| panic!("{place}: {name}: {e:?}"));
        model.check_points(&points, 9, place);
        assert_eq!(points.info().expect("info").last_seq.0, model.seq, "{place}: {name}");
        assert_eq!(points.config(), writer.config(), "{place}: {name}");
    }
    match (alias, reader.collection("현재")) {
        (Some(name), Ok(found)) => assert_eq!(found.name(), name, "{place}"),
        (None, Err(e)) => assert_eq!(e.kind(), ErrorKind::NotFound, "{place}: {e:?}"),
        (expected, found) => panic!("{place}: alias {expected:?}, got {found:?}"),
    }
    let report = reader.verify(&CancelToken::new(), |_, _| {});
    assert!(report.is_clean(), "{place}: {report:?}");
}

fn case(seed: u64) -> u64 {
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = options(vfs.clone(), &clock).open(DIR).expect("open");
    let reader = options(vfs, &clock).open_read_only(DIR).expect("open for reading");
    let (mut generator, mut rng) = (Generator::new(seed, 30), Rng::new(seed ^ 77));
    let mut sides: BTreeMap<&str, (Collection, Model)> = BTreeMap::new();
    let mut alias: Option<&str> = None;
    let mut refreshes = 0;
    for step in 0..250 {
        let place = format!("SEED={seed}, step {step}");
        let name = *rng.pick(&NAMES);
        match (rng.below(40), sides.get_mut(name)) {
            (_, None) => {
                let mut config = CollectionConfig::new().with_optimizer(small(1500));
                config.vectors = generator.vectors();
                let durability = [Durability::Sync, Durability::Buffered];
                config.durability = *rng.pick(&durability);
                let collection = db.create_collection(name, &config).expect("create");
                sides.insert(name, (collection, Model::new(&config)));
            }
            (0, Some(_)) => {
                assert!(db.drop_collection(name).expect("drop"));
                sides.remove(name);
                alias = alias.filter(|target| *target != name);
            }
            (1 | 2, Some(_)) => {
                let action = AliasAction::Create { alias: "현재".into(), collection: name.into() };
                db.update_aliases(&[action]).expect("alias");
                alias = Some(name);
            }
            (3, Some(_)) if alias.is_some() => {
                db.update_aliases(&[AliasAction::Delete { alias: "현재".into() }]).expect("alias");
                alias = None;
            }
            (4..=8, Some(_)) => {
                db.run_background_jobs();
            }
            (9 | 10, Some((collection, _))) => collection.checkpoint().expect("checkpoint"),
            (11, Some((collection, _))) => {
                let flush_interval = Some(Duration::from_millis(1 + rng.below(900)));
                collection
                    .update(&CollectionUpdate { flush_interval, ..Default::default() })
                    .expect("update");
            }
            (_, Some((collection, model))) => {
                let op = generator.op(model);
                if model.apply(&op).is_ok() {
                    op.run(collection).expect("write");
                }
            }
        }
        if rng.chance(40) {
            check(&reader, &sides, alias, &place);
            refreshes += 1;
        }
    }
    refreshes
}

#[test]
fn a_refreshed_reader_sees_the_last_write() {
    let refreshes: u64 = seeds(20).into_iter().map(case).sum();
    println!("{refreshes} refreshes: 0 divergences");
}

#[test]
fn a_reader_refuses_writes_and_changes_nothing() {
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = options(vfs.clone(), &clock).open(DIR).expect("open");
    let config = CollectionConfig::new();
    let points = db.create_collection("points", &config).expect("create");
    points.upsert([nigh::Point::without_vectors(1u64)]).expect("upsert");
    let syncs = vfs.sync_count();
    let reader = options(vfs.clone(), &clock).open_read_only(DIR).expect("open for reading");
    let read = reader.collection("points").expect("points");
    let refused = [
        read.upsert([nigh::Point::without_vectors(2u64)]).map(drop),
        read.delete([1u64.into()]).map(drop),
        read.clear_payload([1u64.into()]).map(drop),
        read.checkpoint(),
        read.update(&CollectionUpdate::default()),
        reader.create_collection("new", &config).map(drop),
        reader.drop_collection("points").map(drop),
        reader.update_aliases(&[]),
    ];
    for (i, result) in refused.into_iter().enumerate() {
        let error = result.expect_err("a refusal");
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Locked, nigh::Applied::No), "{i}: {error}");
    }
    assert_eq!(reader.run_background_jobs(), 0);
    reader.close().expect("close");
    assert_eq!(read.count().expect_err("closed").kind(), ErrorKind::Closed);
    assert_eq!(vfs.sync_count(), syncs, "a reader syncs nothing");
    assert_eq!(points.count().expect("count"), 1);
}
