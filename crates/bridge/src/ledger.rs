//! Records of one root bridge that are final there and not yet carried out here, with their running hashes.
//!
//! It is what [`crate::watch`] has learned, in one file with the block up to which it has read: both change together or not at all.

use crate::{
    records::{Record, RecordsOf, link},
    root::BlockRef,
};
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

/// A record, and where it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The record.
    pub record: Record,
    /// Its hash.
    pub hash: B256,
    /// The running hash after it.
    pub chain: B256,
    /// Height of its block on the root chain.
    pub block: u64,
    /// Its transaction there.
    pub transaction: B256,
}

/// What is known of the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Which records.
    pub of: RecordsOf,
    /// First block that was read.
    pub start: u64,
    /// Last block that was read; none before the first.
    pub block: Option<BlockRef>,
    /// Last block up to which the number of records was found to be what the contract says.
    pub sure: Option<u64>,
    /// Nonce of the first record of `records`.
    base: u64,
    /// The running hash before it.
    base_chain: B256,
    records: Vec<Seen>,
}

impl Ledger {
    /// Nothing is known; reading begins with block `start`.
    pub const fn new(of: RecordsOf, start: u64) -> Self {
        Self { of, start, block: None, sure: None, base: 0, base_chain: B256::ZERO, records: Vec::new() }
    }

    /// Nonce of the next record.
    pub fn next(&self) -> u64 {
        self.base.saturating_add(u64::try_from(self.records.len()).unwrap_or(u64::MAX))
    }

    /// Nonce of the oldest record that is kept.
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// How many records are kept.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record of a nonce, if it is kept.
    pub fn get(&self, nonce: u64) -> Option<&Seen> {
        self.records.get(usize::try_from(nonce.checked_sub(self.base)?).ok()?)
    }

    /// The running hash of the first `count` records, if it is known.
    pub fn chain_at(&self, count: u64) -> Option<B256> {
        if count == self.base {
            return Some(self.base_chain);
        }
        self.get(count.checked_sub(1)?).map(|seen| seen.chain)
    }

    /// The first block that is still to be read.
    pub fn next_block(&self) -> u64 {
        self.block.map_or(self.start, |block| block.number.saturating_add(1))
    }

    /// A block that surely has no record before the next one: that of the last record, or where all was known to be there.
    pub fn first_doubtful(&self) -> u64 {
        let last = self.records.last().map_or(self.start, |seen| seen.block);
        self.sure.map_or(self.start, |sure| sure.saturating_add(1)).max(last)
    }

    /// Puts the next record in place.
    pub fn push(&mut self, record: Record, block: u64, transaction: B256) -> B256 {
        let hash = record.hash(&self.of, self.next());
        let chain = link(self.records.last().map_or(self.base_chain, |seen| seen.chain), hash);
        self.records.push(Seen { record, hash, chain, block, transaction });
        chain
    }

    /// Forgets the records below `count`, which must be known.
    pub fn forget_below(&mut self, count: u64) {
        let Some(chain) = self.chain_at(count) else { return };
        let gone = usize::try_from(count.saturating_sub(self.base)).unwrap_or(usize::MAX).min(self.records.len());
        self.records.drain(..gone);
        (self.base, self.base_chain) = (count, chain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Deposit;
    use alloy_primitives::{Address, U256};

    #[test]
    fn forgetting_keeps_the_hashes_after_it() {
        let of = RecordsOf { side_chain_id: 1, root_id: 2, bridge: Address::repeat_byte(1) };
        let mut ledger = Ledger::new(of, 100);
        assert_eq!((ledger.next(), ledger.chain_at(0), ledger.next_block()), (0, Some(B256::ZERO), 100));
        let mut chains = vec![B256::ZERO];
        for n in 0..9u8 {
            let who = Address::repeat_byte(n);
            let deposit = Deposit { token: who, from: who, to: who, amount: U256::from(n) };
            chains.push(ledger.push(Record::Deposit(deposit), 100 + u64::from(n), B256::ZERO));
        }
        let whole = ledger.clone();
        for below in [0, 4, 4, 9] {
            ledger.forget_below(below);
            for count in 0..=9u64 {
                let expected = (count >= below).then(|| chains[count as usize]);
                assert_eq!(ledger.chain_at(count), expected, "{count} after {below} are forgotten");
                assert_eq!(ledger.get(count), whole.get(count).filter(|_| count >= below));
            }
            assert_eq!(ledger.next(), 9);
        }
        ledger.forget_below(10);
        assert_eq!(ledger.next(), 9);
        assert_eq!(ledger.chain_at(10), None);
    }
}
