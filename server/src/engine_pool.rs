//! The one bridge from async to the engine: a job goes in, its answer comes out, and the runtime never waits for a disk or a search.
//!
//! Each kind of work has threads of its own and a queue with a bound, so that slow searches do not hold up writes and a flood of either ends in errors instead of
//! memory. A job whose caller has gone, or whose deadline has passed, is not begun; one that is at work sees it through its token.
//!
//! Threads of writes are many: they wait for the disk together, and what waits together is synced together.

use crate::error::{ApiError, Kind, Result};
use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
use nigh::CancelToken;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::oneshot;

/// What kind of work a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    /// Reads: short, and as many at once as there are cores.
    Read,
    /// Writes: wait for the disk.
    Write,
    /// What makes, changes or copies whole collections.
    Admin,
}

impl Work {
    const ALL: [Work; 3] = [Work::Read, Work::Write, Work::Admin];

    fn name(self) -> &'static str {
        match self {
            Work::Read => "reads",
            Work::Write => "writes",
            Work::Admin => "administrative requests",
        }
    }
}

/// Threads and queue of one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane {
    /// Threads.
    pub(crate) threads: usize,
    /// Jobs that may wait.
    pub(crate) queue: usize,
}

/// Threads and queues of all kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lanes {
    /// Of reads.
    pub(crate) read: Lane,
    /// Of writes.
    pub(crate) write: Lane,
    /// Of the rest.
    pub(crate) admin: Lane,
}

impl Default for Lanes {
    /// Reads: a thread for each core, 256 wait. Writes: 16 threads, 256 wait. The rest: 4 threads, 64 wait.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        Self {
            read: Lane { threads: cores.max(2), queue: 256 },
            write: Lane { threads: 16, queue: 256 },
            admin: Lane { threads: 4, queue: 64 },
        }
    }
}

impl Lanes {
    fn of(&self, work: Work) -> Lane {
        match work {
            Work::Read => self.read,
            Work::Write => self.write,
            Work::Admin => self.admin,
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// The threads.
#[derive(Debug)]
pub(crate) struct EnginePool {
    lanes: [Option<Sender<Job>>; 3],
    threads: Vec<JoinHandle<()>>,
}

impl EnginePool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system's, if it has no more threads.
    pub(crate) fn start(lanes: &Lanes) -> std::io::Result<Self> {
        let mut threads = Vec::new();
        let mut senders = [None, None, None];
        for (sender, work) in senders.iter_mut().zip(Work::ALL) {
            let Lane { threads: count, queue } = lanes.of(work);
            let (send, receive) = bounded::<Job>(queue.max(1));
            for i in 0..count.max(1) {
                let jobs = receive.clone();
                let name = format!("{}-{i}", work.name().split(' ').next().unwrap_or_default());
                threads.push(std::thread::Builder::new().name(name).spawn(move || work_off(&jobs))?);
            }
            *sender = Some(send);
        }
        Ok(Self { lanes: senders, threads })
    }

    /// Jobs of a kind that wait.
    pub(crate) fn waiting(&self, work: Work) -> usize {
        self.sender(work).map_or(0, Sender::len)
    }

    fn sender(&self, work: Work) -> Option<&Sender<Job>> {
        let place = match work {
            Work::Read => 0,
            Work::Write => 1,
            Work::Admin => 2,
        };
        self.lanes.get(place).and_then(Option::as_ref)
    }

    /// Carries out a job on a thread of its kind. If the future is dropped, the job's token is cancelled.
    ///
    /// # Errors
    /// `Overloaded` if the queue is full, at once; `Timeout` if the deadline passes before the job began; `Internal` if it panicked; the job's own.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: Work,
        deadline: Instant,
        job: impl FnOnce(&CancelToken) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let token = CancelToken::new();
        let guard = CancelWhenDropped { token: token.clone(), armed: true };
        let (send, receive) = oneshot::channel();
        let run = Box::new(move || {
            if send.is_closed() {
                return;
            }
            let answer = if Instant::now() >= deadline {
                Err(ApiError::new(Kind::Timeout, format_args!("waited too long for other {}", work.name())))
            } else {
                catch_unwind(AssertUnwindSafe(|| job(&token)))
                    .unwrap_or_else(|_| Err(ApiError::new(Kind::Internal, "the request failed; see the log")))
            };
            // The caller may have gone.
            drop(send.send(answer));
        });
        let lane =
            self.sender(work).ok_or_else(|| ApiError::new(Kind::Internal, "the server is stopping"))?;
        match lane.try_send(run) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(ApiError::overloaded(work.name())),
            Err(TrySendError::Disconnected(_)) => {
                return Err(ApiError::new(Kind::Internal, "the server is stopping"));
            }
        }
        let answer = receive.await;
        guard.disarm();
        answer.unwrap_or_else(|_| Err(ApiError::new(Kind::Internal, "the request was given up")))
    }
}

