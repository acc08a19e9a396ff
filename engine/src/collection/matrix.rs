//! The distance matrix of a sample: points are drawn at random, and each one's nearest among the others are found, exactly.

use super::stages::{sample, stored_rows};
use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::point::{DEFAULT_VECTOR, PointId};
use crate::query::{Hit, Scale, check_limit};
use crate::scorer::Scorer;
use crate::threads::CancelToken;
use crate::vectors::Row;
use std::sync::Arc;
use std::time::Duration;

/// Rows that one thread takes at a time.
const PART_ROWS: usize = 16;

/// Which points to compare with each other.
#[derive(Debug, Clone)]
pub struct MatrixRequest {
    using: String,
    filter: Option<Filter>,
    sample: usize,
    limit: usize,
    seed: u64,
    timeout: Option<Duration>,
    cancel: Option<CancelToken>,
}

impl MatrixRequest {
    /// 10 points, by their unnamed vectors, and the 3 nearest of each. Which points depends on the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            using: DEFAULT_VECTOR.to_owned(),
            filter: None,
            sample: 10,
            limit: 3,
            seed,
            timeout: None,
            cancel: None,
        }
    }

    /// Compares by the vector with this name; points without it are not drawn.
    pub fn using(mut self, name: impl Into<String>) -> Self {
        self.using = name.into();
        self
    }

    /// Only points that pass this filter.
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// How many points, 2..=10,000. The time it takes grows with the square.
    pub fn sample(mut self, sample: usize) -> Self {
        self.sample = sample;
        self
    }

    /// How many of the nearest of each, 1..=10,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Gives up with `Timeout` after this long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Gives up with `Cancelled` when the token is cancelled.
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = Some(token.clone());
        self
    }
}

/// Points of a sample and the nearest of each, itself left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DistanceMatrix {
    /// The points, in the order of ids.
    pub ids: Vec<PointId>,
    /// For each of them: places in `ids` of its nearest, nearest first, and their scores: similarities, or distances as they are.
    pub rows: Vec<Vec<(usize, f32)>>,
}

/// Two points and their score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatrixPair {
    /// One of the sample.
    pub a: PointId,
    /// One of its nearest.
    pub b: PointId,
    /// Similarity or distance.
    pub score: f32,
}

/// A sparse matrix in coordinates.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatrixOffsets {
    /// Place in `ids` of one of the sample.
    pub offsets_row: Vec<usize>,
    /// Place in `ids` of one of its nearest.
    pub offsets_col: Vec<usize>,
    /// Similarities or distances.
    pub scores: Vec<f32>,
    /// The points.
    pub ids: Vec<PointId>,
}

impl DistanceMatrix {
    /// As pairs of points.
    pub fn pairs(&self) -> Vec<MatrixPair> {
        let rows = self.ids.iter().zip(&self.rows);
        let pair = |a: PointId, (b, score): (usize, f32)| Some(MatrixPair { a, b: *self.ids.get(b)?, score });
        rows.flat_map(|(a, row)| row.iter().filter_map(move |to| pair(*a, *to))).collect()
    }

    /// As coordinates.
    pub fn offsets(self) -> MatrixOffsets {
        let mut offsets = MatrixOffsets { ids: self.ids, ..MatrixOffsets::default() };
        for (place, row) in self.rows.into_iter().enumerate() {
            for (other, score) in row {
                offsets.offsets_row.push(place);
                offsets.offsets_col.push(other);
                offsets.scores.push(score);
            }
        }
        offsets
    }
}

impl Collection {
    /// Draws points and finds the nearest of each among them; empty if fewer than two have the vector.
    ///
    /// # Errors
    /// `Invalid` for a bad limit, sample or filter, `NotFound` for an unknown vector, `Cancelled` or `Timeout` when asked to stop, `Corrupt` if bytes that the
    /// answer needs are damaged.
    pub fn distance_matrix(&self, request: &MatrixRequest) -> Result<DistanceMatrix> {
        let shared = self.readable()?;
        check_limit(request.limit)?;
        check_limit(request.sample)?;
        if request.sample < 2 {
            return Err(Error::invalid("sample", "2 or more", request.sample));
        }
        shared.distance_matrix(request)
    }
}

impl Shared {
    fn distance_matrix(&self, request: &MatrixRequest) -> Result<DistanceMatrix> {
        let vector = self.vector_index(&request.using)?;
        let params =
            self.params.get(vector).ok_or_else(|| Error::internal("a vector without parameters"))?.clone();
        let limiter = self.limiter(request.timeout, request.cancel.clone());
        let view = self.view.load();
        let among = self.matches(&view, request.filter.as_ref(), vector, &limiter)?;
        let has_vector = |hit: &Hit| match view.segments.get(hit.segment) {
            Some(segment) => segment.has_vector(vector, hit.offset),
            None => Ok(false),
        };
        let mut hits = sample(&view, request.sample, request.seed, &limiter, among.as_deref(), has_vector)?;
        if hits.len() < 2 {
            return Ok(DistanceMatrix::default());
        }
        hits.sort_unstable_by_key(|hit| hit.id);
        let rows: Arc<[Vec<f32>]> = stored_rows(&view, vector, &params, &hits)?.into();
        let (limit, scale, all) = (request.limit, Scale::of(params.metric), Arc::clone(&rows));
        let nearest_of = move |place: &usize| -> Result<Vec<(usize, f32)>> {
            limiter.check()?;
            let row = all.get(*place).ok_or_else(|| Error::internal("a row of no point"))?;
            let mut scorer = Scorer::new("vector", &params, row)?;
            let others = all.iter().enumerate().filter(|(other, _)| other != place);
            let mut scored: Vec<(usize, f32)> =
                others.map(|(other, row)| (other, scorer.score(Row::F32(row)))).collect();
            scored.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            scored.truncate(limit);
            scored.iter_mut().for_each(|(_, score)| *score = scale.outward(*score));
            Ok(scored)
        };
        let places: Vec<usize> = (0..rows.len()).collect();
        let parts: Vec<Vec<usize>> = places.chunks(PART_ROWS).map(<[usize]>::to_vec).collect();
        let found =
            self.env.pool.map(parts, move |part| part.iter().map(&nearest_of).collect::<Result<Vec<_>>>());
        let mut matrix = DistanceMatrix { ids: hits.iter().map(|hit| hit.id).collect(), rows: Vec::new() };
        for part in found {
            matrix.rows.extend(part.ok_or_else(|| Error::internal("a search thread panicked"))??);
        }
        Ok(matrix)
    }
}
