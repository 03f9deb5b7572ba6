//! A state taken in from outside, piece by piece, before the database holds a chain (docs/protocol.md, section 10).
//!
//! [`WriteTx::begin_import`] marks the database, [`WriteTx::import_piece`] writes leaves and code of a piece together with a note that it is there,
//! [`Storage::build_tries`] builds the branch nodes out of the leaves, and [`WriteTx::finish_import`] makes the head visible. Until then there is no
//! head, and nothing else can be begun in the database. Whoever stops in between goes on with the pieces that have no note; building is repeated.
//!
//! Whether a piece is right is for the caller to know. Here only the whole is judged: by the root that its leaves lead to.

use crate::{
    BlockCommit, History, Identity, ReadTx, Storage, WriteTx,
    codec::{BodyRow, HeaderRow},
    prune::mark_key,
    rows::{Access, Rows, TableCursor},
    tables::{
        AccountsTrie, BlockBodies, Bytecodes, HashedAccounts, HashedStorages, HeaderNumbers, Headers, Metadata,
        StoragesTrie,
    },
};
use alloy_primitives::{B256, Bytes, KECCAK256_EMPTY, U256};
use bttc_primitives::{Body, CommitCertificate, Fatal, Header, Receipt, RecoveredBlock, SealedBlock};
use bttc_trie::{BranchNodeCompact, EMPTY_ROOT_HASH, HashedChanges, Nibbles, Rebuild, TrieUpdate};
use signet_libmdbx::{RoSync, Rw};
use std::collections::{BTreeMap, BTreeSet};

/// Row of `Metadata` with the name of the state that is being imported.
const IMPORT_KEY: &str = "import";
/// Rows of `Metadata` with the notes of its pieces.
const PIECE_PREFIX: &str = "import/";

/// Row of `Metadata` with the height of the block whose state was imported.
pub(crate) const BEGUN_KEY: &str = "begun";

/// Headers that come with an imported state: what BLOCKHASH can ask for. Unit: blocks.
pub const ANCESTORS: u64 = 256;

/// Nodes kept in memory before they are written.
const NODE_BATCH: usize = 100_000;
/// Leaves of one trie between two looks at its nodes.
const LEAF_BATCH: u64 = 50_000;

/// Leaves and code of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatePiece {
    /// Accounts by `keccak256(address)`.
    pub accounts: Vec<(B256, bttc_trie::TrieAccount)>,
    /// Slots by account and `keccak256(slot)`; none holds zero.
    pub slots: Vec<((B256, B256), U256)>,
    /// Code by its hash.
    pub codes: Vec<(B256, Bytes)>,
}

/// An import that is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedImport {
    /// What is imported, as [`WriteTx::begin_import`] was told.
    pub name: B256,
    /// Notes of the pieces that are there, by their names.
    pub pieces: BTreeMap<String, Vec<u8>>,
}

/// What building the tries of an imported state came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuiltState {
    /// Root of the state.
    pub root: B256,
    /// Number of accounts.
    pub accounts: u64,
    /// Number of slots.
    pub slots: u64,
    /// Code that accounts name and that is not there.
    pub missing_code: BTreeSet<B256>,
}

/// The chain around an imported state.
#[derive(Clone, Copy, Debug)]
pub struct ImportedChain<'a> {
    /// The chain's identity.
    pub identity: &'a Identity,
    /// Its genesis block, without state.
    pub genesis: &'a SealedBlock,
    /// Headers before the head, ascending; their hashes serve BLOCKHASH.
    pub ancestors: &'a [Header],
    /// The block whose state was imported.
    pub head: &'a RecoveredBlock,
    /// Its receipts.
    pub receipts: &'a [Receipt],
    /// What made it final.
    pub certificate: &'a CommitCertificate,
    /// The root that [`Storage::build_tries`] found.
    pub state_root: B256,
}

impl ReadTx {
    /// The import that was begun and not finished, if there is one.
    pub fn unfinished_import(&self) -> Result<Option<UnfinishedImport>, Fatal> {
        let Some(name) = self.rows().import_name()? else { return Ok(None) };
        let pieces = self.rows().piece_notes()?.into_iter();
        let short = |key: String| key.strip_prefix(PIECE_PREFIX).map(str::to_owned).unwrap_or_default();
        Ok(Some(UnfinishedImport { name, pieces: pieces.map(|(key, note)| (short(key), note)).collect() }))
    }
}

impl WriteTx {
    /// Begins an import into an empty database, or goes on with the same one.
    ///
    /// Errors: the database holds a chain, or another import is not finished.
    pub fn begin_import(&mut self, name: B256) -> Result<(), Fatal> {
        let rows = self.rows();
        if rows.head()?.is_some() {
            return Err(Fatal::new("the database already holds a chain; a state cannot be imported over it"));
        }
        match rows.import_name()? {
            Some(begun) if begun != name => Err(unfinished(begun)),
            Some(_) => Ok(()),
            None => rows.writer::<Metadata>()?.put(&IMPORT_KEY.to_owned(), &name.to_vec()),
        }
    }

