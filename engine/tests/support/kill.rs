//! Killing a database from outside: a folder and a seed go in, rounds of opening, checking, writing and dying come out as a [`Tally`].
//!
//! The oracle lives in this process, the database in a child that is this test binary started again. Each child first tells everything
//! that is in the folder, which is compared with what all children before it were promised; then it writes until it is killed.

#![allow(dead_code, reason = "each test uses its part")]

#[path = "kill/child.rs"]
pub(crate) mod child;
#[path = "kill/model.rs"]
pub(crate) mod model;
#[path = "run.rs"]
pub(crate) mod run;

use model::{Model, Operation, WRITERS};
use nigh::{Durability, PointId};
use run::{Rng, Running};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// When a child dies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Death {
    /// This long after it was started: perhaps in the middle of its recovery.
    AfterStart(Duration),
    /// This long after it had opened the folder and told what is in it.
    AfterOpen(Duration),
    /// It writes nothing and ends by itself.
    Natural,
    /// It writes until the disk fails, and ends by itself.
    DiskFailure,
}

/// What happened in all rounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) kills: u64,
    pub(crate) kills_before_open: u64,
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
    /// Operations in flight at a kill: there afterwards, or not.
    pub(crate) kept: u64,
    pub(crate) dropped: u64,
    /// Acknowledged writes that a cut took, where that is allowed.
    pub(crate) suffix: u64,
    /// Opens that an injected fault let fail.
    pub(crate) faulted_opens: u64,
    pub(crate) checks: u64,
    open_micros: Vec<u64>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut times = self.open_micros.clone();
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or(0) as f64 / 1000.0;
        let max = times.last().copied().unwrap_or(0) as f64 / 1000.0;
        write!(
            f,
            "{} kills ({} before the open ended), {} acked, {} refused, in flight {} kept {} not, {} checks: \
             0 lost, 0 resurrected, 0 wrong, 0 torn, 0 failed opens; open {median:.1} ms median, {max:.1} ms max",
            self.kills,
            self.kills_before_open,
            self.acknowledged,
            self.refused,
            self.kept,
            self.dropped,
            self.checks
        )?;
        if self.suffix > 0 {
            write!(f, "; {} acked within the flush interval were lost, as allowed", self.suffix)?;
        }
        Ok(())
    }
}

/// A folder, what was promised about it, and how it is treated.
pub(crate) struct Session {
    pub(crate) dir: PathBuf,
    pub(crate) seed: u64,
    pub(crate) durability: Durability,
    /// Command line that the child is started under.
    pub(crate) wrapper: Vec<String>,
    /// A death may take the last writes with it, in the order of the log and none that is older than the flush interval.
    pub(crate) loses_suffix: bool,
    pub(crate) tally: Tally,
    writers: Vec<Writer>,
    died: Instant,
}

/// One writer's points, as promised.
#[derive(Debug, Default)]
struct Writer {
    points: Model,
    next: u64,
    /// What was acknowledged since the last comparison, and the points before it.
    settled: Model,
    acknowledged: Vec<(u64, Operation, Instant)>,
    /// The operation whose answer has not come.
    in_flight: Option<Operation>,
    last_seq: u64,
}

/// A collection's flush interval, and what the messenger between child and oracle may add.
const FLUSH_INTERVAL: Duration = Duration::from_millis(1200);

/// What one child told of the folder.
type Found = BTreeMap<PointId, (u64, u64)>;

/// Longest silence of a child that is not to be killed sooner.
const HANG: Duration = Duration::from_secs(60);

impl Session {
    pub(crate) fn new(dir: impl Into<PathBuf>, seed: u64, durability: Durability) -> Self {
        let writers = (0..WRITERS).map(|_| Writer::default()).collect();
        Self {
            dir: dir.into(),
            seed,
            durability,
            wrapper: Vec::new(),
            loses_suffix: false,
            tally: Tally::default(),
            writers,
            died: Instant::now(),
        }
    }

    /// A random way to die: in one of four rounds soon after the start.
    pub(crate) fn death(&self, round: u64) -> Death {
        let mut rng = Rng::new(self.seed.wrapping_add(round * 7919));
        match rng.below(4) {
            0 => Death::AfterStart(Duration::from_micros(rng.below(25_000))),
            _ => Death::AfterOpen(Duration::from_micros(rng.below(250_000))),
        }
    }

