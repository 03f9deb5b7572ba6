//! JSON-RPC over a Unix socket: JSON values one after the other, in both directions.
//!
//! A connection reads at most [`IN_FLIGHT`] calls ahead of their answers; answers and notifications share one bounded queue, so a reader that
//! does not read stops its own calls and nobody else's.

mod framing;
mod service;

use crate::{
    RpcConfig,
    error::{RpcError, code},
    metrics::OpenConnection,
    middleware::ObserveLayer,
};
use framing::JsonFrames;
use futures::{StreamExt, stream::FuturesUnordered};
use jsonrpsee::{
    core::{middleware::RpcServiceT, server::MethodResponse},
    server::{MethodSink, Methods},
    types::{ErrorObjectOwned, Id},
};
use serde_json::value::RawValue;
use service::CallMethods;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    io::AsyncWriteExt,
    net::{UnixListener, UnixStream, unix::OwnedWriteHalf},
    sync::{Semaphore, mpsc},
    task::JoinSet,
};
use tokio_util::{codec::FramedRead, sync::CancellationToken};
use tower::Layer;

/// Calls of one connection that run at the same time.
const IN_FLIGHT: usize = 64;

/// The socket, and what its connections need.
#[derive(Debug)]
pub(crate) struct IpcServer {
    listener: UnixListener,
    path: PathBuf,
    methods: Methods,
    layer: ObserveLayer,
    config: RpcConfig,
}

impl IpcServer {
    /// Takes the socket file; one left behind by a dead process is replaced, a live one is refused.
    pub(crate) async fn bind(
        path: &Path,
        methods: Methods,
        layer: ObserveLayer,
        config: RpcConfig,
    ) -> io::Result<Self> {
        if path.exists() {
            if UnixStream::connect(path).await.is_ok() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process answers on this socket"));
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(Self { listener, path: path.to_owned(), methods, layer, config })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Serves until `shutdown`, then removes the socket file.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.config.max_connections));
        let mut connections = JoinSet::new();
        let mut next_id = 0_usize;
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an IPC connection");
                    tokio::time::sleep(crate::http::ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = places.clone().try_acquire_owned() else {
                refuse(stream, self.config.max_connections).await;
                continue;
            };
            next_id = next_id.wrapping_add(1);
            let connection = self.connection(next_id);
            let shutdown = shutdown.clone();
            connections.spawn(async move {
                let _open = OpenConnection::new("ipc");
                connection.serve(stream, shutdown).await;
                drop(place);
            });
        }
        while connections.join_next().await.is_some() {}
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the IPC socket file is gone already");
        }
    }

    fn connection(&self, id: usize) -> Connection {
        Connection {
            id,
            methods: self.methods.clone(),
            layer: self.layer.clone(),
            max_body_bytes: self.config.max_body_bytes as usize,
            max_response_bytes: self.config.max_response_bytes,
            max_subscriptions: self.config.max_subscriptions,
            message_buffer: (self.config.message_buffer as usize).max(1),
        }
    }
}

async fn refuse(mut stream: UnixStream, most: usize) {
    let error =
        RpcError::limit("max_connections", "one more", most, "close a connection, or raise it in the configuration");
    let response = MethodResponse::error(Id::Null, ErrorObjectOwned::from(error));
    // Whoever is refused may have gone already.
    let _ = stream.write_all(response.as_json().get().as_bytes()).await;
}

struct Connection {
    id: usize,
    methods: Methods,
    layer: ObserveLayer,
    max_body_bytes: usize,
    max_response_bytes: u32,
    max_subscriptions: u32,
    message_buffer: usize,
}

impl Connection {
    async fn serve(self, stream: UnixStream, shutdown: CancellationToken) {
        let (read, mut write) = stream.into_split();
        let (sender, mut queue) = mpsc::channel(self.message_buffer);
        let sink = MethodSink::new_with_limit(sender, self.max_response_bytes);
        let service = self.layer.layer(CallMethods::new(
            self.methods,
            sink.clone(),
            self.id,
            self.max_response_bytes,
            self.max_subscriptions,
        ));
        let frames = FramedRead::new(read, JsonFrames::new(self.max_body_bytes));
        let reads = read_calls(frames, service, sink, self.max_body_bytes);
        tokio::select! {
            () = shutdown.cancelled() => {}
            // The caller has closed its side: what was answered still goes out.
            () = reads => {
                while let Ok(message) = queue.try_recv() {
                    if send(&mut write, message).await.is_err() {
                        break;
                    }
                }
            }
            () = write_answers(&mut write, &mut queue) => {}
        }
    }
}

async fn write_answers(write: &mut OwnedWriteHalf, queue: &mut mpsc::Receiver<Box<RawValue>>) {
    while let Some(message) = queue.recv().await {
        if send(write, message).await.is_err() {
            return;
        }
    }
}

async fn send(write: &mut OwnedWriteHalf, message: Box<RawValue>) -> io::Result<()> {
    let mut bytes = String::from(Box::<str>::from(message)).into_bytes();
    bytes.push(b'\n');
    write.write_all(&bytes).await
}

/// Reads calls and runs them side by side until the caller closes or sends what is no JSON.
async fn read_calls<S>(
    mut frames: FramedRead<tokio::net::unix::OwnedReadHalf, JsonFrames>,
    service: S,
    sink: MethodSink,
    max_body_bytes: usize,
) where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Send
        + Sync,
{
    let mut running = FuturesUnordered::new();
    loop {
        let frame = tokio::select! {
            Some(()) = running.next(), if !running.is_empty() => continue,
            frame = frames.next(), if running.len() < IN_FLIGHT => frame,
        };
        match frame {
            Some(Ok(frame)) => running.push(answer(frame, &service, &sink)),
            Some(Err(error)) => {
                let error = match error {
                    framing::FrameError::TooLarge => {
                        RpcError::limit("max_body_bytes", "more", max_body_bytes, "send less in one request")
                    }
                    framing::FrameError::NotJson => {
                        RpcError::new(-32700, "Parse error: a request is a JSON object or list")
                    }
                    framing::FrameError::Io(error) => RpcError::new(code::INTERNAL, error.to_string()),
                };
                // Where the next request begins is unknown: the connection ends here.
                let _ = sink.send_error(Id::Null, error.into()).await;
                break;
            }
            None => break,
        }
    }
    while running.next().await.is_some() {}
}

async fn answer<S>(frame: Vec<u8>, service: &S, sink: &MethodSink)
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Send
        + Sync,
{
    let response = service::dispatch(&frame, service).await;
    // A subscription has sent its own answer, before its first notification.
    if response.is_method_call() || response.is_batch() {
        let success = response.is_success();
        let (json, notify, _) = response.into_parts();
        if sink.send(json).await.is_ok()
            && let Some(notify) = notify
        {
            notify.notify(success);
        }
    }
}
