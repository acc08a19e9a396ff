//! Plain loops, for CPUs that none of the instruction sets fits.
//!
//! Sums wrap, though they never do in what callers may ask for: the compiler does not vectorise checked sums.

use super::{NO_ROW, Prefetch, Rows, Table, driver};

pub(super) static TABLE: Table = Table {
    name: "scalar",
    #[cfg(test)]
    dot,
    dot_rows,
    dot_run,
    dot_u8,
    l2sq_u8,
    l1_u8,
    sums_u8,
};

fn dot(row: &[u8], query: &[i8]) -> i32 {
    row.iter().zip(query).fold(0, |sum, (x, q)| sum.wrapping_add(i32::from(*x) * i32::from(*q)))
}

fn dot_row(rows: Rows<'_>, id: u32, query: &[i8]) -> i32 {
    rows.row(id).map_or(NO_ROW, |row| dot(row, query))
}

fn dot_rows(rows: Rows<'_>, ids: &[u32], query: &[i8], prefetch: Prefetch, out: &mut [i32]) {
    let ahead = prefetch.ahead as usize;
    let prefetch = |id: &u32| driver::prefetch_row(rows, *id, prefetch.lines);
    ids.iter().take(ahead).for_each(prefetch);
    for (j, (id, out)) in ids.iter().zip(out).enumerate() {
        ids.get(j.saturating_add(ahead)).into_iter().for_each(prefetch);
        *out = dot_row(rows, *id, query);
    }
}

fn dot_run(rows: Rows<'_>, start: u32, query: &[i8], out: &mut [i32]) {
    for (j, out) in out.iter_mut().enumerate() {
        let id = u32::try_from(j).ok().and_then(|j| start.checked_add(j));
        *out = id.map_or(NO_ROW, |id| dot_row(rows, id, query));
    }
}

fn dot_u8(a: &[u8], b: &[u8]) -> u64 {
    sum(a, b, |x, y| u32::from(x) * u32::from(y))
}

fn l2sq_u8(a: &[u8], b: &[u8]) -> u64 {
    sum(a, b, |x, y| u32::from(x.abs_diff(y)) * u32::from(x.abs_diff(y)))
}

fn l1_u8(a: &[u8], b: &[u8]) -> u64 {
    sum(a, b, |x, y| u32::from(x.abs_diff(y)))
}

fn sums_u8(row: &[u8]) -> (u32, u64) {
    (row.iter().fold(0, |sum, x| sum.wrapping_add(u32::from(*x))), dot_u8(row, row))
}

fn sum(a: &[u8], b: &[u8], term: impl Fn(u8, u8) -> u32) -> u64 {
    let add = |sum: u32, (x, y): (&u8, &u8)| sum.wrapping_add(term(*x, *y));
    let block = |(a, b): (&[u8], &[u8])| u64::from(a.iter().zip(b).fold(0, add));
    a.chunks(driver::BLOCK).zip(b.chunks(driver::BLOCK)).map(block).sum()
}
