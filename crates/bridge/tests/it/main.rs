//! The bridge against networks that are simulated.
#![allow(clippy::unwrap_used, reason = "tests")]

mod tron_node;
