//! The bridge as the node tells of it (docs/bridge.md; crates/rpc/src/bridge*.rs).

use super::{
    Context,
    args::{RootName, Transfer},
    faults, faults_bridge,
    node::NodeFault,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use eyre::WrapErr;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// An answer as it came, and taken apart.
pub(super) struct Told<T> {
    pub(super) json: Value,
    pub(super) view: T,
}

fn read<T: DeserializeOwned>(method: &'static str, json: Value) -> eyre::Result<Told<T>> {
    let view = serde_json::from_value(json.clone())
        .wrap_err_with(|| format!("the node answers {method} in a form that is not known; is it of this version?"))?;
    Ok(Told { json, view })
}

fn ask<T: DeserializeOwned>(context: &Context, method: &'static str, params: Value) -> eyre::Result<Told<T>> {
    read(method, context.node.ask(method, params).map_err(faults::of_node)?)
}

/// A question about one transfer: what the node refuses is a fault of how it was named.
fn ask_transfer<T: DeserializeOwned>(context: &Context, method: &'static str, params: Value) -> eyre::Result<Told<T>> {
    let json = context.node.ask(method, params).map_err(|fault| match fault {
        NodeFault::Refused { message, .. } if message.contains("several exits") => {
            faults_bridge::SEVERAL.report(&message)
        }
        NodeFault::Refused { message, .. } if message.contains("after the checkpoint") => {
            faults_bridge::NO_CHECKPOINT.report(&message)
        }
        NodeFault::Refused { message, .. } if message.contains("there is no ") => {
            faults_bridge::NO_TRANSFER.report(&message)
        }
        other => faults::of_node(other),
    })?;
    read(method, json)
}

pub(super) fn status(context: &Context) -> eyre::Result<Told<Status>> {
    ask(context, "bridge_status", json!([]))
}

/// A registered root chain.
pub(super) fn root(context: &Context, name: RootName) -> eyre::Result<Root> {
    let roots = status(context)?.view.roots;
    let known: Vec<_> = roots.iter().map(|of| of.name.clone()).collect();
    roots.into_iter().find(|of| of.root_id == name.id()).ok_or_else(|| {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        faults_bridge::NO_ROOT.report(&format!("{name}; registered here: {known}"))
    })
}

pub(super) fn exit(context: &Context, id: Transfer) -> eyre::Result<Told<ExitStatus>> {
    ask_transfer(context, "bridge_exit", json!([exit_id(id)]))
}

pub(super) fn exit_proof(context: &Context, id: Transfer, checkpoint: Option<u64>) -> eyre::Result<Told<ExitProof>> {
    let params = match checkpoint {
        Some(height) => json!([exit_id(id), height]),
        None => json!([exit_id(id)]),
    };
    ask_transfer(context, "bridge_getExitProof", params)
}

fn exit_id(id: Transfer) -> Value {
    match id {
        Transfer::Exit(index) => json!(index),
        Transfer::Tx(hash) => json!(hash),
        // Names no exit; the node says so.
        Transfer::Record(root, nonce) => json!(format!("{root}/{nonce}")),
    }
}

pub(super) fn deposit(context: &Context, id: Transfer, root: Option<RootName>) -> eyre::Result<Told<DepositStatus>> {
    let id = match id {
        Transfer::Record(root, nonce) => json!({ "rootId": root.id(), "nonce": nonce }),
        Transfer::Tx(hash) => json!(hash),
        Transfer::Exit(index) => json!(index),
    };
    let params = match root {
        Some(root) => json!([id, root.id()]),
        None => json!([id]),
    };
    ask_transfer(context, "bridge_deposit", params)
}

pub(super) fn checkpoints(context: &Context, root_id: u8, limit: u16) -> eyre::Result<Told<Checkpoints>> {
    ask(context, "bridge_checkpoints", json!([root_id, limit]))
}

pub(super) fn checkpoint(context: &Context, height: u64) -> eyre::Result<Told<Checkpoint>> {
    ask(context, "bridge_getCheckpoint", json!([height]))
}

pub(super) fn next_checkpoint(context: &Context, tip: u64) -> eyre::Result<Next> {
    Ok(ask(context, "bridge_nextCheckpoint", json!([tip]))?.view)
}

pub(super) fn limits(
    context: &Context,
    root: Option<RootName>,
    token: Option<Address>,
) -> eyre::Result<Told<Vec<Limits>>> {
    let params = match (root, token) {
        (Some(root), Some(token)) => json!([root.id(), token]),
        (Some(root), None) => json!([root.id()]),
        (None, _) => json!([]),
    };
    ask(context, "bridge_limits", params)
}

/// The whole bridge. Amounts in wei, times in Unix seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) height: u64,
    pub(super) epoch: u64,
    pub(super) reserve: U256,
    pub(super) guardian: Option<Address>,
    pub(super) exit_count: u64,
    pub(super) in_paused_until: Option<u64>,
    pub(super) out_paused_until: Option<u64>,
    pub(super) roots: Vec<Root>,
}

/// A root chain.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Root {
    pub(super) root_id: u8,
    pub(super) name: String,
    /// EIP-155.
    pub(super) chain_id: u64,
    pub(super) bridge: Address,
    pub(super) code_hash: B256,
    /// The token there that is BTT here.
    pub(super) btt: Option<Address>,
    pub(super) btt_locked: U256,
    pub(super) enabled: bool,
    pub(super) in_paused_until: Option<u64>,
    pub(super) out_paused_until: Option<u64>,
    pub(super) executed: u64,
    pub(super) accepted: u64,
    pub(super) kept_count: Option<usize>,
    pub(super) kept: Vec<u64>,
    pub(super) relay: Option<Relay>,
    pub(super) note: Option<String>,
}

