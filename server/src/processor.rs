//! The processor: what it is and can do, and the time that it spends on us.
//!
//! Where the system does not tell, answers are `None`, empty, or say that nothing was done; callers pass that on.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What the maker calls it.
pub(crate) fn model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Time that the calling thread has spent on a processor.
pub(crate) fn thread_time() -> Duration {
    time(ClockId::ThreadCPUTime)
}

/// Time that all threads of this process have spent on processors.
pub(crate) fn process_time() -> Duration {
    time(ClockId::ProcessCPUTime)
}

fn time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// Keeps the calling thread on one processor, the last that it may use: interrupts are mostly served by the first. Its number, or `None`
/// where that is not possible.
#[cfg(target_os = "linux")]
pub(crate) fn pin_this_thread() -> Option<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let allowed = sched_getaffinity(None).ok()?;
    let last = (0..CpuSet::MAX_CPU).rev().find(|cpu| allowed.is_set(*cpu))?;
    let mut one = CpuSet::new();
    one.set(last);
    sched_setaffinity(None, &one).ok()?;
    Some(last)
}

/// Keeps the calling thread on one processor: not possible here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin_this_thread() -> Option<usize> {
    None
}

/// Of the features that our kernels use, those that this processor has.
#[cfg(target_arch = "x86_64")]
pub(crate) fn features() -> Vec<&'static str> {
    let known = [
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("f16c", is_x86_feature_detected!("f16c")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512_vnni", is_x86_feature_detected!("avx512vnni")),
        ("avx512_fp16", is_x86_feature_detected!("avx512fp16")),
        ("avx512_bf16", is_x86_feature_detected!("avx512bf16")),
        ("avx_vnni", is_x86_feature_detected!("avxvnni")),
    ];
    known.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
}

/// Of the features that our kernels use, those that this processor has.
#[cfg(target_arch = "aarch64")]
pub(crate) fn features() -> Vec<&'static str> {
    use std::arch::is_aarch64_feature_detected;
    let known = [
        ("neon", is_aarch64_feature_detected!("neon")),
        ("fp16", is_aarch64_feature_detected!("fp16")),
        ("dotprod", is_aarch64_feature_detected!("dotprod")),
        ("i8mm", is_aarch64_feature_detected!("i8mm")),
        ("sve", is_aarch64_feature_detected!("sve")),
    ];
    known.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
}

/// No kernel asks for anything here.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn features() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time() {
        let (thread, process) = (thread_time(), process_time());
        let sum: u64 = (0..3_000_000_u64).map(|n| n.wrapping_mul(n) ^ std::hint::black_box(7)).sum();
        assert!(sum > 0 && thread_time() > thread && process_time() > process);
    }

    #[test]
    fn a_pinned_thread_works_on() {
        let pinned = std::thread::spawn(|| (pin_this_thread(), 1 + 1)).join();
        assert!(pinned.is_ok_and(|(_, sum)| sum == 2));
    }
}
