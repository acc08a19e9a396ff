//! Checking one collection: every checksum, and that ids, vectors, payloads and tombstones fit together.

use super::Shared;
use crate::error::{Error, Result};
use crate::filter::FieldValues;
use crate::payload::SealedField;
use crate::point::{Payload, PointId};
use crate::segment::{Sealed, SegmentView};
use crate::threads::CancelToken;
use crate::vectors::load;
use nigh_format::manifest::VectorParams;
use std::collections::HashSet;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) point_count: u64,
    pub(crate) segment_count: usize,
    pub(crate) file_count: usize,
    pub(crate) byte_count: u64,
    pub(crate) problems: Vec<Error>,
}

const PROBLEMS_MAX: usize = 100;

impl Findings {
    fn note<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(e) => {
                if self.problems.len() < PROBLEMS_MAX {
                    self.problems.push(e);
                }
                None
            }
        }
    }
}

impl Shared {
    /// Bytes that [`Shared::verify`] compares.
    pub(crate) fn verify_bytes(&self) -> u64 {
        self.view.load().segments.iter().filter_map(|s| s.as_sealed()).map(|s| s.disk_bytes()).sum()
    }

    pub(crate) fn operations_replayed(&self) -> u64 {
        self.report.operations_replayed
    }

    pub(crate) fn verify(&self, cancel: &CancelToken, progress: &mut dyn FnMut(u64)) -> Findings {
        let view = self.view.load_full();
        let mut findings = Findings { point_count: view.point_count(), ..Findings::default() };
        if let Some((files, bytes)) = findings.note(self.reread()) {
            findings.file_count += files;
            findings.byte_count += bytes;
        }
        let mut alive = HashSet::new();
        for segment in &view.segments {
            if cancel.is_cancelled() {
                findings.note::<()>(Err(Error::Cancelled));
                break;
            }
            if let Some(sealed) = segment.as_sealed() {
                check_files(segment, sealed, &mut findings, progress);
            }
            self.check_points(segment, &mut alive, &mut findings);
        }
        if findings.problems.is_empty() && alive.len() as u64 != view.point_count() {
            let what = format!("{} points alive of {} counted", alive.len(), view.point_count());
            findings.note::<()>(Err(Error::internal(what)));
        }
        findings
    }

    fn check_points(&self, segment: &SegmentView, alive: &mut HashSet<PointId>, findings: &mut Findings) {
        for offset in (0..segment.len).filter(|o| !segment.dead.contains(*o)) {
            let checked = self.check_point(segment, offset).and_then(|id| {
                if alive.insert(id) {
                    Ok(())
                } else {
                    Err(damaged(segment, format!("point {id} is alive twice")))
                }
            });
            if findings.note(checked).is_none() && findings.problems.len() >= PROBLEMS_MAX {
                return;
            }
        }
    }

    fn check_point(&self, segment: &SegmentView, offset: u32) -> Result<PointId> {
        let id = segment.id(offset)?;
        if segment.find(id)? != Some(offset) {
            return Err(damaged(segment, format!("point {id} at offset {offset} is not found by its id")));
        }
        let text = segment.payload(offset)?;
        let payload = Payload::decode(&text).map_err(|why| damaged(segment, format!("point {id}: {why}")))?;
        for index in segment.as_sealed().map(|sealed| sealed.fields()).unwrap_or_default() {
            let SealedField::Keys(index) = &*index else { continue };
            let field = index.field();
            if index.values(offset)? != FieldValues::of(payload.as_map(), &field.path, field.kind) {
                let what = format!("the values of point {id} are not those of its payload");
                return Err(index.file().damaged(0, what));
            }
        }
        for (index, params) in self.params.iter().enumerate() {
            if let Some(bytes) = segment.vector_bytes(index, offset)? {
                check_row(params, &bytes).map_err(|why| damaged(segment, format!("point {id}: {why}")))?;
            }
        }
        Ok(id)
    }
}

fn check_row(params: &VectorParams, bytes: &[u8]) -> std::result::Result<(), String> {
    let values = load(params.datatype, bytes);
    if values.len() != params.dim as usize {
        return Err(format!("expected {} dimensions, got {}", params.dim, values.len()));
    }
    match values.iter().find(|v| !v.is_finite()) {
        Some(v) => Err(format!("vector {:?} holds {v}", params.name)),
        None => Ok(()),
    }
}

fn damaged(segment: &SegmentView, what: String) -> Error {
    match segment.as_sealed() {
        Some(sealed) => sealed.ids().file().damaged(0, what),
        None => Error::internal(what),
    }
}

/// Compares every block of every file of a segment, and each file's content with its own rules.
fn check_files(
    segment: &SegmentView,
    sealed: &Sealed,
    findings: &mut Findings,
    progress: &mut dyn FnMut(u64),
) {
    findings.segment_count += 1;
    for file in sealed.files() {
        findings.note(file.check_all());
        findings.file_count += 1;
        findings.byte_count += file.stamp().len;
        progress(file.stamp().len);
    }
    for vectors in sealed.vectors() {
        findings.note(vectors.check());
    }
    for field in sealed.fields() {
        findings.note(field.file().check_all());
        findings.note(match &*field {
            SealedField::Keys(index) => index.check(),
            SealedField::Text(index) => index.check(|offset| segment.text(index.field(), offset)),
        });
        findings.file_count += 1;
        findings.byte_count += field.file().stamp().len;
        progress(field.file().stamp().len);
    }
    for index in sealed.indexes() {
        findings.note(index.check());
    }
    findings.note(check_id_map(sealed));
    findings.note(check_payload_ends(sealed));
}

fn check_id_map(sealed: &Sealed) -> Result<()> {
    let (file, layout) = (sealed.ids().file(), sealed.ids().layout());
    let ints: &[u64] = file.array(layout.ints())?;
    let offsets: &[u32] = file.array(layout.offsets())?;
    let ranks: &[u32] = file.array(layout.ranks())?;
    let versions: &[u64] = file.array(layout.versions())?;
    nigh_format::id_map::check_versions(versions, sealed.last_seq().0, layout)
        .map_err(|e| file.format_error(e))?;
    nigh_format::id_map::check(ints, file.bytes(layout.uuids())?, offsets, ranks)
        .map_err(|e| file.format_error(e))
}

fn check_payload_ends(sealed: &Sealed) -> Result<()> {
    let (file, layout) = (sealed.payloads().file(), sealed.payloads().layout());
    let ends: &[u64] = file.array(layout.ends())?;
    nigh_format::payloads::check_ends(ends, layout.blob_len).map_err(|e| file.format_error(e))
}
