//! `bttc testnet`: a network of nodes on this machine, each a process with its own data directory and ports.
//!
//! `up` makes keys, a genesis and a configuration for each node, starts them, and waits until they make blocks. Everything is in one
//! directory: [`layout::Layout`] in `testnet.json`, one folder a node. The other commands read it back, so they need nothing but `--dir`.
//!
//! With `--bridge` two root chains stand beside the nodes, and the nodes relay: [`bridge`].
//!
//! Nodes reach each other through [`links`], a process of its own that can slow and cut each connection; `--direct` leaves it out.

pub(crate) mod args;
mod bridge;
mod commands;
mod files;
mod genesis;
mod layout;
mod link_control;
mod links;
mod process;
mod rpc;
mod up;

pub(crate) use commands::run;
