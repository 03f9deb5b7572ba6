//! Blocks: an Ethereum header, transactions, the parent's certificate and evidence.
//!
//! Source: docs/protocol.md, section 2.

use crate::{Evidence, Height, LastCommit};
use alloy_consensus::{EthereumTxEnvelope, Header, TxEip4844, transaction::Recovered};
use alloy_eips::{
    eip2718::{Decodable2718, Eip2718Error},
    eip4895::Withdrawals,
};
use alloy_primitives::{Address, B256};
use alloy_rlp::{BufMut, Decodable, Encodable, Header as RlpHeader, RlpDecodable};

/// A signed transaction as it stands in a block (blob transactions without their sidecar).
pub type Transaction = EthereumTxEnvelope<TxEip4844>;

/// Everything of a block below its header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Signed transactions in the order of execution; system transactions stand last.
    pub transactions: Vec<Transaction>,
    /// Certificate of the parent; empty under the `ethereum` spec and in block 1.
    pub last_commit: LastCommit,
    /// Proofs of double signing.
    pub evidence: Vec<Evidence>,
    /// Uncle headers; only under the `ethereum` spec, before the Merge.
    pub ommers: Vec<Header>,
    /// Withdrawals; only under the `ethereum` spec, from Shanghai on.
    pub withdrawals: Option<Withdrawals>,
}

#[derive(RlpDecodable)]
#[rlp(trailing(no_gaps))]
struct BodyRlp {
    transactions: Transactions,
    last_commit: LastCommit,
    evidence: Vec<Evidence>,
    ommers: Vec<Header>,
    withdrawals: Option<Withdrawals>,
}

impl Encodable for Body {
    fn encode(&self, out: &mut dyn BufMut) {
        self.rlp_header().encode(out);
        self.transactions.encode(out);
        self.last_commit.encode(out);
        self.evidence.encode(out);
        self.ommers.encode(out);
        if let Some(withdrawals) = &self.withdrawals {
            withdrawals.encode(out);
        }
    }

    fn length(&self) -> usize {
        self.rlp_header().length_with_payload()
    }
}

impl Body {
    fn rlp_header(&self) -> RlpHeader {
        let lengths = [
            self.transactions.length(),
            self.last_commit.length(),
            self.evidence.length(),
            self.ommers.length(),
            self.withdrawals.as_ref().map_or(0, Encodable::length),
        ];
        RlpHeader { list: true, payload_length: lengths.iter().sum() }
    }
}

impl Decodable for Body {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let BodyRlp { transactions, last_commit, evidence, ommers, withdrawals } = BodyRlp::decode(buf)?;
        Ok(Self { transactions: transactions.0, last_commit, evidence, ommers, withdrawals })
    }
}

/// Transactions of a body: a legacy one as a list, any other as a string that holds its envelope and nothing else (EIP-2718).
///
/// The library's decoder of a network envelope does not hold the length of that string against what it reads from it, and its decoder of an envelope
/// takes a legacy transaction too; with either of them a block would have many encodings.
struct Transactions(Vec<Transaction>);

impl Decodable for Transactions {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let mut list = RlpHeader::decode_bytes(buf, true)?;
        let mut transactions = Vec::new();
        while !list.is_empty() {
            transactions.push(if is_list(list) { Transaction::decode(&mut list)? } else { typed(&mut list)? });
        }
        Ok(Self(transactions))
    }
}

fn typed(buf: &mut &[u8]) -> alloy_rlp::Result<Transaction> {
    let envelope = RlpHeader::decode_bytes(buf, false)?;
    if is_list(envelope) {
        return Err(alloy_rlp::Error::Custom("a legacy transaction in a string"));
    }
    Transaction::decode_2718_exact(envelope).map_err(|error| match error {
        Eip2718Error::RlpError(error) => error,
        _ => alloy_rlp::Error::Custom("a transaction of unknown type"),
    })
}

fn is_list(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|byte| *byte >= alloy_rlp::EMPTY_LIST_CODE)
}

/// A block with the hash of its header.
///
/// RLP is `[header, body]`; decoding computes the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBlock {
    hash: B256,
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Body,
}

impl SealedBlock {
    /// Hashes the header and joins it to its body.
    pub fn seal(header: Header, body: Body) -> Self {
        Self { hash: header.hash_slow(), header, body }
    }

