//! The ledger on a real store: building, judging, committing, restarting.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod fixture;
#[path = "../../../rpc/tests/it/staking_genesis.rs"]
mod staking_genesis;

mod blocks;
mod development;
mod epochs;
mod exits;
mod forks;
mod full;
mod import;
mod pruning;
mod restart;
mod snapshot;
mod verify;
