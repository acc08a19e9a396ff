//! A folder in BEIR's layout in, documents and judged queries out.
//!
//! `corpus.jsonl` or `corpus.jsonl.gz` and `queries.jsonl`: one JSON object a line, with `_id`, `text` and perhaps `title`.
//! `qrels/test.tsv`: a line of headings, then query, document and gain, separated by tabs. Queries without a gain above 0 are left out.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flate2::read::MultiGzDecoder;
use serde_json::Value;

/// What is searched.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) id: String,
    /// Title, if it has one, and text.
    pub(super) text: String,
}

/// What is looked for, and which documents answer it.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) id: String,
    pub(super) text: String,
    gains: HashMap<String, f64>,
}

/// A retrieval set.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) documents: Vec<Document>,
    pub(super) queries: Vec<Query>,
}

impl Query {
    /// What finding `document` is worth.
    pub(super) fn gain(&self, document: &str) -> f64 {
        self.gains.get(document).copied().unwrap_or(0.0)
    }

    /// All gains, best first.
    pub(super) fn ideal_gains(&self) -> Vec<f64> {
        let mut gains: Vec<f64> = self.gains.values().copied().collect();
        gains.sort_by(|a, b| b.total_cmp(a));
        gains
    }

    /// Which half it belongs to: whether the number that its id begins with is odd.
    pub(super) fn is_odd(&self) -> bool {
        let digits = self.id.bytes().take_while(u8::is_ascii_digit);
        digits.last().is_some_and(|digit| digit % 2 == 1)
    }
}

impl Folder {
    /// Reads all of it.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let documents = lines(&path.join("corpus.jsonl"), |object| {
            let title = object["title"].as_str().unwrap_or_default();
            let text = field(object, "text")?;
            let text = if title.is_empty() { text } else { format!("{title}\n{text}") };
            Ok(Document { id: field(object, "_id")?, text })
        })?;
        let mut gains = judgements(&path.join("qrels").join("test.tsv"))?;
        let queries = lines(&path.join("queries.jsonl"), |object| {
            let (id, text) = (field(object, "_id")?, field(object, "text")?);
            let gains = gains.remove(&id).unwrap_or_default();
            Ok(Query { id, text, gains })
        })?;
        let queries: Vec<_> = queries.into_iter().filter(|query| !query.gains.is_empty()).collect();
        ensure!(!queries.is_empty(), "{} has no judged query", path.display());
        Ok(Self { documents, queries })
    }
}

/// Reads one object a line from `path`, or from the same name with `.gz`.
fn lines<T>(path: &Path, mut read: impl FnMut(&Value) -> Result<T>) -> Result<Vec<T>> {
    let packed = path.with_extension("jsonl.gz");
    let source: Box<dyn Read> = if path.exists() {
        Box::new(File::open(path).with_context(|| format!("open {}", path.display()))?)
    } else {
        let file = File::open(&packed).with_context(|| format!("open {}", packed.display()))?;
        Box::new(MultiGzDecoder::new(file))
    };
    let mut found = Vec::new();
    for (at, line) in BufReader::new(source).lines().enumerate() {
        let line = line.with_context(|| format!("read {}", path.display()))?;
        if line.trim().is_empty() {
            continue;
        }
        let place = || format!("{}, line {}", path.display(), at + 1);
        let object = serde_json::from_str(&line).with_context(place)?;
        found.push(read(&object).with_context(place)?);
    }
    Ok(found)
}

fn field(object: &Value, name: &str) -> Result<String> {
    Ok(object[name].as_str().with_context(|| format!("expected a text as {name:?}"))?.to_owned())
}

/// Gains above 0, by query and document.
fn judgements(path: &Path) -> Result<HashMap<String, HashMap<String, f64>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let mut found: HashMap<String, HashMap<String, f64>> = HashMap::new();
    for (at, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let place = || format!("{}, line {}", path.display(), at + 1);
        let fields: Vec<_> = line.split('\t').collect();
        let [query, document, gain] = fields.as_slice() else {
            anyhow::bail!("{}: expected three fields, got {}", place(), fields.len());
        };
        let gain: f64 = gain.trim().parse().with_context(place)?;
        if gain > 0.0 {
            found.entry((*query).to_owned()).or_default().insert((*document).to_owned(), gain);
        }
    }
    Ok(found)
}
