//! Where test files come from: folders and archives, read ahead by one thread.

use eyre::WrapErr;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::mpsc,
};

/// Files read ahead of the threads that run them.
const AHEAD: usize = 64;

/// Window of the archives: 2^27 bytes and a little room.
const WINDOW_LOG_MAX: u32 = 31;

/// Folders that the counts are kept by, wherever they stand in a path.
const GROUPS: &[&str] = &[
    "state_tests",
    "blockchain_tests",
    "blockchain_tests_engine",
    "transaction_tests",
    "GeneralStateTests",
    "BlockchainTests",
    "TransactionTests",
    "TrieTests",
    "RLPTests",
];

/// A test file.
#[derive(Debug)]
pub(crate) struct TestFile {
    /// Path below the folder that was asked for, archives included.
    pub(crate) name: String,
    /// Text of the file.
    pub(crate) bytes: Vec<u8>,
}

/// A file or archive that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) name: String,
    pub(crate) why: String,
}

impl TestFile {
    /// Folder under which the file is counted.
    pub(crate) fn group(&self) -> String {
        let folders: Vec<_> = self.name.split('/').collect();
        let last = folders.len().saturating_sub(1);
        let named = folders.iter().take(last).position(|folder| GROUPS.contains(folder));
        let length = named.map_or(1, |at| at + 1).min(last);
        if length == 0 { ".".into() } else { folders.iter().take(length).copied().collect::<Vec<_>>().join("/") }
    }
}

type Found = Result<TestFile, Unreadable>;

/// All test files at `root`: a folder, an archive or one file.
pub(crate) fn open(root: &Path) -> eyre::Result<mpsc::Receiver<Found>> {
    let root = root.to_path_buf();
    let kind = fs::metadata(&root)
        .wrap_err_with(|| format!("{} cannot be read; give a folder that holds test files", root.display()))?;
    let (sender, receiver) = mpsc::sync_channel(AHEAD);
    std::thread::spawn(move || {
        // The last name of the folder that was asked for tells the kind of its files, so it stays in their names.
        let prefix = root.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let prefix = prefix.unwrap_or_default();
        if kind.is_dir() { walk(&root, &prefix, &sender) } else { file(&root, &prefix, &sender) }
    });
    Ok(receiver)
}

/// `Err` means that nobody listens any more.
type Sent = Result<(), mpsc::SendError<Found>>;

fn walk(folder: &Path, name: &str, to: &mpsc::SyncSender<Found>) -> Sent {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut entries: Vec<PathBuf> = match entries {
        Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
        Err(error) => return to.send(Err(Unreadable { name: name.into(), why: error.to_string() })),
    };
    entries.sort();
    for path in entries {
        let Some(last) = path.file_name().map(|last| last.to_string_lossy().into_owned()) else { continue };
        // Folders such as `.meta` hold indices, not tests.
        if last.starts_with('.') {
            continue;
        }
        let name = format!("{name}/{last}");
        if path.is_dir() {
            walk(&path, &name, to)?;
        } else {
            file(&path, &name, to)?;
        }
    }
    Ok(())
}

fn file(path: &Path, name: &str, to: &mpsc::SyncSender<Found>) -> Sent {
    if name.ends_with(".tar.zst") {
        return archive(path, name.trim_end_matches(".tar.zst"), to);
    }
    if !name.ends_with(".json") {
        return Ok(());
    }
    to.send(match fs::read(path) {
        Ok(bytes) => Ok(TestFile { name: name.into(), bytes }),
        Err(error) => Err(Unreadable { name: name.into(), why: error.to_string() }),
    })
}

fn archive(path: &Path, name: &str, to: &mpsc::SyncSender<Found>) -> Sent {
    let broken = |error: std::io::Error| Err(Unreadable { name: name.into(), why: format!("broken archive: {error}") });
    let opened = fs::File::open(path).and_then(zstd::stream::read::Decoder::new).and_then(|mut decoder| {
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        Ok(tar::Archive::new(decoder))
    });
    let mut archive = match opened {
        Ok(archive) => archive,
        Err(error) => return to.send(broken(error)),
    };
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return to.send(broken(error)),
    };
    for entry in entries {
        let read = entry.and_then(|mut entry| {
            let path = entry.path()?.to_string_lossy().into_owned();
            let hidden = path.split('/').any(|part| part.starts_with('.') && part != ".");
            if !entry.header().entry_type().is_file() || !path.ends_with(".json") || hidden {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            // An archive usually holds one folder of its own name.
            let path = path.trim_start_matches("./");
            let path = path.strip_prefix(name.rsplit('/').next().unwrap_or(name)).unwrap_or(path);
            Ok(Some(TestFile { name: format!("{name}/{}", path.trim_start_matches('/')), bytes }))
        });
        match read {
            Ok(Some(file)) => to.send(Ok(file))?,
            Ok(None) => {}
            // What follows a broken entry cannot be trusted.
            Err(error) => return to.send(broken(error)),
        }
    }
    Ok(())
}