    /// Writes a piece with a note that it is there; none of it is visible before the import is finished.
    ///
    /// Errors: no import was begun, or `name` is longer than 80 bytes.
    pub fn import_piece(&mut self, name: &str, note: &[u8], piece: &StatePiece) -> Result<(), Fatal> {
        let rows = self.rows();
        if rows.import_name()?.is_none() {
            return Err(Fatal::new("a piece of a state can only be written after its import was begun"));
        }
        let mut table = rows.writer::<HashedAccounts>()?;
        piece.accounts.iter().try_for_each(|(key, account)| table.put(key, account))?;
        let mut table = rows.writer::<HashedStorages>()?;
        piece.slots.iter().try_for_each(|(key, value)| table.put(key, value))?;
        let mut table = rows.writer::<Bytecodes>()?;
        piece.codes.iter().try_for_each(|(hash, code)| table.put_if_absent(hash, code))?;
        rows.writer::<Metadata>()?.put(&format!("{PIECE_PREFIX}{name}"), &note.to_vec())
    }

    /// Writes the chain around the imported state: from here on the database has a head. What lies before it is marked as not kept.
    ///
    /// Errors: no import was begun, or the chain contradicts itself or the state.
    pub fn finish_import(&mut self, chain: &ImportedChain<'_>) -> Result<(), Fatal> {
        let rows = self.rows();
        if rows.import_name()?.is_none() || rows.head()?.is_some() {
            return Err(Fatal::new("an import can only be finished once, after it was begun"));
        }
        let height = chain.head.block.height();
        if height == 0 || chain.genesis.hash() != chain.identity.genesis_hash {
            return Err(Fatal::new("an imported chain needs its genesis and a head above it"));
        }
        rows.put_identity(chain.identity)?;
        rows.put_header(chain.genesis.hash(), &chain.genesis.header)?;
        let rest = Body { transactions: Vec::new(), ..chain.genesis.body.clone() };
        rows.writer::<BlockBodies>()?.append(&0, &BodyRow { first_tx: 0, tx_count: 0, rest })?;
        for header in chain.ancestors.iter().filter(|header| header.number > 0) {
            rows.put_header(header.hash_slow(), header)?;
        }
        let (code, changes) = (BTreeMap::new(), HashedChanges::default());
        let trie = TrieUpdate { root: chain.state_root, ..TrieUpdate::default() };
        let (block, receipts, certificate) = (chain.head, chain.receipts, Some(chain.certificate));
        let commit = BlockCommit { block, receipts, certificate, code: &code, changes: &changes, trie: &trie };
        rows.write_block(&commit, 0)?;
        let mut table = rows.writer::<Metadata>()?;
        for part in History::ALL {
            table.put(&mark_key(part).to_owned(), &height.to_be_bytes().to_vec())?;
        }
        table.put(&BEGUN_KEY.to_owned(), &height.to_be_bytes().to_vec())?;
        for (key, _) in rows.piece_notes()? {
            table.delete(&key)?;
        }
        table.delete(&IMPORT_KEY.to_owned())
    }
}

pub(crate) fn unfinished(name: B256) -> Fatal {
    Fatal::new(format!(
        "the database holds a part of the snapshot at block {name}, whose import was not finished; go on with \
         `bttc db snapshot import` from that snapshot, or empty the directory"
    ))
}

impl<K: Access> Rows<'_, K> {
    pub(crate) fn import_name(&self) -> Result<Option<B256>, Fatal> {
        let damaged = |_| Fatal::new("the row of table Metadata that names an import is damaged; empty the directory");
        let name = self.get::<Metadata>(&IMPORT_KEY.to_owned())?;
        name.map(|name| B256::try_from(name.as_slice()).map_err(damaged)).transpose()
    }

    fn piece_notes(&self) -> Result<Vec<(String, Vec<u8>)>, Fatal> {
        let mut notes = Vec::new();
        let mut cursor = self.cursor::<Metadata>()?;
        let mut row = cursor.seek(&PIECE_PREFIX.to_owned())?;
        while let Some(note) = row.filter(|(key, _)| key.starts_with(PIECE_PREFIX)) {
            notes.push(note);
            row = cursor.next()?;
        }
        Ok(notes)
    }
}

impl Rows<'_, Rw> {
    fn put_header(&self, hash: B256, header: &Header) -> Result<(), Fatal> {
        self.writer::<Headers>()?.append(&header.number, &HeaderRow { hash, header: header.clone() })?;
        self.writer::<HeaderNumbers>()?.put(&hash, &header.number)
    }
}

