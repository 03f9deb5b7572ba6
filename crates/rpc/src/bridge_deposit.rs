//! `bridge_deposit`: how far a deposit from a root chain is.

use crate::{
    args::Args,
    block_arg::BlockArg,
    bridge_exit::on_worker,
    bridge_index::{Fate, Told},
    bridge_status::{EVERYTHING, in_paused},
    bridge_values::{DepositId, NOT_WATCHED, Seen, check_bridge, check_root, root_ids, root_name},
    context::Api,
    error::{Reply, RpcError},
    staking_contracts::Contracts,
    staking_values::{Account, Decimal},
};
use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolError};
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, VALIDATOR_SET},
    bridge::{IBridgeInbox, IBridgedToken},
    validator_set::IValidatorSet,
};
use bttc_primitives::{Height, RootDeposit, RootDepositTx};
use bttc_storage::ReadTx;
use serde::Serialize;
use std::sync::Arc;

/// How long it takes about, once a deposit is final, until the validators have vouched for it and somebody has carried it out. Unit: seconds.
const DELIVERY: u64 = 60;

/// How far a transaction with deposits is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DepositStatus {
    root_id: Option<u8>,
    root: Option<String>,
    /// The transaction there, if it was asked by that.
    root_tx: Option<B256>,
    /// `unknown`, `pending`, `failed`, `no deposit`, `seen` or `final there`.
    stage: &'static str,
    reason: Option<String>,
    /// Its block there.
    root_block: Option<Seen>,
    pub(crate) deposits: Vec<DepositStage>,
}

/// How far one deposit is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DepositStage {
    root_id: u8,
    nonce: u64,
    /// `seen`, `final there`, `attested`, `accepted`, `executed`, `kept`, `replayed`, `refunded` or `not known`.
    stage: &'static str,
    reason: Option<String>,
    /// Until it is delivered, about. Unit: seconds; none if that cannot be known.
    eta_seconds: Option<u64>,
    /// Power that vouches for it in this epoch, and of all.
    attested_power: u64,
    total_power: u64,
    /// What was sent, as far as it is known.
    deposit: Option<Sent>,
    /// Where it ended here.
    height: Option<Height>,
    tx: Option<B256>,
    /// Of a kept deposit: from when on it can go back (Unix seconds), and the call data of `replay` and `refund` of `BridgeInbox`.
    refundable_from: Option<u64>,
    replay: Option<Bytes>,
    refund: Option<Bytes>,
    /// Of a refund: the exit.
    exit: Option<Decimal>,
}

/// A deposit as its sender made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Sent {
    /// Address there; zero for the coin.
    token: Account,
    from: Account,
    to: Account,
    amount: Decimal,
}

impl From<&IBridgeInbox::Deposit> for Sent {
    fn from(of: &IBridgeInbox::Deposit) -> Self {
        Self { token: of.token.into(), from: of.from.into(), to: of.to.into(), amount: of.amount.into() }
    }
}

impl From<&RootDeposit> for Sent {
    fn from(of: &RootDeposit) -> Self {
        Self { token: of.token.into(), from: of.from.into(), to: of.to.into(), amount: of.amount.into() }
    }
}

impl DepositStatus {
    /// Whether nothing more will happen by itself.
    pub(crate) fn is_over(&self) -> bool {
        let over = |of: &DepositStage| matches!(of.stage, "executed" | "replayed" | "refunded");
        match self.stage {
            "failed" | "no deposit" => true,
            _ => !self.deposits.is_empty() && self.deposits.iter().all(over),
        }
    }
}

pub(crate) async fn deposit(api: Arc<Api>, mut args: Args) -> Reply<DepositStatus> {
    let id: DepositId = args.required("deposit")?;
    let root_id: Option<u8> = args.optional("rootId")?;
    args.end()?;
    status(api, id, root_id).await
}

pub(crate) async fn status(api: Arc<Api>, id: DepositId, root_id: Option<u8>) -> Reply<DepositStatus> {
    match id {
        DepositId::Record { root_id, nonce } => {
            let stage = on_worker(&api, move |api| stage_here(api, root_id, nonce, None)).await?;
            let (root, stage_there) =
                (Some(root_name(root_id)), if stage.stage == "not known" { "unknown" } else { "final there" });
            let reason = None;
            let deposits = vec![stage];
            Ok(DepositStatus {
                root_id: Some(root_id),
                root,
                root_tx: None,
                stage: stage_there,
                reason,
                root_block: None,
                deposits,
            })
        }
        DepositId::Tx(tx) => by_tx(&api, tx, root_id).await,
    }
}

