//! State of a run: what was read from the parent's state and what changed since.
//!
//! Every account and slot is read once. The value that was read stays beside the newest one, so that at the end the changes of the block are
//! known with their values before it, and nothing that ended as it began counts as a change.

use alloy_evm::overrides::OverrideBlockHashes;
use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressMap, B256Map, U256Map},
};
use bttc_primitives::{Account, AccountChange, Fatal, StateChanges, StateReader};
use revm::{
    Database, DatabaseCommit, DatabaseRef,
    bytecode::Bytecode,
    database_interface::DBErrorMarker,
    state::{Account as EvmAccount, AccountInfo},
};
use std::{collections::BTreeMap, fmt};

/// Failure of the state below the EVM; ours, never the transaction's.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct StateError(pub(crate) Fatal);

impl DBErrorMarker for StateError {}

impl From<Fatal> for StateError {
    fn from(fatal: Fatal) -> Self {
        Self(fatal)
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    before: U256,
    now: U256,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    before: Option<Account>,
    now: Option<Account>,
    /// The storage of the parent's state is gone: slots that are not here are zero.
    fresh: bool,
    slots: U256Map<Slot>,
}

/// A cache over the state after the parent that takes the changes of each transaction.
pub(crate) struct StateCache<S> {
    reader: S,
    accounts: AddressMap<Entry>,
    code: B256Map<Bytecode>,
    block_hashes: BTreeMap<u64, B256>,
    /// Before EIP-161 an empty account that was touched stays.
    keep_empty: bool,
}

impl<S> fmt::Debug for StateCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateCache").field("accounts", &self.accounts.len()).finish_non_exhaustive()
    }
}

const fn account_of(info: &AccountInfo) -> Account {
    Account { nonce: info.nonce, balance: info.balance, code_hash: info.code_hash }
}

fn info_of(account: Account) -> AccountInfo {
    AccountInfo {
        balance: account.balance,
        nonce: account.nonce,
        code_hash: account.code_hash,
        code: if account.has_code() { None } else { Some(Bytecode::default()) },
        ..AccountInfo::default()
    }
}

/// Code as the EVM takes it. Old chains may hold code that only looks like a delegation.
fn bytecode_of(code: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code))
}

impl<S: StateReader> StateCache<S> {
    pub(crate) fn new(reader: S) -> Self {
        Self {
            reader,
            accounts: AddressMap::default(),
            code: B256Map::default(),
            block_hashes: BTreeMap::new(),
            keep_empty: false,
        }
    }

    fn entry(&mut self, address: Address) -> Result<&mut Entry, Fatal> {
        use alloy_primitives::map::Entry as MapEntry;
        match self.accounts.entry(address) {
            MapEntry::Occupied(entry) => Ok(entry.into_mut()),
            MapEntry::Vacant(vacant) => {
                let before = self.reader.account(address)?;
                Ok(vacant.insert(Entry { before, now: before, ..Entry::default() }))
            }
        }
    }

    /// The account as it is now.
    pub(crate) fn account(&mut self, address: Address) -> Result<Option<Account>, Fatal> {
        Ok(self.entry(address)?.now)
    }

    /// Adds to a balance outside of any transaction. Unit: wei. Nothing happens for zero.
    pub(crate) fn credit(&mut self, address: Address, amount: U256) -> Result<(), Fatal> {
        if amount.is_zero() {
            return Ok(());
        }
        let entry = self.entry(address)?;
        let mut account = entry.now.unwrap_or_default();
        account.balance = account
            .balance
            .checked_add(amount)
            .ok_or_else(|| Fatal::new(format!("crediting {amount} wei overflows the balance of {address}")))?;
        entry.now = Some(account);
        Ok(())
    }

    /// Takes the whole balance of an account outside of any transaction. Unit: wei.
    pub(crate) fn drain(&mut self, address: Address) -> Result<U256, Fatal> {
        let entry = self.entry(address)?;
        let Some(account) = &mut entry.now else { return Ok(U256::ZERO) };
        Ok(std::mem::take(&mut account.balance))
    }

    /// Whether empty accounts stay in the state when they are touched (before EIP-161).
    pub(crate) const fn keep_empty_accounts(&mut self, keep: bool) {
        self.keep_empty = keep;
    }

    /// What changed since the parent's state, so far.
    pub(crate) fn changes(&self) -> Result<StateChanges, Fatal> {
        let Self { reader, accounts, code, .. } = self;
        let mut changes = StateChanges::default();
        for (address, entry) in accounts {
            let Some(change) = change_of(reader, *address, entry)? else { continue };
            if let Some(after) = change.after
                && after.has_code()
                && change.before.is_none_or(|before| before.code_hash != after.code_hash)
                && let Some(bytecode) = code.get(&after.code_hash)
            {
                changes.code.insert(after.code_hash, bytecode.original_bytes());
            }
            changes.accounts.insert(*address, change);
        }
        Ok(changes)
    }

