//! The pool against a slow model: a list, sorted and searched anew for every question.

use super::*;
use crate::DropReason;
use proptest::prelude::*;
use std::{cmp::Reverse, collections::BTreeSet};

const SENDERS: u64 = 5;

#[derive(Clone, Debug)]
enum Op {
    Add { sender: u64, ahead: u64, cap: u64, tip: u64, value: u64, size: usize, local: bool },
    Commit { take: usize, base_fee: u64, poorer: Vec<(u64, u64)>, overtaken: Option<u64> },
    Remove { at: usize },
    Reset { sender: u64, nonce: u64, base_fee: u64 },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let add = (0..SENDERS, 0..7u64, 0..12u64, 0..12u64, 0..4u64, 0..3usize, prop::bool::weighted(0.1)).prop_map(
        |(sender, ahead, cap, tip, value, size, local)| {
            // Nonces near the account's are likelier, so that runs come about.
            Op::Add { sender, ahead: ahead.saturating_sub(1), cap, tip, value, size: size * 300, local }
        },
    );
    let commit = (
        0..4usize,
        0..12u64,
        prop::collection::vec((0..SENDERS, 0..12u64), 0..3),
        prop::option::weighted(0.2, 0..SENDERS),
    )
        .prop_map(|(take, base_fee, poorer, overtaken)| Op::Commit { take, base_fee, poorer, overtaken });
    let remove = (0..20usize).prop_map(|at| Op::Remove { at });
    let reset =
        (0..SENDERS, 0..6u64, 0..12u64).prop_map(|(sender, nonce, base_fee)| Op::Reset { sender, nonce, base_fee });
    prop::collection::vec(prop_oneof![14 => add, 3 => commit, 1 => remove, 1 => reset], 1..120)
}

/// Caps and base fees: twelve steps of 10 % of the floor.
fn fee(step: u64) -> u64 {
    FLOOR + step * FLOOR / 10
}

#[derive(Clone)]
struct Item {
    tx: Recovered<Transaction>,
    local: bool,
    arrival: u64,
}

impl Item {
    fn pool_tx(&self) -> PoolTransaction {
        use alloy_consensus::Transaction as _;
        let tx = self.tx.inner();
        let cost = U256::from(tx.gas_limit()) * U256::from(tx.max_fee_per_gas()) + tx.value();
        let origin = if self.local { Origin::Local } else { Origin::Peer(1) };
        PoolTransaction::new(self.tx.clone(), origin, cost, Box::default()).arrived(self.arrival)
    }
}

struct Model {
    config: PoolConfig,
    items: Vec<PoolTransaction>,
    accounts: BTreeMap<Address, (u64, U256)>,
    exempt: BTreeSet<Address>,
    base_fee: u64,
    arrivals: u64,
}

impl Model {
    fn of(&self, sender: Address) -> Vec<&PoolTransaction> {
        let mut own: Vec<_> = self.items.iter().filter(|tx| tx.sender() == sender).collect();
        own.sort_by_key(|tx| tx.nonce());
        own
    }

    fn part(&self, tx: &PoolTransaction) -> Part {
        let (mut next, balance) = self.accounts[&tx.sender()];
        let (mut sum, mut pays) = (U256::ZERO, true);
        for own in self.of(tx.sender()) {
            sum += own.cost();
            if own.nonce() != next || sum > balance {
                return Part::Queued;
            }
            next += 1;
            pays &= own.fee_cap() >= self.base_fee.into();
            if own.hash() == tx.hash() {
                return if pays { Part::Pending } else { Part::BaseFee };
            }
        }
        Part::Queued
    }

    /// Those that can run at a base fee, best first.
    fn best(&self, base_fee: u64) -> Vec<B256> {
        let at = Model {
            base_fee,
            items: self.items.clone(),
            accounts: self.accounts.clone(),
            config: self.config.clone(),
            exempt: self.exempt.clone(),
            arrivals: 0,
        };
        let mut left: Vec<_> = at.items.iter().filter(|tx| at.part(tx) == Part::Pending).collect();
        let mut order = Vec::new();
        while !left.is_empty() {
            let is_first = |tx: &&PoolTransaction| {
                !left.iter().any(|other| other.sender() == tx.sender() && other.nonce() < tx.nonce())
            };
            let best = left
                .iter()
                .copied()
                .filter(is_first)
                .max_by_key(|tx| (tx.effective_tip(base_fee), Reverse(tx.arrival())));
            let best = best.unwrap().hash();
            order.push(best);
            left.retain(|tx| tx.hash() != best);
        }
        order
    }

