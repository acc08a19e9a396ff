//! What is seen of the server while it runs: requests go by, each leaves one line in the log, a count, and a name to ask about it.

mod layer;
mod log;
mod request_id;

pub use layer::{ObserveLayer, ObserveService};
pub use log::Log;
pub use request_id::{REQUEST_ID_HEADER, RequestId};
