//! Which parts of a point are asked for.

use crate::error::Result;
use nigh::{WithPayload, WithVectors};
use nigh_api as api;

/// Which payload is asked for; `default` is what a request that does not say gets.
///
/// # Errors
/// `BadInput` for a text that is no path.
pub(crate) fn payload_asked(asked: Option<api::WithPayload>, default: bool) -> Result<WithPayload> {
    let whole = |all: bool| if all { WithPayload::All } else { WithPayload::No };
    Ok(match asked {
        None => whole(default),
        Some(api::WithPayload::Bool(all)) => whole(all),
        Some(
            api::WithPayload::Fields(paths)
            | api::WithPayload::Selector(api::PayloadSelector::Include(paths)),
        ) => WithPayload::include(paths)?,
        Some(api::WithPayload::Selector(api::PayloadSelector::Exclude(paths))) => {
            WithPayload::exclude(paths)?
        }
    })
}

/// Which vectors are asked for; none unless a request says.
pub(crate) fn vectors_asked(asked: Option<api::WithVector>) -> WithVectors {
    match asked {
        None | Some(api::WithVector::Bool(false)) => WithVectors::No,
        Some(api::WithVector::Bool(true)) => WithVectors::All,
        Some(api::WithVector::Names(names)) => WithVectors::Names(names),
    }
}
