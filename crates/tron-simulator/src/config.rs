//! What a network starts with.

use alloy_primitives::Address;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// What makes blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Commands alone; time is that of the blocks, which are `interval` apart.
    Virtual,
    /// The clock of this machine: a block each `interval`.
    Real,
}

/// An account of the first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenesisAccount {
    /// 20 bytes.
    pub address: Address,
    /// Unit: sun.
    pub balance: u64,
}

/// What a network starts with; [`Config::default`] is TRON's own numbers with a virtual clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the first node listens: `/wallet`, `/walletsolidity`, `/jsonrpc`. Port 0 takes a free one.
    pub http: SocketAddr,
    /// Where it listens for solid state: `/walletsolidity`, `/jsonrpc`.
    pub solid_http: SocketAddr,
    /// How many nodes there are, at least 1. All but the first take free ports of the same addresses.
    pub nodes: usize,
    /// Whether `/simulator` is there.
    pub control: bool,
    /// A file that is written when the network answers: JSON with `nodes` (`full`, `solid`), `chain_id`, `genesis`.
    pub ready_file: Option<PathBuf>,
    /// What makes blocks.
    pub clock: Clock,
    /// Between blocks; whole milliseconds, at least one.
    pub interval: Duration,
    /// How far what nothing reverts is behind the head. Unit: blocks.
    pub solid_lag: u64,
    /// Time of the first block; none for now with a real clock, and for a fixed time with a virtual one. Unit: milliseconds since the Unix epoch.
    pub genesis_time: Option<u64>,
    /// Last four bytes of the first block's id; none to leave the hash as it is.
    pub chain_id: Option<u32>,
    /// Accounts of the first block.
    pub accounts: Vec<GenesisAccount>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            http: SocketAddr::from(([127, 0, 0, 1], 0)),
            solid_http: SocketAddr::from(([127, 0, 0, 1], 0)),
            nodes: 1,
            control: true,
            ready_file: None,
            clock: Clock::Virtual,
            interval: Duration::from_secs(3),
            solid_lag: 18,
            genesis_time: None,
            chain_id: None,
            accounts: Vec::new(),
        }
    }
}
