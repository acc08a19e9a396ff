//! The log: operations go in with a sequence number each, and come back in order after any crash. It is the only truth.
//!
//! `writer.rs` appends and syncs; `reader.rs` finds where the log ends and replays it; `group_commit.rs` lets many callers share one
//! sync. Bytes and the rule for torn tails: docs/storage-format.md, section 6.
//!
//! Invariants: sequence numbers are without gaps; a file has a successor only when it is sealed and synced; nothing is appended after a
//! failed sync.

use crate::ids::SeqNo;
use nigh_format::operation::Operation;

mod group_commit;
mod reader;
mod writer;

pub(crate) use group_commit::{CommitQueue, Encoded, Pending, Work};
pub(crate) use reader::{Follow, Replayed, is_unchanged, replay};
pub(crate) use writer::{Tail, WalLimits, WalWriter};

/// An operation that is in the log. Only this room makes one, so nothing can reach a segment that the log does not hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logged<'a> {
    seq: SeqNo,
    operation: &'a Operation,
}

impl<'a> Logged<'a> {
    /// Its place in the log.
    pub(crate) fn seq(&self) -> SeqNo {
        self.seq
    }

    /// What it says.
    pub(crate) fn operation(&self) -> &'a Operation {
        self.operation
    }
}
