//! The engine: drives the BFT library against `Application` over `Transport`.
//!
//! [`Machine`] is the whole engine without clock and I/O, so that a simulator replays its every step; [`Engine`] carries out what it wants
//! with tokio, the log on disk, the ledger and the network. What travels: [`Message`], [`Request`], [`Response`]; what stays: [`Record`]s in
//! the [`Log`]. Rules: docs/protocol.md, section 3; the seams: docs/architecture.md, section 7.
//!
//! ```text
//! network -> Message -> receive -> library -> Append -> sync -> Broadcast -> network
//!                          |          |
//!                        parts     Finalize -> Commit -> ledger -> next height
//!                          +-> Verify -> ledger -> verdict -> library
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod catch_up;
mod certificates;
mod config;
mod context;
mod convert;
mod engine;
mod keys;
mod log;
mod machine;
mod message;
mod metrics;
mod record;
#[cfg(test)]
mod test_keys;
mod value;

pub use catch_up::AskId;
pub use config::ConsensusConfig;
pub use engine::{Engine, EngineHandle, EngineSetup};
pub use keys::{Recover, SignatureCheck};
pub use log::Log;
pub use machine::{
    Dump, Input, Machine, Output, ProposalDump, Restored, RoundBlock, Setup, Status, Ticket, TimerDump, VotesDump,
};
pub use message::{
    Endorsement, InvalidMessage, Message, PartMessage, PolkaMessage, ProposalMessage, Request, Response, RoundMessage,
    RoundVote, StatusMessage, VoteMessage,
};
pub use record::{JudgedRecord, Record, TimeoutRecord};
pub use value::{BlockValue, MAX_BLOCK_BYTES, PART_BYTES, Part};
