//! Chunks: how they are encoded, and how each is judged by itself.
//!
//! On the wire and on disk a chunk is one byte for its kind and a zstd frame of RLP. Decoding is a function of the bytes, with bounded memory.

use super::InvalidChunk;
use alloy_consensus::{Eip658Value, ReceiptEnvelope};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use bttc_consensus::check_body;
use bttc_primitives::{Fatal, Header, Receipt, SealedBlock, receipts_root};
use bttc_trie::{EMPTY_ROOT_HASH, RangeEnd, RangeProof, TrieAccount, verify_range};

/// Largest chunk of state or code, as RLP. Unit: bytes. Chunks are cut far below it; code alone may be as large.
pub const MAX_CHUNK_BYTES: usize = 2 << 20;
/// Largest block with its receipts, as RLP. Unit: bytes.
const MAX_BLOCK_BYTES: usize = 24 << 20;
/// Fast, and nearly as small as the slower ones: most of a state are hashes.
const ZSTD_LEVEL: i32 = 1;

const STATE: u8 = 1;
const CODE: u8 = 2;
const BLOCK: u8 = 3;

/// A place among all keys of a state: an account, and a slot of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, RlpEncodable, RlpDecodable)]
pub struct Position {
    /// `keccak256(address)`.
    pub account: B256,
    /// `keccak256(slot)`; zero where the account itself has not been seen.
    pub slot: B256,
}

/// The keys that a state chunk covers: from `start` up to `end`, or to the end of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first position.
    pub start: Position,
    /// The position behind the last; none at the end of the state.
    pub end: Option<Position>,
}

/// Accounts in the order of their keys, with their slots.
///
/// The slots of its first account may begin, and those of its last account end, in the middle; then the account stands in the chunks on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChunk {
    /// Where it begins.
    pub start: Position,
    /// Accounts from there on.
    pub accounts: RangeProof<TrieAccount>,
    /// Slots of each account that has storage.
    pub storages: Vec<RangeProof<U256>>,
}

/// Code, in the order of its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChunk(pub Vec<Bytes>);

/// The block of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockChunk {
    /// The block.
    pub block: SealedBlock,
    /// Its receipts.
    pub receipts: Vec<Receipt>,
}

/// Any chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// Accounts with their slots.
    State(StateChunk),
    /// Code.
    Code(CodeChunk),
    /// The block of the snapshot.
    Block(Box<BlockChunk>),
}

#[derive(RlpEncodable, RlpDecodable)]
struct AccountRlp {
    key: B256,
    account: TrieAccount,
}

