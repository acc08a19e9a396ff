//! The one door into segments, for live writes and for replay: a logged operation goes in, the view changes.
//!
//! Two steps. [`resolve`] does everything that can fail: finds old versions, reads what is kept of them, computes new payloads. [`apply`] then
//! cannot fail, and takes only operations that are in the log. So a live write that cannot be carried out is refused before it is logged.
//! Operations on points that do not exist do nothing: replay is total.

use super::view::View;
use crate::error::{Error, Result};
use crate::ids::SeqNo;
use crate::point::{Payload, PayloadPath, PointId};
use crate::vectors::row_bytes;
use crate::wal::Logged;
use nigh_format::manifest::VectorParams;
use nigh_format::operation::{Operation, PointBatch, PointIdRecord};
use std::borrow::Cow;
use std::collections::HashMap;

/// What an operation does to the view it was resolved against.
#[derive(Debug)]
pub(crate) struct Changes<'a>(Vec<Change<'a>>);

#[derive(Debug)]
struct Change<'a> {
    /// Segment and offset of the version that dies.
    kill: Option<(usize, u32)>,
    /// The version that takes its place.
    append: Option<NewVersion<'a>>,
}

#[derive(Debug)]
struct NewVersion<'a> {
    id: PointId,
    payload: Cow<'a, [u8]>,
    rows: Vec<Option<Cow<'a, [u8]>>>,
}

/// How much an operation may make. Replay has no bounds: what is in the log was within them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// JSON text of one payload.
    pub(crate) payload_bytes: usize,
    /// New versions of all points together.
    pub(crate) write_bytes: usize,
}

impl Bounds {
    pub(crate) const NONE: Bounds = Bounds { payload_bytes: usize::MAX, write_bytes: usize::MAX };
}

/// Finds out what `operation` does to `view`.
///
/// # Errors
/// `Corrupt` if something needed is damaged, `TooLarge` if a payload would be, `Invalid` if the operation does not fit the configuration.
pub(crate) fn resolve<'a>(
    view: &View,
    params: &[VectorParams],
    operation: &'a Operation,
    bounds: Bounds,
) -> Result<Changes<'a>> {
    let edit = |ids: &[PointIdRecord], edit: &dyn Fn(&mut Payload)| {
        rewrite(view, params, ids, bounds.write_bytes, |new| {
            let mut payload = decode(&new.payload)?;
            edit(&mut payload);
            new.payload = Cow::Owned(payload.encode(bounds.payload_bytes)?);
            Ok(())
        })
    };
    match operation {
        Operation::Upsert(batch) => upsert(view, params, batch),
        Operation::UpdateVectors(batch) => update_vectors(view, params, batch, bounds),
        Operation::Delete { ids } => {
            let mut changes = Vec::new();
            for id in ids {
                if let Some(old) = view.find(PointId::from_record(*id))? {
                    changes.push(Change { kill: Some(old), append: None });
                }
            }
            Ok(Changes(changes))
        }
        Operation::SetPayload { ids, patch, path } => {
            let (patch, path) = (decode(patch)?, parse_path(path)?);
            edit(ids, &|payload| payload.set(patch.clone(), path.as_ref()))
        }
        Operation::OverwritePayload { ids, payload: new, path } => {
            let (new, path) = (decode(new)?, parse_path(path)?);
            edit(ids, &|payload| payload.overwrite(new.clone(), path.as_ref()))
        }
        Operation::DeletePayloadKeys { ids, paths } => {
            let paths: Vec<PayloadPath> = paths.iter().map(|p| p.parse()).collect::<Result<_>>()?;
            edit(ids, &|payload| paths.iter().for_each(|path| payload.remove(path)))
        }
        Operation::ClearPayload { ids } => edit(ids, &|payload| *payload = Payload::default()),
        Operation::DeleteVectors { ids, names } => rewrite(view, params, ids, bounds.write_bytes, |new| {
            for (slot, params) in new.rows.iter_mut().zip(params) {
                if names.contains(&params.name) {
                    *slot = None;
                }
            }
            Ok(())
        }),
    }
}

/// Carries out `changes`, which were resolved against this very view. Visible to readers once the view is published.
pub(crate) fn apply(view: &mut View, logged: Logged<'_>, changes: Changes<'_>) {
    let version = logged.seq();
    for change in changes.0 {
        if let Some((segment, offset)) = change.kill
            && let Some(segment) = view.segments.get_mut(segment)
        {
            segment.dead.insert(offset);
        }
        if let Some(new) = change.append {
            append(view, &new, version);
        }
    }
    view.seq = version;
}

fn append(view: &mut View, new: &NewVersion<'_>, version: SeqNo) {
    let Some(active) = view.segments.last_mut() else { return };
    let Some(mutable) = active.as_mutable() else { return };
    let rows: Vec<Option<&[u8]>> = new.rows.iter().map(Option::as_deref).collect();
    mutable.append(active.len, new.id, version, &new.payload, &rows);
    active.len += 1;
}

