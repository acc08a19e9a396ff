//! The rules of the house that a program can hold: here is the tree, give me what breaks them.
//!
//! A [`tree::Tree`] is the repository as paths and texts, read from disk or planted by a test. Each function in
//! [`rules`] takes one and returns [`Violation`]s; `docs/tests/tidy.rs` runs them all on the real tree. Rules look
//! at Rust through [`source`], which knows comments and strings from code but resolves no names: a macro that
//! spells a path in pieces gets past it.
//!
//! To change a rule, edit its table. Beside each rule stands a test with a planted violation, so that a rule that
//! stops biting is noticed.

use std::fmt;

pub mod rules;
pub mod source;
pub mod tree;

/// The program in README.md is compiled and run like any other doc test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// One broken rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Path from the root of the repository, with `/`.
    pub file: String,
    /// The line, counted from 1; 1 as well when the whole file is meant.
    pub line: usize,
    /// What the rule says, and what was found.
    pub rule: String,
}

impl Violation {
    /// A violation of `rule` at `file:line`.
    pub fn new(file: &str, line: usize, rule: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, rule: rule.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}
