//! What a caller of a Nigh server links. So far: where the server is.
//!
//! ```
//! use nigh_client::{Endpoint, Scheme};
//!
//! let endpoint: Endpoint = "http://search.example/nigh".parse()?;
//! assert_eq!(endpoint.scheme(), Scheme::Http);
//! assert_eq!(endpoint.port(), 6333);
//! assert_eq!(endpoint.to_string(), "http://search.example:6333/nigh");
//! # Ok::<(), nigh_client::EndpointError>(())
//! ```

mod endpoint;
mod error;

pub use endpoint::{Endpoint, Scheme};
pub use error::{EndpointError, EndpointField};
