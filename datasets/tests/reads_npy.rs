//! npy files of each supported element type and version are read; everything else is named and refused.

mod support;

use nigh_datasets::{Problem, ReadError, Values, VectorSet, read};
use support::{npy, npy_with_header};

fn read_npy(bytes: &[u8]) -> Result<VectorSet, ReadError> {
    read("a.npy", bytes)
}

#[test]
fn every_element_type() {
    let f32s: Vec<u8> = [1.5_f32, -0.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let f64s: Vec<u8> = [0.1_f64, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let i32s: Vec<u8> = [i32::MIN, 7].iter().flat_map(|value| value.to_le_bytes()).collect();
    let cases = [
        ("<f4", f32s, Values::F32(vec![1.5, -0.0])),
        ("<f2", vec![0x00, 0x3c, 0xff, 0xfb], Values::F32(vec![1.0, -65_504.0])),
        ("<f8", f64s, Values::F32(vec![0.1, -2.0])),
        ("<i4", i32s, Values::I32(vec![i32::MIN, 7])),
        ("|u1", vec![0, 255], Values::U8(vec![0, 255])),
        ("|i1", vec![128, 255], Values::I8(vec![-128, -1])),
    ];
    for (descr, data, expected) in cases {
        let set = read_npy(&npy(descr, "(1, 2)", &data)).unwrap();
        assert_eq!((set.rows(), set.dim()), (1, 2), "{descr}");
        assert_eq!(set.values(), &expected, "{descr}");
    }
}

#[test]
fn one_axis_makes_rows_of_one() {
    let set = read_npy(&npy("|u1", "(3,)", &[1, 2, 3])).unwrap();
    assert_eq!((set.rows(), set.dim()), (3, 1));
    let empty = read_npy(&npy("<f4", "(0, 128)", &[])).unwrap();
    assert_eq!((empty.rows(), empty.dim()), (0, 128));
}

#[test]
fn version_two_has_a_wider_length() {
    let header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1), }\n";
    let mut file = b"\x93NUMPY\x02\x00".to_vec();
    file.extend((header.len() as u32).to_le_bytes());
    file.extend(header);
    file.extend([8, 9]);
    assert_eq!(read_npy(&file).unwrap().values(), &Values::U8(vec![8, 9]));
}

#[test]
fn what_is_not_supported_is_named() {
    let fortran = "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }";
    let mut version_three = npy("|u1", "(1, 1)", &[1]);
    version_three[6] = 3;
    let cases = [
        (npy(">f4", "(1, 1)", &[0; 4]), "descr"),
        (npy("<i8", "(1, 1)", &[0; 8]), "descr"),
        (npy_with_header(fortran, &[0; 4]), "fortran_order"),
        (npy("<f4", "(1, 1, 1)", &[0; 4]), "shape"),
        (npy("<f4", "()", &[0; 4]), "shape"),
        (npy("<f4", "(4, 0)", &[]), "shape"),
        (npy("<f4", "(4, 18446744073709551615)", &[]), "shape"),
        (version_three, "version"),
        (b"PK\x03\x04 a zip, as np.savez writes".to_vec(), "magic"),
    ];
    for (file, expected) in cases {
        let error = read_npy(&file).unwrap_err();
        let Problem::BadHeader { field, .. } = error.problem else { panic!("{error}") };
        assert_eq!(field, expected);
    }
}

#[test]
fn a_header_fault_has_its_offset_in_the_file() {
    let error = read_npy(&npy(">f4", "(1, 1)", &[0; 4])).unwrap_err();
    assert_eq!(error.offset(), Some(20));
    let message = error.to_string();
    assert!(message.starts_with("a.npy: byte 20: expected <f4, <f2,"), "{message}");
    assert!(message.contains("got \\'>f4\\'"), "{message}");
}

#[test]
fn bytes_after_the_data_are_refused() {
    let error = read_npy(&npy("|u1", "(1, 1)", &[1, 2])).unwrap_err();
    assert!(matches!(error.problem, Problem::TrailingBytes), "{error}");
    assert_eq!(error.offset(), Some(129));
}
