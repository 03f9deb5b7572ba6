//! `bridge_subscribe("transfer", id, rootId?)`: each change of one transfer, until nothing more will happen to it.

use crate::{
    args::Args,
    bridge_deposit, bridge_exit,
    bridge_values::{DepositId, ExitId, check_bridge, check_root},
    context::Api,
    error::{Reply, RpcError},
    eth_subscribe::{Stop, hold, send},
    feed::BlockFeed,
    registry::Registry,
};
use jsonrpsee::{PendingSubscriptionSink, SubscriptionSink};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How often the root chain's side is looked at, beside each new block here.
const LOOK: Duration = Duration::from_secs(3);

/// A transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transfer {
    Exit(ExitId),
    Deposit(DepositId, Option<u8>),
}

impl Transfer {
    /// With a root id it is a deposit by its transaction there; else an exit by its transaction or index here, or a deposit by its number.
    fn read(api: &Api, mut args: Args) -> Reply<Self> {
        let kind: String = args.required("kind")?;
        if kind != "transfer" {
            return Err(RpcError::params(format!("no {kind:?} subscription; there is transfer")));
        }
        let id: Value = args.required("transfer")?;
        let root_id: Option<u8> = args.optional("rootId")?;
        args.end()?;
        let state = api.read()?.state()?;
        check_bridge(api, &state)?;
        let refuse = |error: serde_json::Error| RpcError::param(1, "transfer", error);
        if let Some(root_id) = root_id {
            check_root(&state, root_id)?;
        }
        if root_id.is_some() || id.is_object() {
            let id: DepositId = serde_json::from_value(id).map_err(refuse)?;
            if let DepositId::Record { root_id, .. } = id {
                check_root(&state, root_id)?;
            }
            return Ok(Self::Deposit(id, root_id));
        }
        serde_json::from_value(id).map(Self::Exit).map_err(refuse)
    }

    /// What `bridge_exit` or `bridge_deposit` answers now, and whether that is the end.
    async fn look(self, api: &Arc<Api>) -> Reply<(Value, bool)> {
        match self {
            Self::Exit(id) => {
                let status = bridge_exit::status(api.clone(), id).await?;
                Ok((json!(status), status.is_over()))
            }
            Self::Deposit(id, root_id) => {
                let status = bridge_deposit::status(api.clone(), id, root_id).await?;
                Ok((json!(status), status.is_over()))
            }
        }
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry
        .module
        .register_subscription(
            "bridge_subscribe",
            "bridge_subscription",
            "bridge_unsubscribe",
            |params, pending, api, _| async move {
                match Args::of(&params).and_then(|args| Transfer::read(&api, args)) {
                    Ok(transfer) => serve(api, transfer, pending).await,
                    Err(error) => pending.reject(error).await,
                }
            },
        )
        .expect("each method is entered once");
}

async fn serve(api: Arc<Api>, transfer: Transfer, pending: PendingSubscriptionSink) {
    // Listened to before the caller has its answer: nothing after the answer is missed.
    let feed = BlockFeed::new(&api);
    let Ok(sink) = pending.accept().await else { return };
    hold(&api, &sink, tell(&api, feed, transfer, &sink)).await;
}

/// The first answer at once, then each that differs from the one before in more than its estimate.
async fn tell(api: &Arc<Api>, mut feed: BlockFeed, transfer: Transfer, sink: &SubscriptionSink) -> Result<(), Stop> {
    let mut last = Value::Null;
    loop {
        let (told, over) = transfer.look(api).await?;
        let lasting = without_estimates(told.clone());
        if lasting != last {
            send(sink, &told).await?;
            last = lasting;
        }
        if over {
            return Ok(());
        }
        tokio::select! {
            news = feed.next(api) => {
                if news?.is_none() {
                    return Ok(());
                }
            }
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// The same without the numbers that change by themselves.
fn without_estimates(mut told: Value) -> Value {
    if let Some(status) = told.as_object_mut() {
        for key in ["exits", "deposits"] {
            let items = status.get_mut(key).and_then(Value::as_array_mut);
            for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
                item.remove("etaSeconds");
            }
        }
    }
    told
}
