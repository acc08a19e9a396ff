//! The shape of a graph: fixed rows of links over all nodes, and above them layers over ever smaller samples.
//!
//! A row holds up to `row_len` links, free places last. An upper layer is a sample of the nodes of the layer below; it has its own dense
//! numbers, and `ids` says which node of the layer below each one is. Bytes: docs/storage-format.md, section 8.4.

pub(crate) use nigh_format::graph::FREE_LINK;

/// Rows of links of one layer, owned or mapped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer<'a> {
    links: &'a [u32],
    row_len: usize,
}

impl<'a> Layer<'a> {
    pub(crate) fn new(links: &'a [u32], row_len: usize) -> Self {
        Self { links, row_len }
    }

    /// Nodes.
    pub(crate) fn len(self) -> usize {
        self.links.len() / self.row_len.max(1)
    }

    /// Places of a row.
    pub(crate) fn row_len(self) -> usize {
        self.row_len
    }

    /// All places of a node's row, free ones too.
    #[inline]
    pub(crate) fn row(self, node: u32) -> &'a [u32] {
        let start = node as usize * self.row_len;
        &self.links[start..start + self.row_len]
    }

    /// The nodes that a node links to.
    #[inline]
    pub(crate) fn neighbors(self, node: u32) -> impl Iterator<Item = u32> + 'a {
        self.row(node).iter().copied().take_while(|link| *link != FREE_LINK)
    }
}

/// A layer above the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upper {
    /// Which node of the layer below each of this layer's nodes is.
    pub(crate) ids: Vec<u32>,
    pub(crate) links: Vec<u32>,
}

/// The layers above the nodes, from the one next to them to the smallest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tower {
    /// Places of a row in every layer.
    pub(crate) row_len: usize,
    pub(crate) layers: Vec<Upper>,
    /// Where a walk starts: a node of the smallest layer, or of the graph if there is none.
    pub(crate) entry: u32,
}

impl Tower {
    pub(crate) fn layer(&self, level: usize) -> Layer<'_> {
        Layer::new(&self.layers[level].links, self.row_len)
    }
}

/// A graph in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Graph {
    pub(crate) row_len: usize,
    pub(crate) links: Vec<u32>,
    pub(crate) tower: Tower,
    /// The node that every node can be reached from.
    pub(crate) root: u32,
    /// Nodes that the build left without a way from `root`, and that were given one.
    pub(crate) repaired: u32,
}

impl Graph {
    pub(crate) fn base(&self) -> Layer<'_> {
        Layer::new(&self.links, self.row_len)
    }
}

/// Writes `row` into the places of a node, free places last.
pub(crate) fn set_row(links: &mut [u32], row_len: usize, node: u32, row: &[u32]) {
    let places = &mut links[node as usize * row_len..(node as usize + 1) * row_len];
    places[..row.len()].copy_from_slice(row);
    places[row.len()..].fill(FREE_LINK);
}
