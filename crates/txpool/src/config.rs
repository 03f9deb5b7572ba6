//! Limits of the pool.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Section `txpool` of the configuration.
///
/// Sizes are memory: decoded transactions, and the pool's own books about them ([`crate::PoolTransaction::footprint`]), 2 KiB for a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolConfig {
    /// Most transactions in all.
    pub max_transactions: usize,
    /// Most memory in all. Unit: bytes.
    pub max_bytes: usize,
    /// Most transactions of one account; also how far a nonce may be ahead of the account's.
    pub account_transactions: usize,
    /// Most memory of one account. Unit: bytes.
    pub account_bytes: usize,
    /// By how much a replacement must raise both fees. Unit: percent, the bound rounded up to a wei.
    pub price_bump_percent: u8,
    /// Whether accounts with a transaction that entered here, not from a peer, keep their place when the pool is full.
    ///
    /// Off is right for a node whose RPC is open to strangers: a protected account makes room for nobody.
    pub protect_locals: bool,
    /// How long transactions of an account wait in the queued part without one of them moving on; measured in block time.
    #[serde(with = "humantime_serde")]
    pub queued_lifetime: Duration,
    /// How many events a slow subscriber may be behind before it loses the oldest. Each may keep a transaction alive that has left the pool.
    pub event_buffer: usize,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            max_transactions: 100_000,
            max_bytes: 256 << 20,
            account_transactions: 4_096,
            account_bytes: 8 << 20,
            price_bump_percent: 10,
            protect_locals: true,
            queued_lifetime: Duration::from_secs(3 * 60 * 60),
            event_buffer: 4_096,
        }
    }
}
