//! What a search did: counts and times, for whoever wants to know why it took so long or found so little.

use crate::ids::SegmentId;
use std::time::Duration;

/// How one segment was searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Every point was scored; with a filter, every point that passes.
    Scan,
    /// Every point that passes the filter was compared on codes, and the best were scored.
    CodeScan,
    /// A graph was walked on codes, over those points only that pass the filter.
    FilteredGraph,
    /// A graph was walked on codes.
    Graph,
    /// A graph was walked on the vectors themselves.
    GraphOnVectors,
}

/// What searching one segment took.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentExplain {
    /// The segment; none for one in memory.
    pub segment: Option<SegmentId>,
    /// How it was searched.
    pub plan: Plan,
    /// Points in it that are alive.
    pub points: u64,
    /// With a filter: points that pass and have the vector that is searched.
    pub matched: Option<u64>,
    /// Distances of codes, or of vectors where these were walked or scanned.
    pub distances: u64,
    /// Nodes of the graph whose neighbours were looked at.
    pub hops: u64,
    /// Candidates that were looked at again with all of their codes.
    pub refined: u64,
    /// Candidates that were scored by their vectors.
    pub rescored: u64,
    /// Candidates that were kept on the way.
    pub ef: usize,
    /// Time, scoring by vectors left out.
    pub walk: Duration,
    /// Time of scoring by vectors.
    pub rescore: Duration,
}

/// What one prefetch of a query did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LegExplain {
    /// What it was asked: `nearest`, `fusion` and so on.
    pub query: &'static str,
    /// Different points that its own prefetches found; 0 without any.
    pub candidates: usize,
    /// Points that it found.
    pub found: usize,
    /// Time, its own prefetches included; legs run beside each other, so times overlap.
    pub took: Duration,
    /// Each segment with live points, if it searched the collection for vectors.
    pub segments: Vec<SegmentExplain>,
    /// Its own prefetches.
    pub legs: Vec<LegExplain>,
}

/// What a search did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explain {
    /// Each segment with live points; of a query, what its root searched by itself.
    pub segments: Vec<SegmentExplain>,
    /// Different points that the prefetches of a query found.
    pub candidates: usize,
    /// The prefetches of a query.
    pub legs: Vec<LegExplain>,
    /// Time of checking the request and preparing the query.
    pub prepare: Duration,
    /// Time of finding the points that pass the filter.
    pub filter: Duration,
    /// Time of searching all segments, that of the filter included.
    pub search: Duration,
    /// Time of fetching what comes with the points.
    pub fetch: Duration,
}

impl Explain {
    /// Distances over all segments.
    pub fn distances(&self) -> u64 {
        self.segments.iter().map(|s| s.distances).sum()
    }

    /// Hops over all segments.
    pub fn hops(&self) -> u64 {
        self.segments.iter().map(|s| s.hops).sum()
    }
}
