//! Payload bytes of sealed segments: an offset goes in, the point's JSON text comes out.

mod blobs;

pub(crate) use blobs::{MappedPayloads, write_payloads};
