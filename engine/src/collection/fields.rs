//! Indexes of payload fields: declared and dropped in the manifest, made segment by segment in the background.
//!
//! A field that is declared is indexed in every segment that is written from then on, and in memory; segments that are there get a file more, while they are
//! read and searched. Until then filters ask their points one by one: answers are the same with and without an index.

use super::checkpoint::{PoisonOnPanic, RewriteEnds};
use super::{Collection, Shared, WriteState};
use crate::error::{Error, Result};
use crate::ids::SegmentId;
use crate::io::{BlockWriter, retry};
use crate::optimizer::{JobHandle, JobKind};
use crate::payload::{Fields, IndexedField, SealedField, fields_of, write_field_index, write_text_index};
use crate::point::PayloadPath;
use crate::segment::{Mutable, Sealed, SegmentView};
use crate::text::{Analyzer, AnalyzerConfig};
use nigh_format::layout::SegmentFile;
use nigh_format::manifest::{
    FIELD_OPTIONS_LEN_MAX, FIELD_PATH_LEN_MAX, FIELDS_MAX, FieldParams, FileEntry, Manifest,
};
use nigh_format::payload_index::FieldKind;
use std::sync::Arc;

/// A payload field that is indexed, and how far that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadIndexInfo {
    /// Where its values are in a payload.
    pub path: String,
    /// What its values are taken for.
    pub kind: FieldKind,
    /// How its texts are read, if it is their words that are indexed.
    pub analyzer: Option<AnalyzerConfig>,
    /// Live points with a value there (with a text, if it is their words that are indexed), of those whose segments have the index.
    pub point_count: u64,
    /// Segments that do not have it yet: filters ask their points one by one.
    pub segments_waiting: usize,
    /// Bytes on disk.
    pub disk_bytes: u64,
}

impl Collection {
    /// Indexes the values at a path of the payloads, durably: filters on it are answered without reading payloads. The index is made in the background; answers are
    /// the same with and without it. False if it is there already. An index of another kind at this path is replaced.
    ///
    /// # Errors
    /// `Invalid` for a text that is no path, or for [`FieldKind::Text`], which [`Collection::create_text_index`] is for; `TooLarge` beyond 1,024 fields;
    /// `Io` or `NoSpace` if it could not be written.
    pub fn create_payload_index(&self, path: &str, kind: FieldKind) -> Result<bool> {
        if kind == FieldKind::Text {
            return Err(Error::invalid("kind", "a kind besides text, whose index needs an analyzer", "text"));
        }
        self.create_index(path, kind, String::new())
    }

    /// Indexes the words of the texts at a path of the payloads, durably, as `analyzer` reads them: [`Collection::search_text`] finds points by them, and
    /// filters that match texts look at words. A point's text is all texts at the path, one after the other. The index is made in the background; answers are the
    /// same before and after, only slower before. False if it is there already. Any other index at this path is replaced, also one that was made with another analyzer.
    ///
    /// # Errors
    /// `Invalid` for a text that is no path or a configuration that is none ([`Analyzer::new`]), `TooLarge` beyond 1,024 fields or a configuration of 64 KiB;
    /// `Io` or `NoSpace` if it could not be written.
    pub fn create_text_index(&self, path: &str, analyzer: &AnalyzerConfig) -> Result<bool> {
        Analyzer::new(analyzer)?;
        let options = analyzer.to_options();
        if options.len() > FIELD_OPTIONS_LEN_MAX {
            let (limit, got) = (FIELD_OPTIONS_LEN_MAX as u64, options.len() as u64);
            return Err(Error::TooLarge { what: "configuration of an analyzer", limit, got });
        }
        self.create_index(path, FieldKind::Text, options)
    }

    fn create_index(&self, path: &str, kind: FieldKind, options: String) -> Result<bool> {
        let shared = &self.shared;
        shared.check_writable()?;
        let parsed: PayloadPath = path.parse()?;
        if path.len() > FIELD_PATH_LEN_MAX {
            let (limit, got) = (FIELD_PATH_LEN_MAX as u64, path.len() as u64);
            return Err(Error::TooLarge { what: "path of a payload field", limit, got });
        }
        let is_same =
            |field: &FieldParams| field.path.parse().is_ok_and(|there: PayloadPath| there == parsed);
        let created = shared.change_fields(|manifest| {
            let is_there =
                |field: &FieldParams| is_same(field) && field.kind == kind && field.options == options;
            if manifest.fields.iter().any(is_there) {
                return Ok(false);
            }
            manifest.fields.retain(|field| !is_same(field));
            if manifest.fields.len() >= FIELDS_MAX {
                let got = manifest.fields.len() as u64 + 1;
                return Err(Error::TooLarge { what: "payload indexes", limit: FIELDS_MAX as u64, got });
            }
            manifest.fields.push(FieldParams {
                id: manifest.next_field_id,
                path: path.to_owned(),
                kind,
                options,
            });
            manifest.next_field_id += 1;
            Ok(true)
        })?;
        if created {
            shared.index_new_points()?;
        }
        Ok(created)
    }

