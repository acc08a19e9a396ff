//! The gRPC API, which is Qdrant's.

mod convert;
