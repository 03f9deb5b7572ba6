//! State: how it is read, and what a block changed in it.

use crate::Fatal;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use std::collections::BTreeMap;

/// An account without its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Number of transactions sent (or contracts created).
    pub nonce: u64,
    /// Unit: wei.
    pub balance: U256,
    /// Hash of the code; [`KECCAK256_EMPTY`] without code.
    pub code_hash: B256,
}

impl Default for Account {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK256_EMPTY }
    }
}

impl Account {
    /// Whether the account holds nothing at all (EIP-161).
    pub fn is_empty(&self) -> bool {
        self.nonce == 0 && self.balance.is_zero() && !self.has_code()
    }

    /// Whether the account has code.
    pub fn has_code(&self) -> bool {
        self.code_hash != KECCAK256_EMPTY
    }
}

/// Read access to the state after one block.
///
/// Two kinds of views stand behind it: the stored state (newest or at a height) and in-memory doubles in tests.
pub trait StateReader: Send {
    /// The account, or none where the address holds nothing.
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal>;
    /// Value of a storage slot; zero where nothing is stored.
    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fatal>;
    /// Code behind a code hash that an account of this state names.
    fn code(&self, code_hash: B256) -> Result<Bytes, Fatal>;
    /// Hash of the block at `height`, if the chain has it.
    fn block_hash(&self, height: u64) -> Result<Option<B256>, Fatal>;
}

impl<T: StateReader + ?Sized> StateReader for Box<T> {
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal> {
        (**self).account(address)
    }
    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fatal> {
        (**self).storage(address, slot)
    }
    fn code(&self, code_hash: B256) -> Result<Bytes, Fatal> {
        (**self).code(code_hash)
    }
    fn block_hash(&self, height: u64) -> Result<Option<B256>, Fatal> {
        (**self).block_hash(height)
    }
}

/// What became of one account in a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// The account before; none if it did not exist.
    pub before: Option<Account>,
    /// The account after; none if it is gone.
    pub after: Option<Account>,
    /// Whether all storage it had before was deleted first. `storage` then holds what was written afterwards.
    pub storage_wiped: bool,
    /// Changed slots: value before and after.
    pub storage: BTreeMap<U256, (U256, U256)>,
}

/// What one block changed in the state. Only real changes stand here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateChanges {
    /// Changed accounts.
    pub accounts: BTreeMap<Address, AccountChange>,
    /// Code that was deployed, by its hash.
    pub code: BTreeMap<B256, Bytes>,
}
