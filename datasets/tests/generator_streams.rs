//! Rows come one by one, in blocks, or as a set, and are the same rows each time.

use nigh_datasets::{Clustered, Length, Row};

const SPEC: Clustered = Clustered { seed: 5, dim: 7, clusters: 3, spread: 0.5, length: Length::Unit };

#[test]
fn one_by_one_in_blocks_and_all_at_once() {
    let set = SPEC.base(100);
    assert_eq!(SPEC.base_rows(100).len(), 100);
    assert_eq!(SPEC.base_rows(100).flatten().collect::<Vec<f32>>(), set.to_f32());

    let mut rows = SPEC.base_rows(100);
    let mut block = [0.0; 7 * 32];
    let mut gathered = Vec::new();
    let mut counts = Vec::new();
    loop {
        let count = rows.fill(&mut block);
        counts.push(count);
        if count == 0 {
            break;
        }
        gathered.extend_from_slice(&block[..count * 7]);
    }
    assert_eq!(counts, [32, 32, 32, 4, 0]);
    assert_eq!(gathered, set.to_f32());
    assert_eq!(rows.next(), None);
}

#[test]
fn a_row_does_not_depend_on_how_many_follow() {
    assert_eq!(SPEC.base(1_000).head(10), SPEC.base(10));
    assert_eq!(SPEC.base(0).rows(), 0);
}

#[test]
fn the_last_rows_of_a_million_need_no_million_in_memory() {
    let spec = Clustered { dim: 2, ..SPEC };
    let last = spec.base_rows(1_000_000).last().unwrap();
    assert_eq!(last.len(), 2);
    assert_eq!(spec.base_rows(1).next().as_deref().map(Row::F32), Some(spec.base(1).row(0)));
}

#[test]
#[should_panic(expected = "expected a spread of 0 to 1000, got NaN")]
fn a_spread_that_is_no_number_is_a_bug_of_the_caller() {
    let _ = Clustered { spread: f32::NAN, ..SPEC }.base(1);
}
