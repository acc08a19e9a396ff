//! One value of the configuration: a text goes in, a checked value comes out, or what was expected.
//!
//! Files, the environment and flags all speak texts, so that `http_port: 6333`, `NIGH__SERVICE__HTTP_PORT=6333` and
//! `--set service.http_port=6333` are read by the same rules.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number between two others, both included.
    Number {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// One of some words, in any case.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
}

/// A value that fits its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Not set: null, or an empty text.
    Unset,
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A text; a word of a choice is in lower case.
    Text(String),
}

/// Who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody: the built-in value.
    BuiltIn,
    /// A line of a configuration file, from 1.
    File {
        /// The file as it was named.
        path: Arc<Path>,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(String),
    /// A file with a secret, and who named that file.
    SecretFile {
        /// The file.
        path: PathBuf,
        /// Who named it.
        named_by: Box<Origin>,
    },
}

impl Kind {
    /// Reads a text.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn parse(self, text: &str) -> Result<Value, String> {
        if text.is_empty() {
            return Ok(Value::Unset);
        }
        match self {
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Value::Flag(true)),
                "false" => Ok(Value::Flag(false)),
                _ => Err("true or false".to_owned()),
            },
            Self::Number { min, max } => match text.parse() {
                Ok(number) if (min..=max).contains(&number) => Ok(Value::Number(number)),
                _ if max == u64::MAX => Err(format!("a whole number from {min} on")),
                _ => Err(format!("a whole number from {min} to {max}")),
            },
            Self::Choice(words) => {
                let word = text.to_ascii_lowercase();
                if words.contains(&word.as_str()) {
                    Ok(Value::Text(word))
                } else {
                    Err(format!("one of {}", words.join(", ")))
                }
            }
            Self::Text => Ok(Value::Text(text.to_owned())),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("null"),
            Self::Flag(flag) => flag.fmt(f),
            Self::Number(number) => number.fmt(f),
            // A JSON string is a YAML string, whatever is in it.
            Self::Text(text) => serde_json::Value::from(text.as_str()).fmt(f),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built-in"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
            Self::SecretFile { path, named_by } => write!(f, "{} (named by {named_by})", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, text: &str, expected: Result<Value, &str>) {
        assert_eq!(kind.parse(text), expected.map_err(str::to_owned), "{text:?}");
    }

    #[test]
    fn texts_become_values() {
        check(Kind::Flag, "True", Ok(Value::Flag(true)));
        check(Kind::Flag, "yes", Err("true or false"));
        check(Kind::Number { min: 1, max: 9 }, "9", Ok(Value::Number(9)));
        check(Kind::Number { min: 1, max: 9 }, "10", Err("a whole number from 1 to 9"));
        check(Kind::Number { min: 1, max: 9 }, "-1", Err("a whole number from 1 to 9"));
        check(Kind::Number { min: 1, max: u64::MAX }, "1.5", Err("a whole number from 1 on"));
        check(Kind::Choice(&["info", "warn"]), "INFO", Ok(Value::Text("info".to_owned())));
        check(Kind::Choice(&["info", "warn"]), "loud", Err("one of info, warn"));
        check(Kind::Text, " a ", Ok(Value::Text(" a ".to_owned())));
        check(Kind::Text, "", Ok(Value::Unset));
    }

    #[test]
    fn a_printed_text_is_one_line_of_yaml() {
        assert_eq!(Value::Text("a\n\"b\"".to_owned()).to_string(), r#""a\n\"b\"""#);
    }
}
