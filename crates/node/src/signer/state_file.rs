//! The sign state on disk.
//!
//! The file holds the state twice, a page apart. A write puts the new state over both and syncs once; only then may a signature leave. So a
//! crash in a write leaves at least one whole copy, of the old state or of the new one, and either will do, as nothing was
//! signed; and if a copy rots later, the other one is the newest. If both are damaged, nobody knows what was signed: the file is refused.
//!
//! The file is locked while it is open. It is made by `bttc validator keygen` together with the key and never on the way: a file that is not
//! there has been lost.

use super::state::{SLOT_BYTES, SignState, Signed};
use alloy_primitives::Address;
use bttc_primitives::{Fatal, Height};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Where the second copy stands. Unit: bytes.
pub(super) const SECOND_COPY: u64 = 4_096;

/// A sign state that is open for signing.
#[derive(Debug)]
pub struct SignStateFile {
    file: File,
    path: PathBuf,
    state: SignState,
    /// Set while what is on disk is not known.
    unknown: bool,
}

/// Why a sign state cannot be used. The message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenSignStateError {
    /// There is none.
    #[error(
        "the sign state {0} is missing, so nobody knows what this key has signed, and to sign on could cost its stake; \
         put the file back, or, once no other machine signs with this key, begin above the height it may have signed: \
         bttc validator reset-sign-state --dir DIR --chain CHAIN --height HEIGHT --yes-i-know"
    )]
    Missing(PathBuf),
    /// Both copies are damaged, or it is another kind of file.
    #[error(
        "the sign state {0} is damaged, so nobody knows what this key has signed, and to sign on could cost its stake; \
         once no other machine signs with this key, begin above the height it may have signed: \
         bttc validator reset-sign-state --dir DIR --chain CHAIN --height HEIGHT --yes-i-know"
    )]
    Damaged(PathBuf),
    /// Another process signs with it.
    #[error("the sign state {0} is in use by another process; stop that node or signer first")]
    InUse(PathBuf),
    /// It is of another chain.
    #[error(
        "the sign state {path} is of chain {found}, expected chain {expected}; a key has one file for each chain it signs for"
    )]
    Chain {
        /// The file.
        path: PathBuf,
        /// Chain id in the file.
        found: u64,
        /// Chain id asked for.
        expected: u64,
    },
    /// It is of another key.
    #[error(
        "the sign state {path} is of the key {found}, expected {expected}; give the file that was made with this key"
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// Address in the file.
        found: Address,
        /// Address of the key.
        expected: Address,
    },
    /// There is one already.
    #[error("the sign state {0} exists already; nothing was changed")]
    Exists(PathBuf),
    /// A height below what the file knows to be signed.
    #[error(
        "the sign state {path} knows of signatures up to height {last}, so it cannot begin above height {floor}; if the chain itself \
         was begun anew, move the file away first"
    )]
    Lower {
        /// The file.
        path: PathBuf,
        /// Height of the last signature, or of the floor.
        last: Height,
        /// Height asked for.
        floor: Height,
    },
    /// The disk or its rights.
    #[error(
        "cannot {doing} the sign state {path}: {source}; its user must own the file and its directory, on a disk with locks and room"
    )]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SignStateFile {
    /// Makes a new file, durable on return.
    pub fn create(path: &Path, state: &SignState) -> Result<(), OpenSignStateError> {
        let io = |doing| move |source| OpenSignStateError::Io { doing, path: path.into(), source };
        let dir = parent(path);
        // Written beside its place and linked into it: it is never half there, and never replaces another.
        let ready = dir.join(format!(".sign-state-{}", std::process::id()));
        let written =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&ready).and_then(|mut file| {
                let slot = state.encode();
                let gap = vec![0; usize::try_from(SECOND_COPY).unwrap_or_default().saturating_sub(SLOT_BYTES)];
                file.write_all(&slot)?;
                file.write_all(&gap)?;
                file.write_all(&slot)?;
                file.sync_all()
            });
        let linked = written.and_then(|()| fs::hard_link(&ready, path));
        // What is left of it is empty of meaning.
        let _removed = fs::remove_file(&ready);
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(OpenSignStateError::Exists(path.into())),
            Err(error) => Err(io("make")(error)),
            Ok(()) => File::open(dir).and_then(|dir| dir.sync_all()).map_err(io("make")),
        }
    }

    /// Opens and locks the file of a key. What it holds is on disk on return.
    pub fn open(path: &Path, chain_id: u64, address: Address) -> Result<Self, OpenSignStateError> {
        let io = |doing| move |source| OpenSignStateError::Io { doing, path: path.into(), source };
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OpenSignStateError::Missing(path.into()));
            }
            other => other.map_err(io("open"))?,
        };
        lock(&file, path)?;
        let Recovered { state, whole } =
            recover(&read(&mut file).map_err(io("read"))?).ok_or_else(|| OpenSignStateError::Damaged(path.into()))?;
        if state.chain_id != chain_id {
            return Err(OpenSignStateError::Chain { path: path.into(), found: state.chain_id, expected: chain_id });
        }
        if state.address != address {
            return Err(OpenSignStateError::Key { path: path.into(), found: state.address, expected: address });
        }
        if !whole {
            tracing::warn!(path = %path.display(), "one copy of the sign state was not whole and is written anew; look after the disk if no crash explains it");
        }
        let mut opened = Self { file, path: path.into(), state: state.clone(), unknown: false };
        // What was read may be in the memory of the system alone, if the process before this one ended in a write.
        opened.put(state).map_err(|source| io("write")(source))?;
        Ok(opened)
    }

    /// What a file holds, without a lock: for people.
    pub fn peek(path: &Path) -> Result<SignState, OpenSignStateError> {
        let bytes = match File::open(path).and_then(|mut file| read(&mut file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OpenSignStateError::Missing(path.into()));
            }
            other => other.map_err(|source| OpenSignStateError::Io { doing: "read", path: path.into(), source })?,
        };
        recover(&bytes).map(|recovered| recovered.state).ok_or_else(|| OpenSignStateError::Damaged(path.into()))
    }

    /// Sets the file so that nothing at `floor` or below is signed; makes it if it is missing, moves it aside if it is damaged.
    ///
    /// For a person who knows that the key signs nowhere else and never signed above `floor`.
    pub fn reset(path: &Path, chain_id: u64, address: Address, floor: Height) -> Result<(), OpenSignStateError> {
        match Self::open(path, chain_id, address) {
            Ok(mut opened) => {
                let last = opened.state.last().map_or(0, |last| last.position.height).max(opened.state.floor);
                if floor < last {
                    return Err(OpenSignStateError::Lower { path: path.into(), last, floor });
                }
                let raised = SignState { floor, ..opened.state.clone() };
                opened.put(raised).map_err(|source| OpenSignStateError::Io {
                    doing: "write",
                    path: path.into(),
                    source,
                })
            }
            Err(OpenSignStateError::Damaged(_)) => {
                move_aside(path).map_err(|source| OpenSignStateError::Io {
                    doing: "move",
                    path: path.into(),
                    source,
                })?;
                Self::create(path, &SignState::new(chain_id, address, floor))
            }
            Err(OpenSignStateError::Missing(_)) => Self::create(path, &SignState::new(chain_id, address, floor)),
            Err(error) => Err(error),
        }
    }

    /// What has been signed.
    pub const fn state(&self) -> &SignState {
        &self.state
    }

    /// Makes `signed` part of the state; on disk on return.
    ///
    /// Errors: the disk fails, now or earlier: what it holds is not known until the file is opened again.
    pub(super) fn advance(&mut self, signed: Signed) -> Result<(), Fatal> {
        let doing = || format!("writing the sign state {}; nothing is signed until a restart", self.path.display());
        if self.unknown {
            return Err(Fatal::new(format!("an earlier failure of {}", doing())));
        }
        let doing = doing();
        let next = self.state.after(signed);
        self.put(next).map_err(|error| Fatal::while_doing(doing, error))
    }

    /// From now on no byte can be written.
    #[cfg(test)]
    pub(super) fn break_disk(&mut self) {
        self.file = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    }

    fn put(&mut self, mut next: SignState) -> io::Result<()> {
        next.sequence = self.state.sequence.checked_add(1).ok_or_else(|| io::Error::other("its counter is used up"))?;
        let slot = next.encode();
        self.unknown = true;
        self.file.write_all_at(&slot, 0)?;
        self.file.write_all_at(&slot, SECOND_COPY)?;
        self.file.sync_data()?;
        self.unknown = false;
        self.state = next;
        Ok(())
    }
}