    /// Starts a child, compares what it finds, lets it write, and kills it. Panics on the first broken promise.
    pub(crate) fn round(&mut self, death: Death) {
        let mut child = start(self, death);
        let started = Instant::now();
        let mut deadline = match death {
            Death::AfterStart(delay) => Some(started + delay),
            Death::AfterOpen(_) | Death::Natural | Death::DiskFailure => None,
        };
        let (mut found, mut opened) = (Found::new(), false);
        let lines = child.lines();
        loop {
            let until = deadline.unwrap_or_else(|| Instant::now() + HANG);
            match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.starts_with("F ") && matches!(death, Death::DiskFailure) => {
                    self.tally.faulted_opens += 1;
                }
                Ok(line) => opened |= self.hear(&line, &mut found),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    if deadline.is_none() {
                        self.fail("a child hangs");
                    }
                    break;
                }
            }
            if let (true, None, Death::AfterOpen(delay)) = (opened, deadline, death) {
                deadline = Some(Instant::now() + delay);
            }
            if deadline.is_some_and(|d| Instant::now() >= d) {
                break;
            }
        }
        match death {
            Death::AfterStart(_) | Death::AfterOpen(_) => {
                child.kill();
                self.died = Instant::now();
                self.tally.kills += 1;
            }
            Death::Natural | Death::DiskFailure => {
                let status = child.wait();
                let opened = opened || matches!(death, Death::DiskFailure);
                if !status.success() || !opened {
                    self.fail(&format!("a child ended with {status}"));
                }
            }
        }
        // What it said before it died counts.
        for line in lines.iter() {
            opened |= self.hear(&line, &mut found);
        }
        self.tally.kills_before_open += u64::from(!opened);
    }

    /// Takes one line; true if the child has now told everything that it found.
    fn hear(&mut self, line: &str, found: &mut Found) -> bool {
        let (kind, rest) = line.split_at_checked(2).unwrap_or((line, ""));
        let numbers: Vec<u64> = rest.split(' ').filter_map(|n| n.parse().ok()).collect();
        match (kind, numbers.as_slice()) {
            ("I ", [writer, n, hash]) => {
                let operation = Operation::nth(self.seed, *writer, *n);
                if operation.hash() != *hash {
                    self.fail("parent and child disagree about an operation: a bug of this test");
                }
                let writer = &mut self.writers[*writer as usize];
                writer.next = n + 1;
                writer.in_flight = Some(operation);
            }
            ("A ", [writer, _, seq]) => {
                let writer = &mut self.writers[*writer as usize];
                let operation = writer.in_flight.take().expect("an intent comes first");
                let ascends = *seq > writer.last_seq;
                writer.last_seq = *seq;
                match writer.points.after(&operation, Some(*seq)) {
                    Some(points) if ascends => {
                        writer.points = points;
                        writer.acknowledged.push((*seq, operation, Instant::now()));
                    }
                    Some(_) => self.fail(&format!("sequence number {seq} was given twice")),
                    None => self.fail(&format!("accepted what had to be refused: {operation:?}")),
                }
                self.tally.acknowledged += 1;
            }
            ("R ", [writer, _]) => {
                let writer = &mut self.writers[*writer as usize];
                let operation = writer.in_flight.take().expect("an intent comes first");
                if writer.points.after(&operation, None).is_some() {
                    self.fail(&format!("refused what had to be accepted: {operation:?}"));
                }
                self.tally.refused += 1;
            }
            // Stays in flight: it may or may not be there afterwards.
            ("U ", [_, _]) => {}
            ("S ", [durable]) => {
                if self.durability == Durability::Sync && self.writers.iter().any(|w| w.last_seq > *durable) {
                    self.fail(&format!("acknowledged beyond {durable}, the last durable operation"));
                }
            }
            ("O ", [micros]) => self.tally.open_micros.push(*micros),
            ("P ", [.., version, hash]) => {
                let id = rest.split(' ').next().and_then(|id| id.parse().ok()).expect("a point id");
                found.insert(id, (*version, *hash));
            }
            ("D ", [last_seq]) => {
                self.compare(found, *last_seq);
                return true;
            }
            _ => self.fail(line),
        }
        false
    }

    /// Compares what is there with what was promised, and settles what was in flight.
    fn compare(&mut self, found: &Found, last_seq: u64) {
        self.tally.checks += 1;
        for index in 0..self.writers.len() {
            let lost = self.writers[index].last_seq.saturating_sub(last_seq);
            if lost > 0 {
                self.roll_back(index, last_seq);
            }
            let writer = &self.writers[index];
            let numbers = index as u64 * model::IDS..(index as u64 + 1) * model::IDS;
            let mine: Found =
                numbers.map(model::id_of).filter_map(|id| Some((id, *found.get(&id)?))).collect();
            let before = writer.points.clone();
            let after = writer.in_flight.as_ref().and_then(|operation| before.after(operation, None));
            if differences(&before, &mine).is_empty() {
                self.tally.dropped += u64::from(after.is_some());
            } else {
                let settled = after.as_ref().and_then(|after| settle(after, &mine, writer.last_seq));
                let Some(settled) = settled else {
                    let mut what = format!("writer {index}: {:?}", differences(&before, &mine));
                    if let Some(after) = &after {
                        let other = differences(after, &mine);
                        let operation = writer.in_flight.as_ref().map_or("none", Operation::name);
                        what += &format!("; in flight {operation}, with it: {other:?}");
                    }
                    self.fail(&what)
                };
                self.writers[index].points = settled;
                self.tally.kept += 1;
            }
            let writer = &mut self.writers[index];
            writer.in_flight = None;
            writer.acknowledged.clear();
            writer.settled = writer.points.clone();
        }
        let known: usize = self.writers.iter().map(|w| w.points.0.len()).sum();
        if known != found.len() {
            self.fail(&format!("{} points were found, {known} are known", found.len()));
        }
    }

    /// Takes back what was acknowledged after `last_seq`, where that is allowed.
    fn roll_back(&mut self, index: usize, last_seq: u64) {
        let writer = &mut self.writers[index];
        let kept = writer.acknowledged.partition_point(|(seq, ..)| *seq <= last_seq);
        let (allowed, died) = (self.loses_suffix, self.died);
        let old = writer.acknowledged[kept..]
            .iter()
            .find(|(.., at)| !allowed || died.duration_since(*at) > FLUSH_INTERVAL);
        if let Some((seq, _, at)) = old {
            let age = died.duration_since(*at);
            let what = format!(
                "lost: the log ends at {last_seq}, but {seq} was acknowledged {age:?} before the end"
            );
            self.fail(&what);
        }
        let mut points = writer.settled.clone();
        for (seq, operation, _) in &writer.acknowledged[..kept] {
            points = points.after(operation, Some(*seq)).expect("it was acknowledged");
        }
        self.tally.suffix += (writer.acknowledged.len() - kept) as u64;
        // What came after a lost write is lost too.
        writer.in_flight = None;
        writer.points = points;
        writer.last_seq = last_seq;
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let (seed, dir) = (self.seed, self.dir.display());
        panic!("SEED={seed} after {}: {what} (folder {dir})", self.tally);
    }
}

