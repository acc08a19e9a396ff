//! A configuration file: YAML goes in, dotted paths with their texts and lines come out.
//!
//! Sections may be nested, values are scalars. Anchors, aliases, tags, lists, keys that are given twice and more than one document
//! are refused: a configuration that needs them says something else than its reader believes.
//!
//! Language: YAML 1.2, core schema.

use std::collections::HashSet;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Deeper sections are a mistake.
const DEPTH_MAX: usize = 8;

/// One scalar of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Names of sections and key, with dots between.
    pub(super) path: String,
    /// The value as written; empty for null.
    pub(super) text: String,
    /// From 1.
    pub(super) line: usize,
}

/// A file that cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    /// From 1.
    pub(super) line: usize,
    /// What is wrong.
    pub(super) what: String,
}

/// Reads a whole file.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, Flaw> {
    let mut reader = Reader::default();
    let mut entries = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| Flaw { line: e.marker().line(), what: e.info().to_owned() })?;
        let line = span.start.line();
        if let Some((path, text)) = reader.take(&event).map_err(|what| Flaw { line, what })? {
            entries.push(Entry { path, text, line });
        }
    }
    Ok(entries)
}

/// Where the reader stands.
#[derive(Debug, Default)]
struct Reader {
    /// Names of the open sections, and of the key whose value comes next.
    path: Vec<String>,
    /// For each open section whether a key, not a value, comes next.
    wants_key: Vec<bool>,
    seen: HashSet<String>,
    documents: usize,
}

impl Reader {
    /// One event; a path and a text when a value ended.
    fn take(&mut self, event: &Event<'_>) -> Result<Option<(String, String)>, String> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err("expected one document, got a second".to_owned());
                }
            }
            Event::Scalar(_, _, 0, None) | Event::MappingStart(0, None) | Event::MappingEnd => {
                return self.node(event);
            }
            Event::SequenceStart(..) | Event::SequenceEnd => {
                return Err(format!("{}expected a value or a section, got a list", self.prefix()));
            }
            Event::Alias(_) | Event::Scalar(..) | Event::MappingStart(..) => {
                return Err(format!("{}anchors, aliases and tags are not used here", self.prefix()));
            }
        }
        Ok(None)
    }

    fn node(&mut self, event: &Event<'_>) -> Result<Option<(String, String)>, String> {
        match (event, self.wants_key.last().copied()) {
            (Event::Scalar(name, ..), Some(true)) => self.key(name).map(|()| None),
            (Event::Scalar(text, style, ..), Some(false)) => {
                let path = self.path.join(".");
                self.value_ended();
                Ok(Some((path, if is_null(text, *style) { String::new() } else { text.to_string() })))
            }
            // An empty file, or one of comments.
            (Event::Scalar(text, style, ..), None) if is_null(text, *style) => Ok(None),
            (Event::Scalar(..), None) => Err("expected sections, got a single value".to_owned()),
            (Event::MappingStart(..), Some(true)) => {
                Err(format!("{}expected a name, got a section", self.prefix()))
            }
            (Event::MappingStart(..), _) => {
                self.wants_key.push(true);
                if self.wants_key.len() > DEPTH_MAX {
                    return Err(format!("{}expected at most {DEPTH_MAX} nested sections", self.prefix()));
                }
                Ok(None)
            }
            // The end of a section.
            _ => {
                self.wants_key.pop();
                self.value_ended();
                Ok(None)
            }
        }
    }

    fn key(&mut self, name: &str) -> Result<(), String> {
        if name.is_empty() || name.contains('.') {
            return Err(format!("{}expected a name without dots, got {name:?}", self.prefix()));
        }
        self.path.push(name.to_owned());
        if !self.seen.insert(self.path.join(".")) {
            return Err(format!("{} is given twice", self.path.join(".")));
        }
        if let Some(wants) = self.wants_key.last_mut() {
            *wants = false;
        }
        Ok(())
    }

    fn value_ended(&mut self) {
        self.path.pop();
        if let Some(wants) = self.wants_key.last_mut() {
            *wants = true;
        }
    }

    fn prefix(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!("{}: ", self.path.join(".")) }
    }
}

/// Null of the core schema.
fn is_null(text: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(yaml: &str, expected: &[(&str, &str, usize)]) {
        let got = parse(yaml).expect("a good file");
        let got: Vec<_> = got.iter().map(|e| (e.path.as_str(), e.text.as_str(), e.line)).collect();
        assert_eq!(got, expected);
    }

    #[track_caller]
    fn refuse(yaml: &str, line: usize, what: &str) {
        let flaw = parse(yaml).expect_err("a bad file");
        assert_eq!((flaw.line, flaw.what.as_str()), (line, what), "{yaml:?}");
    }

    #[test]
    fn sections_become_dotted_paths() {
        let yaml = "# comment\nlog_level: INFO\nservice:\n  http_port: 6333\n  api_key: \"null\"\n  title: null\n  host: ~\ntls: {cert: a.pem, key: 'b.pem'}\nempty:\n";
        check(
            yaml,
            &[
                ("log_level", "INFO", 2),
                ("service.http_port", "6333", 4),
                ("service.api_key", "null", 5),
                ("service.title", "", 6),
                ("service.host", "", 7),
                ("tls.cert", "a.pem", 8),
                ("tls.key", "b.pem", 8),
                ("empty", "", 9),
            ],
        );
        check("", &[]);
        check("# nothing\n", &[]);
    }

    #[test]
    fn what_means_something_else_than_it_seems_is_refused() {
        refuse("a: 1\na: 2\n", 2, "a is given twice");
        refuse("s:\n  a: 1\n  a: 2\n", 3, "s.a is given twice");
        refuse("a: &x 1\nb: *x\n", 1, "a: anchors, aliases and tags are not used here");
        refuse("a: !!str 1\n", 1, "a: anchors, aliases and tags are not used here");
        refuse("a: [1]\n", 1, "a: expected a value or a section, got a list");
        refuse("a: 1\n---\nb: 2\n", 2, "expected one document, got a second");
        refuse("a.b: 1\n", 1, "expected a name without dots, got \"a.b\"");
        refuse("just text\n", 1, "expected sections, got a single value");
        refuse("? {a: 1}\n: 2\n", 1, "expected a name, got a section");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "{a: ".repeat(100_000);
        assert_eq!(parse(&deep).expect_err("too deep").line, 1);
        let brackets = "a: ".to_owned() + &"[".repeat(100_000);
        assert!(parse(&brackets).is_err());
    }

    #[test]
    fn broken_files_name_the_line() {
        assert_eq!(parse("a: 1\n\"b: 2\n").expect_err("an open quote").line, 2);
    }
}
