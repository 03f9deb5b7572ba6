//! A transaction as the pool keeps it.

use alloy_consensus::Transaction as _;
use alloy_eips::{Encodable2718, eip2930::AccessListItem};
use alloy_primitives::{Address, B256, U256};
use bttc_primitives::{Recovered, Transaction};
use std::cmp::Reverse;

/// Where a transaction came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Handed in here; kept in the journal.
    Local,
    /// Sent by a peer.
    Peer(u64),
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Waits for an earlier nonce or for balance.
    Queued,
    /// Could run, but its fee cap, or that of an earlier one of its sender, is below the base fee.
    BaseFee,
    /// Runs in the next block if there is room.
    Pending,
}

/// Position in the order of execution: the higher tip first, then the earlier arrival.
pub(crate) type Rank = (u128, Reverse<u64>);

/// What decides about the order. Unit of both fees: wei per gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fees {
    pub(crate) cap: u128,
    pub(crate) tip: u128,
    pub(crate) arrival: u64,
}

impl Fees {
    pub(crate) fn rank(&self, base_fee: u128) -> Rank {
        (self.tip.min(self.cap.saturating_sub(base_fee)), Reverse(self.arrival))
    }
}

/// Memory of one transaction without payload: itself, its places in the pool's indices, and those of a sender that has no other; with the
/// rounding of the allocator. `benches` measures it (docs/benchmarks.md). Unit: bytes.
const BOOKS: usize = 2_048;
/// Memory of one account whose delegation is set: in the transaction's list, and in the pool's count. Unit: bytes.
const AUTHORITY: usize = 96;

/// Memory behind the pointers of a decoded transaction. Unit: bytes.
fn payload(tx: &Transaction) -> usize {
    let list = tx.access_list().map_or(0, |list| {
        let keys: usize = list.iter().map(|item| item.storage_keys.capacity() * size_of::<B256>()).sum();
        list.capacity() * size_of::<AccessListItem>() + keys
    });
    // The capacity of this list cannot be seen; a list that grew while it was decoded has at most twice its length.
    let authorizations = tx.authorization_list().map_or(0, |list| 2 * size_of_val(list));
    tx.input().len() + list + authorizations
}

/// A transaction of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolTransaction {
    /// The transaction and its sender.
    pub tx: Recovered<Transaction>,
    size: usize,
    footprint: usize,
    origin: Origin,
    arrival: u64,
    cost: U256,
    authorities: Box<[Address]>,
}

impl PoolTransaction {
    /// `cost` is value and gas at the fee cap; `authorities` are the accounts whose delegation it sets.
    pub(crate) fn new(tx: Recovered<Transaction>, origin: Origin, cost: U256, authorities: Box<[Address]>) -> Self {
        let size = tx.inner().encode_2718_len();
        let footprint = BOOKS + payload(tx.inner()) + authorities.len() * AUTHORITY;
        Self { tx, size, footprint, origin, arrival: 0, cost, authorities }
    }

    pub(crate) fn arrived(mut self, arrival: u64) -> Self {
        self.arrival = arrival;
        self
    }

    /// Hash of the transaction.
    pub fn hash(&self) -> B256 {
        *self.tx.inner().tx_hash()
    }

    /// Who signed it.
    pub fn sender(&self) -> Address {
        self.tx.signer()
    }

    /// Its nonce.
    pub fn nonce(&self) -> u64 {
        self.tx.inner().nonce()
    }

    /// Size of its encoding (EIP-2718). Unit: bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Memory that it takes, with its share of the pool's books; what the limits of the pool count. Unit: bytes.
    pub fn footprint(&self) -> usize {
        self.footprint
    }

    /// Where it came from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Position in the order in which the pool took transactions in.
    pub fn arrival(&self) -> u64 {
        self.arrival
    }

    /// The most that it can cost: value, and gas at the fee cap. Unit: wei.
    pub fn cost(&self) -> U256 {
        self.cost
    }

    /// What the proposer gets, zero where the fee cap is below the base fee. Unit: wei per gas.
    pub fn effective_tip(&self, base_fee: u64) -> u128 {
        self.rank(base_fee).0
    }

    /// Accounts whose delegation it sets (EIP-7702).
    pub fn authorities(&self) -> &[Address] {
        &self.authorities
    }

    /// Unit: wei per gas.
    pub(crate) fn fee_cap(&self) -> u128 {
        self.tx.inner().max_fee_per_gas()
    }

    /// Unit: wei per gas.
    pub(crate) fn tip_cap(&self) -> u128 {
        self.tx.inner().priority_fee_or_price()
    }

    pub(crate) fn fees(&self) -> Fees {
        Fees { cap: self.fee_cap(), tip: self.tip_cap(), arrival: self.arrival }
    }

    pub(crate) fn rank(&self, base_fee: u64) -> Rank {
        self.fees().rank(base_fee.into())
    }

    pub(crate) fn is_local(&self) -> bool {
        self.origin == Origin::Local
    }
}
