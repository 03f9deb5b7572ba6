//! Traces: how a transaction did what it did (`debug_trace*`).
//!
//! A trace of a committed transaction runs its block again on the parent's state, with the same executor that ran it first, and watches
//! from the wanted transaction on. Tracers: struct log (the default), call, flat call, prestate (with diff), 4byte, mux, noop, ERC-7562. Those
//! written in JavaScript are refused.

use crate::{
    CallEnv, CallError, Overrides,
    cache::{StateCache, StateError},
    run::Run,
    simulate::Session,
    watch::{Recording, Watch},
};
use crate::{RunError, machine::Machine};
use alloy_evm::{Evm, FromRecoveredTx};
use alloy_primitives::B256;
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::geth::{
    GethDebugBuiltInTracerType as BuiltIn, GethDebugTracerType, GethDebugTracingOptions, GethTrace, TraceResult,
};
use bttc_primitives::{ChainSpec, Fatal, Recovered, RecoveredBlock, StateReader, Transaction};
use revm::{context::TxEnv, context_interface::result::ResultAndState};
use revm_inspectors::tracing::{DebugInspector, DebugInspectorError, TransactionContext};
use std::time::Instant;

/// Most memory that one trace may take. Unit: bytes.
const TRACE_BYTES: usize = 512 << 20;

/// Within which bounds a committed block is traced.
#[derive(Clone, Copy, Debug)]
pub struct TraceEnv<'a> {
    /// The network.
    pub spec: &'a ChainSpec,
    /// When to give up; none for never.
    pub deadline: Option<Instant>,
}

type Tracer = Watch<DebugInspector>;

fn tracer(options: &GethDebugTracingOptions, deadline: Option<Instant>) -> Result<Tracer, CallError> {
    let inner = DebugInspector::new(with_plain_mux(options)).map_err(tracer_error)?;
    let recording = match &options.tracer {
        None => steps_of_struct_log(options),
        Some(GethDebugTracerType::BuiltInTracer(BuiltIn::Erc7562Tracer)) => {
            Recording { steps: true, stack: true, memory: false }
        }
        Some(GethDebugTracerType::JsTracer(name)) if name.is_empty() => steps_of_struct_log(options),
        Some(_) => Recording::default(),
    };
    Ok(Watch::new(inner, deadline).with_budget(TRACE_BYTES, recording))
}

/// A mux names an empty config for tracers that have none, as other clients allow; the library wants it absent.
fn with_plain_mux(options: &GethDebugTracingOptions) -> GethDebugTracingOptions {
    let mut options = options.clone();
    if let Some(GethDebugTracerType::BuiltInTracer(BuiltIn::MuxTracer)) = options.tracer
        && let Some(tracers) = options.tracer_config.0.as_object_mut()
    {
        for name in ["4byteTracer", "noopTracer"] {
            if let Some(config) = tracers.get_mut(name)
                && config.as_object().is_some_and(|fields| fields.is_empty())
            {
                *config = Default::default();
            }
        }
    }
    options
}

fn steps_of_struct_log(options: &GethDebugTracingOptions) -> Recording {
    let config = &options.config;
    Recording {
        steps: true,
        stack: !config.disable_stack.unwrap_or(false),
        memory: config.enable_memory.unwrap_or(false),
    }
}

fn tracer_error<E: std::fmt::Display>(error: DebugInspectorError<E>) -> CallError {
    CallError::InvalidRequest(match error {
        DebugInspectorError::JsTracerNotEnabled => {
            "this tracer is not known, and tracers written in JavaScript do not run here; use callTracer, flatCallTracer, \
             prestateTracer, 4byteTracer, muxTracer, noopTracer, erc7562Tracer, or none for the struct log"
                .into()
        }
        DebugInspectorError::UnsupportedTracer => "this tracer is not known".into(),
        DebugInspectorError::InvalidTracerConfig => "tracerConfig does not fit the tracer".into(),
        other => format!("tracer: {other}"),
    })
}

/// What the tracer saw, in its own form.
fn result_of<S: StateReader>(
    evm: &mut Machine<StateCache<S>, Tracer>,
    context: Option<TransactionContext>,
    tx: &TxEnv,
    result: &ResultAndState,
) -> Result<GethTrace, CallError> {
    if let Some(stopped) = evm.inspector_mut().stopped() {
        return Err(stopped.into());
    }
    let block = evm.block().clone();
    let (mut cache, tracer, _) = evm.components_mut();
    tracer.inner.get_result(context, tx, &block, result, &mut cache).map_err(|error| match error {
        DebugInspectorError::Database(StateError(fatal)) => CallError::Fatal(fatal),
        other => tracer_error(other),
    })
}

