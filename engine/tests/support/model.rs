//! A collection as it should be: operations go in, and what every read must then answer comes out, from a `BTreeMap` and sums in f64.
//!
//! Written from the documentation, not from the engine: payload paths, normalisation, scores and their order are computed here a second
//! time. [`Generator`] makes the operations. Whole-numbered vectors make scores exact, so that ties by id are compared too; cosine scores and
//! normalised rows are compared within rounding.

use super::Rng;
use nigh::{
    Collection, CollectionConfig, Datatype, Error, ErrorKind, Metric, Payload, Point, PointId, ScrollRequest,
    SearchRequest, SeqNo, Uuid, VectorConfig, WithPayload, WithVectors,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(crate) type Vectors = BTreeMap<String, Vec<f32>>;

/// One point as stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) vectors: Vectors,
    pub(crate) payload: Map<String, Value>,
    pub(crate) version: u64,
}

/// One collection at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) vectors: BTreeMap<String, VectorConfig>,
    pub(crate) points: BTreeMap<PointId, Stored>,
    /// The last operation.
    pub(crate) seq: u64,
}

/// A step of a payload path.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
    Every,
}

/// One write.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Upsert(Vec<Point>),
    Delete(Vec<PointId>),
    SetPayload(Vec<Step>, Vec<PointId>, Payload),
    OverwritePayload(Vec<Step>, Vec<PointId>, Payload),
    DeleteKeys(Vec<PointId>, Vec<Vec<Step>>),
    ClearPayload(Vec<PointId>),
    UpdateVectors(Vec<(PointId, Vectors)>),
    DeleteVectors(Vec<PointId>, Vec<String>),
}

impl Op {
    /// Carries the operation out on the real collection.
    pub(crate) fn run(&self, collection: &Collection) -> nigh::Result<SeqNo> {
        match self {
            Op::Upsert(points) => collection.upsert(points.clone()),
            Op::Delete(ids) => collection.delete(ids.clone()),
            Op::SetPayload(path, ids, patch) => {
                collection.set_payload_at(&text_of(path), ids.clone(), patch.clone())
            }
            Op::OverwritePayload(path, ids, new) => {
                collection.overwrite_payload_at(&text_of(path), ids.clone(), new.clone())
            }
            Op::DeleteKeys(ids, paths) => {
                collection.delete_payload_keys(ids.clone(), paths.iter().map(|p| text_of(p)))
            }
            Op::ClearPayload(ids) => collection.clear_payload(ids.clone()),
            Op::UpdateVectors(points) => collection.update_vectors(points.clone()),
            Op::DeleteVectors(ids, names) => collection.delete_vectors(ids.clone(), names.clone()),
        }
    }

    /// The points it speaks of.
    pub(crate) fn ids(&self) -> Vec<PointId> {
        match self {
            Op::Upsert(points) => points.iter().map(|p| p.id).collect(),
            Op::UpdateVectors(points) => points.iter().map(|p| p.0).collect(),
            Op::Delete(ids)
            | Op::SetPayload(_, ids, _)
            | Op::OverwritePayload(_, ids, _)
            | Op::DeleteKeys(ids, _)
            | Op::ClearPayload(ids)
            | Op::DeleteVectors(ids, _) => ids.clone(),
        }
    }
}

fn text_of(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
                if plain { text.push_str(key) } else { text.push_str(&format!("\"{key}\"")) }
            }
            Step::Index(i) => text.push_str(&format!("[{i}]")),
            Step::Every => text.push_str("[]"),
        }
    }
    text
}

/// Calls `act` on every place the path names; keys are created on the way, array elements are not.
fn at(value: &mut Value, path: &[Step], act: &mut dyn FnMut(&mut Value)) {
    match path.first() {
        None => act(value),
        Some(Step::Key(key)) => {
            if !value.is_object() {
                *value = json!({});
            }
            let map = value.as_object_mut().expect("made one");
            at(map.entry(key.clone()).or_insert(Value::Null), &path[1..], act);
        }
        Some(Step::Index(i)) => {
            if let Some(item) = value.as_array_mut().and_then(|items| items.get_mut(*i)) {
                at(item, &path[1..], act);
            }
        }
        Some(Step::Every) => {
            value.as_array_mut().into_iter().flatten().for_each(|item| at(item, &path[1..], act))
        }
    }
}