    fn bytes(&self) -> usize {
        self.items.iter().map(PoolTransaction::footprint).sum()
    }

    fn cheapest(&self) -> Option<B256> {
        let is_tail = |tx: &&PoolTransaction| self.of(tx.sender()).last().unwrap().hash() == tx.hash();
        let tails = self.items.iter().filter(|tx| !self.exempt.contains(&tx.sender())).filter(is_tail);
        let price = |tx: &&PoolTransaction| {
            let part = self.part(tx);
            let price = if part == Part::Pending { tx.effective_tip(self.base_fee) } else { tx.fee_cap() };
            (part, price, Reverse(tx.arrival()))
        };
        tails.min_by_key(price).map(PoolTransaction::hash)
    }

    fn add(&mut self, item: Item) -> Result<Part, &'static str> {
        let tx = item.pool_tx();
        let sender = tx.sender();
        let (nonce, balance) = self.accounts[&sender];
        if self.items.iter().any(|known| known.hash() == tx.hash()) {
            return Err("AlreadyKnown");
        }
        if tx.nonce() < nonce {
            return Err("NonceTooLow");
        }
        if tx.nonce() >= nonce + self.config.account_transactions as u64 {
            return Err("NonceTooFar");
        }
        if tx.cost() > balance {
            return Err("InsufficientFunds");
        }
        let old = self.of(sender).into_iter().find(|old| old.nonce() == tx.nonce());
        if let Some(old) = old {
            let enough = |old: u128, new: u128| new * 10 >= old * 11;
            if !enough(old.fee_cap(), tx.fee_cap()) || !enough(old.tip_cap(), tx.tip_cap()) {
                return Err("ReplacementUnderpriced");
            }
        }
        let before = (self.items.clone(), self.exempt.clone());
        let old = old.map(PoolTransaction::hash);
        self.items.retain(|tx| Some(tx.hash()) != old);
        self.items.push(tx.clone());
        if item.local {
            self.exempt.insert(sender);
        }
        let result = self.make_room(&tx);
        if result.is_err() {
            (self.items, self.exempt) = before;
        }
        self.forget_empty();
        result.map(|()| self.part(&tx))
    }

    fn make_room(&mut self, tx: &PoolTransaction) -> Result<(), &'static str> {
        loop {
            let own = self.of(tx.sender());
            let bytes: usize = own.iter().map(|tx| tx.footprint()).sum();
            if own.len() <= self.config.account_transactions && bytes <= self.config.account_bytes {
                break;
            }
            let last = own.last().unwrap().hash();
            if last == tx.hash() {
                return Err("AccountFull");
            }
            self.items.retain(|tx| tx.hash() != last);
        }
        while self.items.len() > self.config.max_transactions || self.bytes() > self.config.max_bytes {
            let victim = self.cheapest().ok_or("Full")?;
            if victim == tx.hash() {
                return Err("Underpriced");
            }
            self.items.retain(|tx| tx.hash() != victim);
        }
        Ok(())
    }

    fn forget_empty(&mut self) {
        let items = &self.items;
        self.exempt.retain(|sender| items.iter().any(|tx| tx.sender() == *sender));
    }

    fn drop_used(&mut self) {
        let accounts = &self.accounts;
        self.items.retain(|tx| tx.nonce() >= accounts[&tx.sender()].0);
        self.forget_empty();
    }
}

