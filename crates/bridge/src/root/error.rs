//! Why a question to a root chain has no answer, and whose fault that is.

use super::{Revert, RootChainId};
use alloy_primitives::{Address, B256, U256};

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Of the endpoints or the way to them: wait, or name others.
    Endpoint,
    /// Of this node's configuration, key or account: its operator must act.
    Operator,
    /// Of what was asked for: asking again is of no use.
    Caller,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// Too few endpoints answer. Try again.
    #[error(
        "{root}: {answered} of the {needed} endpoints that must agree answer about {what} ({why}); it is tried again, name more endpoints if it stays so"
    )]
    Unavailable {
        /// Where.
        root: RootChainId,
        /// The question.
        what: String,
        /// How many answered.
        answered: usize,
        /// How many are needed.
        needed: usize,
        /// What the others did.
        why: String,
    },
    /// Endpoints contradict each other about what is final: one of them lies or follows another chain. Halt this chain and look.
    #[error(
        "{root}: the endpoints contradict each other about {what}, which cannot change any more: {answers}; one of them is wrong, find out which and remove it"
    )]
    Disagreement {
        /// Where.
        root: RootChainId,
        /// The question.
        what: String,
        /// Who answers what.
        answers: String,
    },
    /// Endpoints answer, but that they cannot or will not.
    #[error("{root}: the endpoints cannot answer about {what}: {why}")]
    Refused {
        /// Where.
        root: RootChainId,
        /// The question.
        what: String,
        /// What they say.
        why: String,
    },
    /// A block that is not final was asked for.
    #[error("{root}: block {asked} is not final, the last final one is {head}; ask again later")]
    NotFinal {
        /// Where.
        root: RootChainId,
        /// Height asked for.
        asked: u64,
        /// The last final one.
        head: u64,
    },
    /// The contract reverts.
    #[error("{root}: the call of {to} reverts: {revert}")]
    Reverted {
        /// Where.
        root: RootChainId,
        /// Whom; none for a deployment.
        to: String,
        /// Why.
        revert: Revert,
    },
    /// Another chain than the configured one.
    #[error("{root}: the endpoint {url} is of chain {got}, not {expected}; name endpoints of the right chain")]
    WrongChain {
        /// Where.
        root: RootChainId,
        /// Whose answer.
        url: String,
        /// Id that it has.
        got: u64,
        /// Id that it should have.
        expected: u64,
    },
    /// Another contract than the configured one, or none.
    #[error(
        "{root}: the code of {name} at {address} has the hash {got}, not {expected}: it is another contract; nothing is attested or sent until configuration and chain agree"
    )]
    WrongCode {
        /// Where.
        root: RootChainId,
        /// The contract's name.
        name: &'static str,
        /// Its address.
        address: Address,
        /// keccak256 of what is there; that of nothing if nothing is.
        got: B256,
        /// What it should be, in words if any code would do.
        expected: String,
    },
    /// The account cannot pay.
    #[error(
        "{root}: the account {account} has {has} and needs {needs} (in the smallest unit); send it the coin of the root chain"
    )]
    Unfunded {
        /// Where.
        root: RootChainId,
        /// Whose.
        account: Address,
        /// What it has.
        has: U256,
        /// What it needs.
        needs: U256,
    },
    /// It would cost more than is allowed.
    #[error(
        "{root}: it would cost {needs}, above the ceiling of {ceiling} (in the smallest unit); wait for lower prices, or raise the ceiling"
    )]
    AboveCeiling {
        /// Where.
        root: RootChainId,
        /// What it would cost.
        needs: U256,
        /// The ceiling.
        ceiling: U256,
    },
    /// There is no key, or it may not do what it should.
    #[error("{root}: {why}")]
    Key {
        /// Where.
        root: RootChainId,
        /// What is wrong, and what to do.
        why: String,
    },
    /// It cannot be set up as configured.
    #[error("{root}: {why}")]
    Configuration {
        /// Where.
        root: RootChainId,
        /// What is wrong, and what to do.
        why: String,
    },
    /// What was asked for makes no sense.
    #[error("{root}: {why}")]
    Invalid {
        /// Where.
        root: RootChainId,
        /// What is wrong.
        why: String,
    },
}

impl RootError {
    /// Whether the same question may have an answer later, without anybody doing something.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::NotFinal { .. } | Self::AboveCeiling { .. })
    }

    /// Whether this chain must be halted, with an alarm, until a person has looked.
    pub const fn halts(&self) -> bool {
        matches!(self, Self::Disagreement { .. } | Self::WrongChain { .. } | Self::WrongCode { .. })
    }

    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Unavailable { .. } | Self::Disagreement { .. } | Self::Refused { .. } => Fault::Endpoint,
            Self::NotFinal { .. } | Self::Reverted { .. } | Self::Invalid { .. } => Fault::Caller,
            Self::WrongChain { .. }
            | Self::WrongCode { .. }
            | Self::Unfunded { .. }
            | Self::AboveCeiling { .. }
            | Self::Key { .. }
            | Self::Configuration { .. } => Fault::Operator,
        }
    }
}