fn remove(value: &mut Value, path: &[Step]) {
    match (path, value) {
        ([Step::Key(key)], Value::Object(map)) => drop(map.remove(key)),
        ([Step::Every], Value::Array(items)) => items.clear(),
        ([Step::Key(key), rest @ ..], Value::Object(map)) if !rest.is_empty() => {
            if let Some(item) = map.get_mut(key) {
                remove(item, rest);
            }
        }
        ([Step::Index(i), rest @ ..], Value::Array(items)) if !rest.is_empty() => {
            if let Some(item) = items.get_mut(*i) {
                remove(item, rest);
            }
        }
        ([Step::Every, rest @ ..], Value::Array(items)) if !rest.is_empty() => {
            items.iter_mut().for_each(|item| remove(item, rest))
        }
        _ => {}
    }
}

/// A vector as the collection keeps it.
fn stored(config: &VectorConfig, values: &[f32]) -> Vec<f32> {
    let norm = values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
    let normalised = config.metric == Metric::Cosine && config.datatype != Datatype::U8 && norm > 0.0;
    let scaled = values.iter().map(|v| if normalised { (f64::from(*v) / norm) as f32 } else { *v });
    match config.datatype {
        Datatype::F16 => scaled.map(|v| half::f16::from_f32(v).to_f32()).collect(),
        Datatype::F32 | Datatype::U8 => scaled.collect(),
    }
}

/// Larger is nearer.
fn score(config: &VectorConfig, query: &[f32], row: &[f32]) -> f64 {
    let pairs = || query.iter().zip(row).map(|(q, r)| (f64::from(*q), f64::from(*r)));
    let dot: f64 = pairs().map(|(q, r)| q * r).sum();
    match config.metric {
        Metric::Dot => dot,
        Metric::Euclid => -pairs().map(|(q, r)| (q - r) * (q - r)).sum::<f64>().sqrt(),
        Metric::Manhattan => -pairs().map(|(q, r)| (q - r).abs()).sum::<f64>(),
        Metric::Cosine => {
            let norm = |v: &[f32]| v.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
            let both = norm(query) * norm(row);
            if both > 0.0 { dot / both } else { 0.0 }
        }
    }
}

/// How far the engine's cosine may be from the model's: f16 rows are rounded.
fn room(config: &VectorConfig) -> f64 {
    match (config.metric, config.datatype) {
        (Metric::Cosine, Datatype::F16) => 2e-3,
        (Metric::Cosine, Datatype::F32 | Datatype::U8) => 1e-5,
        _ => 0.0,
    }
}

impl Model {
    pub(crate) fn new(config: &CollectionConfig) -> Self {
        Self { vectors: config.vectors.clone(), points: BTreeMap::new(), seq: 0 }
    }

    /// What the operation does, or the kind of error it must fail with.
    pub(crate) fn apply(&mut self, op: &Op) -> Result<(), ErrorKind> {
        if let Op::UpdateVectors(points) = op
            && points.iter().any(|(id, _)| !self.points.contains_key(id))
        {
            return Err(ErrorKind::NotFound);
        }
        self.seq += 1;
        let seq = self.seq;
        let mut edit = |ids: &[PointId], act: &dyn Fn(&mut Stored)| {
            for id in ids {
                // An id that is named twice is still changed once.
                if let Some(point) = self.points.get_mut(id).filter(|p| p.version != seq) {
                    act(point);
                    point.version = seq;
                }
            }
        };
        let edit_payload = |point: &mut Stored, act: &dyn Fn(&mut Value)| {
            let mut value = Value::Object(std::mem::take(&mut point.payload));
            act(&mut value);
            let Value::Object(map) = value else { panic!("a payload stays an object") };
            point.payload = map;
        };
        match op {
            Op::Upsert(points) => {
                for point in points {
                    let row =
                        |(name, v): (&String, &Vec<f32>)| (name.clone(), stored(&self.vectors[name], v));
                    let vectors = point.vectors.iter().map(row).collect();
                    let payload = point.payload.as_map().clone();
                    self.points.insert(point.id, Stored { vectors, payload, version: seq });
                }
            }
            Op::Delete(ids) => ids.iter().for_each(|id| drop(self.points.remove(id))),
            Op::SetPayload(path, ids, patch) => edit(ids, &|point| {
                edit_payload(point, &|value| {
                    at(value, path, &mut |place| {
                        if !place.is_object() {
                            *place = json!({});
                        }
                        let map = place.as_object_mut().expect("made one");
                        patch.as_map().iter().for_each(|(k, v)| match v {
                            Value::Null => drop(map.remove(k)),
                            v => drop(map.insert(k.clone(), v.clone())),
                        });
                    });
                })
            }),
            Op::OverwritePayload(path, ids, new) => edit(ids, &|point| {
                edit_payload(point, &|value| {
                    at(value, path, &mut |place| *place = Value::Object(new.as_map().clone()))
                })
            }),
            Op::DeleteKeys(ids, paths) => edit(ids, &|point| {
                edit_payload(point, &|value| paths.iter().for_each(|path| remove(value, path)))
            }),
            Op::ClearPayload(ids) => edit(ids, &|point| point.payload.clear()),
            Op::UpdateVectors(points) => {
                for (id, vectors) in points {
                    let point = self.points.get_mut(id).expect("looked at above");
                    for (name, values) in vectors {
                        point.vectors.insert(name.clone(), stored(&self.vectors[name], values));
                    }
                    point.version = seq;
                }
            }
            Op::DeleteVectors(ids, names) => {
                edit(ids, &|point| names.iter().for_each(|name| drop(point.vectors.remove(name))))
            }
        }
        Ok(())
    }

