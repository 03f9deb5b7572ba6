//! Proofs of accounts and storage slots, as `eth_getProof` answers them.

use crate::{
    HashedAccountChange, HashedChanges, Nibbles, TrieAccount, TrieCursor, TrieSource,
    leaves::AccountLeaves,
    state_root::{storage_tries, storage_walk},
    walk::Walk,
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use bttc_primitives::Fatal;
use std::collections::BTreeMap;

/// Proof that an account is, or is not, part of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// Root the proof leads to.
    pub state_root: B256,
    /// The account's address.
    pub address: Address,
    /// The account, if it exists.
    pub account: Option<TrieAccount>,
    /// RLP of the nodes from the root towards the account.
    pub account_proof: Vec<Bytes>,
    /// Proofs of the slots asked for, in the order asked for; they lead to the account's storage root.
    pub storage: Vec<SlotProof>,
}

/// Proof of one storage slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotProof {
    /// The slot's number.
    pub slot: U256,
    /// Its value; zero where nothing is stored.
    pub value: U256,
    /// RLP of the nodes from the storage root towards the slot; none if the account has no storage.
    pub proof: Vec<Bytes>,
}

/// Proves an account and slots of it in the state of `source` with `overlay` on top.
///
/// The overlay is empty for the newest state, and holds what leads back to an older one otherwise; it costs as much as the root of
/// a block with those changes.
/// Errors: what the source reports, or a stored trie that contradicts itself.
/// Source: EIP-1186.
pub fn account_proof<S: TrieSource>(
    source: &S,
    overlay: &HashedChanges,
    address: Address,
    slots: &[U256],
) -> Result<AccountProof, Fatal> {
    let key = keccak256(address);
    let storage_roots: BTreeMap<_, _> =
        storage_tries(source, overlay)?.into_iter().map(|(key, walked)| (key, walked.root)).collect();
    let storage_root = storage_roots.get(&key).copied();

    let targets = [Nibbles::unpack_array(&key.0)];
    let [target] = &targets;
    let (state_root, proofs) =
        Walk::new("account", Some(source.account_cursor()?), AccountLeaves::new(&storage_roots), &overlay.accounts)
            .prove(&targets)?;

    let change = overlay.accounts.get(&key);
    let account = match change {
        None => source.account(key)?,
        Some(change) => match (change.surviving(), storage_root) {
            (None, _) => None,
            (Some(after), Some(root)) => Some(TrieAccount::new(after.nonce, after.balance, root, after.code_hash)),
            (Some(after), None) => {
                let root = source.account(key)?.unwrap_or_default().storage_root;
                Some(TrieAccount::new(after.nonce, after.balance, root, after.code_hash))
            }
        },
    };
    let storage = if account.is_some() {
        slot_proofs(source, key, change, slots)?
    } else {
        slots.iter().map(|slot| SlotProof { slot: *slot, value: U256::ZERO, proof: Vec::new() }).collect()
    };
    Ok(AccountProof { state_root, address, account, account_proof: proofs.of(target), storage })
}

fn slot_proofs<S: TrieSource>(
    source: &S,
    account: B256,
    change: Option<&HashedAccountChange>,
    slots: &[U256],
) -> Result<Vec<SlotProof>, Fatal> {
    if slots.is_empty() {
        return Ok(Vec::new());
    }
    let unchanged = HashedAccountChange::default();
    let change = change.unwrap_or(&unchanged);
    let keys: Vec<B256> = slots.iter().map(|slot| keccak256(slot.to_be_bytes::<32>())).collect();
    let mut targets: Vec<Nibbles> = keys.iter().map(|key| Nibbles::unpack_array(&key.0)).collect();
    targets.sort_unstable();
    targets.dedup();
    let (_, proofs) = storage_walk(source, account, change)?.prove(&targets)?;

    let mut cursor = source.storage_cursor(account)?;
    let mut answers = Vec::with_capacity(slots.len());
    for (slot, key) in slots.iter().zip(keys) {
        let value = match change.storage.get(&key) {
            Some(changed) => changed.after,
            None if change.storage_wiped => U256::ZERO,
            None => match cursor.seek_leaf(key)? {
                Some((found, value)) if found == key => value,
                _ => U256::ZERO,
            },
        };
        answers.push(SlotProof { slot: *slot, value, proof: proofs.of(&Nibbles::unpack_array(&key.0)) });
    }
    Ok(answers)
}
