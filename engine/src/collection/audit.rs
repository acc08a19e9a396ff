//! Does search find what it should? Some searches are repeated exactly, in the background, and the answers compared.
//!
//! Off unless [`Options::audit_every`](crate::Options::audit_every) says otherwise. At most [`WAITING_MAX`] searches wait to be repeated;
//! what comes while so many wait is not audited, so that an audit never holds a search up.

use super::view::View;
use super::{Collection, Shared};
use crate::error::Result;
use crate::query::{ScoredPoint, SearchRequest};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What audits of a collection have found since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RecallAudit {
    /// Searches that were repeated exactly.
    pub audited: u64,
    /// Searches that should have been, but too many were waiting.
    pub skipped: u64,
    /// Points that the exact searches found.
    pub expected: u64,
    /// Points of the first answers that are as near as those.
    pub found: u64,
    /// Share of the worst answer, 0..=1; 1 if nothing was audited.
    pub worst: f64,
}

impl RecallAudit {
    /// True recall of the audited searches, 0..=1; none if nothing was audited.
    pub fn recall(&self) -> Option<f64> {
        (self.expected > 0).then(|| self.found as f64 / self.expected as f64)
    }
}

/// Searches that wait to be repeated.
const WAITING_MAX: usize = 4;
/// Scores are sums in another order: as near is as near as this, relatively.
const TIE: f32 = 1e-5;

/// The audits of one collection.
#[derive(Debug, Default)]
pub(super) struct Audit {
    searches: AtomicU64,
    waiting: Mutex<VecDeque<Sampled>>,
    found: Mutex<RecallAudit>,
}

/// A search and its answer.
#[derive(Debug)]
struct Sampled {
    view: Arc<View>,
    request: SearchRequest,
    scores: Vec<f32>,
}

impl Collection {
    /// What audits have found: the true recall of a sample of the searches since the collection was opened.
    pub fn recall_audit(&self) -> RecallAudit {
        let found = *self.shared.audit.found.lock();
        RecallAudit { worst: if found.audited == 0 { 1.0 } else { found.worst }, ..found }
    }
}

impl Shared {
    /// Takes a sample of the searches that were not exact.
    pub(super) fn sample_search(&self, view: &Arc<View>, request: &SearchRequest, points: &[ScoredPoint]) {
        let every = self.env.audit_every;
        if every == 0 || request.exact {
            return;
        }
        if !self.audit.searches.fetch_add(1, Ordering::Relaxed).is_multiple_of(every) {
            return;
        }
        let mut waiting = self.audit.waiting.lock();
        if waiting.len() == WAITING_MAX {
            self.audit.found.lock().skipped += 1;
            return;
        }
        let scores = points.iter().map(|point| point.score).collect();
        waiting.push_back(Sampled { view: Arc::clone(view), request: request.clone(), scores });
        self.env.auditors.wake();
    }

    /// Repeats one waiting search; false if none was waiting.
    pub(crate) fn run_audit(&self) -> Result<bool> {
        let Some(Sampled { view, request, scores }) = self.audit.waiting.lock().pop_front() else {
            return Ok(false);
        };
        let exact =
            self.search(&view, &SearchRequest { cancel: None, timeout: None, ..request.exact(true) }, None)?;
        let Some(last) = exact.last().map(|point| point.score) else { return Ok(true) };
        let bound = last - last.abs() * TIE;
        let found = scores.iter().filter(|score| **score >= bound).count().min(exact.len());
        let share = found as f64 / exact.len() as f64;
        let mut sums = self.audit.found.lock();
        sums.worst = if sums.audited == 0 { share } else { sums.worst.min(share) };
        sums.audited += 1;
        sums.expected += exact.len() as u64;
        sums.found += found as u64;
        Ok(true)
    }
}
