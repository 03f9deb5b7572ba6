//! Intents, and the transactions that carry them out.

use super::RootChainId;
use alloy_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often a fee limit may be raised after the energy ran out.
pub const MAX_RAISES: u8 = 2;

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Calls a contract.
    Call {
        /// Whom.
        to: Address,
        /// Unit: the smallest of the chain's coin.
        value: U256,
        /// ABI-encoded.
        data: Bytes,
    },
    /// Deploys a contract.
    Deploy {
        /// Its name, of at most 32 bytes; TRON's explorers show it.
        name: String,
        /// Creation code with the constructor's arguments.
        code: Bytes,
    },
}

/// Something to be done on a root chain, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The same for the same thing, whoever asks and whenever: `checkpoint/120`, `exit/7`.
    pub key: String,
    /// What.
    pub action: Action,
    /// How often an attempt ran out of energy: each raises the fee limit one step. At most [`MAX_RAISES`].
    #[serde(default)]
    pub raises: u8,
}

impl Intent {
    /// A call without value.
    pub fn call(key: impl Into<String>, to: Address, data: impl Into<Bytes>) -> Self {
        Self { key: key.into(), action: Action::Call { to, value: U256::ZERO, data: data.into() }, raises: 0 }
    }

    /// A deployment.
    pub fn deploy(key: impl Into<String>, name: impl Into<String>, code: impl Into<Bytes>) -> Self {
        Self { key: key.into(), action: Action::Deploy { name: name.into(), code: code.into() }, raises: 0 }
    }
}

/// What an attempt may cost, and how long it may last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeePolicy {
    /// Most that one attempt may cost, all of its versions together, without the value it sends. Unit: the smallest of the chain's coin.
    pub ceiling: U256,
    /// TRON: time after which an attempt is dead, 60 to 600 s.
    pub lifetime: Duration,
}

impl FeePolicy {
    /// With a lifetime of 180 s.
    pub const fn new(ceiling: U256) -> Self {
        Self { ceiling, lifetime: Duration::from_secs(180) }
    }
}

/// What keeps an attempt from happening twice, or after it was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// Ethereum: one of all transactions with this nonce happens.
    Nonce(u64),
    /// TRON: no block takes it whose parent is as late as this. Unit: milliseconds since the Unix epoch.
    Expires(u64),
}

/// What a version pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionFee {
    /// Ethereum (EIP-1559). Unit: gas, and wei for each gas.
    Gas {
        /// Most gas.
        limit: u64,
        /// Most for each gas, tip included.
        max_fee: u128,
        /// Tip.
        max_priority_fee: u128,
    },
    /// TRON. Unit: sun.
    Limit {
        /// Most that energy may cost.
        fee_limit: u64,
        /// What bandwidth may cost beside.
        bandwidth: u64,
    },
}

impl VersionFee {
    /// Most that it can cost. Unit: the smallest of the chain's coin.
    pub fn most(&self) -> U256 {
        match *self {
            Self::Gas { limit, max_fee, .. } => U256::from(limit).saturating_mul(U256::from(max_fee)),
            Self::Limit { fee_limit, bandwidth } => U256::from(fee_limit).saturating_add(U256::from(bandwidth)),
        }
    }
}

/// Signed bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The transaction's id.
    pub id: B256,
    /// As it is broadcast, and never otherwise.
    pub bytes: Bytes,
    /// What it pays.
    pub fee: VersionFee,
}

/// A transaction for an intent. Keep it on disk before it is broadcast for the first time, and until it is final or dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Where.
    pub root: RootChainId,
    /// Key of its intent.
    pub intent: String,
    /// Who sends.
    pub from: Address,
    /// What keeps it from happening twice.
    pub slot: Slot,
    /// What is sent now.
    pub version: Version,
    /// What was sent before, in that order. Any of them may be the one that happens. Ethereum alone.
    pub earlier: Vec<Version>,
    /// The contract that it deploys, if it does.
    pub creates: Option<Address>,
}

impl Attempt {
    /// All versions, the newest first.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        std::iter::once(&self.version).chain(self.earlier.iter().rev())
    }
}

/// What the endpoints say to a broadcast; the best verdict of them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BroadcastVerdict {
    /// One passes it on.
    Accepted,
    /// They have it already; that is no proof that a block has it.
    Known,
    /// They could not take it now: the same bytes again, soon.
    RetrySame(String),
    /// They can take these bytes no more, but another node may have taken them: the same bytes until they are dead, then new ones.
    Rebuild(String),
    /// They never will: raise an alarm, look at the intent anew, and do not try in a loop. Dead all the same only when its status says so.
    Refused(String),
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// As it should.
    Done,
    /// The contract reverted; usually somebody was first.
    Reverted(String),
    /// The fee limit, or the gas, was too low.
    OutOfEnergy,
    /// TRON: it took too long.
    OutOfTime,
    /// In another way, which the network names.
    Failed(String),
}

/// How an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptStatus {
    /// No block has it. It may still come: send the same bytes.
    Unknown,
    /// A block has it that may still be reverted.
    Included {
        /// Its height.
        block: u64,
    },
    /// A final block has it. Nothing of this attempt comes any more.
    Final {
        /// The version that happened.
        id: B256,
        /// Height of the block.
        block: u64,
        /// How it ended.
        ending: Ending,
        /// What was paid. Unit: the smallest of the chain's coin.
        fee: U256,
    },
    /// It did not happen and never will. Only now may there be another attempt, after a look at the contract on the final state.
    Dead {
        /// Why, for people.
        why: String,
    },
}

/// What to do after an attempt that is final did not do what it should. Always look at the contract on the final state first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Nothing but that look: if the thing is not done and its simulation passes, a new attempt as it was.
    Reread,
    /// A new attempt with one more of [`Intent::raises`].
    Raise,
    /// Never the same again: less work in a transaction (fewer signatures).
    Shrink,
    /// An alarm: a person must look.
    Alarm,
}

/// The rule of docs/tron.md, section 3 ("Final failures"), after an attempt with `raises` raises; none if it did what it should.
pub const fn after_failure(ending: &Ending, raises: u8) -> Option<AfterFailure> {
    match ending {
        Ending::Done => None,
        Ending::Reverted(_) => Some(AfterFailure::Reread),
        Ending::OutOfEnergy if raises < MAX_RAISES => Some(AfterFailure::Raise),
        Ending::OutOfTime => Some(AfterFailure::Shrink),
        Ending::OutOfEnergy | Ending::Failed(_) => Some(AfterFailure::Alarm),
    }
}