    /// Drops the index of a payload field, durably; the values stay. False if there is none.
    ///
    /// # Errors
    /// `Invalid` for a text that is no path; `Io` or `NoSpace` if it could not be written.
    pub fn delete_payload_index(&self, path: &str) -> Result<bool> {
        let parsed: PayloadPath = path.parse()?;
        self.shared.change_fields(|manifest| {
            let before = manifest.fields.len();
            manifest
                .fields
                .retain(|field| field.path.parse().is_ok_and(|there: PayloadPath| there != parsed));
            Ok(manifest.fields.len() < before)
        })
    }

    /// What the values at a path are indexed as, if they are.
    ///
    /// # Errors
    /// `Invalid` for a text that is no path; `Closed` if the collection was dropped.
    pub fn payload_index_kind(&self, path: &str) -> Result<Option<FieldKind>> {
        let path: PayloadPath = path.parse()?;
        let fields = self.readable()?.fields.read().clone();
        Ok(fields.iter().find(|field| field.path == path).map(|field| field.kind))
    }

    /// The payload fields that are indexed, in the order in which they were declared.
    ///
    /// # Errors
    /// `Closed` if the collection was dropped, `Corrupt` if a file's block is damaged.
    pub fn payload_indexes(&self) -> Result<Vec<PayloadIndexInfo>> {
        let shared = self.readable()?;
        let params = shared.checkpoint.lock().manifest.fields.clone();
        let view = shared.view.load();
        let mut infos = Vec::new();
        for field in params {
            let (mut point_count, mut segments_waiting, mut disk_bytes) = (0, 0, 0);
            for segment in view.segments.iter().filter(|segment| segment.len > 0) {
                match segment.field_points(field.id)? {
                    Some(mut filled) => {
                        filled.intersect(&segment.live());
                        point_count += u64::from(filled.count());
                    }
                    None => segments_waiting += 1,
                }
                let index = segment.as_sealed().and_then(|sealed| sealed.field(field.id));
                disk_bytes += index.map_or(0, |index| index.file().stamp().len);
            }
            let FieldParams { path, kind, options, .. } = field;
            let analyzer = (kind == FieldKind::Text).then(|| AnalyzerConfig::from_options(&options));
            let analyzer = analyzer.transpose()?;
            infos.push(PayloadIndexInfo { path, kind, analyzer, point_count, segments_waiting, disk_bytes });
        }
        Ok(infos)
    }
}

impl Shared {
    /// Changes the declared fields on disk, then here, and forgets the files of those that are gone; whatever `change` says.
    fn change_fields(&self, change: impl FnOnce(&mut Manifest) -> Result<bool>) -> Result<bool> {
        let mut checkpoint = self.checkpoint.lock();
        self.check_writable()?;
        let mut next = checkpoint.manifest.clone();
        if !change(&mut next)? {
            return Ok(false);
        }
        next.generation += 1;
        forget_fields(&mut next);
        self.publish_manifest(&next)?;
        let old = std::mem::replace(&mut checkpoint.manifest, next);
        let fields = fields_of(&checkpoint.manifest.fields)?;
        *self.fields.write() = Arc::clone(&fields);
        for segment in self.view.load().segments.iter().filter_map(SegmentView::as_sealed) {
            segment.keep_fields(|id| fields.iter().any(|field| field.id == id));
        }
        self.remove_unlisted(&old, &checkpoint.manifest);
        Ok(true)
    }

    /// Sees to it that the mutable segment indexes all declared fields: one that began before is sealed.
    fn index_new_points(&self) -> Result<()> {
        loop {
            {
                let mut state = self.write.lock();
                let WriteState { draft, .. } = &mut *state;
                let fields = self.fields.read().clone();
                let Some(active) = draft.segments.last_mut() else { return Ok(()) };
                let knows = |field: &Arc<IndexedField>| {
                    active.as_mutable().is_none_or(|m| m.field(field.id).is_some())
                };
                if fields.iter().all(knows) {
                    return Ok(());
                }
                if active.len == 0 {
                    *active = SegmentView::empty(self.new_mutable(&fields));
                    self.view.store(Arc::new(draft.clone()));
                    return Ok(());
                }
            }
            self.seal("a payload field is indexed")?;
        }
    }

