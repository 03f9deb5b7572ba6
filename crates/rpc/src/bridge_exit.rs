//! `bridge_exit`: how far an exit is.

use crate::{
    args::Args,
    bridge_checkpoint::Submitted,
    bridge_values::{ExitId, NOT_WATCHED, check_bridge, root_name},
    context::Api,
    error::{Reply, RpcError},
    staking_contracts::Contracts,
    staking_logs::event,
    staking_set::Running,
    staking_values::{Account, Decimal},
};
use alloy_primitives::{Address, B256};
use bttc_contracts::{addresses::BRIDGE_OUTBOX, bridge::IBridgeOutbox};
use bttc_primitives::{Fatal, Height, RootExit, RootUnavailable};
use bttc_storage::ReadTx;
use serde::Serialize;
use std::sync::Arc;

/// An exit as its log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) root_id: u8,
    pub(crate) root_bridge: Address,
    pub(crate) exit: RootExit,
    pub(crate) leaf: B256,
    pub(crate) height: Height,
    pub(crate) tx: B256,
}

/// The leaf, by its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Leaf {
    index: u32,
    /// Address on the root chain; zero for its coin.
    token: Account,
    from: Account,
    to: Account,
    /// In the token's smallest unit.
    amount: Decimal,
    leaf: B256,
}

impl From<&Left> for Leaf {
    fn from(left: &Left) -> Self {
        let RootExit { index, token, from, to, amount } = left.exit;
        Self { index, token: token.into(), from: from.into(), to: to.into(), amount: amount.into(), leaf: left.leaf }
    }
}

/// Exits of one transaction, or one of them.
pub(crate) fn find(api: &Api, id: ExitId) -> Reply<Vec<Left>> {
    let read = api.read()?;
    check_bridge(api, &read.state()?)?;
    match id {
        ExitId::Tx(tx) => {
            let Some((height, _, stored)) = read.receipt_of(tx)? else { return Ok(Vec::new()) };
            Ok(stored.receipt.logs.iter().filter_map(|log| left_of(log, height, tx)).collect())
        }
        ExitId::Index(index) => {
            let (known, read) = api.bridge.up_to_date(api)?;
            if u64::from(index) >= known.forest.count() {
                let count = known.forest.count();
                return Err(RpcError::invalid(format!(
                    "there is no exit {index}; there are {count} so far, counted from 0"
                )));
            }
            let height = known.height_of_exit(index.into()).ok_or_else(|| before(index, known.begun))?;
            drop(known);
            let found = in_block(&read, height)?.into_iter().find(|left| left.exit.index == index);
            let missing = || Fatal::new(format!("exit {index} stands in block {height}, but its log is not there"));
            Ok(vec![found.ok_or_else(missing)?])
        }
    }
}

/// The answer where an exit is older than what this node knows.
pub(crate) fn before(index: u32, begun: Height) -> RpcError {
    let what = format!("exit {index} was made before block {begun}, from which on this node knows the exits");
    RpcError::new(crate::error::code::PRUNED, format!("pruned history unavailable: {what}; ask a node that keeps more"))
}

fn left_of(log: &alloy_primitives::Log, height: Height, tx: B256) -> Option<Left> {
    let of = event::<IBridgeOutbox::Exit>(log, BRIDGE_OUTBOX)?;
    let exit =
        RootExit { index: u32::try_from(of.index).ok()?, token: of.token, from: of.from, to: of.to, amount: of.amount };
    let root_id = u8::try_from(of.rootId).ok()?;
    Some(Left { root_id, root_bridge: of.rootBridge, exit, leaf: of.leaf, height, tx })
}

