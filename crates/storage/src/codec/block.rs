//! Headers, bodies, transactions and proposals.

use super::{Corrupt, Input, Value, put_varint, value::decode_rlp};
use crate::StoredProposal;
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, FixedBytes, keccak256};
use alloy_rlp::{Encodable, RlpDecodable, RlpEncodable};
use bttc_primitives::{Body, Header, Height, RecoveredBlock, Round, SealedBlock, Transaction};

/// A header behind its hash, so that the hash is read without decoding and never computed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderRow {
    pub(crate) hash: B256,
    pub(crate) header: Header,
}

impl Value for HeaderRow {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.hash.as_slice());
        Encodable::encode(&self.header, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let hash = input.array()?.into();
        Ok(Self { hash, header: decode_rlp(input.rest())? })
    }
}

/// The hash at the front of a [`HeaderRow`].
pub(crate) fn block_hash_of(row: &[u8]) -> Result<B256, Corrupt> {
    Input::new(row).array().map(B256::from)
}

/// Where a block's transactions stand, and the rest of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BodyRow {
    /// Number of its first transaction, counted over the whole chain.
    pub(crate) first_tx: u64,
    pub(crate) tx_count: u64,
    /// The body without its transactions.
    pub(crate) rest: Body,
}

impl BodyRow {
    /// First transaction and their number, without decoding the rest.
    pub(crate) fn transactions_of(row: &[u8]) -> Result<(u64, u64), Corrupt> {
        let mut input = Input::new(row);
        Ok((input.varint()?, input.varint()?))
    }
}

impl Value for BodyRow {
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(self.first_tx, out);
        put_varint(self.tx_count, out);
        Encodable::encode(&self.rest, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let (first_tx, tx_count) = (input.varint()?, input.varint()?);
        Ok(Self { first_tx, tx_count, rest: decode_rlp(input.rest())? })
    }
}

/// A transaction (EIP-2718) behind its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TransactionRow {
    pub(crate) sender: Address,
    pub(crate) tx: Transaction,
}

impl TransactionRow {
    pub(crate) fn encode_parts(sender: Address, tx: &Transaction, out: &mut Vec<u8>) {
        out.extend_from_slice(sender.as_slice());
        tx.encode_2718(out);
    }
}

impl Value for TransactionRow {
    fn encode(&self, out: &mut Vec<u8>) {
        Self::encode_parts(self.sender, &self.tx, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let sender = input.array()?.into();
        let mut bytes = input.rest();
        let tx = Transaction::decode_2718(&mut bytes).map_err(|_| Corrupt("its transaction is broken"))?;
        Input::new(bytes).finish()?;
        Ok(Self { sender, tx })
    }
}

/// Where a transaction stands: its number in the chain, its block, its position there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TransactionPlace {
    pub(crate) number: u64,
    pub(crate) height: Height,
    pub(crate) index: u64,
}

impl Value for TransactionPlace {
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(self.number, out);
        put_varint(self.height, out);
        put_varint(self.index, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let place = Self { number: input.varint()?, height: input.varint()?, index: input.varint()? };
        input.finish()?;
        Ok(place)
    }
}

/// The block proves itself by its hash; `digest` does so for round and proposer, which nothing else depends on.
#[derive(RlpEncodable, RlpDecodable)]
struct ProposalRlp {
    round: Round,
    proposer: Address,
    digest: FixedBytes<8>,
    senders: Vec<Address>,
    block: SealedBlock,
}

impl Value for StoredProposal {
    fn encode(&self, out: &mut Vec<u8>) {
        let RecoveredBlock { block, senders } = self.block.clone();
        let digest = proposal_digest(self.round, self.proposer, block.hash());
        let rlp = ProposalRlp { round: self.round, proposer: self.proposer, digest, senders, block };
        Encodable::encode(&rlp, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let ProposalRlp { round, proposer, digest, senders, block } = decode_rlp(bytes)?;
        if digest != proposal_digest(round, proposer, block.hash()) {
            return Err(Corrupt("round and proposer of a proposal do not give its digest"));
        }
        if senders.len() != block.body.transactions.len() {
            return Err(Corrupt("a proposal has not as many senders as transactions"));
        }
        Ok(Self { round, proposer, block: RecoveredBlock { block, senders } })
    }
}

fn proposal_digest(round: Round, proposer: Address, block_hash: B256) -> FixedBytes<8> {
    let mut input = round.to_be_bytes().to_vec();
    input.extend_from_slice(proposer.as_slice());
    input.extend_from_slice(block_hash.as_slice());
    FixedBytes::from_slice(keccak256(input).get(..8).unwrap_or_default())
}
