//! Blocks of unsigned calls on top of a block of the chain (`eth_simulateV1`).
//!
//! Each block is run by the executor of real blocks on what the blocks before it left; nothing is kept. Without validation nonces and the base
//! fee of free calls are not checked. Gaps in the numbers are filled with empty blocks.

use crate::{
    CallError, CallOutcome, FinishError, InvalidTransaction, RunError, TransactError, cache::StateCache, run::Run,
    simulate::apply_state_overrides_to, watch::Watch,
};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Transaction as _, constants::EMPTY_WITHDRAWALS, proofs};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_evm::{Evm, overrides::OverrideBlockHashes};
use alloy_primitives::{Address, B256, Log, U256, address};
use alloy_rpc_types_eth::{
    TransactionRequest,
    simulate::{MAX_SIMULATE_BLOCKS, SimBlock, SimulatePayload},
};
use bttc_consensus::next_base_fee;
use bttc_primitives::{
    Body, ChainSpec, EthereumHardforks, Fatal, Head, Header, Recovered, RecoveredBlock, SealedBlock, StateChanges,
    StateReader, Transaction, logs_bloom, receipts_root,
};
use revm::context_interface::result::{ExecutionResult, ResultAndState};
use revm_inspectors::transfer::TransferInspector;
use std::{cmp::Ordering, collections::BTreeMap, time::Instant};

/// Time between blocks that do not name theirs. Unit: seconds. Source: execution-apis.
const BLOCK_SECONDS: u64 = 12;
/// Address under which transfers of the chain's own token are logged. Source: execution-apis.
const TRANSFER_EMITTER: Address = address!("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");

/// Where and within which bounds blocks are simulated.
#[derive(Clone, Copy, Debug)]
pub struct SimulateEnv<'a> {
    /// The network.
    pub spec: &'a ChainSpec,
    /// The block they build on.
    pub base: &'a Head,
    /// Most gas that all calls together may use.
    pub gas_cap: u64,
    /// When to give up; none for never.
    pub deadline: Option<Instant>,
}

/// A block that was simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedBlock {
    /// The block; its transactions are signed with zeros.
    pub block: RecoveredBlock,
    /// What each of them did.
    pub calls: Vec<SimulatedCall>,
}

/// What a call of a simulated block did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedCall {
    /// Unit: gas, after refunds.
    pub gas_used: u64,
    /// Unit: gas, before refunds.
    pub max_gas_used: u64,
    /// How it ended. Logs of a success are in `logs`.
    pub outcome: CallOutcome,
    /// Its logs; with those of transfers, if they were asked for.
    pub logs: Vec<Log>,
}

/// Why blocks cannot be simulated.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SimulateError {
    /// Numbers do not rise.
    #[error("block numbers must be in order: {got} <= {parent}")]
    Number {
        /// Number that was asked for.
        got: U256,
        /// Number of the block before it.
        parent: u64,
    },
    /// Times do not rise.
    #[error("block timestamps must be in order: {got} <= {parent}")]
    Time {
        /// Time that was asked for.
        got: u64,
        /// Time of the block before it.
        parent: u64,
    },
    /// More blocks than one request may have, gaps included.
    #[error("too many blocks: at most {MAX_SIMULATE_BLOCKS} can be simulated after the base")]
    TooMany,
    /// A call asks for more gas than its block has left.
    #[error("block gas limit reached: the call asks for {got} gas, its block has {left} left")]
    BlockGas {
        /// Unit: gas.
        got: u64,
        /// Unit: gas.
        left: u64,
    },
    /// A call cannot run.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<Fatal> for SimulateError {
    fn from(fatal: Fatal) -> Self {
        Self::Call(fatal.into())
    }
}

impl From<RunError> for SimulateError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Invalid(invalid) => CallError::InvalidRequest(invalid.to_string()).into(),
            RunError::Fatal(fatal) => fatal.into(),
        }
    }
}

