//! What the killed process was told to do, and what must be there afterwards: a seed, a writer and a number name an operation, and the model
//! says what it does to that writer's points. Both sides of the pipe make the same operation from the same numbers.

use super::run::Rng;
use nigh::{Applied, Collection, Payload, Point, PointId, Record, Result, SeqNo, Uuid};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Writers at work at once, each on ids of its own.
pub(crate) const WRITERS: u64 = 4;
/// Ids of one writer.
pub(crate) const IDS: u64 = 100;
/// Values of the unnamed vector; the first two are the point's number and its stamp.
pub(crate) const DIM: usize = 8;
/// Name of the second vector, which points may lack.
pub(crate) const TAG: &str = "tag";
/// Values of the second vector.
pub(crate) const TAG_DIM: usize = 3;

type Vectors = BTreeMap<String, Vec<f32>>;

/// A point that must be there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    /// `None` for a write whose place in the log was never told.
    pub(crate) version: Option<u64>,
    vectors: Vectors,
    payload: Map<String, Value>,
}

impl Stored {
    pub(crate) fn hash(&self) -> u64 {
        hash(&self.vectors, &self.payload)
    }
}

/// Content of a record in one number.
pub(crate) fn hash_of(record: &Record) -> u64 {
    let empty = Map::new();
    let payload = record.payload.as_ref().map_or(&empty, Payload::as_map);
    hash(record.vectors.as_ref().unwrap_or(&Vectors::new()), payload)
}

fn hash(vectors: &Vectors, payload: &Map<String, Value>) -> u64 {
    let mut text = serde_json::to_vec(payload).expect("a payload is JSON");
    for (name, values) in vectors {
        text.extend_from_slice(name.as_bytes());
        values.iter().for_each(|v| text.extend_from_slice(&v.to_bits().to_le_bytes()));
    }
    fnv(&text)
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3))
}

/// The id of the `number`th point: every third is a UUID.
pub(crate) fn id_of(number: u64) -> PointId {
    if number.is_multiple_of(3) {
        PointId::Uuid(Uuid::from_u128(u128::from(number) << 64 | 7))
    } else {
        number.into()
    }
}

/// One operation of one writer.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Upsert(Vec<Point>),
    Delete(Vec<PointId>),
    SetPayload(Vec<PointId>, Map<String, Value>),
    OverwritePayload(Vec<PointId>, Map<String, Value>),
    DeleteKeys(Vec<PointId>, Vec<&'static str>),
    ClearPayload(Vec<PointId>),
    UpdateVectors(Vec<(PointId, Vectors)>),
    DeleteVectors(Vec<PointId>),
    /// A batch with one point that no collection would take.
    Refused(Vec<Point>),
}

impl Operation {
    /// The `n`th operation of `writer`.
    pub(crate) fn nth(seed: u64, writer: u64, n: u64) -> Self {
        let mut rng = Rng::new(seed ^ (writer << 56) ^ n.wrapping_mul(0xA24B_AED4_963E_E407));
        let stamp = n % 4096;
        let numbers: Vec<u64> = match rng.below(10) {
            0 => (0..20 + rng.below(20)).map(|_| writer * IDS + rng.below(IDS)).collect(),
            _ => (0..1 + rng.below(4)).map(|_| writer * IDS + rng.below(IDS)).collect(),
        };
        let mut ids: Vec<PointId> = numbers.iter().map(|n| id_of(*n)).collect();
        let points = |rng: &mut Rng| numbers.iter().map(|n| point(rng, *n, stamp)).collect();
        match rng.below(20) {
            0..=8 => Self::Upsert(points(&mut rng)),
            9..=11 => Self::Delete(ids),
            12 => Self::SetPayload(ids, payload(&mut rng, None, stamp)),
            13 => Self::OverwritePayload(ids, payload(&mut rng, None, stamp)),
            14 => Self::DeleteKeys(ids, vec!["text", "none"]),
            15 => Self::ClearPayload(ids),
            16 => Self::DeleteVectors(ids),
            17 | 18 => {
                // Most often one point, since a batch with an absent point is refused.
                ids.truncate(1 + rng.below(2) as usize);
                let vectors = |(n, id): (&u64, PointId)| (id, vectors(&mut rng.clone(), *n, stamp));
                Self::UpdateVectors(numbers.iter().zip(ids).map(vectors).collect())
            }
            _ => {
                let mut batch: Vec<Point> = points(&mut rng);
                batch.push(Point::new(id_of(numbers[0]), vec![f32::NAN; DIM]));
                Self::Refused(batch)
            }
        }
    }

