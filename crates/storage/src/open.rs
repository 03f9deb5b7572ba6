//! Opening the database: everything is checked before anything is written.
//!
//! The order is: the directory, our lock file, then a look at the database through a read-only environment (is it ours, of our format?),
//! and only then the environment that writes. A refusal on the way leaves the data as it was.

use crate::{
    Durability, OpenError, StorageConfig,
    copy::remove_leftovers,
    lock::{LockFile, unusable},
    readers::on_slow_reader,
    rows::{Handles, remedy},
    tables::{FORMAT_VERSION, Metadata, NAMES, Table},
};
use bttc_primitives::Fatal;
use signet_libmdbx::{
    Database, DatabaseFlags, Environment, EnvironmentFlags, Geometry, MdbxError, Mode, SyncMode, WriteFlags,
    sys::PageSize, tx::aliases::RoTxUnsync,
};
use std::{fs::File, io::ErrorKind, os::unix::fs::FileExt, path::Path};

/// Row of `Metadata` with the format version.
pub(crate) const FORMAT_KEY: &str = "format";

/// The file of MDBX in the directory.
pub(crate) const DATA_FILE: &str = "mdbx.dat";
/// Its file of readers and locks; of no weight while nobody has the database open.
pub(crate) const MDBX_LOCK_FILE: &str = "mdbx.lck";
/// Page size, the same on every machine so that a database can be carried along. Unit: bytes.
const PAGE_BYTES: usize = 4096;
/// MDBX keeps the roots of the last three commits in the first three pages, each behind a page header and this number.
const META_PAGES: u64 = 3;
const META_MAGIC_AT: u64 = 20;
const META_MAGIC: u64 = 0x0059_659D_BDEF_4C11;
/// Size of a reader in MDBX's table of them, which a header of less than a page precedes. Unit: bytes.
const READER_BYTES: u64 = 64;
/// By how much the file grows and shrinks at a time. Unit: bytes.
const GROWTH_BYTES: isize = 64 << 20;
const SHRINK_BYTES: isize = 256 << 20;
/// 2^31 pages.
const MAX_SIZE_GIB: u64 = 8192;

/// An environment with its table handles.
pub(crate) struct Opened {
    pub(crate) env: Environment,
    pub(crate) handles: Handles,
    pub(crate) lock: Option<LockFile>,
}

/// Opens for reading and writing, and makes a new database in an empty directory.
pub(crate) fn open(config: &StorageConfig) -> Result<Opened, OpenError> {
    let path = config.path.as_path();
    if path.exists() && !path.is_dir() {
        return Err(OpenError::datadir(path, "it is not a directory", "choose a --datadir that is one"));
    }
    std::fs::create_dir_all(path).map_err(|error| unusable(path, &error, "it cannot be made"))?;
    let mut lock = LockFile::take(path)?;
    if lock.has_database() && !has_data(path) {
        let why = format!("its file {DATA_FILE} is gone or empty, yet a database was there");
        let remedy = "restore it from a backup, or remove the whole directory to sync anew";
        return Err(OpenError::datadir(path, why, remedy));
    }
    let (env, handles) = open_locked(config, Sharing::Readers)?;
    lock.note_database(path)?;
    remove_leftovers(path);
    Ok(Opened { env, handles, lock: Some(lock) })
}

/// Opens an existing database so that no other process may even read it.
pub(crate) fn open_exclusive(config: &StorageConfig) -> Result<Opened, OpenError> {
    let path = config.path.as_path();
    require_data(path)?;
    let lock = LockFile::take(path)?;
    let (env, handles) = open_locked(config, Sharing::Nobody)?;
    Ok(Opened { env, handles, lock: Some(lock) })
}

/// Makes a new database in a directory whose lock the caller holds and which has none.
pub(crate) fn create(config: &StorageConfig) -> Result<(Environment, Handles), OpenError> {
    open_locked(&StorageConfig { durability: Durability::Full, ..config.clone() }, Sharing::Nobody)
}

/// Who may open the database beside us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    Readers,
    Nobody,
}

fn open_locked(config: &StorageConfig, sharing: Sharing) -> Result<(Environment, Handles), OpenError> {
    let path = config.path.as_path();
    check_existing(config)?;
    let env = open_env(&builder(config, sharing)?, config)?;
    // Again, as the look beforehand may have been impossible.
    let contents = contents(&env).map_err(|error| refuse(path, error))?;
    check_contents(path, &contents)?;
    let handles = make_tables(&env).map_err(|error| refuse(path, error))?;
    Ok((env, handles))
}

/// Opens an existing database for reading, beside a running node if there is one.
pub(crate) fn open_read_only(config: &StorageConfig) -> Result<Opened, OpenError> {
    let path = config.path.as_path();
    require_data(path)?;
    check_meta_pages(path)?;
    let env = open_env(&reader(config), config)?;
    let contents = contents(&env).map_err(|error| refuse(path, error))?;
    check_contents(path, &contents)?;
    if contents == Contents::Nothing {
        return Err(OpenError::datadir(path, "the database is empty", "start the node once, or check the --datadir"));
    }
    let handles = open_tables(&env).map_err(|error| refuse(path, error))?;
    Ok(Opened { env, handles, lock: None })
}

