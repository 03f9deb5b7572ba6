//! What is done to a development chain by hand: changed accounts, snapshots, and going back.
//!
//! A change is made in the newest state in place, as Hardhat and anvil do: until the next block the head's state root does not cover it
//! (docs/adr/0003-development-chains.md). Only the driver calls this, between two blocks.

use crate::{Chain, events::ChainEvent};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use bttc_primitives::{Account, AccountChange, Fatal, Height, StateChanges, StateReader};
use bttc_storage::{HistoryError, Pruned};
use bttc_trie::{HashedChanges, state_root};
use std::{collections::BTreeMap, sync::Arc};

/// One change by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Patch {
    Balance(Address, U256),
    Nonce(Address, u64),
    Code(Address, Bytes),
    Storage(Address, U256, U256),
}

#[derive(Clone)]
struct Snapshot {
    id: u64,
    height: Height,
    patches: usize,
    clock_offset: i64,
}

/// Snapshots, and how to take patches back.
pub(crate) struct DevLedger {
    chain: Chain,
    next_id: u64,
    snapshots: Vec<Snapshot>,
    /// Heights of the patches made, with what undoes each.
    undo: Vec<(Height, Patch)>,
}

impl DevLedger {
    pub(crate) const fn new(chain: Chain) -> Self {
        Self { chain, next_id: 1, snapshots: Vec::new(), undo: Vec::new() }
    }

    fn require_dev(&self) -> Result<(), Fatal> {
        if self.chain.spec().is_dev() {
            return Ok(());
        }
        Err(Fatal::new("only a development chain can be changed by hand"))
    }

    /// Applies a change to the newest state.
    pub(crate) async fn patch(&mut self, patch: Patch) -> Result<(), Fatal> {
        self.require_dev()?;
        let undo = self.chain.blocking(move |chain| chain.apply_patch(&patch)).await?;
        self.undo.push((self.chain.head().height(), undo));
        Ok(())
    }

    /// Remembers the present state.
    pub(crate) fn snapshot(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        self.snapshots.push(Snapshot {
            id,
            height: self.chain.head().height(),
            patches: self.undo.len(),
            clock_offset: self.chain.clock().offset(),
        });
        id
    }

    /// Goes back to a snapshot; false if there is none of that number, a refusal if its height is pruned.
    pub(crate) async fn revert(&mut self, id: u64) -> Result<Result<bool, Pruned>, Fatal> {
        self.require_dev()?;
        let Some(at) = self.snapshots.iter().position(|snapshot| snapshot.id == id) else {
            return Ok(Ok(false));
        };
        let Some(snapshot) = self.snapshots.get(at).cloned() else { return Ok(Ok(false)) };
        // Patches above the height go with their blocks; those at the height itself are taken back one by one, the newest first.
        let height = snapshot.height;
        let undone = self.undo.iter().skip(snapshot.patches).filter(|(at, _)| *at == height);
        let mut back: Vec<_> = undone.map(|(_, undo)| undo.clone()).collect();
        back.reverse();
        let gone = self.chain.blocking(move |chain| chain.go_back(height, &back)).await?;
        if let Err(pruned) = gone {
            return Ok(Err(pruned));
        }
        self.snapshots.truncate(at);
        self.undo.truncate(snapshot.patches);
        self.chain.clock().restore(snapshot.clock_offset);
        Ok(Ok(true))
    }
}

impl Chain {
    /// Applies a patch and answers with the one that undoes it.
    fn apply_patch(&self, patch: &Patch) -> Result<Patch, Fatal> {
        let store = self.read()?;
        let state = store.state()?;
        let (changes, undo) = changes_of(&state, patch)?;
        let hashed = HashedChanges::new(&changes);
        let trie = state_root(&store, &hashed)?;
        drop((state, store));
        let writing = self.inner.writer.lock();
        let mut write = self.inner.storage.write()?;
        write.patch_state(&hashed, &changes.code, &trie)?;
        write.commit()?;
        drop(writing);
        self.inner.outcomes.clear();
        self.reset_pool();
        Ok(undo)
    }

    fn go_back(&self, height: Height, patches: &[Patch]) -> Result<Result<(), Pruned>, Fatal> {
        if self.head().height() > height {
            let writing = self.inner.writer.lock();
            let mut write = self.inner.storage.write()?;
            match write.unwind(height) {
                Ok(()) => write.commit()?,
                Err(HistoryError::Pruned(pruned)) => return Ok(Err(pruned)),
                Err(HistoryError::Fatal(fatal)) => return Err(fatal),
            }
            drop(writing);
            let head = self.read()?.head()?.ok_or_else(|| Fatal::new("no head after going back"))?;
            *self.inner.head.write() = Arc::new(head);
            self.inner.outcomes.clear();
        }
        for patch in patches {
            self.apply_patch(patch)?;
        }
        self.inner.pool.drop_all();
        self.reset_pool();
        // Nobody may be listening.
        let _ = self.inner.events.send(ChainEvent::Reset(self.head()));
        Ok(Ok(()))
    }

    fn reset_pool(&self) {
        let head = self.head();
        let base_fee = self.next_base_fee().unwrap_or_default();
        self.inner.pool.reset(&head.header, base_fee);
    }
}

/// The change that a patch makes to `state`, and the patch that undoes it.
fn changes_of(state: &impl StateReader, patch: &Patch) -> Result<(StateChanges, Patch), Fatal> {
    let address = match patch {
        Patch::Balance(address, _)
        | Patch::Nonce(address, _)
        | Patch::Code(address, _)
        | Patch::Storage(address, ..) => *address,
    };
    let before = state.account(address)?;
    let mut after = before.unwrap_or_default();
    let mut storage = BTreeMap::new();
    let mut code = BTreeMap::<B256, Bytes>::new();
    let undo = match patch {
        Patch::Balance(_, balance) => Patch::Balance(address, std::mem::replace(&mut after.balance, *balance)),
        Patch::Nonce(_, nonce) => Patch::Nonce(address, std::mem::replace(&mut after.nonce, *nonce)),
        Patch::Code(_, new) => {
            let hash = if new.is_empty() { KECCAK256_EMPTY } else { keccak256(new) };
            let old = std::mem::replace(&mut after.code_hash, hash);
            if !new.is_empty() {
                code.insert(hash, new.clone());
            }
            let old = if old == KECCAK256_EMPTY { Bytes::new() } else { state.code(old)? };
            Patch::Code(address, old)
        }
        Patch::Storage(_, slot, value) => {
            let old = state.storage(address, *slot)?;
            storage.insert(*slot, (old, *value));
            Patch::Storage(address, *slot, old)
        }
    };
    storage.retain(|_, (old, new)| old != new);
    let change = AccountChange { before, after: present(after, &storage), storage_wiped: false, storage };
    Ok((StateChanges { accounts: BTreeMap::from([(address, change)]), code }, undo))
}

/// An account that holds nothing is absent, but for one whose storage is written by hand.
fn present(account: Account, storage: &BTreeMap<U256, (U256, U256)>) -> Option<Account> {
    (!account.is_empty() || !storage.is_empty()).then_some(account)
}
