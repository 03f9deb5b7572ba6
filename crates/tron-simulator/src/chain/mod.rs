//! The chain: blocks, what waits for them, and the state after each.
//!
//! - `admit`: what a node checks before it takes a transaction.
//! - `execute`: what a transaction does in a block, and what it costs.
//! - `produce`: blocks, one after the other or instead of others.
//! - `look`: questions about blocks, receipts, logs and state.

mod admit;
mod execute;
mod look;
mod produce;

pub(crate) use admit::{NotTaken, Refusal};
pub(crate) use look::{LogQuestion, Question, Reach, TooMuch};

use crate::{
    config::{Clock, Config},
    parameters::Parameters,
    state::{Account, History, Layer},
    transaction::Tx,
    tvm::Ending,
    wire::{BlockId, Header},
};
use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_signer_local::PrivateKeySigner;
use prost::Message;
use std::{
    collections::{BTreeMap, HashMap},
    time::{SystemTime, UNIX_EPOCH},
};

/// Producers of blocks.
const WITNESSES: u8 = 27;
/// Version of the rules that headers name.
const HEADER_VERSION: i32 = 34;
/// Most blocks that a node can be behind; state is kept for them.
pub(crate) const MOST_LAG: u64 = 64;
/// Blocks that a transaction can refer to.
const REFERENCES: u64 = 65_536;
/// First block of a virtual clock. Unit: milliseconds since the Unix epoch.
const VIRTUAL_START: u64 = 1_700_000_001_000;

/// A log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Contract; 20 bytes.
    pub address: Address,
    /// Up to four.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Bytes,
    /// Its place in the block.
    pub index: u64,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Id of the transaction.
    pub id: B256,
    /// Height of its block.
    pub block: u64,
    /// Time of its block. Unit: milliseconds since the Unix epoch.
    pub time: u64,
    /// All that was paid beside the value. Unit: sun.
    pub fee: u64,
    /// How the machine ended; none for a payment.
    pub ending: Option<Ending>,
    /// Energy that was used.
    pub energy: u64,
    /// Paid for energy. Unit: sun.
    pub energy_fee: u64,
    /// Bandwidth that cost nothing. Unit: bytes.
    pub net_usage: u64,
    /// Paid for bandwidth. Unit: sun.
    pub net_fee: u64,
    /// Contract that was called or made.
    pub contract: Option<Address>,
    /// What it returned, or the data of the revert.
    pub output: Bytes,
    /// Why it failed.
    pub message: String,
    /// Logs.
    pub logs: Vec<Log>,
}

/// A block in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSummary {
    /// Height.
    pub number: u64,
    /// Its id.
    pub id: BlockId,
    /// Unit: milliseconds since the Unix epoch.
    pub time: u64,
    /// How many it has.
    pub transactions: usize,
}

/// A transaction in a block.
#[derive(Clone, Debug)]
pub(crate) struct Included {
    pub(crate) tx: Tx,
    pub(crate) receipt: Receipt,
}

/// A block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) number: u64,
    /// Unit: milliseconds since the Unix epoch.
    pub(crate) time: u64,
    pub(crate) id: BlockId,
    pub(crate) header: Header,
    pub(crate) signature: Bytes,
    pub(crate) transactions: Vec<Included>,
    /// Changes from outside that it began with.
    gifts: Vec<Gift>,
}

/// A transaction that waits.
#[derive(Clone, Debug)]
struct Waiting {
    tx: Tx,
    /// First block that may take it.
    from: u64,
}

/// The chain.
pub(crate) struct Chain {
    clock: Clock,
    /// Unit: milliseconds.
    interval: u64,
    pub(crate) solid_lag: u64,
    pub(crate) chain_id: u32,
    witnesses: Vec<PrivateKeySigner>,
    blocks: Vec<Block>,
    state: History,
    index: HashMap<B256, (u64, usize)>,
    waiting: Vec<Waiting>,
    /// Slots that pass before the next block.
    skipped: u64,
    /// Reorganisations so far: they change who makes which block.
    forks: u64,
    /// Changes from outside, for the next block.
    gifts: Vec<Gift>,
    pub(crate) parameters: Parameters,
    pub(crate) withhold: bool,
    pub(crate) most_signatures: Option<(usize, Ending)>,
    window: u64,
}

