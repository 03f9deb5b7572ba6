//! The lock file: one node a database.
//!
//! The operating system drops the lock when its process ends, however it ends; the process id in the file is for people. Its second line
//! says that there is a database beside it: if that is gone or empty one day, it was lost, and no new one may be made in its place.

use crate::OpenError;
use bttc_primitives::Fatal;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
};

pub(crate) const NAME: &str = "lock";

/// Held for as long as the database is open for writing.
#[derive(Debug)]
pub(crate) struct LockFile {
    file: File,
    has_database: bool,
}

/// Second line of the file.
const HAS_DATABASE: &str = "holds a database";

impl LockFile {
    /// Takes the lock of a database's directory.
    ///
    /// Errors: another process (or another `Storage` of this one) holds it, or the directory is not writable.
    pub(crate) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(NAME);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(|error| unusable(dir, &error, "its lock file cannot be opened"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked(dir, &mut file)),
            Err(TryLockError::Error(error)) => {
                return Err(OpenError::datadir(
                    dir,
                    format!("its lock file cannot be locked ({error})"),
                    "use a file system with locks, not a network share without them",
                ));
            }
        }
        let mut text = String::new();
        // A file that is no text was not written by us and says nothing.
        let has_database = file.read_to_string(&mut text).is_ok() && text.lines().nth(1) == Some(HAS_DATABASE);
        let mut lock = Self { file, has_database };
        lock.write().map_err(|error| unusable(dir, &error, "its lock file cannot be written"))?;
        Ok(lock)
    }

    /// Whether a database was in the directory when it was last used.
    pub(crate) const fn has_database(&self) -> bool {
        self.has_database
    }

    /// Notes that there is one now.
    pub(crate) fn note_database(&mut self, dir: &Path) -> Result<(), OpenError> {
        if self.has_database {
            return Ok(());
        }
        self.has_database = true;
        self.write().map_err(|error| unusable(dir, &error, "its lock file cannot be written"))
    }

    /// Overwrites first and cuts afterwards, so that the second line never goes once it is there.
    fn write(&mut self) -> io::Result<()> {
        let note = if self.has_database { HAS_DATABASE } else { "" };
        let text = format!("{:<10}\n{note}\n", std::process::id());
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)
    }
}

fn locked(dir: &Path, file: &mut File) -> OpenError {
    let mut pid = String::new();
    // Only for the message: without it the refusal is the same.
    let _ = file.read_to_string(&mut pid);
    let owner = match pid.lines().next().unwrap_or_default().trim() {
        "" => "another process".to_owned(),
        pid => format!("process {pid}"),
    };
    OpenError::datadir(dir, format!("it is in use by {owner}"), "stop that node first, or choose another --datadir")
}

/// A directory that cannot be made, read or written.
pub(crate) fn unusable(dir: &Path, error: &std::io::Error, what: &str) -> OpenError {
    let remedy = match error.kind() {
        ErrorKind::PermissionDenied => {
            "give the user of the node the right to write there, or choose another --datadir"
        }
        ErrorKind::ReadOnlyFilesystem => "mount the file system writable, or choose another --datadir",
        ErrorKind::StorageFull => "free some space on that disk, or choose another --datadir",
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "choose a --datadir that is a directory, or a new one",
        _ => {
            return OpenError::Fatal(Fatal::while_doing(
                format!("{what} ({})", dir.display()),
                IoError(error.to_string()),
            ));
        }
    };
    OpenError::datadir(dir, format!("{what} ({error})"), remedy)
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct IoError(String);
