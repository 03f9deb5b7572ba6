//! The trie against slow models: roots and nodes built from scratch, proofs checked by the library's verifier.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod damage;
mod double;
mod history;
mod model;
mod proofs;
mod ranges;
