//! Messages of TRON's protocol, and the hashes over them.

use alloy_primitives::{Address, B256, hex, keccak256};
use prost::Message;
use sha2::{Digest, Sha256};

/// `protocol.Transaction`; `raw_data` stays as it came, since its hash is the id.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Transaction {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) raw_data: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub(crate) signature: Vec<Vec<u8>>,
    #[prost(message, repeated, tag = "5")]
    pub(crate) ret: Vec<Ret>,
}

/// `protocol.Transaction.Result`, of which blocks hold the ending alone.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Ret {
    #[prost(int32, tag = "3")]
    pub(crate) contract_ret: i32,
}

/// `protocol.Transaction.raw`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Raw {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) ref_block_bytes: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub(crate) ref_block_num: i64,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) ref_block_hash: Vec<u8>,
    #[prost(int64, tag = "8")]
    pub(crate) expiration: i64,
    #[prost(bytes = "vec", tag = "10")]
    pub(crate) data: Vec<u8>,
    #[prost(message, repeated, tag = "11")]
    pub(crate) contract: Vec<Contract>,
    #[prost(int64, tag = "14")]
    pub(crate) timestamp: i64,
    #[prost(int64, tag = "18")]
    pub(crate) fee_limit: i64,
}

/// `protocol.Transaction.Contract`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Contract {
    #[prost(int32, tag = "1")]
    pub(crate) kind: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) parameter: Option<Any>,
    #[prost(int32, tag = "5")]
    pub(crate) permission_id: i32,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

/// `protocol.TransferContract`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Transfer {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) owner_address: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) to_address: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub(crate) amount: i64,
}

/// `protocol.TriggerSmartContract`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Trigger {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) owner_address: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) contract_address: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub(crate) call_value: i64,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) data: Vec<u8>,
    #[prost(int64, tag = "5")]
    pub(crate) call_token_value: i64,
    #[prost(int64, tag = "6")]
    pub(crate) token_id: i64,
}

/// `protocol.CreateSmartContract`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Create {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) owner_address: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub(crate) new_contract: Option<NewContract>,
    #[prost(int64, tag = "3")]
    pub(crate) call_token_value: i64,
    #[prost(int64, tag = "4")]
    pub(crate) token_id: i64,
}

/// `protocol.SmartContract`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NewContract {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) origin_address: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) contract_address: Vec<u8>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(crate) abi: Option<Vec<u8>>,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) bytecode: Vec<u8>,
    #[prost(int64, tag = "5")]
    pub(crate) call_value: i64,
    #[prost(int64, tag = "6")]
    pub(crate) consume_user_resource_percent: i64,
    #[prost(string, tag = "7")]
    pub(crate) name: String,
    #[prost(int64, tag = "8")]
    pub(crate) origin_energy_limit: i64,
}

/// `protocol.BlockHeader.raw`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Header {
    #[prost(int64, tag = "1")]
    pub(crate) timestamp: i64,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) tx_trie_root: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) parent_hash: Vec<u8>,
    #[prost(int64, tag = "7")]
    pub(crate) number: i64,
    #[prost(bytes = "vec", tag = "9")]
    pub(crate) witness_address: Vec<u8>,
    #[prost(int32, tag = "10")]
    pub(crate) version: i32,
}

/// Kinds of contracts and the types of their messages.
pub(crate) const TRANSFER: (i32, &str) = (1, "type.googleapis.com/protocol.TransferContract");
pub(crate) const CREATE: (i32, &str) = (30, "type.googleapis.com/protocol.CreateSmartContract");
pub(crate) const TRIGGER: (i32, &str) = (31, "type.googleapis.com/protocol.TriggerSmartContract");

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> B256 {
    <[u8; 32]>::from(Sha256::digest(bytes)).into()
}

/// Id of a block: its number in eight bytes, then 24 bytes of the hash of its header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub B256);

impl BlockId {
    /// That of the block with this encoded header.
    pub fn of(number: u64, header: &[u8]) -> Self {
        let mut id = sha256(header);
        id.0[..8].copy_from_slice(&number.to_be_bytes());
        Self(id)
    }

