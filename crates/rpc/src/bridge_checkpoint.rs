//! Checkpoints: `bridge_getCheckpoint`, ready to be submitted; `bridge_nextCheckpoint`, which one to submit; `bridge_checkpoints`, which ones a
//! root chain has.

use crate::{
    args::Args,
    bridge_values::{HeightArg, NOT_WATCHED, Seen, check_bridge, check_root, exits_in, height_of, root_name},
    context::Api,
    error::{Reply, RpcError},
};
use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolCall;
use bttc_consensus::{Precommits, fewest_precommits};
use bttc_contracts::root::ICheckpointManager::{self, collectCall, submitCall};
use bttc_primitives::{CommitCertificate, Head, Height, RootUnavailable, Round, ValidatorSet};
use bttc_storage::{HistoryError, ReadTx};
use serde::Serialize;
use std::{num::NonZeroUsize, sync::Arc};

/// Signatures that a transaction on TRON can check within its time. Source: docs/bridge.md, "Checkpoints".
const TRON_PART: NonZeroUsize = NonZeroUsize::new(32).expect("32 is not zero");
/// All in one.
const WHOLE: NonZeroUsize = NonZeroUsize::MAX;
/// Checkpoints of a root chain that are told, if the caller names no number, and at most.
const CHECKPOINTS: (usize, usize) = (20, 1_000);

/// A decided block with all that `CheckpointManager.submit` takes.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checkpoint {
    height: Height,
    block_hash: B256,
    timestamp: u64,
    state_root: B256,
    /// Root of the exit tree after it.
    exit_root: B256,
    /// The set that decided it, and the one of the next block.
    validators_hash: B256,
    next_validators_hash: B256,
    /// Whether these are two: then it must be submitted before any later one.
    changes_set: bool,
    round: Round,
    /// The header, RLP.
    header: Bytes,
    /// The set, 28 bytes a member.
    validators: Bytes,
    /// The fewest heaviest members whose signatures decide: bit `i` for member `i`.
    signers: U256,
    /// Their signatures, in the order of the bits.
    signatures: Bytes,
    signed_power: u64,
    total_power: u64,
    /// Call data of `submit`, all signatures in one transaction.
    submit: Bytes,
    /// The same in transactions of at most 32 signatures, as TRON needs it.
    parts: Parts,
}

/// Transactions in the order in which they are sent.
#[derive(Clone, Serialize)]
struct Parts {
    /// Call data of `collect`, each to be confirmed before the last.
    collect: Vec<Bytes>,
    /// Call data of `submit`, with the rest of the signatures.
    submit: Bytes,
}

/// A block as it was decided.
struct Decided {
    head: Head,
    certificate: CommitCertificate,
    set: ValidatorSet,
    next: B256,
    exit_root: B256,
}

pub(crate) fn get_checkpoint(api: &Api, mut args: Args) -> Reply<Checkpoint> {
    let block: HeightArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let read = api.read()?;
    check_bridge(api, &read.state()?)?;
    let height = height_of(&read, block)?;
    Decided::load(api, &read, height)?.checkpoint()
}

impl Decided {
    fn load(api: &Api, read: &ReadTx, height: Height) -> Reply<Self> {
        if height == 0 {
            return Err(RpcError::invalid(
                "genesis has no certificate: root chains begin with its validators; ask for a later block",
            ));
        }
        let none = || RpcError::no_block(format_args!("block {height} is unknown"));
        let head = read.sealed_header(height)?.ok_or_else(none)?;
        let certificate = read.certificate(height)?.ok_or_else(|| {
            RpcError::invalid(format!(
                "this node does not have the certificate of block {height}; it is of no use as a checkpoint, ask for a later block"
            ))
        })?;
        Ok(Self {
            head,
            certificate,
            set: api.chain.validators(height)?,
            next: api.chain.validators(height.saturating_add(1))?.hash(),
            exit_root: exit_root_at(api, read, height)?,
        })
    }

    fn checkpoint(&self) -> Reply<Checkpoint> {
        let Self { head, set, next, exit_root, .. } = self;
        let height = head.height();
        let header: Bytes = alloy_rlp::encode(&head.header).into();
        let validators: Bytes = set.packed().into();
        let part = |of: Precommits| ICheckpointManager::Certificate {
            round: self.certificate.round,
            validators: validators.clone(),
            signers: of.signers,
            signatures: of.signatures,
        };
        let submit = |of: Precommits| -> Bytes {
            let (header, next, root) = (header.clone(), *next, *exit_root);
            let call = submitCall { header, certificate: part(of), nextValidatorsHash: next, exitRoot_: root };
            call.abi_encode().into()
        };
        let mut parts = self.precommits(TRON_PART)?;
        let last = parts.pop().ok_or_else(|| self.broken("nobody signed".to_owned()))?;
        let collect = |of| collectCall { height, blockHash: head.hash, certificate: part(of) }.abi_encode().into();
        let parts = Parts { collect: parts.into_iter().map(collect).collect(), submit: submit(last) };
        let whole = self.precommits(WHOLE)?.pop().ok_or_else(|| self.broken("nobody signed".to_owned()))?;
        Ok(Checkpoint {
            height,
            block_hash: head.hash,
            timestamp: head.header.timestamp,
            state_root: head.header.state_root,
            exit_root: *exit_root,
            validators_hash: set.hash(),
            next_validators_hash: *next,
            changes_set: set.hash() != *next,
            round: self.certificate.round,
            signers: whole.signers,
            signatures: whole.signatures.clone(),
            signed_power: whole.power,
            total_power: set.total_power(),
            submit: submit(whole),
            parts,
            header,
            validators: validators.clone(),
        })
    }

