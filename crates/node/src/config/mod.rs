//! Configuration: one TOML file with a section per crate, and the same leaves as dotted flags.
//!
//! Each section is a struct of the crate that uses it. Defaults are laid first, the file over them, flags last. An unknown key is an
//! error that names it, so that a misspelt limit never passes for a set one. Durations read `"500ms"`; secrets are file paths.

mod merge;
mod sections;

use crate::ValidatorConfig;
use bttc_bft::ConsensusConfig;
use bttc_bridge::config::BridgeConfig;
use bttc_chain::{ChainConfig, snapshot::SnapshotConfig};
use bttc_network::NetworkConfig;
use bttc_rpc::RpcConfig;
use bttc_storage::StorageConfig;
use bttc_txpool::PoolConfig;
pub use merge::Override;
pub use sections::{LogConfig, LogFormat, MetricsConfig};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Everything a person may set about a node.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which chain: `dev`, `testnet`, `mainnet` or the path of a genesis file. None: the chain that the datadir holds.
    pub network: Option<String>,
    /// Where the node keeps its data. None: `~/.local/share/bttc/<network>`.
    pub datadir: Option<PathBuf>,
    /// Development chains: interval between blocks. None: a block for each transaction, at once.
    #[serde(with = "humantime_serde")]
    pub block_time: Option<Duration>,
    /// Logs.
    pub log: LogConfig,
    /// Metrics and health over HTTP.
    pub metrics: MetricsConfig,
    /// The database.
    pub storage: StorageConfig,
    /// Pending transactions.
    pub txpool: PoolConfig,
    /// The ledger.
    pub chain: ChainConfig,
    /// Snapshots for other nodes.
    pub snapshot: SnapshotConfig,
    /// JSON-RPC.
    pub rpc: RpcConfig,
    /// Other nodes.
    pub p2p: NetworkConfig,
    /// How long this node waits for others in a decision.
    pub consensus: ConsensusConfig,
    /// The consensus key, on a validator.
    pub validator: ValidatorConfig,
    /// The relayer and its root chains.
    pub bridge: BridgeConfig,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfig {
    /// The file is not there or may not be read.
    #[error("cannot read the config file {path}: {source}")]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not TOML, names a key that does not exist, or holds a value of another kind.
    #[error("the config file {path} cannot be used: {why}\n`bttc config show` prints every key with its default")]
    File {
        /// Its path.
        path: PathBuf,
        /// Line, key and reason.
        why: String,
    },
    /// A dotted flag names a key that does not exist, or gives it a value of another kind.
    #[error("--{key} {value} cannot be used: {why}; `bttc config show` prints every key with its default")]
    Flag {
        /// The dotted key.
        key: String,
        /// The value given.
        value: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Config {
    /// Lays `file` over the defaults and `overrides` over both.
    pub fn load(file: Option<&Path>, overrides: &[Override]) -> Result<Self, InvalidConfig> {
        let text = match file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|source| InvalidConfig::Unreadable { path: path.into(), source })?,
        };
        merge::load(file.unwrap_or_else(|| Path::new("-")), &text, overrides)
    }

    /// As [`Self::load`], from the text of a file.
    pub fn parse(text: &str, overrides: &[Override]) -> Result<Self, InvalidConfig> {
        merge::load(Path::new("-"), text, overrides)
    }

    /// The configuration as a TOML file.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("every section serialises to TOML")
    }
}
