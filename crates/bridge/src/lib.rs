//! The bridge's side of the root chains, Ethereum and TRON.
//!
//! - [`root`]: a root chain as the relayer sees it, behind one trait.
//! - [`tron`]: transactions, blocks and addresses of TRON on the wire.
//!
//! Source: docs/protocol.md, section 7, and docs/tron.md.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::float_arithmetic
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        reason = "tests"
    )
)]

pub mod root;
pub mod tron;
