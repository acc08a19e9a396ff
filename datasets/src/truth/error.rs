//! Why ground truth or recall could not be computed: arguments that do not fit each other.

use std::error::Error;
use std::fmt;

/// Arguments that do not fit each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruthError {
    /// Queries have another dimension than the base.
    Dimension {
        /// The base's.
        expected: usize,
        /// The queries'.
        got: usize,
    },
    /// Row numbers of the base do not fit into a `u32`.
    TooManyRows {
        /// Rows of the base.
        got: usize,
    },
    /// A list has another number of queries.
    QueryCount {
        /// The number that the other argument has.
        expected: usize,
        /// The number of lists given.
        got: usize,
    },
    /// An answer is no row of the base.
    UnknownId {
        /// The query that it answers.
        query: usize,
        /// Rows of the base.
        expected_below: usize,
        /// The answer.
        got: u32,
    },
    /// An answer is given twice for one query.
    RepeatedId {
        /// The query that it answers.
        query: usize,
        /// The answer.
        got: u32,
    },
    /// The published ids are not of type `i32`.
    IdsNotIntegers,
    /// A query's ground truth is shorter than the recall asked for.
    TooShallow {
        /// The `k` of the recall; neighbours needed.
        expected: usize,
        /// Neighbours known.
        got: usize,
    },
    /// Recall over no query, or at `k` 0, has no value.
    NothingToScore,
}

impl fmt::Display for TruthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimension { expected, got } => {
                write!(f, "expected queries of dimension {expected} like the base, got {got}")
            }
            Self::TooManyRows { got } => write!(f, "expected a base of fewer than 2^32 rows, got {got}"),
            Self::QueryCount { expected, got } => write!(f, "expected {expected} queries, got {got}"),
            Self::UnknownId { query, expected_below, got } => {
                write!(f, "query {query}: expected a row number below {expected_below}, got {got}")
            }
            Self::RepeatedId { query, got } => {
                write!(f, "query {query}: expected distinct row numbers, got {got} twice")
            }
            Self::IdsNotIntegers => write!(f, "expected ids of type i32, got another type"),
            Self::TooShallow { expected, got } => {
                write!(f, "expected {expected} true neighbours or more, got {got}")
            }
            Self::NothingToScore => write!(f, "expected 1 query or more and a k of 1 or more, got 0"),
        }
    }
}

impl Error for TruthError {}