/// Traces a call (`debug_traceCall`). The call runs as in [`crate::call`].
pub fn trace_call<S: StateReader>(
    env: &CallEnv<'_>,
    state: S,
    request: &TransactionRequest,
    overrides: &Overrides,
    options: &GethDebugTracingOptions,
) -> Result<GethTrace, CallError> {
    let tracer = tracer(options, env.deadline)?;
    let mut session = Session::new(env, state, request, overrides, tracer)?;
    let tx = session.tx.clone();
    let result = session.run(tx.clone())?;
    result_of(&mut session.evm, None, &tx, &result)
}

/// A block that runs again for its traces.
struct Replay<'a, S: StateReader> {
    run: Run<'a, S, Tracer>,
    block_hash: B256,
}

impl<'a, S: StateReader> Replay<'a, S> {
    fn begin(
        env: &TraceEnv<'a>,
        state: S,
        block: &RecoveredBlock,
        options: &GethDebugTracingOptions,
    ) -> Result<Self, CallError> {
        let tracer = tracer(options, env.deadline)?;
        let run = Run::begin(env.spec, state, &block.block.header, tracer, false);
        let mut run = run.map_err(|error| match error {
            RunError::Fatal(fatal) => fatal,
            invalid => Fatal::while_doing("replaying a committed block", invalid),
        })?;
        run.open(&block.block.body.last_commit.signers)?;
        Ok(Self { run, block_hash: block.block.hash() })
    }

    /// Runs a transaction that nobody watches. The clock is looked at between transactions.
    fn pass(&mut self, tx: Recovered<&Transaction>) -> Result<(), CallError> {
        self.run.replay_and_keep(tx)?;
        self.run.evm_mut().inspector_mut().stopped().map_or(Ok(()), |stopped| Err(stopped.into()))
    }

    fn trace(&mut self, index: usize, tx: Recovered<&Transaction>) -> Result<(GethTrace, ResultAndState), CallError> {
        self.run.evm_mut().enable_inspector();
        let result = self.run.replay(tx);
        let evm = self.run.evm_mut();
        evm.disable_inspector();
        if let Some(stopped) = evm.inspector_mut().stopped() {
            return Err(stopped.into());
        }
        let result = result?;
        let context = TransactionContext {
            block_hash: Some(self.block_hash),
            tx_index: Some(index),
            tx_hash: Some(*tx.tx_hash()),
        };
        let env = TxEnv::from_recovered_tx(tx.inner(), tx.signer());
        let trace = result_of(evm, Some(context), &env, &result)?;
        Ok((trace, result))
    }
}

/// Traces the transaction at `index` of a committed block (`debug_traceTransaction`).
///
/// `state` is that after the block's parent.
pub fn trace_transaction<S: StateReader>(
    env: &TraceEnv<'_>,
    state: S,
    block: &RecoveredBlock,
    index: usize,
    options: &GethDebugTracingOptions,
) -> Result<GethTrace, CallError> {
    let missing = || CallError::NoTransaction { height: block.block.height(), index };
    let wanted = block.recovered().nth(index).ok_or_else(missing)?;
    let mut replay = Replay::begin(env, state, block, options)?;
    for tx in block.recovered().take(index) {
        replay.pass(tx)?;
    }
    Ok(replay.trace(index, wanted)?.0)
}

/// Traces every transaction of a committed block (`debug_traceBlockBy*`).
///
/// `state` is that after the block's parent.
pub fn trace_block<S: StateReader>(
    env: &TraceEnv<'_>,
    state: S,
    block: &RecoveredBlock,
    options: &GethDebugTracingOptions,
) -> Result<Vec<TraceResult>, CallError> {
    let mut replay = Replay::begin(env, state, block, options)?;
    let mut traces = Vec::new();
    for (index, tx) in block.recovered().enumerate() {
        let (trace, result) = replay.trace(index, tx)?;
        replay.run.keep(tx, result);
        replay.run.evm_mut().inspector_mut().inner.fuse().map_err(tracer_error)?;
        traces.push(TraceResult::Success { result: trace, tx_hash: Some(*tx.tx_hash()) });
    }
    Ok(traces)
}