    pub(super) fn new_mutable(&self, fields: &Fields) -> Arc<Mutable> {
        Arc::new(Mutable::new(Arc::clone(&self.params), fields))
    }

    /// A segment that does not have the index of every declared field.
    pub(super) fn lacks_field(&self) -> Option<SegmentId> {
        let fields = self.fields.read().clone();
        let view = self.view.load();
        let lacks = |sealed: &&Arc<Sealed>| {
            fields.iter().any(|field| sealed.field(field.id).is_none())
                && !self.jobs.is_quarantined(sealed.id())
        };
        view.segments.iter().filter_map(SegmentView::as_sealed).find(lacks).map(|sealed| sealed.id())
    }

    /// Gives a segment the indexes of declared fields that it lacks; false if the work had to be thrown away.
    pub(super) fn index_fields(&self, id: SegmentId) -> Result<bool> {
        let Some(segment) = self.begin_index(id) else { return Ok(false) };
        let _ended = RewriteEnds(self);
        let _poison = PoisonOnPanic(self);
        let Some(sealed) = segment.as_sealed() else { return Ok(false) };
        let bytes = sealed.payloads().file().stamp().len;
        let reason = "a payload field is indexed";
        let job = self.jobs.start(JobKind::PayloadIndex, reason, vec![id], bytes, self.env.clock.now());
        let result = self.write_fields(&segment, sealed, &job);
        self.jobs.finish(job, result.clone(), self.env.clock.now());
        result
    }

    fn begin_index(&self, id: SegmentId) -> Option<SegmentView> {
        let mut checkpoint = self.checkpoint.lock();
        if checkpoint.rewriting || self.check_writable().is_err() {
            return None;
        }
        let view = self.view.load();
        let segment = view.segments.iter().find(|view| view.as_sealed().is_some_and(|s| s.id() == id))?;
        checkpoint.rewriting = true;
        Some(segment.clone())
    }

    fn write_fields(&self, segment: &SegmentView, sealed: &Arc<Sealed>, job: &JobHandle) -> Result<bool> {
        let fields = self.fields.read().clone();
        for field in fields.iter().filter(|field| sealed.field(field.id).is_none()) {
            let file = field.file();
            let path = self.place.path(sealed.id(), file);
            let pace = |bytes| {
                self.env.pacer.pay(bytes, &|| self.check_writable().is_ok());
                self.pace(job, bytes)
            };
            // An attempt that failed may have left it.
            drop(retry(|| self.env.vfs.remove_file(&path)));
            let vfs = self.env.vfs.as_ref();
            let identity = self.place.identity(sealed.id(), file);
            let writer = BlockWriter::create(vfs, path.clone(), file.kind(), identity, &pace)?;
            let stamp = if field.analyzer.is_some() {
                write_text_index(writer, field, segment.len, |offset| segment.text(field, offset))?
            } else {
                let values = |offset| segment.field_values(field, offset);
                write_field_index(writer, field.kind, segment.len, values)?
            };
            let dir = self.place.segment_dir(sealed.id());
            vfs.sync_dir(&dir).map_err(|e| Error::io("sync", &dir, e))?;
            let entry = FileEntry { file, len: stamp.len, table_checksum: stamp.table_checksum };
            let file = self.place.open(sealed.id(), file, stamp)?;
            let index = SealedField::open(file, Arc::clone(field), segment.len)?;
            if !self.add_field(sealed, entry, Arc::new(index))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lists a new file and takes it into use; false, and without the file, if its field is not indexed any more.
    fn add_field(&self, sealed: &Sealed, entry: FileEntry, index: Arc<SealedField>) -> Result<bool> {
        let mut checkpoint = self.checkpoint.lock();
        let mut next = checkpoint.manifest.clone();
        next.generation += 1;
        let is_wanted = next.fields.iter().any(|field| field.id == index.field().id);
        match next.segments.iter_mut().find(|segment| segment.id == sealed.id().0) {
            Some(segment) if is_wanted && self.check_writable().is_ok() => segment.files.push(entry),
            _ => {
                drop(retry(|| self.env.vfs.remove_file(&self.place.path(sealed.id(), entry.file))));
                return Ok(false);
            }
        }
        self.publish_manifest(&next)?;
        checkpoint.manifest = next;
        sealed.add_field(index);
        Ok(true)
    }
}

/// Takes out of a manifest the files of fields that it does not declare.
pub(super) fn forget_fields(manifest: &mut Manifest) {
    let Manifest { fields, segments, .. } = manifest;
    for segment in segments {
        segment.files.retain(|entry| match entry.file {
            SegmentFile::Field(id) | SegmentFile::Text(id) => fields.iter().any(|field| field.id == id),
            _ => true,
        });
    }
}
