//! Links file: the graph over the rows of a vectors file.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where each section is. Derived: it can be made again from the
//! vectors. [`check_links`] and [`check_layers`] are what allows readers to follow links without looking; [`decode_curve`]
//! gives only settings that can be walked with.
//! Bytes: docs/storage-format.md, section 8.4.

use std::ops::Range;

use crate::error::FormatError;
use crate::field::Field;
use crate::header::HEADER_LEN;
use crate::section::{Sections, check_count, check_data_len, check_preamble, gaps, in_file, place_of};

pub use crate::section::PREAMBLE_LEN;

/// A free place in a row of links.
pub const FREE_LINK: u32 = u32::MAX;

/// The length of a row of links is a multiple of this.
pub const ROW_LEN_ALIGN: u32 = 16;

/// The most layers above the nodes.
pub const LAYERS_MAX: u32 = 16;

/// The most candidates that are kept on the way down the layers above the nodes.
pub const DESCENT_MAX: u32 = 1024;

/// The most points of a curve.
pub const CURVE_LEN_MAX: u32 = 1024;

/// The most candidates that a point of the curve asks a walk to keep, or to look at again for each neighbour: far more
/// than pays, and little enough to allocate.
pub const CURVE_WIDTH_MAX: u32 = 65_536;

const ROW_COUNT: Field = Field::first("row_count", 8);
const ROW_LEN: Field = ROW_COUNT.then("row_len", 4);
const LAYER_COUNT: Field = ROW_LEN.then("layer_count", 4);
const LAYER_NODES: Field = LAYER_COUNT.then("layer_nodes", 4);
const CURVE_LEN: Field = LAYER_NODES.then("curve_len", 4);
const ROOT: Field = CURVE_LEN.then("root", 4);
const ENTRY: Field = ROOT.then("entry", 4);
const REPAIRED: Field = ENTRY.then("repaired", 4);
const M: Field = REPAIRED.then("m", 4);
const EF_CONSTRUCTION: Field = M.then("ef_construction", 4);
const LIFT: Field = EF_CONSTRUCTION.then("lift", 4);
const SEED: Field = LIFT.then("seed", 8);
const DESCENT: Field = SEED.then("descent", 4);
const RESERVED: Field = DESCENT.then("reserved", 4);

/// The preamble's fields in order.
pub const FIELDS: [Field; 14] = [
    ROW_COUNT,
    ROW_LEN,
    LAYER_COUNT,
    LAYER_NODES,
    CURVE_LEN,
    ROOT,
    ENTRY,
    REPAIRED,
    M,
    EF_CONSTRUCTION,
    LIFT,
    SEED,
    DESCENT,
    RESERVED,
];

const RECALL: Field = Field::first("recall", 4);
const DISTANCES: Field = RECALL.then("distances", 4);
const WIDTH: Field = DISTANCES.then("width", 4);
const SLACK: Field = WIDTH.then("slack", 4);
const REFINE: Field = SLACK.then("refine", 4);
const CURVE_RESERVED: Field = REFINE.then("reserved", 12);

/// The fields of a point of the curve in order.
pub const CURVE_FIELDS: [Field; 6] = [RECALL, DISTANCES, WIDTH, SLACK, REFINE, CURVE_RESERVED];

/// Bytes of a point of the curve.
pub const CURVE_POINT_LEN: usize = CURVE_RESERVED.end();

/// The numbers that a [`LinksLayout`] is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinksShape {
    /// Nodes.
    pub row_count: u32,
    /// Places for links of each node, in every layer.
    pub row_len: u32,
    /// Layers above the nodes.
    pub layer_count: u32,
    /// Nodes of all these layers together.
    pub layer_nodes: u32,
    /// Points of the curve.
    pub curve_len: u32,
    /// The node that every node can be reached from.
    pub root: u32,
    /// Where a walk starts: a node of the highest layer, or the root.
    pub entry: u32,
    /// Nodes that were given a link so that they can be reached.
    pub repaired: u32,
    /// Links asked for.
    pub m: u32,
    /// Breadth of the build.
    pub ef_construction: u32,
    /// Under the dot product the length of the longest vector, else 0.
    pub lift: f32,
    /// Seed of the build.
    pub seed: u64,
    /// Candidates kept on the way down the layers above the nodes, 1 to [`DESCENT_MAX`].
    pub descent: u32,
}

