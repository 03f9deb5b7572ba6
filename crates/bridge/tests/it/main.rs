//! Tests of the relayer through its public face: a root chain and our chain in memory, with their rules and with faults.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "tests"
)]

mod relay;
