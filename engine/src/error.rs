//! What can go wrong, for callers: one [`Error`], and an [`ErrorKind`] that says what to do about it.
//!
//! A write either was applied, was not applied, or is unknown (`Poisoned`, `Io`, `Timeout`): [`Error::applied`] tells which.

use nigh_format::error::FormatError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Result of an engine call.
pub type Result<T> = std::result::Result<T, Error>;

/// What the caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Change the request; nothing was applied.
    InvalidArgument,
    /// The name or point does not exist.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// Make the request smaller.
    TooLarge,
    /// Try again later.
    Busy,
    /// The call was cancelled or ran out of time.
    Cancelled,
    /// Free disk space; the handle stays usable.
    NoSpace,
    /// Another process owns the folder, or the handle only reads.
    Locked,
    /// A file is damaged.
    Corrupted,
    /// Written by a newer version: upgrade the program.
    Version,
    /// The operating system failed.
    Io,
    /// Reopen: the handle no longer takes writes.
    Closed,
    /// A bug of ours.
    Internal,
}

/// Whether a failed write took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Not now and never.
    No,
    /// Look after reopening.
    Unknown,
}

/// Why a call failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// A value that cannot be accepted.
    Invalid {
        /// Which one, as a path into the request.
        field: String,
        /// What would have been accepted.
        expected: String,
        /// What was there.
        got: String,
    },
    /// No such collection, alias, vector or point.
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// A point that was named by its id does not exist.
    NoPoint {
        /// The id.
        id: String,
    },
    /// The name is taken.
    AlreadyExists {
        /// What is there already.
        what: String,
    },
    /// Above a limit.
    TooLarge {
        /// Which limit.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// The request's size.
        got: u64,
    },
    /// Too much work is waiting.
    Busy {
        /// For what.
        what: &'static str,
    },
    /// The caller's token was cancelled.
    Cancelled,
    /// The caller's deadline passed.
    Timeout {
        /// For writes: what became of it.
        applied: Applied,
    },
    /// The disk is full, or would leave less than the kept-back space.
    NoSpace {
        /// What was being written.
        path: PathBuf,
    },
    /// Another process (or another handle) owns the folder.
    Locked {
        /// The folder.
        path: PathBuf,
        /// The owner, where known.
        pid: Option<u32>,
    },
    /// A write on a handle opened for reading.
    ReadOnly,
    /// A damaged file.
    Corrupt {
        /// Which file.
        file: PathBuf,
        /// Where, in bytes from its start.
        offset: u64,
        /// What was expected and found.
        what: String,
    },
    /// A file of a newer format.
    Version {
        /// Which file; it is left untouched.
        file: PathBuf,
        /// What was found and is known.
        what: String,
    },
    /// The operating system failed.
    Io {
        /// What was being done.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's error.
        source: std::sync::Arc<io::Error>,
    },
    /// An earlier write or sync failed; reads go on, writes need a reopen.
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// The database or collection is closed or dropped.
    Closed {
        /// Which.
        what: String,
    },
    /// A broken invariant.
    Internal {
        /// Which.
        what: String,
    },
}

impl Error {
    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Invalid { .. } => ErrorKind::InvalidArgument,
            Error::NotFound { .. } | Error::NoPoint { .. } => ErrorKind::NotFound,
            Error::AlreadyExists { .. } => ErrorKind::AlreadyExists,
            Error::TooLarge { .. } => ErrorKind::TooLarge,
            Error::Busy { .. } => ErrorKind::Busy,
            Error::Cancelled | Error::Timeout { .. } => ErrorKind::Cancelled,
            Error::NoSpace { .. } => ErrorKind::NoSpace,
            Error::Locked { .. } | Error::ReadOnly => ErrorKind::Locked,
            Error::Corrupt { .. } => ErrorKind::Corrupted,
            Error::Version { .. } => ErrorKind::Version,
            Error::Io { .. } => ErrorKind::Io,
            Error::Poisoned { .. } | Error::Closed { .. } => ErrorKind::Closed,
            Error::Internal { .. } => ErrorKind::Internal,
        }
    }

    /// Whether the write that failed with this may have taken effect.
    pub fn applied(&self) -> Applied {
        match self {
            Error::Timeout { applied } => *applied,
            Error::Io { .. } | Error::Poisoned { .. } | Error::Internal { .. } => Applied::Unknown,
            Error::Invalid { .. }
            | Error::NotFound { .. }
            | Error::NoPoint { .. }
            | Error::AlreadyExists { .. }
            | Error::TooLarge { .. }
            | Error::Busy { .. }
            | Error::Cancelled
            | Error::NoSpace { .. }
            | Error::Locked { .. }
            | Error::ReadOnly
            | Error::Corrupt { .. }
            | Error::Version { .. }
            | Error::Closed { .. } => Applied::No,
        }
    }

    pub(crate) fn invalid(
        field: impl Into<String>,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        Error::Invalid { field: field.into(), expected: expected.to_string(), got: got.to_string() }
    }

    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Error::NoSpace { path: path.to_owned() };
        }
        Error::Io { doing, path: path.to_owned(), source: std::sync::Arc::new(source) }
    }

    pub(crate) fn corrupt(file: &Path, offset: u64, what: impl fmt::Display) -> Self {
        Error::Corrupt { file: file.to_owned(), offset, what: what.to_string() }
    }

    /// A decoder's verdict on the bytes of `file`.
    pub(crate) fn format(file: &Path, error: &FormatError) -> Self {
        if error.is_newer() {
            return Error::Version { file: file.to_owned(), what: error.to_string() };
        }
        Error::corrupt(file, error.offset, error)
    }

    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Error::Internal { what: what.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Invalid { field, expected, got } => {
                write!(f, "invalid {field}: expected {expected}, got {got}")
            }
            Error::NotFound { what } => write!(f, "{what} does not exist"),
            // As Qdrant says it: its clients compare.
            Error::NoPoint { id } => write!(f, "No point with id {id} found"),
            Error::AlreadyExists { what } => write!(f, "{what} already exists"),
            Error::TooLarge { what, limit, got } => {
                write!(f, "{what} too large: the limit is {limit}, got {got}")
            }
            Error::Busy { what } => write!(f, "busy: {what}"),
            Error::Cancelled => f.write_str("cancelled"),
            Error::Timeout { applied: Applied::No } => f.write_str("deadline passed; not applied"),
            Error::Timeout { applied: Applied::Unknown } => {
                f.write_str("deadline passed; may have been applied")
            }
            Error::NoSpace { path } => {
                write!(f, "no space left for {}; not applied, free some space and retry", path.display())
            }
            Error::Locked { path, pid: Some(pid) } => {
                write!(f, "{} is in use by process {pid}", path.display())
            }
            Error::Locked { path, pid: None } => {
                write!(f, "{} is in use by another process", path.display())
            }
            Error::ReadOnly => f.write_str("opened for reading only"),
            Error::Corrupt { file, offset, what } => {
                write!(f, "{} is damaged at byte {offset}: {what}", file.display())
            }
            Error::Version { file, what } => {
                write!(f, "{} was written by a newer version: {what}", file.display())
            }
            Error::Io { doing, path, source } => write!(f, "failed to {doing} {}: {source}", path.display()),
            Error::Poisoned { cause } => {
                write!(f, "closed for writing after a failure ({cause}); reopen to recover")
            }
            Error::Closed { what } => write!(f, "{what} is closed"),
            Error::Internal { what } => write!(f, "internal error: {what}"),
        }
    }
}

/// The message says all of it; the system's error is a field of `Io`, not `source`, so that a chain does not print it twice.
impl std::error::Error for Error {}
