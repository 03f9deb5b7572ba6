//! `bridge_getExitProof`: what an exit is paid with on its root chain.

use crate::{
    args::Args,
    bridge_checkpoint::exit_root_at,
    bridge_exit::{Leaf, Left, before, here, on_worker},
    bridge_values::{ExitId, HeightArg, NOT_WATCHED, height_of, root_name},
    context::{Api, head_of},
    error::{Reply, RpcError},
    staking_values::Account,
};
use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall;
use bttc_contracts::root::IRootBridge::{self, claimCall};
use bttc_primitives::{Fatal, Height, RootExit};
use bttc_trie::exit_proof;
use serde::Serialize;
use std::sync::Arc;

/// What `RootBridge.claim` takes.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExitProof {
    root_id: u8,
    root: String,
    root_bridge: Account,
    exit: Leaf,
    /// Hashes beside its way up, the leaf's neighbour first.
    proof: Vec<B256>,
    exit_root: B256,
    /// Exits in the tree of that root.
    exit_count: u64,
    /// Height of the checkpoint that it is made for.
    checkpoint: Height,
    /// Whether the root chain has that checkpoint; none if this node does not know.
    is_checkpoint: Option<bool>,
    note: Option<String>,
    /// Call data of `claim`.
    calldata: Bytes,
}

pub(crate) async fn get_exit_proof(api: Arc<Api>, mut args: Args) -> Reply<ExitProof> {
    let id: ExitId = args.required("exit")?;
    let checkpoint: Option<HeightArg> = args.optional("checkpoint")?;
    args.end()?;
    let left = on_worker(&api, move |api| the_one(api, id)).await?;
    let mut note = None;
    let mut known = None;
    if checkpoint.is_none() {
        match api.root_view(left.root_id) {
            None => {
                note =
                    Some(format!("{NOT_WATCHED}; the proof is for the newest block: name the height of a checkpoint"))
            }
            Some(view) => match view.checkpoint_for(left.root_id, left.height).await {
                Ok(Some(found)) => known = Some(found.height),
                Ok(None) => {
                    note = Some(
                        "the root chain has no checkpoint after the exit yet; the proof is for the newest block"
                            .to_owned(),
                    );
                }
                Err(unavailable) => note = Some(unavailable.why),
            },
        }
    }
    on_worker(&api, move |api| prove(api, &left, checkpoint, known, note)).await
}

/// The exit that is meant.
fn the_one(api: &Api, id: ExitId) -> Reply<Left> {
    let (mut status, mut found) = here(api, id)?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => {
            let why = status.reason.take().unwrap_or_default();
            Err(RpcError::invalid(format!("there is no exit to prove: {why}")))
        }
        _ => {
            let indices: Vec<_> = found.iter().map(|left| left.exit.index.to_string()).collect();
            let indices = indices.join(", ");
            Err(RpcError::params(format!(
                "the transaction made several exits; ask for one of them by its index: {indices}"
            )))
        }
    }
}

fn prove(
    api: &Api,
    left: &Left,
    checkpoint: Option<HeightArg>,
    known: Option<Height>,
    note: Option<String>,
) -> Reply<ExitProof> {
    let (index, (nodes, read)) = (left.exit.index, api.bridge.up_to_date(api)?);
    let height = match (checkpoint, known) {
        (Some(named), _) => height_of(&read, named)?,
        (None, Some(height)) => height,
        (None, None) => head_of(&read)?.number,
    };
    let early = || {
        RpcError::params(format!(
            "the exit was made in block {}, after the checkpoint {height}; name a checkpoint of that block or a later one",
            left.height
        ))
    };
    if height < left.height {
        return Err(early());
    }
    let count = nodes.count_at(height).ok_or_else(|| before(index, nodes.begun))?;
    if u64::from(index) < nodes.forest.first() {
        return Err(before(index, nodes.begun));
    }
    let proof = exit_proof(&nodes.forest, count, index.into())?.ok_or_else(early)?;
    let root = bttc_trie::exit_root(left.leaf, index, &proof);
    drop(nodes);
    let committed = exit_root_at(api, &read, height)?;
    if root != committed {
        let what = format!("the proof of exit {index} leads to {root}, block {height} has the exit root {committed}");
        return Err(Fatal::new(what).into());
    }
    let RootExit { index, token, from, to, amount } = left.exit;
    let call = claimCall { exit: IRootBridge::Exit { index, token, from, to, amount }, proof, checkpoint: height };
    Ok(ExitProof {
        root_id: left.root_id,
        root: root_name(left.root_id),
        root_bridge: left.root_bridge.into(),
        exit: Leaf::from(left),
        proof: proof.to_vec(),
        exit_root: root,
        exit_count: count,
        checkpoint: height,
        is_checkpoint: known.map(|_| true),
        note,
        calldata: call.abi_encode().into(),
    })
}