async fn by_tx(api: &Arc<Api>, tx: B256, root_id: Option<u8>) -> Reply<DepositStatus> {
    let state = api.read()?.state()?;
    check_bridge(api, &state)?;
    let roots = match root_id {
        Some(root_id) => {
            check_root(&state, root_id)?;
            vec![root_id]
        }
        None => root_ids(&state)?,
    };
    drop(state);
    let mut status = DepositStatus {
        root_id,
        root: root_id.map(root_name),
        root_tx: Some(tx),
        stage: "unknown",
        reason: None,
        root_block: None,
        deposits: Vec::new(),
    };
    let mut reasons = Vec::new();
    for root_id in roots {
        let Some(view) = api.root_view(root_id) else {
            reasons.push(format!("{}: {NOT_WATCHED}", root_name(root_id)));
            continue;
        };
        match view.deposit_tx(root_id, tx).await {
            Ok(Some(found)) => {
                status.root_id = Some(root_id);
                status.root = Some(root_name(root_id));
                return fill(api, status, root_id, found).await;
            }
            Ok(None) => reasons.push(format!("{} does not know the transaction", root_name(root_id))),
            Err(unavailable) => reasons.push(unavailable.why),
        }
    }
    status.reason =
        Some(if reasons.is_empty() { "no root chain is registered".to_owned() } else { reasons.join("; ") });
    Ok(status)
}

async fn fill(api: &Arc<Api>, mut status: DepositStatus, root_id: u8, found: RootDepositTx) -> Reply<DepositStatus> {
    status.root_block = found.block.map(Seen::from);
    if let Some(why) = found.failed {
        (status.stage, status.reason) = ("failed", Some(why));
        return Ok(status);
    }
    if found.block.is_none() {
        (status.stage, status.reason) = ("pending", Some("the transaction waits for a block there".to_owned()));
        return Ok(status);
    }
    if found.deposits.is_empty() {
        let why = "the transaction made no deposit with the configured bridge; a plain transfer to the bridge is none";
        (status.stage, status.reason) = ("no deposit", Some(why.to_owned()));
        return Ok(status);
    }
    status.stage = if found.is_final { "final there" } else { "seen" };
    for deposit in found.deposits {
        let waits = if found.is_final { None } else { Some(found.final_in) };
        let known = Some((deposit, waits));
        status.deposits.push(on_worker(api, move |api| stage_here(api, root_id, deposit.nonce, known)).await?);
    }
    Ok(status)
}

/// What the relayer told of a deposit, and, while it is not final, when it will be.
type There = Option<(RootDeposit, Option<Option<u64>>)>;

fn stage_here(api: &Api, root_id: u8, nonce: u64, there: There) -> Reply<DepositStage> {
    let read = api.read()?;
    let state = read.state()?;
    check_bridge(api, &state)?;
    check_root(&state, root_id)?;
    let contracts = Contracts::at(api, &read, BlockArg::Latest)?;
    let id = U256::from(root_id);
    let root = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::rootChainCall { rootId: id })?;
    let mut stage = DepositStage {
        root_id,
        nonce,
        stage: "not known",
        reason: None,
        eta_seconds: None,
        attested_power: 0,
        total_power: 0,
        deposit: there.as_ref().map(|(deposit, _)| Sent::from(deposit)),
        height: None,
        tx: None,
        refundable_from: None,
        replay: None,
        refund: None,
        exit: None,
    };
    if nonce < root.executed {
        carried_out(api, &contracts, &mut stage)?;
        return Ok(stage);
    }
    (stage.attested_power, stage.total_power) = attested(&contracts, id, nonce)?;
    let not_final = there.as_ref().and_then(|(_, waits)| *waits);
    let (name, reason, eta) = if nonce < root.accepted {
        let open = nonce.saturating_sub(root.executed);
        (
            "accepted",
            Some(format!(
                "two thirds of the power vouch for it; {open} records come before it, anybody can execute them"
            )),
            Some(DELIVERY),
        )
    } else if let Some(final_in) = not_final {
        (
            "seen",
            Some("its block is not final on the root chain yet".to_owned()),
            final_in.map(|wait| wait.saturating_add(DELIVERY)),
        )
    } else if stage.attested_power > 0 {
        let why = format!(
            "power {} of {} vouches for it; more than two thirds are needed",
            stage.attested_power, stage.total_power
        );
        ("attested", Some(why), Some(DELIVERY))
    } else if there.is_some() {
        ("final there", Some("no validator has vouched for it yet".to_owned()), Some(DELIVERY))
    } else {
        let why = format!("record {nonce} of {} is not known here: {} are accepted", root_name(root_id), root.accepted);
        ("not known", Some(why), None)
    };
    (stage.stage, stage.reason, stage.eta_seconds) = (name, reason, eta);
    // What keeps the relayer of this node from vouching keeps others too, where all see the same.
    if matches!(name, "attested" | "final there")
        && let Some(trouble) = api.root_view(root_id).and_then(|view| view.report(root_id)?.last_error)
    {
        stage.reason = stage.reason.map(|why| format!("{why}; the relayer of this node: {trouble}"));
    }
    if let Some(until) = in_paused(&contracts, id)?.max(in_paused(&contracts, EVERYTHING)?) {
        let brake =
            format!("what comes from that root chain is paused here until {until} (Unix time), it waits in order");
        stage.reason = Some(stage.reason.map_or_else(|| brake.clone(), |why| format!("{brake}; {why}")));
        stage.eta_seconds = stage.eta_seconds.map(|eta| eta.max(until.saturating_sub(contracts.header.timestamp)));
    }
    if !root.enabled {
        stage.reason = Some("the root chain is closed by governance; it waits until that is opened again".to_owned());
        stage.eta_seconds = None;
    }
    Ok(stage)
}

