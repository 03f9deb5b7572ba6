//! What a root chain is asked and answers.

use alloy_primitives::{Address, B256, Bytes, LogData, U256, hex};
use alloy_sol_types::{Panic, Revert as ErrorMessage, SolError};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Selectors of `Error(string)` and `Panic(uint256)`.
const MESSAGE: [u8; 4] = ErrorMessage::SELECTOR;
const PANIC: [u8; 4] = Panic::SELECTOR;

/// Kind of a root chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RootKind {
    /// Ethereum, or a chain that answers as it does.
    Ethereum,
    /// TRON.
    Tron,
}

/// Which root chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RootChainId {
    /// Kind.
    pub kind: RootKind,
    /// EIP-155 id; of TRON the last four bytes of the id of its genesis block.
    pub chain_id: u64,
}

impl fmt::Display for RootChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            RootKind::Ethereum => "ethereum",
            RootKind::Tron => "tron",
        };
        write!(f, "{kind}:{}", self.chain_id)
    }
}

/// A block of a root chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Height.
    pub number: u64,
    /// Its hash; on TRON its id.
    pub id: B256,
    /// Unit: milliseconds since the Unix epoch.
    pub time: u64,
}

/// Which logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter {
    /// Contract that made them.
    pub address: Address,
    /// First topics, any of them; all logs if empty.
    pub events: Vec<B256>,
}

impl LogFilter {
    /// Whether a log is one of these.
    pub fn matches(&self, address: Address, data: &LogData) -> bool {
        let event = data.topics().first();
        address == self.address && (self.events.is_empty() || event.is_some_and(|event| self.events.contains(event)))
    }
}

/// A log of a root chain. It is known by chain, `transaction` and `index`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootLog {
    /// Height of its block.
    pub block: u64,
    /// Transaction that made it.
    pub transaction: B256,
    /// Its place among all logs of the block, from 0.
    pub index: u64,
    /// Contract that made it.
    pub address: Address,
    /// Topics and data.
    pub data: LogData,
}

/// A call without a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who calls; the sending account if none.
    pub from: Option<Address>,
    /// Whom.
    pub to: Address,
    /// Unit: the smallest of the chain's coin.
    pub value: U256,
    /// ABI-encoded.
    pub data: Bytes,
}

/// Why a contract reverted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revert {
    /// As the contract gave it.
    pub data: Bytes,
    /// The same for people: the message, the kind of panic, or the selector of the error.
    pub reason: String,
}

impl Revert {
    /// Reads what a contract gave.
    pub fn of(data: Bytes) -> Self {
        let reason = match data.first_chunk::<4>() {
            _ if data.is_empty() => "it gives no reason".to_owned(),
            None => format!("with {data}"),
            Some(&MESSAGE) => match ErrorMessage::abi_decode(&data) {
                Ok(message) => message.reason,
                Err(_) => format!("with {data}"),
            },
            Some(&PANIC) => match Panic::abi_decode(&data) {
                Ok(panic) => panic.to_string(),
                Err(_) => format!("with {data}"),
            },
            Some(selector) => format!("error {}", hex::encode_prefixed(selector)),
        };
        Self { data, reason }
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// What a call would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// What it returns, or why it reverts.
    pub result: Result<Bytes, Revert>,
    /// Unit: gas, or energy; 0 for a revert on Ethereum, whose nodes do not say.
    pub gas: u64,
    /// What that costs at the prices of now, without room for a rise. Unit: the smallest of the chain's coin.
    pub cost: U256,
}

/// What the sending account has. Unit: the smallest of the chain's coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funds {
    /// Whose.
    pub account: Address,
    /// What it has.
    pub balance: U256,
    /// What it should have for one more attempt: below it the account must be filled up.
    pub least: U256,
}

impl Funds {
    /// Whether it has enough.
    pub fn suffice(&self) -> bool {
        self.balance >= self.least
    }
}

/// A transaction that a block has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTransaction {
    /// Height of its block.
    pub block: u64,
    /// Whether nothing reverts that block.
    pub is_final: bool,
    /// Whether it did what it should.
    pub succeeded: bool,
    /// Its logs; none if it failed. An index of TRON counts them from the transaction's first, as nobody there says more.
    pub logs: Vec<RootLog>,
}

/// What a root chain must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// As in [`RootChainId`].
    pub chain_id: u64,
    /// Contracts that must be there.
    pub contracts: Vec<ExpectedCode>,
}

/// A contract that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedCode {
    /// Its name in errors.
    pub name: &'static str,
    /// Where.
    pub address: Address,
    /// keccak256 of its code; if none, any code will do.
    pub code_hash: Option<B256>,
}
