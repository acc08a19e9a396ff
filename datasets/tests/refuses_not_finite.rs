//! NaN, infinity and overflow are errors at the byte where they stand, never part of a set.

mod support;

use nigh_datasets::{Problem, ShapeError, Values, VectorSet, read};
use support::{fvecs, npy};

#[test]
fn each_float_type_and_each_kind() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let error = read("a.fvecs", &fvecs(&[&[1.0, 2.0], &[3.0, bad]])[..]).unwrap_err();
        assert!(matches!(error.problem, Problem::NotFinite { .. }), "{error}");
        assert_eq!(error.offset(), Some(20));

        let wide = f64::from(bad).to_le_bytes();
        let error = read("a.npy", &npy("<f8", "(1, 1)", &wide)[..]).unwrap_err();
        assert!(matches!(error.problem, Problem::NotFinite { .. }), "{error}");
    }
    for bits in [0x7c00_u16, 0xfc00, 0x7e00, 0x7c01] {
        let data = [0_u16.to_le_bytes(), bits.to_le_bytes()].concat();
        let error = read("a.npy", &npy("<f2", "(1, 2)", &data)[..]).unwrap_err();
        assert!(matches!(error.problem, Problem::NotFinite { .. }), "{error}");
        assert_eq!(error.offset(), Some(130));
    }
}

#[test]
fn a_double_beyond_f32_is_shown_as_written() {
    let error = read("a.npy", &npy("<f8", "(1, 1)", &1e39_f64.to_le_bytes())[..]).unwrap_err();
    assert!(matches!(error.problem, Problem::NotFinite { got } if got == 1e39), "{error}");
}

#[test]
fn the_offset_is_right_beyond_the_first_chunk() {
    let mut row = vec![0.5_f32; 50_000];
    row[49_999] = f32::NAN;
    let error = read("a.fvecs", &fvecs(&[&row])[..]).unwrap_err();
    assert_eq!(error.offset(), Some(4 + 4 * 49_999));
}

#[test]
fn a_set_made_by_hand_is_checked_the_same_way() {
    let values = Values::F32(vec![1.0, 2.0, 3.0, f32::NAN]);
    assert_eq!(VectorSet::new(2, values), Err(ShapeError::NotFinite { row: 1, column: 1 }));
    assert_eq!(VectorSet::new(0, Values::U8(vec![])), Err(ShapeError::ZeroDimension));
    let ragged = VectorSet::new(3, Values::I8(vec![1, 2, 3, 4]));
    assert_eq!(ragged, Err(ShapeError::Ragged { dim: 3, got_values: 4 }));
}
