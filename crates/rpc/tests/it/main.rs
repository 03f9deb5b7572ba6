//! The server on a real development chain, asked over HTTP, WebSocket and IPC.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests; they stand in the place of the node")]

mod admin;
mod answers;
mod bridge;
mod bridge_deposits;
mod bridge_view;
mod consensus;
mod development;
mod doors;
mod fixture;
mod governance;
mod limits;
mod logs;
mod pruned;
mod staking;
mod staking_genesis;
mod staking_supply;
mod upgrade;
