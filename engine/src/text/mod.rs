//! Texts and words: `analysis` turns a text into tokens, `index` finds the rows of a segment by them.
//!
//! The same [`Analyzer`] reads the texts that are stored and the queries that look for them; what it makes of either can be seen
//! through [`Analyzer::analyze`]. Nothing is downloaded: all tables are in the program.

mod analysis;
#[cfg_attr(
    not(test),
    allow(dead_code, unused_imports, reason = "collections do not hold texts yet; the tests do")
)]
pub(crate) mod index;

pub use analysis::{Analyzer, AnalyzerConfig, Language, Token, Tokenizer};
