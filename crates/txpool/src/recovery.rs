//! Senders of transactions from outside, none recovered twice.
//!
//! A transaction is seen up to three times: handed in or told by a peer, in a proposal, and told again by a peer that had not heard of its block.

use crate::Pool;
use alloy_primitives::{Address, B256, map::B256Map};
use bttc_primitives::{InvalidSender, Transaction, recover_senders};

/// At least as many are remembered, at most twice as many. About 52 bytes each.
const REMEMBERED: usize = 16_384;

/// Senders by the hash of their transaction, which covers the signature. The older half is forgotten at once when the newer one is full.
#[derive(Debug, Default)]
pub(crate) struct RecentSenders {
    newer: B256Map<Address>,
    older: B256Map<Address>,
}

impl RecentSenders {
    pub(crate) fn get(&self, hash: &B256) -> Option<Address> {
        self.newer.get(hash).or_else(|| self.older.get(hash)).copied()
    }

    pub(crate) fn insert(&mut self, hash: B256, sender: Address) {
        if self.newer.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(hash, sender);
    }
}

impl Pool {
    /// Sender of each transaction, in their order: known to the pool, remembered, or recovered now on all cores.
    ///
    /// Errors: a signature that belongs to nobody, or whose `s` is high (EIP-2).
    pub fn senders_of(&self, transactions: &[Transaction]) -> Result<Vec<Address>, InvalidSender> {
        let inner = self.shared.inner.read();
        let mut senders: Vec<Option<Address>> =
            transactions.iter().map(|tx| inner.by_hash.get(tx.tx_hash()).map(|known| known.sender())).collect();
        drop(inner);
        let recent = self.shared.recent.lock();
        for (tx, sender) in transactions.iter().zip(&mut senders) {
            *sender = sender.or_else(|| recent.get(tx.tx_hash()));
        }
        drop(recent);
        let strangers: Vec<&Transaction> =
            transactions.iter().zip(&senders).filter(|(_, sender)| sender.is_none()).map(|(tx, _)| tx).collect();
        let recovered = recover_senders(&strangers, true).map_err(|error| {
            let index = transactions.iter().position(|tx| *tx.tx_hash() == error.hash);
            InvalidSender { index: index.unwrap_or(error.index), ..error }
        })?;
        self.shared.metrics.recovered.increment(recovered.len() as u64);
        let mut recent = self.shared.recent.lock();
        for (tx, sender) in strangers.iter().zip(&recovered) {
            recent.insert(*tx.tx_hash(), *sender);
        }
        drop(recent);
        let mut recovered = recovered.into_iter();
        Ok(senders.into_iter().filter_map(|sender| sender.or_else(|| recovered.next())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;

    #[test]
    fn the_last_ones_are_known_and_memory_is_bounded() {
        let mut recent = RecentSenders::default();
        let count = 5 * REMEMBERED as u64;
        for n in 0..count {
            recent.insert(U256::from(n).into(), Address::left_padding_from(&n.to_be_bytes()));
            assert!(recent.newer.len() + recent.older.len() <= 2 * REMEMBERED);
        }
        for n in 0..count {
            let known = recent.get(&U256::from(n).into());
            assert!(known.is_none_or(|sender| sender == Address::left_padding_from(&n.to_be_bytes())));
            assert!(known.is_some() || n < count - REMEMBERED as u64, "{n}");
        }
    }
}