/// What the relayer of the node sees.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relay {
    pub(super) final_head: Option<Seen>,
    pub(super) checkpoint: Option<Seen>,
    pub(super) stopped: bool,
    /// Of the bridge there. Unix seconds.
    #[serde(default)]
    pub(super) paused_until: Option<u64>,
    /// Why a checkpoint that is due is not sent.
    #[serde(default)]
    pub(super) waiting: Option<String>,
    pub(super) records: Option<u64>,
    pub(super) fee_days: Option<u64>,
    pub(super) last_error: Option<String>,
}

/// A block, there or here.
#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    pub(super) height: u64,
    /// Unix seconds.
    pub(super) time: u64,
}

/// A transaction with exits.
#[derive(Debug, Deserialize)]
pub(super) struct ExitStatus {
    pub(super) stage: String,
    pub(super) reason: Option<String>,
    pub(super) exits: Vec<Exit>,
}

/// One exit. Amounts in the token's smallest unit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exit {
    pub(super) root_id: u8,
    pub(super) root: String,
    pub(super) stage: String,
    pub(super) reason: Option<String>,
    pub(super) eta_seconds: Option<u64>,
    pub(super) index: u32,
    pub(super) token: Address,
    pub(super) to: Address,
    pub(super) amount: U256,
    pub(super) height: u64,
    pub(super) paid: Option<U256>,
    pub(super) payable_from: Option<u64>,
}

/// What `claim` takes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExitProof {
    pub(super) root_id: u8,
    pub(super) root: String,
    pub(super) root_bridge: Address,
    pub(super) exit: Leaf,
    pub(super) checkpoint: u64,
    pub(super) is_checkpoint: Option<bool>,
    pub(super) note: Option<String>,
    pub(super) calldata: Bytes,
}

/// The exit itself.
#[derive(Debug, Deserialize)]
pub(super) struct Leaf {
    pub(super) index: u32,
    /// Address there; zero for the coin.
    pub(super) token: Address,
    pub(super) to: Address,
    pub(super) amount: U256,
}

/// A transaction with deposits.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DepositStatus {
    pub(super) root: Option<String>,
    pub(super) stage: String,
    pub(super) reason: Option<String>,
    pub(super) deposits: Vec<Deposit>,
}

/// One deposit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deposit {
    pub(super) root_id: u8,
    pub(super) nonce: u64,
    pub(super) stage: String,
    pub(super) reason: Option<String>,
    pub(super) eta_seconds: Option<u64>,
    pub(super) deposit: Option<Sent>,
    pub(super) refundable_from: Option<u64>,
    /// Call data.
    pub(super) replay: Option<Bytes>,
    /// Call data.
    pub(super) refund: Option<Bytes>,
    pub(super) exit: Option<U256>,
}

/// What was sent, in the token's smallest unit.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    pub(super) token: Address,
    pub(super) to: Address,
    pub(super) amount: U256,
}

/// Checkpoints of a root chain.
#[derive(Debug, Deserialize)]
pub(super) struct Checkpoints {
    pub(super) root: String,
    pub(super) note: Option<String>,
    pub(super) checkpoints: Vec<Submitted>,
}

/// One of them.
#[derive(Debug, Deserialize)]
pub(super) struct Submitted {
    pub(super) height: u64,
    pub(super) tx: B256,
    pub(super) block: Seen,
}

/// What `submit` takes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checkpoint {
    pub(super) height: u64,
    pub(super) block_hash: B256,
    pub(super) changes_set: bool,
    pub(super) signed_power: u64,
    pub(super) total_power: u64,
    /// Call data of one transaction with all signatures.
    pub(super) submit: Bytes,
    /// The same in parts.
    pub(super) parts: Parts,
}

/// Call data of several transactions.
#[derive(Debug, Deserialize)]
pub(super) struct Parts {
    pub(super) collect: Vec<Bytes>,
    pub(super) submit: Bytes,
}

/// The block to be submitted next.
#[derive(Debug, Deserialize)]
pub(super) struct Next {
    pub(super) height: Option<u64>,
    pub(super) head: u64,
}

/// How much of a token may pass. Amounts in its smallest unit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Limits {
    pub(super) root_id: u8,
    pub(super) root: String,
    pub(super) root_token: Address,
    /// None for BTT.
    pub(super) token: Option<Address>,
    pub(super) deposits: Option<Daily>,
    pub(super) exits: Option<Daily>,
    pub(super) in_paused_until: Option<u64>,
    pub(super) out_paused_until: Option<u64>,
    pub(super) btt_locked: Option<U256>,
    pub(super) reserve: Option<U256>,
    pub(super) payments: Option<Payments>,
    pub(super) note: Option<String>,
}

/// A limit of a day.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Daily {
    pub(super) per_day: U256,
    pub(super) left: U256,
}

/// What the root chain pays.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payments {
    pub(super) available: U256,
    pub(super) daily: U256,
    pub(super) at_once: U256,
}

impl Root {
    /// By its name.
    pub(super) fn root_name(&self) -> Option<RootName> {
        [RootName::Ethereum, RootName::Tron].into_iter().find(|name| name.id() == self.root_id)
    }
}
