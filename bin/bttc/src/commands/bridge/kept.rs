//! Transactions for root chains on disk, from before they are handed out until their end was told.
//!
//! A file says: this may still happen, or did happen and nobody was told. So whoever finds one goes on with it and never makes another.

use alloy_primitives::{Address, keccak256};
use bttc_bridge::root::{Attempt, RootChainId};
use eyre::{WrapErr, bail};
use std::{
    fs,
    io::Write,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

const OWNER_ONLY_DIR: u32 = 0o700;

/// The directory with a file for each.
#[derive(Debug)]
pub(super) struct Kept {
    dir: PathBuf,
}

impl Kept {
    /// Beside the keystore.
    pub(super) fn open() -> eyre::Result<Self> {
        let home = bttc_node::default_data_home().wrap_err("transactions for root chains are kept on disk")?;
        Ok(Self::at(home.join("bridge")))
    }

    fn at(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn path(&self, root: RootChainId, from: Address, intent: &str) -> PathBuf {
        let name = alloy_primitives::hex::encode(keccak256(format!("{root} {from} {intent}")).split_at(12).0);
        self.dir.join(format!("{name}.json"))
    }

    /// What was kept for this intent; none if nothing was, or its end was told.
    ///
    /// Errors: the file cannot be read, or holds something else.
    pub(super) fn find(&self, root: RootChainId, from: Address, intent: &str) -> eyre::Result<Option<Attempt>> {
        let path = self.path(root, from, intent);
        match read(&path)? {
            Some(attempt) if (attempt.root, attempt.from, &*attempt.intent) != (root, from, intent) => {
                bail!("{} is for {}, not for {intent}; was it renamed?", path.display(), attempt.intent)
            }
            found => Ok(found),
        }
    }

    /// All of an account on a root chain.
    pub(super) fn all(&self, root: RootChainId, from: Address) -> eyre::Result<Vec<Attempt>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).wrap_err_with(|| format!("cannot read {}", self.dir.display())),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.wrap_err_with(|| format!("cannot read {}", self.dir.display()))?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                found.extend(read(&path)?.filter(|attempt| (attempt.root, attempt.from) == (root, from)));
            }
        }
        Ok(found)
    }

    /// Writes one, whole or not at all; on disk on return. The first of an intent must not find another.
    pub(super) fn keep(&self, attempt: &Attempt, first: bool) -> eyre::Result<()> {
        let path = self.path(attempt.root, attempt.from, &attempt.intent);
        let shown = path.display();
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(OWNER_ONLY_DIR).create(&self.dir);
        made.wrap_err_with(|| format!("cannot make the directory {}", self.dir.display()))?;
        let mut draft = tempfile::NamedTempFile::new_in(&self.dir).wrap_err_with(|| format!("cannot write {shown}"))?;
        draft.write_all(&serde_json::to_vec_pretty(attempt)?).wrap_err_with(|| format!("cannot write {shown}"))?;
        draft.as_file().sync_all().wrap_err_with(|| format!("cannot write {shown}"))?;
        let placed = if first { draft.persist_noclobber(&path).map(drop) } else { draft.persist(&path).map(drop) };
        placed.map_err(|error| error.error).wrap_err_with(|| {
            format!("cannot write {shown}; does another command do the same at this moment? Nothing was sent")
        })?;
        sync(&self.dir)
    }

    /// Its end was told.
    pub(super) fn forget(&self, attempt: &Attempt) -> eyre::Result<()> {
        let path = self.path(attempt.root, attempt.from, &attempt.intent);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).wrap_err_with(|| format!("cannot remove {}", path.display()))
            }
            _ => sync(&self.dir),
        }
    }
}

fn read(path: &Path) -> eyre::Result<Option<Attempt>> {
    let shown = path.display();
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).wrap_err_with(|| {
            format!("{shown} holds no transaction; look at the account on the root chain before you remove it")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).wrap_err_with(|| format!("cannot read {shown}")),
    }
}

fn sync(dir: &Path) -> eyre::Result<()> {
    fs::File::open(dir).and_then(|dir| dir.sync_all()).wrap_err_with(|| format!("cannot write {}", dir.display()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_primitives::{B256, Bytes};
    use bttc_bridge::root::{RootKind, Slot, Version, VersionFee};

    #[test]
    fn what_is_kept_is_found_by_its_intent_until_its_end_was_told() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept::at(dir.path().join("bridge"));
        let root = RootChainId { kind: RootKind::Tron, chain_id: 7 };
        let from = Address::repeat_byte(1);
        let version = Version {
            id: B256::repeat_byte(2),
            bytes: Bytes::from_static(&[1, 2, 3]),
            fee: VersionFee::Limit { fee_limit: 5, bandwidth: 6 },
        };
        let mut attempt = Attempt {
            root,
            intent: "exit/7".to_owned(),
            from,
            slot: Slot::Expires(9),
            version,
            earlier: Vec::new(),
            creates: None,
        };
        assert_eq!(kept.find(root, from, "exit/7").unwrap(), None);
        assert!(kept.all(root, from).unwrap().is_empty());
        kept.keep(&attempt, true).unwrap();
        assert_eq!(kept.find(root, from, "exit/7").unwrap().as_ref(), Some(&attempt));
        let twice = kept.keep(&attempt, true).unwrap_err().to_string();
        assert!(twice.contains("another command"), "{twice}");
        attempt.slot = Slot::Expires(10);
        kept.keep(&attempt, false).unwrap();
        assert_eq!(kept.all(root, from).unwrap(), [attempt.clone()]);
        assert_eq!(kept.find(root, from, "exit/8").unwrap(), None);
        assert!(kept.all(root, Address::ZERO).unwrap().is_empty());
        fs::copy(kept.path(root, from, "exit/7"), kept.path(root, from, "exit/8")).unwrap();
        assert!(kept.find(root, from, "exit/8").unwrap_err().to_string().contains("renamed"));
        fs::write(kept.path(root, from, "exit/8"), "{").unwrap();
        assert!(kept.find(root, from, "exit/8").unwrap_err().to_string().contains("before you remove it"));
        fs::remove_file(kept.path(root, from, "exit/8")).unwrap();
        kept.forget(&attempt).unwrap();
        kept.forget(&attempt).unwrap();
        assert!(kept.all(root, from).unwrap().is_empty());
    }
}