fn in_block(read: &ReadTx, height: Height) -> Reply<Vec<Left>> {
    let missing = || Fatal::new(format!("block {height} is not there"));
    let mut found = Vec::new();
    for (position, receipt) in read.receipts(height)?.ok_or_else(missing)?.iter().enumerate() {
        if receipt.logs.iter().any(|log| event::<IBridgeOutbox::Exit>(log, BRIDGE_OUTBOX).is_some()) {
            let tx = *read.transaction_at(height, position)?.ok_or_else(missing)?.tx.tx_hash();
            found.extend(receipt.logs.iter().filter_map(|log| left_of(log, height, tx)));
        }
    }
    Ok(found)
}

/// How far a transaction with exits is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExitStatus {
    tx: Option<B256>,
    /// `unknown`, `pending`, `failed`, `no exit` or `final`.
    stage: &'static str,
    pub(crate) reason: Option<String>,
    height: Option<Height>,
    pub(crate) exits: Vec<ExitStage>,
}

/// How far one exit is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExitStage {
    root_id: u8,
    root: String,
    /// `final`, `waiting for checkpoint`, `checkpointed`, `delayed`, `partly paid` or `paid`.
    stage: &'static str,
    reason: Option<String>,
    /// Until the next stage, about. Unit: seconds; none if that cannot be known.
    eta_seconds: Option<u64>,
    #[serde(flatten)]
    leaf: Leaf,
    root_bridge: Account,
    height: Height,
    /// The first checkpoint that proves it.
    checkpoint: Option<Submitted>,
    /// What was paid so far, in the token's smallest unit.
    paid: Option<Decimal>,
    /// From when on it may be paid, if it was made to wait.
    payable_from: Option<u64>,
}

impl ExitStatus {
    /// Whether nothing more will happen.
    pub(crate) fn is_over(&self) -> bool {
        match self.stage {
            "failed" | "no exit" => true,
            "final" => self.exits.iter().all(|exit| exit.stage == "paid"),
            _ => false,
        }
    }
}

pub(crate) async fn exit(api: Arc<Api>, mut args: Args) -> Reply<ExitStatus> {
    let id: ExitId = args.required("exit")?;
    args.end()?;
    status(api, id).await
}

pub(crate) async fn status(api: Arc<Api>, id: ExitId) -> Reply<ExitStatus> {
    let (mut status, left) = on_worker(&api, move |api| here(api, id)).await?;
    for left in left {
        status.exits.push(stage_of(&api, left).await?);
    }
    Ok(status)
}

/// Runs work that reads the store.
pub(crate) async fn on_worker<T: Send + 'static>(
    api: &Arc<Api>,
    work: impl FnOnce(&Api) -> Reply<T> + Send + 'static,
) -> Reply<T> {
    let own = api.clone();
    api.workers.clone().run(move || work(&own)).await
}

/// What this chain knows.
pub(crate) fn here(api: &Api, id: ExitId) -> Reply<(ExitStatus, Vec<Left>)> {
    let left = find(api, id)?;
    let status = |tx, stage, reason: Option<&str>, height| ExitStatus {
        tx,
        stage,
        reason: reason.map(str::to_owned),
        height,
        exits: Vec::new(),
    };
    if let Some(first) = left.first() {
        // A decided block is final.
        return Ok((status(Some(first.tx), "final", None, Some(first.height)), left));
    }
    let ExitId::Tx(tx) = id else { return Ok((status(None, "unknown", None, None), left)) };
    let status = match api.read()?.receipt_of(tx)? {
        Some((height, _, stored)) if !stored.receipt.outcome.coerce_status() => status(
            Some(tx),
            "failed",
            Some(
                "the transaction reverted, so nothing left and nothing was burned; simulate it with eth_call to see why",
            ),
            Some(height),
        ),
        Some((height, _, _)) => status(
            Some(tx),
            "no exit",
            Some("the transaction made no exit: it did not call BridgeOutbox.exit"),
            Some(height),
        ),
        None if api.chain.pool().contains(&tx) => {
            status(Some(tx), "pending", Some("the transaction waits in the pool of this node"), None)
        }
        None => status(
            Some(tx),
            "unknown",
            Some(
                "this node has no such transaction, neither in a block nor in its pool; it may not have arrived yet, or its block is pruned",
            ),
            None,
        ),
    };
    Ok((status, left))
}

