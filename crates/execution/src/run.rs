//! The executor behind [`crate::BlockRun`] and the traces: a block in the middle of its run, with or without an inspector.

use crate::{
    BlockOutcome, FinishError, InvalidTransaction, RunError, TransactError, TxResult,
    cache::{StateCache, StateError},
    environment::environment,
    machine::Machine,
    system::{self, SystemTransactions},
};
use alloy_consensus::{Eip658Value, Transaction as _};
use alloy_evm::{Evm, FromRecoveredTx, eth::EthEvmContext};
use alloy_primitives::U256;
use bttc_consensus::{FeeSplit, InvalidBlock, SYSTEM_TX_GAS, split_fees};
use bttc_contracts::addresses::TREASURY;
use bttc_primitives::{
    ChainSpec, EthereumHardforks, Fatal, Header, Receipt, Recovered, StateChanges, StateReader, Transaction,
};
use revm::{
    DatabaseCommit, Inspector,
    context::TxEnv,
    context_interface::result::{EVMError, ResultAndState},
};

/// A block in the middle of its run. `I` is what watches the EVM.
pub(crate) struct Run<'a, S: StateReader, I> {
    pub(crate) spec: &'a ChainSpec,
    pub(crate) header: Header,
    evm: Machine<StateCache<S>, I>,
    pub(crate) receipts: Vec<Receipt>,
    gas_used: u64,
    reserved: u64,
    base_fees: U256,
    tips: U256,
    fees: Option<FeeSplit>,
}

impl<'a, S: StateReader, I: Inspector<EthEvmContext<StateCache<S>>>> Run<'a, S, I> {
    /// Begins a block whose transactions an inspector may watch; it never sees the calls at the start.
    pub(crate) fn begin(
        spec: &'a ChainSpec,
        state: S,
        header: &Header,
        inspector: I,
        inspect: bool,
    ) -> Result<Self, RunError> {
        let mut run = Self::resume(spec, state, header, inspector, inspect);
        run.start()?;
        Ok(run)
    }

    /// Begins a block on what other blocks have left in `cache`.
    pub(crate) fn begin_on(
        spec: &'a ChainSpec,
        cache: StateCache<S>,
        header: &Header,
        inspector: I,
        inspect: bool,
    ) -> Result<Self, RunError> {
        let mut run = Self::resume_on(spec, cache, header, inspector, inspect);
        run.start()?;
        Ok(run)
    }

    /// The same in a block that has begun: without what happens at its start.
    pub(crate) fn resume(spec: &'a ChainSpec, state: S, header: &Header, inspector: I, inspect: bool) -> Self {
        Self::resume_on(spec, StateCache::new(state), header, inspector, inspect)
    }

    fn resume_on(spec: &'a ChainSpec, mut cache: StateCache<S>, header: &Header, inspector: I, inspect: bool) -> Self {
        let env = environment(spec, header);
        cache.keep_empty_accounts(!spec.is_spurious_dragon_active_at_block(header.number));
        let evm = Machine::new(cache, env, inspector, inspect, spec.is_ethereum());
        Self {
            spec,
            header: header.clone(),
            evm,
            receipts: Vec::new(),
            gas_used: 0,
            reserved: 0,
            base_fees: U256::ZERO,
            tips: U256::ZERO,
            fees: None,
        }
    }

    /// Keeps gas free for `calls` system transactions.
    pub(crate) const fn reserve_system_gas(&mut self, calls: usize) {
        self.reserved = (calls as u64).saturating_mul(SYSTEM_TX_GAS);
    }

    /// Gas left for transactions, without what is reserved.
    pub(crate) const fn gas_left(&self) -> u64 {
        self.header.gas_limit.saturating_sub(self.gas_used).saturating_sub(self.reserved)
    }

    /// Runs one transaction and keeps what it did. After a refusal everything is as before.
    pub(crate) fn transact(&mut self, tx: Recovered<&Transaction>) -> Result<TxResult, TransactError> {
        let (needed, available) = (tx.gas_limit(), self.gas_left());
        if needed > self.header.gas_limit {
            let expected = self.header.gas_limit;
            return Err(InvalidTransaction::GasAboveBlock { got: needed, expected }.into());
        }
        if needed > available {
            return Err(TransactError::Full { needed, available });
        }
        let result = self.execute(tx)?;
        Ok(self.keep(tx, result))
    }

