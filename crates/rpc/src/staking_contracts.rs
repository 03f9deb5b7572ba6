//! Questions to the staking contracts, at any block whose state the node has: calls of their own views, without a transaction.

use crate::{
    block_arg::BlockArg,
    context::{Api, header_at, state_after},
    error::{Reply, RpcError},
    eth_call::{call_error, reverted},
    staking_values::small,
};
use alloy_primitives::{Address, Bytes, U256};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_sol_types::SolCall;
use bttc_contracts::{addresses, params::IParams};
use bttc_execution::{CallEnv, CallOutcome, Overrides};
use bttc_primitives::{Fatal, Header, Height};
use bttc_storage::{ReadTx, StateView};
use std::time::{Duration, Instant};

/// Gas of one question. The longest one, about 1,000 candidates, takes a tenth of it.
const GAS: u64 = 200_000_000;

/// How long a method may ask, and the name of that limit in the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    limit: &'static str,
    time: Duration,
    end: Option<Instant>,
}

impl Patience {
    /// That of one call.
    pub(crate) fn of_call(api: &Api) -> Self {
        Self::new("call_timeout", api.config.call_timeout)
    }

    /// That of a method that reads a lot.
    pub(crate) fn of_search(api: &Api) -> Self {
        Self::new("trace_timeout", api.config.trace_timeout)
    }

    fn new(limit: &'static str, time: Duration) -> Self {
        Self { limit, time, end: Instant::now().checked_add(time) }
    }

    /// An error, once the time is over.
    pub(crate) fn check(&self, remedy: &str) -> Reply<()> {
        match self.end {
            Some(end) if Instant::now() >= end => {
                Err(RpcError::limit(self.limit, "more work than that", format_args!("{:?}", self.time), remedy))
            }
            _ => Ok(()),
        }
    }
}

/// The contracts as they are after one block.
pub(crate) struct Contracts<'a> {
    api: &'a Api,
    /// That block.
    pub(crate) header: Header,
    state: StateView,
    patience: Patience,
}

/// A chain whose genesis has no staking contracts has nothing to tell.
pub(crate) fn check_staking(api: &Api) -> Reply<()> {
    if api.spec().has_staking() {
        return Ok(());
    }
    Err(RpcError::unsupported(
        "this chain has no staking contracts: its genesis was made without them, so its validators are fixed and nobody stakes; ask a node of a chain whose genesis has them, such as those that `bttc testnet up` starts",
    ))
}

impl<'a> Contracts<'a> {
    /// After the block that a caller named.
    ///
    /// Errors: there is no such block, its state is pruned, or the chain has no staking contracts.
    pub(crate) fn at(api: &'a Api, read: &ReadTx, block: BlockArg) -> Reply<Self> {
        check_staking(api)?;
        let header = header_at(read, block)?;
        Self::with(api, read, header, Patience::of_call(api))
    }

    /// After the block at a height, with the time that is left for a longer work.
    pub(crate) fn after(api: &'a Api, read: &ReadTx, height: Height, patience: Patience) -> Reply<Self> {
        check_staking(api)?;
        let header = header_at(read, BlockArg::Number(height))?;
        Self::with(api, read, header, patience)
    }

    fn with(api: &'a Api, read: &ReadTx, header: Header, patience: Patience) -> Reply<Self> {
        let state = state_after(read, header.number)?;
        Ok(Self { api, header, state, patience })
    }

    /// An error, once the time for the answer is over.
    pub(crate) fn check_time(&self, remedy: &str) -> Reply<()> {
        self.patience.check(remedy)
    }

    /// Puts a question that is always answered.
    pub(crate) fn ask<C: SolCall>(&self, to: Address, question: &C) -> Reply<C::Return> {
        self.try_ask(to, question)?.map_err(|output| {
            let RpcError { message, .. } = reverted(&output);
            Fatal::new(format!("the contract {to} refuses {}: {message} {output}", C::SIGNATURE)).into()
        })
    }

    /// Puts a question; the inner error is what the contract reverts with.
    pub(crate) fn try_ask<C: SolCall>(&self, to: Address, question: &C) -> Reply<Result<C::Return, Bytes>> {
        let env = CallEnv { spec: self.api.spec(), header: &self.header, gas_cap: GAS, deadline: self.patience.end };
        let request = TransactionRequest {
            to: Some(to.into()),
            input: TransactionInput::new(question.abi_encode().into()),
            ..TransactionRequest::default()
        };
        let result = bttc_execution::call(&env, self.state.clone(), &request, &Overrides::default())
            .map_err(|error| call_error(error, self.patience.limit, self.patience.time))?;
        let output = match result.outcome {
            CallOutcome::Success { output, .. } => output,
            CallOutcome::Revert { output } => return Ok(Err(output)),
            CallOutcome::Halt { reason } => {
                return Err(Fatal::new(format!("the contract {to} breaks off {}: {reason}", C::SIGNATURE)).into());
            }
        };
        let answer = C::abi_decode_returns(&output)
            .map_err(|error| Fatal::while_doing("reading an answer of the staking contracts", error))?;
        Ok(Ok(answer))
    }

    /// A parameter in force, by its id in [`bttc_contracts::param_table`].
    pub(crate) fn param(&self, id: u64) -> Reply<U256> {
        self.ask(addresses::PARAMS, &IParams::getCall { id: U256::from(id) })
    }

    /// The same, where it must fit.
    pub(crate) fn small_param(&self, id: u64) -> Reply<u64> {
        small(self.param(id)?, "a parameter of")
    }
}
