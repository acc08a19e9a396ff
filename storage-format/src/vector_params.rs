//! What one named vector is, dense or sparse: name, dimensions, metric, datatype, and the codes they have on disk.

use std::collections::HashSet;

use crate::error::FormatError;

/// The most dimensions a vector has.
pub const DIM_MAX: u32 = 65_536;

/// The longest name of a vector, in bytes.
pub const VECTOR_NAME_LEN_MAX: usize = 255;

/// How two vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Metric {
    /// Cosine similarity: vectors are stored normalised.
    Cosine = 1,
    /// Dot product.
    Dot = 2,
    /// Euclidean distance.
    Euclid = 3,
    /// Manhattan distance.
    Manhattan = 4,
}

impl Metric {
    /// Every metric, by code.
    pub const ALL: [Self; 4] = [Self::Cosine, Self::Dot, Self::Euclid, Self::Manhattan];

    /// The number on disk.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The metric with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.code() == code)
    }

    pub(crate) fn decode(code: u8, offset: u64) -> Result<Self, FormatError> {
        Self::from_code(code).ok_or_else(|| FormatError::invalid(offset, "metric", "1 to 4", code))
    }
}

/// How one value of a vector is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Datatype {
    /// 32-bit float.
    F32 = 1,
    /// 16-bit float.
    F16 = 2,
    /// Unsigned byte.
    U8 = 3,
}

impl Datatype {
    /// Every datatype, by code.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::U8];

    /// The number on disk.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The datatype with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|datatype| datatype.code() == code)
    }

    /// Bytes of one value.
    #[must_use]
    pub fn value_bytes(self) -> u32 {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::U8 => 1,
        }
    }

    pub(crate) fn decode(code: u8, offset: u64) -> Result<Self, FormatError> {
        Self::from_code(code).ok_or_else(|| FormatError::invalid(offset, "datatype", "1 to 3", code))
    }
}

/// How two points are compared that have many vectors under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Multivector {
    /// For each vector of the query the nearest of the point's, and the sum of these.
    MaxSim = 1,
}

impl Multivector {
    /// Every way, by code.
    pub const ALL: [Self; 1] = [Self::MaxSim];

    /// The number on disk; 0 is one vector a point.
    #[must_use]
    pub fn code(of: Option<Self>) -> u8 {
        of.map_or(0, |multivector| multivector as u8)
    }

    pub(crate) fn decode(code: u8, offset: u64) -> Result<Option<Self>, FormatError> {
        let known = Self::ALL.into_iter().find(|multivector| *multivector as u8 == code);
        match known {
            None if code != 0 => Err(FormatError::invalid(offset, "multivector", "0 or 1", code)),
            known => Ok(known),
        }
    }
}

/// One named vector of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorParams {
    /// Name, which may be empty.
    pub name: String,
    /// Values of each vector.
    pub dim: u32,
    /// How vectors are compared.
    pub metric: Metric,
    /// How values are stored.
    pub datatype: Datatype,
    /// Whether a point has many of them, and how these are compared.
    pub multivector: Option<Multivector>,
}

/// What becomes of the weights of a query by a sparse vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum SparseModifier {
    /// They are taken as they are.
    #[default]
    None = 0,
    /// Each is multiplied by how rare its index is among the points.
    Idf = 1,
}

impl SparseModifier {
    /// Every modifier, by code.
    pub const ALL: [Self; 2] = [Self::None, Self::Idf];

    /// The number on disk.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn decode(code: u8, offset: u64) -> Result<Self, FormatError> {
        let known = Self::ALL.into_iter().find(|modifier| modifier.code() == code);
        known.ok_or_else(|| FormatError::invalid(offset, "modifier", "0 or 1", code))
    }
}

/// One named sparse vector of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparseParams {
    /// Name, which may be empty; no dense vector has it.
    pub name: String,
    /// What becomes of the weights of a query.
    pub modifier: SparseModifier,
    /// How weights are stored in the lists that are searched.
    pub datatype: Datatype,
}

/// How one named vector is indexed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndexParams {
    /// Half the links of a node of the graph.
    pub m: u32,
    /// Candidates of the search for neighbours while building.
    pub ef_construction: u32,
    /// Share of the values that the range of int8 codes covers.
    pub quantile: f32,
    /// Segments with fewer vectors are scanned and have no graph.
    pub graph_points_min: u32,
}

impl IndexParams {
    /// 16, 200, 0.99, 2,000: what a manifest without them means.
    pub const DEFAULT: Self = Self { m: 16, ef_construction: 200, quantile: 0.99, graph_points_min: 2_000 };

    /// Checks the ranges of docs/storage-format.md, section 5.
    pub(crate) fn check(&self, offset: u64) -> Result<(), FormatError> {
        let Self { m, ef_construction, quantile, graph_points_min } = *self;
        let ranges = [
            ("m", m, 2, 128),
            ("ef_construction", ef_construction, 4, 4096),
            ("graph_points_min", graph_points_min, 1, u32::MAX),
        ];
        for (name, value, min, max) in ranges {
            if !(min..=max).contains(&value) {
                return Err(FormatError::invalid(offset, name, format!("{min}..={max}"), value));
            }
        }
        if !(0.5..=1.0).contains(&quantile) {
            return Err(FormatError::invalid(offset, "quantile", "0.5..=1", quantile));
        }
        Ok(())
    }
}

/// A dimension is 1 to [`DIM_MAX`].
pub(crate) fn check_dim(dim: u32, offset: u64) -> Result<(), FormatError> {
    if (1..=DIM_MAX).contains(&dim) {
        return Ok(());
    }
    Err(FormatError::invalid(offset, "dim", format!("1 to {DIM_MAX}"), dim))
}

/// Names of vectors are short and different.
pub(crate) fn check_names<'a>(names: impl Iterator<Item = &'a str>, offset: u64) -> Result<(), FormatError> {
    let mut seen = HashSet::new();
    for name in names {
        if name.len() > VECTOR_NAME_LEN_MAX {
            let expected = format!("at most {VECTOR_NAME_LEN_MAX} bytes");
            return Err(FormatError::invalid(offset, "vector name", expected, name.len()));
        }
        if !seen.insert(name) {
            return Err(FormatError::invalid(
                offset,
                "vector name",
                "each name once",
                format!("{name:?} twice"),
            ));
        }
    }
    Ok(())
}
