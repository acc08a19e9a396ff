//! A seed makes the same rows on every machine and in every release; committed bits say so.

use nigh_datasets::{Clustered, Length, Values, VectorSet};

const SPEC: Clustered = Clustered { seed: 42, dim: 24, clusters: 10, spread: 0.3, length: Length::AsDrawn };

/// FNV-1a over the bits of all values.
fn fingerprint(set: &VectorSet) -> u64 {
    let Values::F32(values) = set.values() else { panic!("generated sets hold f32") };
    values
        .iter()
        .flat_map(|value| value.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// When this fails, `rand` changed the numbers of `StdRng` or we changed the recipe. Either way every
/// recall baseline that was measured on generated data must be measured again.
#[test]
fn the_bits_are_those_committed() {
    let unit = Clustered { length: Length::Unit, ..SPEC };
    assert_eq!(fingerprint(&SPEC.base(500)), 0x069c_d910_e986_e05f);
    assert_eq!(fingerprint(&SPEC.queries(500)), 0xdb49_bb0a_f556_4f71);
    assert_eq!(fingerprint(&unit.base(500)), 0x5468_94e4_01c1_c02a);
}

#[test]
fn seeds_and_streams_differ() {
    let other = Clustered { seed: 43, ..SPEC };
    assert_ne!(SPEC.base(1), other.base(1));
    assert_ne!(SPEC.base(1), SPEC.queries(1));
}
