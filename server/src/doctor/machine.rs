//! The machine: processor and what it can do, cores, memory, operating system.

use std::fs;
use std::thread;

use crate::dump::Dump;
use crate::units;

/// What there is to know without asking anybody.
pub(super) fn describe() -> Dump {
    let mut dump = Dump::block("machine");
    dump.field(
        "system",
        format!("{} {}", std::env::consts::OS, kernel().unwrap_or_default()).trim().to_owned(),
    );
    dump.field("architecture", std::env::consts::ARCH);
    if let Some(model) = proc_line("/proc/cpuinfo", "model name") {
        dump.field("processor", model);
    }
    if let Ok(cores) = thread::available_parallelism() {
        dump.field("cores", cores.get());
    }
    let features = cpu_features();
    dump.field_as(
        "cpu_features",
        features.clone(),
        if features.is_empty() { "none".to_owned() } else { features.join(" ") },
    );
    for (key, line) in [("memory", "MemTotal"), ("memory_available", "MemAvailable")] {
        if let Some(bytes) = proc_line("/proc/meminfo", line).and_then(|text| kilobytes(&text)) {
            dump.field_as(key, bytes, units::bytes(bytes));
        }
    }
    dump
}

fn kernel() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/osrelease").ok()?.trim().to_owned())
}

/// What follows the colon in the first line that begins with `name`.
fn proc_line(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kilobytes(text: &str) -> Option<u64> {
    Some(text.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Of the features that our kernels use, those that this processor has.
#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<&'static str> {
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
fn cpu_features() -> Vec<&'static str> {
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
fn cpu_features() -> Vec<&'static str> {
    Vec::new()
}
