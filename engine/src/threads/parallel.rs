//! Work on many items at once for as long as one call lasts: items and memory to work with go in, results come out in the items' order.
//!
//! For building graphs: the results do not depend on how many threads there are. The threads run with the lowest priority, since they
//! compete with searches for the cores; those of one call take items in groups of `group_min` or more.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `work` of each item, in order, on as many threads as there are `states`, each with a state of its own. Few items stay on this thread.
pub(crate) fn parallel<S: Send, T: Send, R: Send>(
    states: &mut [S],
    items: Vec<T>,
    group_min: usize,
    work: impl Fn(&mut S, T) -> R + Sync,
) -> Vec<R> {
    let count = items.len();
    let group = count.div_ceil(states.len().max(1) * 8).max(group_min);
    if count <= group || states.len() < 2 {
        let Some(state) = states.first_mut() else { return Vec::new() };
        return items.into_iter().map(|item| work(state, item)).collect();
    }
    let mut items = items.into_iter();
    let groups = (0..count.div_ceil(group)).map(|_| items.by_ref().take(group).collect::<Vec<T>>());
    let slots: Vec<Mutex<(Vec<T>, Vec<R>)>> = groups.map(|items| Mutex::new((items, Vec::new()))).collect();
    let next = AtomicUsize::new(0);
    let run = |state: &mut S| {
        while let Some(slot) = slots.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut slot = slot.lock();
            let items = std::mem::take(&mut slot.0);
            slot.1 = items.into_iter().map(|item| work(state, item)).collect();
        }
    };
    std::thread::scope(|scope| {
        for state in states {
            let run = &run;
            scope.spawn(move || {
                yield_to_others();
                run(state);
            });
        }
    });
    slots.into_iter().flat_map(|slot| slot.into_inner().1).collect()
}

/// Lets all other threads go first. Advice: where it is not possible the thread works on as it is.
pub(crate) fn yield_to_others() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 19);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_for_any_width() {
        for width in [1, 2, 5] {
            for len in [0usize, 1, 100, 5000] {
                let items: Vec<usize> = (0..len).collect();
                let mut states = vec![0usize; width];
                let squares = parallel(&mut states, items, 16, |seen, item| {
                    *seen += 1;
                    item * item
                });
                assert!(squares.iter().enumerate().all(|(i, square)| *square == i * i));
                assert_eq!(states.iter().sum::<usize>(), len);
            }
        }
    }
}
