//! The words of the node: what every other crate names.
//!
//! Blocks, receipts, certificates, validator sets, state changes, units and the chain spec. No rules, no I/O: a value here
//! says what it is and how it is encoded, never whether it is right. The rules are in `bttc-consensus`, the machines above it.
//!
//! Words are used as in `docs/architecture.md`, section 11.
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

mod address_forms;
mod block;
mod certificate;
mod evidence;
mod fault;
mod receipt;
mod recover;
mod root_view;
mod spec;
mod state;
mod units;
mod validator;

pub use address_forms::{InvalidAddress, format_tron, parse_address};
pub use alloy_consensus::{Header, TxType, transaction::Recovered};
pub use alloy_genesis::{Genesis, GenesisAccount};
pub use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
pub use block::{Body, Head, RecoveredBlock, SealedBlock, Transaction};
pub use certificate::{CommitCertificate, LastCommit, SignerBitmap, VoteSignature};
pub use evidence::{DoubleSign, Evidence, VoteKind};
pub use fault::Fatal;
pub use receipt::{Receipt, logs_bloom, receipts_root};
pub use recover::{InvalidSender, recover_senders};
pub use root_view::{
    ExitPayment, RelayReport, RootAnswer, RootCheckpoint, RootDeposit, RootDepositTx, RootExit, RootLimits,
    RootUnavailable, RootView, SeenBlock,
};
pub use spec::{ChainRules, ChainSpec, ConsensusParams, FeeRules, ForkPlan, InvalidGenesis, Timing};
pub use state::{Account, AccountChange, StateChanges, StateReader};
pub use units::{InvalidAmount, format_btt, parse_btt};
pub use validator::{InvalidValidatorSet, Validator, ValidatorSet};

/// Position of a block in the chain; genesis is 0.
pub type Height = u64;
/// A try at a height; the first is 0.
pub type Round = u32;
