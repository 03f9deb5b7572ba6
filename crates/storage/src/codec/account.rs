//! Accounts: flag byte, nonce, hashes that are not empty, and the balance without leading zeros at the end.

use super::{
    Corrupt, Input, Value, put_varint,
    value::{put_trimmed, trimmed},
};
use alloy_primitives::{B256, KECCAK256_EMPTY};
use bttc_primitives::Account;
use bttc_trie::{EMPTY_ROOT_HASH, TrieAccount};

const HAS_CODE: u8 = 1;
const HAS_STORAGE: u8 = 2;

impl Value for TrieAccount {
    fn encode(&self, out: &mut Vec<u8>) {
        let code = (self.code_hash != KECCAK256_EMPTY).then_some(self.code_hash);
        let storage = (self.storage_root != EMPTY_ROOT_HASH).then_some(self.storage_root);
        out.push(if code.is_some() { HAS_CODE } else { 0 } | if storage.is_some() { HAS_STORAGE } else { 0 });
        put_varint(self.nonce, out);
        for hash in [code, storage].into_iter().flatten() {
            out.extend_from_slice(hash.as_slice());
        }
        put_trimmed(self.balance, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let flags = input.byte()?;
        if flags & !(HAS_CODE | HAS_STORAGE) != 0 {
            return Err(Corrupt("an account has unknown flags"));
        }
        let nonce = input.varint()?;
        let mut hash_or = |flag, empty| match flags & flag {
            0 => Ok(empty),
            _ => match input.array().map(B256::from)? {
                hash if hash == empty => Err(Corrupt("the hash of nothing is spelled out")),
                hash => Ok(hash),
            },
        };
        let code_hash = hash_or(HAS_CODE, KECCAK256_EMPTY)?;
        let storage_root = hash_or(HAS_STORAGE, EMPTY_ROOT_HASH)?;
        Ok(Self { nonce, balance: trimmed(input.rest())?, storage_root, code_hash })
    }
}

/// An account as it was before a block; nothing if it did not exist.
impl Value for Option<Account> {
    fn encode(&self, out: &mut Vec<u8>) {
        if let Some(Account { nonce, balance, code_hash }) = *self {
            TrieAccount { nonce, balance, code_hash, storage_root: EMPTY_ROOT_HASH }.encode(out);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let account = TrieAccount::decode(bytes)?;
        if account.storage_root != EMPTY_ROOT_HASH {
            return Err(Corrupt("an account of the past names a storage root"));
        }
        Ok(Some(without_storage(&account)))
    }
}

/// The account without what is known of its storage.
pub(crate) const fn without_storage(account: &TrieAccount) -> Account {
    Account { nonce: account.nonce, balance: account.balance, code_hash: account.code_hash }
}