    /// `ref_block_bytes` and `ref_block_hash` of a transaction that refers to it.
    pub fn reference(&self) -> ([u8; 2], [u8; 8]) {
        let [_, _, _, _, _, _, n1, n0, a, b, c, d, e, f, g, h, ..] = self.0.0;
        ([n1, n0], [a, b, c, d, e, f, g, h])
    }

    /// Its last four bytes; of the first block they are the chain id.
    pub(crate) fn tail(&self) -> u32 {
        let [.., a, b, c, d] = self.0.0;
        u32::from_be_bytes([a, b, c, d])
    }
}

impl std::fmt::Debug for BlockId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Address of a contract that a transaction deploys.
pub fn created_address(id: B256, owner: Address) -> Address {
    Address::from_word(keccak256([id.as_slice(), &crate::address::wire(owner)].concat()))
}

/// Address of a contract that CREATE2 makes: the prefix is `0x41`, where Ethereum has `0xff`.
pub fn create2_address(creator: Address, salt: B256, code: B256) -> Address {
    let preimage = [&[crate::address::PREFIX], creator.as_slice(), salt.as_slice(), code.as_slice()].concat();
    Address::from_word(keccak256(preimage))
}

/// Root over the hashes of a block's transactions: a lone one moves up as it is.
pub(crate) fn merkle_root(mut level: Vec<B256>) -> B256 {
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => sha256(&[left.as_slice(), right.as_slice()].concat()),
                rest => rest.first().copied().unwrap_or_default(),
            })
            .collect();
    }
    level.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{address, b256};

    #[test]
    fn a_header_has_the_id_that_tron_gives_it() {
        // docs/tron.md, V4.
        let header = Header {
            timestamp: 1_541_890_116_000,
            tx_trie_root: hex::decode("845ab51bf63c2c21ee71a4dc0ac3781619f07a7cd05e1e0bd8ba828979332ffa").unwrap(),
            parent_hash: hex::decode("00000000003cb800a7e69e9144e3d16f0cf33f33a95c7ce274097822c67243c1").unwrap(),
            number: 3_979_265,
            witness_address: hex::decode("41b487cdc02de90f15ac89a68c82f44cbfe3d915ea").unwrap(),
            version: 3,
        };
        let id = BlockId::of(3_979_265, &header.encode_to_vec());
        assert_eq!(id.0, b256!("00000000003cb8010e2bc08d550f5f5803767756352b71237f63a46fef3d66ef"));
        assert_eq!(id.reference(), ([0xb8, 0x01], 0x0e2b_c08d_550f_5f58_u64.to_be_bytes()));
        assert_eq!(id.tail(), 0xef3d_66ef);
    }

    #[test]
    fn contracts_get_the_addresses_that_tron_gives_them() {
        // docs/tron.md, V9 and V10.
        let id = b256!("7fe721c3f85b6c1c9491df43778c98903b565bc4210592f449f41342041729b3");
        let owner = address!("dd791d6b49e190062d650e6a23c575510d35f2f9");
        assert_eq!(created_address(id, owner), address!("584587b353166787b37d1b05a4a91e59c5370bcf"));
        let creator = address!("1f4428123047f51a0e76a4b3f2da904a7855208c");
        let salt = b256!("8b0e2c2f2d68d6511892c7881e5e21ac528b18be0f55cedce98321cd4a562be5");
        let code = b256!("87349194cae9decae62f99480120f8015304b923cf0673e13e6456ea606264f2");
        assert_eq!(create2_address(creator, salt, code), address!("f8b7990f8a19084c089a57926fbb98b5b9169121"));
    }

    #[test]
    fn a_lone_hash_moves_up() {
        let [a, b, c] = [1, 2, 3].map(B256::with_last_byte);
        let pair = |x: B256, y: B256| sha256(&[x.as_slice(), y.as_slice()].concat());
        assert_eq!(merkle_root(vec![]), B256::ZERO);
        assert_eq!(merkle_root(vec![a]), a);
        assert_eq!(merkle_root(vec![a, b, c]), pair(pair(a, b), c));
    }
}
