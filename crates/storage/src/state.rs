//! A state as the executor reads it.

use crate::{ReadTx, tables::Bytecodes};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use bttc_primitives::{Account, Fatal, Height, StateReader};

/// The newest state of a snapshot, or an older one.
#[derive(Clone, Debug)]
pub struct StateView {
    store: ReadTx,
    /// Height of an older state.
    after: Option<Height>,
}

impl StateView {
    pub(crate) const fn newest(store: ReadTx) -> Self {
        Self { store, after: None }
    }

    pub(crate) const fn after(store: ReadTx, height: Height) -> Self {
        Self { store, after: Some(height) }
    }

    /// The snapshot it reads.
    pub const fn store(&self) -> &ReadTx {
        &self.store
    }
}

impl StateReader for StateView {
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal> {
        let (rows, key) = (self.store.rows(), keccak256(address));
        match self.after {
            None => rows.account(key),
            Some(height) => rows.account_after(key, height),
        }
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fatal> {
        let (rows, key, slot) = (self.store.rows(), keccak256(address), keccak256(slot.to_be_bytes::<32>()));
        match self.after {
            None => rows.slot(key, slot),
            Some(height) => rows.slot_after(key, slot, height),
        }
    }

    fn code(&self, code_hash: B256) -> Result<Bytes, Fatal> {
        if code_hash == KECCAK256_EMPTY {
            return Ok(Bytes::new());
        }
        let code = self.store.rows().get::<Bytecodes>(&code_hash)?;
        code.ok_or_else(|| Fatal::new(format!("code {code_hash} is not in the database")))
    }

    fn block_hash(&self, height: Height) -> Result<Option<B256>, Fatal> {
        if self.after.is_some_and(|after| height > after) {
            return Ok(None);
        }
        self.store.block_hash(height)
    }
}
