//! Section `[chain]` of the configuration file.

use serde::{Deserialize, Serialize};

/// Limits of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChainConfig {
    /// Events kept for a subscriber that is behind. Unit: blocks.
    pub event_buffer: usize,
    /// Largest number of proofs of double signing put into one of our blocks.
    pub max_evidence: usize,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self { event_buffer: 256, max_evidence: 16 }
    }
}
