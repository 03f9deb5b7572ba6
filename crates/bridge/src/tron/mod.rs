//! TRON on the wire: what is hashed and signed, byte for byte (docs/tron.md, section 1).
//!
//! Inside the node an address has 20 bytes everywhere; the 21 bytes of TRON's messages exist in this module alone ([`address`]).

pub mod address;
mod answers;
mod block;
mod messages;
mod node;
mod transaction;

pub use answers::more::{AccountAnswer, BandwidthAnswer};
pub use answers::{BadAnswer, BlockAnswer, Ending, Parameters, Receipt, Simulated, Verdict};
pub use block::{BlockId, BlockRef, HeaderRaw, InvalidHeader};
pub use node::{Endpoint, NodeError, TronNode, View};
pub use transaction::{
    Action, Call, Creation, InvalidTransaction, MAX_SIGNED_BYTES, SIGNATURE_ROOM, Signed, Terms, Unsigned,
    created_address,
};

#[cfg(test)]
mod vectors;
