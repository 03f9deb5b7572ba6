//! Where a state is cut into chunks. It depends on the state alone, so every node cuts in the same places.

use super::{CodeChunk, Position, StateChunk};
use alloy_primitives::{B256, Bytes};
use alloy_rlp::Encodable;
use bttc_primitives::Fatal;
use bttc_trie::{EMPTY_ROOT_HASH, RangeProof, StateRanges, TrieSource};

/// A chunk ends with the first leaf that makes its leaves as large as this. Unit: bytes of RLP.
const CHUNK_BYTES: usize = 512 << 10;
/// Bytes of a leaf beside its value: the key and the list around both.
const LEAF_BYTES: usize = 36;

/// The chunk of the state that begins at `start`.
pub(super) fn state_chunk<S: TrieSource>(ranges: &StateRanges<'_, S>, start: Position) -> Result<StateChunk, Fatal> {
    let (mut leaves, mut storages, mut bytes) = (Vec::new(), Vec::new(), 0usize);
    let mut accounts = ranges.accounts(start.account)?.peekable();
    let mut from = start.slot;
    while bytes < CHUNK_BYTES
        && let Some(leaf) = accounts.next()
    {
        let (key, account) = leaf?;
        leaves.push((key, account));
        bytes = bytes.saturating_add(LEAF_BYTES).saturating_add(account.length());
        if account.storage_root != EMPTY_ROOT_HASH {
            let slots = ranges.slot_range(key, from, CHUNK_BYTES.saturating_sub(bytes))?;
            let values = slots.leaves.iter().map(|(_, value)| LEAF_BYTES.saturating_add(value.length()));
            bytes = values.fold(bytes, usize::saturating_add);
            let complete = slots.complete;
            storages.push(slots);
            if !complete {
                break;
            }
        }
        from = B256::ZERO;
    }
    let complete = match accounts.next() {
        None => true,
        Some(Ok(_)) => false,
        Some(Err(error)) => return Err(error),
    };
    let last = if complete { None } else { leaves.last().map(|(key, _)| *key) };
    let nodes = ranges.account_boundary(start.account, last)?;
    Ok(StateChunk { start, accounts: RangeProof { leaves, complete, nodes }, storages })
}

/// Code on its way into chunks; it comes in the order of its hashes.
#[derive(Debug, Default)]
pub(super) struct CodePlan {
    codes: Vec<Bytes>,
    bytes: usize,
}

impl CodePlan {
    /// Takes in the next code; answers with the chunk before it, if that is full.
    pub(super) fn add(&mut self, code: Bytes) -> Option<CodeChunk> {
        let bytes = self.bytes.saturating_add(code.len());
        let full = if bytes > CHUNK_BYTES { self.rest() } else { None };
        self.bytes = self.bytes.saturating_add(code.len());
        self.codes.push(code);
        full
    }

    /// What is left at the end.
    pub(super) fn rest(&mut self) -> Option<CodeChunk> {
        self.bytes = 0;
        let codes = std::mem::take(&mut self.codes);
        (!codes.is_empty()).then_some(CodeChunk(codes))
    }
}