impl Storage {
    /// Builds the branch nodes of an imported state out of its leaves, and drops code that no account names. Memory stays bounded.
    ///
    /// `progress` is told the number of leaves now and then. Errors: the leaves contradict each other, which verified pieces cannot.
    pub fn build_tries(&self, mut progress: impl FnMut(u64)) -> Result<BuiltState, Fatal> {
        let store = self.read()?;
        let rows = store.rows();
        let mut build = Build {
            storage: self,
            slots: Slots { cursor: rows.cursor()?, row: None },
            account_nodes: Vec::new(),
            storage_nodes: Vec::new(),
        };
        build.slots.row = build.slots.cursor.seek(&B256::ZERO)?;
        let (mut trie, mut built, mut code) = (Rebuild::default(), BuiltState::default(), BTreeSet::new());
        let mut cursor = rows.cursor::<HashedAccounts>()?;
        let mut row = cursor.seek(&B256::ZERO)?;
        while let Some((key, account)) = row {
            let (root, slots) = build.storage_trie(key)?;
            if root != account.storage_root {
                return Err(damaged(format!(
                    "the slots of account {key} lead to {root}, not to {}",
                    account.storage_root
                )));
            }
            if account.code_hash != KECCAK256_EMPTY {
                code.insert(account.code_hash);
            }
            trie.add(key, &account)?;
            built.accounts = built.accounts.saturating_add(1);
            built.slots = built.slots.saturating_add(slots);
            if built.accounts.is_multiple_of(LEAF_BATCH) {
                build.account_nodes.extend(trie.take_nodes());
                progress(built.accounts.saturating_add(built.slots));
            }
            build.write_if_full()?;
            row = cursor.next()?;
        }
        if let Some(((account, _), _)) = build.slots.row {
            return Err(damaged(format!("there are slots of account {account}, which does not exist")));
        }
        built.root = trie.root();
        build.account_nodes.extend(trie.take_nodes());
        build.write()?;
        drop(build);
        built.missing_code = self.tidy_code(&store, code)?;
        Ok(built)
    }

    /// Drops code that is not in `named`; answers with what is named and not there.
    fn tidy_code(&self, store: &ReadTx, mut named: BTreeSet<B256>) -> Result<BTreeSet<B256>, Fatal> {
        let mut strange = Vec::new();
        let mut cursor = store.rows().cursor::<Bytecodes>()?;
        let mut row = cursor.seek_key(&B256::ZERO)?;
        while let Some(hash) = row {
            if !named.remove(&hash) {
                strange.push(hash);
            }
            row = cursor.next()?.map(|(hash, _)| hash);
        }
        if !strange.is_empty() {
            let mut write = self.write()?;
            {
                let mut table = write.rows().writer::<Bytecodes>()?;
                strange.iter().try_for_each(|hash| table.delete(hash))?;
            }
            write.commit()?;
        }
        Ok(named)
    }
}

fn damaged(what: String) -> Fatal {
    Fatal::new(format!("{what}; the imported state is damaged: empty the directory and import it again"))
}

type SlotRow = ((B256, B256), U256);

/// The slots of all accounts, in order.
struct Slots<'a> {
    cursor: TableCursor<'a, RoSync, HashedStorages>,
    row: Option<SlotRow>,
}

/// Nodes on their way into the tables.
struct Build<'a> {
    storage: &'a Storage,
    slots: Slots<'a>,
    account_nodes: Vec<(Nibbles, BranchNodeCompact)>,
    storage_nodes: Vec<((B256, Nibbles), BranchNodeCompact)>,
}

impl Build<'_> {
    /// Root of an account's storage, and the number of its slots.
    fn storage_trie(&mut self, account: B256) -> Result<(B256, u64), Fatal> {
        if self.slots.row.as_ref().is_none_or(|((owner, _), _)| *owner > account) {
            return Ok((EMPTY_ROOT_HASH, 0));
        }
        let (mut trie, mut count) = (Rebuild::default(), 0u64);
        while let Some(((owner, slot), value)) = self.slots.row.take_if(|((owner, _), _)| *owner <= account) {
            if owner != account {
                return Err(damaged(format!("there are slots of account {owner}, which does not exist")));
            }
            trie.add(slot, &value)?;
            count = count.saturating_add(1);
            if count.is_multiple_of(LEAF_BATCH) {
                self.storage_nodes.extend(trie.take_nodes().into_iter().map(|(path, node)| ((account, path), node)));
                self.write_if_full()?;
            }
            self.slots.row = self.slots.cursor.next()?;
        }
        let root = trie.root();
        self.storage_nodes.extend(trie.take_nodes().into_iter().map(|(path, node)| ((account, path), node)));
        Ok((root, count))
    }

    fn write_if_full(&mut self) -> Result<(), Fatal> {
        let nodes = self.account_nodes.len().saturating_add(self.storage_nodes.len());
        if nodes >= NODE_BATCH { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Fatal> {
        let mut write = self.storage.write()?;
        {
            let rows = write.rows();
            let mut table = rows.writer::<AccountsTrie>()?;
            self.account_nodes.drain(..).try_for_each(|(path, node)| table.put(&path, &node))?;
            let mut table = rows.writer::<StoragesTrie>()?;
            self.storage_nodes.drain(..).try_for_each(|(key, node)| table.put(&key, &node))?;
        }
        write.commit()
    }
}