    /// Joins a header to a body whose hash is known, as read back from our own store.
    pub const fn with_known_hash(hash: B256, header: Header, body: Body) -> Self {
        Self { hash, header, body }
    }

    /// `keccak256(rlp(header))`.
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// Height of the block.
    pub const fn height(&self) -> Height {
        self.header.number
    }

    /// Decodes the first block of `buf` as other Ethereum programs encode it: `[header, transactions, ommers, withdrawals?]`.
    pub fn decode_ethereum(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        #[derive(RlpDecodable)]
        #[rlp(trailing(no_gaps))]
        struct Parts {
            header: Header,
            transactions: Transactions,
            ommers: Vec<Header>,
            withdrawals: Option<Withdrawals>,
        }
        let Parts { header, transactions: Transactions(transactions), ommers, withdrawals } = Parts::decode(buf)?;
        Ok(Self::seal(header, Body { transactions, ommers, withdrawals, ..Body::default() }))
    }

    /// The same block as other Ethereum programs encode it: `[header, transactions, ommers, withdrawals?]`.
    pub fn ethereum_rlp(&self) -> Vec<u8> {
        alloy_rlp::encode(alloy_consensus::Block::<Transaction> {
            header: self.header.clone(),
            body: alloy_consensus::BlockBody {
                transactions: self.body.transactions.clone(),
                ommers: self.body.ommers.clone(),
                withdrawals: self.body.withdrawals.clone(),
            },
        })
    }
}

impl Encodable for SealedBlock {
    fn encode(&self, out: &mut dyn BufMut) {
        let payload_length = self.header.length().saturating_add(self.body.length());
        RlpHeader { list: true, payload_length }.encode(out);
        self.header.encode(out);
        self.body.encode(out);
    }

    fn length(&self) -> usize {
        let payload_length = self.header.length().saturating_add(self.body.length());
        RlpHeader { list: true, payload_length }.length_with_payload()
    }
}

impl Decodable for SealedBlock {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        #[derive(RlpDecodable)]
        struct Parts {
            header: Header,
            body: Body,
        }
        let Parts { header, body } = Parts::decode(buf)?;
        Ok(Self::seal(header, body))
    }
}

/// A block whose senders are known: recovered once, carried along ever after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveredBlock {
    /// The block.
    pub block: SealedBlock,
    /// Sender of each transaction, in their order.
    pub senders: Vec<Address>,
}

impl RecoveredBlock {
    /// Transactions with their senders.
    pub fn recovered(&self) -> impl ExactSizeIterator<Item = Recovered<&Transaction>> {
        self.block.body.transactions.iter().zip(&self.senders).map(|(tx, sender)| Recovered::new_unchecked(tx, *sender))
    }
}

/// The last committed block, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Hash of the header.
    pub hash: B256,
    /// The header.
    pub header: Header,
}

impl Head {
    /// Height of the block.
    pub const fn height(&self) -> Height {
        self.header.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SignerBitmap, VoteSignature};
    use alloy_consensus::{Signed, TxEip1559, TxLegacy};
    use alloy_eips::eip2718::Encodable2718;
    use alloy_primitives::Signature;
    use proptest::prelude::*;

    proptest! {
        /// Blocks come from strangers: whatever the bytes, decoding ends in a block or in an error.
        #[test]
        fn any_bytes_decode_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = SealedBlock::decode(&mut bytes.as_slice());
        }

