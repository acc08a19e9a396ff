//! Words of texts: the check of a payload field that has a text index, as the index answers it and as one payload does.

use crate::point::PayloadPath;
use crate::text::Analyzer;
use crate::text::index::{Matching, Query};
use serde_json::{Map, Value};

/// A check of the words at a path, read by the analyzer of the field's index.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    /// The field whose indexes can answer.
    pub(crate) field: u64,
    analyzer: Analyzer,
    pub(crate) query: Query,
}

impl Words {
    pub(crate) fn new(field: u64, analyzer: &Analyzer, text: &str, matching: Matching) -> Self {
        Self { field, analyzer: analyzer.clone(), query: Query::new(analyzer, text, matching) }
    }

    /// Whether the check holds of one text.
    pub(super) fn hold(&self, text: &str) -> bool {
        self.query.holds(&self.analyzer, text)
    }
}

/// The text of a point at a path: all texts there in one, with a line feed between two; none if there are none.
pub(crate) fn text_at(path: &PayloadPath, payload: &Map<String, Value>) -> Option<String> {
    let mut all: Option<String> = None;
    let mut add = |text: &str| match &mut all {
        None => all = Some(text.to_owned()),
        Some(all) => {
            all.push('\n');
            all.push_str(text);
        }
    };
    path.any(payload, &mut |value| {
        match value {
            Value::String(text) => add(text),
            Value::Array(items) => items.iter().filter_map(Value::as_str).for_each(&mut add),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
        }
        false
    });
    all
}
