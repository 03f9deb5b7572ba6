//! The bridge's side of the root chains, Ethereum and TRON.
//!
//! - [`root`]: a root chain as the relayer sees it, behind one trait.
//! - [`tron`]: transactions, blocks and addresses of TRON on the wire.
//! - [`side`]: our own chain as the relayer sees it, through JSON-RPC alone.
//! - [`relayer`]: ties it together, as [`config`] says and [`status`] shows. Deposits: [`watch`] follows the [`events`] of a root bridge into
//!   its [`ledger`], [`attest`] vouches for them, [`execute`] carries them out. Checkpoints: [`policy`] says when, [`checkpoint`] which,
//!   [`leader`] who, [`submit`] sends them, [`intents`] keeps what was sent. [`view`] answers the node's RPC.
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

pub mod attest;
pub mod checkpoint;
pub mod config;
pub mod events;
pub mod execute;
pub mod files;
mod inbound;
pub mod intents;
pub mod leader;
pub mod ledger;
mod limits;
mod metrics;
pub mod policy;
pub mod records;
pub mod relayer;
pub mod root;
pub mod side;
pub mod status;
pub mod submit;
pub mod tron;
pub mod view;
pub mod watch;
