//! A state in memory, as tests want it.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use bttc_primitives::{Account, Fatal, StateChanges, StateReader};
use std::collections::BTreeMap;

/// A state held in maps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryState {
    /// Accounts.
    pub accounts: BTreeMap<Address, Account>,
    /// Slots that are not zero.
    pub storage: BTreeMap<(Address, U256), U256>,
    /// Code by its hash.
    pub code: BTreeMap<B256, Bytes>,
    /// Hashes of blocks.
    pub hashes: BTreeMap<u64, B256>,
}

impl MemoryState {
    /// Sets a balance. Unit: wei.
    pub fn set_balance(&mut self, address: Address, balance: U256) {
        self.accounts.entry(address).or_default().balance = balance;
    }

    /// Puts code at an address.
    pub fn set_code(&mut self, address: Address, code: impl Into<Bytes>) {
        let code = code.into();
        let code_hash = keccak256(&code);
        let account = self.accounts.entry(address).or_default();
        account.code_hash = code_hash;
        account.nonce = account.nonce.max(1);
        self.code.insert(code_hash, code);
    }

    /// Sum of all balances. Unit: wei.
    pub fn total(&self) -> U256 {
        self.accounts.values().fold(U256::ZERO, |sum, account| sum.saturating_add(account.balance))
    }

    /// Takes the changes of a block.
    ///
    /// Errors: the values before are not those of this state.
    pub fn apply(&mut self, changes: &StateChanges) -> Result<(), Fatal> {
        for (address, change) in &changes.accounts {
            if self.accounts.get(address).copied() != change.before {
                return Err(Fatal::new(format!("{address} was not as the change says: {change:?}")));
            }
            for (slot, (before, _)) in &change.storage {
                if self.storage(*address, *slot)? != *before {
                    return Err(Fatal::new(format!("slot {slot} of {address} was not {before}")));
                }
            }
            if change.storage_wiped || change.after.is_none() {
                self.storage.retain(|(of, _), _| of != address);
            }
            for (slot, (_, after)) in &change.storage {
                if after.is_zero() {
                    self.storage.remove(&(*address, *slot));
                } else {
                    self.storage.insert((*address, *slot), *after);
                }
            }
            match change.after {
                Some(account) => self.accounts.insert(*address, account),
                None => self.accounts.remove(address),
            };
        }
        self.code.extend(changes.code.iter().map(|(hash, code)| (*hash, code.clone())));
        Ok(())
    }
}

impl StateReader for MemoryState {
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal> {
        Ok(self.accounts.get(&address).copied())
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fatal> {
        Ok(self.storage.get(&(address, slot)).copied().unwrap_or_default())
    }

    fn code(&self, code_hash: B256) -> Result<Bytes, Fatal> {
        self.code.get(&code_hash).cloned().ok_or_else(|| Fatal::new(format!("there is no code with hash {code_hash}")))
    }

    fn block_hash(&self, height: u64) -> Result<Option<B256>, Fatal> {
        Ok(self.hashes.get(&height).copied())
    }
}
