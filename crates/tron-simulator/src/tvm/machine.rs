//! A run of the machine: one call or creation on a state.

use super::{
    Ending,
    precompiles::TronPrecompiles,
    prices::{instructions, params},
};
use crate::wire::create2_address;
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};
use revm::{
    Context, Database, MainContext,
    context::{BlockEnv, Evm, FrameStack, TxEnv},
    context_interface::{
        ContextSetters, CreateScheme, JournalTr,
        block::BlobExcessGasAndPrice,
        result::{EVMError, ExecutionResult, HaltReason},
    },
    handler::{
        EthFrame, EvmTr, FrameInitOrResult, FrameResult, FrameTr, Handler, ItemOrResult, MainnetContext,
        evm::{ContextDbError, FrameInitResult},
        instructions::EthInstructions,
    },
    interpreter::{
        CallOutcome, CreateOutcome, FrameInput, Gas, InstructionResult, InterpreterResult, interpreter::EthInterpreter,
        interpreter_action::FrameInit,
    },
    primitives::hardfork::SpecId,
    state::EvmState,
};
use std::{convert::Infallible, marker::PhantomData};

/// Calls inside of calls; one deeper fails.
const MOST_DEEP: usize = 64;

type Inner<DB> = Evm<
    MainnetContext<DB>,
    (),
    EthInstructions<EthInterpreter, MainnetContext<DB>>,
    TronPrecompiles,
    EthFrame<EthInterpreter>,
>;

/// The block that a run sees itself in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) number: u64,
    /// Unit: milliseconds since the Unix epoch.
    pub(crate) time: u64,
    pub(crate) witness: Address,
    pub(crate) chain_id: u32,
    /// What BASEFEE answers. Unit: sun.
    pub(crate) energy_price: u64,
    /// Most recovered signatures, and the ending beyond it.
    pub(crate) most_signatures: Option<(usize, Ending)>,
}

/// What is run.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Id of the transaction; contracts are named after it.
    pub(crate) transaction: B256,
    pub(crate) from: Address,
    /// Whom; none to create the contract of this address.
    pub(crate) to: Result<Address, Address>,
    /// Unit: sun.
    pub(crate) value: u64,
    pub(crate) data: Bytes,
    pub(crate) energy: u64,
}

/// What a run did.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) ending: Ending,
    /// All of the limit, unless it succeeded or reverted.
    pub(crate) energy: u64,
    /// What it returned; the code of a creation.
    pub(crate) output: Bytes,
    pub(crate) logs: Vec<Log>,
    /// What to apply; empty unless it succeeded.
    pub(crate) changes: EvmState,
}

/// Runs a call. Errors: the simulator's own fault.
pub(crate) fn run<DB: Database<Error = Infallible>>(db: DB, place: &Place, call: &Call) -> Result<Ran, String> {
    let mut machine = Machine::new(db, place, call);
    let (kind, created) = match call.to {
        Ok(to) => (TxKind::Call(to), None),
        Err(created) => (TxKind::Create, Some(created)),
    };
    machine.created = created;
    let tx = TxEnv::builder()
        .caller(call.from)
        .kind(kind)
        .value(U256::from(call.value))
        .data(call.data.clone())
        .gas_limit(call.energy)
        .gas_price(0)
        .nonce(1)
        .build()
        .map_err(|error| format!("a run that cannot be: {error:?}"))?;
    machine.inner.ctx.set_tx(tx);
    let result = Steps(PhantomData).run(&mut machine);
    let overrun = machine.inner.precompiles.overrun;
    let changes = machine.inner.ctx.journaled_state.finalize();
    if let Some(ending) = overrun {
        return Ok(Ran {
            ending,
            energy: call.energy,
            output: Bytes::new(),
            logs: Vec::new(),
            changes: EvmState::default(),
        });
    }
    Ok(match result.map_err(|error| format!("the machine failed: {error:?}"))? {
        ExecutionResult::Success { gas, logs, output, .. } => {
            Ran { ending: Ending::Success, energy: gas.tx_gas_used(), output: output.into_data(), logs, changes }
        }
        ExecutionResult::Revert { gas, output, .. } => Ran {
            ending: Ending::Revert,
            energy: gas.tx_gas_used(),
            output,
            logs: Vec::new(),
            changes: EvmState::default(),
        },
        ExecutionResult::Halt { reason, .. } => Ran {
            ending: ending(&reason),
            energy: call.energy,
            output: Bytes::new(),
            logs: Vec::new(),
            changes: EvmState::default(),
        },
    })
}

const fn ending(reason: &HaltReason) -> Ending {
    match reason {
        HaltReason::OutOfGas(_) => Ending::OutOfEnergy,
        HaltReason::InvalidJump => Ending::BadJumpDestination,
        HaltReason::StackUnderflow => Ending::StackTooSmall,
        HaltReason::StackOverflow => Ending::StackTooLarge,
        HaltReason::PrecompileError | HaltReason::PrecompileErrorWithContext(_) => Ending::PrecompiledContract,
        HaltReason::OpcodeNotFound
        | HaltReason::InvalidFEOpcode
        | HaltReason::NotActivated
        | HaltReason::StateChangeDuringStaticCall
        | HaltReason::CallNotAllowedInsideStatic => Ending::IllegalOperation,
        HaltReason::CreateContractSizeLimit
        | HaltReason::CreateContractStartingWithEF
        | HaltReason::CreateInitCodeSizeLimit => Ending::InvalidCode,
        _ => Ending::Unknown,
    }
}

