//! T8: bits flipped, files cut, grown and swapped, sectors zeroed, in every kind of file. Each damage is named, or changes no answer; nothing panics,
//! hangs, dies of a signal or takes memory beyond reason. `NIGH_RUNS` is the number of damages, `SEED` chooses them, `CASE` picks a single one.

#[path = "support/damage.rs"]
mod damage;
#[path = "support/run.rs"]
mod run;

use damage::Workshop;
use run::{Folder, Running};
use std::collections::BTreeMap;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

const FOLDER: &str = "NIGH_DAMAGE_FOLDER";
const SEED: &str = "NIGH_DAMAGE_SEED";
const FIRST: &str = "NIGH_DAMAGE_FIRST";
const END: &str = "NIGH_DAMAGE_END";
/// A damage that takes longer hangs.
const HANG: Duration = Duration::from_secs(30);
/// Address space of the child in KiB; the files to read are below one MiB.
const MEMORY_KIB: u64 = 1 << 20;

#[test]
fn every_damage_is_named_or_harmless() {
    let seed = run::seed();
    let (first, end) = match run::number("CASE") {
        Some(case) => (case, case + 1),
        None => (0, run::number("NIGH_RUNS").unwrap_or(300)),
    };
    let mut tally: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut next = first;
    while next < end {
        let before = next;
        let died = run_child(seed, &mut next, end, &mut |case, kind, outcome| {
            let class = outcome.split(' ').next().unwrap_or(outcome);
            *tally.entry((kind.to_owned(), class.to_owned())).or_default() += 1;
            if class == "FAILURE" {
                failures.push(format!("CASE={case} {kind}: {outcome}"));
            }
        });
        if let Some(how) = died {
            failures.push(format!("CASE={next}: {how}"));
            next += 1;
        }
        assert!(next > before, "a child did nothing");
    }
    tally.iter().for_each(|((kind, class), count)| println!("{kind:14} {class:12} {count}"));
    println!("SEED={seed}: {} damages, {} failures", end - first, failures.len());
    assert!(failures.is_empty(), "SEED={seed}\n{}", failures.join("\n"));
}

/// Lets one child do damages from `next` on; says how it died if it did not finish.
fn run_child(seed: u64, next: &mut u64, end: u64, note: &mut dyn FnMut(u64, &str, &str)) -> Option<String> {
    let folder = Folder::new();
    let limit = format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"");
    let mut command = run::this_test_again(&["sh".to_owned(), "-c".to_owned(), limit], "child");
    command.env(FOLDER, folder.path()).env(SEED, seed.to_string());
    command.env(FIRST, next.to_string()).env(END, end.min(*next + 250).to_string());
    let mut child = Running::start(command);
    let lines = child.lines();
    let mut begun = String::new();
    loop {
        match lines.recv_timeout(HANG) {
            Ok(line) => match line.split_once(' ') {
                Some(("B", what)) => begun = what.to_owned(),
                Some(("E", rest)) => {
                    let (kind, outcome) = rest.split_once(": ").expect("an outcome");
                    note(*next, kind, outcome);
                    *next += 1;
                    begun.clear();
                }
                _ => return Some(line),
            },
            Err(RecvTimeoutError::Timeout) => return Some(format!("hangs at {begun}")),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait();
    (!status.success() || !begun.is_empty()).then(|| format!("{status} at {begun}"))
}

/// The process that reads damaged files.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let number = |name| run::number(name).expect("set by the parent");
    let workshop = Workshop::new(folder.as_ref(), number(SEED));
    for i in number(FIRST)..number(END) {
        let case = workshop.case(i);
        run::tell(&format!("B {case:?}"));
        let outcome = workshop.judge(&case);
        let place =
            if matches!(outcome, damage::Outcome::Failure(_)) { format!(" {case:?}") } else { String::new() };
        run::tell(&format!("E {}: {outcome}{place}", case.kind));
    }
}
