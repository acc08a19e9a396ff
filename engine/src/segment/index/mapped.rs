//! An index in a sealed segment's mapped files, walked in place.
//!
//! Opening reads preambles only. Before the first search every block is compared with its checksum and every link with the number of nodes,
//! once: a walk then looks at nothing but what it is after.

use super::view::{Codes, IndexView, LayerCodes};
use crate::error::{Error, Result};
use crate::hnsw::{CurvePoint, Layer, SeededRow, Tower, Upper};
use crate::io::{AccessPattern, BlockFile};
use crate::kernels::int8::{Int8Kernels, Rows};
use crate::quantization::{Int8, Projection};
use nigh_format::codes::{CodesLayout, Quantizer, check_codes};
use nigh_format::graph::{LinksLayout, check_layers, check_links, decode_curve};
use nigh_format::manifest::{Metric, VectorParams};
use nigh_format::reduced::{ReducedLayout, check_rows};
use std::sync::OnceLock;

/// The index files of one vector.
#[derive(Debug)]
pub(crate) struct MappedIndex {
    metric: Metric,
    kernels: Int8Kernels,
    codes: (BlockFile, CodesLayout),
    reduced: Option<(BlockFile, ReducedLayout)>,
    links: (BlockFile, LinksLayout),
    ready: OnceLock<Result<Ready>>,
}

/// What the first search makes.
#[derive(Debug)]
struct Ready {
    tower: Tower,
    tower_codes: Vec<LayerCodes>,
    curve: Vec<CurvePoint>,
}

fn preamble(file: &BlockFile) -> Result<&[u8]> {
    file.bytes(0..64.min(file.data_len()))
}

impl MappedIndex {
    /// Reads the preambles and compares them with what the segment says: `row_count` rows of `params`.
    pub(crate) fn open(
        params: &VectorParams,
        row_count: u32,
        codes: BlockFile,
        reduced: Option<BlockFile>,
        links: BlockFile,
    ) -> Result<Self> {
        let layout =
            CodesLayout::decode(preamble(&codes)?, codes.data_len()).map_err(|e| codes.format_error(e))?;
        if (layout.row_count, layout.dim) != (row_count, params.dim) {
            let what = format!("expected {row_count} rows of {} values, got {layout:?}", params.dim);
            return Err(codes.damaged(0, what));
        }
        let codes = (codes, layout);
        let reduced = reduced
            .map(|file| {
                let layout = ReducedLayout::decode(preamble(&file)?, file.data_len())
                    .map_err(|e| file.format_error(e))?;
                if (layout.shape.row_count, layout.shape.dim) != (row_count, params.dim) {
                    let what = format!("expected {row_count} rows of {} values, got {layout:?}", params.dim);
                    return Err(file.damaged(0, what));
                }
                Ok((file, layout))
            })
            .transpose()?;
        let layout =
            LinksLayout::decode(preamble(&links)?, links.data_len()).map_err(|e| links.format_error(e))?;
        if layout.shape.row_count != row_count {
            let what = format!("expected {row_count} nodes, got {}", layout.shape.row_count);
            return Err(links.damaged(0, what));
        }
        let kernels = Int8Kernels::detect();
        Ok(Self {
            metric: params.metric,
            kernels,
            codes,
            reduced,
            links: (links, layout),
            ready: OnceLock::new(),
        })
    }