impl From<FinishError> for SimulateError {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::Invalid(invalid) => CallError::InvalidRequest(invalid.to_string()).into(),
            FinishError::Unsigned(error) => Fatal::from(error).into(),
            FinishError::Fatal(fatal) => fatal.into(),
        }
    }
}

/// Runs the blocks of a request one after the other. `root` computes the state root that changes since the base lead to.
pub fn simulate_blocks<S: StateReader>(
    env: &SimulateEnv<'_>,
    state: S,
    payload: &SimulatePayload,
    root: impl Fn(&StateChanges) -> Result<B256, Fatal>,
) -> Result<Vec<SimulatedBlock>, SimulateError> {
    let mut cache = StateCache::new(state);
    let mut parent = env.base.clone();
    let mut gas_left = env.gas_cap;
    let mut done = Vec::new();
    for block in plan(env.base, &payload.block_state_calls)? {
        if let Some(state) = &block.state_overrides {
            apply_state_overrides_to(&mut cache, state)?;
        }
        let header = header(env.spec, &parent, &block, payload.validation)?;
        let inspector = Watch::new(TransferInspector::new(false).with_logs(payload.trace_transfers), env.deadline);
        let run = Run::begin_on(env.spec, cache, &header, inspector, true)?;
        let simulation = Simulation { run, validation: payload.validation, gas_left: &mut gas_left };
        let (simulated, after) = simulation.block(header, &block.calls, &root)?;
        cache = after;
        let sealed = &simulated.block.block;
        cache.override_block_hashes(BTreeMap::from([(sealed.height(), sealed.hash())]));
        parent = Head { hash: sealed.hash(), header: sealed.header.clone() };
        done.push(simulated);
    }
    Ok(done)
}

/// The blocks with number and time of each, gaps filled.
fn plan(base: &Head, blocks: &[SimBlock]) -> Result<Vec<SimBlock>, SimulateError> {
    let (mut number, mut time) = (base.header.number, base.header.timestamp);
    let mut planned = Vec::new();
    for block in blocks {
        let mut block = block.clone();
        let mut overrides = block.block_overrides.take().unwrap_or_default();
        let wanted = overrides.number.unwrap_or_else(|| U256::from(number.saturating_add(1)));
        if wanted <= U256::from(number) {
            return Err(SimulateError::Number { got: wanted, parent: number });
        }
        let last = base.header.number.saturating_add(MAX_SIMULATE_BLOCKS);
        let wanted = u64::try_from(wanted).ok().filter(|wanted| *wanted <= last).ok_or(SimulateError::TooMany)?;
        for gap in number.saturating_add(1)..wanted {
            time = time.saturating_add(BLOCK_SECONDS);
            let mut empty = SimBlock::default();
            let overrides = empty.block_overrides.get_or_insert_default();
            (overrides.number, overrides.time) = (Some(U256::from(gap)), Some(time));
            planned.push(empty);
        }
        let at = overrides.time.unwrap_or_else(|| time.saturating_add(BLOCK_SECONDS));
        if at <= time {
            return Err(SimulateError::Time { got: at, parent: time });
        }
        (number, time) = (wanted, at);
        (overrides.number, overrides.time) = (Some(U256::from(number)), Some(time));
        block.block_overrides = Some(overrides);
        planned.push(block);
    }
    Ok(planned)
}

