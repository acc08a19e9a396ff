//! The machine: processor and what it can do, cores, memory, operating system.

use std::fs;
use std::thread;

use crate::dump::Dump;
use crate::{processor, units};

/// What there is to know without asking anybody.
pub(super) fn describe() -> Dump {
    let mut dump = Dump::block("machine");
    dump.field(
        "system",
        format!("{} {}", std::env::consts::OS, kernel().unwrap_or_default()).trim().to_owned(),
    );
    dump.field("architecture", std::env::consts::ARCH);
    if let Some(model) = processor::model() {
        dump.field("processor", model);
    }
    if let Ok(cores) = thread::available_parallelism() {
        dump.field("cores", cores.get());
    }
    let features = processor::features();
    dump.field_as(
        "cpu_features",
        features.clone(),
        if features.is_empty() { "none".to_owned() } else { features.join(" ") },
    );
    for (key, line) in [("memory", "MemTotal"), ("memory_available", "MemAvailable")] {
        if let Some(bytes) = meminfo(line) {
            dump.field_as(key, bytes, units::bytes(bytes));
        }
    }
    dump
}

fn kernel() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/osrelease").ok()?.trim().to_owned())
}

/// A line of the system's account of memory, in bytes.
fn meminfo(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kilobytes = line.split_once(':')?.1.trim().strip_suffix("kB")?;
    Some(kilobytes.trim().parse::<u64>().ok()? * 1024)
}
