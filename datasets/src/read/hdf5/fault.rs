//! `Fault`: what the library did instead of answering; a panic of it is an answer too.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hdf5_pure::Error;

use crate::read::error::Problem;

/// The library refused, or failed.
pub(super) enum Fault {
    Library(Error),
    /// It panicked, which it should never do; the message.
    Panic(String),
}

impl Fault {
    /// As the problem of a file, where no dataset is concerned.
    pub(super) fn outside_datasets(&self) -> Problem {
        Problem::Hdf5 { got: self.to_string() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) => write!(f, "{error}"),
            Self::Panic(message) => write!(f, "the HDF5 library panicked: {message}"),
        }
    }
}

/// Asks the library, which parses bytes that may be damaged, and takes its panic for a refusal. What it was
/// working on is only read again for the next question, if at all.
pub(super) fn caught<T>(ask: impl FnOnce() -> Result<T, Error>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(answer) => answer.map_err(Fault::Library),
        Err(payload) => Err(Fault::Panic(message(payload.as_ref()))),
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let literal = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    literal.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Fault, caught};

    #[test]
    fn a_panic_is_an_answer() {
        let fault = caught::<()>(|| panic!("at byte {}", 7)).err().map(|fault| fault.to_string());
        assert_eq!(fault.as_deref(), Some("the HDF5 library panicked: at byte 7"));
        assert!(caught(|| Ok(1)).is_ok_and(|answer| answer == 1));
    }

    #[test]
    fn a_refusal_is_passed_on() {
        let refusal = caught::<()>(|| Err(hdf5_pure::Error::ReadOnly));
        assert!(matches!(refusal, Err(Fault::Library(hdf5_pure::Error::ReadOnly))));
    }
}
