//! Calls the methods for a connection that the library does not serve itself.

use crate::subscription_id::HexId;
use jsonrpsee::{
    core::{
        middleware::{Batch, BatchEntry, BatchEntryErr, Notification, RpcServiceT},
        server::{BoundedSubscriptions, ConnectionId, MethodCallback, MethodResponse, SubscriptionState},
    },
    server::{MethodSink, Methods},
    types::{ErrorCode, ErrorObject, Id, InvalidRequest, Params, Request, error},
};
use serde_json::value::RawValue;
use std::future::Future;

/// The methods, bound to one connection.
#[derive(Clone)]
pub(super) struct CallMethods {
    methods: Methods,
    sink: MethodSink,
    connection: ConnectionId,
    max_response_bytes: usize,
    subscriptions: BoundedSubscriptions,
}

impl CallMethods {
    pub(super) fn new(
        methods: Methods,
        sink: MethodSink,
        connection: usize,
        max_response_bytes: u32,
        max_subscriptions: u32,
    ) -> Self {
        Self {
            methods,
            sink,
            connection: ConnectionId(connection),
            max_response_bytes: max_response_bytes as usize,
            subscriptions: BoundedSubscriptions::new(max_subscriptions),
        }
    }
}

impl RpcServiceT for CallMethods {
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let Request { id, method, params, extensions, .. } = request;
            let params = Params::new(params.as_deref().map(RawValue::get));
            let most = this.max_response_bytes;
            match this.methods.method(&method) {
                None => MethodResponse::error(id, ErrorObject::from(ErrorCode::MethodNotFound)),
                Some(MethodCallback::Sync(method)) => method(id, params, most, extensions),
                Some(MethodCallback::Async(method)) => {
                    method(id.into_owned(), params.into_owned(), this.connection, most, extensions).await
                }
                Some(MethodCallback::Unsubscription(method)) => method(id, params, this.connection, most, extensions),
                Some(MethodCallback::Subscription(method)) => {
                    let Some(subscription_permit) = this.subscriptions.acquire() else {
                        let most = this.subscriptions.max();
                        return MethodResponse::error(id, error::reject_too_many_subscriptions(most));
                    };
                    let state =
                        SubscriptionState { conn_id: this.connection, id_provider: &HexId, subscription_permit };
                    method(id, params, this.sink.clone(), state, extensions).await
                }
            }
        }
    }

    fn batch<'a>(&self, _batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        // The layer around us takes batches apart.
        std::future::ready(MethodResponse::error(Id::Null, ErrorObject::from(ErrorCode::InternalError)))
    }

    fn notification<'a>(&self, _notification: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        std::future::ready(MethodResponse::notification())
    }
}

/// Reads one request or batch and has it answered.
pub(super) async fn dispatch<S>(frame: &[u8], service: &S) -> MethodResponse
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Send
        + Sync,
{
    let Ok(text) = std::str::from_utf8(frame) else { return refused(Id::Null, ErrorCode::ParseError) };
    if !text.starts_with('[') {
        return match entry(text) {
            Ok(BatchEntry::Call(request)) => service.call(request).await,
            Ok(BatchEntry::Notification(notification)) => service.notification(notification).await,
            Err((id, code)) => refused(id, code),
        };
    }
    let Ok(calls) = serde_json::from_str::<Vec<&RawValue>>(text) else {
        return refused(Id::Null, ErrorCode::ParseError);
    };
    let entries = calls
        .into_iter()
        .map(|call| entry(call.get()).map_err(|(id, code)| BatchEntryErr::new(id, ErrorObject::from(code))));
    service.batch(Batch::from(entries.collect())).await
}

fn refused(id: Id<'_>, code: ErrorCode) -> MethodResponse {
    MethodResponse::error(id, ErrorObject::from(code))
}

/// A call, or a notification (which has no id), or what is wrong with it.
fn entry(text: &str) -> Result<BatchEntry<'_>, (Id<'_>, ErrorCode)> {
    if let Ok(request) = serde_json::from_str::<Request<'_>>(text) {
        return Ok(BatchEntry::Call(request));
    }
    if let Ok(notification) = serde_json::from_str::<Notification<'_>>(text) {
        return Ok(BatchEntry::Notification(notification));
    }
    Err(match serde_json::from_str::<InvalidRequest<'_>>(text) {
        Ok(InvalidRequest { id }) => (id, ErrorCode::InvalidRequest),
        Err(_) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => (Id::Null, ErrorCode::InvalidRequest),
        Err(_) => (Id::Null, ErrorCode::ParseError),
    })
}