/// Where the sections of a links file are.
#[derive(Debug, Clone, PartialEq)]
pub struct LinksLayout {
    /// Counts and parameters.
    pub shape: LinksShape,
    layer_lens: Range<u64>,
    layer_ids: Range<u64>,
    layer_links: Range<u64>,
    curve: Range<u64>,
    links: Range<u64>,
}

impl LinksLayout {
    /// The layout for these numbers.
    ///
    /// # Errors
    /// `Invalid` when the rows are not whole cache lines, or a number does not fit the others.
    pub fn new(shape: LinksShape) -> Result<Self, FormatError> {
        let LinksShape { row_count, row_len, layer_count, layer_nodes, curve_len, root, entry, .. } = shape;
        if row_len == 0 || !row_len.is_multiple_of(ROW_LEN_ALIGN) {
            let expected = format!("a multiple of {ROW_LEN_ALIGN}");
            return Err(FormatError::invalid(ROW_LEN.offset as u64, "row_len", expected, row_len));
        }
        let bounds = [
            (LAYER_COUNT, layer_count, LAYERS_MAX),
            (LAYER_NODES, layer_nodes, row_count),
            (CURVE_LEN, curve_len, CURVE_LEN_MAX),
            (ROOT, root, row_count.saturating_sub(1)),
            (ENTRY, entry, row_count.saturating_sub(1)),
        ];
        for (field, value, most) in bounds {
            if value > most {
                let expected = format!("at most {most}");
                return Err(FormatError::invalid(field.offset as u64, field.name, expected, value));
            }
        }
        if !(1..=DESCENT_MAX).contains(&shape.descent) {
            let (offset, expected) = (DESCENT.offset as u64, format!("1 to {DESCENT_MAX}"));
            return Err(FormatError::invalid(offset, "descent", expected, shape.descent));
        }
        if !(shape.lift.is_finite() && shape.lift >= 0.0) {
            return Err(FormatError::invalid(LIFT.offset as u64, "lift", "0 or more", shape.lift));
        }
        let row_bytes = 4 * u64::from(row_len);
        let mut sections = Sections::new();
        let layer_lens = sections.place(u64::from(layer_count), 4)?;
        let layer_ids = sections.place(u64::from(layer_nodes), 4)?;
        let layer_links = sections.place(u64::from(layer_nodes), row_bytes)?;
        let curve = sections.place(u64::from(curve_len), CURVE_POINT_LEN as u64)?;
        let links = sections.place(u64::from(row_count), row_bytes)?;
        Ok(Self { shape, layer_lens, layer_ids, layer_links, curve, links })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        let shape = &self.shape;
        let numbers = [
            (ROW_COUNT, shape.row_count),
            (ROW_LEN, shape.row_len),
            (LAYER_COUNT, shape.layer_count),
            (LAYER_NODES, shape.layer_nodes),
            (CURVE_LEN, shape.curve_len),
            (ROOT, shape.root),
            (ENTRY, shape.entry),
            (REPAIRED, shape.repaired),
            (M, shape.m),
            (EF_CONSTRUCTION, shape.ef_construction),
            (LIFT, shape.lift.to_bits()),
            (DESCENT, shape.descent),
        ];
        for (field, value) in numbers {
            field.write(&mut bytes, u64::from(value));
        }
        SEED.write(&mut bytes, shape.seed);
        bytes
    }

    /// Reads the preamble of a file whose data section has `data_len` bytes.
    ///
    /// # Errors
    /// A field that does not agree with the others or with the length.
    pub fn decode(preamble: &[u8], data_len: u64) -> Result<Self, FormatError> {
        Self::read(preamble, data_len).map_err(in_file)
    }

