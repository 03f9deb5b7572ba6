//! Who may talk to the server over HTTP: `Host` allow-list against DNS rebinding, CORS, and the size of a request.

use crate::{RpcConfig, middleware::PlainHttp};
use futures::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode, header};
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse};
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// Names under which the server answers.
#[derive(Clone, Debug)]
pub(crate) enum AllowedHosts {
    All,
    Only(Arc<BTreeSet<String>>),
}

impl AllowedHosts {
    pub(crate) fn new(config: &RpcConfig, bound: SocketAddr) -> Self {
        if config.allowed_hosts.iter().any(|host| host == "*") {
            return Self::All;
        }
        let mut names: BTreeSet<String> = ["localhost", "127.0.0.1", "[::1]"].into_iter().map(str::to_owned).collect();
        names.insert(match bound.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        });
        names.extend(config.allowed_hosts.iter().map(|host| host.to_ascii_lowercase()));
        Self::Only(Arc::new(names))
    }

    /// Whether a request with this `Host` header (or `:authority`) is served.
    fn allow(&self, host: Option<&str>) -> bool {
        let Self::Only(names) = self else { return true };
        // HTTP/1.0 has no such header, and no browser speaks it.
        let Some(host) = host else { return true };
        names.contains(without_port(host).to_ascii_lowercase().as_str())
    }
}

fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if host.get(colon..).is_some_and(|rest| !rest.contains(']')) => host.get(..colon).unwrap_or(host),
        _ => host,
    }
}

/// The CORS layer; without origins it adds no header, and browsers refuse.
pub(crate) fn cors(config: &RpcConfig) -> Option<CorsLayer> {
    if config.cors_origins.is_empty() {
        return None;
    }
    let origin = if config.cors_origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(config.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    Some(CorsLayer::new().allow_origin(origin).allow_methods([Method::POST, Method::GET]).allow_headers(Any))
}

/// The layer that asks these questions before the server reads a body.
#[derive(Clone, Debug)]
pub(crate) struct GuardLayer {
    pub(crate) hosts: AllowedHosts,
    pub(crate) max_body_bytes: u32,
}

impl<S> tower::Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, rules: self.clone() }
    }
}

/// The service that [`GuardLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct Guard<S> {
    inner: S,
    rules: GuardLayer,
}

impl GuardLayer {
    fn refuse<B>(&self, request: &HttpRequest<B>) -> Option<HttpResponse> {
        let named = request.headers().get(header::HOST);
        let host = match named {
            Some(value) => Some(value.to_str().unwrap_or_default()),
            None => request.uri().authority().map(http::uri::Authority::as_str),
        };
        if !self.hosts.allow(host) {
            let text = format!(
                "host {} is not allowed; add it to rpc.allowed_hosts to be served under that name\n",
                host.unwrap_or_default()
            );
            return Some(answer(StatusCode::FORBIDDEN, "text/plain", text));
        }
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let length = length.filter(|length| *length > u64::from(self.max_body_bytes))?;
        Some(answer(
            StatusCode::PAYLOAD_TOO_LARGE,
            "application/json",
            format!(
                r#"{{"jsonrpc":"2.0","id":null,"error":{{"code":-32005,"message":"limit exceeded: rpc.max_body_bytes is {}, the request has {length}; send less in one request"}}}}"#,
                self.max_body_bytes
            ),
        ))
    }
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

impl<S, B> tower::Service<HttpRequest<B>> for Guard<S>
where
    S: tower::Service<HttpRequest<B>, Response = HttpResponse>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = HttpResponse;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<HttpResponse, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: HttpRequest<B>) -> Self::Future {
        if let Some(refusal) = self.rules.refuse(&request) {
            return Box::pin(std::future::ready(Ok(refusal)));
        }
        if !request.headers().contains_key(header::UPGRADE) {
            request.extensions_mut().insert(PlainHttp);
        }
        Box::pin(self.inner.call(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_hosts_are_served() {
        let config = RpcConfig { allowed_hosts: vec!["Node.Example".to_owned()], ..Default::default() };
        let hosts = AllowedHosts::new(&config, ([10, 1, 2, 3], 8545).into());
        for good in ["localhost:8545", "LOCALHOST", "127.0.0.1:1", "[::1]:8545", "[::1]", "10.1.2.3", "node.example:80"]
        {
            assert!(hosts.allow(Some(good)), "{good}");
        }
        for bad in ["evil.example", "localhost.evil.example:8545", "10.1.2.4", "[::2]:8545", ""] {
            assert!(!hosts.allow(Some(bad)), "{bad}");
        }
        let config = RpcConfig { allowed_hosts: vec!["*".to_owned()], ..Default::default() };
        assert!(AllowedHosts::new(&config, ([127, 0, 0, 1], 1).into()).allow(Some("evil.example")));
    }
}
