//! `bridge_`: value on its way between this chain and root chains, as far as this chain knows it, and what a relayer beside it sees.
//!
//! What this chain knows comes from its state and logs (`bridge_index`). What happened on root chains comes from the relayer, which the node hands in
//! as [`bttc_primitives::RootView`]; a node without one says so and answers what it can. Amounts are decimal strings, addresses have their checksum,
//! heights and Unix times are JSON numbers. docs/bridge.md, "RPC", lists the methods.

use crate::{
    args::Args, bridge_checkpoint, bridge_deposit, bridge_exit, bridge_limits, bridge_status, bridge_subscribe,
    registry::Registry,
};

pub(crate) fn register(registry: &mut Registry) {
    registry.work("bridge_status", bridge_status::status);
    registry.work("bridge_getCheckpoint", bridge_checkpoint::get_checkpoint);
    registry.work("bridge_nextCheckpoint", bridge_checkpoint::next_checkpoint);
    registry.wait("bridge_checkpoints", |api, args: Args| bridge_checkpoint::checkpoints(api, args));
    registry.wait("bridge_exit", |api, args: Args| bridge_exit::exit(api, args));
    registry.wait("bridge_getExitProof", |api, args: Args| bridge_exit::get_exit_proof(api, args));
    registry.wait("bridge_deposit", |api, args: Args| bridge_deposit::deposit(api, args));
    registry.wait("bridge_limits", |api, args: Args| bridge_limits::limits(api, args));
    bridge_subscribe::register(registry);
}
