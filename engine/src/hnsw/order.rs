//! Numbering: a graph goes in, an order comes out in which nodes that are met together lie together.
//!
//! Breadth first from the root, so that what a walk meets in turn is near in memory and on disk (arXiv 2104.03221 measures such orders).

use super::graph::{FREE_LINK, Graph, Layer, Upper};

/// The nodes in the order in which they are met from `root`; those that are not met come last.
pub(crate) fn breadth_first(layer: Layer<'_>, root: u32) -> Vec<u32> {
    let mut seen = vec![false; layer.len()];
    let mut order = Vec::with_capacity(layer.len());
    let mut meet = |node: u32, order: &mut Vec<u32>| {
        if !std::mem::replace(&mut seen[node as usize], true) {
            order.push(node);
        }
    };
    if layer.len() > 0 {
        meet(root, &mut order);
    }
    let mut next = 0;
    while let Some(node) = order.get(next).copied() {
        next += 1;
        layer.neighbors(node).for_each(|other| meet(other, &mut order));
    }
    (0..layer.len() as u32).for_each(|node| meet(node, &mut order));
    order
}

/// The same graph with the nodes numbered by their place in `order`.
pub(crate) fn renumber(graph: &Graph, order: &[u32]) -> Graph {
    let mut place = vec![0u32; order.len()];
    for (new, old) in (0..).zip(order) {
        place[*old as usize] = new;
    }
    let mut links = Vec::with_capacity(graph.links.len());
    for old in order {
        links.extend(
            graph
                .base()
                .row(*old)
                .iter()
                .map(|link| if *link == FREE_LINK { FREE_LINK } else { place[*link as usize] }),
        );
    }
    let mut tower = graph.tower.clone();
    match tower.layers.first_mut() {
        Some(Upper { ids, .. }) => ids.iter_mut().for_each(|id| *id = place[*id as usize]),
        None => tower.entry = place.get(tower.entry as usize).copied().unwrap_or(0),
    }
    let root = place.get(graph.root as usize).copied().unwrap_or(0);
    Graph { row_len: graph.row_len, links, tower, root, repaired: graph.repaired }
}
