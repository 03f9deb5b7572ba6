//! Small files that survive a crash: what the relayer knows beside the chains.
//!
//! A file is one line `bttc-bridge 1 <keccak256 of the rest>` and JSON after it. It is written beside its place, synced, renamed into it, and the
//! folder is synced: a reader finds the old or the new, whole. What does not match its hash is refused, never guessed at.

use alloy_primitives::{B256, keccak256};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// First word of the first line.
const MAGIC: &str = "bttc-bridge";
/// Version of what follows.
const VERSION: &str = "1";
/// Largest file that is read. Unit: bytes.
const MOST_BYTES: u64 = 256 << 20;

/// Why the relayer's own files are of no use. Nothing was lost on a chain.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk, or rights on it.
    #[error("cannot {doing} {path}: {source}; see to the disk and to the rights of this user")]
    Io {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Not what was written there.
    #[error("{path} is damaged: {why}; {remedy}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Another process holds the folder.
    #[error(
        "{0} is in use by another relayer; two of them with one folder would send things twice: end the other, or give this one a folder and a key of its own"
    )]
    InUse(PathBuf),
}

/// Puts `value` at `path`, durable on return.
pub fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    let io = |doing| move |source| StoreError::Io { doing, path: path.into(), source };
    let body = serde_json::to_vec(value).map_err(|error| io("encode")(io::Error::other(error)))?;
    let folder = folder_of(path);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside);
    let written = written.and_then(|mut file| {
        file.write_all(format!("{MAGIC} {VERSION} {}\n", keccak256(&body)).as_bytes())?;
        file.write_all(&body)?;
        file.sync_all()
    });
    written.map_err(io("write"))?;
    fs::rename(&beside, path).map_err(io("replace"))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io("sync"))
}

/// What was put at `path`; none if nothing was. `remedy` says what to do if it is damaged.
pub fn read<T: DeserializeOwned>(path: &Path, remedy: &'static str) -> Result<Option<T>, StoreError> {
    let io = |source| StoreError::Io { doing: "read", path: path.into(), source };
    let damaged = |why: String| StoreError::Damaged { path: path.into(), why, remedy };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
        Ok(meta) if meta.len() > MOST_BYTES => return Err(damaged(format!("it has {} bytes", meta.len()))),
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(io)?;
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (first, body) =
        end.and_then(|end| bytes.split_at_checked(end)).ok_or_else(|| damaged("its first line is missing".into()))?;
    let body = body.get(1..).unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let mut words = first.split(' ');
    if words.next() != Some(MAGIC) {
        return Err(damaged("it is no file of the relayer".into()));
    }
    match words.next() {
        Some(VERSION) => {}
        other => {
            return Err(damaged(format!("its version is {:?}, this program knows {VERSION}", other.unwrap_or(""))));
        }
    }
    let expected: Option<B256> = words.next().and_then(|text| text.parse().ok());
    if expected != Some(keccak256(body)) {
        return Err(damaged("its content does not match its hash".into()));
    }
    serde_json::from_slice(body).map(Some).map_err(|error| damaged(error.to_string()))
}

/// Holds a folder for one process, until dropped.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Makes the folder if it is not there, and locks it.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let io = |doing| move |source| StoreError::Io { doing, path: folder.into(), source };
        fs::create_dir_all(folder).map_err(io("make"))?;
        let path = folder.join("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = file.map_err(io("open the lock of"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(folder.into())),
            Err(TryLockError::Error(error)) => Err(io("lock")(error)),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cursor.json");
        assert!(read::<Vec<u64>>(&path, "").unwrap().is_none());
        write(&path, &vec![1u64, 2]).unwrap();
        write(&path, &vec![3u64]).unwrap();
        assert_eq!(read::<Vec<u64>>(&path, "").unwrap(), Some(vec![3]));
        assert!(!dir.path().join("cursor.json.new").exists());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("intents.json");
        write(&path, &vec![7u64, 8, 9]).unwrap();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            let text = read::<Vec<u64>>(&path, "restore it").unwrap_err().to_string();
            assert!(text.contains("intents.json") && text.contains("restore it"), "{text}");
        }
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(read::<Vec<u64>>(&path, "restore it").is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_folder_has_one_relayer() {
        let dir = tempfile::tempdir().unwrap();
        let first = FolderLock::take(dir.path()).unwrap();
        assert!(matches!(FolderLock::take(dir.path()), Err(StoreError::InUse(_))));
        drop(first);
        FolderLock::take(dir.path()).unwrap();
    }
}