    fn precommits(&self, part: NonZeroUsize) -> Reply<Vec<Precommits>> {
        fewest_precommits(&self.set, &self.certificate, part).map_err(|why| self.broken(why))
    }

    fn broken(&self, why: String) -> RpcError {
        let height = self.head.height();
        bttc_primitives::Fatal::new(format!("the stored certificate of block {height} cannot be used: {why}")).into()
    }
}

/// Root of the exit tree after a block: from the state, or where that is pruned from the logs.
pub(crate) fn exit_root_at(api: &Api, read: &ReadTx, height: Height) -> Reply<B256> {
    match read.state_at(height) {
        Ok(Some(state)) => return Ok(exits_in(&state)?.root),
        Ok(None) => return Err(RpcError::no_block(format_args!("block {height} is unknown"))),
        Err(HistoryError::Fatal(fatal)) => return Err(fatal.into()),
        Err(HistoryError::Pruned(_)) => {}
    }
    let (known, _) = api.bridge.up_to_date(api)?;
    let root = known.count_at(height).map(|count| known.forest.root(count)).transpose()?.flatten();
    root.ok_or_else(|| {
        let begun = known.begun;
        RpcError::new(
            crate::error::code::PRUNED,
            format!("pruned history unavailable: the exits of this node are known from block {begun} on, not at {height}; ask a node that keeps more"),
        )
    })
}

/// The block to be submitted next.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NextCheckpoint {
    /// The newest block that the set trusted after `tip` has decided; none if there is none after it.
    height: Option<Height>,
    /// Whether it names another set, so that later blocks need it first.
    changes_set: bool,
    /// Hash of the set that is trusted after `tip`.
    validators_hash: B256,
    /// The newest block.
    head: Height,
}

/// What a root chain whose last followed block is `tip` can take next.
pub(crate) fn next_checkpoint(api: &Api, mut args: Args) -> Reply<NextCheckpoint> {
    let tip: HeightArg = args.required("tip")?;
    args.end()?;
    let read = api.read()?;
    check_bridge(api, &read.state()?)?;
    let tip = height_of(&read, tip)?;
    let head = height_of(&read, HeightArg::default())?;
    let trusted = api.chain.validators(tip.saturating_add(1))?.hash();
    // The last block before an epoch of another set is the one that names it.
    let other = read
        .epochs()?
        .into_iter()
        .find(|(first, epoch)| *first > tip.saturating_add(1) && epoch.validators.hash() != trusted);
    let change = other.map(|(first, _)| first.saturating_sub(1)).filter(|height| *height <= head);
    let height = change.unwrap_or(head);
    Ok(NextCheckpoint {
        height: Some(height).filter(|height| *height > tip),
        changes_set: change.is_some(),
        validators_hash: trusted,
        head,
    })
}

/// Checkpoints of a root chain.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checkpoints {
    root_id: u8,
    root: String,
    /// Whether this node watches that root chain.
    watched: bool,
    note: Option<String>,
    /// Newest first.
    checkpoints: Vec<Submitted>,
}

/// A checkpoint that a root chain has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Submitted {
    pub(crate) height: Height,
    pub(crate) exit_root: B256,
    /// Transaction and block there.
    pub(crate) tx: B256,
    pub(crate) block: Seen,
}

impl From<bttc_primitives::RootCheckpoint> for Submitted {
    fn from(of: bttc_primitives::RootCheckpoint) -> Self {
        Self { height: of.height, exit_root: of.exit_root, tx: of.tx, block: of.block.into() }
    }
}

pub(crate) async fn checkpoints(api: Arc<Api>, mut args: Args) -> Reply<Checkpoints> {
    let root_id: u8 = args.required("rootId")?;
    let limit: Option<usize> = args.optional("limit")?;
    args.end()?;
    let state = api.read()?.state()?;
    check_bridge(&api, &state)?;
    check_root(&state, root_id)?;
    drop(state);
    let limit = limit.unwrap_or(CHECKPOINTS.0).clamp(1, CHECKPOINTS.1);
    let answer =
        |watched, note, checkpoints| Checkpoints { root_id, root: root_name(root_id), watched, note, checkpoints };
    let Some(view) = api.root_view(root_id) else {
        return Ok(answer(false, Some(NOT_WATCHED.to_owned()), Vec::new()));
    };
    match view.checkpoints(root_id, limit).await {
        Ok(found) => Ok(answer(true, None, found.into_iter().map(Submitted::from).collect())),
        Err(RootUnavailable { why, .. }) => Ok(answer(true, Some(why), Vec::new())),
    }
}
