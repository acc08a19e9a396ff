//! Building: codes go in, a graph comes out.
//!
//! Nodes are inserted in batches, each up to twice as large as what is there. The nodes of a batch look for neighbours at the same time in
//! the graph as it was before, and prune what they found; then the links back are gathered by target, and rows that overflow
//! are pruned. So the result depends on codes, parameters and seed, and not on the number of threads.
//!
//! The upper layers are built first, over samples; their nodes are inserted first, so that later searches can start from them.

use super::graph::{FREE_LINK, Graph, Layer, Tower, Upper, set_row};
use super::prune::{PruneScratch, prune};
use super::repair::{attach_unreached, link_lost, raise_inward};
use super::search::{Scratch, Stop, Walk, descend, walk};
use super::space::Space;
use crate::error::Result;
use crate::quantization::CodeBuffer;
use crate::threads::parallel;

/// How to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BuildParams {
    /// Half the links of a node.
    pub(crate) m: u32,
    /// Candidates of the search for neighbours.
    pub(crate) ef_construction: u32,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

/// Links that some nodes have already, all among themselves.
#[derive(Debug, Clone)]
pub(crate) struct Seeded {
    pub(crate) rows: Vec<SeededRow>,
    /// The one of them to start walks from.
    pub(crate) root: u32,
}

/// A node's links from an earlier graph.
#[derive(Debug, Clone)]
pub(crate) struct SeededRow {
    pub(crate) node: u32,
    pub(crate) links: Vec<u32>,
    /// What the node's lost neighbours linked to: who takes their place.
    pub(crate) heirs: Vec<u32>,
}

/// The lenient rule of pruning, on squared distances: 1.2 is 1.1 of plain ones.
const ALPHA: f32 = 1.2;
/// Rows may overgrow by this before they are pruned.
const SLACK_PERCENT: usize = 130;
/// Each upper layer samples one node of so many.
const LAYER_RATIO: usize = 32;
/// No layer is smaller.
const LAYER_MIN: usize = 32;
/// Candidates kept on the way down through the upper layers, while building.
const DESCENT_WIDTH: usize = 2;
const BATCH_MIN: usize = 512;
/// How every node is looked for at the end: with so few candidates, and until the next is so much farther than the nearest.
const SEARCH_WIDTH: usize = 32;
const SEARCH_SLACK: f32 = 4.0;
const SEARCH_ROUNDS: usize = 3;
/// Nodes that a thread takes at a time, at least.
const GROUP_MIN: usize = 16;

/// One thread's memory.
#[derive(Debug, Default)]
struct Worker {
    scratch: Scratch,
    pruning: PruneScratch,
    query: Vec<i8>,
    starts: Vec<u32>,
    distances: Vec<i32>,
    candidates: Vec<(i32, u32)>,
}

/// A graph over all nodes of `space`.
///
/// # Errors
/// What `check` says: it is asked before each batch.
pub(crate) fn build(
    space: &Space<'_>,
    params: BuildParams,
    seeded: Option<Seeded>,
    check: &dyn Fn() -> Result<()>,
) -> Result<Graph> {
    let mut workers: Vec<Worker> = (0..params.threads.max(1)).map(|_| Worker::default()).collect();
    let order = shuffled(space.len(), params.seed);
    // Each layer's nodes are the first of the order, so that a layer is the beginning of the one below.
    let lens: Vec<usize> =
        std::iter::successors(Some(space.len() / LAYER_RATIO), |len| Some(len / LAYER_RATIO))
            .take_while(|len| *len >= LAYER_MIN)
            .collect();
    let codes: Vec<CodeBuffer> =
        lens.iter().map(|len| CodeBuffer::copy_of(space.rows, &order[..*len])).collect();
    let samples: Vec<Space<'_>> =
        lens.iter().zip(&codes).map(|(len, codes)| space.sample(&order[..*len], codes.rows())).collect();
    let mut tower = Tower { row_len: row_len_of(params.m), layers: Vec::new(), entry: 0 };
    for level in (0..samples.len()).rev() {
        let nodes: Vec<u32> = (0..samples[level].len() as u32).collect();
        let builder = Builder::new(&samples[level], params, &tower, &samples[level + 1..], nodes.clone());
        let graph = builder.run(None, &mut workers, check)?;
        if tower.layers.is_empty() {
            tower.entry = graph.root;
        }
        let ids = if level == 0 { order[..lens[0]].to_vec() } else { nodes };
        tower.layers.insert(0, Upper { ids, links: graph.links });
    }
    let mut graph = Builder::new(space, params, &tower, &samples, order).run(seeded, &mut workers, check)?;
    if tower.layers.is_empty() {
        tower.entry = graph.root;
    }
    graph.tower = tower;
    Ok(graph)
}

