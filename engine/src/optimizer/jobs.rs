//! Background jobs as their owner sees them: state, progress, reason, and what failed.
//!
//! A failing kind of job waits twice as long after each failure, so that nothing loops; inputs of a rewrite that failed three times are
//! quarantined: left alone until the next open. Threads: any.

use crate::error::{Error, ErrorKind};
use crate::ids::SegmentId;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Writes the mutable segment to disk and cuts the log.
    Seal,
    /// Rewrites several sealed segments into one.
    Merge,
    /// Rewrites one segment without its dead points.
    Vacuum,
    /// Writes the index of payload fields of one segment.
    PayloadIndex,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// At work.
    Running,
    /// Finished.
    Done,
    /// Finished, but its work was thrown away because something else came between; it is planned anew.
    Discarded,
    /// Gave up; it is tried again after a pause that doubles up to ten seconds.
    Failed {
        /// Why.
        reason: String,
        /// Failures of this kind of job in a row.
        attempts: u32,
    },
}

/// One job, running or among the last that ended.
#[derive(Debug, Clone)]
pub struct JobInfo {
    /// Number, counting up from 1 since the collection was opened.
    pub id: u64,
    /// What it does.
    pub kind: JobKind,
    /// Why it was started.
    pub reason: &'static str,
    /// The segments that it rewrites.
    pub inputs: Vec<SegmentId>,
    /// How far it is.
    pub state: JobState,
    /// Bytes written so far.
    pub bytes_done: u64,
    /// Bytes to write, as estimated at the start.
    pub bytes_total: u64,
    /// On the database's clock.
    pub started: Duration,
    /// On the database's clock.
    pub ended: Option<Duration>,
}

/// The jobs of one collection.
#[derive(Debug, Default)]
pub(crate) struct Jobs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    recent: VecDeque<(JobInfo, Arc<AtomicU64>)>,
    failures: BTreeMap<JobKind, Failures>,
    rewrite_failures: BTreeMap<SegmentId, u32>,
    /// Rewrites that found no space.
    space_failures: BTreeMap<SegmentId, u32>,
}

#[derive(Debug, Clone)]
struct Failures {
    count: u32,
    retry_at: Duration,
    last: Error,
}

/// A job that is running.
#[derive(Debug)]
pub(crate) struct JobHandle {
    id: u64,
    kind: JobKind,
    inputs: Vec<SegmentId>,
    bytes_done: Arc<AtomicU64>,
}

impl JobHandle {
    pub(crate) fn progress(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Ended jobs that are remembered.
const RECENT: usize = 64;
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(10);
const QUARANTINE_AFTER: u32 = 3;

impl Jobs {
    pub(crate) fn start(
        &self,
        kind: JobKind,
        reason: &'static str,
        inputs: Vec<SegmentId>,
        bytes_total: u64,
        now: Duration,
    ) -> JobHandle {
        let mut state = self.0.lock();
        state.next_id += 1;
        let (id, bytes_done) = (state.next_id, Arc::new(AtomicU64::new(0)));
        let handle = JobHandle { id, kind, inputs: inputs.clone(), bytes_done: Arc::clone(&bytes_done) };
        let (started, running) = (now, JobState::Running);
        let info = JobInfo {
            id,
            kind,
            reason,
            inputs,
            state: running,
            bytes_done: 0,
            bytes_total,
            started,
            ended: None,
        };
        state.recent.push_back((info, bytes_done));
        if state.recent.len() > RECENT
            && let Some(oldest) = state.recent.iter().position(|(info, _)| info.ended.is_some())
        {
            state.recent.remove(oldest);
        }
        handle
    }

    /// Records the end of a job; `Ok(false)` means that its work was thrown away.
    pub(crate) fn finish(&self, job: JobHandle, result: Result<bool, Error>, now: Duration) {
        let mut state = self.0.lock();
        let state = &mut *state;
        let ended = match result {
            Ok(true) => {
                state.failures.remove(&job.kind);
                JobState::Done
            }
            Ok(false) => JobState::Discarded,
            Err(error) => {
                let attempts = state.failures.get(&job.kind).map_or(0, |f| f.count) + 1;
                let mut pause = RETRY_MIN.saturating_mul(1 << attempts.min(6)).min(RETRY_MAX);
                let failures = match error.kind() {
                    // A full disk says nothing about the segments, and another may be small enough: it is tried soon.
                    ErrorKind::NoSpace => {
                        pause = RETRY_MIN;
                        Some(&mut state.space_failures)
                    }
                    ErrorKind::Corrupted | ErrorKind::Internal => Some(&mut state.rewrite_failures),
                    _ => None,
                };
                if let Some(failures) = failures {
                    job.inputs.iter().for_each(|input| *failures.entry(*input).or_default() += 1);
                }
                let reason = error.to_string();
                state
                    .failures
                    .insert(job.kind, Failures { count: attempts, retry_at: now + pause, last: error });
                JobState::Failed { reason, attempts }
            }
        };
        if let Some((info, _)) = state.recent.iter_mut().find(|(info, _)| info.id == job.id) {
            info.state = ended;
            info.ended = Some(now);
        }
    }

    /// False while the last failure of this kind is too recent.
    pub(crate) fn may_start(&self, kind: JobKind, now: Duration) -> bool {
        self.0.lock().failures.get(&kind).is_none_or(|f| now >= f.retry_at)
    }

    /// Why the last job of this kind failed, if it did.
    pub(crate) fn failure(&self, kind: JobKind) -> Option<Error> {
        self.0.lock().failures.get(&kind).map(|f| f.last.clone())
    }

    pub(crate) fn is_quarantined(&self, segment: SegmentId) -> bool {
        self.0.lock().rewrite_failures.get(&segment).is_some_and(|n| *n >= QUARANTINE_AFTER)
    }

    /// How often rewriting this segment found no space.
    pub(crate) fn space_failure_count(&self, segment: SegmentId) -> u32 {
        self.0.lock().space_failures.get(&segment).copied().unwrap_or(0)
    }

    /// Running and recent jobs, oldest first.
    pub(crate) fn list(&self) -> Vec<JobInfo> {
        let state = self.0.lock();
        let fill = |(info, done): &(JobInfo, Arc<AtomicU64>)| JobInfo {
            bytes_done: done.load(Ordering::Relaxed),
            ..info.clone()
        };
        state.recent.iter().map(fill).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_back_off_and_quarantine() {
        let jobs = Jobs::default();
        let mut now = Duration::ZERO;
        for attempt in 1..=3 {
            assert!(jobs.may_start(JobKind::Merge, now));
            let job = jobs.start(JobKind::Merge, "test", vec![SegmentId(1)], 0, now);
            jobs.finish(job, Err(Error::internal("x")), now);
            assert!(!jobs.may_start(JobKind::Merge, now));
            assert_eq!(jobs.is_quarantined(SegmentId(1)), attempt == 3);
            now += RETRY_MAX;
        }
        assert!(jobs.may_start(JobKind::Seal, Duration::ZERO));
        assert!(jobs.failure(JobKind::Merge).is_some());
    }
}
