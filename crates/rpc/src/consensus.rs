//! `consensus_`: who decides the blocks, how far they are, and what proves it. Numbers are plain JSON numbers.
//!
//! The engine stands beside this crate, so the node hands it in as [`ConsensusView`].

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::{Api, header_at},
    error::{Reply, RpcError},
    registry::Registry,
};
use alloy_primitives::{Address, B256, Bytes};
use bttc_primitives::{Evidence, Height, Round, SignerBitmap, ValidatorSet, VoteKind};
use bttc_storage::ReadTx;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Debug;

/// Blocks over which missed ones are counted.
const WINDOW: u64 = 100;

/// What may be seen of the engine.
pub trait ConsensusView: Debug + Send + Sync + 'static {
    /// How far it is; none before it has started.
    fn progress(&self) -> Option<Progress>;
    /// All that it holds, for a person who looks for a fault; none if it does not answer.
    fn dump(&self) -> BoxFuture<'_, Option<Value>>;
}

/// How far the engine is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Height being decided, or the next one.
    pub deciding: Height,
    /// Round of that height.
    pub round: Round,
    /// Our consensus address, if this node has a key.
    pub address: Option<Address>,
    /// Whether this node votes on that height.
    pub is_validator: bool,
    /// Peers that can be asked for blocks.
    pub peers: usize,
    /// Highest height that a peer says to have.
    pub best_peer: Height,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    chain_id: u64,
    height: Height,
    block_hash: B256,
    timestamp: u64,
    /// Blocks that the best peer is ahead.
    behind: u64,
    #[serde(flatten)]
    progress: Option<Progress>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Validators {
    height: Height,
    /// Hash of the set, as the header before names it.
    hash: B256,
    total_power: u64,
    /// Least power that decides.
    quorum_power: u64,
    /// Blocks over which `missed` is counted.
    window: u64,
    validators: Vec<Member>,
}

#[derive(Clone, Serialize)]
struct Member {
    address: Address,
    power: u64,
    /// Blocks of the window whose certificate, as the next block carries it, lacks its signature.
    missed: u64,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    height: Height,
    round: Round,
    block_hash: B256,
    /// Power of those who signed, and of all.
    power: u64,
    total_power: u64,
    signatures: Vec<Signed>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    validator: Address,
    /// `r, s, v` over the precommit; none once it was dropped.
    signature: Option<Bytes>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    kind: &'static str,
    validator: Address,
    height: Height,
    round: Round,
    vote: &'static str,
    block_hashes: [B256; 2],
    signatures: [Bytes; 2],
}

pub(crate) fn register(registry: &mut Registry) {
    registry.read("consensus_status", status);
    registry.work("consensus_validators", validators);
    registry.read("consensus_certificate", certificate);
    registry.read("consensus_evidence", evidence);
    registry.wait("consensus_dumpState", |api, args| async move {
        args.end()?;
        let dump = match &api.consensus {
            None => return Err(no_engine()),
            Some(view) => view.dump().await,
        };
        dump.ok_or_else(|| RpcError::invalid("the engine does not answer; try again"))
    });
}

fn no_engine() -> RpcError {
    RpcError::unsupported(
        "this node decides no blocks with others: it runs a development chain, or p2p.enabled is false",
    )
}

pub(crate) fn progress(api: &Api) -> Option<Progress> {
    api.consensus.as_ref().and_then(|view| view.progress())
}

fn status(api: &Api, args: Args) -> Reply<Status> {
    args.end()?;
    let head = api.chain.head();
    let progress = progress(api);
    Ok(Status {
        chain_id: api.spec().chain_id(),
        height: head.height(),
        block_hash: head.hash,
        timestamp: head.header.timestamp,
        behind: progress.as_ref().map_or(0, |of| of.best_peer.saturating_sub(head.height())),
        progress,
    })
}

fn set_of(api: &Api, height: Height) -> Reply<ValidatorSet> {
    if api.spec().is_ethereum() {
        return Err(RpcError::unsupported("a chain under the ethereum rules has no validators of ours"));
    }
    Ok(api.chain.validators(height)?)
}

/// Validators of the block that is named.
fn validators(api: &Api, mut args: Args) -> Reply<Validators> {
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let read = api.read()?;
    let height = header_at(&read, block)?.number;
    let set = set_of(api, height)?;
    let (missed, window) = missed(&read, api, &set, height)?;
    let members = set.members().iter().zip(missed);
    let validators = members.map(|(member, missed)| Member { address: member.address, power: member.power, missed });
    Ok(Validators {
        height,
        hash: set.hash(),
        total_power: set.total_power(),
        quorum_power: quorum_power(&set),
        window,
        validators: validators.collect(),
    })
}