fn require_data(path: &Path) -> Result<(), OpenError> {
    if has_data(path) {
        return Ok(());
    }
    Err(OpenError::datadir(path, "there is no database in it", "check the --datadir"))
}

fn has_data(path: &Path) -> bool {
    std::fs::metadata(path.join(DATA_FILE)).is_ok_and(|file| file.len() > 0)
}

/// Looks into a database that is already there, without the right to change it.
fn check_existing(config: &StorageConfig) -> Result<(), OpenError> {
    let path = config.path.as_path();
    if !has_data(path) {
        return Ok(());
    }
    check_meta_pages(path)?;
    reserve_reader_table(config)?;
    let env = match reader(config).open(path) {
        Ok(env) => env,
        // The machine went down with unsynced commits: only a writer can put that right, and finds the format later.
        Err(MdbxError::WannaRecovery) => return Ok(()),
        Err(error) => return Err(refuse(path, error)),
    };
    let contents = contents(&env).map_err(|error| refuse(path, error))?;
    check_contents(path, &contents)
}

/// Refuses a file of which one of the first three pages is no meta page: MDBX itself goes by the other two, which may be older commits.
///
/// A commit writes one of them, and never this part of it, so a crash leaves all three.
fn check_meta_pages(path: &Path) -> Result<(), OpenError> {
    let file = path.join(DATA_FILE);
    let read = || -> std::io::Result<bool> {
        let file = File::open(&file)?;
        for page in 0..META_PAGES {
            let mut magic = [0; 8];
            match file.read_exact_at(&mut magic, page.saturating_mul(PAGE_BYTES as u64).saturating_add(META_MAGIC_AT)) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
                result => result?,
            }
            if u64::from_le_bytes(magic) >> 8 != META_MAGIC {
                return Ok(false);
            }
        }
        Ok(true)
    };
    match read() {
        Ok(true) => Ok(()),
        Ok(false) => Err(refuse(path, MdbxError::Invalid)),
        Err(error) => Err(unusable(path, &error, "its file cannot be read")),
    }
}

/// What a database holds, as far as it matters for opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Contents {
    Nothing,
    Ours { format: u64 },
    Foreign,
}

fn contents(env: &Environment) -> Result<Contents, MdbxError> {
    let tx = env.begin_ro_unsync()?;
    let main = tx.open_db(None)?;
    if tx.db_stat(&main)?.entries() == 0 {
        return Ok(Contents::Nothing);
    }
    let metadata = match tx.open_db(Some(Metadata::NAME)) {
        Ok(metadata) => metadata,
        Err(MdbxError::NotFound | MdbxError::Incompatible) => return Ok(Contents::Foreign),
        Err(error) => return Err(error),
    };
    Ok(format_of(&tx, metadata).map_or(Contents::Foreign, |format| Contents::Ours { format }))
}

fn format_of(tx: &RoTxUnsync, metadata: Database) -> Option<u64> {
    let bytes = tx.get::<[u8; 8]>(metadata.dbi(), FORMAT_KEY.as_bytes()).ok().flatten()?;
    Some(u64::from_be_bytes(bytes))
}

fn check_contents(path: &Path, contents: &Contents) -> Result<(), OpenError> {
    let (why, remedy) = match contents {
        Contents::Nothing | Contents::Ours { format: FORMAT_VERSION } => return Ok(()),
        Contents::Foreign => {
            ("it holds a database that this program did not make".to_owned(), "choose another --datadir")
        }
        Contents::Ours { format } if *format > FORMAT_VERSION => (
            format!("its format is {format}, this program knows formats up to {FORMAT_VERSION}"),
            "use a newer bttc, or choose another --datadir",
        ),
        Contents::Ours { format } => (
            format!("its format is {format}, this program needs {FORMAT_VERSION}"),
            "use the bttc that made it, or choose another --datadir and sync anew",
        ),
    };
    Err(OpenError::datadir(path, why, remedy))
}

fn builder(config: &StorageConfig, sharing: Sharing) -> Result<signet_libmdbx::EnvironmentBuilder, OpenError> {
    let gib = config.max_size_gib;
    let size = Some(gib).filter(|gib| (1..=MAX_SIZE_GIB).contains(gib)).and_then(|gib| usize::try_from(gib << 30).ok());
    let Some(size) = size else {
        return Err(OpenError::datadir(
            &config.path,
            format!("storage.max_size_gib is {gib}"),
            format!("set it to a number from 1 to {MAX_SIZE_GIB}"),
        ));
    };
    let sync_mode = match config.durability {
        Durability::Full => SyncMode::Durable,
        Durability::Ephemeral => SyncMode::UtterlyNoSync,
    };
    let mut builder = Environment::builder();
    builder
        .set_geometry(Geometry {
            size: Some(0..size),
            growth_step: Some(GROWTH_BYTES),
            shrink_threshold: Some(SHRINK_BYTES),
            page_size: Some(PageSize::Set(PAGE_BYTES)),
        })
        .set_flags(EnvironmentFlags {
            mode: Mode::ReadWrite { sync_mode },
            // Reads are scattered over the file; read-ahead would only evict what is needed.
            no_rdahead: true,
            // Pages freed last are used first: they are in the caches.
            liforeclaim: true,
            exclusive: sharing == Sharing::Nobody,
            ..Default::default()
        })
        .set_max_dbs(NAMES.len())
        .set_max_readers(readers(config))
        .set_handle_slow_readers(on_slow_reader);
    Ok(builder)
}

