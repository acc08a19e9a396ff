//! What this build can read: the format version and the required features it knows.

/// The version that is written, and the highest that is read.
pub const FORMAT_VERSION: u16 = 1;

/// Required feature bits that this build understands; any other bit refuses the file.
pub const REQUIRED_FEATURES_KNOWN: u32 = 0;
