//! The server: the engine on the network, and what a service needs around it.

pub mod auth;
pub mod config;
mod convert;
mod engine_pool;
mod error;
pub mod front;
pub mod grpc;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod observe;
pub mod rest;
mod service;
pub mod tls;

pub use service::App;
