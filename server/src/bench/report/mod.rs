//! What a bench found, for three readers: a table for people, JSON lines for programs, a page for both memory and show.
//!
//! Tables and lines are out as soon as an index is done; the page needs all of them. Files are opened before anything is measured, so that
//! a path that cannot be written is known early.

mod html;
mod json;
mod plot;
mod table;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::workload::Workload;
use super::{BenchArgs, Run};
use crate::out::Out;
use crate::processor;

/// The machine that measured.
#[derive(Debug)]
struct Machine {
    processor: String,
    features: Vec<&'static str>,
    core_count: usize,
}

impl Machine {
    fn this() -> Self {
        Self {
            processor: processor::model().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            features: processor::features(),
            core_count: std::thread::available_parallelism().map_or(1, |n| n.get()),
        }
    }
}

/// All that every report says once.
#[derive(Debug)]
struct Scene<'a> {
    args: &'a BenchArgs,
    machine: Machine,
}

/// The reports that were asked for.
#[derive(Debug)]
pub(super) struct Reports<'a> {
    scene: Scene<'a>,
    out: &'a mut Out,
    /// None where lines go to standard output, and the table nowhere.
    lines: Option<BufWriter<File>>,
    table: bool,
    page: Option<BufWriter<File>>,
    /// For the page.
    runs: Vec<Run>,
}

impl<'a> Reports<'a> {
    /// Opens the files.
    pub(super) fn new(args: &'a BenchArgs, out: &'a mut Out) -> Result<Self> {
        let to_stdout = args.json.as_deref() == Some(Path::new("-"));
        let lines = args.json.as_deref().filter(|_| !to_stdout).map(create).transpose()?;
        let page = args.html.as_deref().map(create).transpose()?;
        let scene = Scene { args, machine: Machine::this() };
        Ok(Self { scene, out, lines, table: !to_stdout, page, runs: Vec::new() })
    }

    /// Says what is measured.
    pub(super) fn begin(&mut self, workload: &Workload) -> Result<()> {
        if self.table {
            table::head(&self.scene, workload, self.out)?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// One index is done.
    pub(super) fn add(&mut self, workload: &Workload, run: Run) -> Result<()> {
        for line in json::lines(&self.scene, workload, &run) {
            match &mut self.lines {
                Some(file) => writeln!(file, "{line}")?,
                None if !self.table => writeln!(self.out, "{line}")?,
                None => {}
            }
        }
        if let Some(file) = &mut self.lines {
            file.flush()?;
        }
        if self.table {
            table::run(&self.scene, workload, &run, self.out)?;
        }
        self.out.flush()?;
        self.runs.push(run);
        Ok(())
    }

    /// All is done.
    pub(super) fn end(mut self, workload: &Workload) -> Result<()> {
        if let Some(page) = &mut self.page {
            page.write_all(html::page(&self.scene, workload, &self.runs).as_bytes())?;
            page.flush()?;
        }
        if let (true, Some(dir)) = (self.table, &self.scene.args.dir) {
            writeln!(self.out, "\nthe databases stay in {}", dir.display())?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path).with_context(|| path.display().to_string())?))
}
