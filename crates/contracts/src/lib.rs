//! Where our Solidity meets our Rust: addresses, genesis bytecode and bindings of the contracts in `contracts/`.
//!
//! - [`addresses`]: where everything of docs/protocol.md, section 6, lives.
//! - [`predeploys()`]: contracts that are in the state from genesis on, with their exact runtime code. The file behind
//!   it, `contracts/predeploys/predeploys.json`, is proven by `contracts/predeploys/check.mjs`; building this crate
//!   needs neither npm nor a Solidity compiler.
//! - [`staking`], [`validator_set`], [`treasury`], [`supply`], [`params`]: typed calls of the staking contracts.
//! - [`bridge_slots`]: where the bridge's contracts keep what is read without a call.
//! - [`governor`], [`timelock`]: typed calls of governance; [`governance`]: what a proposal does.
//! - [`param_table`], [`param_defaults`], [`param_units`]: names and units of the parameters, what they are on mainnet, and how people write them.
//! - [`bridge`]: typed calls of the bridge's contracts here; [`root`]: of those on root chains, and the code that creates them.
//! - [`system`]: the system contracts as genesis carries them.
//! - [`wbtt`]: typed calls and events of wrapped BTT.
//!
//! A new predeploy is a line in `contracts/predeploys/deployments.json`, an address constant here, and a run of
//! `npm run predeploys` in `contracts/` and of `genesis/build.py`.

pub mod addresses;
#[cfg(test)]
mod bindings_test;
pub mod bridge;
pub mod bridge_slots;
#[cfg(test)]
mod bridge_test;
pub mod governance;
pub mod governor;
pub mod param_defaults;
pub mod param_table;
pub mod param_units;
pub mod params;
mod predeploys;
pub mod root;
pub mod staking;
pub mod supply;
pub mod system;
pub mod timelock;
pub mod treasury;
pub mod validator_set;
pub mod wbtt;

pub use predeploys::{Predeploy, predeploys};
