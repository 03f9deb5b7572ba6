//! The machine that runs transactions: blocks, calls for RPC, traces.
//!
//! - [`BlockRun`] is the one executor. Proposing, verifying, replaying and tracing all go through it: [`BlockRun::begin`] runs the calls
//!   at the start of a block (EIP-2935, EIP-4788), [`BlockRun::open`] that of the staking contracts, [`BlockRun::transact`] one transaction after the other, [`BlockRun::finish`] credits the
//!   fees and runs the system transactions.
//! - [`call`], [`estimate_gas`] and [`create_access_list`] answer RPC on a state, [`trace_call`], [`trace_transaction`] and [`trace_block`]
//!   explain a run. Each is bounded by gas and by a deadline.
//!
//! The EVM is revm; no other crate names it. State is read through `StateReader` and never written: a run ends in `StateChanges`.
//!
//! Fees: under our rules the EVM pays nothing to the beneficiary. Base fees and tips are summed over the block, split and credited to the
//! treasury contract before the system transactions (docs/protocol.md, section 4). Under the `ethereum` spec Ethereum's rules hold.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::float_arithmetic
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        reason = "tests"
    )
)]

mod access_list;
mod block_run;
mod cache;
mod call_error;
mod environment;
mod error;
mod estimate;
mod ethereum;
mod ethereum_block;
mod genesis;
mod invalid;
mod machine;
#[cfg(any(test, feature = "test-utils"))]
mod memory;
mod run;
mod simulate;
mod simulate_blocks;
mod staking;
mod start;
mod system;
mod trace;
mod watch;

pub use access_list::{AccessListResult, create_access_list};
pub use block_run::{BlockOutcome, BlockRun, TxResult};
pub use bttc_consensus::SYSTEM_TX_GAS;
pub use call_error::{CallError, revert_reason};
pub use error::{FinishError, RunError, TransactError};
pub use estimate::estimate_gas;
pub use ethereum::{EthereumEnd, EthereumOutcome};
pub use ethereum_block::{ExecutedEthereum, OMMER_ANCESTORS, run_ethereum_block};
pub use genesis::{GenesisCall, GenesisCallError, ask_genesis, run_genesis_calls};
pub use invalid::InvalidTransaction;
#[cfg(any(test, feature = "test-utils"))]
pub use memory::MemoryState;
pub use simulate::{CallEnv, CallOutcome, CallResult, Overrides, call, call_short};
pub use simulate_blocks::{SimulateEnv, SimulateError, SimulatedBlock, SimulatedCall, simulate_blocks};
pub use system::{Ask, Demands, SystemCall, SystemTransactions, is_system_transaction};
pub use trace::{TraceEnv, trace_block, trace_call, trace_transaction};
