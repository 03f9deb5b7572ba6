//! `eth_`: calls that change nothing.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::{Api, state_at},
    error::{Reply, RpcError, code},
    registry::Registry,
};
use alloy_primitives::{Bytes, U64, U256};
use alloy_rpc_types_eth::{AccessListResult, BlockOverrides, TransactionRequest, state::StateOverride};
use bttc_execution::{CallEnv, CallError, CallOutcome, CallResult, Overrides};
use bttc_primitives::Header;
use bttc_storage::StateView;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) fn register(registry: &mut Registry) {
    registry.wait("eth_call", call);
    registry.work("eth_estimateGas", estimate_gas);
    registry.work("eth_createAccessList", create_access_list);
}

/// What every simulated call takes: the transaction, the block it runs on, and what is different there.
struct Simulation {
    request: TransactionRequest,
    block: BlockArg,
    overrides: Overrides,
}

impl Simulation {
    fn read(mut args: Args) -> Reply<Self> {
        let request = args.required("transaction")?;
        let block = args.optional("block")?.unwrap_or_default();
        let state: Option<StateOverride> = args.optional("stateOverrides")?;
        let changed_block: Option<Box<BlockOverrides>> = args.optional("blockOverrides")?;
        args.end()?;
        Ok(Self { request, block, overrides: Overrides { state, block: changed_block } })
    }
}

/// The environment of a simulated call on `header`.
pub(crate) fn call_env<'a>(api: &'a Api, header: &'a Header, time: Duration) -> CallEnv<'a> {
    CallEnv { spec: api.spec(), header, gas_cap: api.config.call_gas_cap, deadline: Instant::now().checked_add(time) }
}

/// Short calls run where the request arrived: handing one to a worker takes longer than running it.
async fn call(api: Arc<Api>, args: Args) -> Reply<Bytes> {
    let simulation = Simulation::read(args)?;
    if simulation.overrides == Overrides::default()
        && let Some(result) =
            simulation.run(&api, |env, state, call| bttc_execution::call_short(env, state, &call.request))?
    {
        return output(result);
    }
    let worker = api.clone();
    let whole = move || {
        simulation.run(&worker, |env, state, call| bttc_execution::call(env, state, &call.request, &call.overrides))
    };
    output(api.workers.run(whole).await?)
}

impl Simulation {
    /// Runs it on the state of its block.
    fn run<T>(&self, api: &Api, run: impl FnOnce(&CallEnv<'_>, StateView, &Self) -> Result<T, CallError>) -> Reply<T> {
        let (header, state) = state_at(&api.read()?, self.block)?;
        let time = api.config.call_timeout;
        run(&call_env(api, &header, time), state, self).map_err(|error| call_error(error, "call_timeout", time))
    }
}

fn output(result: CallResult) -> Reply<Bytes> {
    match result.outcome {
        CallOutcome::Success { output, .. } => Ok(output),
        CallOutcome::Revert { output } => Err(reverted(&output)),
        CallOutcome::Halt { reason } => Err(RpcError::invalid(reason)),
    }
}

/// Estimates gas for a request on a block.
pub(crate) fn estimate(api: &Api, request: &TransactionRequest, block: BlockArg, overrides: &Overrides) -> Reply<u64> {
    let (header, state) = state_at(&api.read()?, block)?;
    let time = api.config.call_timeout;
    let env = call_env(api, &header, time);
    bttc_execution::estimate_gas(&env, state, request, overrides)
        .map_err(|error| call_error(error, "call_timeout", time))
}

fn estimate_gas(api: &Api, args: Args) -> Reply<U64> {
    let Simulation { request, block, overrides } = Simulation::read(args)?;
    estimate(api, &request, block, &overrides).map(U64::from)
}

fn create_access_list(api: &Api, args: Args) -> Reply<AccessListResult> {
    let Simulation { request, block, overrides } = Simulation::read(args)?;
    let (header, state) = state_at(&api.read()?, block)?;
    let time = api.config.call_timeout;
    let env = call_env(api, &header, time);
    let made = bttc_execution::create_access_list(&env, state, &request, &overrides)
        .map_err(|error| call_error(error, "call_timeout", time))?;
    Ok(AccessListResult { access_list: made.access_list, gas_used: U256::from(made.gas_used), error: made.error })
}

/// A revert, with its reason in words where it has one.
pub(crate) fn reverted(output: &Bytes) -> RpcError {
    RpcError::reverted(output, revert_reason(output).as_deref())
}

/// `Error(string)` and `Panic(uint256)` in the words that geth uses; a custom error stays in the data.
fn revert_reason(output: &[u8]) -> Option<String> {
    use alloy_sol_types::{Panic, PanicKind, Revert, SolError};
    if let Ok(revert) = Revert::abi_decode(output) {
        return Some(revert.reason);
    }
    let panic = Panic::abi_decode(output).ok()?;
    Some(match panic.kind() {
        Some(PanicKind::Generic) => "generic panic".to_owned(),
        Some(PanicKind::Assert) => "assert(false)".to_owned(),
        Some(PanicKind::UnderOverflow) => "arithmetic underflow or overflow".to_owned(),
        Some(PanicKind::DivisionByZero) => "division or modulo by zero".to_owned(),
        Some(PanicKind::EnumConversionError) => "enum overflow".to_owned(),
        Some(PanicKind::StorageEncodingError) => "invalid encoded storage byte array accessed".to_owned(),
        Some(PanicKind::EmptyArrayPop) => "out-of-bounds array access; popping on an empty array".to_owned(),
        Some(PanicKind::ArrayOutOfBounds) => "out-of-bounds access of an array or bytesN".to_owned(),
        Some(PanicKind::ResourceError) => "out of memory".to_owned(),
        Some(PanicKind::InvalidInternalFunction) => "uninitialized function".to_owned(),
        _ => format!("unknown panic code: {:#x}", panic.code),
    })
}

/// Why a simulated call has no result.
pub(crate) fn call_error(error: CallError, limit: &str, time: Duration) -> RpcError {
    match error {
        CallError::Fatal(fatal) => fatal.into(),
        CallError::Timeout { .. } => RpcError::new(
            code::LIMIT,
            format!(
                "limit exceeded: rpc.{limit} is {time:?} and the execution needs longer; give it less gas or less work"
            ),
        ),
        CallError::Reverted { output, .. } => reverted(&output),
        other => RpcError::invalid(other.to_string()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    #[test]
    fn reverts_speak_as_recorded() {
        let words = hex!(
            "08c379a00000000000000000000000000000000000000000000000000000000000000020000000000000000000000000000000000000000000000000000000000000000a75736572206572726f72"
        );
        // A string that is not padded to a whole word, as a contract written by hand may return it.
        let error = reverted(&Bytes::copy_from_slice(&words));
        assert_eq!((error.code, error.message.as_str()), (3, "execution reverted: user error"));
        assert_eq!(error.data.unwrap(), hex::encode_prefixed(words));

        let panic = hex!("4e487b710000000000000000000000000000000000000000000000000000000000000001");
        assert_eq!(reverted(&panic.into()).message, "execution reverted: assert(false)");
        assert_eq!(reverted(&Bytes::from_static(&[1, 2, 3, 4])).message, "execution reverted");
        assert_eq!(reverted(&Bytes::new()).data.unwrap(), "0x");
    }
}
