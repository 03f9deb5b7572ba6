//! Copies of a whole database: a backup beside a running node, and a compact one in the place of the old.
//!
//! Rows are written in the order of their keys into a new database, page by page, so that a copy is as small as can be. Both copies are
//! made under another name, synced, looked at once more, and then renamed in one step: whatever happens before leaves what was there.

use crate::{
    OpenError, Storage, StorageConfig,
    lock::{LockFile, unusable},
    open::{self, DATA_FILE, MDBX_LOCK_FILE, Opened},
    rows::{Handles, RawRow, reading, writing},
    tables::{Metadata, NAMES, Table},
};
use bttc_primitives::Fatal;
use signet_libmdbx::{Environment, WriteFlags, tx::aliases::RoTxUnsync};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// Bytes written in one transaction: bounds memory.
const BATCH_BYTES: usize = 32 << 20;
/// Space asked for beyond the rows, for a file that grows in steps. Unit: bytes.
const SPARE_BYTES: u64 = 64 << 20;
/// Directory below that of the database, in which a compact copy is made.
const COMPACTING: &str = "compact.partial";
/// Directory of the database in a data directory.
const DB: &str = "db";

/// Who is told how far a copy is: rows done, rows in all.
pub type CopyProgress<'a> = &'a mut dyn FnMut(u64, u64);

/// What a copy came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Rows of all tables.
    pub rows: u64,
    /// Size of the file that was read. Unit: bytes on disk.
    pub before: u64,
    /// Size of the new file. Unit: bytes on disk.
    pub after: u64,
}

impl Storage {
    /// Copies the database, as it is now, to a new data directory at `target`; a node may go on writing meanwhile.
    ///
    /// Takes the database and nothing else. Errors: `target` exists and is not an empty directory, or has too little space.
    pub fn backup(
        &self,
        config: &StorageConfig,
        target: &Path,
        progress: CopyProgress<'_>,
    ) -> Result<Copied, OpenError> {
        require_free(target)?;
        let partial = beside(target)?;
        let parent = partial.parent().unwrap_or(Path::new("/")).to_owned();
        let db = partial.join(DB);
        fs::create_dir_all(&db).map_err(|error| unusable(target, &error, "it cannot be made"))?;
        let lock = LockFile::take(&db)?;
        let copied = self.copy_into(&StorageConfig { path: db.clone(), ..config.clone() }, target, progress)?;
        let finish = || -> io::Result<()> {
            for name in [MDBX_LOCK_FILE, crate::lock::NAME] {
                remove_if_there(&db.join(name))?;
            }
            sync_dir(&db)?;
            sync_dir(&partial)?;
            fs::rename(&partial, target)?;
            sync_dir(&parent)
        };
        finish().map_err(|error| unusable(target, &error, "the backup cannot be put there"))?;
        drop(lock);
        Ok(copied)
    }

    /// Copies all rows of a snapshot into a new database whose lock the caller holds.
    fn copy_into(&self, config: &StorageConfig, named: &Path, progress: CopyProgress<'_>) -> Result<Copied, OpenError> {
        let needed = self.stats()?.iter().fold(SPARE_BYTES, |sum, table| sum.saturating_add(table.bytes));
        require_space(named, &config.path, needed)?;
        for name in [DATA_FILE, MDBX_LOCK_FILE] {
            let path = config.path.join(name);
            remove_if_there(&path).map_err(|error| unusable(named, &error, "what an earlier copy left cannot go"))?;
        }
        let shared = self.shared();
        let copied = copy(&shared.env, &shared.handles, config, progress)?;
        Ok(Copied { before: on_disk(&self.path().join(DATA_FILE)), ..copied })
    }
}

/// Writes the database of a stopped node anew, without the space of what was deleted, and puts it in the place of the old one.
///
/// Errors: another process has it open, or the disk has too little space. Then, and after a crash at any moment, the old one is in its place.
pub fn compact(config: &StorageConfig, progress: CopyProgress<'_>) -> Result<Copied, OpenError> {
    let path = config.path.clone();
    let Opened { env, handles, lock } = open::open_exclusive(config)?;
    let place = path.join(COMPACTING);
    let io = |what: &'static str| move |error: io::Error| unusable(&config.path, &error, what);
    fs::create_dir_all(&place).map_err(io("the place of the compact copy cannot be made"))?;
    let source = Storage::new(config, Opened { env, handles, lock });
    let copied = source.copy_into(&StorageConfig { path: place.clone(), ..config.clone() }, &path, progress)?;
    sync_dir(&place).map_err(io("the compact copy cannot be synced"))?;
    // `source` still keeps everybody out, so nobody has the old file open but we.
    fs::rename(place.join(DATA_FILE), path.join(DATA_FILE)).map_err(io("the compact copy cannot take its place"))?;
    sync_dir(&path).map_err(io("its directory cannot be synced"))?;
    drop(source);
    remove_leftovers(&path);
    Ok(copied)
}

