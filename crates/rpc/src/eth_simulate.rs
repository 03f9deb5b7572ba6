//! `eth_simulateV1`: blocks of calls that nobody signed.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::{Api, head_of, state_at},
    convert::{self, RpcBlock, log_at, place},
    error::{Reply, RpcError, code},
    eth_call::{call_error, reverted},
    registry::Registry,
};
use alloy_primitives::{B256, Bytes, U64};
use alloy_rpc_types_eth::{Log, simulate::SimulatePayload};
use bttc_execution::{
    CallError, CallOutcome, InvalidTransaction, SimulateEnv, SimulateError, SimulatedBlock, SimulatedCall,
};
use bttc_primitives::{Fatal, Head, StateChanges};
use bttc_storage::ReadTx;
use bttc_trie::{HashedChanges, state_root};
use serde::Serialize;
use std::time::Instant;

/// Most gas of all calls of a request together, whatever a single call may use: clients compare the gas of the transactions that this puts
/// into the blocks. Source: geth's default.
const GAS_CAP: u64 = 50_000_000;

pub(crate) fn register(registry: &mut Registry) {
    registry.work("eth_simulateV1", simulate);
}

/// Error codes of this method (execution-apis).
mod sim {
    pub(super) const NONCE_TOO_LOW: i32 = -38010;
    pub(super) const NONCE_TOO_HIGH: i32 = -38011;
    pub(super) const FEE_TOO_LOW: i32 = -38012;
    pub(super) const INTRINSIC_GAS: i32 = -38013;
    pub(super) const FUNDS: i32 = -38014;
    pub(super) const BLOCK_GAS: i32 = -38015;
    pub(super) const NUMBER: i32 = -38020;
    pub(super) const TIME: i32 = -38021;
    pub(super) const SENDER_CODE: i32 = -38024;
    pub(super) const INIT_CODE: i32 = -38025;
    pub(super) const TOO_MANY: i32 = -38026;
    pub(super) const HALTED: i32 = -32015;
}

#[derive(Clone, Debug, Serialize)]
struct BlockJson {
    #[serde(flatten)]
    block: RpcBlock,
    calls: Vec<CallJson>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CallJson {
    return_data: Bytes,
    logs: Vec<Log>,
    gas_used: U64,
    max_used_gas: U64,
    status: U64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson>,
}

#[derive(Clone, Debug, Serialize)]
struct ErrorJson {
    code: i32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<serde_json::Value>,
}

impl From<RpcError> for ErrorJson {
    fn from(RpcError { code, message, data }: RpcError) -> Self {
        Self { code, message, data }
    }
}

fn simulate(api: &Api, mut args: Args) -> Reply<Vec<BlockJson>> {
    let payload: SimulatePayload = args.required("payload")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    if payload.block_state_calls.is_empty() {
        return Err(RpcError::params("empty input: blockStateCalls has no block"));
    }
    let read = api.read()?;
    let (header, state) = state_at(&read, block)?;
    let overlay = overlay(api, &read, header.number)?;
    let root = |changes: &StateChanges| -> Result<B256, Fatal> {
        Ok(state_root(&read, &laid_over(&overlay, HashedChanges::new(changes)))?.root)
    };
    let time = api.config.call_timeout;
    let base = Head { hash: header.hash_slow(), header };
    let deadline = Instant::now().checked_add(time);
    let env = SimulateEnv { spec: api.spec(), base: &base, gas_cap: GAS_CAP, deadline };
    let blocks = bttc_execution::simulate_blocks(&env, state, &payload, root).map_err(|error| match error {
        SimulateError::Call(CallError::Invalid(invalid)) => invalid_call(&invalid),
        SimulateError::Call(error) => call_error(error, "call_timeout", time),
        SimulateError::Number { .. } => RpcError::new(sim::NUMBER, error.to_string()),
        SimulateError::Time { .. } => RpcError::new(sim::TIME, error.to_string()),
        SimulateError::TooMany => RpcError::new(sim::TOO_MANY, error.to_string()),
        SimulateError::BlockGas { .. } => RpcError::new(sim::BLOCK_GAS, error.to_string()),
    })?;
    Ok(blocks.into_iter().map(|block| block_json(block, payload.return_full_transactions)).collect())
}

/// What must be laid over the newest state to get that of the base.
fn overlay(api: &Api, read: &ReadTx, height: u64) -> Reply<HashedChanges> {
    let behind = head_of(read)?.number.saturating_sub(height);
    if behind > api.config.max_proof_blocks {
        let got = format_args!("a block {behind} before the latest");
        return Err(RpcError::limit("max_proof_blocks", got, api.config.max_proof_blocks, "ask for a later block"));
    }
    Ok(if behind == 0 { HashedChanges::default() } else { read.changes_since(height)? })
}

/// `changes` after those of `under`, as one.
fn laid_over(under: &HashedChanges, changes: HashedChanges) -> HashedChanges {
    if under.accounts.is_empty() {
        return changes;
    }
    let mut both = under.clone();
    for (key, change) in changes.accounts {
        match both.accounts.entry(key) {
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(change);
            }
            std::collections::btree_map::Entry::Occupied(mut occupied) => {
                let known = occupied.get_mut();
                // What is not there in the older state has no storage there either.
                if change.storage_wiped || known.after.is_none() {
                    known.storage_wiped = true;
                    known.storage.clear();
                }
                known.after = change.after;
                known.storage.extend(change.storage);
            }
        }
    }
    both
}

fn block_json(simulated: SimulatedBlock, full: bool) -> BlockJson {
    let SimulatedBlock { block, calls } = simulated;
    let mut first_log = 0u64;
    let calls = calls.into_iter().zip(&block.block.body.transactions).enumerate().map(|(index, (call, tx))| {
        let logs = call.logs.iter().zip(first_log..);
        let logs = logs.map(|(log, at)| log_at(log, place(&block.block, index), *tx.tx_hash(), at)).collect();
        first_log += call.logs.len() as u64;
        call_json(call, logs)
    });
    BlockJson { calls: calls.collect(), block: convert::block(&block, full) }
}

fn call_json(call: SimulatedCall, logs: Vec<Log>) -> CallJson {
    let (return_data, error) = match call.outcome {
        CallOutcome::Success { output, .. } => (output, None),
        // What it reverted with stands in the error.
        CallOutcome::Revert { output } => (Bytes::new(), Some(reverted(&output))),
        CallOutcome::Halt { reason } => (Bytes::new(), Some(RpcError::new(sim::HALTED, reason))),
    };
    CallJson {
        return_data,
        logs,
        gas_used: U64::from(call.gas_used),
        max_used_gas: U64::from(call.max_gas_used),
        status: U64::from(u8::from(error.is_none())),
        error: error.map(ErrorJson::from),
    }
}

/// A call that cannot run ends the whole request.
fn invalid_call(invalid: &InvalidTransaction) -> RpcError {
    use InvalidTransaction as I;
    let code = match invalid {
        I::NonceTooLow { .. } => sim::NONCE_TOO_LOW,
        I::NonceTooHigh { .. } => sim::NONCE_TOO_HIGH,
        I::FeeBelowBaseFee { .. } => sim::FEE_TOO_LOW,
        I::IntrinsicGas { .. } => sim::INTRINSIC_GAS,
        I::InsufficientFunds { .. } | I::CostOverflow => sim::FUNDS,
        I::SenderHasCode { .. } => sim::SENDER_CODE,
        I::InitCodeSize { .. } => sim::INIT_CODE,
        I::TipAboveFee { .. } => code::INVALID_PARAMS,
        _ => code::INTERNAL,
    };
    RpcError::new(code, invalid.to_string())
}
