//! The C ABI. In C:
//!
//! ```c
//! void *eng_build(const char *path, const float *x, size_t n, int dim, int metric, int threads, int m, int efc);
//! void *eng_open(const char *path, int threads);
//! int eng_search(void *handle, const float *q, size_t nq, int k, int effort_kind, double effort, int threads, uint32_t *out);
//! int eng_close(void *handle);
//! const char *eng_last_error(void);
//! ```
//!
//! A call that failed answers NULL or -1, and [`eng_last_error`] says why. A panic is caught and told in the same way.
//! Threads: `eng_search` may be called from many at once with the same handle.
#![expect(unsafe_code, reason = "C passes pointers")]

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_double, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::ptr;
use std::slice;

use nigh::{Effort, Metric};

use crate::subject::{GraphParams, Subject};

thread_local! {
    /// Why this thread's last failed call failed.
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// Writes `n` rows of `dim` floats into a new database in the folder `path`, with their row numbers as ids, and indexes them; NULL if that
/// failed.
///
/// `metric`: 0 Euclid, 1 cosine, 2 dot. `threads` build the graph, and may search. `m` and `efc` are HNSW's `M` and `efConstruction`. What
/// is returned may be searched, and must be closed.
///
/// # Safety
/// `path` is a string that ends in 0; `x` points to `n * dim` floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eng_build(
    path: *const c_char,
    x: *const f32,
    n: usize,
    dim: c_int,
    metric: c_int,
    threads: c_int,
    m: c_int,
    efc: c_int,
) -> *mut Subject {
    let build = || {
        let dim = positive("dim", dim)?;
        let values = n.checked_mul(dim).ok_or("n times dim is more than there can be")?;
        // SAFETY: as the caller of this function promises.
        let (path, values) = unsafe { (path_at(path)?, slice::from_raw_parts(x, values)) };
        let metric = match metric {
            0 => Metric::Euclid,
            1 => Metric::Cosine,
            2 => Metric::Dot,
            other => return Err(format!("metric: expected 0, 1 or 2, got {other}")),
        };
        let graph = GraphParams { m: positive("m", m)?, ef_construct: positive("efc", efc)? };
        let threads = positive("threads", threads)?;
        Subject::build(path, values, dim, metric, graph, threads).map_err(|e| e.to_string())
    };
    guard(build).map_or(ptr::null_mut(), |subject| Box::into_raw(Box::new(subject)))
}

/// Opens what `eng_build` wrote, to be searched by up to `threads` threads; NULL if that failed. It must be closed.
///
/// # Safety
/// `path` is a string that ends in 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eng_open(path: *const c_char, threads: c_int) -> *mut Subject {
    let open = || {
        // SAFETY: as the caller of this function promises.
        let path = unsafe { path_at(path)? };
        Subject::open(path, positive("threads", threads)?).map_err(|e| e.to_string())
    };
    guard(open).map_or(ptr::null_mut(), |subject| Box::into_raw(Box::new(subject)))
}

/// Writes the `k` rows nearest to each of `nq` queries to `out`, best first, and `UINT32_MAX` where there are no more. Answers 0, or -1 if
/// that failed.
///
/// `effort_kind` 0: keep `effort` candidates on the way (`ef`); 1: look as far as finds the share `effort` of the true nearest. With one
/// query or `threads` 1 the queries are searched one by one on the caller's thread; otherwise in one call on the threads that the database
/// was opened with.
///
/// # Safety
/// `handle` came from `eng_build` or `eng_open` and is not closed; `q` points to `nq` queries of the collection's dimension; `out` to room
/// for `nq * k` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eng_search(
    handle: *const Subject,
    q: *const f32,
    nq: usize,
    k: c_int,
    effort_kind: c_int,
    effort: c_double,
    threads: c_int,
    out: *mut u32,
) -> c_int {
    let search = || {
        // SAFETY: as the caller of this function promises.
        let subject = unsafe { handle.as_ref() }.ok_or("no handle")?;
        let k: usize = positive("k", k)?;
        // SAFETY: as the caller of this function promises.
        let (queries, out) =
            unsafe { (slice::from_raw_parts(q, nq * subject.dim()), slice::from_raw_parts_mut(out, nq * k)) };
        let effort = match effort_kind {
            0 => Effort::Ef(effort as usize),
            1 => Effort::Recall(effort as f32),
            other => return Err(format!("effort_kind: expected 0 or 1, got {other}")),
        };
        let found = if nq == 1 {
            subject.search(queries, effort, out)
        } else if threads == 1 {
            let mut pairs = queries.chunks(subject.dim()).zip(out.chunks_mut(k));
            pairs.try_for_each(|(query, out)| subject.search(query, effort, out))
        } else {
            subject.search_batch(queries, effort, k, out)
        };
        found.map_err(|e| e.to_string())
    };
    guard(search).map_or(-1, |()| 0)
}