    /// Compares every point, in pages of `page`, and the count.
    pub(crate) fn check_points(&self, collection: &Collection, page: usize, place: &str) {
        assert_eq!(collection.count().expect("count"), self.points.len() as u64, "{place}: count");
        let mut expected = self.points.iter();
        let mut request = ScrollRequest::new().limit(page).with_vectors(WithVectors::All);
        loop {
            let got = collection.scroll(&request).unwrap_or_else(|e| panic!("{place}: scroll: {e}"));
            for record in &got.points {
                let (id, point) =
                    expected.next().unwrap_or_else(|| panic!("{place}: {} should not exist", record.id));
                assert_eq!(record.id, *id, "{place}: order of the scroll");
                self.check_record(*id, point, record, place);
            }
            let Some(next) = got.next else { break };
            assert_eq!(got.points.len(), page, "{place}: a page is full unless it is the last");
            request = request.start_at(next);
        }
        assert_eq!(expected.next().map(|(id, _)| id), None, "{place}: missing from the scroll");
    }

    /// Compares what `get` says of some ids, those that do not exist included.
    pub(crate) fn check_get(&self, collection: &Collection, ids: &[PointId], place: &str) {
        let got = collection.get(ids.iter().copied(), &WithPayload::All, &WithVectors::All);
        let got = got.unwrap_or_else(|e| panic!("{place}: get: {e}"));
        let expected: Vec<PointId> = ids.iter().copied().filter(|id| self.points.contains_key(id)).collect();
        assert_eq!(got.iter().map(|r| r.id).collect::<Vec<_>>(), expected, "{place}: ids of get");
        got.iter().for_each(|record| self.check_record(record.id, &self.points[&record.id], record, place));
    }

    fn check_record(&self, id: PointId, point: &Stored, record: &nigh::Record, place: &str) {
        assert_eq!(record.version, SeqNo(point.version), "{place}: version of {id}");
        let payload = record.payload.as_ref().expect("asked for");
        assert_eq!(payload.as_map(), &point.payload, "{place}: payload of {id}");
        self.check_vectors(id, point, record.vectors.as_ref().expect("asked for"), place);
    }

