//! The program as a person runs it: its words, its exit codes, and a node from start to SIGTERM.
#![expect(clippy::unwrap_used, reason = "tests")]

mod account;
mod bridge;
mod db;
mod genesis;
mod gov;
mod help;
mod import;
mod network;
mod node;
mod peers;
mod program;
mod snapshot;
mod stake;
mod testnet_bridge;
mod validator;
