//! Operations come back as they were, and one whose parts disagree is neither written nor read.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Rng;
use common::log::{batch, operations, point_id};
use nigh_format::operation::{Operation, PointBatch, PointIdRecord, VectorColumn};

#[test]
fn each_variant_comes_back() {
    for operation in operations() {
        let body = operation.encode().unwrap();
        assert_eq!(Operation::decode(&body).unwrap(), operation);
    }
}

#[test]
fn made_up_operations_come_back() {
    for seed in 0..3000 {
        let mut rng = Rng::new(seed);
        let ids = (0..rng.below(6)).map(|_| point_id(&mut rng)).collect();
        let operation = match rng.below(8) {
            0 => Operation::Delete { ids },
            1 => Operation::SetPayload { ids, patch: rng.text(30).into_bytes(), path: rng.text(5) },
            2 => Operation::OverwritePayload { ids, payload: rng.text(30).into_bytes(), path: rng.text(5) },
            3 => {
                Operation::DeletePayloadKeys { ids, paths: (0..rng.below(4)).map(|_| rng.text(9)).collect() }
            }
            4 => Operation::ClearPayload { ids },
            5 => Operation::UpdateVectors(batch(&mut rng, false)),
            6 => Operation::DeleteVectors {
                ids,
                names: (0..rng.below(4)).map(|name| name.to_string()).collect(),
            },
            _ => Operation::Upsert(batch(&mut rng, true)),
        };
        let body = operation.encode().unwrap();
        // Bodies lie at any alignment in a mapped file.
        let shifted = [vec![0; 1 + rng.index(15)], body.clone()].concat();
        assert_eq!(
            Operation::decode(&shifted[shifted.len() - body.len()..]).unwrap(),
            operation,
            "seed {seed}"
        );
        for cut in 0..body.len() {
            assert_ne!(
                Operation::decode(&body[..cut]).ok().as_ref(),
                Some(&operation),
                "seed {seed}, cut {cut}"
            );
        }
    }
}

#[test]
fn a_large_batch_costs_little_more_than_its_vectors() {
    let (count, dim) = (256, 768);
    let ids = (0..count).map(PointIdRecord::Int).collect();
    let data = vec![7; count as usize * dim as usize * 4];
    let len = data.len();
    let column =
        VectorColumn { name: "text".into(), dim, datatype: 1, rows: (0..count as u32).collect(), data };
    let batch = PointBatch {
        ids,
        payload_ends: (1..=count as u32).map(|end| end * 2).collect(),
        payloads: b"{}".repeat(count as usize),
        columns: vec![column],
    };
    let operation = Operation::Upsert(batch);
    let body = operation.encode().unwrap();
    assert!(body.len() < len + 256 * (17 + 4 + 4 + 2) + 256, "{} bytes", body.len());
    assert_eq!(Operation::decode(&body).unwrap(), operation);
}

fn fails(change: impl FnOnce(&mut PointBatch)) {
    let Operation::Upsert(mut batch) = operations().swap_remove(0) else { panic!("an upsert comes first") };
    change(&mut batch);
    assert!(Operation::Upsert(batch.clone()).encode().is_err(), "{batch:?}");
    // What is not written is not read either, should another program have written it.
    let body = rkyv::to_bytes::<rkyv::rancor::Error>(&Operation::Upsert(batch)).unwrap();
    assert!(Operation::decode(&body).is_err());
}

#[test]
fn payload_rules() {
    fails(|batch| batch.payload_ends[0] = 8);
    fails(|batch| batch.payload_ends[2] = 10);
    fails(|batch| batch.payload_ends[2] = 8);
    fails(|batch| batch.payload_ends.truncate(2));
    fails(|batch| batch.payload_ends.clear());
    fails(|batch| batch.payload_ends[1] = u32::MAX);
    fails(|batch| batch.payloads[3] = 0xFF);
    fails(|batch| {
        // Both texts together are UTF-8, but neither is.
        batch.payloads = "ä".into();
        batch.payload_ends = vec![1, 2, 2];
    });
}

#[test]
fn column_rules() {
    fails(|batch| batch.columns[0].rows.swap(0, 1));
    fails(|batch| batch.columns[0].rows[1] = 0);
    fails(|batch| batch.columns[0].rows[1] = 3);
    fails(|batch| batch.columns[0].rows.truncate(1));
    fails(|batch| batch.columns[0].data.truncate(15));
    fails(|batch| batch.columns[0].dim = 0);
    fails(|batch| batch.columns[0].dim = u32::MAX);
    fails(|batch| batch.columns[0].datatype = 0);
    fails(|batch| batch.columns[0].datatype = 2);
    fails(|batch| batch.columns[0].name = "image".into());
}

#[test]
fn other_rules() {
    let Operation::Upsert(batch) = operations().swap_remove(0) else { panic!("an upsert comes first") };
    assert!(Operation::UpdateVectors(batch).encode().is_err());
    let (ids, path) = (vec![], String::new());
    assert!(
        Operation::SetPayload { ids: ids.clone(), patch: vec![0xFF], path: path.clone() }.encode().is_err()
    );
    assert!(Operation::OverwritePayload { ids: ids.clone(), payload: vec![0xFF], path }.encode().is_err());
    assert!(Operation::DeleteVectors { ids, names: vec!["a".into(), "a".into()] }.encode().is_err());
}

#[test]
fn ids_are_of_a_known_kind() {
    let body = Operation::Delete { ids: vec![PointIdRecord::Int(5)] }.encode().unwrap();
    let place = body.windows(17).position(|id| id == [[0, 5].as_slice(), &[0; 15]].concat()).unwrap();
    let with = |offset: usize, byte: u8| {
        let mut body = body.clone();
        body[place + offset] = byte;
        Operation::decode(&body)
    };
    assert_eq!(with(0, 1), Ok(Operation::Delete { ids: vec![PointIdRecord::Uuid(5)] }));
    assert!(with(0, 2).is_err());
    assert!(with(9, 1).is_err());
}
