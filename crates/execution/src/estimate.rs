//! How much gas a transaction needs (`eth_estimateGas`).
//!
//! One run with all the gas it may have tells whether it can succeed and gives a first guess; a binary search then looks for the least limit
//! with which it still does. A call hands at most 63/64 of its gas down, so the need is more than what is used. The search stops within
//! 1.5 % of the answer, on the safe side.

use crate::{
    CallEnv, CallError, InvalidTransaction, Overrides,
    simulate::{Session, affordable_gas},
    watch::Watch,
};
use alloy_eips::eip7825::MAX_TX_GAS_LIMIT_OSAKA;
use alloy_evm::{Evm, eth::EthEvmContext};
use alloy_primitives::TxKind;
use alloy_rpc_types_eth::TransactionRequest;
use bttc_primitives::{EthereumHardforks, Fatal, StateReader};
use revm::{
    Inspector,
    context::TxEnv,
    context_interface::result::{ExecutionResult, ResultGas},
    inspector::NoOpInspector,
};

use crate::cache::StateCache;

/// Gas of a plain transfer (Yellow Paper, appendix G).
const TRANSFER_GAS: u64 = 21_000;

/// Gas that a called contract gets on top when value is sent to it (Yellow Paper, appendix G).
const CALL_STIPEND: u64 = 2_300;

/// How far above the least limit the answer may be. Unit: one thousandth.
const TOLERANCE: u64 = 15;

/// Least gas limit, within 1.5 %, with which the transaction succeeds.
///
/// Errors: [`CallError::Reverted`] with its data; [`CallError::OutOfAllowance`] if no limit that the sender can pay for and the node allows
/// is enough.
pub fn estimate_gas<S: StateReader>(
    env: &CallEnv<'_>,
    state: S,
    request: &TransactionRequest,
    overrides: &Overrides,
) -> Result<u64, CallError> {
    let watch = Watch::new(NoOpInspector, env.deadline);
    let mut session = Session::new(env, state, request, overrides, watch)?;
    session.evm.set_inspector_enabled(env.deadline.is_some());
    let (highest, transfer) = bounds(env, &mut session, request)?;
    if transfer && matches!(attempt(&mut session, TRANSFER_GAS)?, Attempt::Success(_)) {
        return Ok(TRANSFER_GAS);
    }
    let gas = match attempt(&mut session, highest)? {
        Attempt::Success(gas) => gas,
        Attempt::Reverted(output) => return Err(CallError::reverted(output)),
        Attempt::Short(reason) => {
            return Err(CallError::OutOfAllowance { limit: highest, reason });
        }
    };
    search(&mut session, highest, gas)
}

/// The highest limit to try, and whether it is a plain transfer.
fn bounds<S: StateReader, I: Inspector<EthEvmContext<StateCache<S>>>>(
    env: &CallEnv<'_>,
    session: &mut Session<S, I>,
    request: &TransactionRequest,
) -> Result<(u64, bool), CallError> {
    let wanted = request.gas.filter(|gas| *gas >= TRANSFER_GAS);
    let mut highest = wanted.unwrap_or(session.evm.block().gas_limit).min(env.gas_cap);
    if env.spec.is_osaka_active_at_timestamp(env.header.timestamp) {
        highest = highest.min(MAX_TX_GAS_LIMIT_OSAKA);
    }
    let tx = &session.tx;
    let (sender, value) = (tx.caller, tx.value);
    let cache = session.evm.db_mut();
    let balance = cache.account(sender)?.unwrap_or_default().balance;
    if balance < value {
        return Err(InvalidTransaction::InsufficientFunds { sender, got: balance, expected: value }.into());
    }
    if let Some(affordable) = affordable_gas(tx, balance) {
        highest = highest.min(affordable);
    }
    let transfer = match tx.kind {
        TxKind::Call(to) if tx.data.is_empty() && tx.authorization_list.is_empty() => {
            !cache.account(to)?.unwrap_or_default().has_code()
        }
        _ => false,
    };
    Ok((highest, transfer && highest >= TRANSFER_GAS))
}

enum Attempt {
    Success(ResultGas),
    Reverted(alloy_primitives::Bytes),
    /// More gas could help.
    Short(String),
}

fn attempt<S: StateReader, I: Inspector<EthEvmContext<StateCache<S>>>>(
    session: &mut Session<S, I>,
    gas_limit: u64,
) -> Result<Attempt, CallError> {
    let tx = TxEnv { gas_limit, ..session.tx.clone() };
    Ok(match session.run(tx) {
        Ok(result) => match result.result {
            ExecutionResult::Success { gas, .. } => Attempt::Success(gas),
            ExecutionResult::Revert { output, .. } => Attempt::Reverted(output),
            ExecutionResult::Halt { reason, .. } => Attempt::Short(reason.to_string()),
        },
        Err(CallError::Invalid(error @ InvalidTransaction::IntrinsicGas { .. })) => Attempt::Short(error.to_string()),
        Err(error) => return Err(error),
    })
}

fn search<S: StateReader, I: Inspector<EthEvmContext<StateCache<S>>>>(
    session: &mut Session<S, I>,
    highest: u64,
    gas: ResultGas,
) -> Result<u64, CallError> {
    // `low` is known to be too little, `high` to be enough.
    let mut low = gas.tx_gas_used().saturating_sub(1);
    let mut high = highest;
    // Before refunds, with the stipend, and 1/64 kept back by the caller: with this much most transactions succeed.
    let guess = gas.total_gas_spent().saturating_add(CALL_STIPEND);
    let mut next = guess.saturating_add(guess.div_ceil(63));
    while low.saturating_add(1) < high {
        let distance = high.saturating_sub(low);
        if distance.saturating_mul(1_000) < high.saturating_mul(TOLERANCE) {
            break;
        }
        if next <= low || next >= high {
            // Most answers are close to the lower end.
            next = low.midpoint(high).min(low.saturating_mul(2)).max(low.saturating_add(1));
        }
        match attempt(session, next)? {
            Attempt::Success(_) => high = next,
            Attempt::Reverted(_) | Attempt::Short(_) => low = next,
        }
        next = low;
    }
    if high < low {
        return Err(Fatal::new("estimating gas: the search left its bounds").into());
    }
    Ok(high)
}
