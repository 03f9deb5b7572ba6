//! Section `[storage]` of the configuration file.

use crate::Retention;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
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
    /// How much of the past is kept.
    pub prune: PrunePreset,
    /// States kept, in place of what the preset says. Unit: blocks before the head; at least 128.
    #[serde(deserialize_with = "distance")]
    pub keep_state: Option<u64>,
    /// Bodies, transactions and receipts kept, in place of what the preset says. Unit and least as above.
    #[serde(deserialize_with = "distance")]
    pub keep_blocks: Option<u64>,
    /// Index of logs kept, in place of what the preset says; not beyond the receipts. Unit and least as above.
    #[serde(deserialize_with = "distance")]
    pub keep_logs: Option<u64>,
}

/// How much of the past is kept. Headers and certificates always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrunePreset {
    /// Everything.
    #[default]
    Archive,
    /// All blocks, receipts and logs; states of the last 100,000 blocks.
    Full,
    /// Blocks, receipts and logs of the last 100,000 blocks; states of the last 10,000.
    Minimal,
}

/// A shorter past would be in the way of ordinary requests. Unit: blocks.
const LEAST_DISTANCE: u64 = 128;

fn distance<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Option::<u64>::deserialize(deserializer)? {
        Some(blocks) if blocks < LEAST_DISTANCE => {
            Err(D::Error::custom(format!("{blocks} blocks are too few to keep, the least is {LEAST_DISTANCE}")))
        }
        distance => Ok(distance),
    }
}

impl StorageConfig {
    /// What is kept: the preset, with the distances given beside it.
    pub fn retention(&self) -> Retention {
        let preset = match self.prune {
            PrunePreset::Archive => Retention::ARCHIVE,
            PrunePreset::Full => Retention::FULL,
            PrunePreset::Minimal => Retention::MINIMAL,
        };
        Retention {
            state: self.keep_state.or(preset.state),
            blocks: self.keep_blocks.or(preset.blocks),
            logs: self.keep_logs.or(preset.logs),
        }
    }
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            max_size_gib: 4096,
            durability: Durability::Full,
            max_readers: 4096,
            prune: PrunePreset::Archive,
            keep_state: None,
            keep_blocks: None,
            keep_logs: None,
        }
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
