//! Snapshots in directories: a file a chunk, and the manifest last, so that a directory with a manifest is whole.

use super::{ChunkId, ChunkSource, InvalidSnapshot, MAX_MANIFEST_BYTES, Manifest};
use bttc_primitives::{Fatal, Height};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

const MANIFEST: &str = "manifest";
/// No chunk's file is larger. Unit: bytes.
const MAX_FILE_BYTES: u64 = 32 << 20;

/// A directory that holds a snapshot, or will.
#[derive(Clone, Debug)]
pub struct SnapshotDir {
    path: PathBuf,
}

impl SnapshotDir {
    /// The directory at `path`, whatever is in it.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory.
    ///
    /// Errors: it cannot be made, or something is in it.
    pub(super) fn create(&self) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        match fs::read_dir(&self.path)?.next() {
            None => Ok(()),
            Some(_) => Err(io::Error::new(ErrorKind::AlreadyExists, "it is not empty")),
        }
    }

    pub(super) fn write_chunk(&self, id: ChunkId, bytes: &[u8]) -> io::Result<()> {
        fs::write(self.path.join(id.to_string()), bytes)
    }

    /// Writes the manifest: after this the snapshot is whole, and on disk.
    pub(super) fn write_manifest(&self, manifest: &Manifest) -> io::Result<()> {
        for id in manifest.chunks() {
            File::open(self.path.join(id.to_string()))?.sync_all()?;
        }
        let partial = self.path.join("manifest.partial");
        let mut file = File::create(&partial)?;
        file.write_all(&manifest.encode())?;
        file.sync_all()?;
        fs::rename(partial, self.path.join(MANIFEST))?;
        File::open(&self.path)?.sync_all()
    }

    /// The manifest's bytes; none if the directory has none.
    pub fn manifest_bytes(&self) -> Result<Option<Vec<u8>>, Fatal> {
        self.file(MANIFEST, MAX_MANIFEST_BYTES as u64)
    }

    fn file(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Fatal> {
        let path = self.path.join(name);
        let read = |path: &Path| -> io::Result<Option<Vec<u8>>> {
            let file = match File::open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            let mut bytes = Vec::new();
            // One byte more than allowed, so that what is too large is refused and not cut.
            file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        };
        read(&path).map_err(|error| Fatal::while_doing(format!("reading {}", path.display()), error))
    }
}

impl ChunkSource for SnapshotDir {
    fn manifest(&self) -> Result<Option<Vec<u8>>, Fatal> {
        self.manifest_bytes()
    }

    fn chunk(&self, id: ChunkId) -> Result<Option<Vec<u8>>, Fatal> {
        self.file(&id.to_string(), MAX_FILE_BYTES)
    }
}

/// The last few snapshots of a node, each in a directory named by its height.
#[derive(Clone, Debug)]
pub struct Shelf {
    path: PathBuf,
    keep: usize,
}

impl Shelf {
    /// The shelf at `path`, on which `keep` snapshots stay.
    pub fn new(path: impl Into<PathBuf>, keep: usize) -> Self {
        Self { path: path.into(), keep: keep.max(1) }
    }

    /// Where the snapshot of a height is made: beside the shelf's whole ones, and empty.
    pub(super) fn begin(&self, height: Height) -> io::Result<SnapshotDir> {
        let path = self.path.join(format!("{height}.partial"));
        remove(&path)?;
        Ok(SnapshotDir::new(path))
    }

    /// Puts a whole snapshot on the shelf and takes the oldest off.
    pub(super) fn put(&self, height: Height, made: &SnapshotDir) -> Result<(), Fatal> {
        let place = self.place(height);
        let put = || -> io::Result<()> {
            remove(&place)?;
            fs::rename(made.path(), &place)
        };
        put().map_err(|error| Fatal::while_doing(format!("keeping a snapshot in {}", place.display()), error))?;
        let heights = self.heights()?;
        let surplus = heights.len().saturating_sub(self.keep);
        for old in heights.into_iter().take(surplus) {
            let path = self.place(old);
            remove(&path).map_err(|error| Fatal::while_doing(format!("removing {}", path.display()), error))?;
        }
        Ok(())
    }

    /// Heights of the snapshots that are whole, ascending.
    pub fn heights(&self) -> Result<Vec<Height>, Fatal> {
        let reading = |error| Fatal::while_doing(format!("reading {}", self.path.display()), error);
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(reading)?,
        };
        let mut heights = Vec::new();
        for entry in entries {
            let name = entry.map_err(reading)?.file_name();
            let height = name.to_str().and_then(|name| name.parse().ok());
            heights.extend(height.filter(|height| self.at(*height).is_some()));
        }
        heights.sort_unstable();
        Ok(heights)
    }

    /// The snapshot at a height, whose chunks it gives by their names.
    pub fn at(&self, height: Height) -> Option<SnapshotDir> {
        let dir = SnapshotDir::new(self.place(height));
        dir.path().join(MANIFEST).is_file().then_some(dir)
    }

    fn place(&self, height: Height) -> PathBuf {
        self.path.join(height.to_string())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A manifest from a source, or why there is none.
pub(super) fn read_manifest(source: &impl ChunkSource) -> Result<Result<Manifest, InvalidSnapshot>, Fatal> {
    let missing =
        || InvalidSnapshot::Encoding("there is none: the snapshot is not whole, or the place is wrong".to_owned());
    Ok(source.manifest()?.ok_or_else(missing).and_then(|bytes| Manifest::decode(&bytes)))
}
