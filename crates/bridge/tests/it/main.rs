//! The bridge through its public face: the relayer between two chains in memory, with their rules and with faults, and the client of TRON
//! against a simulated network.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "tests"
)]

mod relay;
mod tron_node;
