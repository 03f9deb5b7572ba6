//! What the engine, the pool and the doors hold of the network.

use crate::{
    address::{self, InvalidAddress, PeerAddress},
    bans::Ban,
    config::Role,
    gossip::Subject,
    inbox::Inbox,
    metrics,
    peers::PeerInfo,
    transactions::{self, TransactionBatch},
};
use bttc_consensus::{
    Acceptance, Fault, MAX_REQUEST_BYTES, MessageId, PeerId, RequestError, RequestId, Topic, Transport, TransportEvent,
};
use bttc_primitives::ValidatorSet;
use bytes::Bytes;
use parking_lot::RwLock;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// This node as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalInfo {
    /// Its peer id, in text.
    pub id: String,
    /// Its part in the network.
    pub role: Role,
    /// Where it listens, with the port that was taken.
    pub listen: Vec<String>,
    /// Where it can be reached from outside, as far as that is known.
    pub external: Vec<String>,
}

/// Whom a ban is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    Peer(libp2p::PeerId),
    Ip(IpAddr),
}

impl Whom {
    fn parse(text: &str) -> Result<Self, InvalidAddress> {
        match text.parse() {
            Ok(ip) => Ok(Self::Ip(ip)),
            Err(_) => address::peer_id(text).map(Self::Peer),
        }
    }
}

/// What the service is told to do.
#[derive(Debug)]
pub(crate) enum Command {
    Request { peer: PeerId, data: Bytes, reply: oneshot::Sender<Result<Bytes, RequestError>> },
    Respond { to: RequestId, data: Bytes },
    Penalize { peer: PeerId, fault: Fault },
    Validators(ValidatorSet),
    AddPeer(PeerAddress),
    RemovePeer(libp2p::PeerId),
    Ban { whom: Whom, length: Duration },
    Unban(Whom),
}

/// Why the network cannot do what a person asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerCommandError {
    /// The peer cannot be read.
    #[error(transparent)]
    Invalid(#[from] InvalidAddress),
    /// There is nothing to do it to.
    #[error("{0} is not among the peers; admin_peers lists them")]
    Unknown(String),
    /// It is this node.
    #[error("{0} is this node itself")]
    Itself(String),
    /// The service has ended, or has too much to do.
    #[error("the network takes no orders at the moment; try again, and look into the log if that does not help")]
    Busy,
}

/// State that both sides look at.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) peers: Vec<PeerInfo>,
    pub(crate) bans: Vec<Ban>,
    pub(crate) local: LocalInfo,
}

/// The network. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct NetworkHandle {
    id: PeerId,
    inbox: Arc<Inbox>,
    board: Arc<RwLock<Board>>,
    pub(crate) senders: Senders,
}

/// The ways to the service, each with a bound of its own: what does not fit is dropped and counted.
#[derive(Clone, Debug)]
pub(crate) struct Senders {
    urgent: mpsc::Sender<(Subject, Bytes)>,
    bulk: mpsc::Sender<(Subject, Bytes)>,
    judgements: mpsc::Sender<(MessageId, Acceptance)>,
    commands: mpsc::Sender<Command>,
}

/// The other ends.
#[derive(Debug)]
pub(crate) struct Receivers {
    pub(crate) urgent: mpsc::Receiver<(Subject, Bytes)>,
    pub(crate) bulk: mpsc::Receiver<(Subject, Bytes)>,
    pub(crate) judgements: mpsc::Receiver<(MessageId, Acceptance)>,
    pub(crate) commands: mpsc::Receiver<Command>,
}

pub(crate) fn channels() -> (Senders, Receivers) {
    let (urgent_in, urgent) = mpsc::channel(2_048);
    let (bulk_in, bulk) = mpsc::channel(256);
    let (judgements_in, judgements) = mpsc::channel(8_192);
    let (commands_in, commands) = mpsc::channel(1_024);
    let senders = Senders { urgent: urgent_in, bulk: bulk_in, judgements: judgements_in, commands: commands_in };
    (senders, Receivers { urgent, bulk, judgements, commands })
}

impl std::fmt::Debug for NetworkHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NetworkHandle({})", self.board.read().local.id)
    }
}

impl NetworkHandle {
    pub(crate) const fn new(id: PeerId, inbox: Arc<Inbox>, board: Arc<RwLock<Board>>, senders: Senders) -> Self {
        Self { id, inbox, board, senders }
    }

    /// Id of this node.
    pub const fn id(&self) -> &PeerId {
        &self.id
    }

    /// This node as others see it.
    pub fn local(&self) -> LocalInfo {
        self.board.read().local.clone()
    }

    /// Connected peers of our chain, the longest connected first.
    pub fn peers(&self) -> Vec<PeerInfo> {
        self.board.read().peers.clone()
    }

    /// How many peers of our chain are connected.
    pub fn peer_count(&self) -> usize {
        self.board.read().peers.len()
    }

    /// Bans in force, the one that ends first in front.
    pub fn bans(&self) -> Vec<Ban> {
        self.board.read().bans.clone()
    }

