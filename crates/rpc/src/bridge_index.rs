//! What the bridge's logs tell, kept in memory and read once: the exit tree's nodes, and what became of every deposit.
//!
//! The first question reads all logs of the bridge that the node has; later ones what has come since. A node that does not have the logs from the
//! first block on begins where it can, with the edge of the exit tree in the state there: it proves every exit after that block.

use crate::{
    context::Api,
    error::{Reply, RpcError},
    staking_contracts::Patience,
    staking_logs::event,
};
use alloy_primitives::{Address, B256, Bytes, Log, U256};
use alloy_sol_types::SolEvent;
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, BRIDGE_OUTBOX},
    bridge::{
        IBridgeInbox::{self, Deposit},
        IBridgeOutbox,
    },
    bridge_slots,
};
use bttc_primitives::{Fatal, Height, StateReader};
use bttc_storage::ReadTx;
use bttc_trie::{EXIT_TREE_DEPTH, ExitForest};
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use std::collections::BTreeMap;

/// Heights taken from the index of logs at a time.
const PAGE: usize = 512;

/// What became of a deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrived.
    Delivered { to: Address, token: Address, amount: U256 },
    /// It could not be delivered, and waits.
    Kept { deposit: Deposit, reason: Bytes },
    /// It was kept, and arrived later.
    Replayed { to: Address, token: Address, amount: U256 },
    /// It was kept, and went back as this exit.
    Refunded { exit: U256 },
    /// It was no deposit: the record told the names of a token.
    Names,
}

/// What became of a record, and in which transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) fate: Fate,
    pub(crate) height: Height,
    /// Position of the transaction in its block.
    pub(crate) position: usize,
}

/// What was read so far.
#[derive(Debug)]
pub(crate) struct Known {
    /// Full subtrees of the exit tree.
    pub(crate) forest: ExitForest,
    /// Heights with exits, and the number of exits after each.
    exits: Vec<(Height, u64)>,
    /// By root chain and nonce.
    records: BTreeMap<(u8, u64), Told>,
    /// Logs of blocks up to this one are not known here.
    pub(crate) begun: Height,
    /// The last block that was read, and its hash.
    to: (Height, B256),
}

/// The index; empty until the first question.
#[derive(Debug, Default)]
pub(crate) struct BridgeIndex(Mutex<Option<Known>>);

impl BridgeIndex {
    /// The index up to the head, and the snapshot that it was compared with.
    ///
    /// Errors: the time is over (what was read is kept: ask again), or the logs are not those of the state.
    pub(crate) fn up_to_date(&self, api: &Api) -> Reply<(MappedMutexGuard<'_, Known>, ReadTx)> {
        let busy = || RpcError::invalid("the node is reading the history of the bridge; ask again in some seconds");
        let mut guard = self.0.try_lock_for(api.config.call_timeout).ok_or_else(busy)?;
        // Taken behind the lock, so that it is never older than what was read.
        let read = api.read()?;
        if let Some(known) = &*guard
            && read.block_hash(known.to.0)? != Some(known.to.1)
        {
            // A development chain went back.
            *guard = None;
        }
        if guard.is_none() {
            *guard = Some(Known::begin(&read)?);
        }
        let known = guard.as_mut().ok_or_else(|| Fatal::new("the index of the bridge was lost"))?;
        if let Err(error) = known.read_on(&read, &Patience::of_search(api)) {
            if error.code == crate::error::code::INTERNAL {
                // Not the logs of this state: they are read anew.
                *guard = None;
            }
            return Err(error);
        }
        let known = MutexGuard::try_map(guard, Option::as_mut).map_err(|_| busy())?;
        Ok((known, read))
    }
}

impl Known {
    fn begin(read: &ReadTx) -> Reply<Self> {
        let kept = read.kept()?;
        // The first block whose logs are needed is the one after.
        let begun = if kept.logs == 0 { 0 } else { kept.state.max(kept.logs) };
        let state = read.state_at(begun);
        let (count, edge) = match state {
            Ok(Some(state)) => edge_in(&state)?,
            // All logs are there, but not the state of genesis, which has no exits.
            _ if begun == 0 => (0, [B256::ZERO; EXIT_TREE_DEPTH]),
            Ok(None) => return Err(RpcError::no_block(format_args!("block {begun} is unknown"))),
            Err(error) => return Err(error.into()),
        };
        let hash =
            read.block_hash(begun)?.ok_or_else(|| RpcError::no_block(format_args!("block {begun} is unknown")))?;
        Ok(Self {
            forest: ExitForest::begun(count, edge),
            exits: Vec::new(),
            records: BTreeMap::new(),
            begun,
            to: (begun, hash),
        })
    }

    fn read_on(&mut self, read: &ReadTx, patience: &Patience) -> Reply<()> {
        let head = read.head()?.ok_or_else(|| RpcError::no_block("the chain has no genesis"))?;
        let topics = [
            IBridgeOutbox::Exit::SIGNATURE_HASH,
            IBridgeInbox::Delivered::SIGNATURE_HASH,
            IBridgeInbox::DepositKept::SIGNATURE_HASH,
            IBridgeInbox::Refunded::SIGNATURE_HASH,
            IBridgeInbox::MetadataTaken::SIGNATURE_HASH,
            IBridgeInbox::MetadataIgnored::SIGNATURE_HASH,
        ];
        while self.to.0 < head.height() {
            let from = self.to.0.saturating_add(1);
            let range = from..=head.height();
            let page = read.blocks_with_logs(range, &[BRIDGE_INBOX, BRIDGE_OUTBOX], &topics, PAGE)?;
            for height in page.iter().copied() {
                patience.check("ask again: the node goes on reading where it stopped")?;
                self.read_block(read, height)?;
            }
            if page.len() < PAGE {
                self.to = (head.height(), head.hash);
            }
        }
        let state = bttc_chain::exit_state(&read.state()?)?;
        let (count, root) = (self.forest.count(), self.forest.root(self.forest.count())?);
        if count != state.count || root != Some(state.root) {
            let what = format!(
                "the logs of the bridge tell of {count} exits with root {root:?}, its state of {} with root {}",
                state.count, state.root
            );
            return Err(Fatal::new(what).into());
        }
        Ok(())
    }

