//! What can be asked of the model, what it answers and why it refuses.

use super::Wei;
use crate::epoch::Fees;
use alloy_primitives::{Address, Bytes};
use bttc_primitives::{Height, ValidatorSet};

/// A call: those of docs/staking.md, section 2, by the rules, and those of section 5, by people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are the arguments of the call")]
pub enum Operation {
    /// `ValidatorSet.onBlock`, and the crediting of the fees before it; after the operations of people in the block.
    OnBlock { height: Height, proposer: Address, missed: Bytes, fees: Fees },
    /// `Staking.slashDoubleSign`.
    SlashDoubleSign { signer: Address, height: Height, reporter: Address },
    /// `Staking.slashDowntime`.
    SlashDowntime { signer: Address },
    /// `ValidatorSet.closeEpoch`.
    CloseEpoch { next: ValidatorSet },
    /// `createValidator`; `proven`: the proof is the key's.
    CreateValidator { signer: Address, proven: bool, commission: u16 },
    /// `announceCommission`.
    AnnounceCommission { commission: u16 },
    /// `rotateKey`.
    RotateKey { signer: Address, proven: bool },
    /// `claimCommission`.
    ClaimCommission,
    /// `unjail`.
    Unjail,
    /// `leave`.
    Leave,
    /// `rejoin`.
    Rejoin,
    /// `evict`.
    Evict { operator: Address },
    /// `delegate`.
    Delegate { operator: Address },
    /// `undelegate`.
    Undelegate { operator: Address, amount: Wei },
    /// `undelegateAll`.
    UndelegateAll { operator: Address },
    /// `redelegate`.
    Redelegate { from: Address, to: Address, amount: Wei },
    /// `redelegateAll`.
    RedelegateAll { from: Address, to: Address },
    /// `cancelUnbonding`.
    CancelUnbonding { id: u64 },
    /// `withdraw`.
    Withdraw { ids: Vec<u64> },
    /// `withdrawAll`.
    WithdrawAll,
    /// `claim`.
    Claim { operators: Vec<Address> },
    /// `restake`.
    Restake { operator: Address },
    /// `settleMoved`.
    SettleMoved { delegator: Address, operator: Address },
}

impl Operation {
    /// Whether value may be sent along.
    pub const fn is_payable(&self) -> bool {
        matches!(self, Self::CreateValidator { .. } | Self::Delegate { .. })
    }
}

/// What an operation did beyond the state of the contracts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Paid to the caller by `Staking`. Unit: wei.
    pub paid: Wei,
    /// Destroyed by `Staking`. Unit: wei.
    pub burned: Wei,
    /// Unbonding entries made.
    pub ids: Vec<u64>,
    /// Answer of `onBlock`.
    pub down: Vec<Address>,
}

/// Why an operation is refused. Beside the first three, each has the name of a custom error of the contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// Value with a call that takes none; the contracts revert without data.
    #[error("the call takes no value")]
    NotPayable,
    /// Less than is to be paid; there is no such transaction.
    #[error("the balance is too small")]
    InsufficientBalance,
    /// Beyond 256 bits, below zero, by zero, or beyond the bits of a field; the contracts panic or refuse to narrow.
    #[error("arithmetic overflow")]
    Overflow,
    /// Not the contract or system account that may call this.
    #[error("the caller may not do this")]
    Unauthorized,
    /// A call of the rules by somebody else.
    #[error("the caller is not the system")]
    NotSystem,
    /// A system transaction by somebody else than the proposer.
    #[error("not a system transaction of the proposer")]
    NotSystemTransaction,
    /// The account operates no validator.
    #[error("no such validator")]
    UnknownValidator,
    /// The account operates one already.
    #[error("the operator has a validator already")]
    OperatorTaken,
    /// The consensus key belongs to somebody.
    #[error("the signer belongs to an operator already")]
    SignerTaken,
    /// The proof is not the key's.
    #[error("the proof is not signed by the consensus key")]
    WrongProof,
    /// Out of the bounds of the parameters, or raised by too much.
    #[error("commission out of bounds")]
    WrongCommission,
    /// Another change of the commission is announced.
    #[error("a change of the commission is pending")]
    CommissionPending,
    /// Its time has not come.
    #[error("too early")]
    TooEarly,
    /// Candidates, unbonding entries or notes of moved stake are full.
    #[error("too many")]
    TooMany,
    /// The operator is not in jail.
    #[error("not jailed")]
    NotJailed,
    /// Not a candidate.
    #[error("not listed as a candidate")]
    NotListed,
    /// A candidate.
    #[error("listed as a candidate already")]
    AlreadyListed,
    /// Nothing speaks against the candidate, or it has power.
    #[error("the candidate cannot be evicted")]
    StillNeeded,
    /// The validator takes no stake: it left or signed twice.
    #[error("the validator is closed")]
    Closed,
    /// Less than the least self stake or delegation, or too little for a share.
    #[error("less than the minimum")]
    BelowMinimum,
    /// More than the position is worth.
    #[error("more than is staked")]
    InsufficientStake,
    /// What remains would be less than the least delegation.
    #[error("what remains is less than the minimum; take all")]
    RemainderTooSmall,
    /// Moved shares may not move again yet.
    #[error("moved stake cannot move again yet")]
    StakeStillBound,
    /// From a validator to itself.
    #[error("source and target are the same validator")]
    SamePool,
    /// All tokens of the pool were slashed.
    #[error("nothing is left of the pool")]
    PoolEmpty,
    /// No such open entry.
    #[error("no such unbonding entry")]
    UnknownUnbonding,
    /// Nothing would be taken or paid.
    #[error("nothing to do")]
    NothingToDo,
    /// The proposer is not in the set.
    #[error("not a member of the set")]
    NotMember,
    /// A bitmap of missed blocks that does not fit the set.
    #[error("the bitmap does not fit the set")]
    WrongBitmap,
    /// A bit beyond the set.
    #[error("a bit beyond the set")]
    StrayBit,
    /// A set that is too large.
    #[error("wrong number of members")]
    WrongSize,
    /// The epoch's time has not passed.
    #[error("the epoch is not over")]
    EpochNotOver,
    /// `Treasury` lacks what is to be paid.
    #[error("the treasury holds less than is to be paid")]
    Insufficient,
}
