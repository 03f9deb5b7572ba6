//! A state in hash maps, shared by the runs of a benchmark: what the machine costs without a store.

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use bttc_primitives::{Account, Fatal, StateReader};
use std::{collections::HashMap, sync::Arc};

/// A state in memory.
#[derive(Clone, Debug, Default)]
pub struct InMemory(Arc<Maps>);

#[derive(Clone, Debug, Default)]
struct Maps {
    accounts: HashMap<Address, Account>,
    slots: HashMap<(Address, U256), U256>,
    code: HashMap<B256, Bytes>,
}

impl InMemory {
    /// Adds an account. Unit: wei.
    pub fn put_account(&mut self, address: Address, balance: U256, code: impl Into<Bytes>) {
        let code = code.into();
        let maps = Arc::make_mut(&mut self.0);
        let code_hash = if code.is_empty() { KECCAK256_EMPTY } else { keccak256(&code) };
        maps.accounts.insert(address, Account { nonce: 0, balance, code_hash });
        maps.code.insert(code_hash, code);
    }

    /// Sets a slot.
    pub fn put_slot(&mut self, address: Address, slot: U256, value: U256) {
        Arc::make_mut(&mut self.0).slots.insert((address, slot), value);
    }
}

impl StateReader for InMemory {
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal> {
        Ok(self.0.accounts.get(&address).copied())
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fatal> {
        Ok(self.0.slots.get(&(address, slot)).copied().unwrap_or_default())
    }

    fn code(&self, code_hash: B256) -> Result<Bytes, Fatal> {
        self.0
            .code
            .get(&code_hash)
            .cloned()
            .ok_or_else(|| Fatal::new(format!("there is no code with hash {code_hash}")))
    }

    fn block_hash(&self, _: u64) -> Result<Option<B256>, Fatal> {
        Ok(None)
    }
}
