//! One block, from its first system call to its last system transaction.
//!
//! The flow: [`BlockRun::begin`] on the state after the parent; [`BlockRun::transact`] for each transaction, which changes nothing when it
//! is refused; [`BlockRun::finish`] pays the fees out, runs the system transactions and hands back receipts and state changes. The same EVM
//! and the same cache serve the whole block.

use crate::{
    EthereumEnd, EthereumOutcome, FinishError, RunError, TransactError,
    run::Run,
    system::{SystemCall, SystemTransactions},
};
use alloy_primitives::{Address, Bytes, U256};
use bttc_consensus::FeeSplit;
use bttc_primitives::{
    ChainSpec, Fatal, Header, Receipt, Recovered, SignerBitmap, StateChanges, StateReader, Transaction,
};
use revm::inspector::NoOpInspector;

/// A block in the middle of its run.
///
/// It stays on the thread that began it (the EVM is not `Send`): run a whole block inside one blocking task.
pub struct BlockRun<'a, S: StateReader> {
    run: Run<'a, S, NoOpInspector>,
}

/// What a transaction did, as far as the maker of a block wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxResult {
    /// Unit: gas, after refunds.
    pub gas_used: u64,
    /// Whether it did not revert.
    pub success: bool,
    /// Priority fee paid. Unit: wei.
    pub tip: U256,
}

/// What a block did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockOutcome {
    /// Receipts of all transactions, system transactions among them.
    pub receipts: Vec<Receipt>,
    /// Gas used by all transactions.
    pub gas_used: u64,
    /// What changed in the state.
    pub changes: StateChanges,
    /// Where the fees went; all zero under the `ethereum` spec, where the beneficiary has them.
    pub fees: FeeSplit,
    /// System transactions that were made; empty when they were only checked.
    pub system_transactions: Vec<Transaction>,
}

impl<'a, S: StateReader> BlockRun<'a, S> {
    /// Begins the block with `header` on `state`, which is that after the parent.
    ///
    /// `header` may be finished or still without roots. Runs the EIP-2935 and EIP-4788 calls.
    pub fn begin(spec: &'a ChainSpec, state: S, header: &Header) -> Result<Self, RunError> {
        Ok(Self { run: Run::begin(spec, state, header, NoOpInspector, false)? })
    }

    /// A run in a block that has begun already: without the calls at its start, as Ethereum's state tests want it.
    pub fn resume(spec: &'a ChainSpec, state: S, header: &Header) -> Self {
        Self { run: Run::resume(spec, state, header, NoOpInspector, false) }
    }

    /// Tells the staking contracts who proposes the block and who signed the one before (`last_commit` of the body); answers with the members that are
    /// down since then. Comes right after [`Self::begin`]; does nothing where no staking contracts are.
    pub fn open(&mut self, signers: &SignerBitmap) -> Result<Vec<Address>, Fatal> {
        self.run.open(signers)
    }

    /// Answers a question to a contract on the state as it is now; nothing of it stays.
    pub fn ask(&mut self, question: &SystemCall) -> Result<Bytes, Fatal> {
        self.run.ask(question)
    }

    /// Keeps gas free for `calls` system transactions.
    pub const fn reserve_system_gas(&mut self, calls: usize) {
        self.run.reserve_system_gas(calls);
    }

    /// Gas left for transactions, without what is reserved.
    pub const fn gas_left(&self) -> u64 {
        self.run.gas_left()
    }

    /// Runs one transaction and keeps what it did. After a refusal everything is as before.
    pub fn transact(&mut self, tx: Recovered<&Transaction>) -> Result<TxResult, TransactError> {
        self.run.transact(tx)
    }

    /// What changed in the state so far; before Byzantium a receipt names the root after its transaction.
    pub fn changes(&self) -> Result<StateChanges, Fatal> {
        self.run.changes()
    }

    /// Ends the run where it stands: nobody is paid, nothing else happens.
    pub fn stop(self) -> Result<BlockOutcome, FinishError> {
        self.run.into_outcome(FeeSplit::default(), Vec::new())
    }

    /// Ends the block: credits the treasury, then makes or checks the system transactions and runs them.
    ///
    /// Gas reserved for them is given up.
    pub fn finish(self, system: SystemTransactions<'_>) -> Result<BlockOutcome, FinishError> {
        self.run.finish(system)
    }

    /// Ends a block of the `ethereum` spec: block rewards, withdrawals, requests. There are no system transactions.
    pub fn finish_ethereum(self, end: EthereumEnd<'_>) -> Result<EthereumOutcome, FinishError> {
        self.run.finish_ethereum(end)
    }
}