struct Recovered {
    state: SignState,
    whole: bool,
}

/// The newer of the copies that are whole.
fn recover(bytes: &[u8]) -> Option<Recovered> {
    let at = |offset: usize| SignState::decode(bytes.get(offset..)?.first_chunk()?);
    let copies = [at(0), at(usize::try_from(SECOND_COPY).ok()?)];
    let [first, second] = &copies;
    let whole = first.is_some() && first == second;
    copies.into_iter().flatten().max_by_key(|state| state.sequence).map(|state| Recovered { state, whole })
}

fn read(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(SECOND_COPY.saturating_mul(2)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes the lock, of the file that still stands at `path`.
fn lock(file: &File, path: &Path) -> Result<(), OpenSignStateError> {
    let io = |source| OpenSignStateError::Io { doing: "lock", path: path.into(), source };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenSignStateError::InUse(path.into())),
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    let (held, there) = (file.metadata().map_err(io)?, fs::metadata(path).map_err(io)?);
    if (held.dev(), held.ino()) == (there.dev(), there.ino()) {
        Ok(())
    } else {
        Err(OpenSignStateError::InUse(path.into()))
    }
}

/// Renames a file to the first free name of `<path>.damaged-<n>`.
fn move_aside(path: &Path) -> io::Result<()> {
    let free = (1..u32::MAX)
        .map(|n| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".damaged-{n}"));
            PathBuf::from(name)
        })
        .find(|path| !path.exists());
    fs::rename(path, free.ok_or_else(|| io::Error::other("no name is free for the damaged file"))?)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