/// Power of the members that vouch for a record in this epoch, and of all.
fn attested(contracts: &Contracts<'_>, root_id: U256, nonce: u64) -> Reply<(u64, u64)> {
    let epoch = contracts.ask(VALIDATOR_SET, &IValidatorSet::epochNumberCall {})?;
    let (mut own, mut total) = (0u64, 0u64);
    for member in contracts.ask(VALIDATOR_SET, &IValidatorSet::membersCall {})? {
        let power = member.power.saturating_to();
        total = total.saturating_add(power);
        let vote = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::voteOfCall { rootId: root_id, signer: member.signer })?;
        if vote.epoch == epoch && vote.to > nonce {
            own = own.saturating_add(power);
        }
    }
    Ok((own, total))
}

/// What became of a record that was carried out: the state says whether it is kept, the logs the rest.
fn carried_out(api: &Api, contracts: &Contracts<'_>, stage: &mut DepositStage) -> Reply<()> {
    let (root_id, nonce) = (stage.root_id, stage.nonce);
    let (known, read) = api.bridge.up_to_date(api)?;
    let told = known.record(root_id, nonce).cloned();
    let begun = known.begun;
    drop(known);
    let Some(Told { fate, height, position }) = told else {
        stage.stage = "executed";
        let kept = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::keptCall { rootId: U256::from(root_id), nonce })?;
        if !kept.record.is_zero() {
            stage.stage = "kept";
            stage.refundable_from = Some(refundable(contracts, kept.since)?);
        }
        stage.reason = Some(format!(
            "it was carried out before block {begun}, from which on this node has the logs; ask a node that keeps more for what became of it"
        ));
        return Ok(());
    };
    stage.height = Some(height);
    stage.tx = tx_of(&read, height, position)?;
    match fate {
        Fate::Delivered { .. } => stage.stage = "executed",
        Fate::Replayed { .. } => {
            stage.stage = "replayed";
            stage.reason = Some("it could not be delivered at first, and was later".to_owned());
        }
        Fate::Refunded { exit } => {
            stage.stage = "refunded";
            stage.reason = Some(format!("it could not be delivered and went back as exit {exit}; see bridge_exit"));
            stage.exit = Some(exit.into());
        }
        Fate::Names => {
            stage.stage = "executed";
            stage.reason = Some("the record is no deposit: it told the names of a token".to_owned());
        }
        Fate::Kept { deposit, reason } => {
            stage.stage = "kept";
            stage.reason = Some(why_kept(&reason));
            stage.deposit = Some(Sent::from(&deposit));
            let id = U256::from(root_id);
            let kept = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::keptCall { rootId: id, nonce })?;
            stage.refundable_from = Some(refundable(contracts, kept.since)?);
            let replay = IBridgeInbox::replayCall { rootId: id, nonce, deposit: deposit.clone() };
            stage.replay = Some(replay.abi_encode().into());
            stage.refund = Some(IBridgeInbox::refundCall { rootId: id, nonce, deposit }.abi_encode().into());
        }
    }
    Ok(())
}

fn refundable(contracts: &Contracts<'_>, since: u64) -> Reply<u64> {
    let after = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::REFUND_AFTERCall {})?;
    Ok(since.saturating_add(after.saturating_to()))
}

fn tx_of(read: &ReadTx, height: Height, position: usize) -> Reply<Option<B256>> {
    match read.transaction_at(height, position) {
        Ok(found) => Ok(found.map(|stored| *stored.tx.tx_hash())),
        Err(error) => Err(RpcError::from(error)),
    }
}

/// The error of a failed delivery in words, and what helps.
fn why_kept(reason: &[u8]) -> String {
    let selector = reason.first_chunk::<4>().copied().unwrap_or_default();
    match selector {
        IBridgeInbox::ReserveShort::SELECTOR => {
            "ReserveShort: the bridge here has less BTT than was sent; replay it once somebody has left, or refund it"
        }
        IBridgeInbox::ReceiverRefused::SELECTOR => {
            "ReceiverRefused: the receiver does not take BTT, or needs more than 50,000 gas for it; replay it once that has changed, or refund it"
        }
        IBridgeInbox::IsPaused::SELECTOR => "IsPaused: the token is paused; replay it once the pause is over, or refund it then",
        IBridgeInbox::OverLimit::SELECTOR => "OverLimit: it is above what is left of the limit of the day; replay it later, or refund it",
        IBridgedToken::ERC20InvalidReceiver::SELECTOR => {
            "ERC20InvalidReceiver: the token cannot be given to the zero address; refund it"
        }
        IBridgedToken::BadReceiver::SELECTOR => "BadReceiver: the receiver is the token itself; refund it",
        _ => return format!("its delivery failed with {}; replay it, or refund it", Bytes::copy_from_slice(reason)),
    }
    .to_owned()
}
