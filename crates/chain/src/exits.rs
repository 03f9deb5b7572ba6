//! The root of the exit tree, as the state says it: what a header commits to is that after all transactions of its block.
//!
//! It is read from its slot, without a call: a block that has no exits costs one look into the state.
//!
//! Source: docs/bridge.md, "Exits".

use alloy_primitives::{B256, U256};
use bttc_contracts::{
    addresses::BRIDGE_OUTBOX,
    bridge_slots::{EXIT_COUNT, EXIT_ROOT},
};
use bttc_primitives::{ChainSpec, Fatal, Height, StateChanges, StateReader};
use bttc_storage::{HistoryError, ReadTx};
use bttc_trie::empty_exit_root;

/// The exit tree at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitState {
    /// Its root.
    pub root: B256,
    /// How many exits there are.
    pub count: u64,
}

/// The exit tree in a state; the empty one where the bridge's contracts are not.
pub fn exit_state<S: StateReader>(state: &S) -> Result<ExitState, Fatal> {
    let count = state.storage(BRIDGE_OUTBOX, EXIT_COUNT)?;
    let count = u64::try_from(count).map_err(|_| {
        Fatal::new(format!("the contract BridgeOutbox counts {count} exits, which is out of all bounds"))
    })?;
    Ok(ExitState { root: root_of(state.storage(BRIDGE_OUTBOX, EXIT_ROOT)?), count })
}

/// Root of the exit tree after a block that made `changes` on `parent`. Chains without the system contracts have no exits.
pub(crate) fn exit_root_after<S: StateReader>(
    spec: &ChainSpec,
    parent: &S,
    changes: &StateChanges,
) -> Result<B256, Fatal> {
    if !spec.has_staking() {
        return Ok(empty_exit_root());
    }
    let change = changes.accounts.get(&BRIDGE_OUTBOX);
    let word = match change.and_then(|change| change.storage.get(&EXIT_ROOT)) {
        Some((_, after)) => *after,
        None if change.is_some_and(|change| change.storage_wiped) => U256::ZERO,
        None => parent.storage(BRIDGE_OUTBOX, EXIT_ROOT)?,
    };
    Ok(root_of(word))
}

/// The root that a word of the slot stands for.
fn root_of(word: U256) -> B256 {
    if word.is_zero() { empty_exit_root() } else { word.into() }
}

/// Root of the exit tree after the block at `height`; none if the state is pruned and there have been exits since.
///
/// Once there is an exit the root never is the empty one again: so of a time without exits no state is needed.
pub(crate) fn exit_root_at(read: &ReadTx, height: Height) -> Result<Option<B256>, Fatal> {
    let kept = read.kept()?.state;
    let state = match read.state_at(height.max(kept)) {
        Ok(Some(state)) => state,
        Ok(None) | Err(HistoryError::Pruned(_)) => return Ok(None),
        Err(HistoryError::Fatal(fatal)) => return Err(fatal),
    };
    let root = exit_state(&state)?.root;
    Ok((height >= kept || root == empty_exit_root()).then_some(root))
}