    fn apply(&mut self, address: Address, account: EvmAccount) {
        let created = account.is_created();
        let keep_empty = self.keep_empty;
        let entry = self.accounts.entry(address).or_insert_with(|| {
            // The EVM loads an account before it changes it, so this is only for callers that commit by hand.
            let before = (!account.is_loaded_as_not_existing()).then(|| account_of(&account.original_info()));
            Entry { before, now: before, ..Entry::default() }
        });
        if account.is_selfdestructed() || created {
            entry.fresh = true;
            entry.slots.clear();
        }
        if account.is_selfdestructed() {
            entry.now = None;
            return;
        }
        // EIP-161: an empty account that was touched is gone.
        entry.now = (keep_empty || created || !account.is_empty()).then(|| account_of(&account.info));
        if entry.now.is_none() {
            entry.fresh = entry.before.is_some();
            entry.slots.clear();
            return;
        }
        for (key, slot) in account.changed_storage_slots() {
            entry
                .slots
                .entry(*key)
                .and_modify(|cached| cached.now = slot.present_value)
                .or_insert(Slot { before: slot.original_value, now: slot.present_value });
        }
        if let Some(code) = account.info.code
            && !code.is_empty()
        {
            self.code.entry(account.info.code_hash).or_insert(code);
        }
    }
}

/// The change of one account, if it is one.
fn change_of<S: StateReader>(reader: &S, address: Address, entry: &Entry) -> Result<Option<AccountChange>, Fatal> {
    let Entry { before, now, fresh, ref slots } = *entry;
    let storage_wiped = fresh && before.is_some();
    let mut storage = BTreeMap::new();
    for (key, slot) in slots {
        let before = if storage_wiped { reader.storage(address, *key)? } else { slot.before };
        let before = if fresh && !storage_wiped { U256::ZERO } else { before };
        // After a wipe every slot that stands is written anew, also one with its old value.
        let stands = if storage_wiped { !slot.now.is_zero() } else { slot.now != before };
        if stands {
            storage.insert(*key, (before, slot.now));
        }
    }
    if before == now && storage.is_empty() && !storage_wiped {
        return Ok(None);
    }
    Ok(Some(AccountChange { before, after: now, storage_wiped, storage }))
}

impl<S: StateReader> Database for StateCache<S> {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        Ok(self.account(address)?.map(info_of))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, StateError> {
        if let Some(code) = self.code.get(&code_hash) {
            return Ok(code.clone());
        }
        let code = bytecode_of(self.reader.code(code_hash)?);
        self.code.insert(code_hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, key: U256) -> Result<U256, StateError> {
        let entry = self.entry(address)?;
        if let Some(slot) = entry.slots.get(&key) {
            return Ok(slot.now);
        }
        if entry.fresh || entry.before.is_none() {
            return Ok(U256::ZERO);
        }
        let value = self.reader.storage(address, key)?;
        self.entry(address)?.slots.insert(key, Slot { before: value, now: value });
        Ok(value)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StateError> {
        if let Some(hash) = self.block_hashes.get(&number) {
            return Ok(*hash);
        }
        let hash = self.reader.block_hash(number)?.unwrap_or_default();
        self.block_hashes.insert(number, hash);
        Ok(hash)
    }
}

/// The same without filling the cache, as the tracers read it.
impl<S: StateReader> DatabaseRef for StateCache<S> {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let account = match self.accounts.get(&address) {
            Some(entry) => entry.now,
            None => self.reader.account(address)?,
        };
        Ok(account.map(info_of))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        match self.code.get(&code_hash) {
            Some(code) => Ok(code.clone()),
            None => Ok(bytecode_of(self.reader.code(code_hash)?)),
        }
    }

    fn storage_ref(&self, address: Address, key: U256) -> Result<U256, StateError> {
        match self.accounts.get(&address) {
            Some(entry) => match entry.slots.get(&key) {
                Some(slot) => Ok(slot.now),
                None if entry.fresh || entry.before.is_none() => Ok(U256::ZERO),
                None => Ok(self.reader.storage(address, key)?),
            },
            None => Ok(self.reader.storage(address, key)?),
        }
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        match self.block_hashes.get(&number) {
            Some(hash) => Ok(*hash),
            None => Ok(self.reader.block_hash(number)?.unwrap_or_default()),
        }
    }
}

impl<S: StateReader> DatabaseCommit for StateCache<S> {
    fn commit(&mut self, changes: AddressMap<EvmAccount>) {
        for (address, account) in changes {
            if account.is_touched() {
                self.apply(address, account);
            }
        }
    }
}

impl<S> OverrideBlockHashes for StateCache<S> {
    fn override_block_hashes(&mut self, block_hashes: BTreeMap<u64, B256>) {
        self.block_hashes.extend(block_hashes);
    }
}
