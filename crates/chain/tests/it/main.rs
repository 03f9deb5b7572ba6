//! The ledger on a real store: building, judging, committing, restarting.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod fixture;

mod blocks;
mod development;
mod forks;
mod full;
mod import;
mod pruning;
mod restart;
mod snapshot;
mod verify;