    /// What kind it is.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Upsert(_) => "upsert",
            Self::Delete(_) => "delete",
            Self::SetPayload(..) => "set payload",
            Self::OverwritePayload(..) => "overwrite payload",
            Self::DeleteKeys(..) => "delete keys",
            Self::ClearPayload(_) => "clear payload",
            Self::UpdateVectors(_) => "update vectors",
            Self::DeleteVectors(_) => "delete vectors",
            Self::Refused(_) => "a batch that is refused",
        }
    }

    /// Content in one number, so that both sides know that they mean the same.
    pub(crate) fn hash(&self) -> u64 {
        fnv(format!("{self:?}").as_bytes())
    }

    /// Hands the operation to the database.
    pub(crate) fn submit(self, points: &Collection) -> Result<SeqNo> {
        match self {
            Self::Upsert(batch) | Self::Refused(batch) => points.upsert(batch),
            Self::Delete(ids) => points.delete(ids),
            Self::SetPayload(ids, patch) => points.set_payload(ids, patch.into()),
            Self::OverwritePayload(ids, payload) => points.overwrite_payload(ids, payload.into()),
            Self::DeleteKeys(ids, keys) => points.delete_payload_keys(ids, keys),
            Self::ClearPayload(ids) => points.clear_payload(ids),
            Self::UpdateVectors(batch) => points.update_vectors(batch),
            Self::DeleteVectors(ids) => points.delete_vectors(ids, [TAG]),
        }
    }
}

fn payload(rng: &mut Rng, number: Option<u64>, stamp: u64) -> Map<String, Value> {
    // Some records span many sectors, a few are larger than the mutable segment may be.
    let len = match rng.below(40) {
        0 => rng.below(6000),
        1..=6 => 0,
        _ => rng.below(120),
    };
    let text: String = (0..len).map(|i| ['가', '나', 'x', ' '][((stamp + i) % 4) as usize]).collect();
    let mut map = Map::new();
    map.insert("stamp".to_owned(), json!(stamp));
    map.insert("text".to_owned(), json!({"도시": text, "f": stamp as f64 / 7.0}));
    if let Some(number) = number {
        map.insert("number".to_owned(), json!(number));
    }
    map
}

fn vectors(rng: &mut Rng, number: u64, stamp: u64) -> Vectors {
    let mut values = vec![number as f32, (stamp % 64) as f32];
    values.extend((2..DIM).map(|_| rng.below(16) as f32));
    let mut vectors = Vectors::from([(String::new(), values)]);
    if rng.below(2) == 0 {
        vectors.insert(TAG.to_owned(), (0..TAG_DIM).map(|_| rng.below(9) as f32).collect());
    }
    vectors
}

fn point(rng: &mut Rng, number: u64, stamp: u64) -> Point {
    let vectors = vectors(rng, number, stamp);
    Point { id: id_of(number), vectors, payload: payload(rng, Some(number), stamp).into() }
}

/// All points of one writer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Model(pub(crate) BTreeMap<PointId, Stored>);

impl Model {
    /// What `operation` makes of this; `None` if it must be refused.
    pub(crate) fn after(&self, operation: &Operation, version: Option<u64>) -> Option<Self> {
        let mut next = self.clone();
        match operation {
            Operation::Upsert(batch) => {
                for point in batch {
                    let (vectors, payload) = (point.vectors.clone(), point.payload.as_map().clone());
                    next.0.insert(point.id, Stored { version, vectors, payload });
                }
            }
            Operation::Delete(ids) => ids.iter().for_each(|id| drop(next.0.remove(id))),
            Operation::SetPayload(ids, patch) => {
                next.edit(ids, version, |s| s.payload.extend(patch.clone()));
            }
            Operation::OverwritePayload(ids, payload) => {
                next.edit(ids, version, |s| s.payload = payload.clone());
            }
            Operation::DeleteKeys(ids, keys) => {
                next.edit(ids, version, |s| keys.iter().for_each(|key| drop(s.payload.remove(*key))));
            }
            Operation::ClearPayload(ids) => next.edit(ids, version, |s| s.payload.clear()),
            Operation::UpdateVectors(batch) => {
                if batch.iter().any(|(id, _)| !self.0.contains_key(id)) {
                    return None;
                }
                for (id, vectors) in batch {
                    next.edit(&[*id], version, |s| s.vectors.extend(vectors.clone()));
                }
            }
            Operation::DeleteVectors(ids) => next.edit(ids, version, |s| drop(s.vectors.remove(TAG))),
            Operation::Refused(_) => return None,
        }
        Some(next)
    }

    fn edit(&mut self, ids: &[PointId], version: Option<u64>, edit: impl Fn(&mut Stored)) {
        for id in ids {
            if let Some(stored) = self.0.get_mut(id) {
                edit(stored);
                stored.version = version;
            }
        }
    }
}

/// What became of an operation, as its caller was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Acknowledged(u64),
    Refused,
    Unknown,
}

impl Answer {
    pub(crate) fn of(result: &Result<SeqNo>) -> Self {
        match result {
            Ok(seq) => Self::Acknowledged(seq.0),
            Err(e) if e.applied() == Applied::No => Self::Refused,
            Err(_) => Self::Unknown,
        }
    }
}