    /// Runs one transaction of any kind without keeping what it did.
    pub(crate) fn execute(&mut self, tx: Recovered<&Transaction>) -> Result<ResultAndState, TransactError> {
        if tx.is_eip4844() && !self.spec.is_ethereum() {
            return Err(InvalidTransaction::Blob.into());
        }
        let env = || TxEnv::from_recovered_tx(tx.inner(), tx.signer());
        self.evm.transact_raw(env()).map_err(|error| match error {
            EVMError::Transaction(error) => {
                let env = env();
                InvalidTransaction::from_evm(error, &env, self.evm.block(), self.evm.cfg_env()).into()
            }
            other => fatal(other).into(),
        })
    }

    /// Keeps what a transaction did: state, gas, fees, receipt.
    pub(crate) fn keep(&mut self, tx: Recovered<&Transaction>, result: ResultAndState) -> TxResult {
        let ResultAndState { result, state } = result;
        let (gas_used, success) = (result.tx_gas_used(), result.is_success());
        self.gas_used = self.gas_used.saturating_add(gas_used);
        let tip = self.count_fees(tx.inner(), gas_used);
        self.evm.db_mut().commit(state);
        self.receipts.push(Receipt {
            tx_type: tx.tx_type(),
            // Before Byzantium (`ethereum` spec) the state root after the transaction stands here.
            outcome: Eip658Value::Eip658(result.is_success()),
            cumulative_gas_used: self.gas_used,
            logs: result.into_logs(),
        });
        TxResult { gas_used, success, tip }
    }

    /// Adds the fees of a transaction to those of the block; returns the tip. System transactions pay none.
    fn count_fees(&mut self, tx: &Transaction, gas_used: u64) -> U256 {
        if self.fees.is_some() {
            return U256::ZERO;
        }
        let base_fee = self.header.base_fee_per_gas.unwrap_or_default();
        let price = tx.effective_gas_price(self.header.base_fee_per_gas);
        let gas = U256::from(gas_used);
        // A fee was paid from a balance, so no product and no sum of them can overflow.
        let tip = U256::from(price.saturating_sub(base_fee.into())).saturating_mul(gas);
        self.base_fees = self.base_fees.saturating_add(U256::from(base_fee).saturating_mul(gas));
        self.tips = self.tips.saturating_add(tip);
        tip
    }

    /// Pays the fees of the block out, once; what comes after it pays none.
    pub(crate) fn settle_fees(&mut self) -> Result<FeeSplit, Fatal> {
        if let Some(fees) = self.fees {
            return Ok(fees);
        }
        let fees = match self.spec.fees() {
            Some(rules) => split_fees(rules, self.base_fees, self.tips),
            None => FeeSplit::default(),
        };
        self.evm.db_mut().credit(TREASURY, fees.credited())?;
        self.fees = Some(fees);
        self.tell_fees(&fees)?;
        Ok(fees)
    }

    /// Runs a system transaction without keeping what it did. It pays nothing, so the base fee is no bar.
    pub(crate) fn execute_system(&mut self, tx: Recovered<&Transaction>) -> Result<ResultAndState, TransactError> {
        self.evm.cfg_mut().disable_base_fee = true;
        let result = self.execute(tx);
        self.evm.cfg_mut().disable_base_fee = false;
        result
    }