/// What is known of a block before it runs.
fn header(spec: &ChainSpec, parent: &Head, block: &SimBlock, validation: bool) -> Result<Header, SimulateError> {
    let overrides = block.block_overrides.clone().unwrap_or_default();
    let number = overrides.number.unwrap_or_default().saturating_to();
    let timestamp = overrides.time.unwrap_or_default();
    let (cancun, merged) = (spec.is_cancun_active_at_timestamp(timestamp), spec.is_paris_active_at_block(number));
    let base_fee = match (spec.is_london_active_at_block(number), overrides.base_fee) {
        (false, _) => None,
        (true, Some(fee)) => {
            let what = || CallError::InvalidRequest("baseFeePerGas is larger than 64 bits".into());
            Some(u64::try_from(fee).map_err(|_| what())?)
        }
        (true, None) if validation => next_base_fee(spec, &parent.header),
        (true, None) => Some(0),
    };
    let excess = spec
        .blob_params(timestamp)
        .map_or(0, |params| parent.header.next_block_excess_blob_gas(params).unwrap_or_default());
    Ok(Header {
        parent_hash: parent.hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        number,
        timestamp,
        beneficiary: overrides.coinbase.unwrap_or(parent.header.beneficiary),
        difficulty: overrides.difficulty.unwrap_or(if merged { U256::ZERO } else { parent.header.difficulty }),
        gas_limit: overrides.gas_limit.unwrap_or(parent.header.gas_limit),
        mix_hash: overrides.random.unwrap_or_default(),
        base_fee_per_gas: base_fee,
        withdrawals_root: spec.is_shanghai_active_at_timestamp(timestamp).then_some(EMPTY_WITHDRAWALS),
        blob_gas_used: cancun.then_some(0),
        excess_blob_gas: cancun.then_some(excess),
        parent_beacon_block_root: cancun.then_some(B256::ZERO),
        requests_hash: spec.is_prague_active_at_timestamp(timestamp).then_some(EMPTY_REQUESTS_HASH),
        ..Default::default()
    })
}

/// One block in the middle of its run.
struct Simulation<'a, 'b, S: StateReader> {
    run: Run<'a, S, Watch<TransferInspector>>,
    validation: bool,
    gas_left: &'b mut u64,
}

