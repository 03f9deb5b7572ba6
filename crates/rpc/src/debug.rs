//! `debug_`: traces, and blocks in the encoding of other Ethereum programs.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::{Api, find_block, header_at, state_after, state_at},
    error::{Reply, RpcError},
    eth_block::find_transaction,
    eth_call::{call_env, call_error},
    registry::Registry,
};
use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions, GethTrace, TraceResult};
use bttc_execution::{Overrides, TraceEnv};
use bttc_primitives::{ChainSpec, Receipt, RecoveredBlock};
use bttc_storage::{ReadTx, StateView};
use std::time::Instant;

pub(crate) fn register(registry: &mut Registry) {
    registry.work("debug_traceTransaction", trace_transaction);
    registry.work("debug_traceCall", trace_call);
    registry.work("debug_traceBlockByNumber", trace_block);
    registry.work("debug_traceBlockByHash", trace_block);
    registry.read("debug_getRawHeader", raw_header);
    registry.work("debug_getRawBlock", raw_block);
    registry.work("debug_getRawReceipts", raw_receipts);
    registry.read("debug_getRawTransaction", raw_transaction);
    registry.read("debug_getBadBlocks", |_, args| {
        args.end()?;
        // A block that is not valid gets no votes and is kept nowhere.
        Ok(Vec::<Bytes>::new())
    });
}

const TRACE_TIMEOUT: &str = "trace_timeout";

fn trace_env<'a>(api: &Api, spec: &'a ChainSpec) -> TraceEnv<'a> {
    TraceEnv { spec, deadline: Instant::now().checked_add(api.config.trace_timeout) }
}

/// The state that a block ran on.
fn state_before(read: &ReadTx, block: &RecoveredBlock) -> Reply<StateView> {
    let parent = block.block.height().checked_sub(1);
    let parent = parent.ok_or_else(|| RpcError::invalid("genesis is not traceable: nothing ran in it"))?;
    state_after(read, parent)
}

fn trace_transaction(api: &Api, mut args: Args) -> Reply<GethTrace> {
    let hash: B256 = args.required("hash")?;
    let options: GethDebugTracingOptions = args.optional("options")?.unwrap_or_default();
    args.end()?;
    let read = api.read()?;
    let Some((height, index)) = read.transaction_location(hash)? else {
        let kept = match read.kept()?.blocks {
            0 => String::new(),
            from => format!(" from {from} on; older ones are pruned on this node"),
        };
        return Err(RpcError::invalid(format!("transaction not found: {hash} is in no block{kept}")));
    };
    let block = block_of(&read, BlockArg::Number(height))?;
    let state = state_before(&read, &block)?;
    let spec = api.chain.spec_at(height)?;
    bttc_execution::trace_transaction(&trace_env(api, &spec), state, &block, index, &options)
        .map_err(|error| call_error(error, TRACE_TIMEOUT, api.config.trace_timeout))
}

fn trace_block(api: &Api, mut args: Args) -> Reply<Vec<TraceResult>> {
    let block: BlockArg = args.required("block")?;
    let options: GethDebugTracingOptions = args.optional("options")?.unwrap_or_default();
    args.end()?;
    let read = api.read()?;
    let block = block_of(&read, block)?;
    let state = state_before(&read, &block)?;
    let spec = api.chain.spec_at(block.block.height())?;
    bttc_execution::trace_block(&trace_env(api, &spec), state, &block, &options)
        .map_err(|error| call_error(error, TRACE_TIMEOUT, api.config.trace_timeout))
}

fn trace_call(api: &Api, mut args: Args) -> Reply<GethTrace> {
    let request: TransactionRequest = args.required("transaction")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    let options: GethDebugTracingCallOptions = args.optional("options")?.unwrap_or_default();
    args.end()?;
    if options.tx_index.is_some() {
        return Err(RpcError::unsupported(
            "txIndex is not supported: a call is traced on the state after a block; name the block before",
        ));
    }
    let (header, state) = state_at(&api.read()?, block)?;
    let time = api.config.trace_timeout;
    let overrides = Overrides { state: options.state_overrides, block: options.block_overrides.map(Box::new) };
    let env = call_env(api, &header, time);
    bttc_execution::trace_call(&env, state, &request, &overrides, &options.tracing_options)
        .map_err(|error| call_error(error, TRACE_TIMEOUT, time))
}

fn block_of(read: &ReadTx, block: BlockArg) -> Reply<RecoveredBlock> {
    find_block(read, block)?.ok_or_else(|| RpcError::invalid(format!("{block} not found")))
}

fn raw_header(api: &Api, mut args: Args) -> Reply<Bytes> {
    let block: BlockArg = args.required("block")?;
    args.end()?;
    Ok(alloy_rlp::encode(header_at(&api.read()?, block)?).into())
}

fn raw_block(api: &Api, mut args: Args) -> Reply<Bytes> {
    let block: BlockArg = args.required("block")?;
    args.end()?;
    Ok(block_of(&api.read()?, block)?.block.ethereum_rlp().into())
}

fn raw_receipts(api: &Api, mut args: Args) -> Reply<Vec<Bytes>> {
    let block: BlockArg = args.required("block")?;
    args.end()?;
    let read = api.read()?;
    let height = header_at(&read, block)?.number;
    let receipts = read.receipts(height)?.unwrap_or_default();
    Ok(receipts.iter().map(Receipt::to_envelope).map(|receipt| receipt.encoded_2718().into()).collect())
}

fn raw_transaction(api: &Api, mut args: Args) -> Reply<Option<Bytes>> {
    let hash: B256 = args.required("hash")?;
    args.end()?;
    Ok(find_transaction(api, hash)?.map(|tx| tx.inner.inner().encoded_2718().into()))
}
