//! The rules, by what they look at.
//!
//! Each takes the [`Tree`](crate::tree::Tree) and returns what breaks it, in the order of the files.

pub mod crates;
pub mod files;
pub mod pages;
pub mod places;
pub mod rooms;