    fn read(preamble: &[u8], data_len: u64) -> Result<Self, FormatError> {
        let layout = Self::new(LinksShape {
            row_count: ROW_COUNT.read_as(preamble)?,
            row_len: ROW_LEN.read_as(preamble)?,
            layer_count: LAYER_COUNT.read_as(preamble)?,
            layer_nodes: LAYER_NODES.read_as(preamble)?,
            curve_len: CURVE_LEN.read_as(preamble)?,
            root: ROOT.read_as(preamble)?,
            entry: ENTRY.read_as(preamble)?,
            repaired: REPAIRED.read_as(preamble)?,
            m: M.read_as(preamble)?,
            ef_construction: EF_CONSTRUCTION.read_as(preamble)?,
            lift: f32::from_bits(LIFT.read_as(preamble)?),
            seed: SEED.read(preamble)?,
            descent: DESCENT.read_as(preamble)?,
        })?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// Nodes of each layer above the nodes, the largest first.
    #[must_use]
    pub fn layer_lens(&self) -> Range<u64> {
        self.layer_lens.clone()
    }

    /// For each node of each layer, which node of the layer below it is.
    #[must_use]
    pub fn layer_ids(&self) -> Range<u64> {
        self.layer_ids.clone()
    }

    /// Rows of links of the layers, in their own numbers.
    #[must_use]
    pub fn layer_links(&self) -> Range<u64> {
        self.layer_links.clone()
    }

    /// What a walk finds with which setting.
    #[must_use]
    pub fn curve(&self) -> Range<u64> {
        self.curve.clone()
    }

    /// All rows of links.
    #[must_use]
    pub fn links(&self) -> Range<u64> {
        self.links.clone()
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.links.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        gaps(&[self.layer_lens(), self.layer_ids(), self.layer_links(), self.curve(), self.links()])
    }
}

/// A setting of a walk, and what it finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Share of the true ten nearest that are found.
    pub recall: f32,
    /// Distances that are computed for a query.
    pub distances: f32,
    /// Candidates that are kept, for ten neighbours.
    pub width: u32,
    /// How much farther than the tenth a candidate is still expanded, as a share of its squared distance; infinite for
    /// no early end.
    pub slack: f32,
    /// Candidates that are looked at again, for each neighbour asked for.
    pub refine: u32,
}

impl CurvePoint {
    /// The point's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; CURVE_POINT_LEN] {
        let mut bytes = [0; CURVE_POINT_LEN];
        RECALL.write(&mut bytes, u64::from(self.recall.to_bits()));
        DISTANCES.write(&mut bytes, u64::from(self.distances.to_bits()));
        WIDTH.write(&mut bytes, u64::from(self.width));
        SLACK.write(&mut bytes, u64::from(self.slack.to_bits()));
        REFINE.write(&mut bytes, u64::from(self.refine));
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let number = |field: Field| Ok::<_, FormatError>(f32::from_bits(field.read_as(bytes)?));
        let (width, refine) = (WIDTH.read_as(bytes)?, REFINE.read_as(bytes)?);
        let (recall, distances, slack) = (number(RECALL)?, number(DISTANCES)?, number(SLACK)?);
        let point = Self { recall, distances, width, slack, refine };
        let width_range = format!("1 to {CURVE_WIDTH_MAX}");
        let rules = [
            (RECALL, recall.is_finite() && recall >= 0.0, "0 or more", recall.to_string()),
            (DISTANCES, distances.is_finite() && distances >= 0.0, "0 or more", distances.to_string()),
            (WIDTH, (1..=CURVE_WIDTH_MAX).contains(&width), &width_range, width.to_string()),
            (SLACK, slack >= 0.0, "0 or more", slack.to_string()),
            (REFINE, refine <= CURVE_WIDTH_MAX, &width_range, refine.to_string()),
        ];
        for (field, holds, expected, got) in rules {
            if !holds {
                return Err(FormatError::invalid(field.offset as u64, field.name, expected, got));
            }
        }
        if point.encode() != bytes {
            let offset = CURVE_RESERVED.offset as u64;
            return Err(FormatError::invalid(offset, "reserved bytes of a curve's point", "zeros", "others"));
        }
        Ok(point)
    }
}

