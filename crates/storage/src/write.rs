//! The write transaction: a block becomes visible as a whole or not at all.

use crate::{
    Identity, Storage, StoredProposal,
    read::{CHAIN_ID_KEY, GENESIS_HASH_KEY, GENESIS_JSON_DIGEST_KEY, GENESIS_JSON_KEY, NOTE_PREFIX, patched_key},
    rows::{Rows, failed},
    state_import::unfinished,
    tables::{Epochs, Metadata, Proposals},
    write_state::Recording,
};
use alloy_primitives::{B256, Bytes, keccak256};
use bttc_primitives::{CommitCertificate, ConsensusParams, Fatal, Height, Receipt, RecoveredBlock, ValidatorSet};
use bttc_trie::{HashedChanges, TrieUpdate};
use signet_libmdbx::{Rw, tx::aliases::RwTxUnsync};
use std::{collections::BTreeMap, time::Instant};

/// A block with everything that running it yields.
#[derive(Clone, Copy, Debug)]
pub struct BlockCommit<'a> {
    /// The block with its senders.
    pub block: &'a RecoveredBlock,
    /// Receipts in the order of the transactions.
    pub receipts: &'a [Receipt],
    /// What made it final; genesis has none.
    pub certificate: Option<&'a CommitCertificate>,
    /// Deployed code, by its hash.
    pub code: &'a BTreeMap<B256, Bytes>,
    /// What it changed in the state.
    pub changes: &'a HashedChanges,
    /// The state's trie after it.
    pub trie: &'a TrieUpdate,
}

/// What an election put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEpoch {
    /// The first height of the epoch.
    pub since: Height,
    /// Who votes.
    pub validators: ValidatorSet,
    /// Numbers of the rules.
    pub params: ConsensusParams,
}

/// The one transaction that may write. It stays on the thread that began it, and leaves nothing unless it is committed.
#[derive(Debug)]
pub struct WriteTx {
    tx: RwTxUnsync,
    /// Whether something was written.
    dirty: bool,
    storage: Storage,
}

impl WriteTx {
    pub(crate) const fn new(storage: Storage, tx: RwTxUnsync) -> Self {
        Self { tx, dirty: false, storage }
    }

    /// The tables, to be written.
    pub(crate) fn rows(&mut self) -> Rows<'_, Rw> {
        self.dirty = true;
        Rows::new(&self.tx, &self.storage.shared().handles)
    }

    pub(crate) const fn storage(&self) -> &Storage {
        &self.storage
    }

    pub(crate) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Writes the chain's identity and its genesis block into a new database.
    ///
    /// Errors: there is a chain in it already, or the genesis contradicts itself.
    pub fn init(&mut self, identity: &Identity, genesis: BlockCommit<'_>) -> Result<(), Fatal> {
        let rows = self.rows();
        if rows.head()?.is_some() {
            return Err(Fatal::new("the database already holds a chain; a genesis cannot be written over it"));
        }
        if let Some(name) = rows.import_name()? {
            return Err(unfinished(name));
        }
        let block = &genesis.block.block;
        if block.height() != 0 || block.hash() != identity.genesis_hash {
            return Err(Fatal::new(format!(
                "block {} at height {} is not the genesis {}",
                block.hash(),
                block.height(),
                identity.genesis_hash
            )));
        }
        rows.put_identity(identity)?;
        rows.write_block(&genesis, 0)?;
        rows.write_code(genesis.code)?;
        rows.write_state(genesis.changes, genesis.trie, Recording::Nothing)
    }

    /// Writes the block after the head, its state, and drops the proposals that it decided.
    ///
    /// Errors: it does not follow the head, or it contradicts itself.
    pub fn append(&mut self, commit: BlockCommit<'_>) -> Result<(), Fatal> {
        let rows = self.rows();
        let head = rows.head()?.ok_or_else(|| Fatal::new("a block cannot be written before its genesis"))?;
        let header = &commit.block.block.header;
        if header.number != head.height().saturating_add(1) || header.parent_hash != head.hash {
            return Err(Fatal::new(format!(
                "block {} with parent {} does not follow the head {} {}",
                header.number,
                header.parent_hash,
                head.height(),
                head.hash
            )));
        }
        let (first, count) = rows
            .transactions_of(head.height())?
            .ok_or_else(|| crate::blocks::missing::<crate::tables::BlockBodies>(head.height()))?;
        rows.write_block(&commit, first.saturating_add(count))?;
        rows.write_code(commit.code)?;
        rows.write_state(commit.changes, commit.trie, Recording::Block(header.number))?;
        rows.drop_proposals(header.number)
    }

    /// Keeps an undecided block; durable once committed.
    pub fn put_proposal(&mut self, proposal: &StoredProposal) -> Result<(), Fatal> {
        let key = (proposal.block.block.height(), proposal.block.block.hash());
        self.rows().writer::<Proposals>()?.put(&key, proposal)
    }

    /// Writes the epoch that holds from height `from` on. It may have begun before, where this database has no blocks.
    pub fn put_epoch(&mut self, from: Height, epoch: &StoredEpoch) -> Result<(), Fatal> {
        self.rows().writer::<Epochs>()?.put(&from, epoch)
    }

    /// Keeps a note of the node. Errors: the key is longer than 90 bytes.
    pub fn put_meta(&mut self, key: &str, value: &[u8]) -> Result<(), Fatal> {
        self.rows().writer::<Metadata>()?.put(&format!("{NOTE_PREFIX}{key}"), &value.to_vec())
    }

    /// Changes the newest state in place, as if the head had done it: its history records it, its state root does not cover it. The new
    /// root is kept beside ([`ReadTx::patched_root`](crate::ReadTx::patched_root)).
    ///
    /// For development chains only.
    pub fn patch_state(
        &mut self,
        changes: &HashedChanges,
        code: &BTreeMap<B256, Bytes>,
        trie: &TrieUpdate,
    ) -> Result<(), Fatal> {
        let rows = self.rows();
        let head = rows.head()?.ok_or_else(|| Fatal::new("there is no state to change before the genesis"))?;
        rows.write_code(code)?;
        rows.writer::<Metadata>()?.put(&patched_key(head.height()), &trie.root.to_vec())?;
        rows.write_state(changes, trie, Recording::Patch(head.height()))
    }

    /// Makes everything written visible, and durable as the configuration says.
    pub fn commit(self) -> Result<(), Fatal> {
        let Self { tx, storage, .. } = self;
        let began = Instant::now();
        tx.commit().map_err(|error| failed("committing to the database".to_owned(), storage.disk_error(error)))?;
        crate::metrics::committed(began.elapsed());
        storage.observe();
        Ok(())
    }
}

impl Rows<'_, Rw> {
    pub(crate) fn put_identity(&self, identity: &Identity) -> Result<(), Fatal> {
        let mut metadata = self.writer::<Metadata>()?;
        metadata.put(&CHAIN_ID_KEY.to_owned(), &identity.chain_id.to_be_bytes().to_vec())?;
        metadata.put(&GENESIS_HASH_KEY.to_owned(), &identity.genesis_hash.to_vec())?;
        let json = identity.genesis_json.clone().into_bytes();
        metadata.put(&GENESIS_JSON_DIGEST_KEY.to_owned(), &keccak256(&json).to_vec())?;
        metadata.put(&GENESIS_JSON_KEY.to_owned(), &json)
    }
}
