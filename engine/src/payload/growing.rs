//! The index of one payload field over the points of the mutable segment: appended to, and asked up to the length of a view.

use crate::error::Result;
use crate::filter::{FieldValues, OffsetSet, Test};
use crate::payload::IndexedField;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;

/// Threads: one appender; any number of readers, who wait for it while it adds a point.
#[derive(Debug)]
pub(crate) struct GrowingKeys {
    field: Arc<IndexedField>,
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    numbers: HashMap<Box<[u8]>, u32>,
    /// Keys in the order in which they came.
    keys: Vec<Box<[u8]>>,
    /// Numbers of keys, point by point.
    values: Vec<u32>,
    /// Where each point's values end.
    ends: Vec<u32>,
    filled: Vec<bool>,
    null: Vec<bool>,
}

impl GrowingKeys {
    pub(crate) fn new(field: Arc<IndexedField>) -> Self {
        Self { field, inner: RwLock::default() }
    }

    pub(crate) fn field(&self) -> &IndexedField {
        &self.field
    }

    /// What a point has in the field, if it is there.
    pub(crate) fn values(&self, offset: u32) -> Option<FieldValues> {
        let inner = self.inner.read();
        let at = offset as usize;
        let start = at.checked_sub(1).map_or(Some(0), |before| inner.ends.get(before).copied())?;
        let numbers = inner.values.get(start as usize..*inner.ends.get(at)? as usize)?;
        let keys = numbers.iter().map(|number| inner.keys.get(*number as usize).cloned());
        Some(FieldValues {
            keys: keys.collect::<Option<_>>()?,
            filled: *inner.filled.get(at)?,
            null: *inner.null.get(at)?,
        })
    }

    /// Adds the next point. Returns the memory that this took, about.
    pub(crate) fn push(&self, point: FieldValues) -> u64 {
        let mut inner = self.inner.write();
        let mut bytes = 8;
        for key in point.keys {
            let next = inner.keys.len() as u32;
            let number = match inner.numbers.get(&key) {
                Some(number) => *number,
                None => {
                    bytes += 2 * key.len() as u64 + 64;
                    inner.keys.push(key.clone());
                    inner.numbers.insert(key, next);
                    next
                }
            };
            inner.values.push(number);
            bytes += 4;
        }
        let end = inner.values.len() as u32;
        inner.ends.push(end);
        inner.filled.push(point.filled);
        inner.null.push(point.null);
        bytes
    }

    /// Those of the first `len` points for which `test` holds; none if that cannot be told from keys.
    pub(crate) fn answer(&self, test: &Test, len: u32) -> Result<Option<OffsetSet>> {
        if !test.is_answered_by(self.field.kind) {
            return Ok(None);
        }
        let inner = self.inner.read();
        let mut set = OffsetSet::none(len);
        let mut add = |flags: &[bool], wanted: bool| {
            (0..len)
                .zip(flags)
                .filter(|(_, flag)| **flag == wanted)
                .for_each(|(offset, _)| set.insert(offset));
        };
        match test {
            Test::Empty(wanted) => add(&inner.filled, !wanted),
            Test::Null(wanted) => add(&inner.null, *wanted),
            _ => {
                let passing: Vec<bool> =
                    inner.keys.iter().map(|key| test.key_passes(key)).collect::<Result<_>>()?;
                let mut start = 0;
                for (offset, end) in (0..len).zip(&inner.ends) {
                    let values = inner.values.get(start as usize..*end as usize).unwrap_or_default();
                    if values.iter().any(|number| passing.get(*number as usize) == Some(&true)) {
                        set.insert(offset);
                    }
                    start = *end;
                }
            }
        }
        Ok(Some(set))
    }
}
