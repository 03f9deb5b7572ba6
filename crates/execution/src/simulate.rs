//! Calls for RPC: a transaction that nobody signed, on a state, without a trace left behind.
//!
//! The block environment is that of the given header. Rules of the sender are off (nonce, EIP-3607, gas cap of EIP-7825, block gas limit);
//! the balance must cover the value, and the fee only if the request names one. The gas is that of the request, at most the node's cap.

use crate::{
    CallError, InvalidTransaction,
    cache::{StateCache, StateError},
    environment::environment,
    machine::Machine,
    run::fatal,
    watch::Watch,
};
use alloy_evm::{
    Evm, EvmEnv,
    eth::EthEvmContext,
    overrides::{OverrideBlockHashes, StateOverrideError, apply_state_overrides},
    rpc::{CallFeesError, EthTxEnvError, TryIntoTxEnv},
};
use alloy_primitives::{Address, Bytes, Log, TxKind, U256};
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest, state::StateOverride};
use bttc_primitives::{ChainSpec, Header, StateReader};
use revm::{
    Inspector,
    context::TxEnv,
    context_interface::result::{EVMError, ExecutionResult, HaltReason, ResultAndState},
    inspector::NoOpInspector,
};
use std::time::Instant;

/// Where and within which bounds a call runs.
#[derive(Clone, Copy, Debug)]
pub struct CallEnv<'a> {
    /// The network.
    pub spec: &'a ChainSpec,
    /// The block that the call sees itself in.
    pub header: &'a Header,
    /// Most gas that a call may use.
    pub gas_cap: u64,
    /// When to give up; none for never.
    pub deadline: Option<Instant>,
}

/// What a call sees differently from how it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Accounts.
    pub state: Option<StateOverride>,
    /// Fields of the block.
    pub block: Option<Box<BlockOverrides>>,
}

/// What a call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallResult {
    /// Unit: gas, after refunds.
    pub gas_used: u64,
    /// How it ended.
    pub outcome: CallOutcome,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// Well.
    Success {
        /// What it returned; the code for a creation.
        output: Bytes,
        /// Its logs.
        logs: Vec<Log>,
        /// The contract it created.
        created: Option<Address>,
    },
    /// By REVERT.
    Revert {
        /// What it reverted with; [`crate::revert_reason`] puts it in words.
        output: Bytes,
    },
    /// By a fault such as lack of gas.
    Halt {
        /// The fault.
        reason: String,
    },
}

/// An EVM made ready for one request.
pub(crate) struct Session<S: StateReader, I> {
    pub(crate) evm: Machine<StateCache<S>, Watch<I>>,
    pub(crate) tx: TxEnv,
}

impl<S: StateReader, I: Inspector<EthEvmContext<StateCache<S>>>> Session<S, I> {
    /// Applies the overrides and reads the request.
    pub(crate) fn new(
        env: &CallEnv<'_>,
        state: S,
        request: &TransactionRequest,
        overrides: &Overrides,
        watch: Watch<I>,
    ) -> Result<Self, CallError> {
        let mut evm_env = environment(env.spec, env.header);
        let cfg = &mut evm_env.cfg_env;
        cfg.disable_nonce_check = true;
        cfg.disable_eip3607 = true;
        cfg.disable_block_gas_limit = true;
        cfg.tx_gas_limit_cap = Some(u64::MAX);
        let mut cache = StateCache::new(state);
        apply_overrides(&mut cache, &mut evm_env, overrides)?;
        let tx = transaction(env, &mut cache, &evm_env, request)?;
        if tx.gas_price == 0 {
            // A free call sees no base fee, as in geth: code that compares price and base fee finds them in order.
            evm_env.cfg_env.disable_base_fee = true;
            evm_env.block_env.basefee = 0;
        }
        let evm = Machine::new(cache, evm_env, watch, true, env.spec.is_ethereum());
        Ok(Self { evm, tx })
    }

    /// Runs `tx`; the state stays as it was.
    pub(crate) fn run(&mut self, tx: TxEnv) -> Result<ResultAndState, CallError> {
        let result = self.evm.transact_raw(tx.clone());
        if let Some(stopped) = self.evm.inspector_mut().stopped() {
            return Err(stopped.into());
        }
        result.map_err(|error| match error {
            EVMError::Transaction(error) => {
                InvalidTransaction::from_evm(error, &tx, self.evm.block(), self.evm.cfg_env()).into()
            }
            other => fatal(other).into(),
        })
    }
}

fn apply_overrides<S: StateReader>(
    cache: &mut StateCache<S>,
    env: &mut EvmEnv,
    overrides: &Overrides,
) -> Result<(), CallError> {
    if let Some(block) = &overrides.block {
        cache.apply_block_overrides((**block).clone(), &mut env.block_env);
    }
    overrides.state.as_ref().map_or(Ok(()), |state| apply_state_overrides_to(cache, state))
}

