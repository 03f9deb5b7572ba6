//! The signer's side of the socket.

use super::wire::{Hello, InvalidSignerMessage, MAX_SIGNER_FRAME_BYTES, SIGNER_PROTOCOL_VERSION, SignerMessage};
use alloy_primitives::Address;
use bttc_consensus::{ConsensusSigner, SignError, SignRequest, vote_signature};
use bttc_primitives::Fatal;
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Connections at a time. One is used; the others are for a node that restarts while its old connection still ends.
const CONNECTIONS: usize = 8;
/// A message that has begun must end within this, and an answer be taken.
const FRAME_TIME: Duration = Duration::from_secs(5);
/// After a failed accept (no file handles, say) the listener rests.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves one guarded key to nodes of this machine, over a socket that only its user may open.
///
/// Requests of all connections go through the one guard, one after the other.
pub struct SignerServer {
    listener: UnixListener,
    path: PathBuf,
    chain_id: u64,
    signer: Arc<dyn ConsensusSigner>,
}

impl SignerServer {
    /// Takes the socket file; one left behind by a dead process is replaced, a live one is refused.
    ///
    /// `signer` must guard its key. Errors: another process answers there, or the directory is not writable.
    pub async fn bind(path: &Path, chain_id: u64, signer: Arc<dyn ConsensusSigner>) -> io::Result<Self> {
        if UnixStream::connect(path).await.is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process answers on this socket"));
        }
        if fs::symlink_metadata(path).is_ok_and(|there| !there.file_type().is_socket()) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "another kind of file is there"));
        }
        // Bound where only we can look, and moved into its place with its rights set: nobody else ever finds it open.
        let private = path.parent().unwrap_or_else(|| Path::new("")).join(format!(".bttc-{}", std::process::id()));
        let hidden = private.join("s");
        // Left by a process of the same number that ended right here.
        let _nothing_left = (fs::remove_file(&hidden), fs::remove_dir(&private));
        fs::DirBuilder::new().mode(0o700).create(&private)?;
        let listener = UnixListener::bind(&hidden).and_then(|listener| {
            fs::set_permissions(&hidden, fs::Permissions::from_mode(0o600))?;
            fs::rename(&hidden, path)?;
            Ok(listener)
        });
        if listener.is_err() {
            let _never_bound = fs::remove_file(&hidden);
        }
        let removed = fs::remove_dir(&private);
        let listener = listener?;
        removed?;
        Ok(Self { listener, path: path.to_owned(), chain_id, signer })
    }

    /// Address of the key.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Serves until `shutdown`, then removes the socket file.
    ///
    /// Errors: the guard cannot keep its record; nothing more is signed.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Fatal> {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections: JoinSet<Result<(), Fatal>> = JoinSet::new();
        let result = loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break Ok(()),
                Some(ended) = connections.join_next() => match ended {
                    Ok(Err(fatal)) => break Err(fatal),
                    Ok(Ok(())) => continue,
                    Err(panic) => break Err(Fatal::while_doing("serving a node", panic)),
                },
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = places.clone().try_acquire_owned() else {
                tracing::warn!("refused a connection: {CONNECTIONS} are open");
                continue;
            };
            let connection = Connection { stream, chain_id: self.chain_id, signer: self.signer.clone() };
            connections.spawn(async move {
                let _place = place;
                connection.serve().await
            });
        };
        // A request that is being signed ends by itself; its answer may be lost, and is asked for again.
        connections.shutdown().await;
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the socket file is gone already");
        }
        result
    }
}

