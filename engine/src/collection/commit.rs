//! Committing: operations that wait in the queue go in, each caller gets its answer when its operation is as durable as it asked for
//! and visible to every reader.
//!
//! Order within a group: each operation is resolved, logged and applied to the draft; then one sync for all that asked for it; then the
//! draft is published and the callers are answered. What depends on what is there (points that a filter selects, conditions of an upsert) is decided
//! in the first of these steps, on the draft. If the sync fails, nothing of the group becomes visible and the log is poisoned.
//! When memory is full, the group waits for the seal job, or carries it out itself where there are no background threads.

use super::apply::{Bounds, apply, resolve};
use super::choice::{Choice, Decided};
use super::view::View;
use super::{Background, Shared, WriteState};
use crate::error::{Error, Result};
use crate::ids::SeqNo;
use crate::optimizer::JobKind;
use crate::wal::{Encoded, Work};
use nigh_format::manifest::Durability;
use nigh_format::operation::Operation;
use parking_lot::MutexGuard;
use std::sync::Arc;
use std::time::Duration;

type Pending = crate::wal::Pending<Choice>;

/// Longest wait between two looks at whether memory was freed.
const ROOM_POLL: Duration = Duration::from_millis(50);

impl Shared {
    /// Logs and applies one operation.
    pub(super) fn submit(&self, operation: Operation, durability: Durability) -> Result<SeqNo> {
        let encoded = Encoded::new(operation, self.record_bytes_max())?;
        self.submit_work(Work::Ready(encoded), durability)
    }

    /// Logs and applies what a choice comes to when its turn comes.
    pub(super) fn submit_choice(&self, choice: Choice, durability: Durability) -> Result<SeqNo> {
        let bytes = match &choice {
            Choice::Matching(_) => 0,
            Choice::Conditional(conditional) => conditional.bytes(),
        };
        self.submit_work(Work::Choice(choice, bytes), durability)
    }

    fn submit_work(&self, work: Work<Choice>, durability: Durability) -> Result<SeqNo> {
        let pending = Pending::new(work, durability);
        if durability == Durability::Async && self.env.background == Background::Threads {
            self.queue.defer(&pending, || self.check_writable())?;
            self.env.flusher.wake();
            // The place in the log is not known yet; what is certain is that it comes after everything visible now.
            return Ok(self.view.load().seq.next());
        }
        self.queue.commit(&pending, |group| self.commit_group(group))
    }

    /// Largest operation in the log, in bytes.
    pub(super) fn record_bytes_max(&self) -> usize {
        self.env.limits.record_bytes_max.min(RECORD_BYTES_CEILING)
    }

    /// Commits what `Async` writers left in the queue; true if there was something.
    pub(crate) fn drain(&self) -> bool {
        self.queue.drain(|group| self.commit_group(group))
    }

    fn commit_group(&self, group: &[Arc<Pending>]) {
        let all: Vec<&Pending> = group.iter().map(Arc::as_ref).collect();
        let (roomy, rest): (Vec<&Pending>, Vec<&Pending>) = all.iter().partition(|p| frees_space(p));
        match self.lock_with_room(rest.is_empty()) {
            Ok(state) => self.commit_locked(state, &all),
            Err(e) => {
                rest.iter().for_each(|p| self.answer(p, Err(e.clone())));
                // What frees space needs no room.
                match self.lock_with_room(true) {
                    Ok(state) => self.commit_locked(state, &roomy),
                    Err(e) => roomy.iter().for_each(|p| self.answer(p, Err(e.clone()))),
                }
            }
        }
    }

    fn commit_locked(&self, mut state: MutexGuard<'_, WriteState>, group: &[&Pending]) {
        let was_full = self.is_full(&state);
        let mut unpublished = Unpublished { shared: self, state: &mut state, armed: true };
        let mut done = Vec::with_capacity(group.len());
        for pending in group {
            match self.log_and_apply(unpublished.state, pending) {
                Ok(seq) => done.push((pending, seq)),
                Err(e) => self.answer(pending, Err(e)),
            }
        }
        let sync = done.iter().any(|(p, _)| p.durability == Durability::Sync);
        let result = self.publish(unpublished.state, sync);
        unpublished.armed = result.is_err();
        drop(unpublished);
        let full = self.is_full(&state);
        drop(state);
        for (pending, seq) in done {
            self.answer(pending, result.clone().map(|()| seq));
        }
        if full && !was_full {
            self.env.workers.wake();
        }
    }

    fn is_full(&self, state: &WriteState) -> bool {
        state.draft.active().is_some_and(|m| m.bytes() >= self.settings.read().mutable_bytes_max)
    }

    fn answer(&self, pending: &Pending, answer: Result<SeqNo>) {
        if let (Err(error), Durability::Async) = (&answer, pending.durability) {
            let mut failures = self.async_failures.lock();
            *failures = (failures.0 + 1, Some(error.clone()));
        }
        if let Err(error @ Error::Poisoned { .. }) = &answer {
            self.queue.refuse(error.clone());
        }
        pending.resolve(answer);
    }