/// Changes accounts as a request wants them.
pub(crate) fn apply_state_overrides_to<S: StateReader>(
    cache: &mut StateCache<S>,
    state: &StateOverride,
) -> Result<(), CallError> {
    if state.values().any(|account| account.move_precompile_to.is_some()) {
        let what = "movePrecompileToAddress is not supported; override the code of the address instead";
        return Err(CallError::InvalidRequest(what.into()));
    }
    apply_state_overrides(state.clone(), cache).map_err(|error| match error {
        StateOverrideError::Database(StateError(fatal)) => fatal.into(),
        other => CallError::InvalidRequest(format!("state override: {other}")),
    })
}

/// The request as the EVM takes it: account nonce, gas within the cap and within what the sender can pay.
fn transaction<S: StateReader>(
    env: &CallEnv<'_>,
    cache: &mut StateCache<S>,
    evm_env: &EvmEnv,
    request: &TransactionRequest,
) -> Result<TxEnv, CallError> {
    if !env.spec.is_ethereum() && (request.blob_versioned_hashes.is_some() || request.max_fee_per_blob_gas.is_some()) {
        return Err(InvalidTransaction::Blob.into());
    }
    let base_fee = evm_env.block_env.basefee;
    let mut tx: TxEnv = request.clone().try_into_tx_env(evm_env).map_err(|error| match error {
        EthTxEnvError::CallFees(CallFeesError::FeeCapTooLow) => {
            let got = request.max_fee_per_gas.unwrap_or_default();
            InvalidTransaction::FeeBelowBaseFee { got, expected: base_fee }.into()
        }
        EthTxEnvError::CallFees(CallFeesError::TipAboveFeeCap) => InvalidTransaction::TipAboveFee {
            got: request.max_priority_fee_per_gas.unwrap_or_default(),
            expected: request.max_fee_per_gas.unwrap_or_default(),
        }
        .into(),
        other => CallError::InvalidRequest(other.to_string()),
    })?;
    let account = cache.account(tx.caller)?.unwrap_or_default();
    tx.nonce = request.nonce.unwrap_or(account.nonce);
    tx.gas_limit = request.gas.unwrap_or(env.gas_cap).min(env.gas_cap);
    if request.gas.is_none()
        && let Some(affordable) = affordable_gas(&tx, account.balance)
    {
        tx.gas_limit = tx.gas_limit.min(affordable);
    }
    Ok(tx)
}

/// Gas that a balance pays for beside the value; none if gas costs nothing.
pub(crate) fn affordable_gas(tx: &TxEnv, balance: U256) -> Option<u64> {
    let gas = balance.saturating_sub(tx.value).checked_div(U256::from(tx.gas_price))?;
    Some(gas.saturating_to())
}

/// Runs a call (`eth_call`).
///
/// A revert is an outcome here, not an error. Errors: [`CallError::GasCap`] if it ran out of gas at the node's cap.
pub fn call<S: StateReader>(
    env: &CallEnv<'_>,
    state: S,
    request: &TransactionRequest,
    overrides: &Overrides,
) -> Result<CallResult, CallError> {
    let watch = Watch::new(NoOpInspector, env.deadline);
    let mut session = Session::new(env, state, request, overrides, watch)?;
    session.evm.set_inspector_enabled(env.deadline.is_some());
    session.call(env, request)
}

/// The same for calls that take some microseconds; none if this one is longer, or may be: then nothing is known of it.
///
/// Whether it is short is found by counting, with the gas of the request, so that a short call cannot tell the difference.
pub fn call_short<S: StateReader>(
    env: &CallEnv<'_>,
    state: S,
    request: &TransactionRequest,
) -> Result<Option<CallResult>, CallError> {
    if !matches!(request.to, Some(TxKind::Call(_))) || request.authorization_list.is_some() {
        return Ok(None);
    }
    let watch = Watch::new(NoOpInspector, env.deadline).short();
    let mut session = Session::new(env, state, request, &Overrides::default(), watch)?;
    match session.call(env, request) {
        Err(CallError::Long) => Ok(None),
        done => done.map(Some),
    }
}

impl<S: StateReader> Session<S, NoOpInspector> {
    fn call(&mut self, env: &CallEnv<'_>, request: &TransactionRequest) -> Result<CallResult, CallError> {
        let tx = self.tx.clone();
        let capped = tx.gas_limit == env.gas_cap && request.gas.is_none_or(|gas| gas > env.gas_cap);
        let result = self.run(tx)?.result;
        let gas_used = result.tx_gas_used();
        let outcome = match result {
            ExecutionResult::Success { output, logs, .. } => {
                CallOutcome::Success { created: output.address().copied(), output: output.into_data(), logs }
            }
            ExecutionResult::Revert { output, .. } => CallOutcome::Revert { output },
            ExecutionResult::Halt { reason: HaltReason::OutOfGas(_), .. } if capped => {
                return Err(CallError::GasCap { limit: env.gas_cap });
            }
            ExecutionResult::Halt { reason, .. } => CallOutcome::Halt { reason: reason.to_string() },
        };
        Ok(CallResult { gas_used, outcome })
    }
}
