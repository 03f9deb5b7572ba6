//! All that can be done to a running network, in process ([`crate::Handle::command`]) or over `POST /simulator/command`.

use crate::tvm::Ending;
use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

/// What a node says to a broadcast that it does not take, under TRON's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are TRON's; docs/tron.md, section 3, says what they mean")]
pub enum ErrorCode {
    Success,
    Sigerror,
    ContractValidateError,
    ContractExeError,
    BandwithError,
    DupTransactionError,
    TaposError,
    TooBigTransactionError,
    TransactionExpirationError,
    ServerBusy,
    NoConnection,
    NotEnoughEffectiveConnection,
    BlockUnsolidified,
    OtherError,
}

impl ErrorCode {
    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Sigerror => "SIGERROR",
            Self::ContractValidateError => "CONTRACT_VALIDATE_ERROR",
            Self::ContractExeError => "CONTRACT_EXE_ERROR",
            Self::BandwithError => "BANDWITH_ERROR",
            Self::DupTransactionError => "DUP_TRANSACTION_ERROR",
            Self::TaposError => "TAPOS_ERROR",
            Self::TooBigTransactionError => "TOO_BIG_TRANSACTION_ERROR",
            Self::TransactionExpirationError => "TRANSACTION_EXPIRATION_ERROR",
            Self::ServerBusy => "SERVER_BUSY",
            Self::NoConnection => "NO_CONNECTION",
            Self::NotEnoughEffectiveConnection => "NOT_ENOUGH_EFFECTIVE_CONNECTION",
            Self::BlockUnsolidified => "BLOCK_UNSOLIDIFIED",
            Self::OtherError => "OTHER_ERROR",
        }
    }
}

/// What becomes of the transactions of blocks that a reorganisation takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returned {
    /// They are gone; nodes remember them and answer `DUP_TRANSACTION_ERROR`.
    Vanish,
    /// They are gone, and nodes would take them again.
    Forget,
    /// They wait again, for the new block of this place: 0 is the first. Beyond the new blocks they wait for later ones.
    At(u64),
}

/// How a transaction ends that recovers too many signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overrun {
    /// `OUT_OF_TIME`.
    OutOfTime,
    /// `OUT_OF_ENERGY`.
    OutOfEnergy,
}

impl Overrun {
    pub(crate) const fn ending(self) -> Ending {
        match self {
            Self::OutOfTime => Ending::OutOfTime,
            Self::OutOfEnergy => Ending::OutOfEnergy,
        }
    }
}

/// Something to do. Nodes count from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Makes blocks at once.
    Mine {
        /// How many, at most 100,000.
        blocks: u64,
    },
    /// Lets slots pass without a block: time goes on. With a virtual clock only.
    SkipSlots {
        /// How many, at most 10,000,000.
        slots: u64,
    },
    /// Stops and goes on with making blocks by the real clock.
    Pause {
        /// Whether to stop.
        paused: bool,
    },
    /// Replaces the last blocks by others, and one more.
    Reorg {
        /// How many, none of them solid.
        depth: u64,
        /// What becomes of their transactions.
        transactions: Returned,
    },
    /// Loses a waiting transaction.
    Drop {
        /// Its id.
        transaction: B256,
        /// Whether nodes answer `DUP_TRANSACTION_ERROR` to it afterwards.
        remember: bool,
    },
    /// Whether blocks stay empty: what is broadcast is accepted and waits.
    Withhold {
        /// Whether they do.
        on: bool,
    },
    /// What a node answers to its next broadcast.
    Answer {
        /// Which node.
        node: usize,
        /// The code.
        code: ErrorCode,
        /// Whether it takes the transaction nevertheless, if it is good.
        accept: bool,
    },
    /// Requests to `/wallet...` and `/jsonrpc` that are answered with a complaint about too many of them.
    RateLimit {
        /// Which node.
        node: usize,
        /// How many.
        requests: u64,
    },
    /// Broadcasts that a node takes but breaks the connection instead of answering.
    Mute {
        /// Which node.
        node: usize,
        /// How many.
        broadcasts: u64,
        /// How long the caller waits first. Unit: milliseconds.
        after: u64,
    },
    /// How far a node is behind.
    Lag {
        /// Which node.
        node: usize,
        /// At most 64.
        blocks: u64,
    },
    /// Whether a node breaks every connection.
    Down {
        /// Which node.
        node: usize,
        /// Whether it does.
        down: bool,
    },
    /// A node starts again: it has forgotten which transactions it has seen. With the last of the nodes, those that wait are lost, too.
    Restart {
        /// Which node.
        node: usize,
    },
    /// Blocks whose logs `eth_getLogs` of a node does not know. Later ones add to earlier ones.
    LogHole {
        /// Which node.
        node: usize,
        /// First block.
        from: u64,
        /// Last block.
        to: u64,
    },
    /// A node that has no more blocks, transactions and receipts below a height: it answers plain text.
    Prune {
        /// Which node.
        node: usize,
        /// The first that it has.
        below: u64,
    },
    /// Bounds the signatures that one transaction may recover.
    SignatureLimit {
        /// Most that go well; none for no bound.
        most: Option<usize>,
        /// What happens beyond it.
        overrun: Overrun,
    },
    /// How many blocks a reference may be back.
    ReferenceWindow {
        /// 1 to 65,536.
        blocks: u64,
    },
    /// Bounds of `eth_getLogs`.
    LogLimits {
        /// Most blocks of a question.
        blocks: u64,
        /// Most logs of an answer.
        hits: usize,
    },
    /// Changes a number of the network.
    Parameter {
        /// Its name in `getchainparameters`.
        name: String,
        /// Its new value.
        value: i64,
    },
    /// Gives an account TRX out of nothing, in the next block.
    Fund {
        /// Whom; 20 bytes.
        account: Address,
        /// Unit: sun.
        sun: u64,
    },
    /// Gives an account a permission of number 2 that may only call contracts, in the next block.
    ActiveKeys {
        /// Whose; 20 bytes.
        account: Address,
        /// Each of which may sign alone.
        keys: Vec<Address>,
    },
    /// Ends all faults; what they did stays.
    Heal,
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Height of the head.
    pub head: u64,
    /// Height of the last block that nothing reverts.
    pub solid: u64,
    /// Time of the head. Unit: milliseconds since the Unix epoch.
    pub time: u64,
    /// Transactions that wait.
    pub waiting: usize,
}

/// A command that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simulator does not do that: {0}")]
pub struct CommandError(pub String);
