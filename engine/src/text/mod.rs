//! Texts and words: `analysis` turns a text into tokens, `index` finds the rows of a segment by them.
//!
//! The same [`Analyzer`] reads the texts that are stored and the queries that look for them; what it makes of either can be seen
//! through [`Analyzer::analyze`]. Nothing is downloaded: all tables are in the program.

mod analysis;
pub(crate) mod index;

pub use analysis::{Analyzer, AnalyzerConfig, Language, Token, Tokenizer};
