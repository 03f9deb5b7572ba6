//! What cannot be opened, and that refusing changes nothing.

use super::fixture::{Op, TestChain, config};
use crate::{
    OpenError, Storage, StorageConfig,
    open::FORMAT_KEY,
    tables::{FORMAT_VERSION, Metadata},
};
use alloy_primitives::{B256, keccak256};
use signet_libmdbx::{DatabaseFlags, Environment, WriteFlags};
use std::{fs, path::Path};

/// The refusal of a directory, which must name it and say what to do.
fn refusal(result: Result<Storage, OpenError>, path: &Path) -> String {
    let error = result.err().unwrap();
    assert!(matches!(error, OpenError::InvalidDatadir { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()), "{text}");
    text
}

fn data_file(path: &Path) -> B256 {
    keccak256(fs::read(path.join("mdbx.dat")).unwrap())
}

#[test]
fn a_second_opening_is_refused_until_the_first_ends() {
    let chain = TestChain::new(&[Op::Balance(1, 1)]);
    let path = chain.dir.path();
    let text = refusal(Storage::open(&config(path)), path);
    assert!(text.contains(&format!("in use by process {}", std::process::id())), "{text}");
    let clone = chain.storage.clone();
    let read = chain.read();
    let TestChain { storage, dir, .. } = chain;
    drop(storage);
    assert!(Storage::open(&config(dir.path())).is_err());
    drop(clone);
    assert!(Storage::open(&config(dir.path())).is_err());
    drop(read);
    assert!(Storage::open(&config(dir.path())).is_ok());
}

#[test]
fn another_format_is_refused_untouched() {
    for format in [FORMAT_VERSION + 1, 0] {
        let chain = TestChain::new(&[Op::Balance(1, 1)]);
        let mut write = chain.storage.write().unwrap();
        let mut table = write.rows().writer::<Metadata>().unwrap();
        table.put(&FORMAT_KEY.to_owned(), &format.to_be_bytes().to_vec()).unwrap();
        drop(table);
        write.commit().unwrap();
        let TestChain { storage, dir, .. } = chain;
        drop(storage);
        let before = data_file(dir.path());
        for result in [Storage::open(&config(dir.path())), Storage::open_read_only(&config(dir.path()))] {
            let text = refusal(result, dir.path());
            assert!(text.contains(&format!("its format is {format}")), "{text}");
        }
        assert_eq!(data_file(dir.path()), before);
    }
}

#[test]
fn another_genesis_is_refused_by_both_names() {
    let chain = TestChain::new(&[Op::Balance(1, 1)]);
    let identity = chain.storage.identity().unwrap().unwrap();
    chain.storage.check_identity(990_992, identity.genesis_hash).unwrap();
    let asked = B256::repeat_byte(9);
    for (id, hash) in [(990_992, asked), (1, identity.genesis_hash)] {
        let error = chain.storage.check_identity(id, hash).unwrap_err();
        assert!(matches!(error, OpenError::WrongGenesis { .. }));
        let text = error.to_string();
        for part in [identity.genesis_hash.to_string(), hash.to_string(), "--datadir".into(), "--chain".into()] {
            assert!(text.contains(&part), "{text}");
        }
    }
}

#[test]
fn an_empty_database_has_no_identity() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(&config(dir.path())).unwrap();
    assert_eq!(storage.identity().unwrap(), None);
    assert!(storage.check_identity(1, B256::ZERO).is_err());
    assert_eq!(storage.read().unwrap().head().unwrap(), None);
    assert!(storage.read().unwrap().state_at(0).unwrap().is_none());
}

#[test]
fn a_file_in_place_of_a_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"mine").unwrap();
    let text = refusal(Storage::open(&config(&file)), &file);
    assert!(text.contains("not a directory"), "{text}");
    let below = file.join("db");
    refusal(Storage::open(&config(&below)), &below);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_file_that_is_no_database_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    for (size, byte) in [(10, 1u8), (70_000, 0xee), (1 << 20, 0)] {
        fs::write(dir.path().join("mdbx.dat"), vec![byte; size]).unwrap();
        let before = data_file(dir.path());
        let text = refusal(Storage::open(&config(dir.path())), dir.path());
        assert!(text.contains("mdbx.dat"), "{text}");
        assert_eq!(data_file(dir.path()), before);
    }
}

