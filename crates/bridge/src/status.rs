//! What the relayer says of itself.

use crate::{intents::Stage, policy::Why, root::RootChainId};
use alloy_primitives::{Address, U256};
use serde::Serialize;
use std::collections::BTreeMap;

/// The relayer, all root chains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Head of our chain, once it has answered.
    pub side_head: Option<u64>,
    /// Accounts here that pay, with their balances in wei.
    pub accounts: BTreeMap<Address, U256>,
    /// Root chains by their number.
    pub roots: BTreeMap<u8, RootStatus>,
}

/// One root chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RootStatus {
    /// Which.
    pub root: Option<RootChainId>,
    /// Why deposits of this root chain stand still until a person has looked.
    pub halted: Option<String>,
    /// What needs a person, by kind.
    pub alarms: BTreeMap<&'static str, String>,
    /// What did not work in the last round of each part, by part.
    pub errors: BTreeMap<&'static str, String>,
    /// End of the pause of the bridge there, as it was when last asked; 0 or in the past if there is none. Unit: seconds.
    pub paused_until: Option<u64>,
    /// What is left of the limits of a day, as far as there are any.
    pub limits: Vec<LimitStatus>,
    /// Deposits on their way here.
    pub incoming: Incoming,
    /// Checkpoints on their way there; none until the root chain has answered.
    pub outgoing: Option<OutgoingStatus>,
}

/// Which way a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Payments of `RootBridge` there.
    Claim,
    /// What is delivered here.
    Deposit,
    /// What leaves here.
    Exit,
}

impl Direction {
    /// In a word, for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Deposit => "deposit",
            Self::Exit => "exit",
        }
    }
}

/// How much may pass now. Amounts in the token's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitStatus {
    /// The token's address on the root chain; zero is its coin.
    pub token: Address,
    /// Which way.
    pub direction: Direction,
    /// What may pass now.
    pub left: U256,
    /// What may pass if nothing has for a day.
    pub most: U256,
}

/// Deposits on their way here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Incoming {
    /// Last final block of the root chain.
    pub final_head: Option<u64>,
    /// Its time. Unit: milliseconds.
    pub final_time: Option<u64>,
    /// Last block of it that was read.
    pub read: Option<u64>,
    /// Records that are final there.
    pub records: u64,
    /// Records that validators vouch for.
    pub accepted: u64,
    /// Records that were carried out here.
    pub executed: u64,
    /// Whether the root chain is open.
    pub enabled: bool,
    /// Why accepted records are not carried out now.
    pub waiting: Option<String>,
    /// How often receipts had to be read because logs were missing.
    pub audits: u64,
}

/// Checkpoints on their way there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutgoingStatus {
    /// Height of the last final checkpoint.
    pub tip: u64,
    /// Its time. Unit: seconds.
    pub tip_time: u64,
    /// Height of the last one that may still be reverted.
    pub newest: u64,
    /// Age of the last checkpoint after which the contract takes nothing more. Unit: seconds.
    pub stop_age: u64,
    /// Exits that no final checkpoint covers.
    pub exits: usize,
    /// Time of the oldest of them. Unit: seconds, of our chain.
    pub oldest_exit: Option<u64>,
    /// Why a checkpoint should be sent, and since when by our chain's time (seconds).
    pub due: Option<(Why, u64)>,
    /// Why it is not.
    pub blocked: Option<String>,
    /// Transactions that are open.
    pub intents: Vec<IntentStatus>,
    /// Account that pays there.
    pub account: Option<Address>,
    /// What it has. Unit: the smallest of the coin.
    pub balance: Option<U256>,
    /// What it should have at least.
    pub least: Option<U256>,
    /// How many days that lasts, if as much is paid as lately.
    pub days_left: Option<u64>,
}

/// A transaction on a root chain that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IntentStatus {
    /// What it is about.
    pub key: String,
    /// Where it stands.
    #[serde(flatten)]
    pub stage: Stage,
    /// Its id.
    pub id: alloy_primitives::B256,
    /// How many attempts there were.
    pub attempts: u32,
}
