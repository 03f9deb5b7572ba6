//! What bounds a run for RPC: a deadline and, for traces, memory.
//!
//! An inspector around the one that does the work. Once a bound is passed every frame halts at its next step, so the whole run ends within
//! microseconds; its result is thrown away and the caller told why.

use alloy_primitives::{Address, Bytes, Log, U256};
use revm::{
    Inspector,
    handler::FrameResult,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, FrameInput, Gas, InstructionResult, Interpreter,
        InterpreterResult, interpreter_types::MemoryTr,
    },
};
use std::time::{Duration, Instant};

/// Steps between two looks at the clock; some microseconds of work.
const STEPS_PER_LOOK: u32 = 512;

/// Steps of a short run.
const SHORT_STEPS: u32 = 1_024;
/// Memory of a frame of a short run. Unit: bytes.
const SHORT_MEMORY: usize = 1 << 16;

/// What one recorded step or call takes, beside its stack, memory and data. Unit: bytes; a generous guess.
const RECORD_BYTES: usize = 320;

/// Which bound was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The deadline; with the time that was allowed.
    Deadline(Duration),
    /// The memory of a trace. Unit: bytes.
    TraceSize(usize),
    /// It is not short.
    Long,
}

/// What a tracer keeps of each step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recording {
    pub(crate) steps: bool,
    pub(crate) stack: bool,
    pub(crate) memory: bool,
}

/// An inspector with bounds.
#[derive(Debug)]
pub(crate) struct Watch<I> {
    pub(crate) inner: I,
    deadline: Option<(Instant, Duration)>,
    /// Bytes that the trace may still take, and how many there were.
    budget: Option<(usize, usize)>,
    recording: Recording,
    steps: u32,
    short: bool,
    stopped: Option<Stopped>,
}

impl<I> Watch<I> {
    pub(crate) fn new(inner: I, deadline: Option<Instant>) -> Self {
        let deadline = deadline.map(|at| (at, at.saturating_duration_since(Instant::now())));
        Self { inner, deadline, budget: None, recording: Recording::default(), steps: 0, short: false, stopped: None }
    }

    /// Bounds the memory of what `inner` records. Unit: bytes.
    pub(crate) fn with_budget(mut self, bytes: usize, recording: Recording) -> Self {
        self.budget = Some((bytes, bytes));
        self.recording = recording;
        self
    }

    /// Ends the run once it turns out not to be short: some hundred steps, little memory, no precompile.
    pub(crate) const fn short(mut self) -> Self {
        self.short = true;
        self
    }

    /// Which bound was passed, if one was. Also looks at the clock, so a run in small pieces ends too.
    pub(crate) fn stopped(&mut self) -> Option<Stopped> {
        self.look();
        self.stopped
    }

    fn look(&mut self) {
        if let Some((at, allowed)) = self.deadline
            && self.stopped.is_none()
            && Instant::now() >= at
        {
            self.stopped = Some(Stopped::Deadline(allowed));
        }
    }

    fn take(&mut self, bytes: usize) {
        if let Some((left, all)) = &mut self.budget {
            match left.checked_sub(bytes.saturating_add(RECORD_BYTES)) {
                Some(rest) => *left = rest,
                None => self.stopped = self.stopped.or(Some(Stopped::TraceSize(*all))),
            }
        }
    }

    fn count_step(&mut self, interp: &Interpreter) {
        if self.recording.steps {
            let stack = if self.recording.stack { interp.stack.len().saturating_mul(32) } else { 0 };
            let memory = if self.recording.memory { interp.memory.size() } else { 0 };
            self.take(stack.saturating_add(memory));
        }
        self.steps = self.steps.wrapping_add(1);
        if self.short && (self.steps > SHORT_STEPS || interp.memory.size() > SHORT_MEMORY) {
            self.stopped = self.stopped.or(Some(Stopped::Long));
        }
        if self.steps.is_multiple_of(STEPS_PER_LOOK) {
            self.look();
        }
    }
}

/// Addresses below this are kept for precompiles, each of which may do much in one step (docs/protocol.md: our own contracts stand from here on).
const PRECOMPILES_END: u16 = 0x1000;

fn may_be_precompile(address: Address) -> bool {
    let [high @ .., a, b] = address.into_array();
    high == [0; 18] && u16::from_be_bytes([a, b]) < PRECOMPILES_END
}

impl<CTX, I: Inspector<CTX>> Inspector<CTX> for Watch<I> {
    fn initialize_interp(&mut self, interp: &mut Interpreter, context: &mut CTX) {
        self.inner.initialize_interp(interp, context);
    }

    fn step(&mut self, interp: &mut Interpreter, context: &mut CTX) {
        self.count_step(interp);
        if self.stopped.is_some() {
            interp.halt(InstructionResult::OutOfGas);
            return;
        }
        self.inner.step(interp, context);
    }

    fn step_end(&mut self, interp: &mut Interpreter, context: &mut CTX) {
        self.inner.step_end(interp, context);
    }

    fn log(&mut self, context: &mut CTX, log: Log) {
        self.take(log.data.data.len());
        self.inner.log(context, log);
    }

    fn log_full(&mut self, interp: &mut Interpreter, context: &mut CTX, log: Log) {
        self.take(log.data.data.len());
        self.inner.log_full(interp, context, log);
    }

    fn frame_start(&mut self, context: &mut CTX, input: &mut FrameInput) -> Option<FrameResult> {
        self.inner.frame_start(context, input)
    }

    fn frame_end(&mut self, context: &mut CTX, input: &FrameInput, result: &mut FrameResult) {
        self.inner.frame_end(context, input, result);
    }

    fn call(&mut self, context: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.take(inputs.input.len());
        if self.short && may_be_precompile(inputs.bytecode_address) {
            self.stopped = self.stopped.or(Some(Stopped::Long));
            let gas = Gas::new(inputs.gas_limit);
            let result = InterpreterResult::new(InstructionResult::OutOfGas, Bytes::new(), gas);
            return Some(CallOutcome::new(result, inputs.return_memory_offset.clone()));
        }
        self.inner.call(context, inputs)
    }

    fn call_end(&mut self, context: &mut CTX, inputs: &CallInputs, outcome: &mut CallOutcome) {
        self.take(outcome.result.output.len());
        self.inner.call_end(context, inputs, outcome);
    }

    fn create(&mut self, context: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.take(inputs.init_code().len());
        self.inner.create(context, inputs)
    }

    fn create_end(&mut self, context: &mut CTX, inputs: &CreateInputs, outcome: &mut CreateOutcome) {
        self.take(outcome.result.output.len());
        self.inner.create_end(context, inputs, outcome);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        self.inner.selfdestruct(contract, target, value);
    }
}
