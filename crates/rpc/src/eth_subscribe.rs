//! `eth_subscribe`: notifications over WebSocket and IPC.
//!
//! A reader that is slow misses nothing of the chain: what the channel dropped is read from the store.

use crate::{
    args::Args,
    context::Api,
    convert,
    error::{Reply, RpcError},
    eth_filter::became_pending,
    eth_logs,
    feed::BlockFeed,
    registry::Registry,
};
use alloy_rpc_types_eth::Filter;
use bttc_txpool::PoolEvent;
use jsonrpsee::{PendingSubscriptionSink, SubscriptionSink};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// What a caller wants to hear of.
enum Wanted {
    Heads,
    Logs(Box<Filter>),
    Transactions { full: bool },
    Syncing,
}

impl Wanted {
    fn read(api: &Api, mut args: Args) -> Reply<Self> {
        let kind: String = args.required("kind")?;
        let wanted = match kind.as_str() {
            "newHeads" => Self::Heads,
            "logs" => {
                let filter: Box<Filter> = args.optional("filter")?.unwrap_or_default();
                eth_logs::check_filter(api, &filter)?;
                Self::Logs(filter)
            }
            "newPendingTransactions" => Self::Transactions { full: args.optional("full")?.unwrap_or_default() },
            "syncing" => Self::Syncing,
            other => {
                return Err(RpcError::params(format!(
                    "no {other:?} subscription; there are newHeads, logs, newPendingTransactions and syncing"
                )));
            }
        };
        // Some clients send an empty object behind the kind.
        Ok(wanted)
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry
        .module
        .register_subscription(
            "eth_subscribe",
            "eth_subscription",
            "eth_unsubscribe",
            |params, pending, api, _| async move {
                match Args::of(&params).and_then(|args| Wanted::read(&api, args)) {
                    Ok(wanted) => serve(api, wanted, pending).await,
                    Err(error) => pending.reject(error).await,
                }
            },
        )
        .expect("each method is entered once");
}

async fn serve(api: Arc<Api>, wanted: Wanted, pending: PendingSubscriptionSink) {
    // Listened to before the caller has its answer: nothing after the answer is missed.
    let feed = BlockFeed::new(&api);
    let events = api.chain.pool().subscribe();
    let Ok(sink) = pending.accept().await else { return };
    let told = async {
        match wanted {
            Wanted::Heads => heads(&api, feed, &sink).await,
            Wanted::Logs(filter) => logs(&api, feed, &filter, &sink).await,
            Wanted::Transactions { full } => {
                drop(feed);
                transactions(events, full, &sink).await
            }
            Wanted::Syncing => send(&sink, &false).await,
        }
    };
    hold(&api, &sink, told).await;
}

/// Keeps a subscription until the caller gives it up or the node stops, while `told` tells what there is.
pub(crate) async fn hold(api: &Api, sink: &SubscriptionSink, told: impl Future<Output = Result<(), Stop>>) {
    tokio::select! {
        () = sink.closed() => {}
        () = api.shutdown.cancelled() => {}
        end = told => {
            if let Err(Stop::Trouble(error)) = end {
                tracing::warn!(code = error.code, error = error.message, "a subscription broke off");
            } else if end.is_ok() {
                // Nothing more to tell, but the subscription stays until it is given up.
                tokio::select! {
                    () = sink.closed() => {}
                    () = api.shutdown.cancelled() => {}
                }
            }
        }
    }
}

/// Why a subscription ends.
pub(crate) enum Stop {
    /// The caller is gone.
    Gone,
    /// We cannot go on.
    Trouble(RpcError),
}

impl From<RpcError> for Stop {
    fn from(error: RpcError) -> Self {
        Self::Trouble(error)
    }
}

pub(crate) async fn send(sink: &SubscriptionSink, item: &impl Serialize) -> Result<(), Stop> {
    let message = serde_json::value::to_raw_value(item)
        .map_err(|error| RpcError::new(crate::error::code::INTERNAL, error.to_string()))?;
    sink.send(message).await.map_err(|_| Stop::Gone)
}

async fn heads(api: &Api, mut feed: BlockFeed, sink: &SubscriptionSink) -> Result<(), Stop> {
    while let Some(news) = feed.next(api).await? {
        send(sink, &convert::header(&news.block().block)).await?;
    }
    Ok(())
}

async fn logs(api: &Api, mut feed: BlockFeed, filter: &Filter, sink: &SubscriptionSink) -> Result<(), Stop> {
    while let Some(news) = feed.next(api).await? {
        let found = convert::logs_of(&news.block().block, news.receipts(), |log| filter.matches(log));
        for log in found {
            send(sink, &log).await?;
        }
    }
    Ok(())
}

async fn transactions(mut events: Receiver<PoolEvent>, full: bool, sink: &SubscriptionSink) -> Result<(), Stop> {
    loop {
        match events.recv().await {
            Ok(event) => match became_pending(event) {
                Some(tx) if full => send(sink, &convert::pending(&tx.tx)).await?,
                Some(tx) => send(sink, &tx.hash()).await?,
                None => {}
            },
            Err(RecvError::Lagged(lost)) => {
                tracing::debug!(lost, "a subscriber of pending transactions is too slow");
            }
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}