impl<S: StateReader> Simulation<'_, '_, S> {
    fn block(
        mut self,
        mut header: Header,
        requests: &[TransactionRequest],
        root: &impl Fn(&StateChanges) -> Result<B256, Fatal>,
    ) -> Result<(SimulatedBlock, StateCache<S>), SimulateError> {
        let (mut calls, mut transactions, mut senders) = (Vec::new(), Vec::new(), Vec::new());
        for request in requests {
            let sender = request.from.unwrap_or_default();
            let tx = self.transaction(request, sender)?;
            calls.push(self.call(Recovered::new_unchecked(&tx, sender))?);
            transactions.push(tx);
            senders.push(sender);
        }
        let requests = self.run.end_simulated()?;
        let receipts = std::mem::take(&mut self.run.receipts);
        header.requests_hash = header.requests_hash.map(|_| requests.requests_hash());
        header.state_root = root(&self.run.changes()?)?;
        header.transactions_root = proofs::calculate_transaction_root(&transactions);
        header.receipts_root = receipts_root(&receipts);
        header.logs_bloom = logs_bloom(&receipts);
        header.gas_used = receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used);
        let blob_gas = transactions.iter().filter_map(|tx| tx.blob_gas_used()).fold(0, u64::saturating_add);
        header.blob_gas_used = header.blob_gas_used.map(|_| blob_gas);
        let withdrawals = header.withdrawals_root.map(|_| Default::default());
        let body = Body { transactions, withdrawals, ..Default::default() };
        let block = RecoveredBlock { block: SealedBlock::seal(header, body), senders };
        Ok((SimulatedBlock { block, calls }, self.run.into_cache()))
    }

    /// The request as a transaction: next nonce, all gas that is left, no fee, unless it says otherwise.
    fn transaction(&mut self, request: &TransactionRequest, sender: Address) -> Result<Transaction, SimulateError> {
        let mut request = request.clone();
        let left = self.run.gas_left();
        let gas = request.gas.unwrap_or(left);
        if gas > left {
            return Err(SimulateError::BlockGas { got: gas, left });
        }
        request.gas = Some(gas.min(*self.gas_left));
        if request.nonce.is_none() {
            let account = self.run.evm_mut().db_mut().account(sender)?;
            request.nonce = Some(account.map_or(0, |account| account.nonce));
        }
        request.chain_id = request.chain_id.or(Some(self.run.spec.chain_id()));
        request.value = request.value.or(Some(U256::ZERO));
        if request.to.is_none() {
            request.to = Some(alloy_primitives::TxKind::Create);
        }
        if request.gas_price.is_none() {
            if self.run.header.base_fee_per_gas.is_none() {
                request.gas_price = Some(0);
            } else {
                request.max_fee_per_gas = request.max_fee_per_gas.or(Some(0));
                request.max_priority_fee_per_gas = request.max_priority_fee_per_gas.or(Some(0));
            }
        }
        if request.blob_versioned_hashes.is_none() {
            request.max_fee_per_blob_gas = None;
        }
        let tx = request.build_typed_simulate_transaction();
        tx.map_err(|error| CallError::InvalidRequest(error.to_string()).into())
    }

    /// Nonces are judged before fees, other than the EVM does.
    fn check_nonce(&mut self, tx: Recovered<&Transaction>) -> Result<(), SimulateError> {
        let (sender, got) = (tx.signer(), tx.nonce());
        let expected = self.run.evm_mut().db_mut().account(sender)?.map_or(0, |account| account.nonce);
        let invalid = match got.cmp(&expected) {
            Ordering::Less => InvalidTransaction::NonceTooLow { sender, got, expected },
            Ordering::Greater => InvalidTransaction::NonceTooHigh { sender, got, expected },
            Ordering::Equal if got == u64::MAX => InvalidTransaction::NonceOverflow { sender },
            Ordering::Equal => return Ok(()),
        };
        Err(CallError::Invalid(invalid).into())
    }

    fn call(&mut self, tx: Recovered<&Transaction>) -> Result<SimulatedCall, SimulateError> {
        let free = tx.max_fee_per_gas() == 0;
        let validation = self.validation;
        if validation {
            self.check_nonce(tx)?;
        }
        let cfg = self.run.evm_mut().cfg_mut();
        cfg.disable_nonce_check = !validation;
        cfg.disable_eip3607 = true;
        cfg.disable_base_fee = !validation && free;
        cfg.disable_block_gas_limit = true;
        cfg.tx_gas_limit_cap = Some(u64::MAX);
        let executed = self.run.execute(tx);
        if let Some(stopped) = self.run.evm_mut().inspector_mut().stopped() {
            return Err(CallError::from(stopped).into());
        }
        let mut executed = executed.map_err(|error| match error {
            TransactError::Invalid(invalid) => CallError::Invalid(invalid),
            TransactError::Full { needed, available } => {
                CallError::Invalid(InvalidTransaction::GasAboveBlock { got: needed, expected: available })
            }
            TransactError::Fatal(fatal) => CallError::Fatal(fatal),
        })?;
        let call = simulated_call(&mut executed);
        *self.gas_left = self.gas_left.saturating_sub(call.gas_used);
        self.run.keep(tx, executed);
        Ok(call)
    }
}

/// What a call did. The logs of transfers are taken out of `executed`: no receipt has them.
fn simulated_call(executed: &mut ResultAndState) -> SimulatedCall {
    let gas = *executed.result.gas();
    let (logs, outcome) = match &mut executed.result {
        ExecutionResult::Success { logs, output, .. } => {
            let all = logs.clone();
            logs.retain(|log| log.address != TRANSFER_EMITTER);
            let created = output.address().copied();
            (all, CallOutcome::Success { output: output.data().clone(), logs: Vec::new(), created })
        }
        ExecutionResult::Revert { output, logs, .. } => {
            logs.clear();
            (Vec::new(), CallOutcome::Revert { output: output.clone() })
        }
        ExecutionResult::Halt { reason, logs, .. } => {
            logs.clear();
            (Vec::new(), CallOutcome::Halt { reason: reason.to_string() })
        }
    };
    let max_gas_used = gas.total_gas_spent().max(gas.floor_gas());
    SimulatedCall { gas_used: gas.tx_gas_used(), max_gas_used, outcome, logs }
}