/// More than two thirds.
fn quorum_power(set: &ValidatorSet) -> u64 {
    let total = set.total_power();
    (total / 3).saturating_mul(2).saturating_add(total % 3 * 2 / 3).saturating_add(1)
}

/// Of the blocks up to `height` whose successor is there, how many each member of `set` did not sign; and how many blocks that are.
fn missed(read: &ReadTx, api: &Api, set: &ValidatorSet, height: Height) -> Reply<(Vec<u64>, u64)> {
    let mut missed = vec![0u64; set.members().len()];
    let mut window = 0u64;
    for carrier in (2..=height).rev() {
        if window == WINDOW {
            break;
        }
        // Bodies below were pruned, or never there.
        let Ok(Some(body)) = read.body_without_transactions(carrier) else { break };
        let signers = addresses(&set_of(api, carrier.saturating_sub(1))?, &body.last_commit.signers);
        for (member, missed) in set.members().iter().zip(&mut missed) {
            *missed = missed.saturating_add(u64::from(!signers.contains(&member.address)));
        }
        window = window.saturating_add(1);
    }
    Ok((missed, window))
}

fn addresses(set: &ValidatorSet, signers: &SignerBitmap) -> Vec<Address> {
    signers.indices().filter_map(|at| set.members().get(at)).map(|member| member.address).collect()
}

/// What makes a block final; none of the genesis and of imported blocks.
fn certificate(api: &Api, mut args: Args) -> Reply<Option<Certificate>> {
    let block: BlockArg = args.required("block")?;
    args.end()?;
    let read = api.read()?;
    let height = header_at(&read, block)?.number;
    let Some(stored) = read.certificate(height)? else { return Ok(None) };
    let set = set_of(api, height)?;
    let signers = addresses(&set, &stored.signers);
    let power = signers.iter().filter_map(|address| Some(set.members().get(set.index_of(*address)?)?.power)).sum();
    let signature = |at: usize| stored.signatures.get(at).map(|signature| Bytes::copy_from_slice(signature.as_slice()));
    let signatures =
        signers.iter().enumerate().map(|(at, validator)| Signed { validator: *validator, signature: signature(at) });
    Ok(Some(Certificate {
        height,
        round: stored.round,
        block_hash: stored.block_hash,
        power,
        total_power: set.total_power(),
        signatures: signatures.collect(),
    }))
}

/// Proofs of double signing in a block; without one, those that wait for our next block.
fn evidence(api: &Api, mut args: Args) -> Reply<Vec<Proof>> {
    let block: Option<BlockArg> = args.optional("block")?;
    args.end()?;
    let evidence = match block {
        None => api.chain.pending_evidence(),
        Some(block) => {
            let read = api.read()?;
            let height = header_at(&read, block)?.number;
            read.body_without_transactions(height)?.map(|body| body.evidence).unwrap_or_default()
        }
    };
    Ok(evidence.iter().map(proof).collect())
}

fn proof(Evidence::DoubleSign(proof): &Evidence) -> Proof {
    let vote = match proof.kind {
        VoteKind::Prevote => "prevote",
        VoteKind::Precommit => "precommit",
    };
    Proof {
        kind: "doubleSign",
        validator: proof.signer,
        height: proof.height,
        round: proof.round,
        vote,
        block_hashes: [proof.first_hash, proof.second_hash],
        signatures: [proof.first_signature, proof.second_signature]
            .map(|signature| Bytes::copy_from_slice(signature.as_slice())),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use bttc_primitives::Validator;

    #[test]
    fn the_quorum_is_the_least_power_above_two_thirds() {
        for powers in [
            vec![1],
            vec![1, 1],
            vec![1, 1, 1],
            vec![1, 1, 1, 1],
            vec![5, 7, 9],
            vec![10, 10, 11],
            vec![ValidatorSet::MAX_TOTAL_POWER],
        ] {
            let members =
                powers.iter().zip(1..).map(|(power, n)| Validator { address: Address::repeat_byte(n), power: *power });
            let set = ValidatorSet::new(members.collect()).unwrap();
            let least = quorum_power(&set);
            assert!(set.is_quorum(least) && !set.is_quorum(least - 1), "{powers:?}: {least}");
        }
    }
}