    fn log_and_apply(&self, state: &mut WriteState, pending: &Pending) -> Result<SeqNo> {
        let WriteState { wal, draft, .. } = state;
        let wal = wal.as_mut().ok_or_else(|| self.no_log())?;
        let bounds = Bounds {
            payload_bytes: self.env.limits.payload_bytes_max,
            write_bytes: self.env.limits.record_bytes_max,
        };
        let chosen;
        let encoded = match &pending.work {
            Work::Ready(encoded) => encoded,
            Work::Choice(choice, _) => match choice.decide(draft)? {
                // Nothing to change is nothing to log.
                None => return Ok(draft.seq),
                Some(Decided::Whole(encoded)) => encoded,
                Some(Decided::Part(operation)) => {
                    chosen = Encoded::new(operation, self.record_bytes_max())?;
                    &chosen
                }
            },
        };
        let changes = resolve(draft, &self.params, &encoded.operation, bounds)?;
        let logged = wal.append(encoded, frees_space(pending))?;
        let seq = logged.seq();
        apply(draft, logged, changes);
        Ok(seq)
    }

    fn publish(&self, state: &mut WriteState, sync: bool) -> Result<()> {
        let wal = state.wal.as_mut().ok_or_else(|| self.no_log())?;
        let now = self.env.clock.now();
        if sync {
            wal.sync()?;
            state.last_sync = now;
        } else if let Some(cause) = wal.poison() {
            return Err(Error::Poisoned { cause: cause.to_owned() });
        }
        state.last_write = now;
        self.view.store(Arc::new(state.draft.clone()));
        Ok(())
    }

    /// The write lock, once there is memory for more points.
    fn lock_with_room(&self, frees_space: bool) -> Result<MutexGuard<'_, WriteState>> {
        let mut state = self.write.lock();
        loop {
            self.check_not_dropped()?;
            self.env.check_not_failed()?;
            let limit = self.settings.read().mutable_bytes_max.saturating_mul(2);
            let full = state.draft.active().is_some_and(|m| m.bytes() >= limit);
            // Once the database is closing nobody seals any more; what was accepted before is logged all the same.
            if !full || frees_space || self.env.check_open().is_err() {
                return Ok(state);
            }
            if let Some(cause) = state.wal.as_ref().and_then(|w| w.poison()) {
                return Err(Error::Poisoned { cause: cause.to_owned() });
            }
            match self.env.background {
                Background::Manual => {
                    drop(state);
                    self.seal("a writer found memory full").map_err(no_room)?;
                    state = self.write.lock();
                }
                Background::Threads => {
                    if let Some(failure) = self.jobs.failure(JobKind::Seal) {
                        return Err(no_room(failure));
                    }
                    self.env.workers.wake();
                    self.room.wait_for(&mut state, ROOM_POLL);
                }
            }
        }
    }

    /// Syncs `Buffered` writes that are due and leaves a marker when the log is at rest; when to look again.
    pub(crate) fn flush_due(&self, now: Duration) -> Duration {
        // Half the interval, so that the promise holds with the time of the sync itself.
        let half = Duration::from_millis(self.settings.read().flush_interval_ms) / 2;
        let mut state = self.write.lock();
        let WriteState { wal, last_sync, last_write, .. } = &mut *state;
        let Some(wal) = wal.as_mut().filter(|w| w.poison().is_none()) else { return half };
        // A failure of either poisons the log, which the next writer is told.
        if wal.durable() < wal.last() && now >= *last_sync + half {
            drop(wal.sync());
            *last_sync = now;
        }
        if now >= *last_write + half {
            drop(wal.mark());
        }
        half
    }
}

/// Longest record that the format's 32-bit length and alignment allow.
const RECORD_BYTES_CEILING: usize = 1 << 30;

/// Operations that may use the space kept back on the disk.
fn frees_space(pending: &Pending) -> bool {
    match &pending.work {
        Work::Ready(encoded) => matches!(encoded.operation, Operation::Delete { .. }),
        Work::Choice(choice, _) => choice.deletes_points(),
    }
}

/// Why a write finds no memory: the seal job fails. Nothing of the write was applied.
fn no_room(failure: Error) -> Error {
    match failure {
        Error::Io { .. } | Error::Internal { .. } => {
            Error::Busy { what: "memory is full and writing it to disk fails; see the job list" }
        }
        other => other,
    }
}

/// A draft that was changed and is not published. If the commit fails or panics it is undone, and since segments in memory may hold points behind
/// its end, and the log operations that nobody saw, nothing more is written.
struct Unpublished<'a> {
    shared: &'a Shared,
    state: &'a mut WriteState,
    armed: bool,
}

impl Drop for Unpublished<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.state.draft = View::clone(&self.shared.view.load());
            if let Some(wal) = &mut self.state.wal {
                wal.set_poison("a commit did not finish");
            }
        }
    }
}
