//! The search pool: items and a function go in, results come out in the same order; the caller works too.
//!
//! Threads that are busy with other callers simply do not help, so a call never waits for a free thread. A panic in the function ends
//! only that item and is reported. A pool of width 1 has no threads.

use crossbeam::channel::{Sender, unbounded};
use parking_lot::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

type Task = Box<dyn FnOnce() + Send>;

/// A fixed set of threads for work that searches hand out.
#[derive(Debug)]
pub(crate) struct Pool {
    sender: Option<Sender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool in which `width` threads work on one call, the caller's among them.
    pub(crate) fn new(width: usize) -> std::io::Result<Self> {
        let mut threads = Vec::new();
        let (sender, receiver) = unbounded::<Task>();
        for i in 1..width {
            let receiver = receiver.clone();
            let run = move || receiver.iter().for_each(|task| task());
            threads.push(std::thread::Builder::new().name(format!("nigh-search-{i}")).spawn(run)?);
        }
        Ok(Self { sender: Some(sender).filter(|_| width > 1), threads })
    }

    /// `work` of each item, in order; `None` where it panicked.
    pub(crate) fn map<T, R>(
        &self,
        items: Vec<T>,
        work: impl Fn(&T) -> R + Send + Sync + 'static,
    ) -> Vec<Option<R>>
    where
        T: Send + Sync + 'static,
        R: Send + 'static,
    {
        let helpers = self.threads.len().min(items.len().saturating_sub(1));
        let results = items.iter().map(|_| Mutex::new(None)).collect();
        let (next, left, all_done) = (AtomicUsize::new(0), Mutex::new(items.len()), Condvar::new());
        let job = Arc::new(Job { items, results, next, left, all_done, work });
        for sender in self.sender.iter().cycle().take(helpers) {
            let job = Arc::clone(&job);
            // A closed channel means that the pool ends: the caller does the work alone.
            drop(sender.send(Box::new(move || job.run())));
        }
        job.run();
        job.wait();
        job.results.iter().map(|slot| slot.lock().take()).collect()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.sender = None;
        let me = std::thread::current().id();
        for thread in self.threads.drain(..).filter(|t| t.thread().id() != me) {
            drop(thread.join());
        }
    }
}

struct Job<T, R, F> {
    items: Vec<T>,
    results: Vec<Mutex<Option<R>>>,
    /// First item that nobody has taken.
    next: AtomicUsize,
    /// Items whose result is not there yet.
    left: Mutex<usize>,
    all_done: Condvar,
    work: F,
}

impl<T, R, F: Fn(&T) -> R> Job<T, R, F> {
    fn run(&self) {
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(slot)) = (self.items.get(i), self.results.get(i)) else { return };
            // What a panic leaves behind is the missing result.
            let result = catch_unwind(AssertUnwindSafe(|| (self.work)(item))).ok();
            *slot.lock() = result;
            let mut left = self.left.lock();
            *left -= 1;
            if *left == 0 {
                self.all_done.notify_all();
            }
        }
    }

    fn wait(&self) {
        let mut left = self.left.lock();
        while *left > 0 {
            self.all_done.wait(&mut left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_from_any_width() {
        for width in [1, 2, 5] {
            let pool = Pool::new(width).expect("threads");
            let squares = pool.map((0..1000u64).collect(), |x| x * x);
            assert!(squares.iter().zip(0u64..).all(|(got, x)| *got == Some(x * x)));
            assert!(pool.map(Vec::<u64>::new(), |x| *x).is_empty());
        }
    }

    #[test]
    fn a_panic_costs_one_item() {
        let pool = Pool::new(3).expect("threads");
        let got = pool.map(vec![1, 2, 3], |x| assert_ne!(*x, 2));
        assert_eq!(got, [Some(()), None, Some(())]);
        assert_eq!(pool.map(vec![1], |x| x + 1), [Some(2)]);
    }
}
