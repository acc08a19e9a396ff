//! Fuzz target; the body is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nigh_format_fuzz::text_index(data));
