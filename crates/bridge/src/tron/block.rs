//! Blocks of TRON: their ids, and the reference to one that every transaction holds.

use super::{
    address::{from_wire, to_wire},
    messages::Header,
};
use alloy_primitives::{Address, B256, FixedBytes};
use prost::Message;
use sha2::{Digest, Sha256};

/// Id of a block: its number in eight bytes, then 24 bytes of the hash of its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub B256);

impl BlockId {
    /// That of the block with this encoded header (`BlockHeader.raw`) and number.
    pub fn of(number: u64, header: &[u8]) -> Self {
        let mut id: [u8; 32] = Sha256::digest(header).into();
        id.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        Self(id.into())
    }

    /// Height of the block.
    pub fn number(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// The reference to the block that a transaction holds.
    pub const fn reference(&self) -> BlockRef {
        let [_, _, _, _, _, _, n1, n0, a, b, c, d, e, f, g, h, ..] = self.0.0;
        BlockRef { bytes: FixedBytes([n1, n0]), hash: FixedBytes([a, b, c, d, e, f, g, h]) }
    }
}

/// The block that a transaction refers to (TAPOS): it is worth nothing on a chain without that block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockRef {
    /// Low two bytes of the number.
    pub bytes: FixedBytes<2>,
    /// Bytes 8 to 16 of the id.
    pub hash: FixedBytes<8>,
}

/// Bytes that are no header of TRON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no header of a TRON block: {0}")]
pub struct InvalidHeader(String);

/// What a block's header says (`BlockHeader.raw`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderRaw {
    /// Unit: milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// Root over its transactions.
    pub tx_trie_root: B256,
    /// Id of the block before.
    pub parent: BlockId,
    /// Height.
    pub number: u64,
    /// Who made it.
    pub witness: Address,
    /// Version of its rules.
    pub version: i32,
}

impl HeaderRaw {
    /// As it is hashed and signed.
    pub fn encode(&self) -> Vec<u8> {
        let message = Header {
            timestamp: i64::try_from(self.timestamp).unwrap_or(i64::MAX),
            tx_trie_root: self.tx_trie_root.to_vec(),
            parent_hash: self.parent.0.to_vec(),
            number: i64::try_from(self.number).unwrap_or(i64::MAX),
            witness_address: to_wire(self.witness),
            version: self.version,
        };
        message.encode_to_vec()
    }

    /// Reads an encoded header.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidHeader> {
        let header = Header::decode(bytes).map_err(|error| InvalidHeader(error.to_string()))?;
        let word = |bytes: &[u8], what: &str| {
            B256::try_from(bytes).map_err(|_| InvalidHeader(format!("its {what} has {} bytes, not 32", bytes.len())))
        };
        let count = |number: i64, what: &str| {
            u64::try_from(number).map_err(|_| InvalidHeader(format!("its {what} is {number}")))
        };
        Ok(Self {
            timestamp: count(header.timestamp, "time")?,
            tx_trie_root: word(&header.tx_trie_root, "root of transactions")?,
            parent: BlockId(word(&header.parent_hash, "parent")?),
            number: count(header.number, "number")?,
            witness: from_wire(&header.witness_address).map_err(|error| InvalidHeader(error.to_string()))?,
            version: header.version,
        })
    }

    /// Its id.
    pub fn id(&self) -> BlockId {
        BlockId::of(self.number, &self.encode())
    }
}
