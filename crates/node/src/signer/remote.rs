//! A key in another process, reached over a Unix socket.

use super::wire::{Hello, MAX_SIGNER_FRAME_BYTES, SIGNER_PROTOCOL_VERSION, SignerMessage};
use alloy_primitives::{Address, Signature};
use bttc_consensus::{ConsensusSigner, Refusal, SignError, SignRequest, recover_signer};
use bttc_primitives::VoteSignature;
use parking_lot::Mutex;
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::PathBuf,
    time::{Duration, Instant},
};

/// Where the signer is, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSignerConfig {
    /// Its socket.
    pub socket: PathBuf,
    /// EIP-155 id of the chain that it must sign for.
    pub chain_id: u64,
    /// Address of its key. None: learnt from it, so it must be there when the node starts.
    pub address: Option<Address>,
    /// Longest wait for one signature, with a new connection if it takes one.
    pub timeout: Duration,
}

/// [`ConsensusSigner`] over a signer in another process.
///
/// Connects anew when the connection breaks. A signer that is not there, or hangs, makes requests fail with [`SignError::Unavailable`]
/// within the time limit and does no other harm. What it answers is checked: a signature of another key, or of something else, does not pass.
#[derive(Debug)]
pub struct RemoteSigner {
    config: RemoteSignerConfig,
    address: Address,
    link: Mutex<Option<Link>>,
}

/// Why there is no connection, or no more.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("no signer answers on {socket} ({source}); start it with: bttc signer --socket {socket}")]
    Absent { socket: String, source: io::Error },
    #[error("the signer on {socket} refuses this node: {reason}")]
    Foreign { socket: String, reason: String },
    #[error("the connection to the signer broke: {0}")]
    Broken(io::Error),
    #[error("the signer did not answer in time")]
    Late,
    #[error("the signer breaks the protocol: {0}")]
    Protocol(String),
}

impl RemoteSigner {
    /// Reaches for the signer.
    ///
    /// Errors: it belongs to another chain or key, or speaks another version; or it is not there and its address is not configured.
    pub fn connect(config: RemoteSignerConfig) -> Result<Self, SignError> {
        let deadline = Instant::now() + config.timeout;
        let (address, link) = match (Link::open(&config, config.address, deadline), config.address) {
            (Ok(link), _) => (link.address, Some(link)),
            (Err(error @ (LinkError::Foreign { .. } | LinkError::Protocol(_))), _) => {
                return Err(Refusal::Remote(error.to_string()).into());
            }
            (Err(error), None) => return Err(SignError::Unavailable(error.to_string())),
            (Err(error), Some(address)) => {
                tracing::error!(%error, "starting without the signer; this validator abstains until it is there");
                (address, None)
            }
        };
        Ok(Self { config, address, link: Mutex::new(link) })
    }