/// Removes what a compaction left that did not come to its end. The caller holds the lock.
pub(crate) fn remove_leftovers(path: &Path) {
    let place = path.join(COMPACTING);
    if place.is_dir() {
        match fs::remove_dir_all(&place) {
            Ok(()) => tracing::debug!(path = %place.display(), "removed the work directory of a compaction"),
            Err(error) => {
                tracing::warn!(path = %place.display(), %error, "the work directory of a compaction cannot be removed");
            }
        }
    }
}

/// Copies every table of a snapshot and looks at the result.
fn copy(
    source: &Environment,
    handles: &Handles,
    config: &StorageConfig,
    progress: CopyProgress<'_>,
) -> Result<Copied, OpenError> {
    let beginning = |error| Fatal::while_doing("beginning a transaction to copy the database", error);
    let read = source.begin_ro_unsync().map_err(beginning)?;
    let mut counts = Vec::new();
    for (name, handle) in NAMES.into_iter().zip(&handles.0) {
        let stat = read.db_stat(handle).map_err(|error| reading(name)(error.into()))?;
        counts.push(stat.entries() as u64);
    }
    let total = counts.iter().fold(0u64, |sum, count| sum.saturating_add(*count));
    let mut told = |done| progress(done, total);
    let (target, target_handles) = open::create(config)?;
    let mut copier = Copier { read: &read, target: &target, handles: &target_handles, done: 0, told: &mut told };
    for (index, name) in NAMES.into_iter().enumerate() {
        copier.table(index, name, handles)?;
    }
    drop(read);
    drop(target);
    // Read once more from the file: it opens, and it has every row.
    let written = Storage::open_read_only(config)?;
    for (stats, expected) in written.stats()?.iter().zip(&counts) {
        if stats.entries != *expected {
            let (table, got) = (stats.name, stats.entries);
            return Err(Fatal::new(format!("the copy has {got} rows in table {table}, the database {expected}")).into());
        }
    }
    Ok(Copied { rows: total, before: 0, after: on_disk(&config.path.join(DATA_FILE)) })
}

struct Copier<'a> {
    read: &'a RoTxUnsync,
    target: &'a Environment,
    handles: &'a Handles,
    done: u64,
    told: &'a mut dyn FnMut(u64),
}

impl Copier<'_> {
    fn table(&mut self, index: usize, name: &'static str, handles: &Handles) -> Result<(), Fatal> {
        let (Some(from), Some(to)) = (handles.0.get(index), self.handles.0.get(index)) else { return Ok(()) };
        // A new database has a row there already.
        let flags = if index == Metadata::INDEX { WriteFlags::UPSERT } else { WriteFlags::APPEND };
        let mut rows = self.read.cursor(*from).map_err(|error| reading(name)(error.into()))?;
        let mut row: RawRow<'_> = rows.first().map_err(reading(name))?;
        while row.is_some() {
            let tx = self.target.begin_rw_unsync().map_err(writing(name))?;
            let mut out = tx.cursor(*to).map_err(writing(name))?;
            let mut bytes = 0usize;
            while let Some((key, value)) = row.take_if(|_| bytes < BATCH_BYTES) {
                out.put(&key, &value, flags).map_err(writing(name))?;
                bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
                self.done = self.done.saturating_add(1);
                row = rows.next().map_err(reading(name))?;
            }
            drop(out);
            tx.commit().map_err(writing(name))?;
            (self.told)(self.done);
        }
        Ok(())
    }
}

/// Refuses a target that holds something.
fn require_free(target: &Path) -> Result<(), OpenError> {
    let refuse =
        |why| Err(OpenError::datadir(target, why, "choose a directory that does not exist yet, or an empty one"));
    match fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => refuse("it is not empty"),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => refuse("it is not a directory"),
        Err(error) => Err(unusable(target, &error, "it cannot be read")),
    }
}

/// The name under which a copy for `target` is made: hidden, beside it, always the same, so that the next try takes it over.
fn beside(target: &Path) -> Result<PathBuf, OpenError> {
    let target = std::path::absolute(target).map_err(|error| unusable(target, &error, "it has no place"))?;
    let Some(name) = target.file_name() else {
        return Err(OpenError::datadir(&target, "it has no name", "choose a directory that does not exist yet"));
    };
    Ok(target.with_file_name(format!(".{}.partial", name.to_string_lossy())))
}

fn require_space(named: &Path, at: &Path, needed: u64) -> Result<(), OpenError> {
    let stat =
        rustix::fs::statvfs(at).map_err(|error| unusable(named, &error.into(), "its free space is not known"))?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    if free >= needed {
        return Ok(());
    }
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    Err(OpenError::datadir(
        named,
        format!("a copy may need {} MiB, but {} MiB are free on that disk", mib(needed), mib(free)),
        "free some space there, or choose another disk",
    ))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// What a file takes on disk, where it has holes. Unit: bytes.
fn on_disk(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map_or(0, |file| file.blocks().saturating_mul(512))
}