    fn check_vectors(&self, id: PointId, point: &Stored, got: &Vectors, place: &str) {
        let names = |v: &Vectors| v.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(got), names(&point.vectors), "{place}: vectors of {id}");
        for (name, expected) in &point.vectors {
            let (config, got) = (&self.vectors[name], &got[name]);
            let room = room(config) as f32;
            let near = got.len() == expected.len()
                && got.iter().zip(expected).all(|(g, e)| g == e || (g - e).abs() <= room);
            assert!(near, "{place}: vector {name:?} of {id}: {got:?} for {expected:?}");
        }
    }

    /// Every point that has the vector, best first, ties by id.
    pub(crate) fn ranking(&self, using: &str, query: &[f32]) -> Vec<(PointId, f64)> {
        let config = &self.vectors[using];
        let rows = self.points.iter().filter_map(|(id, p)| Some((*id, p.vectors.get(using)?)));
        let mut all: Vec<_> = rows.map(|(id, row)| (id, score(config, query, row))).collect();
        all.sort_by(|a, b| b.1.partial_cmp(&a.1).expect("numbers").then(a.0.cmp(&b.0)));
        all
    }

    /// A search for everything finds every point that has the vector, with its version and score: by graphs too, however small.
    pub(crate) fn check_all_found(&self, collection: &Collection, place: &str) {
        for (using, config) in &self.vectors {
            let query: Vec<f32> = (0..config.dim).map(|i| (i % 3) as f32 + 1.0).collect();
            let ranking: BTreeMap<PointId, f64> = self.ranking(using, &query).into_iter().collect();
            let request = SearchRequest::new(query).using(using.clone()).limit(10_000);
            let hits = collection.search(&request).unwrap_or_else(|e| panic!("{place}, {using:?}: {e}"));
            assert_eq!(hits.len(), ranking.len(), "{place}, {using:?}: all of them");
            for hit in &hits {
                let exact = ranking.get(&hit.id).unwrap_or_else(|| panic!("{place}: {} is dead", hit.id));
                let off = (f64::from(hit.score) - exact).abs();
                assert!(off <= room(config).max(1e-5), "{place}, {using:?}: {} {}", hit.id, hit.score);
                assert_eq!(
                    hit.version,
                    SeqNo(self.points[&hit.id].version),
                    "{place}: version of {}",
                    hit.id
                );
            }
        }
    }

    /// Compares one search with the ranking.
    pub(crate) fn check_search(&self, collection: &Collection, search: &Search, place: &str) {
        let place = format!("{place}, {search:?}");
        let mut request = SearchRequest::new(search.query.clone())
            .using(search.using.clone())
            .limit(search.limit)
            .offset(search.offset)
            // Graphs promise neither the last of the nearest nor ties in id order.
            .exact(self.vectors[&search.using].index.graph_points_min < 1000)
            .with_payload(WithPayload::All)
            .with_vectors(WithVectors::All);
        if let Some(threshold) = search.threshold {
            request = request.score_threshold(threshold);
        }
        let hits = collection.search(&request).unwrap_or_else(|e| panic!("{place}: {e}"));
        let room = room(&self.vectors[&search.using]);
        let mut ranking = self.ranking(&search.using, &search.query);
        if let Some(threshold) = search.threshold {
            ranking.retain(|(_, score)| (*score as f32) > threshold);
        }
        for hit in &hits {
            let point = self.points.get(&hit.id).unwrap_or_else(|| panic!("{place}: {} is dead", hit.id));
            assert_eq!(hit.version, SeqNo(point.version), "{place}: version of {}", hit.id);
            assert_eq!(hit.payload.as_ref().expect("asked for").as_map(), &point.payload, "{place}");
            self.check_vectors(hit.id, point, hit.vectors.as_ref().expect("asked for"), &place);
        }
        let got: Vec<(PointId, f32)> = hits.iter().map(|h| (h.id, h.score)).collect();
        if room == 0.0 {
            let window = ranking.iter().skip(search.offset).take(search.limit);
            let expected: Vec<_> = window.map(|(id, score)| (*id, *score as f32)).collect();
            assert_eq!(got, expected, "{place}");
        } else {
            self.check_about(&got, &ranking, search, room, &place);
        }
    }

    /// Where scores are rounded: each is near the truth, they descend, and nothing better is missing.
    fn check_about(
        &self,
        got: &[(PointId, f32)],
        ranking: &[(PointId, f64)],
        search: &Search,
        room: f64,
        place: &str,
    ) {
        if search.threshold.is_none() {
            let expected = ranking.len().saturating_sub(search.offset).min(search.limit);
            assert_eq!(got.len(), expected, "{place}: number of hits");
        }
        let truth: BTreeMap<PointId, f64> = self.ranking(&search.using, &search.query).into_iter().collect();
        for (id, score) in got {
            assert!((f64::from(*score) - truth[id]).abs() <= room, "{place}: {id} {score} {}", truth[id]);
        }
        for pair in got.windows(2) {
            let ordered = pair[0].1 > pair[1].1 || (pair[0].1 == pair[1].1 && pair[0].0 < pair[1].0);
            assert!(ordered, "{place}: order of {pair:?}");
        }
        if search.offset == 0 && search.threshold.is_none() {
            let worst = got.last().map_or(f64::NEG_INFINITY, |(_, score)| f64::from(*score));
            let missed = ranking.iter().filter(|(id, _)| got.iter().all(|(g, _)| g != id));
            for (id, score) in missed {
                assert!(*score <= worst + 2.0 * room, "{place}: {id} with {score} is missing");
            }
        }
    }
}

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) using: String,
    pub(crate) query: Vec<f32>,
    pub(crate) limit: usize,
    pub(crate) offset: usize,
    pub(crate) threshold: Option<f32>,
}

