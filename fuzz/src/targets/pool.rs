//! Sequences of operations on a small pool: its books agree, its limits hold, its order is right, and its events tell everything.

use super::{input::Input, transaction::spec};
use alloy_consensus::{Signed, TxEip1559};
use alloy_primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, Signature, TxKind, U256,
    map::{AddressSet, B256Set},
};
use bttc_primitives::{Account, Fatal, Header, Recovered, StateReader};
use bttc_txpool::{AddError, Committed, HeadState, Origin, Pool, PoolConfig, PoolEvent, PoolTransaction};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const SENDERS: u8 = 6;
const FLOOR: u64 = 9_000_000_000_000;
const OPERATIONS: usize = 200;

#[derive(Clone, Default)]
struct Accounts(Arc<Mutex<BTreeMap<Address, Account>>>);

impl StateReader for Accounts {
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal> {
        Ok(self.0.lock().get(&address).copied())
    }
    fn storage(&self, _: Address, _: U256) -> Result<U256, Fatal> {
        Ok(U256::ZERO)
    }
    fn code(&self, _: B256) -> Result<Bytes, Fatal> {
        Ok(Bytes::new())
    }
    fn block_hash(&self, _: u64) -> Result<Option<B256>, Fatal> {
        Ok(None)
    }
}

struct Bed {
    config: PoolConfig,
    pool: Pool,
    accounts: Accounts,
    header: Header,
    base_fee: u64,
}

pub(super) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let config = PoolConfig {
        max_transactions: 14,
        max_bytes: 40_000,
        account_transactions: 7,
        account_bytes: 16_000,
        queued_lifetime: Duration::from_secs(20),
        // Nothing is lost, so that the events can be held against the pool.
        event_buffer: 1 << 12,
        protect_locals: input.byte().is_multiple_of(2),
        ..PoolConfig::default()
    };
    let mut bed = Bed::new(config);
    let mut events = bed.pool.subscribe();
    let mut told = B256Set::default();
    for _ in 0..OPERATIONS {
        if input.is_empty() {
            break;
        }
        bed.operate(&mut input);
        bed.check();
        while let Ok(event) = events.try_recv() {
            match event {
                PoolEvent::Added(tx, _) => assert!(told.insert(tx.hash()), "added twice"),
                PoolEvent::Ready(tx) => assert!(told.contains(&tx.hash()), "ready but never added"),
                PoolEvent::Dropped { hash, .. } => assert!(told.remove(&hash), "dropped but never added"),
            }
        }
        assert_eq!(told.len(), bed.pool.len());
        assert!(told.iter().all(|hash| bed.pool.contains(hash)), "events and pool differ");
    }
}

fn address(index: u64) -> Address {
    Address::left_padding_from(&(index + 0x1000).to_be_bytes())
}

fn btt(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10u64.pow(18))
}

impl Bed {
    fn new(config: PoolConfig) -> Self {
        let (accounts, spec) = (Accounts::default(), Arc::new(spec()));
        for index in 0..SENDERS.into() {
            accounts.0.lock().insert(address(index), account(0, 8));
        }
        let state: HeadState = {
            let accounts = accounts.clone();
            Arc::new(move || Ok(Box::new(accounts.clone()) as Box<dyn StateReader>))
        };
        let header = spec.genesis_header();
        let pool = Pool::new(config.clone(), spec, state, &header);
        Self { config, pool, accounts, header, base_fee: FLOOR }
    }

    fn operate(&mut self, input: &mut Input<'_>) {
        match input.below(8) {
            0..=4 => self.add(input),
            5 => self.commit(input),
            6 => {
                let at = input.below(14) as usize;
                let hash = self.pool.best(self.base_fee).nth(at).map(|tx| tx.hash());
                if let Some(hash) = hash {
                    assert!(self.pool.remove(&hash).is_some());
                }
            }
            _ => {
                let who = address(input.below(SENDERS));
                self.accounts.0.lock().insert(who, account(input.below(6), input.below(12)));
                self.base_fee = fee(input);
                self.pool.reset(&self.header, self.base_fee);
            }
        }
    }

    fn add(&self, input: &mut Input<'_>) {
        let sender = input.below(SENDERS);
        let nonce = self.accounts.0.lock().get(&address(sender)).map_or(0, |account| account.nonce);
        let cap = u128::from(fee(input));
        let length = usize::from(input.byte()) * 24;
        let tx = TxEip1559 {
            chain_id: 990_992,
            nonce: (nonce + input.below(9)).saturating_sub(1),
            gas_limit: 100_000,
            max_fee_per_gas: cap,
            max_priority_fee_per_gas: u128::from(input.byte()) * u128::from(FLOOR) / 10,
            to: TxKind::Call(address(sender)),
            value: btt(input.below(4)),
            input: vec![0; length].into(),
            ..Default::default()
        };
        let tx =
            Recovered::new_unchecked(Signed::new_unhashed(tx, Signature::test_signature()).into(), address(sender));
        let origin = if input.below(10) == 0 { Origin::Local } else { Origin::Peer(1) };
        match self.pool.add(tx, origin) {
            Ok(added) => assert!(self.pool.part(&added.hash) == Some(added.part)),
            Err(AddError::Invalid(_)) => {}
            Err(AddError::Fatal(fatal)) => panic!("a transaction is our trouble: {fatal}"),
        }
    }