#[test]
fn a_foreign_database_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let env = Environment::builder().set_max_dbs(4).open(dir.path()).unwrap();
    let tx = env.begin_rw_unsync().unwrap();
    let table = tx.create_db(Some("theirs"), DatabaseFlags::empty()).unwrap();
    tx.put(table, b"key", b"value", WriteFlags::empty()).unwrap();
    tx.commit().unwrap();
    drop(env);
    let before = data_file(dir.path());
    let text = refusal(Storage::open(&config(dir.path())), dir.path());
    assert!(text.contains("did not make"), "{text}");
    assert_eq!(data_file(dir.path()), before);
}

#[test]
fn reading_only_needs_a_database_and_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    refusal(Storage::open_read_only(&config(dir.path())), dir.path());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let chain = TestChain::new(&[Op::Balance(1, 1)]);
    let TestChain { storage, dir, .. } = chain;
    drop(storage);
    let storage = Storage::open_read_only(&config(dir.path())).unwrap();
    assert_eq!(storage.read().unwrap().head().unwrap().unwrap().height(), 0);
    assert_eq!(storage.stats().unwrap().iter().find(|table| table.name == "Headers").unwrap().entries, 1);
    assert!(storage.write().is_err());
}

/// A database that was there and is not must never pass for a new one.
#[test]
fn a_lost_or_emptied_file_is_no_new_database() {
    let TestChain { storage, dir, .. } = TestChain::new(&[Op::Balance(1, 1)]);
    drop(storage);
    let file = dir.path().join("mdbx.dat");
    let bytes = fs::read(&file).unwrap();
    for damage in [|file: &Path| fs::write(file, b"").unwrap(), |file: &Path| fs::remove_file(file).unwrap()] {
        damage(&file);
        let text = refusal(Storage::open(&config(dir.path())), dir.path());
        assert!(text.contains("gone or empty") && text.contains("backup"), "{text}");
    }
    fs::write(&file, bytes).unwrap();
    Storage::open(&config(dir.path())).unwrap();
}

/// MDBX would go by the roots of an older commit.
#[test]
fn a_damaged_meta_page_is_refused_untouched() {
    let TestChain { storage, dir, .. } = TestChain::new(&[Op::Balance(1, 1)]);
    drop(storage);
    let file = dir.path().join("mdbx.dat");
    let whole = fs::read(&file).unwrap();
    for page in 0..3 {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..4096].fill(0);
        fs::write(&file, &damaged).unwrap();
        for result in [Storage::open(&config(dir.path())), Storage::open_read_only(&config(dir.path()))] {
            let text = refusal(result, dir.path());
            assert!(text.contains("damaged") && text.contains("copy"), "{text}");
        }
        assert_eq!(fs::read(&file).unwrap(), damaged);
    }
    fs::write(&file, whole).unwrap();
    Storage::open(&config(dir.path())).unwrap();
}

#[test]
fn a_size_out_of_bounds_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for max_size_gib in [0, 8193, u64::MAX] {
        let config = StorageConfig { max_size_gib, ..config(dir.path()) };
        assert!(refusal(Storage::open(&config), dir.path()).contains("max_size_gib"));
    }
    let config = StorageConfig { max_size_gib: 8192, ..config(dir.path()) };
    Storage::open(&config).unwrap();
}

#[test]
#[cfg(unix)]
fn a_directory_without_the_right_to_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(dir.path().join("probe"), b"").is_ok() {
        // The superuser may write anywhere: the case does not exist for it.
        assert!(Storage::open(&config(dir.path())).is_ok());
        return;
    }
    let text = refusal(Storage::open(&config(dir.path())), dir.path());
    assert!(text.contains("right to write"), "{text}");
}
