//! A TRON network for tests and for test networks on one machine.
//!
//! What passes here should work on the real network: transactions go through the checks of a real node, in their order and with their codes;
//! blocks have real headers and ids; contracts run on revm with the differences of TRON's machine; what nothing reverts lags behind the head.
//! It shares no code with the bridge, so that a mistake in one is found by the other.
//!
//! - [`serve`]: starts a network; the [`Handle`] makes blocks, pays accounts and sets faults. [`run`] is the same as a program.
//! - [`Config`]: clock, accounts, nodes.
//! - [`Command`]: all that can be done to it, in process or over `POST /simulator/command`.
//! - [`send`]: transactions made and sent in process.
//! - [`address`]: addresses as TRON writes them.
//!
//! Inside: [`wire`] and [`transaction`] read what is sent, `chain` judges, executes and makes blocks over layers of `state`, `tvm` is the
//! machine, `api` answers, `server` listens.
//!
//! Source: docs/tron.md; what differs from TRON is in docs/tron-simulator.md.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

pub mod address;
mod api;
mod chain;
mod command;
mod config;
mod handle;
mod network;
mod parameters;
pub mod send;
mod server;
mod state;
pub mod transaction;
mod tvm;
pub mod wire;

pub use chain::{BlockSummary, Log, Receipt};
pub use command::{Command, CommandError, Done, ErrorCode, Overrun, Returned};
pub use config::{Clock, Config, GenesisAccount};
pub use handle::{Handle, RunError, ServeError, run, serve};
pub use tvm::Ending;