    fn read_block(&mut self, read: &ReadTx, height: Height) -> Reply<()> {
        let missing = || Fatal::new(format!("block {height} stands in the index of logs, but is not there"));
        let hash = read.block_hash(height)?.ok_or_else(missing)?;
        let before = self.forest.count();
        for (position, receipt) in read.receipts(height)?.ok_or_else(missing)?.iter().enumerate() {
            for log in &receipt.logs {
                if let Some(exit) = event::<IBridgeOutbox::Exit>(log, BRIDGE_OUTBOX) {
                    self.take_exit(&exit)?;
                } else if let Some((place, fate)) = fate_of(log, |place| self.was_kept(place)) {
                    self.records.insert(place, Told { fate, height, position });
                }
            }
        }
        if self.forest.count() > before {
            self.exits.push((height, self.forest.count()));
        }
        self.to = (height, hash);
        Ok(())
    }

    fn take_exit(&mut self, exit: &IBridgeOutbox::Exit) -> Reply<()> {
        let expected = self.forest.count();
        if exit.index != U256::from(expected) {
            return Err(
                Fatal::new(format!("the log of exit {} comes where that of {expected} must", exit.index)).into()
            );
        }
        Ok(self.forest.push(exit.leaf)?)
    }

    fn was_kept(&self, place: (u8, u64)) -> bool {
        matches!(self.records.get(&place), Some(Told { fate: Fate::Kept { .. }, .. }))
    }

    /// How many exits there were after a block; none of blocks before the first that is known here.
    pub(crate) fn count_at(&self, height: Height) -> Option<u64> {
        if height < self.begun {
            return None;
        }
        let after = self.exits.partition_point(|(at, _)| *at <= height);
        let last = after.checked_sub(1).and_then(|last| self.exits.get(last));
        Some(last.map_or(self.forest.first(), |(_, count)| *count))
    }

    /// The block with an exit.
    pub(crate) fn height_of_exit(&self, index: u64) -> Option<Height> {
        if index < self.forest.first() {
            return None;
        }
        let place = self.exits.partition_point(|(_, count)| *count <= index);
        self.exits.get(place).map(|(height, _)| *height)
    }

    /// What became of a record.
    pub(crate) fn record(&self, root_id: u8, nonce: u64) -> Option<&Told> {
        self.records.get(&(root_id, nonce))
    }

    /// Numbers of the deposits of a root chain that are kept, as far as the logs here tell.
    pub(crate) fn kept(&self, root_id: u8) -> impl Iterator<Item = u64> + '_ {
        let of_root = self.records.range((root_id, 0)..=(root_id, u64::MAX));
        of_root.filter(|(_, told)| matches!(told.fate, Fate::Kept { .. })).map(|((_, nonce), _)| *nonce)
    }
}

/// Count and left edge of the exit tree in a state.
fn edge_in<S: StateReader>(state: &S) -> Reply<(u64, [B256; EXIT_TREE_DEPTH])> {
    let count = bttc_chain::exit_state(state)?.count;
    let mut edge = [B256::ZERO; EXIT_TREE_DEPTH];
    for (level, node) in (0u8..).zip(&mut edge) {
        *node = state.storage(BRIDGE_OUTBOX, bridge_slots::exit_edge(level))?.into();
    }
    Ok((count, edge))
}

/// What a log tells of a record.
fn fate_of(log: &Log, was_kept: impl Fn((u8, u64)) -> bool) -> Option<((u8, u64), Fate)> {
    let place = |root_id: U256, nonce: u64| Some((u8::try_from(root_id).ok()?, nonce));
    if let Some(IBridgeInbox::Delivered { rootId, nonce, to, token, amount }) = event(log, BRIDGE_INBOX) {
        let place = place(rootId, nonce)?;
        let replayed = was_kept(place);
        let fate = if replayed { Fate::Replayed { to, token, amount } } else { Fate::Delivered { to, token, amount } };
        return Some((place, fate));
    }
    if let Some(IBridgeInbox::DepositKept { rootId, nonce, deposit, reason }) = event(log, BRIDGE_INBOX) {
        return Some((place(rootId, nonce)?, Fate::Kept { deposit, reason }));
    }
    if let Some(IBridgeInbox::Refunded { rootId, nonce, exitIndex }) = event(log, BRIDGE_INBOX) {
        return Some((place(rootId, nonce)?, Fate::Refunded { exit: exitIndex }));
    }
    if let Some(IBridgeInbox::MetadataTaken { rootId, nonce, .. }) = event(log, BRIDGE_INBOX) {
        return Some((place(rootId, nonce)?, Fate::Names));
    }
    let IBridgeInbox::MetadataIgnored { rootId, nonce, .. } = event(log, BRIDGE_INBOX)?;
    Some((place(rootId, nonce)?, Fate::Names))
}
