//! Records of a root bridge, and their running hash (docs/bridge.md, "Records").
//!
//! Names of tokens are bytes here, never text: whoever makes a token chooses them, and bytes that are no UTF-8 must hash to what they hash to on the
//! root chain, or the first such token would stop the bridge.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

/// Which records: every hash names this chain, the root chain and its bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsOf {
    /// EIP-155 id of this chain.
    pub side_chain_id: u64,
    /// 1 Ethereum, 2 TRON.
    pub root_id: u8,
    /// `RootBridge` there.
    pub bridge: Address,
}

/// What a root bridge told, under a nonce of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Record {
    /// Somebody sent value here.
    Deposit(Deposit),
    /// A token's names.
    Metadata(Metadata),
}

/// What somebody sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// The asset's address on the root chain; zero for its coin.
    pub token: Address,
    /// Who sent it there.
    pub from: Address,
    /// Who gets it here.
    pub to: Address,
    /// In the token's smallest unit.
    pub amount: U256,
}

/// What a token says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Its address on the root chain; zero for its coin.
    pub token: Address,
    /// Its name, as the root chain has it; any bytes.
    pub name: Bytes,
    /// Its symbol; any bytes.
    pub symbol: Bytes,
    /// Digits after the point.
    pub decimals: u8,
}

impl Record {
    /// Its hash as record number `nonce`.
    pub fn hash(&self, of: &RecordsOf, nonce: u64) -> B256 {
        let (chain, root, nonce) = (U256::from(of.side_chain_id), U256::from(of.root_id), U256::from(nonce));
        let encoded = match self {
            Self::Deposit(deposit) => {
                (U256::from(2), chain, root, of.bridge, nonce, deposit.token, deposit.from, deposit.to, deposit.amount)
                    .abi_encode()
            }
            Self::Metadata(metadata) => (
                U256::from(3),
                chain,
                root,
                of.bridge,
                nonce,
                metadata.token,
                keccak256(&metadata.name),
                keccak256(&metadata.symbol),
                U256::from(metadata.decimals),
            )
                .abi_encode(),
        };
        keccak256(encoded)
    }
}

/// The running hash after one more record.
pub fn link(chain: B256, record: B256) -> B256 {
    keccak256((chain, record).abi_encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: RecordsOf = RecordsOf { side_chain_id: 990_994, root_id: 2, bridge: Address::repeat_byte(0xb1) };

    /// Words one after the other, as the page says it.
    fn words(list: &[U256]) -> Vec<u8> {
        list.iter().flat_map(|word| word.to_be_bytes::<32>()).collect()
    }

    fn word(address: Address) -> U256 {
        U256::from_be_slice(address.as_slice())
    }

    #[test]
    fn hashes_are_those_of_the_page() {
        let [token, from, to] = [1u8, 2, 3].map(Address::repeat_byte);
        let deposit = Record::Deposit(Deposit { token, from, to, amount: U256::from(77) });
        let head = [2u64, 990_994, 2].map(U256::from);
        let mut list = head.to_vec();
        list.extend([word(OF.bridge), U256::from(5), word(token), word(from), word(to), U256::from(77)]);
        assert_eq!(deposit.hash(&OF, 5), keccak256(words(&list)));

        let name = Bytes::from_static(b"\xff\xfe");
        let metadata =
            Record::Metadata(Metadata { token, name: name.clone(), symbol: Bytes::from_static(b"X"), decimals: 6 });
        let mut list = [3u64, 990_994, 2].map(U256::from).to_vec();
        list.extend([word(OF.bridge), U256::from(6), word(token)]);
        list.extend([keccak256(&name).into(), keccak256(b"X").into(), U256::from(6)]);
        assert_eq!(metadata.hash(&OF, 6), keccak256(words(&list)));

        let hash = deposit.hash(&OF, 5);
        assert_eq!(link(B256::ZERO, hash), keccak256([[0; 32], hash.0].concat()));
    }
}
