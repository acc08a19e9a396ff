//! One way to search: how far, or everything.

use std::fmt;

use nigh::{Effort, SearchRequest};
use nigh_datasets::VectorSet;
use serde_json::{Value, json};

/// A way to search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Setting {
    /// So many candidates.
    Ef(usize),
    /// As far as finds this share.
    Recall(f64),
    /// Every point.
    Exact,
}

impl Setting {
    /// Requests for the first `count` queries.
    pub(super) fn requests(self, queries: &VectorSet, count: usize, k: usize) -> Vec<SearchRequest> {
        (0..count.min(queries.rows()))
            .map(|row| self.request(queries.row(row).to_f32().into_owned(), k))
            .collect()
    }

    /// The request for one vector.
    pub(super) fn request(self, vector: Vec<f32>, k: usize) -> SearchRequest {
        let request = SearchRequest::new(vector).limit(k);
        match self {
            Self::Ef(ef) => request.effort(Effort::Ef(ef)),
            Self::Recall(recall) => request.effort(Effort::Recall(recall as f32)),
            Self::Exact => request.exact(true),
        }
    }

    /// `{"ef": 40}`, `{"recall": 0.95}` or `{"exact": true}`.
    pub(super) fn json(self) -> Value {
        match self {
            Self::Ef(ef) => json!({ "ef": ef }),
            Self::Recall(recall) => json!({ "recall": recall }),
            Self::Exact => json!({ "exact": true }),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ef(ef) => write!(f, "ef {ef}"),
            Self::Recall(recall) => write!(f, "recall {recall}"),
            Self::Exact => write!(f, "exact"),
        }
    }
}
