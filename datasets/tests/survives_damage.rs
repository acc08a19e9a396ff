//! No damaged file makes a reader panic, return something that is no set, or ask for absurd memory.

mod support;

use nigh_datasets::{Problem, read};
use support::{fvecs, good_files, gzip, idx, is_finite, npy};

#[test]
fn a_file_cut_at_any_byte_is_an_error() {
    // Offsets count decompressed bytes; the longest of the files has 160 of them.
    let end = 160;
    for (name, bytes) in good_files() {
        let whole = read(&name, &bytes[..]).unwrap();
        for cut in 0..bytes.len() {
            match read(&name, &bytes[..cut]) {
                Err(error) => {
                    assert!(error.offset().is_none_or(|offset| offset <= end), "{name} cut at {cut}: {error}")
                }
                // Rows without a count: a cut between two of them cannot be seen.
                Ok(set) => {
                    let row_bytes = bytes.len() / whole.rows();
                    let may_be_shorter = name.ends_with("vecs") && cut > 0 && cut % row_bytes == 0;
                    assert!(may_be_shorter, "{name} cut at {cut} was read");
                    assert_eq!(set, whole.head(cut / row_bytes));
                }
            }
        }
    }
}

#[test]
fn a_cut_says_what_was_expected_and_what_was_there() {
    let bytes = npy("<f4", "(3, 2)", &[0; 20]);
    let error = read("a.npy", &bytes[..]).unwrap_err();
    assert_eq!(error.to_string(), "a.npy: byte 128: expected 24 bytes, got 20 and then the end");
}

#[test]
fn any_flipped_bit_gives_a_set_or_an_error() {
    for (name, bytes) in good_files() {
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                if let Ok(set) = read(&name, &damaged[..]) {
                    assert!(set.dim() > 0 && is_finite(&set), "{name}, bit {bit} of byte {at}");
                }
            }
        }
    }
}

#[test]
fn gzip_notices_damage_to_what_it_carries() {
    let plain = fvecs(&[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]]);
    let whole = read("a.fvecs", &plain[..]).unwrap();
    let packed = gzip(&plain);
    // The first ten bytes are gzip's own header: time and system are free to change.
    for at in 10..packed.len() {
        let mut damaged = packed.clone();
        damaged[at] ^= 0xff;
        if let Ok(set) = read("a.fvecs", &damaged[..]) {
            assert_eq!(set, whole, "byte {at}");
        }
    }
}

/// Each of these headers promises far more than any machine holds. A reader that believed it would fail
/// to allocate, or be killed; one that follows the bytes says that they end.
#[test]
fn promises_of_absurd_size_end_where_the_bytes_end() {
    let dimension = [i32::MAX.to_le_bytes().as_slice(), &[0; 100]].concat();
    let files = [
        ("a.fvecs", dimension.clone(), 4),
        ("a.bvecs", dimension, 4),
        ("a.idx", idx(&[u32::MAX, 65_535, 65_535], &[0; 100]), 16),
        ("a.npy", npy("<f8", "(1000000000000, 1000000)", &[0; 100]), 128),
        ("a.npy", npy("|u1", "(18446744073709551615, 1)", &[0; 100]), 128),
    ];
    for (name, bytes, start) in files {
        for bytes in [gzip(&bytes), bytes] {
            let error = read(name, &bytes[..]).unwrap_err();
            assert_eq!(error.offset(), Some(start), "{error}");
            let Problem::Truncated { expected_bytes, got_bytes: 100 } = error.problem else {
                panic!("{error}")
            };
            assert!(expected_bytes > 1 << 30, "{name}");
        }
    }
}

#[test]
fn a_header_of_absurd_length_is_refused_before_it_is_read() {
    let bytes = [b"\x93NUMPY\x02\x00".as_slice(), &u32::MAX.to_le_bytes(), &[b' '; 100]].concat();
    let error = read("a.npy", &bytes[..]).unwrap_err();
    assert!(matches!(error.problem, Problem::BadHeader { field: "header length", .. }), "{error}");
}
