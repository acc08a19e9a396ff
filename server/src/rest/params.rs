//! Query strings: who writes, waits; who reads, may say for how long.

use crate::error::{ApiError, Kind, Result};
use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts;
use nigh_api::Problems;
use std::convert::Infallible;
use std::time::Duration;

/// What any request may say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// How long the caller waits.
    pub(super) timeout: Option<Duration>,
}

/// What a query string says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Params {
    query: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> std::result::Result<Self, Infallible> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await?;
        Ok(Self { query: query.unwrap_or_default() })
    }
}

impl Params {
    /// The value of a parameter; the last, if it is there more than once. Values of ours need no decoding.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.rfind(|(key, _)| *key == name).map(|(_, value)| value)
    }

    fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(bad(name, "provided string was not `true` or `false`", other)),
        }
    }

    /// How long the caller waits.
    ///
    /// # Errors
    /// `Format` for a text that is no number, `Validation` for 0.
    pub(super) fn reads(&self) -> Result<Reads> {
        if let Some(consistency) = self.get("consistency") {
            let is_known = matches!(consistency, "majority" | "quorum" | "all")
                || consistency.parse::<u64>().is_ok_and(|count| count > 0);
            if !is_known {
                let expected = "expected a number of 1 or more, `majority`, `quorum` or `all`";
                return Err(bad("consistency", expected, consistency));
            }
        }
        let Some(text) = self.get("timeout") else { return Ok(Reads { timeout: None }) };
        let seconds: u64 = text.parse().map_err(|_| bad("timeout", "expected whole seconds", text))?;
        let mut problems = Problems::new();
        problems.at_least("timeout", Some(seconds), 1);
        if problems.is_empty() {
            return Ok(Reads { timeout: Some(Duration::from_secs(seconds)) });
        }
        Err(ApiError::validation("query parameters", &problems))
    }

    /// Whether a write answers only when it is stored, and how long the caller waits.
    ///
    /// # Errors
    /// As [`Params::reads`]; `Format` for an ordering that is none.
    pub(super) fn writes(&self) -> Result<(bool, Reads)> {
        match self.get("ordering") {
            None | Some("weak" | "medium" | "strong") => {}
            Some(other) => return Err(bad("ordering", "expected `weak`, `medium` or `strong`", other)),
        }
        Ok((self.flag("wait")?, self.reads()?))
    }
}

fn bad(name: &str, expected: &str, got: &str) -> ApiError {
    let shown: String = got.chars().take(64).collect();
    ApiError::new(
        Kind::Format,
        format_args!("Deserialize error in query parameters: {name}: {expected}, got `{shown}`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        Params { query: query.to_owned() }
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        assert_eq!(params("").writes(), Ok((false, Reads { timeout: None })));
        let reads = Reads { timeout: Some(Duration::from_secs(5)) };
        assert_eq!(params("wait=true&timeout=5&ordering=strong&x=y").writes(), Ok((true, reads)));
        assert_eq!(params("consistency=majority").reads(), Ok(Reads::default()));
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_the_words_of_the_wire() {
        let text = |error: ApiError| (error.kind, error.text());
        let (kind, message) = text(params("timeout=0").reads().expect_err("no time"));
        assert_eq!(kind, Kind::Validation);
        assert_eq!(
            message,
            "Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]"
        );
        let (kind, message) = text(params("wait=maybe").writes().expect_err("no flag"));
        assert_eq!(kind, Kind::Format);
        assert!(message.starts_with("Deserialize error in query parameters: "), "{message}");
        for bad in ["ordering=x", "timeout=-1", "timeout=1.5", "consistency=0"] {
            assert!(params(bad).writes().is_err(), "{bad}");
        }
    }
}
