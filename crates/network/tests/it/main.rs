//! Real swarms on the loopback, in one process.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests; they stand in the place of the node"
)]

mod bad_peers;
mod gossip;
mod net;
mod peers;
mod requests;