/// Closes the database, however that ends. Answers 0, or -1 if not all of it is on disk; does nothing with NULL.
///
/// # Safety
/// `handle` is NULL, or came from `eng_build` or `eng_open`, is not closed, and is not in use by another thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eng_close(handle: *mut Subject) -> c_int {
    if handle.is_null() {
        return 0;
    }
    // SAFETY: as the caller of this function promises; it was made by `Box::into_raw`.
    let subject = unsafe { Box::from_raw(handle) };
    guard(|| subject.close().map_err(|e| e.to_string())).map_or(-1, |()| 0)
}

/// Why the calling thread's last failed call failed: a string in UTF-8 that holds until its next one fails.
#[unsafe(no_mangle)]
pub extern "C" fn eng_last_error() -> *const c_char {
    LAST_ERROR.with_borrow(|message| message.as_ptr())
}

/// Runs `work`; keeps what went wrong for `eng_last_error`.
fn guard<T>(work: impl FnOnce() -> Result<T, String>) -> Option<T> {
    // A panicked call leaves nothing behind but the subject, which closes itself for writing when that is needed.
    let failed = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => return Some(value),
        Ok(Err(message)) => message,
        Err(_) => "a panic".to_owned(),
    };
    let message = CString::new(failed.replace('\0', " ")).unwrap_or_default();
    LAST_ERROR.set(message);
    None
}

/// The folder that C means.
///
/// # Safety
/// `path` is a string that ends in 0, and stays.
unsafe fn path_at<'a>(path: *const c_char) -> Result<&'a Path, String> {
    // SAFETY: as the caller of this function promises.
    let path = unsafe { CStr::from_ptr(path) };
    path.to_str().map(Path::new).map_err(|e| format!("path: {e}"))
}

fn positive<T: TryFrom<c_int>>(what: &str, number: c_int) -> Result<T, String> {
    let positive = T::try_from(number).ok().filter(|_| number > 0);
    positive.ok_or_else(|| format!("{what}: expected 1 or more, got {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIM: usize = 4;
    const ROWS: usize = 3_000;

    /// Places of a grid, 16 apart in each direction: whole numbers of 0..=255, whose codes are exact.
    fn rows() -> Vec<f32> {
        (0..ROWS).flat_map(|row| [row % 16, row / 16 % 16, row / 256, 0].map(|at| (at * 16) as f32)).collect()
    }

    fn message() -> String {
        // SAFETY: it is a string of this thread.
        unsafe { CStr::from_ptr(eng_last_error()) }.to_string_lossy().into_owned()
    }

    #[test]
    fn builds_searches_and_opens_again() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = CString::new(dir.path().to_str().expect("UTF-8")).expect("no 0 in it");
        let (rows, queries) = (rows(), [21.0_f32, 19.0, 16.0, 0.0, 37.0, 35.0, 32.0, 0.0]);
        let mut out = [0; 6];
        // SAFETY: all pointers are to what the comments of the functions say.
        unsafe {
            let built = eng_build(path.as_ptr(), rows.as_ptr(), ROWS, DIM as c_int, 0, 1, 16, 100);
            assert!(!built.is_null(), "{}", message());
            assert_eq!(eng_close(built), 0);
            let opened = eng_open(path.as_ptr(), 2);
            assert!(!opened.is_null(), "{}", message());
            for (kind, effort) in [(0, 64.0), (1, 0.99)] {
                for (queries_count, threads) in [(1, 1), (2, 1), (2, 2)] {
                    out.fill(0);
                    let code = eng_search(
                        opened,
                        queries.as_ptr(),
                        queries_count,
                        3,
                        kind,
                        effort,
                        threads,
                        out.as_mut_ptr(),
                    );
                    assert_eq!(code, 0, "{}", message());
                    assert_eq!(out[..3], [273, 274, 289]);
                    assert_eq!(out[3..], if queries_count == 1 { [0; 3] } else { [546, 547, 562] });
                }
            }
            assert_eq!(eng_close(opened), 0);
        }
    }

    #[test]
    fn failures_have_words() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = CString::new(dir.path().to_str().expect("UTF-8")).expect("no 0 in it");
        // SAFETY: all pointers are to what the comments of the functions say, or NULL where that is looked at.
        unsafe {
            assert!(eng_build(path.as_ptr(), [0.0].as_ptr(), 1, 1, 7, 1, 16, 100).is_null());
            assert_eq!(message(), "metric: expected 0, 1 or 2, got 7");
            assert!(eng_build(path.as_ptr(), [f32::NAN].as_ptr(), 1, 1, 0, 1, 16, 100).is_null());
            assert!(message().contains("vector"), "{}", message());
            assert!(eng_open(path.as_ptr(), 0).is_null());
            assert_eq!(message(), "threads: expected 1 or more, got 0");
            assert_eq!(eng_search(ptr::null(), ptr::null(), 0, 1, 0, 1.0, 1, ptr::null_mut()), -1);
            assert_eq!(message(), "no handle");
            assert_eq!(eng_close(ptr::null_mut()), 0);
        }
    }

    #[test]
    fn a_panic_does_not_cross() {
        assert_eq!(guard::<()>(|| panic!("on purpose")), None);
        assert_eq!(message(), "a panic");
    }
}
