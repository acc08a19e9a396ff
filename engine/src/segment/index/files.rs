//! Writing an index: codes, shorter codes if there are any, and links, their rows in the order of the new segment.

use super::build::{BuiltIndex, BuiltReduced, shape_error};
use crate::error::Result;
use crate::hnsw::{Graph, renumber};
use crate::io::{BlockWriter, FileStamp};
use crate::quantization::CodeBuffer;
use nigh_format::codes::CodesLayout;
use nigh_format::graph::{LinksLayout, LinksShape};
use nigh_format::layout::SegmentFile;
use nigh_format::manifest::IndexParams;
use nigh_format::reduced::{ReducedLayout, ReducedShape};

/// Writes the files of the index of vector `vector`; `order` gives the old row of each new one, `list` takes each file's stamp.
pub(crate) fn write_index<'w>(
    built: &BuiltIndex,
    (vector, dim, index, seed): (u16, u32, IndexParams, u64),
    order: &[u32],
    writer: impl Fn(SegmentFile) -> Result<BlockWriter<'w>>,
    mut list: impl FnMut(SegmentFile, FileStamp),
) -> Result<()> {
    let file = SegmentFile::Codes(vector);
    list(file, write_codes(writer(file)?, built, dim, order)?);
    if let Some(reduced) = &built.reduced {
        let file = SegmentFile::Reduced(vector);
        list(file, write_reduced(writer(file)?, reduced, dim, order)?);
    }
    let file = SegmentFile::Links(vector);
    let graph = renumber(&built.graph, order);
    list(file, write_links(writer(file)?, &graph, index, built, seed)?);
    Ok(())
}

fn write_codes(
    mut writer: BlockWriter<'_>,
    built: &BuiltIndex,
    dim: u32,
    order: &[u32],
) -> Result<FileStamp> {
    let (rows, int8) = (built.codes.rows(), built.int8);
    let (len, stride) = (rows.len() as u32, rows.stride() as u32);
    let layout = CodesLayout::new(len, dim, int8.quantizer, stride, int8.scale, int8.shift, int8.quantile)
        .map_err(shape_error)?;
    writer.write(&layout.encode())?;
    writer.pad_to(layout.codes().start)?;
    write_rows(&mut writer, &built.codes, order)?;
    writer.pad_to(layout.bias().start)?;
    for row in order {
        let bias = built.bias.as_ref().and_then(|bias| bias.get(*row as usize));
        writer.write(&bias.copied().unwrap_or_default().to_le_bytes())?;
    }
    writer.finish()
}

fn write_reduced(
    mut writer: BlockWriter<'_>,
    reduced: &BuiltReduced,
    dim: u32,
    order: &[u32],
) -> Result<FileStamp> {
    let layout = ReducedLayout::new(ReducedShape {
        row_count: reduced.codes.rows().len() as u32,
        dim,
        reduced_dim: reduced.scales.len() as u32,
        scale: reduced.int8.scale,
        shift: reduced.int8.shift,
        input_scale: reduced.input.scale,
        input_shift: reduced.input.shift,
        kept: reduced.kept,
    })
    .map_err(shape_error)?;
    writer.write(&layout.encode())?;
    writer.pad_to(layout.matrix().start)?;
    writer.write(reduced.matrix.bytes())?;
    writer.pad_to(layout.matrix_scales().start)?;
    reduced.scales.iter().try_for_each(|scale| writer.write(&scale.to_le_bytes()))?;
    writer.pad_to(layout.matrix_offsets().start)?;
    reduced.offsets.iter().try_for_each(|offset| writer.write(&offset.to_le_bytes()))?;
    writer.pad_to(layout.codes().start)?;
    write_rows(&mut writer, &reduced.codes, order)?;
    writer.pad_to(layout.bias().start)?;
    for row in order {
        let bias = reduced.bias.get(*row as usize).copied().unwrap_or_default();
        writer.write(&bias.to_le_bytes())?;
    }
    writer.finish()
}

fn write_rows(writer: &mut BlockWriter<'_>, codes: &CodeBuffer, order: &[u32]) -> Result<()> {
    let rows = codes.rows();
    order.iter().try_for_each(|row| writer.write(rows.row(*row).unwrap_or_default()))
}

fn write_links(
    mut writer: BlockWriter<'_>,
    graph: &Graph,
    index: IndexParams,
    built: &BuiltIndex,
    seed: u64,
) -> Result<FileStamp> {
    let layers = &graph.tower.layers;
    let layout = LinksLayout::new(LinksShape {
        row_count: graph.base().len() as u32,
        row_len: graph.row_len as u32,
        layer_count: layers.len() as u32,
        layer_nodes: layers.iter().map(|layer| layer.ids.len() as u32).sum(),
        curve_len: built.curve.len() as u32,
        root: graph.root,
        entry: graph.tower.entry,
        repaired: graph.repaired,
        m: index.m,
        ef_construction: index.ef_construction,
        lift: built.lift,
        descent: built.descent,
        seed,
    })
    .map_err(shape_error)?;
    writer.write(&layout.encode())?;
    writer.pad_to(layout.layer_lens().start)?;
    layers.iter().try_for_each(|layer| writer.write(&(layer.ids.len() as u32).to_le_bytes()))?;
    writer.pad_to(layout.layer_ids().start)?;
    layers.iter().try_for_each(|layer| write_numbers(&mut writer, &layer.ids))?;
    writer.pad_to(layout.layer_links().start)?;
    layers.iter().try_for_each(|layer| write_numbers(&mut writer, &layer.links))?;
    writer.pad_to(layout.curve().start)?;
    built.curve.iter().try_for_each(|point| writer.write(&point.encode()))?;
    writer.pad_to(layout.links().start)?;
    write_numbers(&mut writer, &graph.links)?;
    writer.finish()
}

fn write_numbers(writer: &mut BlockWriter<'_>, numbers: &[u32]) -> Result<()> {
    numbers.iter().try_for_each(|number| writer.write(&number.to_le_bytes()))
}