    /// Names the validators of the coming height: nodes of theirs are never crowded out.
    pub fn set_validators(&self, validators: ValidatorSet) {
        if self.senders.commands.try_send(Command::Validators(validators)).is_err() {
            metrics::dropped("commands", "full", 1);
        }
    }

    /// Stays connected with a peer, `/ip4/.../tcp/.../p2p/ID`, until the node ends.
    ///
    /// Errors: not an address with a peer; this node itself.
    pub fn add_peer(&self, peer: &str) -> Result<(), PeerCommandError> {
        let peer: PeerAddress = peer.parse()?;
        if address::to_consensus(&peer.id) == self.id {
            return Err(PeerCommandError::Itself(peer.id.to_string()));
        }
        self.command(Command::AddPeer(peer))
    }

    /// Ends the connection with a peer and forgets it; `peer` is an id, or an address with one. It may come back by itself.
    ///
    /// Errors: no id; a peer that is not connected.
    pub fn remove_peer(&self, peer: &str) -> Result<(), PeerCommandError> {
        let id = match peer.parse::<PeerAddress>() {
            Ok(peer) => peer.id,
            Err(_) => address::peer_id(peer)?,
        };
        let text = id.to_string();
        let known = self.board.read().peers.iter().any(|peer| peer.id == text);
        // Also one that is only dialed again and again.
        self.command(Command::RemovePeer(id))?;
        if known { Ok(()) } else { Err(PeerCommandError::Unknown(text)) }
    }

    /// Keeps a peer id or an IP address out for a time.
    ///
    /// Errors: neither of them.
    pub fn ban(&self, whom: &str, length: Duration) -> Result<(), PeerCommandError> {
        self.command(Command::Ban { whom: Whom::parse(whom)?, length })
    }

    /// Lifts a ban.
    ///
    /// Errors: neither a peer id nor an IP address; not banned.
    pub fn unban(&self, whom: &str) -> Result<(), PeerCommandError> {
        let parsed = Whom::parse(whom)?;
        if !self.board.read().bans.iter().any(|ban| ban.who == whom) {
            return Err(PeerCommandError::Unknown(whom.to_owned()));
        }
        self.command(Command::Unban(parsed))
    }

    fn command(&self, command: Command) -> Result<(), PeerCommandError> {
        self.senders.commands.try_send(command).map_err(|_| PeerCommandError::Busy)
    }

    /// Gossips raw transactions (EIP-2718). Never waits; one that is too large for a message is left out.
    pub fn broadcast_transactions(&self, raw: impl IntoIterator<Item = Bytes>) {
        for message in transactions::encode(raw) {
            self.publish(Subject::Transactions, message);
        }
    }

    /// The next transactions of a peer, to be judged with [`Transport::judge`]; none when the network has ended.
    pub async fn next_transactions(&self) -> Option<TransactionBatch> {
        self.inbox.next_transactions().await
    }

    fn publish(&self, subject: Subject, message: Bytes) {
        if message.is_empty() || message.len() > subject.max_bytes() {
            let (bytes, most) = (message.len(), subject.max_bytes());
            tracing::error!(
                topic = subject.name(),
                bytes,
                most,
                "a message of an impossible size is not sent; this is a bug worth reporting"
            );
            return metrics::dropped(subject.name(), "size", 1);
        }
        let queue = if subject == Subject::Votes { &self.senders.urgent } else { &self.senders.bulk };
        if queue.try_send((subject, message)).is_err() {
            metrics::dropped(subject.name(), "outbox_full", 1);
        }
    }
}

impl Transport for NetworkHandle {
    fn broadcast(&self, topic: Topic, message: Bytes) {
        self.publish(topic.into(), message);
    }

    async fn request(&self, peer: &PeerId, request: Bytes, timeout: Duration) -> Result<Bytes, RequestError> {
        if request.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::Failed(format!(
                "a request of {} bytes, at most {MAX_REQUEST_BYTES} are allowed",
                request.len()
            )));
        }
        let (reply, answer) = oneshot::channel();
        let command = Command::Request { peer: peer.clone(), data: request, reply };
        self.senders.commands.try_send(command).map_err(|_| RequestError::Busy)?;
        match tokio::time::timeout(timeout, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(RequestError::Failed("the network has ended".to_owned())),
            Err(_) => Err(RequestError::Timeout),
        }
    }

    fn respond(&self, to: RequestId, response: Bytes) {
        if self.senders.commands.try_send(Command::Respond { to, data: response }).is_err() {
            metrics::dropped("answers", "outbox_full", 1);
        }
    }

    fn judge(&self, message: MessageId, acceptance: Acceptance) {
        // One that finds no place passes for ignored after its time.
        if self.senders.judgements.try_send((message, acceptance)).is_err() {
            metrics::dropped("judgements", "outbox_full", 1);
        }
    }

    fn penalize(&self, peer: &PeerId, fault: Fault) {
        if self.senders.commands.try_send(Command::Penalize { peer: peer.clone(), fault }).is_err() {
            metrics::dropped("commands", "full", 1);
        }
    }

    async fn next(&self) -> Option<TransportEvent> {
        self.inbox.next().await
    }
}