struct Machine<DB: Database> {
    inner: Inner<DB>,
    transaction: B256,
    /// Address of the contract that the transaction itself creates.
    created: Option<Address>,
    /// Calls and creations inside so far: the next created contract is named after it.
    inside: u64,
}

impl<DB: Database> Machine<DB> {
    fn new(db: DB, place: &Place, call: &Call) -> Self {
        let block = BlockEnv {
            number: U256::from(place.number),
            timestamp: U256::from(place.time / 1_000),
            beneficiary: place.witness,
            gas_limit: 0,
            basefee: place.energy_price,
            difficulty: U256::ZERO,
            prevrandao: Some(B256::ZERO),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 0 }),
            ..BlockEnv::default()
        };
        let ctx = Context::mainnet().with_block(block).with_db(db).modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::CANCUN);
            cfg.gas_params = params();
            cfg.chain_id = u64::from(place.chain_id);
            cfg.tx_chain_id_check = false;
            cfg.disable_nonce_check = true;
            cfg.disable_eip3607 = true;
            cfg.disable_base_fee = true;
            cfg.disable_block_gas_limit = true;
            cfg.tx_gas_limit_cap = Some(u64::MAX);
        });
        let inner = Evm {
            ctx,
            inspector: (),
            instruction: instructions(),
            precompiles: TronPrecompiles::new(place.most_signatures),
            frame_stack: FrameStack::new_prealloc(8),
        };
        Self { inner, transaction: call.transaction, created: None, inside: 0 }
    }

    /// Names a contract that is created as TRON does.
    fn name(&mut self, init: &mut FrameInit) {
        match &mut init.frame_input {
            FrameInput::Create(inputs) => {
                let address = match (init.depth, self.created, inputs.scheme()) {
                    (0, Some(created), _) => created,
                    (_, _, CreateScheme::Create2 { salt }) => {
                        create2_address(inputs.caller(), salt.into(), inputs.init_code_hash())
                    }
                    _ => {
                        let preimage = [self.transaction.as_slice(), &self.inside.to_be_bytes()].concat();
                        Address::from_word(keccak256(preimage))
                    }
                };
                inputs.set_scheme(CreateScheme::Custom { address });
                self.inside = self.inside.saturating_add(u64::from(init.depth > 0));
            }
            FrameInput::Call(inputs) if init.depth > 0 && !self.inner.precompiles.has(&inputs.bytecode_address) => {
                self.inside = self.inside.saturating_add(1);
            }
            _ => {}
        }
    }
}

/// What the caller of a call that went too deep gets: its energy back, and a zero.
fn too_deep(init: &FrameInit) -> Option<FrameResult> {
    let result = |limit| InterpreterResult::new(InstructionResult::CallTooDeep, Bytes::new(), Gas::new(limit));
    match &init.frame_input {
        FrameInput::Call(inputs) => {
            let outcome = CallOutcome::new(result(inputs.gas_limit), inputs.return_memory_offset.clone());
            Some(FrameResult::Call(outcome))
        }
        FrameInput::Create(inputs) => Some(FrameResult::Create(CreateOutcome::new(result(inputs.gas_limit()), None))),
        FrameInput::Empty => None,
    }
}

impl<DB: Database> EvmTr for Machine<DB> {
    type Context = MainnetContext<DB>;
    type Instructions = EthInstructions<EthInterpreter, MainnetContext<DB>>;
    type Precompiles = TronPrecompiles;
    type Frame = EthFrame<EthInterpreter>;

    fn all(&self) -> (&Self::Context, &Self::Instructions, &Self::Precompiles, &FrameStack<Self::Frame>) {
        self.inner.all()
    }

    fn all_mut(
        &mut self,
    ) -> (&mut Self::Context, &mut Self::Instructions, &mut Self::Precompiles, &mut FrameStack<Self::Frame>) {
        self.inner.all_mut()
    }

    fn frame_init(
        &mut self,
        mut init: <Self::Frame as FrameTr>::FrameInit,
    ) -> Result<FrameInitResult<'_, Self::Frame>, ContextDbError<Self::Context>> {
        if init.depth > MOST_DEEP
            && let Some(result) = too_deep(&init)
        {
            return Ok(ItemOrResult::Result(result));
        }
        self.name(&mut init);
        self.inner.frame_init(init)
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<Self::Frame>, ContextDbError<Self::Context>> {
        self.inner.frame_run()
    }

    fn frame_return_result(
        &mut self,
        result: <Self::Frame as FrameTr>::FrameResult,
    ) -> Result<Option<<Self::Frame as FrameTr>::FrameResult>, ContextDbError<Self::Context>> {
        let created = match &result {
            FrameResult::Create(outcome) if outcome.result.is_ok() => outcome.address,
            _ => None,
        };
        let rest = self.inner.frame_return_result(result)?;
        if let (None, Some(address)) = (&rest, created) {
            // The word that CREATE leaves has 21 bytes of address.
            let mut word = address.into_word();
            word.0[11] = crate::address::PREFIX;
            let stack = &mut self.inner.frame_stack.get().interpreter.stack;
            let _ = stack.set(0, word.into());
        }
        Ok(rest)
    }
}

/// revm's steps of a transaction; nobody is paid in them.
struct Steps<DB>(PhantomData<DB>);

impl<DB: Database> Handler for Steps<DB> {
    type Evm = Machine<DB>;
    type Error = EVMError<DB::Error>;
    type HaltReason = HaltReason;

    fn reward_beneficiary(&self, _: &mut Self::Evm, _: &mut FrameResult) -> Result<(), Self::Error> {
        Ok(())
    }
}
