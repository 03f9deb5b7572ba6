//! What a block changed, by name: how pruning and going back find the rows of the two history tables.

use super::{
    Corrupt, Input, Value, put_varint,
    value::{put_trimmed, trimmed},
};
use alloy_primitives::{Address, B256, U256, aliases::B128, keccak256};
use std::collections::BTreeMap;

/// What a height changed, behind a digest over it and the values before it (`history_digest.rs`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChangesRow {
    pub(crate) digest: B128,
    pub(crate) keys: ChangedKeys,
}

impl Value for ChangesRow {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.digest.as_slice());
        self.keys.encode(out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let digest = input.array()?.into();
        Ok(Self { digest, keys: ChangedKeys::decode(input.rest())? })
    }
}

/// Accounts whose history has a row of one height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChangedKeys {
    pub(crate) accounts: BTreeMap<Address, ChangedAccount>,
}

/// Rows of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChangedAccount {
    /// Whether the account itself has a row, not only its slots.
    pub(crate) fields: bool,
    /// Slots by `keccak256(slot)`, with their number unless it is unknown: of a wiped storage only the hashes are at hand.
    pub(crate) slots: BTreeMap<B256, Option<U256>>,
}

impl ChangedKeys {
    /// Adds what is in `other`.
    pub(crate) fn merge(&mut self, other: Self) {
        for (address, theirs) in other.accounts {
            let ours = self.accounts.entry(address).or_default();
            ours.fields |= theirs.fields;
            for (hash, slot) in theirs.slots {
                let known = ours.slots.entry(hash).or_default();
                *known = known.or(slot);
            }
        }
    }
}

impl Value for ChangedKeys {
    fn encode(&self, out: &mut Vec<u8>) {
        put_varint(self.accounts.len() as u64, out);
        for (address, account) in &self.accounts {
            out.extend_from_slice(address.as_slice());
            let named: Vec<U256> = account.slots.values().flatten().copied().collect();
            out.push(u8::from(account.fields));
            put_varint(named.len() as u64, out);
            for slot in &named {
                out.push((slot.bit_len().div_ceil(8)) as u8);
                put_trimmed(*slot, out);
            }
            put_varint(account.slots.len().saturating_sub(named.len()) as u64, out);
            for (hash, _) in account.slots.iter().filter(|(_, slot)| slot.is_none()) {
                out.extend_from_slice(hash.as_slice());
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let mut accounts = BTreeMap::new();
        for _ in 0..input.count(23)? {
            let address = Address::from(input.array()?);
            ascending(accounts.last_key_value().map(|(last, _)| last), &address)?;
            accounts.insert(address, read_account(&mut input)?);
        }
        input.finish()?;
        Ok(Self { accounts })
    }
}

fn read_account(input: &mut Input<'_>) -> Result<ChangedAccount, Corrupt> {
    let fields = match input.byte()? {
        0 => false,
        1 => true,
        _ => return Err(Corrupt("a flag is neither 0 nor 1")),
    };
    let mut slots = BTreeMap::new();
    for _ in 0..input.count(1)? {
        let len = usize::from(input.byte()?);
        let slot = trimmed(input.take(len)?)?;
        let hash = keccak256(slot.to_be_bytes::<32>());
        ascending(slots.last_key_value().map(|(last, _)| last), &hash)?;
        slots.insert(hash, Some(slot));
    }
    let mut last = None;
    for _ in 0..input.count(32)? {
        let hash = input.array()?.into();
        ascending(last.as_ref(), &hash)?;
        if slots.insert(hash, None).is_some() {
            return Err(Corrupt("a slot is named twice"));
        }
        last = Some(hash);
    }
    Ok(ChangedAccount { fields, slots })
}

fn ascending<T: Ord>(last: Option<&T>, next: &T) -> Result<(), Corrupt> {
    if last.is_some_and(|last| last >= next) {
        return Err(Corrupt("keys are not in ascending order"));
    }
    Ok(())
}