fn upsert<'a>(view: &View, params: &[VectorParams], batch: &'a PointBatch) -> Result<Changes<'a>> {
    let mut columns = Columns::new(params, batch)?;
    let mut changes = Vec::with_capacity(batch.ids.len());
    let mut start = 0u32;
    for (i, id) in (0..).zip(&batch.ids) {
        let end = batch.payload_ends.get(i as usize).copied().unwrap_or(start);
        let payload = batch.payloads.get(start as usize..end as usize).unwrap_or_default();
        start = end;
        let id = PointId::from_record(*id);
        let new = NewVersion { id, payload: Cow::Borrowed(payload), rows: columns.rows_of(i) };
        changes.push(Change { kill: view.find(id)?, append: Some(new) });
    }
    Ok(Changes(changes))
}

fn update_vectors<'a>(
    view: &View,
    params: &[VectorParams],
    batch: &'a PointBatch,
    bounds: Bounds,
) -> Result<Changes<'a>> {
    let mut columns = Columns::new(params, batch)?;
    // Columns are walked with the ids, also of points that do not exist.
    let rows_of = |(point, id): (u32, &PointIdRecord)| (*id, columns.rows_of(point));
    let mut rows: HashMap<_, _> = (0..).zip(&batch.ids).map(rows_of).collect();
    rewrite(view, params, &batch.ids, bounds.write_bytes, |new| {
        let given = rows.remove(&new.id.to_record()).unwrap_or_default();
        for (slot, row) in new.rows.iter_mut().zip(given) {
            if row.is_some() {
                *slot = row;
            }
        }
        Ok(())
    })
}

/// A changed copy of each of the points that exist.
fn rewrite<'a>(
    view: &View,
    params: &[VectorParams],
    ids: &[PointIdRecord],
    bytes_max: usize,
    mut change: impl FnMut(&mut NewVersion<'a>) -> Result<()>,
) -> Result<Changes<'a>> {
    let mut changes = Vec::new();
    let mut bytes = 0usize;
    for id in ids {
        let id = PointId::from_record(*id);
        let Some(old) = view.find(id)? else { continue };
        let mut new = copy_of(view, params, id, old)?;
        change(&mut new)?;
        bytes += new.payload.len() + new.rows.iter().flatten().map(|row| row.len()).sum::<usize>();
        if bytes > bytes_max {
            let (limit, got) = (bytes_max as u64, bytes as u64);
            return Err(Error::TooLarge { what: "points rewritten by one write in bytes", limit, got });
        }
        changes.push(Change { kill: Some(old), append: Some(new) });
    }
    Ok(Changes(changes))
}

fn copy_of<'a>(
    view: &View,
    params: &[VectorParams],
    id: PointId,
    (segment, offset): (usize, u32),
) -> Result<NewVersion<'a>> {
    let segment = view.segments.get(segment).ok_or_else(|| Error::internal("a point in no segment"))?;
    let payload = Cow::Owned(segment.payload(offset)?.into_owned());
    let row = |i| Ok(segment.vector_bytes(i, offset)?.map(|row| Cow::Owned(row.into_owned())));
    let rows = (0..params.len()).map(row).collect::<Result<_>>()?;
    Ok(NewVersion { id, payload, rows })
}

fn decode(text: &[u8]) -> Result<Payload> {
    Payload::decode(text).map_err(|why| Error::invalid("payload", "a JSON object", why))
}

fn parse_path(text: &str) -> Result<Option<PayloadPath>> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// Walks the columns of a batch point by point.
struct Columns<'a> {
    /// For each configured vector: its column, next entry in it, and bytes of a row.
    cursors: Vec<Option<Cursor<'a>>>,
}

struct Cursor<'a> {
    rows: &'a [u32],
    data: std::slice::ChunksExact<'a, u8>,
}

impl<'a> Columns<'a> {
    fn new(params: &[VectorParams], batch: &'a PointBatch) -> Result<Self> {
        let mut cursors: Vec<Option<Cursor<'a>>> = params.iter().map(|_| None).collect();
        for column in &batch.columns {
            let known = params.iter().position(|p| p.name == column.name);
            let place = known.and_then(|i| Some((params.get(i)?, cursors.get_mut(i)?)));
            let Some((params, cursor)) = place else {
                return Err(Error::invalid(
                    "vector name",
                    "one of the collection's",
                    format!("{:?}", column.name),
                ));
            };
            if column.dim != params.dim || column.datatype != params.datatype.code() {
                let got = format!("dim {} and datatype {}", column.dim, column.datatype);
                return Err(Error::invalid(
                    format!("vectors[{:?}]", column.name),
                    format!("{params:?}"),
                    got,
                ));
            }
            *cursor = Some(Cursor { rows: &column.rows, data: column.data.chunks_exact(row_bytes(params)) });
        }
        Ok(Self { cursors })
    }

    /// Rows of the `point`th point; called with ascending numbers.
    fn rows_of(&mut self, point: u32) -> Vec<Option<Cow<'a, [u8]>>> {
        let row = |cursor: &mut Option<Cursor<'a>>| {
            let cursor = cursor.as_mut()?;
            let (first, rest) = cursor.rows.split_first()?;
            if *first != point {
                return None;
            }
            cursor.rows = rest;
            cursor.data.next().map(Cow::Borrowed)
        };
        self.cursors.iter_mut().map(row).collect()
    }
}
