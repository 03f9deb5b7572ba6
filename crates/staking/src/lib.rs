//! Epochs, the election of the validator set, and the economics of staking, as functions of their arguments.
//!
//! - [`elect`]: who validates next and with what power, from what `Staking.candidates()` answers.
//! - [`epoch`]: what the node asks of the staking contracts and tells them at the end of a block, typed.
//! - [`model`]: the contracts' economics once more, in Rust and to the wei. The node does not run it; the contracts are held against it by random
//!   histories.
//!
//! Money in Solidity, choice in Rust: balances and shares are in contracts, where wallets and auditors read them; who validates next is decided here.
//! No I/O, no clock. Source: docs/staking.md and docs/protocol.md, sections 3 to 6.
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

mod elect;
pub mod epoch;
pub mod model;

pub use elect::{Candidate, ElectionRules, NotElected, elect};