struct Connection {
    stream: UnixStream,
    chain_id: u64,
    signer: Arc<dyn ConsensusSigner>,
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the node went away: {0}")]
    Gone(#[from] io::Error),
    #[error("the node was too slow")]
    Slow,
    #[error("the node breaks the protocol: {0}")]
    Invalid(#[from] InvalidSignerMessage),
    #[error("the node breaks the protocol: {0}")]
    Protocol(String),
    #[error("the node does not belong here: {0}")]
    Foreign(String),
    #[error(transparent)]
    Fatal(Fatal),
}

impl Connection {
    async fn serve(mut self) -> Result<(), Fatal> {
        match self.talk().await {
            Err(Ended::Fatal(fatal)) => Err(fatal),
            Err(Ended::Gone(error)) => {
                tracing::debug!(%error, "a node disconnected");
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "ended a connection");
                Ok(())
            }
            Ok(never) => match never {},
        }
    }

    async fn talk(&mut self) -> Result<std::convert::Infallible, Ended> {
        let hello = match self.receive().await? {
            SignerMessage::Hello(hello) => hello,
            other => return Err(Ended::Protocol(format!("{other:?} before a hello"))),
        };
        if let Some(reason) = self.objection(&hello) {
            self.send(&SignerMessage::Refused { id: 0, reason: reason.clone() }).await?;
            return Err(Ended::Foreign(reason));
        }
        self.send(&SignerMessage::Hello(self.hello())).await?;
        tracing::info!("a node connected");
        loop {
            let SignerMessage::Sign { id, request } = self.receive().await? else {
                return Err(Ended::Protocol("a message that is no request".to_owned()));
            };
            let (answer, fatal) = self.answer(id, request).await;
            self.send(&answer).await?;
            if let Some(fatal) = fatal {
                return Err(Ended::Fatal(fatal));
            }
        }
    }

    fn hello(&self) -> Hello {
        Hello { version: SIGNER_PROTOCOL_VERSION, chain_id: self.chain_id, address: self.signer.address() }
    }

    /// Why the node behind `theirs` is not served.
    fn objection(&self, theirs: &Hello) -> Option<String> {
        let ours = self.hello();
        if theirs.version != ours.version {
            return Some(format!("this signer speaks version {}, the node version {}", ours.version, theirs.version));
        }
        if theirs.chain_id != ours.chain_id {
            return Some(format!(
                "this signer signs for chain {}, the node is of chain {}",
                ours.chain_id, theirs.chain_id
            ));
        }
        (theirs.address != ours.address && theirs.address != Address::ZERO)
            .then(|| format!("this signer has the key {}, the node wants {}", ours.address, theirs.address))
    }

    async fn answer(&self, id: u64, request: SignRequest) -> (SignerMessage, Option<Fatal>) {
        let signer = self.signer.clone();
        let (kind, position) = (request.kind(), request.position());
        let result = tokio::task::spawn_blocking(move || signer.sign(&request))
            .await
            .unwrap_or_else(|panic| Err(SignError::Fatal(Fatal::while_doing("signing", panic))));
        match result {
            Ok(signature) => {
                tracing::debug!(kind, ?position, "signed");
                (SignerMessage::Signature { id, signature: vote_signature(&signature) }, None)
            }
            Err(SignError::Refused(why)) => {
                tracing::error!(kind, %why, "refused to sign");
                (SignerMessage::Refused { id, reason: why.to_string() }, None)
            }
            Err(SignError::Unavailable(reason)) => {
                tracing::error!(kind, reason, "cannot sign");
                (SignerMessage::Failed { id, reason }, None)
            }
            Err(SignError::Fatal(fatal)) => (SignerMessage::Failed { id, reason: fatal.to_string() }, Some(fatal)),
        }
    }

    async fn send(&mut self, message: &SignerMessage) -> Result<(), Ended> {
        timeout(FRAME_TIME, self.stream.write_all(&message.to_frame())).await.map_err(|_| Ended::Slow)??;
        Ok(())
    }

    /// The next message; a node may be silent between messages for as long as it likes.
    async fn receive(&mut self) -> Result<SignerMessage, Ended> {
        let first = self.stream.read_u8().await?;
        let message = timeout(FRAME_TIME, async {
            let mut rest = [0; 3];
            self.stream.read_exact(&mut rest).await?;
            let [second, third, fourth] = rest;
            let length = u32::from_be_bytes([first, second, third, fourth]);
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > MAX_SIGNER_FRAME_BYTES {
                return Err(Ended::Protocol(format!("a message of {length} bytes")));
            }
            let mut message = vec![0; length];
            self.stream.read_exact(&mut message).await?;
            Ok(message)
        });
        Ok(SignerMessage::decode(&message.await.map_err(|_| Ended::Slow)??)?)
    }
}
