//! The EVM with our fee rule: the beneficiary is paid by Ethereum's rules or not at all.

use alloy_evm::{Database, Evm, EvmEnv, eth::EthEvmContext};
use alloy_primitives::{Address, Bytes};
use revm::{
    Context, ExecuteEvm, Inspector, MainContext, SystemCallEvm,
    context::{BlockEnv, CfgEnv, Evm as RevmEvm, TxEnv},
    context_interface::{
        ContextSetters, FrameStack,
        result::{EVMError, HaltReason, ResultAndState},
    },
    handler::{EthFrame, EthPrecompiles, FrameResult, Handler, instructions::EthInstructions, post_execution},
    inspector::{InspectorHandler, NoOpInspector},
    interpreter::interpreter::EthInterpreter,
    primitives::hardfork::SpecId,
};
use std::marker::PhantomData;

type Inner<DB, I> =
    RevmEvm<EthEvmContext<DB>, I, EthInstructions<EthInterpreter, EthEvmContext<DB>>, EthPrecompiles, EthFrame>;

/// revm's steps of a transaction, but for who is paid at the end.
struct Steps<DB, I> {
    pay_beneficiary: bool,
    of: PhantomData<(DB, I)>,
}

impl<DB: Database, I> Handler for Steps<DB, I> {
    type Evm = Inner<DB, I>;
    type Error = EVMError<DB::Error>;
    type HaltReason = HaltReason;

    fn reward_beneficiary(&self, evm: &mut Self::Evm, result: &mut FrameResult) -> Result<(), Self::Error> {
        if !self.pay_beneficiary {
            return Ok(());
        }
        post_execution::reward_beneficiary(&mut evm.ctx, result.gas()).map_err(EVMError::Database)
    }
}

impl<DB: Database, I: Inspector<EthEvmContext<DB>>> InspectorHandler for Steps<DB, I> {
    type IT = EthInterpreter;
}

/// An EVM over a database, reused for all transactions of a block.
pub(crate) struct Machine<DB: Database, I = NoOpInspector> {
    inner: Inner<DB, I>,
    inspect: bool,
    pay_beneficiary: bool,
}

impl<DB: Database, I: Inspector<EthEvmContext<DB>>> Machine<DB, I> {
    /// `inspect` tells whether the inspector sees the transactions.
    pub(crate) fn new(db: DB, env: EvmEnv, inspector: I, inspect: bool, pay_beneficiary: bool) -> Self {
        let spec = env.cfg_env.spec;
        let inner = RevmEvm {
            ctx: Context::mainnet().with_block(env.block_env).with_cfg(env.cfg_env).with_db(db),
            inspector,
            instruction: EthInstructions::new_mainnet_with_spec(spec),
            precompiles: EthPrecompiles::new(spec),
            // Frames come as calls need them: eight beforehand, as revm makes them, take longer than a short call.
            frame_stack: FrameStack::new(),
        };
        Self { inner, inspect, pay_beneficiary }
    }

    pub(crate) const fn cfg_mut(&mut self) -> &mut CfgEnv {
        &mut self.inner.ctx.cfg
    }
}

impl<DB: Database, I: Inspector<EthEvmContext<DB>>> Evm for Machine<DB, I> {
    type DB = DB;
    type Tx = TxEnv;
    type Error = EVMError<DB::Error>;
    type HaltReason = HaltReason;
    type Spec = SpecId;
    type BlockEnv = BlockEnv;
    type Precompiles = EthPrecompiles;
    type Inspector = I;

    fn block(&self) -> &BlockEnv {
        &self.inner.ctx.block
    }

    fn cfg_env(&self) -> &CfgEnv {
        &self.inner.ctx.cfg
    }

    fn chain_id(&self) -> u64 {
        self.inner.ctx.cfg.chain_id
    }

    fn transact_raw(&mut self, tx: TxEnv) -> Result<ResultAndState, Self::Error> {
        let mut steps = Steps { pay_beneficiary: self.pay_beneficiary, of: PhantomData };
        self.inner.ctx.set_tx(tx);
        let result = if self.inspect { steps.inspect_run(&mut self.inner) } else { steps.run(&mut self.inner) };
        // Also clears the journal after a refusal.
        let state = self.inner.finalize();
        Ok(ResultAndState::new(result?, state))
    }

    fn transact_system_call(
        &mut self,
        caller: Address,
        contract: Address,
        data: Bytes,
    ) -> Result<ResultAndState, Self::Error> {
        self.inner.system_call_with_caller(caller, contract, data)
    }

    fn finish(self) -> (DB, EvmEnv) {
        let Context { block, cfg, journaled_state, .. } = self.inner.ctx;
        (journaled_state.database, EvmEnv::new(cfg, block))
    }

    fn set_inspector_enabled(&mut self, enabled: bool) {
        self.inspect = enabled;
    }

    fn components(&self) -> (&DB, &I, &EthPrecompiles) {
        let Inner { ctx, inspector, precompiles, .. } = &self.inner;
        (&ctx.journaled_state.database, inspector, precompiles)
    }

    fn components_mut(&mut self) -> (&mut DB, &mut I, &mut EthPrecompiles) {
        let Inner { ctx, inspector, precompiles, .. } = &mut self.inner;
        (&mut ctx.journaled_state.database, inspector, precompiles)
    }
}