    fn exchange(&self, request: &SignRequest) -> Result<Answer, LinkError> {
        let deadline = Instant::now() + self.config.timeout;
        let mut place = self.link.try_lock_until(deadline).ok_or(LinkError::Late)?;
        // A connection that was idle may have ended with the signer's last process; that is found out by using it.
        if let Some(mut link) = place.take() {
            match link.ask(request, deadline) {
                Ok(answer) => {
                    *place = Some(link);
                    return Ok(answer);
                }
                Err(LinkError::Broken(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let mut link = Link::open(&self.config, Some(self.address), deadline)?;
        let answer = link.ask(request, deadline)?;
        *place = Some(link);
        Ok(answer)
    }
}

impl ConsensusSigner for RemoteSigner {
    fn address(&self) -> Address {
        self.address
    }

    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        let signature = match self.exchange(request) {
            Ok(Answer::Signature(signature)) => signature,
            Ok(Answer::Refused(reason)) => return Err(Refusal::Remote(reason).into()),
            Ok(Answer::Failed(reason)) => return Err(SignError::Unavailable(reason)),
            Err(error) => return Err(SignError::Unavailable(error.to_string())),
        };
        let wrong = |why: String| SignError::Unavailable(format!("the signer answered with a wrong signature: {why}"));
        let by = recover_signer(request.signing_hash(), &signature).map_err(|error| wrong(error.to_string()))?;
        if by != self.address {
            return Err(wrong(format!("it is of {by}, expected {}", self.address)));
        }
        Signature::from_raw_array(&signature.0).map_err(|error| wrong(error.to_string()))
    }
}

enum Answer {
    Signature(VoteSignature),
    Refused(String),
    Failed(String),
}

/// A connection after its hellos.
#[derive(Debug)]
struct Link {
    stream: UnixStream,
    address: Address,
    last_id: u64,
}

impl Link {
    fn open(config: &RemoteSignerConfig, expected: Option<Address>, deadline: Instant) -> Result<Self, LinkError> {
        let socket = config.socket.display().to_string();
        let stream = dial(config, deadline).map_err(|source| match broken_or_late(source) {
            LinkError::Broken(source) => LinkError::Absent { socket: socket.clone(), source },
            late => late,
        })?;
        let mut link = Self { stream, address: Address::ZERO, last_id: 0 };
        let ours = Hello {
            version: SIGNER_PROTOCOL_VERSION,
            chain_id: config.chain_id,
            address: expected.unwrap_or_default(),
        };
        link.send(&SignerMessage::Hello(ours), deadline)?;
        let theirs = match link.receive(deadline)? {
            SignerMessage::Hello(hello) => hello,
            SignerMessage::Refused { reason, .. } => return Err(LinkError::Foreign { socket, reason }),
            other => return Err(LinkError::Protocol(format!("{other:?} instead of a hello"))),
        };
        let foreign = |what: &str, found: String, wanted: String| LinkError::Foreign {
            socket: socket.clone(),
            reason: format!("its {what} is {found}, expected {wanted}"),
        };
        if theirs.version != ours.version {
            return Err(foreign("protocol version", theirs.version.to_string(), ours.version.to_string()));
        }
        if theirs.chain_id != ours.chain_id {
            return Err(foreign("chain id", theirs.chain_id.to_string(), ours.chain_id.to_string()));
        }
        if let Some(expected) = expected.filter(|expected| *expected != theirs.address) {
            return Err(foreign("key", theirs.address.to_string(), expected.to_string()));
        }
        link.address = theirs.address;
        Ok(link)
    }

    fn ask(&mut self, request: &SignRequest, deadline: Instant) -> Result<Answer, LinkError> {
        let asked = self.last_id.wrapping_add(1);
        self.last_id = asked;
        self.send(&SignerMessage::Sign { id: asked, request: request.clone() }, deadline)?;
        let (id, answer) = match self.receive(deadline)? {
            SignerMessage::Signature { id, signature } => (id, Answer::Signature(signature)),
            SignerMessage::Refused { id, reason } => (id, Answer::Refused(reason)),
            SignerMessage::Failed { id, reason } => (id, Answer::Failed(reason)),
            other => return Err(LinkError::Protocol(format!("{other:?} instead of an answer"))),
        };
        if id != asked {
            return Err(LinkError::Protocol(format!("an answer to request {id}, expected {asked}")));
        }
        Ok(answer)
    }

    fn send(&mut self, message: &SignerMessage, deadline: Instant) -> Result<(), LinkError> {
        self.stream.set_write_timeout(Some(left(deadline)?)).map_err(LinkError::Broken)?;
        self.stream.write_all(&message.to_frame()).map_err(broken_or_late)
    }

    fn receive(&mut self, deadline: Instant) -> Result<SignerMessage, LinkError> {
        let mut head = [0; 4];
        self.fill(&mut head, deadline)?;
        let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
        if length > MAX_SIGNER_FRAME_BYTES {
            return Err(LinkError::Protocol(format!("a message of {length} bytes")));
        }
        let mut message = vec![0; length];
        self.fill(&mut message, deadline)?;
        SignerMessage::decode(&message).map_err(|error| LinkError::Protocol(error.to_string()))
    }

    /// Fills the whole buffer; a sender that drips bytes does not move the deadline.
    fn fill(&mut self, mut buffer: &mut [u8], deadline: Instant) -> Result<(), LinkError> {
        while !buffer.is_empty() {
            self.stream.set_read_timeout(Some(left(deadline)?)).map_err(LinkError::Broken)?;
            match self.stream.read(buffer) {
                Ok(0) => return Err(LinkError::Broken(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => buffer = buffer.get_mut(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(broken_or_late(error)),
            }
        }
        Ok(())
    }
}

/// The standard library knows no connect with a time limit; a signer that is stopped with a full queue would block it for ever.
fn dial(config: &RemoteSignerConfig, deadline: Instant) -> io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_write_timeout(Some(deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))))?;
    socket.connect(&SockAddr::unix(&config.socket)?)?;
    Ok(UnixStream::from(OwnedFd::from(socket)))
}

fn left(deadline: Instant) -> Result<Duration, LinkError> {
    let left = deadline.saturating_duration_since(Instant::now());
    // A time limit of nothing means none to the system.
    if left.is_zero() { Err(LinkError::Late) } else { Ok(left) }
}

fn broken_or_late(error: io::Error) -> LinkError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => LinkError::Late,
        _ => LinkError::Broken(error),
    }
}
