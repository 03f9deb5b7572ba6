//! Tests of the whole pool.

mod accounts;
mod delegation;
mod hostile;
mod limits;
mod model;
mod recovery;
mod restart;
mod rules;
mod scale;

use crate::{
    AddError, Added, Committed, HeadState, InvalidTransaction, Origin, Part, Pool, PoolConfig, PoolEvent,
    PoolTransaction,
};
use alloy_consensus::{Signed, TxEip1559, TxLegacy};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Signature, TxKind, U256};
use bttc_primitives::{Account, ChainSpec, Fatal, Header, Recovered, StateReader, Transaction};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};

pub(super) const CHAIN: u64 = 990_992;
pub(super) const GWEI: u128 = 1_000_000_000;
/// Memory of a plain transfer in the pool.
pub(super) const FOOTPRINT: usize = 2_048;
/// The floor of the base fee.
pub(super) const FLOOR: u64 = 9_000_000_000_000;

const GENESIS: &str = r#"{"config":{"chainId":990992,"homesteadBlock":0,"eip150Block":0,"eip155Block":0,"eip158Block":0,
    "byzantiumBlock":0,"constantinopleBlock":0,"petersburgBlock":0,"istanbulBlock":0,"berlinBlock":0,"londonBlock":0,
    "mergeNetsplitBlock":0,"terminalTotalDifficulty":0,"shanghaiTime":0,"cancunTime":0,"pragueTime":0,"osakaTime":0,
    "bttc":{"dev":false,"minBaseFee":"0x82f79cd9000","elasticity":2,"baseFeeDenominator":50,"burnPercent":50,"stakersPercent":40,
    "treasuryPercent":10,"blockTimeMs":500,"idleTimeMs":2000,"validators":[{"address":"0x0000000000000000000000000000000000000001","power":1}]}},
    "gasLimit":"0x3938700","difficulty":"0x0","alloc":{}}"#;

#[derive(Clone, Default)]
pub(super) struct Accounts {
    pub(super) by_address: BTreeMap<Address, Account>,
    pub(super) code: BTreeMap<B256, Bytes>,
    /// How often the state was read.
    pub(super) reads: u64,
    /// Reading fails.
    pub(super) broken: bool,
}

struct View(Arc<Mutex<Accounts>>);

impl StateReader for View {
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal> {
        let mut accounts = self.0.lock();
        accounts.reads += 1;
        if accounts.broken {
            return Err(Fatal::new("the disk is gone"));
        }
        Ok(accounts.by_address.get(&address).copied())
    }
    fn storage(&self, _: Address, _: U256) -> Result<U256, Fatal> {
        Ok(U256::ZERO)
    }
    fn code(&self, code_hash: B256) -> Result<Bytes, Fatal> {
        self.0.lock().code.get(&code_hash).cloned().ok_or_else(|| Fatal::new("no such code"))
    }
    fn block_hash(&self, _: u64) -> Result<Option<B256>, Fatal> {
        Ok(None)
    }
}

/// A pool on a state that tests change by hand.
pub(super) struct Bed {
    pub(super) pool: Pool,
    pub(super) accounts: Arc<Mutex<Accounts>>,
    pub(super) header: Header,
    pub(super) base_fee: u64,
}

pub(super) fn btt(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10u64.pow(18))
}

pub(super) fn address(index: u64) -> Address {
    Address::left_padding_from(&(index + 0x1000).to_be_bytes())
}

impl Bed {
    pub(super) fn new(config: PoolConfig) -> Self {
        let spec = Arc::new(ChainSpec::from_json(GENESIS).unwrap());
        let accounts = Arc::new(Mutex::new(Accounts::default()));
        let state: HeadState = {
            let accounts = accounts.clone();
            Arc::new(move || Ok(Box::new(View(accounts.clone())) as Box<dyn StateReader>))
        };
        let header = spec.genesis_header();
        let pool = Pool::new(config, spec, state, &header);
        Self { pool, accounts, header, base_fee: FLOOR }
    }

    /// With defaults, and a thousand BTT on accounts 0 to 99.
    pub(super) fn rich() -> Self {
        Self::rich_with(PoolConfig::default())
    }

    pub(super) fn rich_with(config: PoolConfig) -> Self {
        let bed = Self::new(config);
        for index in 0..100 {
            bed.set(index, 0, btt(1_000));
        }
        bed
    }

    pub(super) fn set(&self, index: u64, nonce: u64, balance: U256) {
        let account = Account { nonce, balance, code_hash: KECCAK256_EMPTY };
        self.accounts.lock().by_address.insert(address(index), account);
    }

