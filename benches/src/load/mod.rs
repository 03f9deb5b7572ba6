//! The load of the end-to-end harness: what it sends, to whom, how fast, and what must be true afterwards.
//!
//! ```text
//! Target      a node by URL, or several of one network, and their processes
//! Workload    what call `n` of a sender does; what balances and slots are after so many calls
//! Stand       a target with contract and senders for a workload
//!   saturate  as fast as the node takes them: included a second, CPU each
//!   paced     at fixed times: from due to receipt
//!   check     asks the node for balances and slots
//! ```
//!
//! Transactions are signed before the clock runs. Only those in blocks count; what a node refuses and what it takes and loses is told apart.

pub mod contracts;
mod keys;
mod nodes;
mod paced;
mod receipts;
mod saturate;
mod stand;
mod target;
mod workload;

pub use keys::{dev_senders, funded_senders, read_key};
pub use nodes::{NodeArgs, Nodes};
pub use paced::Paced;
pub use receipts::await_receipts;
pub use saturate::Round;
pub use stand::{Stand, balance_of};
pub use target::{Target, spent};
pub use workload::{Question, TOKENS, Workload};
