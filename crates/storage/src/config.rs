//! Section `[storage]` of the configuration file.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where the database lies, and its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageConfig {
    /// Directory of the database; empty means `db` below the data directory.
    pub path: PathBuf,
    /// Largest size of the database. Unit: GiB. It takes address space, not disk; at most 8192.
    pub max_size_gib: u64,
    /// When a commit is on disk.
    pub durability: Durability,
    /// Largest number of read transactions at one time, of all processes.
    pub max_readers: u32,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self { path: PathBuf::new(), max_size_gib: 4096, durability: Durability::Full, max_readers: 4096 }
    }
}

/// When a commit is on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// On return: it survives loss of power.
    #[default]
    Full,
    /// Some time later: it survives the end of the process, not that of the machine. For development chains.
    Ephemeral,
}
