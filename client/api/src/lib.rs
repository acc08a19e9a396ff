//! The bodies of the REST API, which are those of Qdrant's: what clients send and servers answer, as plain values.
//!
//! Nothing is sent or stored here, and nothing of the engine is known. Reading a body only checks its shape: [`Validate`] finds the limits that a
//! well-formed body breaks, with the paths that Qdrant's answers have. Requests that come by gRPC are turned into the same values.
//!
//! Source: Qdrant's OpenAPI document, versions 1.18.3 and 1.19.0.

mod collections;
mod filter;
mod indexes;
mod points;
mod query;
mod requests;
mod snapshots;
mod untagged;
mod validate;
mod vectors;
mod write;

pub use collections::*;
pub use filter::*;
pub use indexes::*;
pub use points::*;
pub use query::*;
pub use requests::*;
pub use snapshots::*;
pub use validate::{Problem, Problems, Validate};
pub use vectors::*;
pub use write::*;

/// A JSON object.
pub type Payload = serde_json::Map<String, serde_json::Value>;