impl Drop for EnginePool {
    /// Finishes what waits.
    fn drop(&mut self) {
        self.lanes = [None, None, None];
        for thread in self.threads.drain(..) {
            // A thread that ended with a panic has no more to say.
            drop(thread.join());
        }
    }
}

fn work_off(jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        job();
    }
}

/// Cancels when the caller's future is dropped.
struct CancelWhenDropped {
    token: CancelToken,
    armed: bool,
}

impl CancelWhenDropped {
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for CancelWhenDropped {
    fn drop(&mut self) {
        if self.armed {
            self.token.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    fn small() -> Lanes {
        let lane = Lane { threads: 1, queue: 1 };
        Lanes { read: lane, write: lane, admin: lane }
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_queue_refuses_at_once_and_other_kinds_go_on() {
        let pool = std::sync::Arc::new(EnginePool::start(&small()).expect("threads"));
        let (release, wait) = mpsc::channel::<()>();
        let (began, begin) = mpsc::channel();
        let at_work = tokio::spawn({
            let pool = std::sync::Arc::clone(&pool);
            async move {
                let job = move |_: &CancelToken| {
                    began.send(()).expect("someone listens");
                    wait.recv().expect("released");
                    Ok(1)
                };
                pool.run(Work::Read, later(), job).await
            }
        });
        begin.recv().expect("it began");
        let waits = tokio::spawn({
            let pool = std::sync::Arc::clone(&pool);
            async move { pool.run(Work::Read, later(), |_| Ok(2)).await }
        });
        while pool.waiting(Work::Read) == 0 {
            tokio::task::yield_now().await;
        }
        let refused = pool.run(Work::Read, later(), |_| Ok(3)).await.expect_err("the queue is full");
        assert_eq!(refused.kind, Kind::Overloaded);
        assert_eq!(pool.run(Work::Write, later(), |_| Ok(4)).await, Ok(4));
        release.send(()).expect("it waits");
        assert_eq!(at_work.await.expect("no panic"), Ok(1));
        assert_eq!(waits.await.expect("no panic"), Ok(2));
    }

    #[tokio::test]
    async fn a_deadline_that_passed_and_a_panic_are_errors() {
        let pool = EnginePool::start(&small()).expect("threads");
        let late = pool.run(Work::Read, Instant::now(), |_| Ok(())).await.expect_err("too late");
        assert_eq!(late.kind, Kind::Timeout);
        let panicked =
            pool.run::<()>(Work::Read, later(), |_| panic!("for the test")).await.expect_err("it panicked");
        assert_eq!(panicked.kind, Kind::Internal);
        assert_eq!(pool.run(Work::Read, later(), |_| Ok(1)).await, Ok(1));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_caller_that_goes_away_cancels_its_job() {
        let pool = EnginePool::start(&small()).expect("threads");
        let (began, begin) = oneshot::channel();
        let (saw, seen) = mpsc::channel();
        let job = pool.run(Work::Read, later(), move |token: &CancelToken| {
            began.send(()).expect("someone listens");
            while !token.is_cancelled() {
                std::thread::yield_now();
            }
            saw.send(()).expect("someone listens");
            Ok(())
        });
        tokio::select! {
            answer = job => panic!("ended by itself: {answer:?}"),
            begun = begin => begun.expect("it began"),
        }
        assert!(seen.recv_timeout(Duration::from_secs(20)).is_ok());
    }
}