/// Ids at which `found` is not what `model` says, and how: lost, resurrected or wrong.
fn differences(model: &Model, found: &Found) -> Vec<(PointId, &'static str)> {
    let lost = model.0.iter().filter_map(|(id, stored)| match found.get(id) {
        None => Some((*id, "lost")),
        Some((_, hash)) if *hash != stored.hash() => Some((*id, "wrong content")),
        Some((version, _)) if stored.version.is_some_and(|v| v != *version) => Some((*id, "wrong version")),
        Some(_) => None,
    });
    let known = |id: &PointId| model.0.contains_key(id);
    let resurrected = found.keys().filter(|id| !known(id)).map(|id| (*id, "resurrected"));
    lost.chain(resurrected).collect()
}

/// The model with the version that an operation in flight turned out to have; `None` unless it is there as a whole.
fn settle(after: &Model, found: &Found, last_seq: u64) -> Option<Model> {
    if !differences(after, found).is_empty() {
        return None;
    }
    let mut settled = after.clone();
    let mut versions = Vec::new();
    for (id, stored) in settled.0.iter_mut().filter(|(_, stored)| stored.version.is_none()) {
        let (version, _) = found.get(id)?;
        versions.push(*version);
        stored.version = Some(*version);
    }
    versions.dedup();
    (versions.len() <= 1 && versions.iter().all(|v| *v > last_seq)).then_some(settled)
}

/// Starts this test binary as the child of a session.
fn start(session: &Session, death: Death) -> Running {
    let starts: Vec<String> = match death {
        Death::Natural => Vec::new(),
        _ => session.writers.iter().map(|w| w.next.to_string()).collect(),
    };
    let durability = if session.durability == Durability::Sync { "0" } else { "1" };
    let mut command = run::this_test_again(&session.wrapper, "child");
    command.env(child::DIR, &session.dir).env(child::SEED, session.seed.to_string());
    command.env(child::STARTS, starts.join(" ")).env(child::DURABILITY, durability);
    Running::start(command)
}
