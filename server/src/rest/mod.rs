//! The REST API, which is Qdrant's: a request is read here, a service answers it, and the answer goes out in Qdrant's envelope.
//!
//! Bodies are read and answers are written on the threads of the engine's pool, so that a large body holds up no connection but its own. `router.rs` is
//! the table of contents.

mod answer;
mod collections;
mod health;
mod params;
mod path;
mod points;
mod router;

pub use router::{Route, rest, routes};
