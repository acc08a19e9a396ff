//! What the system says about this process: nothing goes in, memory, threads and open files come out, where `/proc` tells.
//!
//! Source: proc(5), Linux.

use std::fs;

use super::exposition::{Kind, Page};

/// Figures of the process; a figure that the system does not tell is missing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    resident_bytes: Option<u64>,
    resident_bytes_max: Option<u64>,
    virtual_bytes: Option<u64>,
    threads: Option<u64>,
    open_files: Option<u64>,
}

/// Writes the process's families.
pub(super) fn write(page: &mut Page<'_>) {
    let figures = Figures::read();
    let rows = [
        // Qdrant's name, and the one that every dashboard knows.
        ("memory_resident_bytes", "memory of the process that is in RAM", figures.resident_bytes),
        (
            "memory_resident_max_bytes",
            "the most memory of the process that was in RAM",
            figures.resident_bytes_max,
        ),
        ("process_resident_memory_bytes", "memory of the process that is in RAM", figures.resident_bytes),
        ("process_virtual_memory_bytes", "addresses that the process has reserved", figures.virtual_bytes),
        ("process_threads", "threads of the process", figures.threads),
        ("process_open_fds", "files and sockets that the process has open", figures.open_files),
    ];
    for (name, help, figure) in rows {
        if let Some(figure) = figure {
            page.family(name, Kind::Gauge, help).sample(&[], figure as f64);
        }
    }
}

impl Figures {
    fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let open_files = fs::read_dir("/proc/self/fd").map(|entries| entries.count() as u64).ok();
        Self { open_files, ..Self::parse(&status) }
    }

    fn parse(status: &str) -> Self {
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let bytes = |name: &str| number(name).map(|kib| kib.saturating_mul(1_024));
        Self {
            resident_bytes: bytes("VmRSS"),
            resident_bytes_max: bytes("VmHWM"),
            virtual_bytes: bytes("VmSize"),
            threads: number("Threads"),
            open_files: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_in_bytes() {
        let status =
            "Name:\tx\nVmPeak:\t 9 kB\nVmSize:\t    8 kB\nVmHWM:\t 4 kB\nVmRSS:\t   2 kB\nThreads:\t3\n";
        let expected = Figures {
            resident_bytes: Some(2_048),
            resident_bytes_max: Some(4_096),
            virtual_bytes: Some(8_192),
            threads: Some(3),
            open_files: None,
        };
        assert_eq!(Figures::parse(status), expected);
        assert_eq!(Figures::parse(""), Figures::default());
    }
}