#[derive(RlpEncodable, RlpDecodable)]
struct SlotRlp {
    key: B256,
    value: U256,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StorageRlp {
    complete: bool,
    nodes: Vec<Bytes>,
    leaves: Vec<SlotRlp>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct StateRlp {
    start: Position,
    complete: bool,
    nodes: Vec<Bytes>,
    leaves: Vec<AccountRlp>,
    storages: Vec<StorageRlp>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct BlockRlp {
    block: SealedBlock,
    receipts: Vec<ReceiptEnvelope>,
}

impl Chunk {
    /// The bytes of the chunk.
    ///
    /// Errors: it is larger than [`Chunk::decode`] takes, or the compressor fails.
    pub fn encode(&self) -> Result<Vec<u8>, Fatal> {
        let (kind, rlp, limit) = match self {
            Self::State(chunk) => (STATE, chunk.rlp(), MAX_CHUNK_BYTES),
            Self::Code(CodeChunk(codes)) => (CODE, alloy_rlp::encode(codes), MAX_CHUNK_BYTES),
            Self::Block(chunk) => (BLOCK, chunk.rlp(), MAX_BLOCK_BYTES),
        };
        if rlp.len() > limit {
            return Err(Fatal::new(format!("a chunk of {} bytes is larger than {limit}", rlp.len())));
        }
        let packed = zstd::bulk::compress(&rlp, ZSTD_LEVEL)
            .map_err(|error| Fatal::while_doing("compressing a chunk of a snapshot", error))?;
        let mut bytes = Vec::with_capacity(packed.len().saturating_add(1));
        bytes.push(kind);
        bytes.extend_from_slice(&packed);
        Ok(bytes)
    }

    /// Reads a chunk that a stranger may have made.
    ///
    /// Errors: [`InvalidChunk::Encoding`]. Memory is bounded by the largest chunk of the kind.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidChunk> {
        let refuse = |why: String| InvalidChunk::Encoding(why);
        let (kind, packed) = bytes.split_first().ok_or_else(|| refuse("it is empty".to_owned()))?;
        let limit = match *kind {
            STATE | CODE => MAX_CHUNK_BYTES,
            BLOCK => MAX_BLOCK_BYTES,
            other => return Err(refuse(format!("there is no kind {other}"))),
        };
        let rlp = zstd::bulk::decompress(packed, limit).map_err(|error| refuse(error.to_string()))?;
        let broken = |error: alloy_rlp::Error| refuse(error.to_string());
        let mut rest = rlp.as_slice();
        let chunk = match *kind {
            STATE => Self::State(StateRlp::decode(&mut rest).map_err(broken)?.into()),
            CODE => Self::Code(CodeChunk(Decodable::decode(&mut rest).map_err(broken)?)),
            _ => {
                let BlockRlp { block, receipts } = BlockRlp::decode(&mut rest).map_err(broken)?;
                let receipts = receipts.into_iter().map(receipt).collect();
                Self::Block(Box::new(BlockChunk { block, receipts }))
            }
        };
        if rest.is_empty() { Ok(chunk) } else { Err(refuse("it is longer than its contents".to_owned())) }
    }
}

impl StateChunk {
    fn rlp(&self) -> Vec<u8> {
        let storage = |range: &RangeProof<U256>| StorageRlp {
            complete: range.complete,
            nodes: range.nodes.clone(),
            leaves: range.leaves.iter().map(|(key, value)| SlotRlp { key: *key, value: *value }).collect(),
        };
        alloy_rlp::encode(StateRlp {
            start: self.start,
            complete: self.accounts.complete,
            nodes: self.accounts.nodes.clone(),
            leaves: self
                .accounts
                .leaves
                .iter()
                .map(|(key, account)| AccountRlp { key: *key, account: *account })
                .collect(),
            storages: self.storages.iter().map(storage).collect(),
        })
    }

    /// Accounts that have storage, with the slots given for them.
    ///
    /// Only in a chunk that holds ([`Self::check`]) does every account have its own.
    pub fn slots(&self) -> impl Iterator<Item = (B256, &RangeProof<U256>)> {
        let with_storage = self.accounts.leaves.iter().filter(|(_, account)| account.storage_root != EMPTY_ROOT_HASH);
        with_storage.map(|(key, _)| *key).zip(&self.storages)
    }

    /// Checks the chunk against a state root, and says which keys it covers: of those it has every account and slot, and none else.
    pub fn check(&self, state_root: B256) -> Result<Span, InvalidChunk> {
        let Self { start, accounts, storages } = self;
        let behind = verify_range(state_root, start.account, accounts).map_err(InvalidChunk::Accounts)?;
        let continued = start.slot != B256::ZERO;
        let first = accounts.leaves.first();
        if continued
            && first.is_none_or(|(key, account)| *key != start.account || account.storage_root == EMPTY_ROOT_HASH)
        {
            return Err(InvalidChunk::Shape("it begins at a slot of an account that has none"));
        }
        let with_storage = accounts.leaves.iter().filter(|(_, account)| account.storage_root != EMPTY_ROOT_HASH);
        if with_storage.clone().count() != storages.len() {
            return Err(InvalidChunk::Shape("it has not as many storages as accounts with storage"));
        }
        let last = accounts.leaves.last().map(|(key, _)| *key);
        let mut cut = None;
        for ((account, TrieAccount { storage_root, .. }), slots) in with_storage.zip(storages) {
            let from = if continued && *account == start.account { start.slot } else { B256::ZERO };
            let end = verify_range(*storage_root, from, slots)
                .map_err(|source| InvalidChunk::Slots { account: *account, source: source.into() })?;
            match end {
                RangeEnd::Complete => {}
                RangeEnd::More(slot) if last == Some(*account) => cut = Some(Position { account: *account, slot }),
                RangeEnd::More(_) => return Err(InvalidChunk::Shape("slots end early before its last account")),
            }
        }
        let end = cut.or(match behind {
            RangeEnd::Complete => None,
            RangeEnd::More(account) => Some(Position { account, slot: B256::ZERO }),
        });
        Ok(Span { start: *start, end })
    }
}

impl From<StateRlp> for StateChunk {
    fn from(rlp: StateRlp) -> Self {
        let storage = |rlp: StorageRlp| RangeProof {
            leaves: rlp.leaves.into_iter().map(|leaf| (leaf.key, leaf.value)).collect(),
            complete: rlp.complete,
            nodes: rlp.nodes,
        };
        let StateRlp { start, complete, nodes, leaves, storages } = rlp;
        let leaves = leaves.into_iter().map(|leaf| (leaf.key, leaf.account)).collect();
        let accounts = RangeProof { leaves, complete, nodes };
        Self { start, accounts, storages: storages.into_iter().map(storage).collect() }
    }
}

impl CodeChunk {
    /// The code by its hash. Errors: it does not ascend.
    pub fn check(self) -> Result<Vec<(B256, Bytes)>, InvalidChunk> {
        let codes: Vec<_> = self.0.into_iter().map(|code| (keccak256(&code), code)).collect();
        if codes.iter().zip(codes.iter().skip(1)).any(|((one, _), (next, _))| one >= next) {
            return Err(InvalidChunk::Shape("its code is not in the order of its hashes"));
        }
        Ok(codes)
    }
}

impl BlockChunk {
    fn rlp(&self) -> Vec<u8> {
        let receipts = self.receipts.iter().map(Receipt::to_envelope).collect();
        let mut rlp = Vec::new();
        BlockRlp { block: self.block.clone(), receipts }.encode(&mut rlp);
        rlp
    }

    /// Checks that this is the block with the certified header, whole.
    pub fn check(&self, header: &Header) -> Result<(), InvalidChunk> {
        let refuse = |why: String| Err(InvalidChunk::Block(why));
        if self.block.header != *header {
            return refuse(format!("hash is {}, expected {}", self.block.hash(), header.hash_slow()));
        }
        if let Err(invalid) = check_body(&self.block) {
            return refuse(invalid.to_string());
        }
        let body = &self.block.body;
        let commitment = bttc_consensus::block_commitment(&body.last_commit, &body.evidence);
        if header.parent_beacon_block_root != Some(commitment) {
            return refuse("certificate of the parent and evidence are not those of the header".to_owned());
        }
        let root = receipts_root(&self.receipts);
        if root != header.receipts_root || self.receipts.len() != body.transactions.len() {
            return refuse(format!("receipts root is {root}, expected {}", header.receipts_root));
        }
        Ok(())
    }
}

fn receipt(envelope: ReceiptEnvelope) -> Receipt {
    let tx_type = envelope.tx_type();
    let with_bloom = match envelope {
        ReceiptEnvelope::Legacy(receipt)
        | ReceiptEnvelope::Eip2930(receipt)
        | ReceiptEnvelope::Eip1559(receipt)
        | ReceiptEnvelope::Eip4844(receipt)
        | ReceiptEnvelope::Eip7702(receipt) => receipt,
    };
    let alloy_consensus::Receipt { status, cumulative_gas_used, logs } = with_bloom.receipt;
    let outcome: Eip658Value = status;
    Receipt { tx_type, outcome, cumulative_gas_used, logs }
}
