//! Background work on segments: what to do (`policy.rs`, pure), and what became of it (`jobs.rs`).
//!
//! The collection carries jobs out, since it owns the manifest; the threads that call it live in `threads`.

mod jobs;
mod policy;

pub(crate) use jobs::{JobHandle, Jobs};
pub use jobs::{JobInfo, JobKind, JobState};
pub(crate) use policy::{MergePlan, Rules, SegmentStats, Stats, plan_merge, plan_seal};
