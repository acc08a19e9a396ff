//! Group commit: many callers hand in operations, one of them commits for all, each gets its own answer.
//!
//! The first caller that finds no leader leads: it takes what is waiting, commits it (one write each, one sync, applied in order), hands over to
//! the first that waits by then, and only then wakes those whose operations are done. While it syncs, others queue up; so the longer a sync takes, the more
//! operations share the next. Nobody is woken for anything but its own answer or to lead. A single caller commits on its own thread without any hand-over.
//!
//! Threads: any number of callers. Lock order: the queue's lock before an operation's; neither is held during a commit.

use crate::error::{Error, Result};
use crate::ids::SeqNo;
use nigh_format::manifest::Durability;
use nigh_format::operation::Operation;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// An operation with what the log holds of it.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) operation: Operation,
    pub(crate) body: Vec<u8>,
    pub(crate) body_checksum: u32,
}

impl Encoded {
    /// Encodes an operation whose body may have `bytes_max` bytes.
    pub(crate) fn new(operation: Operation, bytes_max: usize) -> Result<Self> {
        let body = operation.encode().map_err(|e| Error::internal(e.to_string()))?;
        if body.len() > bytes_max {
            let (limit, got) = (bytes_max as u64, body.len() as u64);
            return Err(Error::TooLarge { what: "write in bytes", limit, got });
        }
        let body_checksum = nigh_format::checksum::crc32c(&body);
        Ok(Self { operation, body, body_checksum })
    }
}

/// What a caller wants to be logged.
#[derive(Debug)]
pub(crate) enum Work<C> {
    /// An operation that was encoded by the caller's own thread.
    Ready(Encoded),
    /// What becomes an operation only when its turn comes, and the most bytes that are known of it.
    Choice(C, usize),
}

/// An operation on its way into the log.
#[derive(Debug)]
pub(crate) struct Pending<C> {
    pub(crate) work: Work<C>,
    pub(crate) durability: Durability,
    answer: Mutex<Answer>,
    /// Rung when the waiting caller has something to do.
    turn: Condvar,
}

#[derive(Debug)]
enum Answer {
    Waiting,
    /// The caller is the next leader.
    Lead,
    Done(Result<SeqNo>),
}

impl<C> Pending<C> {
    pub(crate) fn new(work: Work<C>, durability: Durability) -> Arc<Self> {
        let (answer, turn) = (Mutex::new(Answer::Waiting), Condvar::new());
        Arc::new(Self { work, durability, answer, turn })
    }

    /// Bytes that it takes in the log, as far as they are known.
    fn bytes(&self) -> usize {
        match &self.work {
            Work::Ready(encoded) => encoded.body.len(),
            Work::Choice(_, bytes) => *bytes,
        }
    }

    /// Sets the caller's answer; it is woken when the commit is over.
    pub(crate) fn resolve(&self, answer: Result<SeqNo>) {
        let mut slot = self.answer.lock();
        if !matches!(*slot, Answer::Done(_)) {
            *slot = Answer::Done(answer);
        }
    }

    /// Waits for the answer; `None` if the caller is to lead instead.
    fn wait(&self) -> Option<Result<SeqNo>> {
        let mut answer = self.answer.lock();
        loop {
            match std::mem::replace(&mut *answer, Answer::Waiting) {
                Answer::Waiting => self.turn.wait(&mut answer),
                Answer::Lead => return None,
                Answer::Done(result) => return Some(result),
            }
        }
    }
}

/// Where operations wait for the next commit.
#[derive(Debug)]
pub(crate) struct CommitQueue<C> {
    state: Mutex<QueueState<C>>,
    /// Rung when less is waiting than before, or nothing more is accepted.
    room: Condvar,
}

impl<C> Default for CommitQueue<C> {
    fn default() -> Self {
        let waiting = VecDeque::new();
        let state = QueueState { waiting, waiting_bytes: 0, leading: false, expected: 0, refusing: None };
        Self { state: Mutex::new(state), room: Condvar::new() }
    }
}

#[derive(Debug)]
struct QueueState<C> {
    waiting: VecDeque<Waiting<C>>,
    waiting_bytes: usize,
    leading: bool,
    /// Operations that the next group is likely to have: the last group's, and those that waited when it was done.
    expected: usize,
    /// Why nothing more is accepted.
    refusing: Option<Error>,
}

#[derive(Debug)]
struct Waiting<C> {
    pending: Arc<Pending<C>>,
    /// A thread waits for the answer and can lead; nobody waits for a deferred operation.
    has_caller: bool,
}

/// A group is committed without waiting for more once it has this many bytes.
const GROUP_BYTES: usize = 8 << 20;
/// Times that a leader lets other threads run before it commits without those it expects; about a tenth of a millisecond.
const GATHER_YIELDS: u32 = 64;
/// Bytes of accepted but uncommitted operations above which `async` writers wait.
const WAITING_BYTES_MAX: usize = 64 << 20;
/// Longest wait between two looks at whether commits go on at all.
const ROOM_POLL: Duration = Duration::from_millis(50);

