//! Walking a graph: here are distances to a query and some nodes to start at, give me the nearest nodes.
//!
//! Best-first search with a beam (arXiv 1603.09320, algorithm 2): the nearest candidate that was not expanded yet is, its neighbours that
//! were not met before are scored together, and those nearer than the beam's last get in. It ends when every candidate of the beam is
//! expanded, or earlier, when the next one is so much farther than the `k`th that the rest is not worth it (arXiv 2505.15636).
//!
//! Nothing is allocated once a [`Scratch`] has grown to the graph it serves. Threads: each walk has its own scratch.

use super::beam::Beam;
use super::graph::{Layer, Tower};
use super::visited::Visited;
use crate::kernels::int8::prefetch_words;

/// Distances to one query, as keys: unsigned numbers, smaller is nearer.
pub(crate) trait Distances {
    /// `keys[i]` is the key of node `nodes[i]`.
    fn keys(&mut self, nodes: &[u32], keys: &mut [u32]);

    /// What a key stands for: a squared distance in some unit, 0 for the query itself.
    fn distance(&self, key: u32) -> f32;

    /// The key of a distance, or a little more.
    fn key(&self, distance: f32) -> u32;
}

/// When a walk may end before its beam is used up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stop {
    /// Neighbours asked for.
    pub(crate) k: usize,
    /// How much farther than the `k`th, as a share of its squared distance, a candidate is still expanded; infinite for no early end.
    pub(crate) slack: f32,
}

impl Stop {
    /// Only when the beam is used up.
    pub(crate) const NEVER: Self = Self { k: 1, slack: f32::INFINITY };
}

/// How to walk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Walk {
    /// Candidates that are kept.
    pub(crate) width: usize,
    pub(crate) stop: Stop,
    /// A node to pass by as if it were not there.
    pub(crate) hide: Option<u32>,
}

/// What a walk did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Distances computed.
    pub(crate) distances: u64,
    /// Nodes expanded.
    pub(crate) hops: u64,
}

/// Memory of a walk, to be used again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) beam: Beam,
    visited: Visited,
    nodes: Vec<u32>,
    keys: Vec<u32>,
    /// Nodes that do not pass, to be looked behind.
    bridges: Vec<u32>,
    pub(crate) counts: Counts,
}

/// Walks one layer from `starts`; the nearest nodes are then in `scratch.beam`.
pub(crate) fn walk(
    layer: Layer<'_>,
    distances: &mut impl Distances,
    starts: &[u32],
    how: Walk,
    scratch: &mut Scratch,
) {
    let Scratch { beam, visited, nodes, keys, counts, .. } = scratch;
    let room = layer.row_len().max(starts.len());
    if nodes.len() < room {
        nodes.resize(room, 0);
        keys.resize(room, 0);
    }
    beam.reset(how.width.max(1));
    visited.reset(layer.len());
    if let Some(node) = how.hide {
        visited.insert(node);
    }
    let mut count = 0;
    for start in starts {
        if visited.insert(*start) {
            nodes[count] = *start;
            count += 1;
        }
    }
    loop {
        counts.distances += count as u64;
        let new = (&nodes[..count], &mut keys[..count]);
        let Some(node) = step(layer, distances, new, how.stop, beam) else { return };
        counts.hops += 1;
        count = visited.insert_row(layer.row(node), nodes);
        if let Some(node) = beam.after_next() {
            prefetch_words(layer.row(node));
        }
    }
}

/// Compares new nodes with the query and keeps the near ones; the node to expand next, which counts as expanded then, or none if the walk is over.
#[inline(always)]
fn step(
    layer: Layer<'_>,
    distances: &mut impl Distances,
    (new, keys): (&[u32], &mut [u32]),
    stop: Stop,
    beam: &mut Beam,
) -> Option<u32> {
    distances.keys(new, keys);
    for (node, key) in new.iter().zip(keys) {
        if *key <= beam.bound() && beam.insert(*key, *node) {
            prefetch_words(layer.row(*node));
        }
    }
    if stop.slack < f32::INFINITY
        && let Some(kth) = beam.key_at(stop.k - 1)
    {
        // What is farther would never be expanded: it is not kept either.
        beam.cut(distances.key(distances.distance(kth) * (1.0 + stop.slack)));
    }
    let (_, node) = beam.peek()?;
    beam.expand();
    Some(node)
}

/// Walks one layer as [`walk`] does, over those nodes only that pass: only they are compared and kept. What does not pass is a bridge where few of a node's neighbours
/// do: its own neighbours stand in for it, once (ACORN-1, arXiv 2403.04871, with bridges as in arXiv 2607.00768). `starts` may pass or not.
pub(crate) fn walk_among(
    layer: Layer<'_>,
    distances: &mut impl Distances,
    starts: &[u32],
    how: Walk,
    passes: impl Fn(u32) -> bool,
    scratch: &mut Scratch,
) {
    let Scratch { beam, visited, nodes, keys, bridges, counts } = scratch;
    let enough = layer.row_len() / 2;
    let room = starts.len().max(layer.row_len()) + layer.row_len();
    if nodes.len() < room {
        nodes.resize(room, 0);
        keys.resize(room, 0);
    }
    beam.reset(how.width.max(1));
    visited.reset(layer.len());
    if let Some(node) = how.hide {
        visited.insert(node);
    }
    let (mut count, mut next) = (0, 0);
    bridges.clear();
    for start in starts {
        if visited.insert(*start) {
            if passes(*start) {
                nodes[count] = *start;
                count += 1;
            } else {
                bridges.push(*start);
            }
        }
    }
    loop {
        // A bridge leads to those that pass among its neighbours; those that do not may be bridges later.
        while count < enough
            && let Some(bridge) = bridges.get(next)
        {
            next += 1;
            for node in layer.neighbors(*bridge) {
                if passes(node) && visited.insert(node) {
                    nodes[count] = node;
                    count += 1;
                }
            }
        }
        counts.distances += count as u64;
        let new = (&nodes[..count], &mut keys[..count]);
        let Some(node) = step(layer, distances, new, how.stop, beam) else { return };
        counts.hops += 1;
        let met = visited.insert_row(layer.row(node), nodes);
        (count, next) = (0, 0);
        bridges.clear();
        for at in 0..met {
            let node = nodes[at];
            if passes(node) {
                nodes[count] = node;
                count += 1;
            } else {
                bridges.push(node);
            }
        }
        if count < enough {
            bridges.iter().for_each(|bridge| prefetch_words(layer.row(*bridge)));
        }
    }
}

/// Walks down the upper layers; where to start among the nodes is left in `starts`. `upper(level)` are the distances in that layer.
pub(crate) fn descend<D: Distances>(
    tower: &Tower,
    width: usize,
    mut upper: impl FnMut(usize) -> D,
    starts: &mut Vec<u32>,
    scratch: &mut Scratch,
) {
    starts.clear();
    starts.push(tower.entry);
    for level in (0..tower.layers.len()).rev() {
        let how = Walk { width, stop: Stop::NEVER, hide: None };
        walk(tower.layer(level), &mut upper(level), starts, how, scratch);
        let ids = &tower.layers[level].ids;
        starts.clear();
        starts.extend(scratch.beam.words().iter().map(|word| ids[super::id_of(*word) as usize]));
    }
}
