//! Which of many near nodes to link to: candidates sorted by distance go in, few that point in different directions come out.
//!
//! A candidate is left out when one that was taken is much nearer to it than the node itself (robust prune of Vamana; with `alpha` 1 the
//! heuristic of arXiv 1603.09320, algorithm 4). Two rounds, as in DiskANN: first those that even `alpha` 1 keeps, which point in
//! different directions and hold clusters together, then, while there is room, those that only `alpha` keeps, nearest first.

use super::space::Space;

/// Rows compared before looking whether one of them is nearer.
const GROUP: usize = 8;

/// Memory of pruning, to be used again.
#[derive(Debug, Default)]
pub(crate) struct PruneScratch {
    query: Vec<i8>,
    /// Candidates that only the second round may take, and how many of the taken ones they were compared with.
    later: Vec<(i32, u32, usize)>,
    /// Distances computed.
    pub(crate) distances: u64,
}

/// The taken candidates are left in `taken`, at most `room`. `candidates` are squared distances and nodes, nearest first, none twice.
pub(crate) fn prune(
    space: &Space<'_>,
    candidates: &[(i32, u32)],
    room: usize,
    alpha: f32,
    scratch: &mut PruneScratch,
    taken: &mut Vec<u32>,
) {
    taken.clear();
    scratch.later.clear();
    for (distance, node) in candidates {
        if taken.len() == room {
            return;
        }
        space.query_of(*node, &mut scratch.query);
        match nearest_of(space, *distance, *node, taken, alpha, scratch) {
            Verdict::Apart => taken.push(*node),
            Verdict::Near => scratch.later.push((*distance, *node, taken.len())),
            Verdict::Hidden => {}
        }
    }
    for (distance, node, compared) in std::mem::take(&mut scratch.later) {
        if taken.len() == room {
            break;
        }
        space.query_of(node, &mut scratch.query);
        let newer = &taken[compared.min(taken.len())..];
        if !matches!(nearest_of(space, distance, node, newer, alpha, scratch), Verdict::Hidden) {
            taken.push(node);
        }
    }
}

/// How a candidate lies to those taken.
enum Verdict {
    /// Nearer to the node than to any of them.
    Apart,
    /// Nearer to one of them, but not by `alpha`.
    Near,
    /// Nearer to one of them by `alpha`.
    Hidden,
}

fn nearest_of(
    space: &Space<'_>,
    distance: i32,
    node: u32,
    taken: &[u32],
    alpha: f32,
    scratch: &mut PruneScratch,
) -> Verdict {
    let mut out = [0i32; GROUP];
    let mut verdict = Verdict::Apart;
    for group in taken.chunks(GROUP) {
        let out = &mut out[..group.len()];
        space.node_distances(node, &scratch.query, group, out);
        scratch.distances += group.len() as u64;
        let nearest = out.iter().copied().min().unwrap_or(i32::MAX);
        if nearest as f32 * alpha <= distance as f32 {
            return Verdict::Hidden;
        }
        if nearest <= distance {
            verdict = Verdict::Near;
        }
    }
    verdict
}