/// How far an exit is on its root chain, if that is watched.
async fn stage_of(api: &Arc<Api>, left: Left) -> Reply<ExitStage> {
    let mut stage = ExitStage {
        root_id: left.root_id,
        root: root_name(left.root_id),
        stage: "final",
        reason: None,
        eta_seconds: None,
        leaf: Leaf::from(&left),
        root_bridge: left.root_bridge.into(),
        height: left.height,
        checkpoint: None,
        paid: None,
        payable_from: None,
    };
    let Some(view) = api.root_view(left.root_id) else {
        stage.reason = Some(NOT_WATCHED.to_owned());
        return Ok(stage);
    };
    let asked = async {
        let checkpoint = view.checkpoint_for(left.root_id, left.height).await?;
        let payment = view.payment(left.root_id, left.exit).await?;
        Ok::<_, RootUnavailable>((checkpoint, payment))
    };
    let (checkpoint, payment) = match asked.await {
        Ok(answers) => answers,
        Err(unavailable) => {
            stage.reason = Some(unavailable.why);
            return Ok(stage);
        }
    };
    stage.checkpoint = checkpoint.map(Submitted::from);
    stage.paid = Some(if payment.paid_in_full { left.exit.amount } else { payment.paid }.into());
    stage.payable_from = payment.payable_from;
    let report = view.report(left.root_id).unwrap_or_default();
    // What waits there waits by the clock of that chain, which is known up to its last final block.
    let now = api.chain.clock().now();
    let there = report.final_head.map_or(now, |last| last.time.max(now));
    let wait = payment.payable_from.and_then(|from| from.checked_sub(there)).filter(|wait| *wait > 0);
    let (name, reason, eta) = if payment.paid_in_full {
        ("paid", None, None)
    } else if stage.checkpoint.is_none() {
        if report.stopped {
            let why =
                "checkpoints have stopped on that root chain, as its trusted set is too old; its owner must recover it";
            ("waiting for checkpoint", Some(why.to_owned()), None)
        } else {
            let eta = on_worker(api, epoch_end).await?.saturating_sub(now);
            let why =
                "no checkpoint after the exit is on the root chain yet; validators submit one each epoch at the latest";
            ("waiting for checkpoint", Some(report.last_error.unwrap_or_else(|| why.to_owned())), Some(eta))
        }
    } else if let Some(wait) = wait {
        ("delayed", Some("large exits wait for 24 hours after they were first shown".to_owned()), Some(wait))
    } else if !payment.paid.is_zero() {
        ("partly paid", Some("the limit of the day let through a part; claim again for the rest".to_owned()), None)
    } else if payment.available.is_zero() {
        (
            "checkpointed",
            Some("the limit of the day of this token is used up there; it drains within 8 hours".to_owned()),
            None,
        )
    } else {
        ("checkpointed", Some("anybody can claim it now, see bridge_getExitProof".to_owned()), None)
    };
    (stage.stage, stage.reason, stage.eta_seconds) = (name, reason, eta);
    if let Some(until) = report.paused_until.filter(|until| stage.stage != "paid" && *until > there) {
        let brake =
            format!("the guardian has paused that root chain until {until} (Unix time): nothing is paid before");
        stage.reason = Some(stage.reason.map_or_else(|| brake.clone(), |why| format!("{brake}; {why}")));
        stage.eta_seconds = stage.eta_seconds.map(|eta| eta.max(until.saturating_sub(there)));
    }
    Ok(stage)
}

/// When the running epoch ends. Unit: Unix seconds.
fn epoch_end(api: &Api) -> Reply<u64> {
    let contracts = Contracts::at(api, &api.read()?, Default::default())?;
    Ok(Running::load(&contracts)?.end())
}
