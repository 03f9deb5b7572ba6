//! `bttc testnet up --bridge`: two root chains beside the nodes, the bridge's contracts on them, and a relayer in each validator.
//!
//! Contracts there must know the first validators, and genesis here must know those contracts; so it goes in this order:
//!
//! ```text
//! consensus keys -> hash of the first set -> root chains start -> contracts -> genesis with their addresses -> nodes that relay
//! ```
//!
//! - [`anvil`]: finds the program that plays Ethereum. [`chains`]: starts it and the TRON simulator. Both keep everything in memory.
//! - [`deploy`]: contracts, assets, and who has what, through the same clients that relayers use.
//! - [`place`]: what the layout keeps of it. [`mod@section`]: `[bridge]` of a node's configuration. [`mod@call`]: `bttc testnet call`.

pub(crate) mod anvil;
pub(crate) mod args;
mod begin;
mod call;
mod chains;
mod deploy;
pub(crate) mod place;
mod section;
mod send;
mod show;

pub(crate) use begin::{Before, begin};
pub(crate) use call::call;
pub(crate) use chains::{must_run, simulate_tron};
pub(crate) use section::section;
pub(crate) use show::{as_json, print};
