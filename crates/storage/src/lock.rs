//! The lock file: one node a database.
//!
//! The operating system drops the lock when its process ends, however it ends; the process id in the file is for people.

use crate::OpenError;
use bttc_primitives::Fatal;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Read, Write},
    path::Path,
};

pub(crate) const NAME: &str = "lock";

/// Held for as long as the database is open for writing.
#[derive(Debug)]
pub(crate) struct LockFile {
    _file: File,
}

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
        let write = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        write.map_err(|error| unusable(dir, &error, "its lock file cannot be written"))?;
        Ok(Self { _file: file })
    }
}

fn locked(dir: &Path, file: &mut File) -> OpenError {
    let mut pid = String::new();
    // Only for the message: without it the refusal is the same.
    let _ = file.read_to_string(&mut pid);
    let owner = match pid.trim() {
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