fn run(ops: Vec<Op>) -> Result<(), TestCaseError> {
    let config = PoolConfig {
        max_transactions: 12,
        max_bytes: 11 * FOOTPRINT + 1_000,
        account_transactions: 6,
        account_bytes: 5 * FOOTPRINT + 400,
        ..PoolConfig::default()
    };
    let mut bed = Bed::new(config.clone());
    let mut model = Model {
        config: config.clone(),
        items: Vec::new(),
        accounts: (0..SENDERS).map(|index| (address(index), (0, btt(8)))).collect(),
        exempt: BTreeSet::new(),
        base_fee: FLOOR,
        arrivals: 0,
    };
    for index in 0..SENDERS {
        bed.set(index, 0, btt(8));
    }
    let mut events = bed.pool.subscribe();
    let mut mirror = BTreeSet::new();
    for op in ops {
        match op {
            Op::Add { sender, ahead, cap, tip, value, size, local } => {
                let nonce = (model.accounts[&address(sender)].0 + ahead).saturating_sub(1);
                let cap = fee(cap).into();
                let tx = TxEip1559 {
                    value: btt(value),
                    input: vec![0; size].into(),
                    gas_limit: 50_000,
                    ..dynamic(sender, nonce, cap, u128::from(tip * FLOOR / 10).min(cap))
                };
                model.arrivals += 1;
                let item = Item { tx: sign(sender, tx), local, arrival: model.arrivals };
                let origin = item.pool_tx().origin();
                let got = bed.add_from(item.tx.clone(), origin);
                let wanted = model.add(item);
                match (got, wanted) {
                    (Ok(got), Ok(part)) => prop_assert_eq!(got.part, part),
                    (Err(got), Err(wanted)) => {
                        prop_assert!(format!("{got:?} ").starts_with(&format!("{wanted} ")), "{:?} {}", got, wanted);
                    }
                    (got, wanted) => prop_assert!(false, "{:?} against {:?}", got, wanted),
                }
            }
            Op::Commit { take, base_fee, poorer, overtaken } => {
                let mined: Vec<_> = bed.best().into_iter().take(take).collect();
                let mut changed = BTreeMap::new();
                for tx in &mined {
                    model.accounts.get_mut(&tx.sender()).unwrap().0 = tx.nonce() + 1;
                    changed.insert(tx.sender(), ());
                }
                for (sender, balance) in poorer {
                    model.accounts.get_mut(&address(sender)).unwrap().1 = btt(balance);
                    changed.insert(address(sender), ());
                }
                if let Some(sender) = overtaken {
                    model.accounts.get_mut(&address(sender)).unwrap().0 += 1;
                    changed.insert(address(sender), ());
                }
                model.base_fee = fee(base_fee);
                model.drop_used();
                let changed: Vec<_> = changed
                    .keys()
                    .map(|address| {
                        let (nonce, balance) = model.accounts[address];
                        (*address, Account { nonce, balance, code_hash: KECCAK256_EMPTY })
                    })
                    .collect();
                bed.commit(&mined, &changed, model.base_fee);
            }
            Op::Remove { at } => {
                let hash = model.items.get(at).map(PoolTransaction::hash);
                if let Some(hash) = hash {
                    model.items.remove(at);
                    model.forget_empty();
                    prop_assert!(bed.pool.remove(&hash).is_some());
                }
            }
            Op::Reset { sender, nonce, base_fee } => {
                model.accounts.get_mut(&address(sender)).unwrap().0 = nonce;
                model.base_fee = fee(base_fee);
                bed.base_fee = model.base_fee;
                model.drop_used();
                bed.set(sender, nonce, model.accounts[&address(sender)].1);
                bed.pool.reset(&bed.header, model.base_fee);
            }
        }
        bed.check();
        compare(&bed, &model)?;
        follow(&mut events, &mut mirror);
        let here: BTreeSet<_> = model.items.iter().map(PoolTransaction::hash).collect();
        prop_assert_eq!(&mirror, &here, "events tell everything");
    }
    Ok(())
}

fn compare(bed: &Bed, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(bed.pool.len(), model.items.len());
    prop_assert!(bed.pool.len() <= model.config.max_transactions);
    prop_assert!(bed.pool.bytes() <= model.config.max_bytes);
    prop_assert_eq!(bed.pool.bytes(), model.bytes());
    for tx in &model.items {
        prop_assert_eq!(bed.pool.part(&tx.hash()), Some(model.part(tx)), "{:?}", id(tx));
    }
    for base_fee in [model.base_fee, fee(0), fee(5), fee(11)] {
        let got: Vec<_> = bed.pool.best(base_fee).map(|tx| tx.hash()).collect();
        prop_assert_eq!(got, model.best(base_fee));
    }
    Ok(())
}

/// Keeps a set of hashes by the events alone.
fn follow(events: &mut tokio::sync::broadcast::Receiver<PoolEvent>, mirror: &mut BTreeSet<B256>) {
    while let Ok(event) = events.try_recv() {
        match event {
            PoolEvent::Added(tx, _) => assert!(mirror.insert(tx.hash())),
            PoolEvent::Ready(tx) => assert!(mirror.contains(&tx.hash())),
            PoolEvent::Dropped { hash, why } => {
                assert!(mirror.remove(&hash), "{why:?}");
                assert_ne!(why, DropReason::Unreadable);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn does_what_the_model_does(ops in ops()) {
        run(ops)?;
    }
}
