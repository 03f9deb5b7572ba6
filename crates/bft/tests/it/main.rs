//! Engines with their clocks, logs and tasks, over a network and a ledger in memory.
#![expect(clippy::unwrap_used, reason = "tests")]

mod certificates;
mod engines;
mod ledger;
mod network;
