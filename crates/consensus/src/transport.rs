//! The seam between the consensus engine and the network (docs/architecture.md, section 7).
//!
//! Bytes on both sides: what they mean is the engine's affair, how they travel the network's. Nothing here waits for a slow peer: queues
//! are bounded, and what does not fit is dropped, as the engine repeats what matters.

use bytes::Bytes;
use std::{fmt, future::Future, time::Duration};

/// How an engine reaches the nodes of other validators.
pub trait Transport: Clone + Send + Sync + 'static {
    /// Sends a message to everybody who takes part, over other nodes where there is no direct way. Never waits.
    fn broadcast(&self, topic: Topic, message: Bytes);
    /// Asks one peer. At most [`MAX_REQUEST_BYTES`] there, [`MAX_RESPONSE_BYTES`] back.
    fn request(
        &self,
        peer: &PeerId,
        request: Bytes,
        timeout: Duration,
    ) -> impl Future<Output = Result<Bytes, RequestError>> + Send;
    /// Answers a [`TransportEvent::Request`].
    fn respond(&self, to: RequestId, response: Bytes);
    /// Says what a gossiped message was worth. Only an accepted one is passed on to other nodes; a rejected one counts against its sender.
    fn judge(&self, message: MessageId, acceptance: Acceptance);
    /// Tells of a fault of a peer that no single message shows.
    fn penalize(&self, peer: &PeerId, fault: Fault);
    /// What arrives next; none when the network has ended. One caller at a time.
    fn next(&self) -> impl Future<Output = Option<TransportEvent>> + Send;
}

/// Largest gossiped message. Unit: bytes.
pub const MAX_MESSAGE_BYTES: usize = 256 << 10;
/// Largest request. Unit: bytes.
pub const MAX_REQUEST_BYTES: usize = 64 << 10;
/// Largest answer to a request. Unit: bytes.
pub const MAX_RESPONSE_BYTES: usize = 16 << 20;

/// Identity of a node in the network: the bytes of its libp2p peer id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub Bytes);

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({})", alloy_primitives::hex::encode(&self.0))
    }
}

/// What a gossiped message is about. Each topic has its own queue, so that blocks never delay votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Votes, certificates and proposals without their blocks.
    Votes,
    /// Parts of proposed blocks.
    Parts,
    /// How far a node is, told from time to time.
    Status,
}

/// Names a gossiped message until it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// Names a request until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What a gossiped message was worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Pass it on.
    Accept,
    /// Of no use now, by nobody's fault.
    Ignore,
    /// No honest node sends or passes on such a message.
    Reject,
}

/// Something a peer did that an honest one does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An answer or message that cannot be read, or breaks a rule that anyone can check.
    Invalid,
    /// A block or certificate that does not verify.
    Forged,
    /// More requests than anyone needs.
    Flood,
    /// No answer in time, or an empty one against its own status.
    Unhelpful,
}

/// What reaches the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportEvent {
    /// A message that must be judged.
    Message {
        /// Which neighbour passed it on; its author stands in the message.
        from: PeerId,
        /// What it is about.
        topic: Topic,
        /// For [`Transport::judge`].
        id: MessageId,
        /// At most [`MAX_MESSAGE_BYTES`].
        data: Bytes,
    },
    /// A question that wants an answer.
    Request {
        /// Who asks.
        from: PeerId,
        /// For [`Transport::respond`].
        id: RequestId,
        /// At most [`MAX_REQUEST_BYTES`].
        data: Bytes,
    },
    /// A peer of the same chain can be asked from now on.
    Connected(PeerId),
    /// A peer has gone.
    Disconnected(PeerId),
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nothing came in time.
    #[error("no answer in time")]
    Timeout,
    /// It is not connected.
    #[error("the peer is not connected")]
    NotConnected,
    /// Too many requests wait for it already.
    #[error("too many requests wait for the peer")]
    Busy,
    /// The connection broke, or the peer answered what cannot be an answer.
    #[error("the peer gave no answer: {0}")]
    Failed(String),
}