fn reader(config: &StorageConfig) -> signet_libmdbx::EnvironmentBuilder {
    let mut builder = Environment::builder();
    builder
        .set_flags(EnvironmentFlags { mode: Mode::ReadOnly, accede: true, no_rdahead: true, ..Default::default() })
        .set_max_dbs(NAMES.len())
        .set_max_readers(readers(config));
    builder
}

fn readers(config: &StorageConfig) -> u64 {
    u64::from(config.max_readers.max(16))
}

fn open_env(builder: &signet_libmdbx::EnvironmentBuilder, config: &StorageConfig) -> Result<Environment, OpenError> {
    reserve_reader_table(config)?;
    builder.open(&config.path).map_err(|error| refuse(&config.path, error))
}

/// Takes the disk space of the reader table before MDBX maps and fills it: on a full disk that would end the process by a signal.
///
/// The size of the file stays, as another process may have it open.
fn reserve_reader_table(config: &StorageConfig) -> Result<(), OpenError> {
    let path = config.path.join(MDBX_LOCK_FILE);
    let bytes = readers(config).saturating_mul(READER_BYTES).saturating_add(PAGE_BYTES as u64);
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
    // Where it cannot be written, MDBX does without it or says why it cannot.
    let Ok(file) = file else { return Ok(()) };
    match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, bytes) {
        Err(rustix::io::Errno::NOSPC) => {
            let error = std::io::Error::from(rustix::io::Errno::NOSPC);
            Err(unusable(&config.path, &error, "the table of its readers cannot be written"))
        }
        // A file system that cannot reserve.
        _ => Ok(()),
    }
}

/// Makes the tables that are missing; in a new database also writes the format version.
fn make_tables(env: &Environment) -> Result<Handles, MdbxError> {
    let tx = env.begin_rw_unsync()?;
    let main = tx.open_db(None)?;
    let new = tx.db_stat(&main)?.entries() == 0;
    let handles = table_handles(|name| tx.create_db(Some(name), DatabaseFlags::empty()))?;
    if new {
        tx.put(handles.of::<Metadata>(), FORMAT_KEY, FORMAT_VERSION.to_be_bytes(), WriteFlags::UPSERT)?;
    }
    tx.commit()?;
    Ok(handles)
}

fn open_tables(env: &Environment) -> Result<Handles, MdbxError> {
    let tx = env.begin_ro_unsync()?;
    let handles = table_handles(|name| tx.open_db(Some(name)))?;
    // Handles outlive the transaction only if it commits.
    tx.commit()?;
    Ok(handles)
}

fn table_handles(open: impl Fn(&'static str) -> Result<Database, MdbxError>) -> Result<Handles, MdbxError> {
    let mut handles = [Database::freelist_db(); NAMES.len()];
    for (handle, name) in handles.iter_mut().zip(NAMES) {
        *handle = open(name)?;
    }
    Ok(Handles(handles))
}

/// An error of MDBX at opening, for people.
fn refuse(path: &Path, error: MdbxError) -> OpenError {
    let (why, remedy) = match error {
        MdbxError::Invalid | MdbxError::VersionMismatch | MdbxError::BadSignature => (
            format!("its file {DATA_FILE} is not a database, or damaged ({error})"),
            "restore it from a copy, or choose another --datadir and sync anew",
        ),
        MdbxError::Corrupted | MdbxError::PageNotFound | MdbxError::NoData => (
            format!("its file {DATA_FILE} is damaged ({error})"),
            "restore it from a copy, or choose another --datadir and sync anew",
        ),
        MdbxError::Busy => {
            ("it is in use by another process".to_owned(), "stop that process first, or choose another --datadir")
        }
        MdbxError::Access | MdbxError::Permission | MdbxError::Other(EROFS) => (
            format!("it cannot be read and written ({error})"),
            "give the user of the node the right to, or choose another --datadir",
        ),
        MdbxError::TooLarge | MdbxError::Other(ENOMEM) => {
            (format!("this machine has not enough address space for it ({error})"), "lower storage.max_size_gib")
        }
        other => match remedy(other) {
            Some(remedy) => (other.to_string(), remedy),
            None => return Fatal::while_doing(format!("opening the database at {}", path.display()), other).into(),
        },
    };
    OpenError::datadir(path, why, remedy)
}

/// `Read-only file system`.
const EROFS: i32 = 30;
/// `Cannot allocate memory`.
const ENOMEM: i32 = 12;
