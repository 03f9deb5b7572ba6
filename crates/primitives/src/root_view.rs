//! What a relayer knows of the root chains, in words that its reports and the RPC share.
//!
//! A node sees no root chain by itself: block validity depends on chain state alone. A relayer that runs in the same program hands its view in as
//! [`RootView`]; without one, whoever asks is told that this node does not watch that root chain.
//!
//! Source: docs/bridge.md, "RPC".

use crate::Height;
use alloy_primitives::{Address, B256, U256};
use std::{fmt::Debug, future::Future, pin::Pin};

/// Answer of a root chain, later.
pub type RootAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, RootUnavailable>> + Send + 'a>>;

/// A root chain that cannot be asked now; worth another try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("root chain {root_id} cannot be asked: {why}")]
pub struct RootUnavailable {
    /// Which one.
    pub root_id: u8,
    /// What stands in the way, and what to do.
    pub why: String,
}

/// A block of a root chain, or of this chain as a root chain knows it. Unit of `time`: Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenBlock {
    /// Its height.
    pub height: Height,
    /// Its time.
    pub time: u64,
}

/// What the relayer last saw of one root chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayReport {
    /// 1 Ethereum, 2 TRON.
    pub root_id: u8,
    /// The newest block there that cannot be undone.
    pub final_head: Option<SeenBlock>,
    /// The newest checkpoint of this chain there.
    pub checkpoint: Option<SeenBlock>,
    /// The last header of this chain that was followed there; above the checkpoint only while a recovery waits.
    pub trusted_height: Option<Height>,
    /// Whether checkpoints have stopped there because the trusted set is too old.
    pub stopped: bool,
    /// End of a pause of the bridge there. Unit: Unix seconds.
    pub paused_until: Option<u64>,
    /// Records (deposits and names of tokens) that the bridge there has made, up to the final block.
    pub records: Option<u64>,
    /// Coins of that chain that the relayer holds for fees. Unit: the coin's smallest.
    pub fee_balance: Option<U256>,
    /// Days that these last at the present rate.
    pub fee_days: Option<u64>,
    /// Why a checkpoint that is due is not sent by this relayer; often only that it is another one's turn.
    pub waiting: Option<String>,
    /// Why the relayer stands still or asks in vain; none while all is well.
    pub last_error: Option<String>,
    /// When this was true. Unit: Unix seconds.
    pub updated_at: u64,
}

/// A checkpoint of this chain on a root chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCheckpoint {
    /// Height of the block of this chain.
    pub height: Height,
    /// Root of the exit tree that it brought.
    pub exit_root: B256,
    /// Transaction there that submitted it.
    pub tx: B256,
    /// Block there.
    pub block: SeenBlock,
}

/// How far a root chain has paid an exit. Amounts in the token's smallest unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExitPayment {
    /// Whether nothing is left to be paid.
    pub paid_in_full: bool,
    /// What was paid so far, where it was paid in parts.
    pub paid: U256,
    /// From when on it may be paid, if it was made to wait. Unit: Unix seconds.
    pub payable_from: Option<u64>,
    /// What may be paid of its token now.
    pub available: U256,
}

/// A leaf of the exit tree, as a root chain pays it. Unit of `amount`: the token's smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootExit {
    /// Place in the exit tree.
    pub index: u32,
    /// Token there; zero for the coin.
    pub token: Address,
    /// Sender, here.
    pub from: Address,
    /// Receiver, there.
    pub to: Address,
    /// How much.
    pub amount: U256,
}

/// A deposit as a root chain made it. Unit of `amount`: the token's smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootDeposit {
    /// Number of its record.
    pub nonce: u64,
    /// Token there; zero for the coin.
    pub token: Address,
    /// Sender, there.
    pub from: Address,
    /// Receiver, here.
    pub to: Address,
    /// How much arrived.
    pub amount: U256,
}

/// A transaction of a root chain that may have made deposits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootDepositTx {
    /// Its block; none while it waits.
    pub block: Option<SeenBlock>,
    /// Whether that block is final.
    pub is_final: bool,
    /// When it will be final, about. Unit: seconds from now.
    pub final_in: Option<u64>,
    /// Why it failed there, if it did.
    pub failed: Option<String>,
    /// Its deposits with the configured bridge, in their order.
    pub deposits: Vec<RootDeposit>,
}

/// What may leave a root bridge. Amounts in the token's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootLimits {
    /// Now.
    pub available: U256,
    /// In any 24 hours, beyond what comes in.
    pub daily: U256,
    /// Exits above this wait for 24 hours.
    pub at_once: U256,
}

/// What a relayer can tell of the root chains that it watches.
///
/// Implemented by the relayer; handed to the RPC by the node. Implementations answer from what they hold or ask within seconds.
pub trait RootView: Debug + Send + Sync + 'static {
    /// What was last seen of each root chain that is watched.
    fn reports(&self) -> Vec<RelayReport>;
    /// The newest checkpoints, newest first.
    fn checkpoints(&self, root_id: u8, limit: usize) -> RootAnswer<'_, Vec<RootCheckpoint>>;
    /// The first checkpoint at or after a height of this chain; none if there is none yet.
    fn checkpoint_for(&self, root_id: u8, height: Height) -> RootAnswer<'_, Option<RootCheckpoint>>;
    /// How far an exit is paid.
    fn payment(&self, root_id: u8, exit: RootExit) -> RootAnswer<'_, ExitPayment>;
    /// A transaction that may have made deposits; none if it is unknown there.
    fn deposit_tx(&self, root_id: u8, tx: B256) -> RootAnswer<'_, Option<RootDepositTx>>;
    /// What may leave of a token.
    fn limits(&self, root_id: u8, token: Address) -> RootAnswer<'_, RootLimits>;

    /// What was last seen of one root chain; none if it is not watched.
    fn report(&self, root_id: u8) -> Option<RelayReport> {
        self.reports().into_iter().find(|report| report.root_id == root_id)
    }
}
