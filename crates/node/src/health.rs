//! HTTP listener for machines that watch the node: `/metrics`, `/healthz`, `/readyz`.
//!
//! `/healthz` answers 200 while the process serves at all. `/readyz` answers 200 when the node should be sent work, otherwise 503 with the
//! reasons. Bodies are JSON but for `/metrics`. Connections are few by design: the next one waits when [`CONNECTIONS`] are open.

use crate::readiness::Readiness;
use eyre::WrapErr;
use http::{Method, Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

const CONNECTIONS: usize = 32;
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
const CONNECTION_DEADLINE: Duration = Duration::from_secs(60);
const UPKEEP: Duration = Duration::from_secs(5);

/// What the listener answers with.
pub(crate) trait Probe: Send + Sync + 'static {
    /// Height of the head.
    fn height(&self) -> u64;
    /// Why the node is not ready; empty if it is.
    fn reasons(&self) -> Vec<String>;
}

impl Probe for Readiness {
    fn height(&self) -> u64 {
        Self::height(self)
    }
    fn reasons(&self) -> Vec<String> {
        Self::reasons(self)
    }
}

/// The bound listener.
pub(crate) struct HealthServer<P> {
    listener: TcpListener,
    addr: SocketAddr,
    shared: Arc<Shared<P>>,
}

struct Shared<P> {
    metrics: PrometheusHandle,
    probe: P,
}

impl<P: Probe> HealthServer<P> {
    pub(crate) async fn bind(addr: SocketAddr, metrics: PrometheusHandle, probe: P) -> eyre::Result<Self> {
        let listener = TcpListener::bind(addr).await.wrap_err_with(|| {
            format!("cannot listen on {addr} for metrics; choose another address with --metrics.listen")
        })?;
        let addr = listener.local_addr().wrap_err("cannot read the address of the metrics listener")?;
        Ok(Self { listener, addr, shared: Arc::new(Shared { metrics, probe }) })
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) async fn run(self, shutdown: CancellationToken) -> eyre::Result<()> {
        let mut connections = JoinSet::new();
        let mut upkeep = tokio::time::interval(UPKEEP);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                _ = upkeep.tick() => self.shared.metrics.run_upkeep(),
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        let shared = self.shared.clone();
                        let answer = service_fn(move |request| {
                            let shared = shared.clone();
                            async move { Ok::<_, Infallible>(shared.answer(&request)) }
                        });
                        let connection = http1::Builder::new()
                            .timer(TokioTimer::new())
                            .header_read_timeout(HEADER_DEADLINE)
                            .serve_connection(TokioIo::new(stream), answer);
                        connections.spawn(tokio::time::timeout(CONNECTION_DEADLINE, connection));
                    }
                    // A peer that left, or too many open files: neither is a reason to stop.
                    Err(error) => tracing::warn!(%error, "cannot accept a metrics connection"),
                },
            }
        }
    }
}

impl<P: Probe> Shared<P> {
    fn answer(&self, request: &Request<Incoming>) -> Response<String> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return json(StatusCode::METHOD_NOT_ALLOWED, &serde_json::json!({ "error": "only GET is served here" }));
        }
        match request.uri().path() {
            "/metrics" => {
                metrics::gauge!("bttc_head_height").set(height_as_f64(self.probe.height()));
                text(StatusCode::OK, "text/plain; version=0.0.4", self.metrics.render())
            }
            "/healthz" => json(StatusCode::OK, &serde_json::json!({ "healthy": true, "height": self.probe.height() })),
            "/readyz" => {
                let reasons = self.probe.reasons();
                let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                let body = serde_json::json!({ "ready": reasons.is_empty(), "height": self.probe.height(), "reasons": reasons });
                json(status, &body)
            }
            _ => {
                json(StatusCode::NOT_FOUND, &serde_json::json!({ "error": "paths are /metrics, /healthz and /readyz" }))
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 blocks; a metric")]
fn height_as_f64(height: u64) -> f64 {
    height as f64
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response<String> {
    text(status, "application/json", format!("{body}\n"))
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response<String> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind)
        .header(header::CACHE_CONTROL, "no-store")
        .body(body)
        .expect("a status and two constant headers make a response")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    struct Fixed(Vec<String>);

    impl Probe for Fixed {
        fn height(&self) -> u64 {
            7
        }
        fn reasons(&self) -> Vec<String> {
            self.0.clone()
        }
    }

    async fn ask(addr: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let request = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn health_readiness_and_metrics_answer() {
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let reasons = vec!["the node is stopping".to_owned()];
        let server = HealthServer::bind("127.0.0.1:0".parse().unwrap(), metrics, Fixed(reasons)).await.unwrap();
        let addr = server.addr();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(server.run(shutdown.clone()));

        let healthy = ask(addr, "GET /healthz").await;
        assert!(healthy.starts_with("HTTP/1.1 200") && healthy.contains(r#"{"healthy":true,"height":7}"#), "{healthy}");
        let not_ready = ask(addr, "GET /readyz").await;
        assert!(not_ready.starts_with("HTTP/1.1 503"), "{not_ready}");
        assert!(not_ready.contains(r#""ready":false"#) && not_ready.contains("the node is stopping"), "{not_ready}");
        assert!(ask(addr, "GET /metrics").await.contains("text/plain; version=0.0.4"));
        assert!(ask(addr, "GET /secret").await.starts_with("HTTP/1.1 404"));
        assert!(ask(addr, "POST /healthz").await.starts_with("HTTP/1.1 405"));

        shutdown.cancel();
        running.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_taken_port_says_which_flag_helps() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let Err(error) = HealthServer::bind(taken.local_addr().unwrap(), metrics, Fixed(Vec::new())).await else {
            unreachable!("the port is taken");
        };
        assert!(format!("{error:#}").contains("--metrics.listen"), "{error:#}");
    }
}