    /// Ends the block: credits the treasury, then makes or checks the system transactions and runs them.
    ///
    /// Gas reserved for them is given up.
    pub(crate) fn finish(mut self, system: SystemTransactions<'_>) -> Result<BlockOutcome, FinishError> {
        let fees = self.settle_fees()?;
        self.reserved = 0;
        let mut made = Vec::new();
        match system {
            SystemTransactions::Make { calls, signer } => {
                let (signs, proposer) = (signer.address(), self.header.beneficiary);
                while let Some(call) = calls.next(&mut |question| self.ask(question))? {
                    if signs != proposer {
                        let what = format!("the key of {signs} cannot sign for the proposer {proposer}");
                        return Err(Fatal::new(what).into());
                    }
                    let tx = system::make(self.spec, &call, self.proposer_nonce()?, signer)?;
                    self.run_system(Recovered::new_unchecked(&tx, proposer))?;
                    made.push(tx);
                }
            }
            SystemTransactions::Check { calls, transactions } => {
                let first = self.receipts.len();
                let mut rest = transactions.iter();
                while let Some(call) = calls.next(&mut |question| self.ask(question))? {
                    let index = self.receipts.len();
                    let tx = rest
                        .next()
                        .ok_or_else(|| system::wrong_count(index, transactions.len(), "more: one is missing"))?;
                    let nonce = self.proposer_nonce()?;
                    system::check(self.spec, &call, nonce, self.header.beneficiary, index, *tx)?;
                    self.run_system(*tx)?;
                }
                if rest.len() > 0 {
                    let expected = transactions.len().saturating_sub(rest.len());
                    return Err(system::wrong_count(first, transactions.len(), &expected.to_string()));
                }
            }
        }
        self.into_outcome(fees, made)
    }

    /// What the block left, for the next one.
    pub(crate) fn into_cache(self) -> StateCache<S> {
        self.evm.into_db()
    }

    /// What changed in the state so far.
    pub(crate) fn changes(&self) -> Result<StateChanges, Fatal> {
        self.evm.db().changes()
    }

    pub(crate) fn into_outcome(
        self,
        fees: FeeSplit,
        system_transactions: Vec<Transaction>,
    ) -> Result<BlockOutcome, FinishError> {
        let Self { evm, receipts, gas_used, .. } = self;
        let changes = evm.into_db().changes()?;
        Ok(BlockOutcome { receipts, gas_used, changes, fees, system_transactions })
    }

    fn proposer_nonce(&mut self) -> Result<u64, Fatal> {
        let proposer = self.evm.db_mut().account(self.header.beneficiary)?;
        Ok(proposer.map_or(0, |account| account.nonce))
    }

    fn run_system(&mut self, tx: Recovered<&Transaction>) -> Result<(), FinishError> {
        let index = self.receipts.len();
        let refuse = |why: String| FinishError::from(InvalidBlock::SystemTransaction { index, why });
        let (needed, available) = (tx.gas_limit(), self.gas_left());
        if needed > available {
            return Err(refuse(format!("needs {needed} gas, the block has {available} left")));
        }
        let result = match self.execute_system(tx) {
            Ok(result) => result,
            Err(TransactError::Fatal(fatal)) => return Err(fatal.into()),
            Err(refused) => return Err(refuse(refused.to_string())),
        };
        if !result.result.is_success() {
            let output = result.result.output().cloned().unwrap_or_default();
            return Err(refuse(format!("failed with output {output}")));
        }
        self.keep(tx, result);
        Ok(())
    }

    /// The EVM, for tracing.
    pub(crate) const fn evm_mut(&mut self) -> &mut Machine<StateCache<S>, I> {
        &mut self.evm
    }

    /// Runs a transaction of a block that is known to be valid, system transactions among them, without keeping what it did.
    pub(crate) fn replay(&mut self, tx: Recovered<&Transaction>) -> Result<ResultAndState, TransactError> {
        if system::is_system_transaction(self.spec, self.header.beneficiary, tx) {
            self.settle_fees()?;
            return self.execute_system(tx);
        }
        self.execute(tx)
    }

    /// Runs and keeps a transaction of a block that is known to be valid.
    pub(crate) fn replay_and_keep(&mut self, tx: Recovered<&Transaction>) -> Result<(), TransactError> {
        let result = self.replay(tx)?;
        self.keep(tx, result);
        Ok(())
    }
}

/// What the EVM reports beside refused transactions is trouble of ours.
pub(crate) fn fatal(error: EVMError<StateError>) -> Fatal {
    match error {
        EVMError::Database(StateError(fatal)) => fatal,
        other => Fatal::while_doing("running a transaction", other),
    }
}
