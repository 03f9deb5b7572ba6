//! The listeners of the nodes.

use crate::{
    api::{Door, Reply, answer},
    network::Network,
};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};

/// Largest request. Unit: bytes.
const MOST_BODY: usize = 8 << 20;
const HEADER_DEADLINE: Duration = Duration::from_secs(30);

/// One listener of a node.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) network: Arc<Mutex<Network>>,
    pub(crate) node: usize,
    pub(crate) door: Door,
    pub(crate) control: bool,
}

/// A request that gets no answer: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("the simulator breaks this connection")]
struct Broken;

impl Service {
    /// Answers until it is dropped.
    pub(crate) async fn run(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let service = self.clone();
                        let answer = service_fn(move |request| service.clone().answer(request));
                        let connection = http1::Builder::new()
                            .timer(TokioTimer::new())
                            .header_read_timeout(HEADER_DEADLINE)
                            .serve_connection(TokioIo::new(stream), answer);
                        connections.spawn(connection);
                    }
                    Err(error) => tracing::warn!(%error, "cannot accept a connection"),
                },
            }
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<String>, Broken> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let body = match head.method {
            Method::POST => match read(body).await? {
                Some(body) => body,
                None => return Ok(text(StatusCode::PAYLOAD_TOO_LARGE, "a request has at most 8 MiB")),
            },
            Method::GET => query(head.uri.query().unwrap_or_default()).into(),
            _ => return Ok(text(StatusCode::METHOD_NOT_ALLOWED, "only GET and POST are served here")),
        };
        let reply = answer(&mut self.network.lock(), self.node, self.door, self.control, &path, &body);
        match reply {
            Reply::Json(value) => Ok(respond(StatusCode::OK, "application/json", value.to_string())),
            Reply::Text(words) => Ok(text(StatusCode::OK, &words)),
            Reply::Missing => Ok(text(StatusCode::NOT_FOUND, "there is no such path on this node")),
            Reply::Bad(why) => {
                let body = json!({ "error": why }).to_string();
                Ok(respond(StatusCode::BAD_REQUEST, "application/json", body))
            }
            Reply::Break(after) => {
                tokio::time::sleep(Duration::from_millis(after)).await;
                Err(Broken)
            }
        }
    }
}

/// The whole body; none if it is too long.
async fn read(mut body: Incoming) -> Result<Option<Bytes>, Broken> {
    let mut all = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(piece) = frame.map_err(|_| Broken)?.into_data() {
            all.extend_from_slice(&piece);
        }
        if all.len() > MOST_BODY {
            return Ok(None);
        }
    }
    Ok(Some(all.into()))
}

/// `a=b&c=d` as an object of text.
fn query(query: &str) -> Vec<u8> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let fields: Map<_, _> = pairs.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    Value::Object(fields).to_string().into_bytes()
}

fn text(status: StatusCode, body: &str) -> Response<String> {
    respond(status, "text/plain", body.to_owned())
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response<String> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind)
        .body(body)
        .expect("a status and a constant header make a response")
}
