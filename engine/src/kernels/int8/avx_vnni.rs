//! AVX-VNNI: 32 bytes a step, on CPUs that have the multiply-add instruction but no AVX-512.
#![expect(unsafe_code, reason = "each instruction needs its CPU")]

use super::Table;
use super::avx2::{Lanes256, Multiply};
use super::driver::{Lanes, kernel_table};
use std::arch::x86_64::*;

kernel_table!(TABLE, Lanes256<AvxVnni>, "avx-vnni", "avx2,avxvnni");

/// The table, where the CPU can run it.
pub(super) fn table() -> Option<&'static Table> {
    (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni")).then_some(&TABLE)
}

/// The multiplications by a multiply-add instruction of unsigned and signed bytes.
macro_rules! multiply_by {
    ($name:ident, $multiply_add:ident, $features:literal) => {
        struct $name;

        impl Multiply for $name {
            /// Of a · (b - 128), and of a, of which 128 times as much makes up for it.
            type Products = [__m256i; 2];

            #[inline(always)]
            unsafe fn no_products() -> [__m256i; 2] {
                // SAFETY: the CPU is as the caller says.
                unsafe { [_mm256_setzero_si256(); 2] }
            }

            #[inline(always)]
            unsafe fn dot(sums: __m256i, row: __m256i, query: __m256i) -> __m256i {
                // SAFETY: the CPU is as the caller says.
                unsafe { $multiply_add(sums, row, query) }
            }

            #[inline(always)]
            unsafe fn products([shifted, plain]: [__m256i; 2], a: __m256i, b: __m256i) -> [__m256i; 2] {
                // SAFETY: the CPU is as the caller says.
                unsafe {
                    let signed = _mm256_xor_si256(b, _mm256_set1_epi8(i8::MIN));
                    [$multiply_add(shifted, a, signed), $multiply_add(plain, a, _mm256_set1_epi8(1))]
                }
            }

            #[inline(always)]
            unsafe fn products_total(a: [__m256i; 2], b: [__m256i; 2]) -> u64 {
                // SAFETY: the CPU is as the caller says, and one with either instruction has AVX2.
                unsafe {
                    let shifted = _mm256_add_epi32(a[0], b[0]);
                    let plain = _mm256_add_epi32(a[1], b[1]);
                    let sums = _mm256_add_epi32(shifted, _mm256_slli_epi32::<7>(plain));
                    u64::from(Lanes256::<Self>::total(sums) as u32)
                }
            }
        }
    };
}

multiply_by!(AvxVnni, _mm256_dpbusd_avx_epi32, "avx2,avxvnni");

/// The same by the instruction's AVX-512 form, so that CPUs without AVX-VNNI test what is around it.
#[cfg(test)]
pub(super) mod by_avx512vl {
    use super::*;

    kernel_table!(TABLE, Lanes256<Avx512Vl>, "avx512vl-vnni", "avx2,avx512vl,avx512vnni");

    pub(in super::super) fn table() -> Option<&'static Table> {
        let found = is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512vnni");
        found.then_some(&TABLE)
    }

    multiply_by!(Avx512Vl, _mm256_dpbusd_epi32, "avx2,avx512vl,avx512vnni");
}
