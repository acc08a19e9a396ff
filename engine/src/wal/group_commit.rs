//! Group commit: many callers hand in operations, one of them commits for all, each gets its own answer.
//!
//! The first caller that finds no leader becomes the leader: it takes what is waiting, commits it (one write, one sync, applied
//! in order) and then hands over. While it syncs, others queue up; so the longer a sync takes, the more operations share the next.
//! A single caller commits on its own thread without any hand-over.
//!
//! Threads: any number of callers. Lock order: the queue's lock is never held during a commit.

use crate::error::{Error, Result};
use crate::ids::SeqNo;
use nigh_format::manifest::Durability;
use nigh_format::operation::Operation;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;

/// An operation on its way into the log.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) operation: Operation,
    /// The encoded operation and its checksum, made by the caller's own thread.
    pub(crate) body: Vec<u8>,
    pub(crate) body_checksum: u32,
    pub(crate) durability: Durability,
    answer: Mutex<Option<Result<SeqNo>>>,
}

impl Pending {
    pub(crate) fn new(operation: Operation, body: Vec<u8>, durability: Durability) -> Arc<Self> {
        let body_checksum = nigh_format::checksum::crc32c(&body);
        Arc::new(Self { operation, body, body_checksum, durability, answer: Mutex::new(None) })
    }

    /// Gives the caller its answer.
    pub(crate) fn resolve(&self, answer: Result<SeqNo>) {
        self.answer.lock().get_or_insert(answer);
    }
}

/// Where operations wait for the next commit.
#[derive(Debug, Default)]
pub(crate) struct CommitQueue {
    state: Mutex<QueueState>,
    answered: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    waiting: VecDeque<Arc<Pending>>,
    waiting_bytes: usize,
    leading: bool,
    /// Why nothing more is accepted.
    refusing: Option<Error>,
}

/// A group is committed without waiting for more once it has this many bytes.
const GROUP_BYTES: usize = 8 << 20;
/// Bytes of accepted but uncommitted operations above which `async` writes are refused.
const WAITING_BYTES_MAX: usize = 64 << 20;

impl CommitQueue {
    /// Queues the operation and returns when it has been committed, by this thread or another.
    pub(crate) fn commit(&self, pending: &Arc<Pending>, commit: impl Fn(&[Arc<Pending>])) -> Result<SeqNo> {
        let mut state = self.state.lock();
        state.check_accepting()?;
        state.push(pending);
        loop {
            if let Some(answer) = pending.answer.lock().take() {
                return answer;
            }
            if state.leading {
                self.answered.wait(&mut state);
                continue;
            }
            let group = state.take_group();
            state.leading = true;
            drop(state);
            let lead = Lead { queue: self, group: &group };
            commit(&group);
            drop(lead);
            state = self.state.lock();
        }
    }

    /// Queues the operation for [`CommitQueue::drain`] and returns at once.
    pub(crate) fn defer(&self, pending: &Arc<Pending>) -> Result<()> {
        let mut state = self.state.lock();
        state.check_accepting()?;
        if state.waiting_bytes + pending.body.len() > WAITING_BYTES_MAX && !state.waiting.is_empty() {
            return Err(Error::Busy { what: "too many asynchronous writes are waiting" });
        }
        state.push(pending);
        Ok(())
    }

    /// Commits what is waiting; false if there was nothing to do or another thread is at it.
    pub(crate) fn drain(&self, commit: impl Fn(&[Arc<Pending>])) -> bool {
        let mut state = self.state.lock();
        if state.leading || state.waiting.is_empty() {
            return false;
        }
        let group = state.take_group();
        state.leading = true;
        drop(state);
        let lead = Lead { queue: self, group: &group };
        commit(&group);
        drop(lead);
        true
    }

    /// Accepts nothing more; what waits is still committed.
    pub(crate) fn refuse(&self, error: Error) {
        self.state.lock().refusing.get_or_insert(error);
    }

    /// True if nothing waits for a commit and none is at work.
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.state.lock();
        state.waiting.is_empty() && !state.leading
    }
}

impl QueueState {
    fn check_accepting(&self) -> Result<()> {
        self.refusing.clone().map_or(Ok(()), Err)
    }

    fn push(&mut self, pending: &Arc<Pending>) {
        self.waiting_bytes += pending.body.len();
        self.waiting.push_back(Arc::clone(pending));
    }

    fn take_group(&mut self) -> Vec<Arc<Pending>> {
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(pending) = self.waiting.front() {
            if !group.is_empty() && bytes + pending.body.len() > GROUP_BYTES {
                break;
            }
            bytes += pending.body.len();
            group.extend(self.waiting.pop_front());
        }
        self.waiting_bytes -= bytes;
        group
    }
}

/// Leadership; given up, and every member answered, however the commit ends.
struct Lead<'a> {
    queue: &'a CommitQueue,
    group: &'a [Arc<Pending>],
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        for pending in self.group {
            pending.resolve(Err(Error::internal("the commit ended without an answer")));
        }
        self.queue.state.lock().leading = false;
        self.queue.answered.notify_all();
    }
}
