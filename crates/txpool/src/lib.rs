//! Pending transactions: admit, order, replace and expire.
//!
//! ```text
//!   Pool::add      bytes -> account -> replacement -> delegation -> limits      (validate, admit)
//!   Pool::best     heads of senders by effective tip, merged lazily             (tips, best)
//!   Pool::on_commit   mined out, touched senders settled, base fee moved        (upkeep)
//! ```
//!
//! A transaction is *pending* (runs in the next block if there is room), *base fee* (its fee cap, or that of an earlier one of its sender, is below the base
//! fee) or *queued* (an earlier nonce is missing, or the balance does not cover all up to it). [`Part`] follows from two nonces of its sender (`sender`), so
//! moving a border is all that a block or a new transaction costs. When the pool is full the last transaction of some sender gives way: queued ones
//! first, then base fee, then pending, the cheapest of each first; what comes in and would be that one is refused.
//!
//! Nothing is spawned and no clock is read: time is that of the blocks. Local transactions are in a `journal` and survive a restart.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod admit;
mod best;
mod config;
mod event;
mod gas;
mod inner;
mod invalid;
mod journal;
mod metrics;
mod pool;
mod recovery;
mod sender;
#[cfg(test)]
mod tests;
mod tips;
mod transaction;
mod upkeep;
mod validate;

pub use admit::Added;
pub use best::Best;
pub use config::PoolConfig;
pub use event::{DropReason, PoolEvent};
pub use gas::{GasForks, IntrinsicGas, intrinsic_gas};
pub use invalid::{AddError, InvalidTransaction};
#[cfg(any(test, feature = "test-utils"))]
pub use journal::{read_journal, write_journal};
pub use pool::{AccountContent, HeadState, Pool};
pub use sender::Counts;
pub use transaction::{Origin, Part, PoolTransaction};
pub use upkeep::Committed;