    /// A block with some of the best, and changes that come from elsewhere.
    fn commit(&mut self, input: &mut Input<'_>) {
        let mined: Vec<_> = self.pool.best(self.base_fee).take(input.below(5) as usize).collect();
        let mut changed = BTreeMap::new();
        for tx in &mined {
            let mut accounts = self.accounts.0.lock();
            let of = accounts.entry(tx.sender()).or_default();
            of.nonce = tx.nonce() + 1;
            changed.insert(tx.sender(), *of);
        }
        for _ in 0..input.below(3) {
            let who = address(input.below(SENDERS));
            let mut accounts = self.accounts.0.lock();
            let of = accounts.entry(who).or_default();
            of.balance = btt(input.below(12));
            of.nonce += input.below(2);
            changed.insert(who, *of);
        }
        self.header.number += 1;
        self.header.timestamp += input.below(30);
        self.base_fee = fee(input);
        let transactions: Vec<_> = mined.iter().map(|tx| (tx.hash(), tx.sender(), tx.nonce())).collect();
        let changed: Vec<_> = changed.into_iter().map(|(address, account)| (address, Some(account))).collect();
        self.pool.on_commit(&Committed {
            header: &self.header,
            next_base_fee: self.base_fee,
            transactions: &transactions,
            changed: &changed,
        });
        assert!(mined.iter().all(|tx| !self.pool.contains(&tx.hash())), "a mined transaction is still here");
    }

    fn check(&self) {
        let (pool, config) = (&self.pool, &self.config);
        pool.check_books();
        assert!(pool.len() <= config.max_transactions && pool.bytes() <= config.max_bytes);
        for (address, content) in pool.content() {
            let all = content.pending.iter().chain(&content.base_fee).chain(&content.queued);
            let (count, bytes) = all.fold((0, 0), |(count, bytes), tx| (count + 1, bytes + tx.footprint()));
            assert!(count <= config.account_transactions && bytes <= config.account_bytes, "{address}");
            let of = self.accounts.0.lock().get(&address).copied().unwrap_or_default();
            let runs: Vec<_> = content.pending.iter().chain(&content.base_fee).collect();
            assert!((of.nonce..).zip(&runs).all(|(nonce, tx)| tx.nonce() == nonce), "a run has a gap");
            let cost = runs.iter().fold(U256::ZERO, |sum, tx| sum + tx.cost());
            assert!(cost <= of.balance, "a run costs more than there is");
        }
        for base_fee in [self.base_fee, FLOOR, FLOOR * 2] {
            check_order(&pool.best(base_fee).collect::<Vec<_>>(), base_fee);
        }
        assert_eq!(pool.best(self.base_fee).count(), pool.counts().pending);
    }
}

/// Each transaction is the best of those whose predecessors stand before it.
fn check_order(best: &[Arc<PoolTransaction>], base_fee: u64) {
    for (at, tx) in best.iter().enumerate() {
        let rank = |tx: &PoolTransaction| (tx.effective_tip(base_fee), std::cmp::Reverse(tx.arrival()));
        let mut seen = AddressSet::default();
        for later in best.iter().skip(at) {
            if seen.insert(later.sender()) {
                assert!(rank(tx) >= rank(later), "the order is wrong at {at}");
            }
        }
    }
}

fn account(nonce: u64, balance: u64) -> Account {
    Account { nonce, balance: btt(balance), code_hash: KECCAK256_EMPTY }
}

/// Twelve steps of 10 % of the floor.
fn fee(input: &mut Input<'_>) -> u64 {
    FLOOR + input.below(12) * FLOOR / 10
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let add = |sender: u8, cap: u8, length: u8, ahead: u8, tip: u8| [0, sender, cap, length, ahead, tip, 0, 1];
    let mut run = vec![0];
    for nonce in 0..5 {
        for sender in 0..3 {
            run.extend(add(sender, 3, nonce * 40, nonce + 1, sender));
        }
    }
    run.extend([5, 3, 1, 2, 1, 0, 20, 4, 6, 1, 7, 2, 3, 4, 5]);
    vec![run, (0..=255).rev().collect(), (0..400).map(|n: u16| (n * 31 % 251) as u8).collect()]
}
