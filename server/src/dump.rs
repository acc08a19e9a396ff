//! What an inspection found, as a tree that prints as text or JSON: names, fields in order, children, problems.
//!
//! Nothing here knows the storage format. Text is indented by depth; a dump of style [`Style::Line`] takes one line.

use std::io::Write;

use nigh_format::FormatError;
use serde_json::{Map, Value, json};

use crate::out::Out;
use crate::units;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where, in bytes from the start of the file.
    pub(crate) offset: Option<u64>,
    /// What was expected and found.
    pub(crate) what: String,
}

impl Problem {
    /// A problem of a whole file or folder.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { offset: None, what: what.into() }
    }
}

impl From<FormatError> for Problem {
    fn from(error: FormatError) -> Self {
        Self { offset: Some(error.offset), what: error.kind.to_string() }
    }
}

/// How a dump looks as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Style {
    /// The name, then a line for each field.
    #[default]
    Block,
    /// Name and fields on one line.
    Line,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dump {
    name: String,
    style: Style,
    fields: Vec<Field>,
    children: Vec<Dump>,
    problems: Vec<Problem>,
}

#[derive(Debug, Clone)]
struct Field {
    key: &'static str,
    value: Value,
    text: String,
}

impl Dump {
    /// A dump that takes a line for each field.
    pub(crate) fn block(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A dump that takes one line.
    pub(crate) fn line(name: impl Into<String>) -> Self {
        Self { name: name.into(), style: Style::Line, ..Self::default() }
    }

    /// Adds a field; text is printed as it is.
    pub(crate) fn field(&mut self, key: &'static str, value: impl Into<Value>) -> &mut Self {
        let value = value.into();
        let text = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.field_as(key, value, text)
    }

    /// Adds a field whose text differs from its JSON.
    pub(crate) fn field_as(
        &mut self,
        key: &'static str,
        value: impl Into<Value>,
        text: impl Into<String>,
    ) -> &mut Self {
        self.fields.push(Field { key, value: value.into(), text: text.into() });
        self
    }

    /// Adds a single-precision number, with no more digits than it has.
    pub(crate) fn float(&mut self, key: &'static str, value: f32) -> &mut Self {
        let text = value.to_string();
        let wide: f64 = text.parse().unwrap_or_else(|_| f64::from(value));
        self.field_as(key, wide, text)
    }

    /// Adds a number of bytes.
    pub(crate) fn bytes(&mut self, key: &'static str, bytes: u64) -> &mut Self {
        let text = match self.style {
            Style::Block if bytes >= 1024 => format!("{} ({})", units::count(bytes), units::bytes(bytes)),
            Style::Block => units::count(bytes),
            Style::Line => units::bytes(bytes),
        };
        self.field_as(key, bytes, text)
    }

    /// Adds what lies below.
    pub(crate) fn child(&mut self, child: Self) -> &mut Self {
        self.children.push(child);
        self
    }

    /// Notes a problem.
    pub(crate) fn problem(&mut self, problem: impl Into<Problem>) -> &mut Self {
        self.problems.push(problem.into());
        self
    }

    /// Notes the error, if it is one, and gives the value otherwise.
    pub(crate) fn note<T, E: Into<Problem>>(&mut self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(error);
                None
            }
        }
    }

    /// Problems here and below.
    pub(crate) fn problem_count(&self) -> usize {
        self.problems.len() + self.children.iter().map(Self::problem_count).sum::<usize>()
    }

    /// Prints as text.
    pub(crate) fn print(&self, out: &mut Out) -> std::io::Result<()> {
        self.print_at(out, 0)
    }

    fn print_at(&self, out: &mut Out, depth: usize) -> std::io::Result<()> {
        let indent = 2 * depth;
        write!(out, "{:indent$}{}", "", self.name)?;
        match self.style {
            Style::Line => {
                for field in &self.fields {
                    write!(out, "  {} {}", field.key, field.text)?;
                }
                writeln!(out)?;
            }
            Style::Block => {
                writeln!(out)?;
                let width = self.fields.iter().map(|f| f.key.len()).max().unwrap_or(0);
                for field in &self.fields {
                    writeln!(out, "{:indent$}  {:width$}  {}", "", field.key, field.text)?;
                }
            }
        }
        for problem in &self.problems {
            match problem.offset {
                Some(offset) => {
                    writeln!(out, "{:indent$}  PROBLEM at byte {offset}: {}", "", problem.what)?;
                }
                None => writeln!(out, "{:indent$}  PROBLEM: {}", "", problem.what)?,
            }
        }
        self.children.iter().try_for_each(|child| child.print_at(out, depth + 1))
    }

    /// The same as JSON; `problems` and `children` only where there are any.
    pub(crate) fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("name".to_owned(), json!(self.name));
        map.extend(self.fields.iter().map(|field| (field.key.to_owned(), field.value.clone())));
        if !self.problems.is_empty() {
            let problem = |p: &Problem| json!({"offset": p.offset, "what": p.what});
            map.insert("problems".to_owned(), self.problems.iter().map(problem).collect());
        }
        if !self.children.is_empty() {
            map.insert("children".to_owned(), self.children.iter().map(Self::to_json).collect());
        }
        Value::Object(map)
    }
}
