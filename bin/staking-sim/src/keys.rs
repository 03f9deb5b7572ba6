//! Consensus keys of a history.

use alloy_consensus::crypto::secp256k1;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use bttc_consensus::{recover_signer, vote_signature};
use eyre::OptionExt;
use std::collections::BTreeMap;

/// Keys by address, and their order.
#[derive(Debug)]
pub struct Keys {
    chain_id: u64,
    /// In the order in which a history takes them.
    pub addresses: Vec<Address>,
    secrets: BTreeMap<Address, B256>,
}

impl Keys {
    /// So many keys, the same ones every time.
    pub fn new(chain_id: u64, count: u64) -> eyre::Result<Self> {
        let mut keys = Self { chain_id, addresses: Vec::new(), secrets: BTreeMap::new() };
        for number in 0..count {
            let secret = keccak256(("staking-sim key", U256::from(number)).abi_encode());
            let signature = secp256k1::sign_message(secret, B256::ZERO)?;
            let address = recover_signer(B256::ZERO, &vote_signature(&signature))?;
            keys.addresses.push(address);
            keys.secrets.insert(address, secret);
        }
        Ok(keys)
    }

    /// Proof that the key of `signer` is `operator`'s (docs/staking.md, section 5). A false one is for somebody else.
    pub fn proof(&self, signer: Address, operator: Address, proven: bool) -> eyre::Result<Bytes> {
        let Some(secret) = self.secrets.get(&signer) else {
            // Nobody has the key of the zero address.
            return Ok(Bytes::from(vec![0; 65]));
        };
        let operator = if proven { operator } else { Address::repeat_byte(0xee) };
        let kind = keccak256("bttc.key.v1");
        let hash = keccak256((kind, U256::from(self.chain_id), operator).abi_encode());
        let signature = secp256k1::sign_message(*secret, hash).ok().ok_or_eyre("a key that cannot sign")?;
        Ok(Bytes::copy_from_slice(vote_signature(&signature).as_slice()))
    }
}
