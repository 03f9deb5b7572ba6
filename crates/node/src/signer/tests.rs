//! The guard against a slow model, through crashes and damage; the protocol; the two ends of the socket.

#![expect(clippy::unwrap_used, reason = "tests")]

mod damage;
mod frames;
mod model;
mod opening;
mod remote;

use super::*;
use alloy_primitives::{Address, B256, Bytes, address};
use bttc_consensus::{ConsensusSigner, PeerProof, ProposalHeader, SignRequest, SystemTransaction, Vote};
use bttc_primitives::VoteKind;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

const CHAIN: u64 = 990_992;

fn key() -> Arc<dyn ConsensusSigner> {
    Arc::new(KeySigner::new(crate::dev_validator()))
}

fn vote(kind: VoteKind, height: u64, round: u32, block: u8) -> SignRequest {
    Vote { chain_id: CHAIN, kind, height, round, block_hash: B256::repeat_byte(block) }.into()
}

fn proposal(height: u64, round: u32, block: u8) -> SignRequest {
    let block_hash = B256::repeat_byte(block);
    let header = ProposalHeader {
        chain_id: CHAIN,
        height,
        round,
        valid_round: None,
        block_hash,
        built_in: round,
        size: 600,
        parts_root: B256::repeat_byte(9),
    };
    header.into()
}

fn system_transaction(to: Address) -> SignRequest {
    SystemTransaction { chain_id: CHAIN, nonce: 7, to, input: Bytes::from_static(&[1, 2, 3]) }.into()
}

fn peer_proof() -> SignRequest {
    PeerProof { chain_id: CHAIN, peer: Bytes::from_static(b"some peer") }.into()
}

/// A new sign state in `dir`.
fn made(dir: &Path) -> PathBuf {
    let path = dir.join(SIGN_STATE_FILE);
    SignStateFile::create(&path, &SignState::new(CHAIN, key().address(), 0)).unwrap();
    path
}

fn guard(path: &Path) -> GuardedSigner {
    GuardedSigner::open(key(), path, CHAIN).unwrap()
}