/// Makes configurations, operations and questions from a seed.
pub(crate) struct Generator {
    pub(crate) rng: Rng,
    ids: Vec<PointId>,
    stamp: u64,
}

const METRICS: [Metric; 4] = [Metric::Cosine, Metric::Dot, Metric::Euclid, Metric::Manhattan];
const DATATYPES: [Datatype; 3] = [Datatype::F32, Datatype::F16, Datatype::U8];
const KEYS: [&str; 6] = ["도시", "n", "목록", "객체", "key with. dots", "t"];
const WORDS: [&str; 6] = ["서울", "부산 해운대", "제주도", "한글 텍스트와 emoji 🙂", "", "\u{0}\"\\\n"];

impl Generator {
    /// Over `id_count` ids, a quarter of them UUIDs.
    pub(crate) fn new(seed: u64, id_count: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut ids: Vec<PointId> =
            vec![0u64.into(), u64::MAX.into(), Uuid::nil().into(), Uuid::max().into()];
        for i in 1..id_count.max(5) - 3 {
            let uuid = Uuid::from_u128(u128::from(rng.next()) << 64 | u128::from(rng.next()));
            ids.push(if i % 4 == 0 { uuid.into() } else { i.into() });
        }
        Self { rng, ids, stamp: 0 }
    }

    /// Up to three vectors of any metric and datatype.
    pub(crate) fn vectors(&mut self) -> BTreeMap<String, VectorConfig> {
        let mut vectors = BTreeMap::new();
        for name in ["", "이미지", "text"] {
            if self.rng.chance(60) {
                let dim = *self.rng.pick(&[1, 2, 3, 5, 8, 17]);
                let metric = *self.rng.pick(&METRICS);
                let datatype = *self.rng.pick(&DATATYPES);
                let mut config = VectorConfig::new(dim, metric).with_datatype(datatype);
                if self.rng.chance(60) {
                    config.index.graph_points_min = 1 + self.rng.below(12) as u32;
                }
                vectors.insert(name.to_owned(), config);
            }
        }
        vectors
    }

    pub(crate) fn id(&mut self) -> PointId {
        *self.rng.pick(&self.ids)
    }

    fn some_ids(&mut self, max: u64) -> Vec<PointId> {
        (0..=self.rng.below(max)).map(|_| self.id()).collect()
    }

    /// Small whole numbers: exact in every datatype, and ties abound.
    pub(crate) fn values(&mut self, config: &VectorConfig) -> Vec<f32> {
        let low = if config.datatype == Datatype::U8 { 0 } else { -3 };
        (0..config.dim).map(|_| (self.rng.below(7) as i64 + low) as f32).collect()
    }

