//! A state in memory with its tries and its root.

use crate::{json::Accounts, memory_trie::MemoryTrie};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use bttc_execution::MemoryState;
use bttc_primitives::{Account, AccountChange, Fatal, StateChanges, StateReader};
use bttc_trie::{EMPTY_ROOT_HASH, HashedChanges, TrieUpdate, state_root};

/// Where BLOCKHASH gets its answers from.
#[derive(Clone, Debug, Default)]
pub(crate) enum BlockHashes {
    /// State tests: the hash of block 7 is that of the text "7".
    OfNumbers,
    /// The chain's own.
    #[default]
    Known,
}

/// A state.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) state: MemoryState,
    trie: MemoryTrie,
    root: B256,
    pub(crate) hashes: BlockHashes,
}

/// Changes as the tries take them.
#[derive(Debug)]
pub(crate) struct Hashed {
    changes: HashedChanges,
    update: TrieUpdate,
}

impl World {
    /// The state that a test begins with.
    pub(crate) fn new(accounts: &Accounts) -> Result<Self, Fatal> {
        let mut changes = StateChanges::default();
        for (address, json) in accounts {
            let code_hash = if json.code.is_empty() { KECCAK256_EMPTY } else { keccak256(&json.code) };
            let after = Account { nonce: json.nonce, balance: json.balance, code_hash };
            let slots = json.storage.iter().filter(|(_, value)| !value.is_zero());
            let storage = slots.map(|(slot, value)| (*slot, (U256::ZERO, *value))).collect();
            changes.accounts.insert(*address, AccountChange { after: Some(after), storage, ..Default::default() });
            if after.has_code() {
                changes.code.insert(code_hash, json.code.clone());
            }
        }
        let mut world = Self {
            state: MemoryState::default(),
            trie: MemoryTrie::default(),
            root: EMPTY_ROOT_HASH,
            hashes: BlockHashes::default(),
        };
        let (_, hashed) = world.after(&changes)?;
        world.apply(&changes, hashed)?;
        Ok(world)
    }

    /// Root of the state.
    pub(crate) const fn root(&self) -> B256 {
        self.root
    }

    /// Root that the state would have after `changes`, and what [`Self::apply`] wants to know of them.
    pub(crate) fn after(&self, changes: &StateChanges) -> Result<(B256, Hashed), Fatal> {
        let changes = HashedChanges::new(changes);
        let update = state_root(&self.trie, &changes)?;
        Ok((update.root, Hashed { changes, update }))
    }

    /// Makes `changes`; `hashed` must be of them and of this state.
    pub(crate) fn apply(&mut self, changes: &StateChanges, hashed: Hashed) -> Result<(), Fatal> {
        self.trie.apply(&hashed.changes, &hashed.update);
        self.root = hashed.update.root;
        self.state.apply(changes)
    }
}

impl StateReader for &World {
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal> {
        self.state.account(address)
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fatal> {
        self.state.storage(address, slot)
    }

    fn code(&self, code_hash: B256) -> Result<Bytes, Fatal> {
        self.state.code(code_hash)
    }

    fn block_hash(&self, height: u64) -> Result<Option<B256>, Fatal> {
        match self.hashes {
            BlockHashes::OfNumbers => Ok(Some(keccak256(height.to_string()))),
            BlockHashes::Known => self.state.block_hash(height),
        }
    }
}
