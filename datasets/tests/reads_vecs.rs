//! fvecs, bvecs and ivecs give their rows in order, in their own element type.

mod support;

use nigh_datasets::{Problem, Row, Values, open, read};
use support::{bvecs, fvecs, ivecs};

#[test]
fn floats_bytes_and_integers() {
    let floats = read("a.fvecs", &fvecs(&[&[1.0, -2.5], &[f32::MAX, f32::MIN_POSITIVE]])[..]).unwrap();
    assert_eq!((floats.rows(), floats.dim()), (2, 2));
    assert_eq!(floats.row(1), Row::F32(&[f32::MAX, f32::MIN_POSITIVE]));

    let bytes = read("a.bvecs", &bvecs(&[&[0, 127, 255]])[..]).unwrap();
    assert_eq!(bytes.values(), &Values::U8(vec![0, 127, 255]));
    assert_eq!(bytes.to_f32(), [0.0, 127.0, 255.0]);

    let integers = read("a.ivecs", &ivecs(&[&[i32::MIN], &[-1], &[i32::MAX]])[..]).unwrap();
    assert_eq!((integers.rows(), integers.dim()), (3, 1));
    assert_eq!(integers.values(), &Values::I32(vec![i32::MIN, -1, i32::MAX]));
}

#[test]
fn rows_longer_than_a_chunk() {
    let row: Vec<f32> = (0..40_000_u16).map(f32::from).collect();
    let set = read("a.fvecs", &fvecs(&[&row, &row, &row])[..]).unwrap();
    assert_eq!((set.rows(), set.dim()), (3, 40_000));
    assert!((0..3).all(|i| set.row(i) == Row::F32(&row)));
}

#[test]
fn an_empty_file_is_truncated() {
    let error = read("a.fvecs", &[][..]).unwrap_err();
    assert!(matches!(error.problem, Problem::Truncated { expected_bytes: 4, got_bytes: 0 }), "{error}");
}

#[test]
fn another_dimension_names_the_row_that_has_it() {
    let error = read("a.fvecs", &fvecs(&[&[1.0, 2.0], &[3.0, 4.0], &[5.0]])[..]).unwrap_err();
    assert!(matches!(error.problem, Problem::DimensionChanged { expected: 2, got: 1 }), "{error}");
    assert_eq!(error.offset(), Some(24));
    assert_eq!(error.to_string(), "a.fvecs: byte 24: expected a row of dimension 2 like the first, got 1");
}

#[test]
fn zero_and_negative_dimensions_are_refused() {
    for stated in [0, -1, i32::MIN] {
        let error = read("a.bvecs", &stated.to_le_bytes()[..]).unwrap_err();
        assert!(matches!(error.problem, Problem::BadHeader { field: "dimension", .. }), "{error}");
    }
}

#[test]
fn a_missing_file_is_an_io_error_with_its_name() {
    let error = open("no/such/file.fvecs").unwrap_err();
    assert!(matches!(error.problem, Problem::Io(_)));
    assert!(error.to_string().starts_with("no/such/file.fvecs: "), "{error}");
}
