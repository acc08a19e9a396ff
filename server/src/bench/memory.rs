//! Memory of a program that only searches: a folder goes in; what opening it and searching it in every way added to a fresh process, and
//! the time to open, come out.
//!
//! The process is this program again. Queries reach it on standard input as `f32`, little-endian, and are in memory before the first look;
//! what it found comes back as a line of JSON. Exact searches are left out: they read all vectors, and so would hide what an index needs.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use nigh::{Collection, Options};
use serde_json::{Value, json};

use super::BenchArgs;
use super::args::{candidates, recall};
use super::build::NAME;
use super::setting::Setting;
use super::workload::Workload;
use crate::Outcome;
use crate::cli::at_least_one;
use crate::out::Out;
use crate::process::Memory;
use crate::units::ms;

/// What the process that measures memory is told.
#[derive(Debug, Clone, Args)]
pub(crate) struct MemoryArgs {
    /// The database.
    #[arg(long)]
    dir: PathBuf,
    #[arg(long, value_parser = at_least_one)]
    dim: usize,
    #[arg(long, value_parser = at_least_one)]
    k: Vec<usize>,
    #[arg(long, value_parser = candidates)]
    ef: Vec<usize>,
    #[arg(long, value_parser = recall)]
    recall: Vec<f64>,
}

/// What a process that only searches needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Need {
    /// Time to open, with the files in the page cache.
    pub(super) open_ms: f64,
    /// Growth of heap and stacks; `None` where the system does not tell.
    pub(super) anon_bytes: Option<u64>,
    /// Growth of what is resident of files: mapped ones, and more of the program.
    pub(super) file_bytes: Option<u64>,
}

/// No way of searching is tried for longer.
const LONGEST: Duration = Duration::from_secs(2);

/// Measures in a process of its own.
pub(super) fn measure_in_child(args: &BenchArgs, workload: &Workload, dir: &Path) -> Result<Need> {
    let program = std::env::current_exe().context("could not find the own program")?;
    let mut command = Command::new(program);
    command.arg("bench-memory").arg("--dir").arg(dir);
    let mut option = |name: &str, value: String| {
        command.args([name, &value]);
    };
    option("--dim", workload.base.dim().to_string());
    args.ks().into_iter().for_each(|k| option("--k", k.to_string()));
    for setting in args.settings() {
        match setting {
            Setting::Ef(ef) => option("--ef", ef.to_string()),
            Setting::Recall(recall) => option("--recall", recall.to_string()),
            Setting::Exact => {}
        }
    }
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.context("could not start a process that measures memory")?;
    let bytes: Vec<u8> = workload.queries.to_f32().iter().flat_map(|value| value.to_le_bytes()).collect();
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&bytes).context("could not hand queries to a process that measures memory")?;
    }
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "a process that measures memory failed: {}", output.status);
    let found: Value = serde_json::from_slice(&output.stdout)?;
    Ok(Need {
        open_ms: found["open_ms"].as_f64().context("no open_ms")?,
        anon_bytes: found["anon_bytes"].as_u64(),
        file_bytes: found["file_bytes"].as_u64(),
    })
}

/// Opens, searches, and prints what that added.
pub(crate) fn measure_memory(args: &MemoryArgs, out: &mut Out) -> Result<Outcome> {
    let queries = read_queries(args.dim)?;
    let before = Memory::now();
    let begun = Instant::now();
    let db = Options::new().search_threads(1).open_read_only(&args.dir)?;
    let collection = db.collection(NAME)?;
    let open = begun.elapsed();
    let efs = args.ef.iter().map(|ef| Setting::Ef(*ef));
    for setting in efs.chain(args.recall.iter().map(|recall| Setting::Recall(*recall))) {
        for k in &args.k {
            search_all(&collection, setting, &queries, *k)?;
        }
    }
    let after = Memory::now();
    let growth = |of: fn(&Memory) -> Option<u64>| Some(of(&after)?.saturating_sub(of(&before)?));
    out.json(&json!({
        "open_ms": ms(open),
        "anon_bytes": growth(|memory| memory.anon_bytes),
        "file_bytes": growth(|memory| memory.file_bytes),
    }))?;
    Ok(Outcome::Clean)
}

fn read_queries(dim: usize) -> Result<Vec<Vec<f32>>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let (values, rest) = bytes.as_chunks::<4>();
    ensure!(
        rest.is_empty() && values.len().is_multiple_of(dim),
        "expected whole queries, got {} bytes",
        bytes.len()
    );
    Ok(values.chunks(dim).map(|row| row.iter().map(|value| f32::from_le_bytes(*value)).collect()).collect())
}

fn search_all(collection: &Collection, setting: Setting, queries: &[Vec<f32>], k: usize) -> nigh::Result<()> {
    let begun = Instant::now();
    for query in queries {
        collection.search(&setting.request(query.clone(), k))?;
        if begun.elapsed() > LONGEST {
            break;
        }
    }
    Ok(())
}
