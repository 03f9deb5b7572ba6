//! The ledger: the head, how the next block is proposed, verified and committed, and who is told of it.
//!
//! [`Chain`] owns the store, the pool and the head. A consensus engine drives it through [`bttc_consensus::Application`]; on a development chain
//! the built-in [`Driver`] does, with a validator of one. A block's parent is always the committed head, and the head never moves backwards
//! (but for `evm_revert` on a development chain).
//!
//! Flow of a block: `propose` or `verify` runs it once and keeps the outcome in memory beside the stored proposal; `commit` makes block, receipts,
//! state and certificate visible in one write transaction, then moves the head, the pool and the subscribers.

mod application;
mod build;
mod clock;
mod commit;
mod config;
mod dev;
mod driver;
mod duties;
mod epochs;
mod error;
mod events;
mod exits;
mod fork_watch;
mod forks;
mod genesis;
mod import;
mod ledger;
mod outcomes;
mod pruner;
mod run;
mod senders;
pub mod snapshot;
mod supply_audit;
mod verify;
mod verify_store;

pub use clock::Clock;
pub use config::ChainConfig;
pub use driver::{Driver, DriverHandle, Mining};
pub use error::OpenError;
pub use events::{ChainEvent, CommittedBlock};
pub use exits::{ExitState, exit_state};
pub use fork_watch::ForkWatch;
pub use genesis::genesis_hash;
pub use import::{ImportError, Imported};
pub use ledger::Chain;
pub use pruner::Pruner;
pub use supply_audit::{AuditError, SupplyAudit, audit_supply};
pub use verify_store::verify_store;