    /// Its files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &BlockFile> {
        [Some(&self.codes.0), self.reduced.as_ref().map(|(file, _)| file), Some(&self.links.0)]
            .into_iter()
            .flatten()
    }

    /// `m` and `ef_construction` of its build.
    pub(crate) fn built_with(&self) -> (u32, u32) {
        (self.links.1.shape.m, self.links.1.shape.ef_construction)
    }

    /// Nodes that were linked afterwards so that they can be reached.
    pub(crate) fn repaired(&self) -> u32 {
        self.links.1.shape.repaired
    }

    /// Nodes.
    pub(crate) fn row_count(&self) -> u32 {
        self.links.1.shape.row_count
    }

    /// The instructions that distances are computed with.
    pub(crate) fn kernels(&self) -> &'static str {
        self.kernels.name()
    }

    /// Bytes of its files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files().map(|file| file.stamp().len).sum()
    }

    /// Whether codes are the values themselves.
    pub(crate) fn is_lossless(&self) -> bool {
        self.codes.1.quantizer == Quantizer::Lossless
    }

    /// Coordinates of the shorter codes, if there are any.
    pub(crate) fn reduced_dim(&self) -> Option<u32> {
        self.reduced.as_ref().map(|(_, layout)| layout.shape.reduced_dim)
    }

    /// The index, checked.
    ///
    /// # Errors
    /// `Corrupt` if a block or a link is damaged; the same at every later call.
    pub(crate) fn view(&self) -> Result<IndexView<'_>> {
        let ready = self.ready.get_or_init(|| self.prepare()).as_ref().map_err(Clone::clone)?;
        let (file, layout) = &self.links;
        let base = Layer::new(file.checked_array(layout.links())?, layout.shape.row_len as usize);
        Ok(IndexView {
            metric: self.metric,
            kernels: self.kernels,
            base,
            tower: &ready.tower,
            tower_codes: &ready.tower_codes,
            codes: self.codes()?,
            reduced: self.reduced()?,
            lift: layout.shape.lift,
            descent: layout.shape.descent as usize,
            curve: &ready.curve,
        })
    }

    /// Compares everything with its rules, again.
    pub(crate) fn check(&self) -> Result<()> {
        self.prepare().map(drop)
    }

    fn codes(&self) -> Result<Codes<'_>> {
        let (file, layout) = &self.codes;
        let CodesLayout { quantizer, scale, shift, quantile, stride, .. } = *layout;
        let bias = if self.metric == Metric::Dot { None } else { Some(file.checked_array(layout.bias())?) };
        let rows = Rows::new(file.checked_array(layout.codes())?, stride as usize);
        Ok(Codes { rows, bias, int8: Int8 { quantizer, scale, shift, quantile } })
    }

    fn reduced(&self) -> Result<Option<(Codes<'_>, Projection<'_>)>> {
        let Some((file, layout)) = &self.reduced else { return Ok(None) };
        let shape = layout.shape;
        let int8 = |scale, shift| Int8 { quantizer: Quantizer::Scalar, scale, shift, quantile: 1.0 };
        let rows = Rows::new(file.checked_array(layout.codes())?, layout.stride as usize);
        let bias = Some(file.checked_array(layout.bias())?);
        let codes = Codes { rows, bias, int8: int8(shape.scale, shape.shift) };
        let projection = Projection {
            matrix: file.checked_array(layout.matrix())?,
            scales: file.checked_array(layout.matrix_scales())?,
            offsets: file.checked_array(layout.matrix_offsets())?,
            input: int8(shape.input_scale, shape.input_shift),
        };
        Ok(Some((codes, projection)))
    }

    fn prepare(&self) -> Result<Ready> {
        for file in self.files() {
            file.advise(AccessPattern::WillNeed);
        }
        for file in self.files() {
            file.check_all()?;
        }
        let (file, layout) = &self.codes;
        check_codes(file.bytes(layout.codes())?, layout).map_err(|e| file.format_error(e))?;
        if let Some((file, layout)) = &self.reduced {
            let (matrix, codes) = (file.bytes(layout.matrix())?, file.bytes(layout.codes())?);
            check_rows(matrix, codes, layout).map_err(|e| file.format_error(e))?;
        }
        let (file, layout) = &self.links;
        let lens: &[u32] = file.array(layout.layer_lens())?;
        let ids: &[u32] = file.array(layout.layer_ids())?;
        let links: &[u32] = file.array(layout.layer_links())?;
        check_links(file.array(layout.links())?, layout).map_err(|e| file.format_error(e))?;
        check_layers(lens, ids, links, layout).map_err(|e| file.format_error(e))?;
        for file in self.files() {
            file.advise(AccessPattern::Random);
        }
        let row_len = layout.shape.row_len as usize;
        let (mut ids, mut links) = (ids.iter().copied(), links.iter().copied());
        let layers = lens.iter().map(|len| Upper {
            ids: ids.by_ref().take(*len as usize).collect(),
            links: links.by_ref().take(*len as usize * row_len).collect(),
        });
        let tower = Tower { row_len, layers: layers.collect(), entry: layout.shape.entry };
        let curve = decode_curve(file.bytes(layout.curve())?, layout).map_err(|e| file.format_error(e))?;
        let walked = match self.reduced()? {
            Some((codes, _)) => codes,
            None => self.codes()?,
        };
        let tower_codes = LayerCodes::gather(&tower, walked.rows, walked.bias);
        Ok(Ready { tower, tower_codes, curve })
    }

    /// The graph's root and rows, as links to take over: `to_new(row)` is the new number of a row that goes on.
    pub(crate) fn links_to_keep(&self, to_new: &[u32], gone: u32) -> Result<(u32, Vec<SeededRow>)> {
        let view = self.view()?;
        let new = |row: u32| to_new.get(row as usize).copied().filter(|new| *new != gone);
        let mut rows = Vec::new();
        for row in 0..view.base.len() as u32 {
            let Some(node) = new(row) else { continue };
            let links = view.base.neighbors(row).filter_map(new).collect();
            let lost = view.base.neighbors(row).filter(|other| new(*other).is_none());
            let heirs = lost.flat_map(|other| view.base.neighbors(other)).filter_map(new).collect();
            rows.push(SeededRow { node, links, heirs });
        }
        let root = new(self.links.1.shape.root).or_else(|| rows.first().map(|row| row.node));
        let root = root.ok_or_else(|| Error::internal("a graph without live nodes has no links to keep"))?;
        Ok((root, rows))
    }
}
