//! idx files of u8 give one row per first axis, the other axes flattened.

mod support;

use nigh_datasets::{Problem, Row, Values, read};
use support::idx;

#[test]
fn images_labels_and_tables() {
    let data: Vec<u8> = (0..24).collect();
    let images = read("train-images-idx3-ubyte", &idx(&[4, 2, 3], &data)[..]).unwrap();
    assert_eq!((images.rows(), images.dim()), (4, 6));
    assert_eq!(images.row(3), Row::U8(&[18, 19, 20, 21, 22, 23]));

    let table = read("table.idx", &idx(&[2, 12], &data)[..]).unwrap();
    assert_eq!((table.rows(), table.dim()), (2, 12));

    let labels = read("labels.idx1-ubyte", &idx(&[24], &data)[..]).unwrap();
    assert_eq!((labels.rows(), labels.dim()), (24, 1));
    assert_eq!(labels.values(), &Values::U8(data));
}

#[test]
fn no_rows_are_a_set_too() {
    let set = read("a.idx", &idx(&[0, 28, 28], &[])[..]).unwrap();
    assert_eq!((set.rows(), set.dim()), (0, 784));
}

#[test]
fn other_types_and_axes_are_refused() {
    for magic in [[0, 0, 0x0d, 2], [0, 0, 8, 0], [0, 0, 8, 4], [1, 0, 8, 1], *b"\x93NUM"] {
        let error = read("a.idx", &magic[..]).unwrap_err();
        assert!(matches!(error.problem, Problem::BadHeader { field: "magic", .. }), "{error}");
    }
    let error = read("a.idx", &idx(&[5, 0], &[])[..]).unwrap_err();
    assert!(matches!(error.problem, Problem::BadHeader { field: "shape", .. }), "{error}");
}

#[test]
fn bytes_after_the_data_are_refused() {
    let error = read("a.idx", &idx(&[2, 2], &[1, 2, 3, 4, 5])[..]).unwrap_err();
    assert!(matches!(error.problem, Problem::TrailingBytes), "{error}");
    assert_eq!(error.offset(), Some(16));
}