/// The points of the curve, each of which finds more than the one before.
///
/// # Errors
/// The first point that no walk could follow, or that does not find more.
pub fn decode_curve(bytes: &[u8], layout: &LinksLayout) -> Result<Vec<CurvePoint>, FormatError> {
    check_count("bytes of the curve", layout.curve.end - layout.curve.start, bytes.len())?;
    let mut curve: Vec<CurvePoint> = Vec::with_capacity(layout.shape.curve_len as usize);
    for (index, bytes) in bytes.chunks(CURVE_POINT_LEN).enumerate() {
        let place = place_of(&layout.curve, index, CURVE_POINT_LEN as u64);
        let point = CurvePoint::decode(bytes).map_err(|error| error.shift(place))?;
        if let Some(last) = curve.last().filter(|last| last.recall >= point.recall) {
            let expected = format!("above {}", last.recall);
            return Err(FormatError::invalid(place, "recall", expected, point.recall));
        }
        curve.push(point);
    }
    Ok(curve)
}

/// Checks that each link leads to a node, and that free places come last in each row.
///
/// # Errors
/// The first link that does not.
pub fn check_links(links: &[u32], layout: &LinksLayout) -> Result<(), FormatError> {
    let (rows, row_len) = (layout.shape.row_count, layout.shape.row_len);
    check_count("links", u64::from(rows) * u64::from(row_len), links.len())?;
    check_rows(links, row_len, rows, layout.links.start)
}

/// Checks the layers above the nodes: lengths that add up, ids and links that lead to nodes, and an entry that is one.
///
/// # Errors
/// The first number that is wrong.
pub fn check_layers(
    lens: &[u32],
    ids: &[u32],
    links: &[u32],
    layout: &LinksLayout,
) -> Result<(), FormatError> {
    let shape = &layout.shape;
    check_count("layer_lens", u64::from(shape.layer_count), lens.len())?;
    check_count("layer_ids", u64::from(shape.layer_nodes), ids.len())?;
    check_count("layer_links", u64::from(shape.layer_nodes) * u64::from(shape.row_len), links.len())?;
    let sum: u64 = lens.iter().map(|len| u64::from(*len)).sum();
    if sum != u64::from(shape.layer_nodes) {
        let (offset, expected) = (place_of(&layout.layer_lens, 0, 4), shape.layer_nodes.to_string());
        return Err(FormatError::invalid(offset, "layer_lens", format!("a sum of {expected}"), sum));
    }
    let (mut below, mut start) = (shape.row_count, 0usize);
    for (level, len) in lens.iter().enumerate() {
        if *len == 0 || *len > below {
            let offset = place_of(&layout.layer_lens, level, 4);
            return Err(FormatError::invalid(offset, "layer_lens", format!("1 to {below}"), len));
        }
        let end = start + *len as usize;
        let here = ids.get(start..end).unwrap_or_default();
        if let Some(place) = here.iter().position(|id| *id >= below) {
            let got = here.get(place).copied().unwrap_or(FREE_LINK);
            let offset = place_of(&layout.layer_ids, start + place, 4);
            return Err(FormatError::invalid(offset, "layer id", format!("below {below}"), got));
        }
        let row_len = shape.row_len as usize;
        let rows = links.get(start * row_len..end * row_len).unwrap_or_default();
        let at = layout.layer_links.start + (start * row_len * 4) as u64;
        check_rows(rows, shape.row_len, *len, at)?;
        (below, start) = (*len, end);
    }
    if shape.entry >= below && shape.row_count > 0 {
        let offset = HEADER_LEN as u64 + ENTRY.offset as u64;
        return Err(FormatError::invalid(offset, "entry", format!("below {below}"), shape.entry));
    }
    Ok(())
}

fn check_rows(links: &[u32], row_len: u32, nodes: u32, start: u64) -> Result<(), FormatError> {
    let row_len = row_len as usize;
    for (row_index, row) in links.chunks(row_len).enumerate() {
        let used = row.iter().take_while(|link| **link < nodes).count();
        if let Some(place) = row.iter().skip(used).position(|link| *link != FREE_LINK) {
            // Either the first link that leads nowhere, or one behind a free place.
            let index = row_index * row_len + used + place;
            let got = links.get(index).copied().unwrap_or(FREE_LINK);
            let expected = format!("below {nodes}, free places last");
            return Err(FormatError::invalid(place_of(&(start..start), index, 4), "link", expected, got));
        }
    }
    Ok(())
}
