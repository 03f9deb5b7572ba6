//! Headers: what each field of a block must be (docs/protocol.md, section 2).

use crate::{InvalidBlock, Turn, next_base_fee};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, constants::EMPTY_WITHDRAWALS, proofs};
use alloy_eips::{eip2718::Encodable2718, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::{B64, B256, Bloom, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use bttc_primitives::{Body, ChainSpec, Evidence, Head, Header, LastCommit, SealedBlock};

/// Largest encoding of a block's transactions together; a whole block stays below the 10 MiB less margin of EIP-7934. Unit: bytes.
pub const MAX_BODY_BYTES: usize = 7 * 1024 * 1024;

/// How far ahead of the local clock a block may be. Unit: seconds.
pub const MAX_AHEAD: u64 = 2;

/// What a block is built from: fixed before its first transaction runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextBlock {
    /// Header with every field that is known beforehand; roots, bloom and gas used are still empty.
    pub header: Header,
}

impl NextBlock {
    /// The start of the block after `parent`.
    ///
    /// `now` is the local time in seconds; the block gets it unless the parent is later. `last_commit` and `evidence` are those of the body.
    pub fn new(
        spec: &ChainSpec,
        parent: &Head,
        turn: Turn,
        now: u64,
        last_commit: &LastCommit,
        evidence: &[Evidence],
    ) -> Self {
        let header = Header {
            parent_hash: parent.hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: turn.proposer,
            number: parent.header.number.saturating_add(1),
            gas_limit: spec.gas_limit(),
            timestamp: now.max(parent.header.timestamp),
            mix_hash: next_mix_hash(parent),
            base_fee_per_gas: next_base_fee(spec, &parent.header),
            withdrawals_root: Some(EMPTY_WITHDRAWALS),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(block_commitment(last_commit, evidence)),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Default::default()
        };
        Self { header }
    }

    /// Completes the header once the block has run.
    pub fn finish(self, body: &Body, outputs: Outputs) -> Header {
        Header {
            state_root: outputs.state_root,
            transactions_root: proofs::calculate_transaction_root(&body.transactions),
            receipts_root: outputs.receipts_root,
            logs_bloom: outputs.logs_bloom,
            gas_used: outputs.gas_used,
            extra_data: output_commitment(outputs.next_validators_hash, outputs.exit_root),
            ..self.header
        }
    }
}

/// What running a block yields, as far as its header names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Root of the state after the block.
    pub state_root: B256,
    /// Root of the receipts.
    pub receipts_root: B256,
    /// Bloom of all logs.
    pub logs_bloom: Bloom,
    /// Gas used by all transactions.
    pub gas_used: u64,
    /// Hash of the validator set of the next height.
    pub next_validators_hash: B256,
    /// Root of the exit tree after the block.
    pub exit_root: B256,
}

/// `mix_hash` of the block after `parent`: predictable, unfit for lotteries.
pub fn next_mix_hash(parent: &Head) -> B256 {
    keccak256((parent.header.mix_hash, parent.hash).abi_encode())
}

/// `parent_beacon_block_root`: what consensus put into the block.
pub fn block_commitment(last_commit: &LastCommit, evidence: &[Evidence]) -> B256 {
    #[derive(alloy_rlp::RlpEncodable)]
    struct Signed<'a> {
        round: u32,
        signers: &'a bttc_primitives::SignerBitmap,
    }
    let commit = Signed { round: last_commit.round, signers: &last_commit.signers };
    let commit_hash = keccak256(alloy_rlp::encode(commit));
    let mut proofs = Vec::new();
    alloy_rlp::encode_list(evidence, &mut proofs);
    keccak256((commit_hash, keccak256(proofs)).abi_encode())
}

/// `extra_data`: what consensus gets out of the block.
pub fn output_commitment(next_validators_hash: B256, exit_root: B256) -> Bytes {
    Bytes::copy_from_slice(keccak256((next_validators_hash, exit_root).abi_encode()).as_slice())
}

fn expect<T: PartialEq + std::fmt::Debug>(field: &'static str, got: T, expected: T) -> Result<(), InvalidBlock> {
    if got == expected { Ok(()) } else { Err(InvalidBlock::field(field, got, expected)) }
}

