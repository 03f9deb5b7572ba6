//! Blocks and what belongs to them, as strangers send them: what decodes is encoded again to the same bytes, and no rule panics over it.
//!
//! The first byte says what the rest is.

use super::transaction::samples;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256};
use alloy_rlp::{Decodable, Encodable};
use bttc_consensus::{Announcement, DecidedBlock, check_body, check_certificate, check_evidence, check_last_commit};
use bttc_primitives::{
    Body, CommitCertificate, DoubleSign, Evidence, LastCommit, SealedBlock, SignerBitmap, Validator, ValidatorSet,
    VoteKind, VoteSignature, recover_senders,
};
use std::fmt::Debug;

const CHAIN: u64 = 990_992;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 7 {
        0 => drop(exact::<SealedBlock>(bytes).map(judge)),
        1 => drop(exact::<DecidedBlock>(bytes).map(|decided| {
            certificate(&decided.certificate);
            judge(decided.block);
        })),
        2 => drop(exact::<CommitCertificate>(bytes).map(|of| certificate(&of))),
        3 => drop(exact::<LastCommit>(bytes).map(|of| {
            let _ = check_last_commit(CHAIN, &validators(), (1, B256::ZERO), &of, true);
        })),
        4 => drop(exact::<Evidence>(bytes).map(|of| drop(check_evidence(CHAIN, &validators(), &of)))),
        5 => drop(exact::<SignerBitmap>(bytes)),
        _ => ethereum(bytes),
    }
}

/// Decodes, and holds against the bytes what is encoded again.
fn exact<T: Decodable + Encodable + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let mut rest = bytes;
    let value = T::decode(&mut rest).ok()?;
    let read = bytes.get(..bytes.len() - rest.len()).unwrap_or_default();
    let again = alloy_rlp::encode(&value);
    assert_eq!(again.len(), value.length(), "length is not that of the encoding");
    assert_eq!(again, read, "two encodings of one value");
    Some(value)
}

fn judge(block: SealedBlock) {
    assert_eq!(block.hash(), block.header.hash_slow());
    if let Some(said) = Announcement::decode(block.header.nonce) {
        assert_eq!(said.encode(), block.header.nonce, "two encodings of one announcement");
    }
    let _ = check_body(&block);
    let _ = check_last_commit(CHAIN, &validators(), (block.height(), B256::ZERO), &block.body.last_commit, true);
    for evidence in &block.body.evidence {
        let _ = check_evidence(CHAIN, &validators(), evidence);
    }
    let _ = recover_senders(&block.body.transactions, true);
}

fn certificate(of: &CommitCertificate) {
    let set = validators();
    let _ = check_certificate(CHAIN, &set, of);
    let last = of.to_last_commit();
    let _ = check_last_commit(CHAIN, &set, (of.height, of.block_hash), &last, true);
}

fn ethereum(bytes: &[u8]) {
    let mut rest = bytes;
    let Ok(block) = SealedBlock::decode_ethereum(&mut rest) else { return };
    assert_eq!(block.hash(), block.header.hash_slow());
    let read = bytes.get(..bytes.len() - rest.len()).unwrap_or_default();
    assert_eq!(block.ethereum_rlp(), read, "two encodings of one block");
    let _ = check_body(&block);
}

fn validators() -> ValidatorSet {
    let member = |n: u8| Validator { address: Address::repeat_byte(n), power: 10 };
    ValidatorSet::new((1..=4).map(member).collect()).unwrap()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let last_commit = LastCommit {
        round: 1,
        signers: SignerBitmap::from_indices(4, [0, 1, 3]),
        signatures: vec![VoteSignature::repeat_byte(9); 3],
    };
    let evidence = Evidence::DoubleSign(DoubleSign {
        signer: Address::repeat_byte(2),
        height: 5,
        round: 0,
        kind: VoteKind::Precommit,
        first_hash: B256::repeat_byte(1),
        first_signature: VoteSignature::repeat_byte(1),
        second_hash: B256::repeat_byte(2),
        second_signature: VoteSignature::repeat_byte(2),
    });
    let body = Body {
        transactions: samples(),
        last_commit: last_commit.clone(),
        evidence: vec![evidence.clone()],
        ..Body::default()
    };
    let header = Header {
        number: 7,
        gas_limit: 60_000_000,
        timestamp: 1_700_000_000,
        base_fee_per_gas: Some(9_000_000_000_000),
        withdrawals_root: Some(B256::ZERO),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(B256::ZERO),
        ..Default::default()
    };
    let block = SealedBlock::seal(header.clone(), body);
    let certificate = CommitCertificate {
        height: 7,
        round: 1,
        block_hash: block.hash(),
        signers: SignerBitmap::from_indices(4, [0, 1, 3]),
        signatures: vec![VoteSignature::repeat_byte(9); 3],
    };
    let withdrawals = Some(Default::default());
    let foreign =
        SealedBlock::seal(header.clone(), Body { ommers: vec![header], withdrawals, ..Body::default() }).ethereum_rlp();
    let encoded = [
        alloy_rlp::encode(&block),
        alloy_rlp::encode(DecidedBlock { block, certificate: certificate.clone() }),
        alloy_rlp::encode(certificate),
        alloy_rlp::encode(last_commit),
        alloy_rlp::encode(evidence),
        alloy_rlp::encode(SignerBitmap::from_indices(20, [0, 19])),
        foreign,
    ];
    (0u8..).zip(encoded).map(|(kind, bytes)| [vec![kind], bytes].concat()).collect()
}
