//! Order by effective tip that survives a move of the base fee.
//!
//! The effective tip is `min(tip, cap - base fee)`. Where the first term is smaller it does not depend on the base fee, and where
//! the second is, the order is that of the caps, whatever the base fee. So there are two ordered sets, and a move of the base fee
//! carries over only the entries whose `cap - tip` it passes.

use crate::transaction::{Fees, Rank};
use alloy_primitives::Address;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

type Key = (u128, Reverse<u64>, Address);

#[derive(Debug, Default)]
pub(crate) struct TipIndex {
    base_fee: u128,
    by_tip: BTreeSet<Key>,
    by_cap: BTreeSet<Key>,
    /// By `cap - tip`, then arrival: the base fees from which on the cap decides.
    turns: BTreeMap<(u128, u64), (Fees, Address)>,
    /// Entries carried over, for tests of how much work is done.
    pub(crate) steps: u64,
}

impl TipIndex {
    pub(crate) fn new(base_fee: u64) -> Self {
        Self { base_fee: base_fee.into(), ..Self::default() }
    }

    pub(crate) fn insert(&mut self, fees: Fees, address: Address) {
        self.turns.insert((fees.cap.saturating_sub(fees.tip), fees.arrival), (fees, address));
        self.place(fees, address);
    }

    pub(crate) fn remove(&mut self, fees: Fees, address: Address) {
        self.turns.remove(&(fees.cap.saturating_sub(fees.tip), fees.arrival));
        let (by_tip, by_cap) = keys(fees, address);
        if !self.by_tip.remove(&by_tip) {
            self.by_cap.remove(&by_cap);
        }
    }

    fn place(&mut self, fees: Fees, address: Address) {
        let (by_tip, by_cap) = keys(fees, address);
        if fees.cap.saturating_sub(fees.tip) >= self.base_fee {
            self.by_tip.insert(by_tip);
        } else {
            self.by_cap.insert(by_cap);
        }
    }

    pub(crate) fn set_base_fee(&mut self, base_fee: u64) {
        let old = std::mem::replace(&mut self.base_fee, base_fee.into());
        let (low, high) = (old.min(self.base_fee), old.max(self.base_fee));
        let moved: Vec<_> = self.turns.range((low, 0)..(high, 0)).map(|(_, entry)| *entry).collect();
        for (fees, address) in moved {
            let (by_tip, by_cap) = keys(fees, address);
            self.by_tip.remove(&by_tip);
            self.by_cap.remove(&by_cap);
            self.place(fees, address);
            self.steps += 1;
        }
    }

    /// The entry that is last in the order.
    pub(crate) fn lowest(&self) -> Option<(Rank, Address)> {
        let by_tip = self.by_tip.first().map(|key| rank(key, 0));
        let by_cap = self.by_cap.first().map(|key| rank(key, self.base_fee));
        [by_tip, by_cap].into_iter().flatten().min()
    }

    /// Entries strictly after `bound` in the order, best first.
    pub(crate) fn after(&self, bound: Rank) -> impl Iterator<Item = (Rank, Address)> + '_ {
        let (tip, arrival) = bound;
        let cap = tip.saturating_add(self.base_fee);
        let below = |tip| ..(tip, arrival, Address::ZERO);
        let mut by_tip = self.by_tip.range(below(tip)).rev().map(|key| rank(key, 0)).peekable();
        let mut by_cap = self.by_cap.range(below(cap)).rev().map(|key| rank(key, self.base_fee)).peekable();
        std::iter::from_fn(move || match (by_tip.peek(), by_cap.peek()) {
            (Some(left), Some(right)) if left < right => by_cap.next(),
            (Some(_), _) => by_tip.next(),
            (None, _) => by_cap.next(),
        })
    }
}

#[cfg(any(test, feature = "test-utils"))]
impl TipIndex {
    pub(crate) fn sets(&self) -> String {
        format!("{} {:?} {:?} {:?}", self.base_fee, self.by_tip, self.by_cap, self.turns)
    }
}

fn rank(key: &Key, less: u128) -> (Rank, Address) {
    ((key.0.saturating_sub(less), key.1), key.2)
}

fn keys(fees: Fees, address: Address) -> (Key, Key) {
    let arrival = Reverse(fees.arrival);
    ((fees.tip, arrival, address), (fees.cap, arrival, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn order_is_that_of_sorting(
            entries in proptest::collection::vec((0u128..40, 0u128..40), 1..40),
            fees in proptest::collection::vec(0u64..40, 1..6),
            gone in proptest::collection::vec(any::<bool>(), 40),
        ) {
            let entries: Vec<_> = entries.iter().enumerate().map(|(at, (left, right))| {
                let fees = Fees { cap: *left.max(right), tip: *left.min(right), arrival: at as u64 };
                (fees, Address::with_last_byte(at as u8))
            }).collect();
            let mut index = TipIndex::new(3);
            for (fees, address) in &entries {
                index.insert(*fees, *address);
            }
            for base_fee in fees {
                index.set_base_fee(base_fee);
                let mut slow: Vec<_> = entries.iter()
                    .filter(|(fees, _)| fees.cap >= base_fee.into())
                    .map(|(fees, address)| (fees.rank(base_fee.into()), *address)).collect();
                slow.sort_by(|a, b| b.cmp(a));
                // Entries below the base fee are the owner's to remove; they stand last.
                let bound = (u128::MAX, Reverse(0));
                let fast: Vec<_> = index.after(bound).take(slow.len()).collect();
                let tips = |list: &[(Rank, Address)]| list.iter().map(|entry| entry.0.0).collect::<Vec<_>>();
                prop_assert_eq!(tips(&fast), tips(&slow));
                if slow.len() == entries.len() {
                    prop_assert_eq!(&fast, &slow);
                    prop_assert_eq!(index.lowest(), slow.last().copied());
                    if let Some(middle) = slow.get(slow.len() / 2) {
                        let rest: Vec<_> = index.after(middle.0).collect();
                        prop_assert_eq!(&rest[..], &slow[slow.len() / 2 + 1..]);
                    }
                }
            }
            for ((fees, address), _) in entries.iter().zip(&gone).filter(|(_, gone)| **gone) {
                index.remove(*fees, *address);
            }
            let left = entries.iter().zip(&gone).filter(|(_, gone)| !**gone).count();
            prop_assert_eq!(index.after((u128::MAX, Reverse(0))).count(), left);
            prop_assert_eq!(index.turns.len(), left);
        }
    }
}
