//! What happens around every call: counting, limits of batches, words for refusals.

use crate::{
    RpcConfig,
    error::{RpcError, code},
    metrics::Metrics,
};
use jsonrpsee::{
    core::{
        middleware::{Batch, BatchEntry, Notification, RpcServiceT},
        server::{BatchResponseBuilder, MethodResponse},
    },
    types::{ErrorObjectOwned, Id, Request, error as codes},
};
use std::{future::Future, sync::Arc};

/// Methods that need a way to notify.
const NOTIFYING: [&str; 4] = ["eth_subscribe", "eth_unsubscribe", "staking_subscribe", "staking_unsubscribe"];

/// Calls of a batch after which other connections of the thread have their turn.
const CALLS_IN_A_ROW: usize = 16;

/// Marks a request that came over plain HTTP, where nobody can be notified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainHttp;

/// Limits that the middleware refuses by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_batch: usize,
    pub(crate) max_response_bytes: u32,
    pub(crate) max_subscriptions: u32,
}

impl From<&RpcConfig> for Limits {
    fn from(config: &RpcConfig) -> Self {
        Self {
            max_batch: config.max_batch,
            max_response_bytes: config.max_response_bytes,
            max_subscriptions: config.max_subscriptions,
        }
    }
}

impl Limits {
    /// The library's own refusals, in our words.
    fn reword(&self, response: MethodResponse, id: Id<'_>) -> MethodResponse {
        let error = match response.as_error_code() {
            Some(codes::OVERSIZED_RESPONSE_CODE | codes::TOO_BIG_BATCH_RESPONSE_CODE) => RpcError::limit(
                "max_response_bytes",
                "a larger answer",
                self.max_response_bytes,
                "ask for less in one request: a narrower range or a smaller batch",
            ),
            Some(codes::TOO_MANY_SUBSCRIPTIONS_CODE) => RpcError::limit(
                "max_subscriptions",
                "one more",
                self.max_subscriptions,
                "unsubscribe from one, or open another connection",
            ),
            _ => return response,
        };
        MethodResponse::error(id, ErrorObjectOwned::from(error))
    }
}

/// A layer around the service that calls the methods.
#[derive(Clone, Debug)]
pub(crate) struct ObserveLayer {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
}

impl<S> tower::Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe { inner, metrics: self.metrics.clone(), limits: self.limits }
    }
}

/// The service that [`ObserveLayer`] makes.
#[derive(Clone, Debug)]
pub(crate) struct Observe<S> {
    inner: S,
    metrics: Arc<Metrics>,
    limits: Limits,
}

impl<S> RpcServiceT for Observe<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = Self::MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let name = this.metrics.name(request.method_name());
            let id = request.id.clone().into_owned();
            let started = std::time::Instant::now();
            let notifies = NOTIFYING.contains(&name);
            let response = if notifies && request.extensions.get::<PlainHttp>().is_some() {
                let error = RpcError::new(
                    code::NO_NOTIFICATIONS,
                    "notifications not supported over HTTP; connect by WebSocket or IPC, or poll a filter (eth_newFilter)",
                );
                MethodResponse::error(id, ErrorObjectOwned::from(error))
            } else {
                this.limits.reword(this.inner.call(request).await, id)
            };
            this.metrics.called(name, started.elapsed(), response.as_error_code());
            response
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = Self::BatchResponse> + Send + 'a {
        let this = self.clone();
        async move {
            if batch.len() > this.limits.max_batch {
                let error = RpcError::limit(
                    "max_batch",
                    format_args!("{} calls", batch.len()),
                    this.limits.max_batch,
                    "send the calls in several batches",
                );
                return MethodResponse::error(Id::Null, ErrorObjectOwned::from(error));
            }
            let mut answers = BatchResponseBuilder::new_with_limit(this.limits.max_response_bytes as usize);
            let mut notified = false;
            for (at, entry) in batch.into_iter().enumerate() {
                if at % CALLS_IN_A_ROW == CALLS_IN_A_ROW - 1 {
                    tokio::task::yield_now().await;
                }
                let answer = match entry {
                    Ok(BatchEntry::Call(request)) => this.call(request).await,
                    Ok(BatchEntry::Notification(notification)) => {
                        notified = true;
                        this.notification(notification).await;
                        continue;
                    }
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                if let Err(refusal) = answers.append(answer) {
                    return this.limits.reword(refusal, Id::Null);
                }
            }
            if answers.is_empty() && notified {
                MethodResponse::notification()
            } else {
                MethodResponse::from_batch(answers.finish())
            }
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = Self::NotificationResponse> + Send + 'a {
        self.inner.notification(notification)
    }
}
