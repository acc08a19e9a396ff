//! Making sure that every node is found: a graph whose nodes may be cut off goes in, one in which all can be reached comes out.
//!
//! Pruning forgets whoever is nobody's best neighbour. Three passes mend that, all deterministic: each node gets a few links that lead to
//! it from its own neighbours; each is looked for as a search would, and linked from what that finds instead; whatever still cannot be
//! reached from the root is linked from the nearest node that can.

use super::graph::{FREE_LINK, Graph, Layer};
use super::search::{Scratch, Stop, Walk, walk};
use super::space::Space;

/// Links that should lead to each node.
const INWARD_MIN: u32 = 4;
/// Links that a node gets that was not found.
const LOST_LINKS: u32 = 2;
/// Candidates when looking for a place to attach a node.
const ATTACH_WIDTH: usize = 64;
/// Attaching takes a place that may have been somebody's only link, so it is looked at again.
const ROUNDS_MAX: u32 = 8;

/// Gives nodes with few links inward some from those that they link to.
pub(crate) fn raise_inward(graph: &mut Graph) {
    let (len, row_len) = (graph.base().len(), graph.row_len);
    let mut inward = inward_counts(graph);
    for node in 0..len as u32 {
        if inward[node as usize] >= INWARD_MIN {
            continue;
        }
        let outward: Vec<u32> = graph.base().neighbors(node).collect();
        for other in outward {
            if inward[node as usize] >= INWARD_MIN {
                break;
            }
            let row = &mut graph.links[other as usize * row_len..(other as usize + 1) * row_len];
            if row.contains(&node) {
                continue;
            }
            // A free place, or that of a far neighbour that many others link to.
            let spare = |place: &usize| {
                let link = row[*place];
                link == FREE_LINK || (*place >= row_len / 2 && inward[link as usize] > 2 * INWARD_MIN)
            };
            let free = row.iter().position(|link| *link == FREE_LINK);
            if let Some(place) = free.or_else(|| (0..row_len).rev().find(spare)) {
                if row[place] != FREE_LINK {
                    inward[row[place] as usize] -= 1;
                }
                row[place] = node;
                inward[node as usize] += 1;
            }
        }
    }
}

/// Links each lost node from the nearest of those that a search for it found instead.
pub(crate) fn link_lost(graph: &mut Graph, lost: &[(u32, Vec<u32>)]) {
    let row_len = graph.row_len;
    let mut inward = inward_counts(graph);
    for (node, instead) in lost {
        let mut links_left = LOST_LINKS;
        for other in instead.iter().filter(|other| *other != node) {
            let row = &mut graph.links[*other as usize * row_len..(*other as usize + 1) * row_len];
            let spare =
                |place: &usize| row[*place] == FREE_LINK || inward[row[*place] as usize] > 2 * INWARD_MIN;
            let Some(place) = (row_len / 2..row_len).rev().find(spare) else { continue };
            // Free places come last: the first of them is taken.
            let place = row.iter().position(|link| *link == FREE_LINK).unwrap_or(place);
            if row.contains(node) {
                continue;
            }
            if row[place] != FREE_LINK {
                inward[row[place] as usize] -= 1;
            }
            row[place] = *node;
            inward[*node as usize] += 1;
            links_left -= 1;
            if links_left == 0 {
                break;
            }
        }
    }
}

fn inward_counts(graph: &Graph) -> Vec<u32> {
    let mut inward = vec![0u32; graph.base().len()];
    graph.links.iter().filter(|link| **link != FREE_LINK).for_each(|link| inward[*link as usize] += 1);
    inward
}

/// Links every node that cannot be reached from the root; how many there were is added to `graph.repaired`. Returns the nodes left over: 0
/// unless the graph is so small that rows have no places.
pub(crate) fn attach_unreached(graph: &mut Graph, space: &Space<'_>, scratch: &mut Scratch) -> u32 {
    let len = graph.base().len();
    let mut left = 0;
    for round in 0..ROUNDS_MAX {
        let mut reached = vec![false; len];
        left = len as u32 - spread(graph.base(), graph.root, &mut reached);
        if left == 0 {
            break;
        }
        graph.repaired += if round == 0 { left } else { 0 };
        let mut last = None;
        for node in 0..len as u32 {
            if !reached[node as usize] {
                attach(graph, space, node, (&reached, last), round, scratch);
                spread(graph.base(), node, &mut reached);
                last = Some(node);
            }
        }
    }
    left
}

/// Marks all that can be reached from `start` and is not marked; how many that were.
fn spread(layer: Layer<'_>, start: u32, reached: &mut [bool]) -> u32 {
    let (mut stack, mut count) = (vec![start], 0);
    if let Some(mark) = reached.get_mut(start as usize) {
        *mark = true;
        count += 1;
    }
    while let Some(node) = stack.pop() {
        for other in layer.neighbors(node) {
            if !std::mem::replace(&mut reached[other as usize], true) {
                stack.push(other);
                count += 1;
            }
        }
    }
    count
}

/// Links `node` from the nearest reached node with a free place, or else instead of the last link of the node that was attached before, which
/// nobody needs it of, or of one of the nearest, another one each round.
fn attach(
    graph: &mut Graph,
    space: &Space<'_>,
    node: u32,
    (reached, last): (&[bool], Option<u32>),
    round: u32,
    scratch: &mut Scratch,
) {
    let mut query = Vec::new();
    space.query_of(node, &mut query);
    let mut distances = space.of_node(node, &query);
    let how = Walk { width: ATTACH_WIDTH, stop: Stop::NEVER, hide: None };
    walk(graph.base(), &mut distances, &[graph.root], how, scratch);
    let near = scratch.beam.words().iter().map(|word| super::id_of(*word));
    let near: Vec<u32> = near.filter(|other| *other != node && reached[*other as usize]).collect();
    let free = |other: &&u32| graph.base().row(**other).contains(&FREE_LINK);
    let others = || last.or_else(|| near.get(round as usize % near.len().max(1)).copied());
    let Some(other) = near.iter().find(free).copied().or_else(others) else { return };
    let row_len = graph.row_len;
    let row = &mut graph.links[other as usize * row_len..(other as usize + 1) * row_len];
    let place = row.iter().position(|link| *link == FREE_LINK).unwrap_or(row_len - 1 - round as usize % 4);
    row[place] = node;
}