/// Places of a row: twice `m`, in whole cache lines.
pub(crate) fn row_len_of(m: u32) -> usize {
    (2 * m as usize).next_multiple_of(nigh_format::graph::ROW_LEN_ALIGN as usize)
}

/// All nodes in an order that only the seed decides.
fn shuffled(len: usize, seed: u64) -> Vec<u32> {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        // SplitMix64 (Steele et al., OOPSLA 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut order: Vec<u32> = (0..len as u32).collect();
    for i in 0..len.saturating_sub(1) {
        let left = (len - i) as u128;
        let other = i + ((u128::from(next()) * left) >> 64) as usize;
        order.swap(i, other);
    }
    order
}

/// One layer in the making.
struct Builder<'a> {
    space: &'a Space<'a>,
    params: BuildParams,
    /// The layers above, and their codes.
    tower: &'a Tower,
    upper: &'a [Space<'a>],
    row_len: usize,
    /// Places of a row while building.
    room: usize,
    links: Vec<u32>,
    root: u32,
    /// Nodes still to insert.
    order: Vec<u32>,
    /// As soon as so many of them are there, so are all that the layer above knows.
    tower_from: usize,
}

impl<'a> Builder<'a> {
    /// `order` is all nodes, those of the layer above first.
    fn new(
        space: &'a Space<'a>,
        params: BuildParams,
        tower: &'a Tower,
        upper: &'a [Space<'a>],
        order: Vec<u32>,
    ) -> Self {
        let row_len = row_len_of(params.m);
        let room = row_len * SLACK_PERCENT / 100;
        let links = vec![FREE_LINK; space.len() * room];
        let tower_from = upper.first().map_or(usize::MAX, Space::len);
        Self { space, params, tower, upper, row_len, room, links, root: space.medoid(), order, tower_from }
    }

    fn run(
        mut self,
        seeded: Option<Seeded>,
        workers: &mut [Worker],
        check: &dyn Fn() -> Result<()>,
    ) -> Result<Graph> {
        let mut batch = 1;
        match seeded {
            Some(seeded) => batch = self.seed(seeded, workers),
            None => self.order.retain(|node| *node != self.root),
        }
        let batch_max = (self.space.len() / 50).max(BATCH_MIN);
        let mut done = 0;
        while done < self.order.len() {
            check()?;
            let end = self.order.len().min(done + batch.min(batch_max));
            let use_tower = done >= self.tower_from;
            self.insert(done..end, use_tower, workers);
            (done, batch) = (end, batch.saturating_mul(2));
        }
        check()?;
        Ok(self.finish(workers))
    }

    /// Takes over links; how many nodes that were. What leads nowhere any more is healed.
    fn seed(&mut self, seeded: Seeded, workers: &mut [Worker]) -> usize {
        let mut there = vec![false; self.space.len()];
        seeded.rows.iter().for_each(|row| there[row.node as usize] = true);
        let above = self.tower_from.min(self.order.len());
        self.tower_from = self.order[..above].iter().filter(|node| !there[**node as usize]).count();
        if self.upper.is_empty() {
            self.tower_from = usize::MAX;
        }
        self.order.retain(|node| !there[*node as usize]);
        self.root = seeded.root;
        let this = &*self;
        let healed = parallel(workers, seeded.rows.iter().collect(), GROUP_MIN, |worker, row| {
            if row.heirs.is_empty() {
                return row.links[..row.links.len().min(this.row_len)].to_vec();
            }
            let mut all = row.links.clone();
            all.extend(row.heirs.iter().filter(|heir| **heir != row.node));
            all.sort_unstable();
            all.dedup();
            this.best_of(row.node, &all, this.row_len, worker)
        });
        for (row, links) in seeded.rows.iter().zip(healed) {
            set_row(&mut self.links, self.room, row.node, &links);
        }
        seeded.rows.len().max(1)
    }

    /// Inserts a batch.
    fn insert(&mut self, batch: std::ops::Range<usize>, use_tower: bool, workers: &mut [Worker]) {
        let nodes = self.order[batch].to_vec();
        let this = &*self;
        let rows = parallel(workers, nodes.clone(), GROUP_MIN, |worker, node| {
            this.find_neighbors(node, use_tower, worker)
        });
        let mut back: Vec<(u32, u32)> = Vec::new();
        for (node, row) in nodes.iter().zip(&rows) {
            set_row(&mut self.links, self.room, *node, row);
            back.extend(row.iter().map(|target| (*target, *node)));
        }
        back.sort_unstable();
        let groups: Vec<&[(u32, u32)]> = back.chunk_by(|a, b| a.0 == b.0).collect();
        let this = &*self;
        let rows =
            parallel(workers, groups.clone(), GROUP_MIN, |worker, group| this.link_back(group, worker));
        for (group, row) in groups.iter().zip(&rows) {
            if let Some((target, _)) = group.first() {
                set_row(&mut self.links, self.room, *target, row);
            }
        }
    }

    fn layer(&self) -> Layer<'_> {
        Layer::new(&self.links, self.room)
    }

    /// The links of a node that is new.
    fn find_neighbors(&self, node: u32, use_tower: bool, worker: &mut Worker) -> Vec<u32> {
        self.space.query_of(node, &mut worker.query);
        let Worker { scratch, query, starts, candidates, pruning, .. } = worker;
        if use_tower {
            let of = |level: usize| self.space.of_node_to(&self.upper[level], node, query);
            descend(self.tower, DESCENT_WIDTH, of, starts, scratch);
        } else {
            starts.clear();
            starts.push(self.root);
        }
        let width = self.params.ef_construction as usize;
        let how = Walk { width, stop: Stop::NEVER, hide: Some(node) };
        walk(self.layer(), &mut self.space.of_node(node, query), starts, how, scratch);
        candidates.clear();
        let found = scratch.beam.words().iter();
        candidates.extend(found.map(|word| ((super::key_of(*word)) as i32, super::id_of(*word))));
        let mut taken = Vec::with_capacity(self.row_len);
        prune(self.space, candidates, self.row_len, ALPHA, pruning, &mut taken);
        taken
    }

    /// The row of a node that others link to now.
    fn link_back(&self, group: &[(u32, u32)], worker: &mut Worker) -> Vec<u32> {
        let Some((target, _)) = group.first() else { return Vec::new() };
        let mut all: Vec<u32> = self.layer().neighbors(*target).collect();
        let known = all.len();
        for (_, node) in group {
            if !all[..known].contains(node) {
                all.push(*node);
            }
        }
        if all.len() <= self.room { all } else { self.best_of(*target, &all, self.row_len, worker) }
    }

    /// The best of some nodes as links of `node`.
    fn best_of(&self, node: u32, all: &[u32], count: usize, worker: &mut Worker) -> Vec<u32> {
        let Worker { query, distances, candidates, pruning, .. } = worker;
        self.space.query_of(node, query);
        distances.resize(all.len(), 0);
        self.space.node_distances(node, query, all, distances);
        pruning.distances += all.len() as u64;
        candidates.clear();
        candidates.extend(distances.iter().copied().zip(all.iter().copied()));
        candidates.sort_unstable();
        let mut taken = Vec::with_capacity(count);
        prune(self.space, candidates, count, ALPHA, pruning, &mut taken);
        taken
    }

    /// Cuts rows to their length and makes sure that every node is found.
    fn finish(self, workers: &mut [Worker]) -> Graph {
        let nodes = (0..self.space.len() as u32).collect();
        let rows = parallel(workers, nodes, GROUP_MIN, |worker, node| {
            let all: Vec<u32> = self.layer().neighbors(node).collect();
            if all.len() <= self.row_len { all } else { self.best_of(node, &all, self.row_len, worker) }
        });
        let mut links = vec![FREE_LINK; self.space.len() * self.row_len];
        for (node, row) in (0..).zip(&rows) {
            set_row(&mut links, self.row_len, node, row);
        }
        let mut graph =
            Graph { row_len: self.row_len, links, tower: Tower::default(), root: self.root, repaired: 0 };
        raise_inward(&mut graph);
        for _ in 0..SEARCH_ROUNDS {
            let lost = self.search_for_all(graph.base(), workers);
            if lost.is_empty() {
                break;
            }
            graph.repaired += lost.len() as u32;
            link_lost(&mut graph, &lost);
        }
        if let Some(worker) = workers.first_mut() {
            attach_unreached(&mut graph, self.space, &mut worker.scratch);
        }
        graph
    }

    /// The nodes that a search for their own codes does not find, each with the nodes that it found instead.
    fn search_for_all(&self, layer: Layer<'_>, workers: &mut [Worker]) -> Vec<(u32, Vec<u32>)> {
        let nodes = (0..self.space.len() as u32).collect();
        let found = parallel(workers, nodes, GROUP_MIN, |worker, node| {
            let Worker { scratch, query, starts, .. } = worker;
            self.space.query_of(node, query);
            starts.clear();
            starts.push(self.root);
            if !self.upper.is_empty() {
                let of = |level: usize| self.space.of_node_to(&self.upper[level], node, query);
                descend(self.tower, DESCENT_WIDTH, of, starts, scratch);
            }
            let stop = Stop { k: 1, slack: SEARCH_SLACK };
            let how = Walk { width: SEARCH_WIDTH, stop, hide: None };
            walk(layer, &mut self.space.of_node(node, query), starts, how, scratch);
            // Of more copies than a search keeps, any are as good.
            let words = scratch.beam.words();
            let all_copies = scratch.beam.key_at(SEARCH_WIDTH - 1) == Some(0);
            let is_found = all_copies || words.iter().any(|word| super::id_of(*word) == node);
            (!is_found).then(|| scratch.beam.words().iter().map(|word| super::id_of(*word)).collect())
        });
        (0..)
            .zip(found)
            .filter_map(|(node, instead): (u32, Option<Vec<u32>>)| Some((node, instead?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::int8::Int8Kernels;

    /// Codes of islands: `count` rows around a few centres.
    fn islands(count: usize, dim: usize, seed: u64) -> CodeBuffer {
        let mut codes = CodeBuffer::zeroed(count, dim);
        let numbers = shuffled(count * dim, seed);
        for (i, row) in codes.rows_mut().enumerate() {
            for (j, code) in row.iter_mut().take(dim).enumerate() {
                let centre = (i % 7) * 31 + (j * (i % 7)) % 13;
                *code = (centre as u32 + numbers[i * dim + j] % 9) as u8;
            }
        }
        codes
    }

    /// Miri cannot set the priority of a thread: nobody is started there.
    fn params(threads: usize) -> BuildParams {
        let threads = if cfg!(miri) { 1 } else { threads };
        BuildParams { m: 4, ef_construction: 16, seed: 9, threads }
    }

    fn graph(codes: &CodeBuffer, kernels: Int8Kernels, params: BuildParams, seeded: Option<Seeded>) -> Graph {
        build(&Space::new(codes.rows(), None, kernels), params, seeded, &|| Ok(())).expect("no check fails")
    }

    /// Sizes that Miri can walk through.
    const COUNT: usize = if cfg!(miri) { 40 } else { 2500 };

    /// Links lead to other nodes, none twice, free places last, and every node can be reached from the root.
    fn check_shape(graph: &Graph, len: usize) {
        assert_eq!(graph.base().len(), len);
        let mut met = vec![false; len];
        let mut stack = vec![graph.root];
        met[graph.root as usize] = true;
        while let Some(node) = stack.pop() {
            for other in graph.base().neighbors(node) {
                if !std::mem::replace(&mut met[other as usize], true) {
                    stack.push(other);
                }
            }
        }
        assert!(met.iter().all(|met| *met), "a node that cannot be reached");
        for node in 0..len as u32 {
            let row = graph.base().row(node);
            let used = graph.base().neighbors(node).count();
            assert!(row[used..].iter().all(|link| *link == FREE_LINK), "links behind a free place");
            let mut links = row[..used].to_vec();
            assert!(links.iter().all(|link| *link != node && (*link as usize) < len));
            links.sort_unstable();
            links.dedup();
            assert_eq!(links.len(), used, "a link twice");
        }
        let mut below = len;
        for upper in &graph.tower.layers {
            assert!(upper.ids.len() < below && upper.ids.iter().all(|id| (*id as usize) < below));
            let links = upper.links.iter().filter(|link| **link != FREE_LINK);
            assert!(links.clone().all(|link| (*link as usize) < upper.ids.len()));
            below = upper.ids.len();
        }
        assert!((graph.tower.entry as usize) < below);
    }

    #[test]
    fn any_number_of_nodes_makes_a_whole_graph() {
        let kernels = Int8Kernels::detect();
        for count in [1, 2, 3, 33, 64, COUNT] {
            check_shape(&graph(&islands(count, 24, 1), kernels, params(2), None), count);
        }
    }

    #[test]
    fn the_graph_depends_on_neither_threads_nor_instructions() {
        let codes = islands(COUNT, 40, 2);
        let kernels = Int8Kernels::available();
        let first = graph(&codes, kernels[0], params(1), None);
        for kernels in kernels {
            for threads in [1, 2, 5] {
                assert!(
                    graph(&codes, kernels, params(threads), None) == first,
                    "{}, {threads}",
                    kernels.name()
                );
            }
        }
    }

    #[test]
    fn equal_codes_make_a_whole_graph() {
        let mut codes = CodeBuffer::zeroed(COUNT / 2, 16);
        codes.rows_mut().for_each(|row| row[..16].fill(77));
        check_shape(&graph(&codes, Int8Kernels::detect(), params(2), None), COUNT / 2);
    }

    #[test]
    fn links_of_an_earlier_graph_are_extended() {
        let kernels = Int8Kernels::detect();
        let codes = islands(COUNT, 24, 3);
        let there = COUNT * 2 / 3;
        let nodes: Vec<u32> = (0..there as u32).collect();
        let earlier = graph(&CodeBuffer::copy_of(codes.rows(), &nodes), kernels, params(2), None);
        let row = |node: u32| {
            // One in ten nodes of the earlier graph is gone; those after it have moved up.
            let new = |old: u32| (old % 10 != 9).then(|| old - old / 10);
            let (links, lost): (Vec<u32>, Vec<u32>) =
                earlier.base().neighbors(node).partition(|link| new(*link).is_some());
            let heirs =
                lost.iter().flat_map(|lost| earlier.base().neighbors(*lost)).filter_map(new).collect();
            Some(SeededRow { node: new(node)?, links: links.into_iter().filter_map(new).collect(), heirs })
        };
        let rows: Vec<SeededRow> = (0..there as u32).filter_map(row).collect();
        let kept: Vec<u32> =
            (0..COUNT as u32).filter(|node| *node as usize >= there || node % 10 != 9).collect();
        let codes = CodeBuffer::copy_of(codes.rows(), &kept);
        let root = rows[0].node;
        let seeded = Seeded { rows, root };
        let extended = graph(&codes, kernels, params(1), Some(seeded.clone()));
        check_shape(&extended, kept.len());
        assert!(extended == graph(&codes, kernels, params(3), Some(seeded)), "depends on threads");
    }

    #[test]
    fn a_walk_as_wide_as_the_graph_finds_everything_in_order() {
        let codes = islands(COUNT, 24, 4);
        let kernels = Int8Kernels::detect();
        let space = Space::new(codes.rows(), None, kernels);
        let graph = graph(&codes, kernels, params(2), None);
        let (mut scratch, mut query) = (Scratch::default(), Vec::new());
        for node in [0, COUNT as u32 / 2, COUNT as u32 - 1] {
            space.query_of(node, &mut query);
            let how = Walk { width: COUNT, stop: Stop::NEVER, hide: None };
            walk(graph.base(), &mut space.of_node(node, &query), &[graph.root], how, &mut scratch);
            let found: Vec<(u32, u32)> = scratch
                .beam
                .words()
                .iter()
                .map(|word| (super::super::key_of(*word), super::super::id_of(*word)))
                .collect();
            let others: Vec<u32> = (0..COUNT as u32).collect();
            let mut distances = vec![0; COUNT];
            space.node_distances(node, &query, &others, &mut distances);
            let mut right: Vec<(u32, u32)> = distances.iter().map(|d| *d as u32).zip(others).collect();
            right.sort_unstable();
            assert!(found == right, "node {node}");
        }
    }
}