        /// One changed byte either breaks the encoding or is seen in what is decoded.
        #[test]
        fn a_changed_byte_does_not_go_unseen(at in any::<prop::sample::Index>(), by in 1u8..) {
            let block = SealedBlock::seal(Header { number: 9, ..Default::default() }, Body::default());
            let mut bytes = alloy_rlp::encode(&block);
            let at = at.index(bytes.len());
            bytes[at] = bytes[at].wrapping_add(by);
            if let Ok(decoded) = SealedBlock::decode(&mut bytes.as_slice()) {
                prop_assert_ne!(decoded, block);
            }
        }
    }

    #[test]
    fn block_survives_a_round_trip() {
        let body = Body {
            last_commit: LastCommit {
                round: 3,
                signers: SignerBitmap::from_indices(4, [0, 2, 3]),
                signatures: vec![VoteSignature::repeat_byte(7); 3],
            },
            ommers: vec![Header::default()],
            ..Default::default()
        };
        let header = Header { number: 9, gas_limit: 30_000_000, ..Default::default() };
        for withdrawals in [None, Some(Withdrawals::default())] {
            let block = SealedBlock::seal(header.clone(), Body { withdrawals, ..body.clone() });
            let bytes = alloy_rlp::encode(&block);
            assert_eq!(bytes.len(), block.length());
            assert_eq!(SealedBlock::decode(&mut bytes.as_slice()).unwrap(), block);

            let bytes = block.ethereum_rlp();
            let decoded = SealedBlock::decode_ethereum(&mut bytes.as_slice()).unwrap();
            let last_commit = LastCommit::default();
            assert_eq!(decoded.body, Body { last_commit, ..block.body.clone() }, "it has no word for certificates");
            assert_eq!(decoded.hash(), block.hash());
        }
    }

    fn list(parts: &[&[u8]]) -> Vec<u8> {
        let items = parts.concat();
        let mut out = Vec::new();
        RlpHeader { list: true, payload_length: items.len() }.encode(&mut out);
        [out, items].concat()
    }

    /// A block whose only transaction stands in it as the bytes `transaction`, as our own programs and as others encode it.
    fn around(transaction: &[u8]) -> [Vec<u8>; 2] {
        let header = alloy_rlp::encode(Header { number: 9, ..Default::default() });
        let (transactions, last_commit, none) =
            (list(&[transaction]), alloy_rlp::encode(LastCommit::default()), list(&[]));
        let body = list(&[&transactions, &last_commit, &none, &none]);
        [list(&[&header, &body]), list(&[&header, &transactions, &none])]
    }

    /// An empty string in the place of withdrawals would be a second encoding of a block without them.
    #[test]
    fn a_block_without_withdrawals_ends_before_them() {
        let block = SealedBlock::seal(Header { number: 9, ..Default::default() }, Body::default());
        let header = alloy_rlp::encode(&block.header);
        let body = alloy_rlp::encode(&block.body);
        for (more, decodes) in [(&[][..], true), (&[0xc0], true), (&[0x80], false), (&[0x80, 0xc0], false)] {
            let own = list(&[&header, &list(&[&body[1..], more])]);
            assert_eq!(SealedBlock::decode(&mut own.as_slice()).is_ok(), decodes, "{more:?}");
            let foreign = list(&[&header, &[0xc0, 0xc0], more]);
            assert_eq!(SealedBlock::decode_ethereum(&mut foreign.as_slice()).is_ok(), decodes, "{more:?}, by others");
        }
    }

    /// EIP-2718: otherwise one block, with one hash, would have many encodings.
    #[test]
    fn a_transaction_stands_in_a_block_in_one_way_only() {
        let string = |bytes: &[u8]| alloy_rlp::encode(alloy_primitives::Bytes::copy_from_slice(bytes));
        let signature = Signature::test_signature();
        let typed = Transaction::from(Signed::new_unhashed(TxEip1559::default(), signature)).encoded_2718();
        let legacy = Transaction::from(Signed::new_unhashed(TxLegacy::default(), signature)).encoded_2718();
        let numbered = [&[0], legacy.as_slice()].concat();
        let longer = [typed.as_slice(), &[0]].concat();
        let of_no_type = [&[0x7f], typed.get(1..).unwrap()].concat();
        for (transaction, decodes, why) in [
            (string(&typed), true, "a typed transaction in a string"),
            (legacy.clone(), true, "a legacy one as a list"),
            (typed, false, "a typed one without a string"),
            (string(&legacy), false, "a legacy one in a string"),
            (string(&numbered), false, "a legacy one with a type"),
            (string(&longer), false, "a string longer than its transaction"),
            (string(longer.get(..longer.len() - 2).unwrap()), false, "a string shorter than its transaction"),
            (string(&of_no_type), false, "a type that does not exist"),
            (string(&[]), false, "an empty string"),
            (vec![1], false, "a type alone"),
        ] {
            let [own, foreign] = around(&transaction);
            assert_eq!(SealedBlock::decode(&mut own.as_slice()).is_ok(), decodes, "{why}");
            assert_eq!(SealedBlock::decode_ethereum(&mut foreign.as_slice()).is_ok(), decodes, "{why}, by others");
        }
    }
}