/// A change from outside.
#[derive(Clone, Debug)]
pub(crate) enum Gift {
    Sun(Address, u64),
    Keys(Address, Vec<Address>),
}

impl Chain {
    /// A chain with its first block. Errors: the configuration cannot be.
    pub(crate) fn new(config: &Config) -> Result<Self, String> {
        let interval = u64::try_from(config.interval.as_millis()).unwrap_or(u64::MAX);
        if interval == 0 {
            return Err("the interval of blocks must be at least a millisecond".to_owned());
        }
        let mut witnesses = Vec::new();
        for number in 0..WITNESSES {
            let key = keccak256([b"witness of the tron simulator".as_slice(), &[number]].concat());
            witnesses.push(PrivateKeySigner::from_bytes(&key).map_err(|error| error.to_string())?);
        }
        let mut accounts = BTreeMap::new();
        for account in &config.accounts {
            let sum: &mut u64 = accounts.entry(account.address).or_default();
            *sum = sum.checked_add(account.balance).ok_or("an account has more sun than there can be")?;
        }
        let mut layer = Layer::default();
        for (address, balance) in accounts {
            layer.put(address, Account { balance, ..Account::default() });
        }
        let time = config.genesis_time.unwrap_or_else(|| match config.clock {
            Clock::Virtual => VIRTUAL_START,
            Clock::Real => now(),
        });
        let header = Header { timestamp: signed(time), tx_trie_root: vec![0; 32], ..Header::default() };
        let mut id = BlockId::of(0, &header.encode_to_vec());
        if let Some(chain_id) = config.chain_id {
            id.0.0[28..].copy_from_slice(&chain_id.to_be_bytes());
        }
        let genesis =
            Block { number: 0, time, id, header, signature: Bytes::new(), transactions: Vec::new(), gifts: Vec::new() };
        Ok(Self {
            clock: config.clock,
            interval,
            solid_lag: config.solid_lag,
            chain_id: id.tail(),
            witnesses,
            blocks: vec![genesis],
            state: History::new(layer),
            index: HashMap::new(),
            waiting: Vec::new(),
            skipped: 0,
            forks: 0,
            gifts: Vec::new(),
            parameters: Parameters::default(),
            withhold: false,
            most_signatures: None,
            window: REFERENCES,
        })
    }

    /// The last block.
    pub(crate) fn head(&self) -> &Block {
        self.blocks.last().expect("a chain has its first block")
    }

    /// Height of the last block that nothing reverts.
    pub(crate) fn solid(&self) -> u64 {
        self.head().number.saturating_sub(self.solid_lag)
    }

    /// A block of this height.
    pub(crate) fn block(&self, number: u64) -> Option<&Block> {
        self.blocks.get(usize::try_from(number).ok()?)
    }

    /// How many transactions wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// A change for the next block.
    pub(crate) fn give(&mut self, gift: Gift) {
        self.gifts.push(gift);
    }

    /// Lets slots pass. Errors: with a real clock nothing can.
    pub(crate) fn skip(&mut self, slots: u64) -> Result<(), String> {
        if self.clock == Clock::Real {
            return Err("slots can only be skipped with a virtual clock".to_owned());
        }
        self.skipped = self.skipped.saturating_add(slots);
        Ok(())
    }

    /// How many blocks a reference may be back.
    pub(crate) fn set_window(&mut self, blocks: u64) -> Result<(), String> {
        if !(1..=REFERENCES).contains(&blocks) {
            return Err(format!("the window of references is 1 to {REFERENCES} blocks, not {blocks}"));
        }
        self.window = blocks;
        Ok(())
    }

    /// Loses a transaction that waits; whether there was one.
    pub(crate) fn lose(&mut self, id: B256) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.tx.id != id);
        self.waiting.len() < before
    }

    /// Loses all transactions that wait.
    pub(crate) fn lose_all(&mut self) {
        self.waiting.clear();
    }

    /// Time of the next block, were it made now. Unit: milliseconds since the Unix epoch.
    fn next_slot(&self) -> u64 {
        let head = self.head().time;
        match self.clock {
            Clock::Virtual => head.saturating_add(self.interval.saturating_mul(self.skipped.saturating_add(1))),
            Clock::Real => now().max(head.saturating_add(1)),
        }
    }
}

/// Unit: milliseconds since the Unix epoch.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// As TRON's messages have it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