/// Checks what can be known of a header before its block runs.
///
/// `now` is the local time in seconds. Order: position, time, then field by field as `NextBlock` makes them.
pub fn check_header(
    spec: &ChainSpec,
    parent: &Head,
    turn: Turn,
    now: u64,
    block: &SealedBlock,
) -> Result<(), InvalidBlock> {
    let header = &block.header;
    if header.number != turn.height {
        return Err(InvalidBlock::Height { got: header.number, expected: turn.height });
    }
    if header.parent_hash != parent.hash {
        return Err(InvalidBlock::Parent { got: header.parent_hash, expected: parent.hash });
    }
    if header.beneficiary != turn.proposer {
        return Err(InvalidBlock::Proposer { got: header.beneficiary, expected: turn.proposer });
    }
    let (earliest, latest) = (parent.header.timestamp, now.saturating_add(MAX_AHEAD));
    if header.timestamp < earliest || header.timestamp > latest {
        return Err(InvalidBlock::Timestamp { got: header.timestamp, earliest, latest });
    }
    let wanted =
        NextBlock::new(spec, parent, turn, header.timestamp, &block.body.last_commit, &block.body.evidence).header;
    expect("number", header.number, wanted.number)?;
    expect("gas_limit", header.gas_limit, wanted.gas_limit)?;
    expect("mix_hash", header.mix_hash, wanted.mix_hash)?;
    expect("base_fee_per_gas", header.base_fee_per_gas, wanted.base_fee_per_gas)?;
    expect("parent_beacon_block_root", header.parent_beacon_block_root, wanted.parent_beacon_block_root)?;
    expect("ommers_hash", header.ommers_hash, wanted.ommers_hash)?;
    expect("withdrawals_root", header.withdrawals_root, wanted.withdrawals_root)?;
    expect("blob_gas_used", header.blob_gas_used, Some(0))?;
    expect("excess_blob_gas", header.excess_blob_gas, Some(0))?;
    expect("requests_hash", header.requests_hash, wanted.requests_hash)?;
    expect("difficulty", header.difficulty, U256::ZERO)?;
    if !spec.has_staking() {
        // Otherwise what the proposer announces, which can be anything (`announcement.rs`).
        expect("nonce", header.nonce, B64::ZERO)?;
    }
    if header.gas_used > header.gas_limit {
        return Err(InvalidBlock::field("gas_used", header.gas_used, header.gas_limit));
    }
    check_no_extras(header)
}

/// Fields of forks that this chain does not know.
pub(crate) fn check_no_extras(header: &Header) -> Result<(), InvalidBlock> {
    let plain = Header {
        parent_hash: header.parent_hash,
        ommers_hash: header.ommers_hash,
        beneficiary: header.beneficiary,
        state_root: header.state_root,
        transactions_root: header.transactions_root,
        receipts_root: header.receipts_root,
        logs_bloom: header.logs_bloom,
        difficulty: header.difficulty,
        number: header.number,
        gas_limit: header.gas_limit,
        gas_used: header.gas_used,
        timestamp: header.timestamp,
        extra_data: header.extra_data.clone(),
        mix_hash: header.mix_hash,
        nonce: header.nonce,
        base_fee_per_gas: header.base_fee_per_gas,
        withdrawals_root: header.withdrawals_root,
        blob_gas_used: header.blob_gas_used,
        excess_blob_gas: header.excess_blob_gas,
        parent_beacon_block_root: header.parent_beacon_block_root,
        requests_hash: header.requests_hash,
        ..Default::default()
    };
    if plain == *header {
        Ok(())
    } else {
        Err(InvalidBlock::Body("the header has a field that this chain does not know".into()))
    }
}

/// Checks what can be known of a body before it runs: the transactions are those of the header, none carries blobs, nothing of Ethereum's is in it.
pub fn check_body(block: &SealedBlock) -> Result<(), InvalidBlock> {
    let body = &block.body;
    if !body.ommers.is_empty() || body.withdrawals.is_some() {
        return Err(InvalidBlock::Body("uncles and withdrawals do not exist on this chain".into()));
    }
    if let Some(index) = body.transactions.iter().position(|tx| tx.is_eip4844()) {
        return Err(InvalidBlock::Blob { index });
    }
    let bytes = body.transactions.iter().map(Encodable2718::encode_2718_len).fold(0, usize::saturating_add);
    if bytes > MAX_BODY_BYTES {
        return Err(InvalidBlock::field("size of the transactions", bytes, MAX_BODY_BYTES));
    }
    let root = proofs::calculate_transaction_root(&body.transactions);
    expect("transactions_root", block.header.transactions_root, root)
}