    pub(super) fn add(&self, tx: Recovered<Transaction>) -> Result<Added, InvalidTransaction> {
        self.add_from(tx, Origin::Peer(1))
    }

    pub(super) fn add_from(&self, tx: Recovered<Transaction>, origin: Origin) -> Result<Added, InvalidTransaction> {
        self.pool.add(tx, origin).map_err(|error| match error {
            AddError::Invalid(why) => why,
            AddError::Fatal(fatal) => panic!("{fatal}"),
        })
    }

    /// A block with these transactions that moves nonces on and sets what `changed` names.
    pub(super) fn commit(
        &mut self,
        mined: &[Arc<PoolTransaction>],
        changed: &[(Address, Account)],
        next_base_fee: u64,
    ) {
        self.move_to(mined, changed, next_base_fee);
        self.check();
    }

    /// As [`Bed::commit`], without the check of all books.
    pub(super) fn move_to(
        &mut self,
        mined: &[Arc<PoolTransaction>],
        changed: &[(Address, Account)],
        next_base_fee: u64,
    ) {
        let mut touched: BTreeMap<Address, Account> = changed.iter().copied().collect();
        for tx in mined {
            let known = self.accounts.lock().by_address.get(&tx.sender()).copied();
            let account = touched.entry(tx.sender()).or_insert_with(|| known.unwrap_or_default());
            account.nonce = account.nonce.max(tx.nonce() + 1);
        }
        self.accounts.lock().by_address.extend(touched.clone());
        self.header.number += 1;
        self.header.timestamp += 1;
        self.base_fee = next_base_fee;
        let transactions: Vec<_> = mined.iter().map(|tx| (tx.hash(), tx.sender(), tx.nonce())).collect();
        let changed: Vec<_> = touched.into_iter().map(|(address, account)| (address, Some(account))).collect();
        self.pool.on_commit(&Committed {
            header: &self.header,
            next_base_fee,
            transactions: &transactions,
            changed: &changed,
        });
    }

    pub(super) fn best(&self) -> Vec<Arc<PoolTransaction>> {
        self.pool.best(self.base_fee).collect()
    }

    pub(super) fn best_ids(&self) -> Vec<(u64, u64)> {
        self.best().iter().map(|tx| id(tx)).collect()
    }

    pub(super) fn part(&self, added: &Added) -> Part {
        self.pool.part(&added.hash).unwrap()
    }

    /// The pool's own books agree with each other.
    pub(super) fn check(&self) {
        self.pool.check_books();
    }
}

/// Index of the sender, and nonce.
pub(super) fn id(tx: &PoolTransaction) -> (u64, u64) {
    let index = U256::from_be_slice(tx.sender().as_slice()).to::<u64>() - 0x1000;
    (index, tx.nonce())
}

pub(super) fn dynamic(sender: u64, nonce: u64, cap: u128, tip: u128) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: cap,
        max_priority_fee_per_gas: tip,
        // The receiver makes hashes of different senders differ.
        to: TxKind::Call(address(sender)),
        ..Default::default()
    }
}

pub(super) fn sign<T>(sender: u64, tx: T) -> Recovered<Transaction>
where
    Signed<T>: Into<Transaction>,
    T: alloy_consensus::SignableTransaction<Signature>,
{
    // The pool takes senders as given; the journal's tests sign truly.
    let signed = Signed::new_unhashed(tx, Signature::test_signature());
    Recovered::new_unchecked(signed.into(), address(sender))
}

/// A transfer that offers `tip` gwei above the floor, which is its cap too.
pub(super) fn transfer(sender: u64, nonce: u64, tip: u64) -> Recovered<Transaction> {
    let tip = u128::from(tip) * GWEI;
    sign(sender, dynamic(sender, nonce, u128::from(FLOOR) + tip, tip))
}

pub(super) fn legacy(sender: u64, nonce: u64) -> TxLegacy {
    TxLegacy {
        chain_id: Some(CHAIN),
        nonce,
        gas_price: FLOOR.into(),
        gas_limit: 21_000,
        to: TxKind::Call(address(sender)),
        ..Default::default()
    }
}

/// All events that are waiting, as texts.
pub(super) fn drain(events: &mut tokio::sync::broadcast::Receiver<PoolEvent>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Ok(event) = events.try_recv() {
        texts.push(match event {
            PoolEvent::Added(tx, part) => format!("added {:?} {part:?}", id(&tx)),
            PoolEvent::Ready(tx) => format!("ready {:?}", id(&tx)),
            PoolEvent::Dropped { why, .. } => format!("dropped {}", why.label()),
        });
    }
    texts
}
