//! The database as the rest of the node holds it.

use crate::{
    OpenError, ReadTx, StorageConfig, WriteTx,
    lock::LockFile,
    open::{self, Opened},
    readers::{ReaderGuard, Readers},
    rows::{EIO, ENOSPC, Handles, failed},
    tables::NAMES,
};
use alloy_primitives::B256;
use bttc_primitives::Fatal;
use signet_libmdbx::{Environment, MdbxError};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// A disk with less free space than this is full. Unit: bytes.
const FULL_DISK_BYTES: u64 = 1 << 20;

/// How often a transaction that could not begin is begun again.
const BEGIN_RETRIES: u32 = 3;

/// The chain that a database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Chain id (EIP-155).
    pub chain_id: u64,
    /// Hash of the genesis block.
    pub genesis_hash: B256,
    /// The genesis file it was made from.
    pub genesis_json: String,
}

/// How large a table is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableStats {
    /// Name of the table.
    pub name: &'static str,
    /// Number of rows.
    pub entries: u64,
    /// Pages of its B-tree, and of values too large for one page.
    pub pages: u64,
    /// Unit: bytes on disk.
    pub bytes: u64,
}

/// One open database. Clones share it.
#[derive(Clone, Debug)]
pub struct Storage {
    shared: Arc<Shared>,
}

/// Fields are dropped in their order: the lock goes last.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) env: Environment,
    pub(crate) handles: Handles,
    readers: Readers,
    path: PathBuf,
    _lock: Option<LockFile>,
}

impl Storage {
    /// Opens the database for reading and writing; makes a new one in an empty or missing directory.
    ///
    /// Errors: the directory cannot serve, and what to do. Then nothing in it has been changed.
    pub fn open(config: &StorageConfig) -> Result<Self, OpenError> {
        crate::metrics::describe();
        open::open(config).map(|opened| Self::new(config, opened))
    }

    /// Opens an existing database for reading only, also while a node has it open.
    ///
    /// Errors: as [`Self::open`]; and there is no database.
    pub fn open_read_only(config: &StorageConfig) -> Result<Self, OpenError> {
        open::open_read_only(config).map(|opened| Self::new(config, opened))
    }

    pub(crate) fn new(config: &StorageConfig, Opened { env, handles, lock }: Opened) -> Self {
        let path = config.path.clone();
        Self { shared: Arc::new(Shared { env, handles, readers: Readers::default(), path, _lock: lock }) }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Directory of the database.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The chain it holds; none if it is new.
    pub fn identity(&self) -> Result<Option<Identity>, Fatal> {
        self.read()?.identity()
    }

    /// Refuses a chain other than the one in the database.
    ///
    /// Errors: [`OpenError::WrongGenesis`], or the database is still empty.
    pub fn check_identity(&self, chain_id: u64, genesis_hash: B256) -> Result<(), OpenError> {
        let Some(stored) = self.identity()? else {
            return Err(OpenError::datadir(
                self.path(),
                "it holds no chain yet",
                "prepare it with `bttc init`, or start the node with --chain",
            ));
        };
        if stored.chain_id == chain_id && stored.genesis_hash == genesis_hash {
            return Ok(());
        }
        Err(OpenError::WrongGenesis {
            path: self.path().to_owned(),
            stored_chain_id: stored.chain_id,
            stored: stored.genesis_hash,
            chain_id,
            asked: genesis_hash,
        })
    }

    /// The database as it is now. Drop it soon: as long as it lives, the space of what is replaced is not used again.
    pub fn read(&self) -> Result<ReadTx, Fatal> {
        let begun = begin_again(|| self.shared.env.begin_ro_sync());
        let tx = begun.map_err(beginning("read transaction"))?;
        Ok(ReadTx::new(self.clone(), tx, self.shared.readers.enter()))
    }

    /// The one transaction that may write; waits for the one before it. Dropped without a commit it leaves nothing.
    ///
    /// Errors: the database was opened for reading only.
    pub fn write(&self) -> Result<WriteTx, Fatal> {
        let begun = begin_again(|| self.shared.env.begin_rw_unsync());
        let tx = begun.map_err(beginning("write transaction"))?;
        Ok(WriteTx::new(self.clone(), tx))
    }

    /// Names a full disk where MDBX only says that less was written than should be.
    pub(crate) fn disk_error(&self, error: MdbxError) -> MdbxError {
        let free = rustix::fs::statvfs(self.path()).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        match error {
            MdbxError::Other(EIO) if free.is_ok_and(|free| free < FULL_DISK_BYTES) => MdbxError::Other(ENOSPC),
            error => error,
        }
    }

    /// Writes every commit so far to the disk, whatever the durability; after it they survive loss of power.
    pub fn sync(&self) -> Result<(), Fatal> {
        self.shared.env.sync(true).map(drop).map_err(|error| match crate::rows::remedy(error) {
            Some(remedy) => Fatal::while_doing(format!("writing the database to the disk; {remedy}"), error),
            None => Fatal::while_doing("writing the database to the disk", error),
        })
    }

    /// Sizes of all tables.
    pub fn stats(&self) -> Result<Vec<TableStats>, Fatal> {
        let failed = |error| Fatal::while_doing("reading the sizes of the database's tables", error);
        let tx = self.shared.env.begin_ro_unsync().map_err(failed)?;
        let size_of = |(name, handle)| {
            let stat = tx.db_stat(handle).map_err(failed)?;
            let pages = (stat.branch_pages() as u64)
                .saturating_add(stat.leaf_pages() as u64)
                .saturating_add(stat.overflow_pages() as u64);
            let bytes = pages.saturating_mul(u64::from(stat.page_size()));
            Ok(TableStats { name, entries: stat.entries() as u64, pages, bytes })
        };
        NAMES.into_iter().zip(&self.shared.handles.0).map(size_of).collect()
    }

    /// Number of read transactions of this process, and what its metrics say of the file.
    pub(crate) fn observe(&self) {
        let (readers, age) = self.shared.readers.check();
        crate::metrics::readers(readers, age);
        if let (Ok(info), Ok(stat)) = (self.shared.env.info(), self.shared.env.stat()) {
            let pages = (info.last_pgno() as u64).saturating_add(1);
            crate::metrics::size(pages.saturating_mul(u64::from(stat.page_size())));
        }
    }
}

impl Storage {
    /// For tests: a reader as the metrics see it.
    #[cfg(test)]
    pub(crate) fn open_readers(&self) -> usize {
        self.shared.readers.check().0
    }
}

pub(crate) type Reader = ReaderGuard;

/// Begins a transaction. MDBX gives up where it found the last commit half visible and then got no processor for a tenth of a second.
fn begin_again<T>(begin: impl Fn() -> Result<T, MdbxError>) -> Result<T, MdbxError> {
    let mut begun = begin();
    for _ in 0..BEGIN_RETRIES {
        let Err(MdbxError::Problem) = begun else { break };
        begun = begin();
    }
    begun
}

fn beginning(what: &'static str) -> impl Fn(MdbxError) -> Fatal {
    move |error| failed(format!("beginning a {what} of the database"), error)
}
