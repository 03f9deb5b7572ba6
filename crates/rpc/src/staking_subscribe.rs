//! `staking_subscribe`: closed epochs, slashes, changes of commission and proposals, told as their blocks become final.

use crate::{
    args::Args,
    context::Api,
    error::{Reply, RpcError},
    eth_subscribe::{Stop, hold, send},
    feed::BlockFeed,
    governance_logs::ProposalNews,
    registry::Registry,
    staking_contracts::check_staking,
    staking_logs::{event, slashes_of},
    staking_values::{Account, Decimal},
};
use alloy_primitives::{B256, Log};
use bttc_contracts::{
    addresses::{STAKING, VALIDATOR_SET},
    staking::IStaking,
    validator_set::IValidatorSet,
};
use bttc_primitives::Height;
use jsonrpsee::{PendingSubscriptionSink, SubscriptionSink};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a caller wants to hear of.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Epochs,
    Slashes,
    Commissions,
    Proposals,
}

impl Wanted {
    fn read(api: &Api, mut args: Args) -> Reply<Self> {
        let kind: String = args.required("kind")?;
        args.end()?;
        check_staking(api)?;
        match kind.as_str() {
            "epochs" => Ok(Self::Epochs),
            "slashes" => Ok(Self::Slashes),
            "commissions" => Ok(Self::Commissions),
            "proposals" => Ok(Self::Proposals),
            other => Err(RpcError::params(format!(
                "no {other:?} subscription; there are epochs, slashes, commissions and proposals"
            ))),
        }
    }

    /// What the logs of one transaction have to tell.
    fn told(self, logs: &[Log], height: Height, time: u64) -> Vec<Value> {
        match self {
            Self::Epochs => closed(logs, height, time).into_iter().map(|epoch| json!(epoch)).collect(),
            Self::Slashes => slashes_of(logs, height, time).into_iter().map(|slash| json!(slash)).collect(),
            Self::Commissions => logs
                .iter()
                .filter_map(|log| Commission::of(log, height, time))
                .map(|commission| json!(commission))
                .collect(),
            Self::Proposals => {
                logs.iter().filter_map(|log| ProposalNews::of(log, height, time)).map(|news| json!(news)).collect()
            }
        }
    }
}

/// An epoch that closed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClosedEpoch {
    number: u64,
    height: Height,
    time: u64,
    /// Members of the next set, and the hash of that.
    members: Decimal,
    validators_hash: B256,
    stake: Option<Decimal>,
    budget: Option<Decimal>,
    cap: Option<Decimal>,
    pot: Option<Decimal>,
}

fn closed(logs: &[Log], height: Height, time: u64) -> Option<ClosedEpoch> {
    let closed = logs.iter().find_map(|log| event::<IValidatorSet::EpochClosed>(log, VALIDATOR_SET))?;
    let rewarded = logs.iter().find_map(|log| event::<IStaking::EpochRewarded>(log, STAKING));
    let rewarded = rewarded.as_ref();
    Some(ClosedEpoch {
        // The event names the epoch that begins.
        number: closed.number.saturating_sub(1),
        height,
        time,
        members: closed.members.into(),
        validators_hash: closed.validatorsHash,
        stake: rewarded.map(|of| of.stake.into()),
        budget: rewarded.map(|of| of.budget.into()),
        cap: rewarded.map(|of| of.cap.into()),
        pot: rewarded.map(|of| of.pot.into()),
    })
}

/// A commission that was announced or came into force.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Commission {
    operator: Account,
    /// Unit: basis points.
    commission: u16,
    /// From when on, if it was announced; none once it is in force.
    in_force: Option<u64>,
    height: Height,
    time: u64,
}

impl Commission {
    fn of(log: &Log, height: Height, time: u64) -> Option<Self> {
        if let Some(of) = event::<IStaking::CommissionAnnounced>(log, STAKING) {
            let (operator, commission, in_force) = (of.operator.into(), of.commission, Some(of.inForce));
            return Some(Self { operator, commission, in_force, height, time });
        }
        let of = event::<IStaking::CommissionChanged>(log, STAKING)?;
        Some(Self { operator: of.operator.into(), commission: of.commission, in_force: None, height, time })
    }
}

pub(crate) fn register(registry: &mut Registry) {
    registry
        .module
        .register_subscription(
            "staking_subscribe",
            "staking_subscription",
            "staking_unsubscribe",
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
    let Ok(sink) = pending.accept().await else { return };
    hold(&api, &sink, tell(&api, feed, wanted, &sink)).await;
}

async fn tell(api: &Api, mut feed: BlockFeed, wanted: Wanted, sink: &SubscriptionSink) -> Result<(), Stop> {
    while let Some(news) = feed.next(api).await? {
        let header = &news.block().block.header;
        let (height, time) = (header.number, header.timestamp);
        let receipts = news.receipts().iter();
        let told: Vec<Value> = receipts.flat_map(|receipt| wanted.told(&receipt.logs, height, time)).collect();
        for item in told {
            send(sink, &item).await?;
        }
    }
    Ok(())
}