impl<C> CommitQueue<C> {
    /// Queues the operation and returns when it has been committed, by this thread or another.
    pub(crate) fn commit(
        &self,
        pending: &Arc<Pending<C>>,
        commit: impl Fn(&[Arc<Pending<C>>]),
    ) -> Result<SeqNo> {
        let mut state = self.state.lock();
        state.check_accepting()?;
        state.push(pending, true);
        let led = std::mem::replace(&mut state.leading, true);
        drop(state);
        if led && let Some(answer) = pending.wait() {
            return answer;
        }
        loop {
            self.lead(&commit);
            // Operations before this one may have filled the group: then this one's turn comes later.
            if let Some(answer) = pending.wait() {
                return answer;
            }
        }
    }

    /// Commits one group, as the leader, and hands over.
    fn lead(&self, commit: &impl Fn(&[Arc<Pending<C>>])) {
        let group = self.gather();
        let lead = Lead { queue: self, group };
        commit(&lead.group);
    }

    /// The next group. The callers of the last one are about to come back: a moment's patience puts them all behind one sync. A caller that was alone is not
    /// kept waiting.
    fn gather(&self) -> Vec<Arc<Pending<C>>> {
        let mut state = self.state.lock();
        for _ in 0..GATHER_YIELDS {
            if state.waiting.len() >= state.expected {
                break;
            }
            drop(state);
            std::thread::yield_now();
            state = self.state.lock();
        }
        let group = state.take_group();
        state.expected = group.len();
        drop(state);
        self.room.notify_all();
        group
    }

    /// Queues the operation for [`CommitQueue::drain`] and returns: at once, or, where too much is waiting, when commits have made room. `go_on` fails when
    /// there will be none any more.
    pub(crate) fn defer(&self, pending: &Arc<Pending<C>>, go_on: impl Fn() -> Result<()>) -> Result<()> {
        let mut state = self.state.lock();
        loop {
            state.check_accepting()?;
            if state.waiting.is_empty() || state.waiting_bytes + pending.bytes() <= WAITING_BYTES_MAX {
                break;
            }
            go_on()?;
            self.room.wait_for(&mut state, ROOM_POLL);
        }
        state.push(pending, false);
        Ok(())
    }

    /// Commits what is waiting; false if there was nothing to do or another thread is at it.
    pub(crate) fn drain(&self, commit: impl Fn(&[Arc<Pending<C>>])) -> bool {
        let mut state = self.state.lock();
        if state.leading || state.waiting.is_empty() {
            return false;
        }
        state.leading = true;
        drop(state);
        self.lead(&commit);
        true
    }

    /// Accepts nothing more; what waits is still committed.
    pub(crate) fn refuse(&self, error: Error) {
        self.state.lock().refusing.get_or_insert(error);
        self.room.notify_all();
    }

    /// True if nothing waits for a commit and none is at work.
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.state.lock();
        state.waiting.is_empty() && !state.leading
    }
}

impl<C> QueueState<C> {
    fn check_accepting(&self) -> Result<()> {
        self.refusing.clone().map_or(Ok(()), Err)
    }

    fn push(&mut self, pending: &Arc<Pending<C>>, has_caller: bool) {
        self.waiting_bytes += pending.bytes();
        self.waiting.push_back(Waiting { pending: Arc::clone(pending), has_caller });
    }

    fn take_group(&mut self) -> Vec<Arc<Pending<C>>> {
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(Waiting { pending, .. }) = self.waiting.front() {
            if !group.is_empty() && bytes + pending.bytes() > GROUP_BYTES {
                break;
            }
            bytes += pending.bytes();
            group.extend(self.waiting.pop_front().map(|w| w.pending));
        }
        self.waiting_bytes -= bytes;
        group
    }

    /// Makes the first caller in line the leader; without one, deferred operations are left to [`CommitQueue::drain`].
    fn hand_over(&mut self) {
        self.expected =
            if self.expected > 1 { self.expected + self.waiting.len() } else { self.waiting.len() };
        let next = self.waiting.iter().find(|w| w.has_caller);
        self.leading = next.is_some();
        if let Some(Waiting { pending, .. }) = next {
            *pending.answer.lock() = Answer::Lead;
            pending.turn.notify_one();
        }
    }
}

/// Leadership; given up, and every member answered and woken, however the commit ends.
struct Lead<'a, C> {
    queue: &'a CommitQueue<C>,
    group: Vec<Arc<Pending<C>>>,
}

impl<C> Drop for Lead<'_, C> {
    fn drop(&mut self) {
        for pending in &self.group {
            pending.resolve(Err(Error::internal("the commit ended without an answer")));
        }
        // First the next group, so that it is under way while these wake up.
        self.queue.state.lock().hand_over();
        for pending in &self.group {
            pending.turn.notify_one();
        }
    }
}
