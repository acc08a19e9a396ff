//! Strict mode: limits that a collection sets for its own requests.

use super::{Opened, Scope};
use crate::error::{ApiError, Kind, Result};
use crate::limits::{Direction, Refused};
use nigh_api::{SearchParams, StrictModeConfig};

/// The limits, if they hold.
fn limits(opened: &Opened) -> Option<&StrictModeConfig> {
    opened.given.collection.strict_mode_config.as_ref().filter(|limits| limits.enabled == Some(true))
}

fn refuse(message: impl std::fmt::Display) -> ApiError {
    ApiError::new(Kind::Forbidden, message)
}

/// Counts a write.
///
/// # Errors
/// `RateLimited`.
pub(super) fn take_write(scope: &Scope, name: &str, opened: &Opened) -> Result<()> {
    let Some(limits) = limits(opened) else { return Ok(()) };
    if let Some(max) = limits.max_points_count
        && opened.collection.count()? >= max
    {
        return Err(refuse(format_args!("Max points count limit exceeded: the limit is {max}")));
    }
    take(scope, name, Direction::Write, limits.write_rate_limit)
}

/// Counts a read.
///
/// # Errors
/// `RateLimited`.
pub(super) fn take_read(scope: &Scope, name: &str, opened: &Opened) -> Result<()> {
    let Some(limits) = limits(opened) else { return Ok(()) };
    if let (Some(max), Some(asked)) = (limits.max_timeout, scope.timeout)
        && asked.as_secs() > max
    {
        return Err(refuse(format_args!("Limit exceeded {} > {max} for \"timeout\"", asked.as_secs())));
    }
    take(scope, name, Direction::Read, limits.read_rate_limit)
}

fn take(scope: &Scope, name: &str, direction: Direction, per_minute: Option<u64>) -> Result<()> {
    let Some(per_minute) = per_minute else { return Ok(()) };
    scope.app.rates.take(name, direction, per_minute, 1).map_err(|refused| {
        let wait = match refused {
            Refused::Wait(wait) => Some(wait),
            Refused::TooMuch => None,
        };
        let what = match direction {
            Direction::Read => "Read",
            Direction::Write => "Write",
        };
        let mut error = ApiError::new(Kind::RateLimited, format_args!("{what} rate limit exceeded"));
        error.retry_after = wait;
        error
    })
}

/// Checks the size of an upsert.
///
/// # Errors
/// `Forbidden`.
pub(super) fn check_batch(opened: &Opened, points: usize) -> Result<()> {
    match limits(opened).and_then(|limits| limits.upsert_max_batchsize) {
        Some(max) if points as u64 > max => {
            Err(refuse(format_args!("Limit exceeded {points} > {max} for \"upsert limit\"")))
        }
        _ => Ok(()),
    }
}

/// Checks how far a query may go.
///
/// # Errors
/// `Forbidden`.
pub(super) fn check_query(opened: &Opened, limit: usize, params: Option<&SearchParams>) -> Result<()> {
    let Some(limits) = limits(opened) else { return Ok(()) };
    let exceeds = |max: Option<u64>, got: usize| max.filter(|max| got as u64 > *max);
    if let Some(max) = exceeds(limits.max_query_limit, limit) {
        return Err(refuse(format_args!("Limit exceeded {limit} > {max} for \"limit\"")));
    }
    let Some(params) = params else { return Ok(()) };
    if let Some(ef) = params.hnsw_ef
        && let Some(max) = exceeds(limits.search_max_hnsw_ef, ef)
    {
        return Err(refuse(format_args!("Limit exceeded {ef} > {max} for \"hnsw_ef\"")));
    }
    if params.exact == Some(true) && limits.search_allow_exact == Some(false) {
        return Err(refuse("Exact search is not allowed"));
    }
    let oversampling = params.quantization.and_then(|quantization| quantization.oversampling);
    if let (Some(max), Some(got)) = (limits.search_max_oversampling, oversampling)
        && got > max
    {
        return Err(refuse(format_args!("Limit exceeded {got} > {max} for \"oversampling\"")));
    }
    Ok(())
}
