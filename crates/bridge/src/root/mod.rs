//! A root chain as the relayer sees it: what is final there, and transactions of ours that are made once, kept, and sent until they are
//! final or can never be (docs/tron.md, section 3).
//!
//! - [`RootChain`] is the seam. [`Ethereum`] and [`Tron`] implement it, `fake` does for tests.
//! - Nothing is read that could be reverted, but where a name says `newest`. Answers about what is final come from several endpoints that
//!   must agree.
//! - Sending: [`RootChain::prepare`] signs, the caller **persists the [`Attempt`]**, then [`RootChain::broadcast`] sends it, again and again,
//!   until [`RootChain::status`] says [`AttemptStatus::Final`] or [`AttemptStatus::Dead`]. An intent has at most one live attempt. On Ethereum
//!   [`RootChain::bump`] adds a version with higher fees to the attempt, which has the same nonce, so that only one of them can happen; on
//!   TRON, which has no nonce, nothing is ever added.
//! - Implementations keep no state of their own: what must survive a restart is in the attempts, which the caller keeps.

use alloy_primitives::{Address, B256, Bytes};
use std::future::Future;

mod attempt;
mod carry_out;
mod check;
mod endpoints;
mod error;
mod ethereum;
#[cfg(any(test, feature = "test-utils"))]
pub mod fake;
mod fees;
mod final_chain;
mod json_rpc;
mod keys;
#[cfg(test)]
mod mock;
mod pages;
mod standing;
mod tron;
mod types;
mod verdicts;

pub use attempt::{
    Action, AfterFailure, Attempt, AttemptStatus, BroadcastVerdict, Ending, FeePolicy, Intent, MAX_RAISES, Slot,
    Version, VersionFee, after_failure,
};
pub use carry_out::{CarriedOut, CarryOutError, Pace, carry_out, deploy};
pub use endpoints::Agreement;
pub use error::{Fault, RootError};
pub use ethereum::{Ethereum, EthereumConfig, EthereumSigner, Finality};
pub use keys::{KeyError, open_key};
pub use tron::{Tron, TronConfig, TronEndpoint};
pub use types::{
    BlockRef, Call, Expected, ExpectedCode, Funds, LogFilter, Revert, RootChainId, RootKind, RootLog, SeenTransaction,
    Simulation,
};

/// One root chain. Ask it as often as you like; it holds no state.
pub trait RootChain: Send + Sync + 'static {
    /// Which one it is.
    fn id(&self) -> RootChainId;

    /// The account that sends, if there is a key.
    fn account(&self) -> Option<Address>;

    /// Whether this is the chain that is expected, with the code that is expected. To be asked at start, before anything else.
    ///
    /// Errors: [`RootError::WrongChain`], [`RootError::WrongCode`] (of final state); others if nobody answers.
    fn check(&self, expected: &Expected) -> impl Future<Output = Result<(), RootError>> + Send;

    /// The last block that nothing reverts.
    fn final_head(&self) -> impl Future<Output = Result<BlockRef, RootError>> + Send;

    /// The newest block, for display and estimates alone: it may be reverted.
    fn newest_head(&self) -> impl Future<Output = Result<BlockRef, RootError>> + Send;

    /// A final block.
    ///
    /// Errors: [`RootError::NotFinal`] above the final head.
    fn final_block(&self, number: u64) -> impl Future<Output = Result<BlockRef, RootError>> + Send;

    /// Logs of the final blocks `from` to `to`, both included, in their order. Any length: it is asked in pages.
    ///
    /// Errors: [`RootError::NotFinal`] if `to` is above the final head.
    fn final_logs(
        &self,
        from: u64,
        to: u64,
        filter: &LogFilter,
    ) -> impl Future<Output = Result<Vec<RootLog>, RootError>> + Send;

    /// The same as [`Self::final_logs`], but out of every receipt of every block instead of a node's index of logs, which can have holes.
    /// Slow: one question a block.
    fn audit_logs(
        &self,
        from: u64,
        to: u64,
        filter: &LogFilter,
    ) -> impl Future<Output = Result<Vec<RootLog>, RootError>> + Send;

    /// What a view answers on the final state.
    ///
    /// Errors: [`RootError::Reverted`] with the reason.
    fn final_call(&self, to: Address, data: Bytes) -> impl Future<Output = Result<Bytes, RootError>> + Send;

    /// What a call would do on the newest state, and what it would cost. A revert is an answer, not an error.
    fn simulate(&self, call: &Call) -> impl Future<Output = Result<Simulation, RootError>> + Send;

    /// What the sending account has, and needs for one more attempt under this policy.
    fn funds(&self, fee: &FeePolicy) -> impl Future<Output = Result<Funds, RootError>> + Send;

    /// A transaction by its id, final or not; none if nobody knows it.
    fn transaction(&self, id: B256) -> impl Future<Output = Result<Option<SeenTransaction>, RootError>> + Send;

    /// Whether any node has a transaction that waits for a block, for display alone. One that is in a block may be told, too: ask
    /// [`Self::transaction`] first. A chain that cannot tell says no.
    fn is_waiting(&self, id: B256) -> impl Future<Output = bool> + Send {
        let _ = id;
        std::future::ready(false)
    }

    /// Makes and signs a transaction for an intent, after a simulation of it. Nothing is sent: persist the attempt first.
    ///
    /// `live` are all attempts of this chain that are neither final nor dead. No other `prepare` for this chain may run before the answer is
    /// among them: on Ethereum they hold the nonces.
    ///
    /// Errors: [`RootError::Reverted`] (it would be charged for nothing), [`RootError::Unfunded`], [`RootError::AboveCeiling`].
    fn prepare(
        &self,
        intent: &Intent,
        fee: &FeePolicy,
        live: &[Attempt],
    ) -> impl Future<Output = Result<Attempt, RootError>> + Send;

    /// The attempt with one more version that pays at least an eighth more, if the chain has such a thing, the ceiling allows it, and the
    /// prices of now ask for it; none otherwise. Persist it before it is sent.
    ///
    /// On TRON always none.
    fn bump(
        &self,
        attempt: &Attempt,
        fee: &FeePolicy,
    ) -> impl Future<Output = Result<Option<Attempt>, RootError>> + Send;

    /// Hands out the newest version of an attempt, the very bytes, to every endpoint; the best verdict counts.
    fn broadcast(&self, attempt: &Attempt) -> impl Future<Output = BroadcastVerdict> + Send;

    /// How an attempt stands, whichever of its versions happened.
    fn status(&self, attempt: &Attempt) -> impl Future<Output = Result<AttemptStatus, RootError>> + Send;
}