    fn vectors_of(&mut self, model: &Model, percent: u64) -> Vectors {
        let mut vectors = Vectors::new();
        for (name, config) in &model.vectors {
            if self.rng.chance(percent) {
                vectors.insert(name.clone(), self.values(config));
            }
        }
        vectors
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.rng.below(if depth == 0 { 9 } else { 12 }) {
            0 => json!(self.rng.pick(&[u64::MAX, 0, 1 << 53])),
            1 => json!(self.rng.pick(&[i64::MIN, -1])),
            2 => json!(self.rng.pick(&[1e308, -0.0, 5e-324, 0.1, -1.5e-7])),
            3 => Value::Null,
            4 => json!(self.rng.chance(50)),
            5..=7 => json!(self.rng.pick(&WORDS)),
            8 => json!("가나다라마바사 ".repeat(self.rng.below(30) as usize)),
            9 | 10 => (0..self.rng.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => Value::Object(self.object(depth - 1)),
        }
    }

    fn object(&mut self, depth: u32) -> Map<String, Value> {
        let keys: Vec<&str> = (0..self.rng.below(4)).map(|_| *self.rng.pick(&KEYS)).collect();
        keys.into_iter().map(|key| (key.to_owned(), self.value(depth))).collect()
    }

    fn payload(&mut self) -> Payload {
        let mut map = self.object(3);
        if self.rng.chance(70) {
            self.stamp += 1;
            map.insert("stamp".to_owned(), json!(self.stamp));
        }
        map.into()
    }

    fn path(&mut self) -> Vec<Step> {
        let mut path = vec![Step::Key((*self.rng.pick(&KEYS)).to_owned())];
        for _ in 0..self.rng.below(3) {
            path.push(match self.rng.below(4) {
                0 => Step::Index(self.rng.below(3) as usize),
                1 => Step::Every,
                _ => Step::Key((*self.rng.pick(&KEYS)).to_owned()),
            });
        }
        path
    }

    fn point(&mut self, model: &Model) -> Point {
        let id = self.id();
        let percent = *self.rng.pick(&[0, 70, 100]);
        let vectors = self.vectors_of(model, percent);
        let payload = if self.rng.chance(80) { self.payload() } else { Payload::default() };
        Point { id, vectors, payload }
    }

    /// A write that is legal, whether or not its points exist.
    pub(crate) fn op(&mut self, model: &Model) -> Op {
        let maybe_path = |g: &mut Self| if g.rng.chance(50) { g.path() } else { Vec::new() };
        match self.rng.below(20) {
            0..=3 => Op::Upsert(vec![self.point(model)]),
            4..=8 => Op::Upsert((0..=self.rng.below(8)).map(|_| self.point(model)).collect()),
            9..=11 => Op::Delete(self.some_ids(4)),
            12 => Op::SetPayload(maybe_path(self), self.some_ids(4), self.payload()),
            13 => Op::OverwritePayload(maybe_path(self), self.some_ids(4), self.payload()),
            14 => {
                let ids = self.some_ids(4);
                Op::DeleteKeys(ids, (0..=self.rng.below(2)).map(|_| self.path()).collect())
            }
            15 => Op::ClearPayload(self.some_ids(3)),
            16 | 17 => {
                let live: Vec<PointId> = model.points.keys().copied().collect();
                let points = (0..=self.rng.below(3)).map(|_| {
                    let id = match live.as_slice() {
                        live if !live.is_empty() && self.rng.chance(95) => *self.rng.pick(live),
                        _ => self.id(),
                    };
                    (id, self.vectors_of(model, 60))
                });
                Op::UpdateVectors(points.collect())
            }
            _ => {
                let percent = *self.rng.pick(&[30, 100]);
                let names = model.vectors.keys().filter(|_| self.rng.chance(percent)).cloned().collect();
                Op::DeleteVectors(self.some_ids(4), names)
            }
        }
    }

    /// A write that must be refused, and the kind of the refusal.
    pub(crate) fn bad_op(&mut self, model: &Model) -> (Op, ErrorKind) {
        let id = self.id();
        let Some((name, config)) = model.vectors.iter().next() else {
            return (Op::Upsert(vec![Point::new(id, [1.0])]), ErrorKind::NotFound);
        };
        let point = |values: Vec<f32>| {
            Op::Upsert(vec![
                Point::without_vectors(id),
                Point::without_vectors(id).with_vector(name.clone(), values),
            ])
        };
        let dim = config.dim as usize;
        match self.rng.below(5) {
            0 => (point(vec![1.0; dim + 1]), ErrorKind::InvalidArgument),
            1 => (point(vec![f32::NAN; dim]), ErrorKind::InvalidArgument),
            2 => (Op::Upsert(Vec::new()), ErrorKind::InvalidArgument),
            3 => (Op::DeleteVectors(vec![id], vec!["nothing".to_owned()]), ErrorKind::NotFound),
            _ => (Op::Delete(vec![id; 10_001]), ErrorKind::TooLarge),
        }
    }

    /// A question about one of the model's vectors, if it has any.
    pub(crate) fn search(&mut self, model: &Model) -> Option<Search> {
        let names: Vec<&String> = model.vectors.keys().collect();
        if names.is_empty() {
            return None;
        }
        let using = (*self.rng.pick(&names)).clone();
        let config = &model.vectors[&using];
        let query = self.values(config);
        let (limit, offset) = (1 + self.rng.below(12) as usize, self.rng.below(3) as usize * 4);
        let exact = room(config) == 0.0;
        let threshold = (exact && self.rng.chance(30)).then(|| self.rng.below(21) as f32 - 10.0);
        Some(Search { using, query, limit, offset, threshold })
    }
}

/// The refusal that was expected, and that says so itself.
pub(crate) fn check_refusal(error: &Error, kind: ErrorKind, place: &str) {
    assert_eq!(error.kind(), kind, "{place}: {error}");
    assert_eq!(error.applied(), nigh::Applied::No, "{place}: {error}");
}
