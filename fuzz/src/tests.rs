//! Replay of what is kept, and proof that the seeds get deep.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::targets::{TARGETS, Target};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn kept(folder: &str, target: &Target) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target.name);
    let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    for seed in (target.seeds)() {
        (target.run)(&seed);
    }
    let corpus = kept("corpus", target);
    assert!(!corpus.is_empty(), "the corpus of {name} is kept in fuzz/corpus/{name}");
    for path in corpus.iter().chain(&kept("regressions", target)) {
        let bytes = fs::read(path).unwrap();
        assert!(std::panic::catch_unwind(|| (target.run)(&bytes)).is_ok(), "{} fails", path.display());
    }
}

macro_rules! replays {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*
    };
}

replays!(block, transaction, rpc, storage, pool, genesis, peer, machine, roots, relayer, trie);

/// For `fuzz/run`: writes the seeds to the folder that the variable names.
#[test]
fn seeds_are_written_where_asked() {
    let dir = tempfile::tempdir().unwrap();
    let place = std::env::var_os("BTTC_FUZZ_SEEDS").map_or_else(|| dir.path().to_owned(), PathBuf::from);
    for target in TARGETS {
        let folder = place.join(target.name);
        fs::create_dir_all(&folder).unwrap();
        for (at, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{at:02}")), seed).unwrap();
        }
        assert!(fs::read_dir(&folder).unwrap().count() >= 3);
    }
}
