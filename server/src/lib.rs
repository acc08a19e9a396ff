//! The server: the engine on the network, and what a service needs around it.

pub mod auth;
pub mod config;
pub mod front;
pub mod limits;
pub mod listen;
pub mod metrics;
pub mod observe;
pub mod tls;
