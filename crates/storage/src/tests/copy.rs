//! Backups and compaction: the same rows, in a place of their own or in the old one.

use super::fixture::{Op, TestChain, config, log};
use crate::{OpenError, Storage, compact, rows::RawRow, tables::NAMES};
use signet_libmdbx::tx::aliases::RoTxUnsync;
use std::{fs, path::Path};

type Row = (Vec<u8>, Vec<u8>);

/// Every row of every table.
fn all_rows(storage: &Storage) -> Vec<Vec<Row>> {
    let shared = storage.shared();
    let tx: RoTxUnsync = shared.env.begin_ro_unsync().unwrap();
    let rows = |handle| {
        let mut cursor = tx.cursor(handle).unwrap();
        let mut rows = Vec::new();
        let mut row: RawRow<'_> = cursor.first().unwrap();
        while let Some((key, value)) = row {
            rows.push((key.into_owned(), value.into_owned()));
            row = cursor.next().unwrap();
        }
        rows
    };
    shared.handles.0.into_iter().map(rows).collect()
}

fn chain() -> TestChain {
    let mut chain = TestChain::new(&[Op::Balance(1, 1), Op::Code(2, 3)]);
    for n in 1..20u8 {
        chain.add(&[Op::Balance(n, 5), Op::Slot(2, n, u64::from(n))], &[vec![log(n, Some(n))]]);
    }
    chain
}

fn backup(storage: &Storage, target: &Path) -> Result<crate::Copied, OpenError> {
    storage.backup(&config(storage.path()), target, &mut |done, total| assert!(done <= total))
}

#[test]
fn a_backup_holds_every_row_and_opens_on_its_own() {
    let mut chain = chain();
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("backup");
    let rows = all_rows(&chain.storage);
    let copied = backup(&chain.storage, &target).unwrap();
    assert_eq!(copied.rows, rows.iter().map(|rows| rows.len() as u64).sum::<u64>());
    // The database goes on, the backup stays.
    chain.add(&[Op::Balance(1, 9)], &[]);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    let names: Vec<_> = fs::read_dir(target.join("db")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["mdbx.dat"]);
    let copy = Storage::open(&config(&target.join("db"))).unwrap();
    assert_eq!(all_rows(&copy).len(), NAMES.len());
    assert!(all_rows(&copy) == rows);
    assert_eq!(copy.identity().unwrap(), chain.storage.identity().unwrap());
}

#[test]
fn a_backup_never_goes_where_something_is() {
    let chain = chain();
    let place = tempfile::tempdir().unwrap();
    let (full, file) = (place.path().join("full"), place.path().join("file"));
    fs::create_dir(&full).unwrap();
    fs::write(full.join("mine"), b"1").unwrap();
    fs::write(&file, b"1").unwrap();
    for (target, why) in [(&full, "not empty"), (&file, "not a directory")] {
        let text = backup(&chain.storage, target).unwrap_err().to_string();
        assert!(text.contains(why) && text.contains("choose"), "{text}");
    }
    assert_eq!(fs::read(full.join("mine")).unwrap(), b"1");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
    // An empty directory will do, and so will what an interrupted backup left beside.
    let empty = place.path().join("empty");
    fs::create_dir(&empty).unwrap();
    fs::create_dir_all(place.path().join(".empty.partial/db")).unwrap();
    fs::write(place.path().join(".empty.partial/db/mdbx.dat"), vec![7; 9_000]).unwrap();
    backup(&chain.storage, &empty).unwrap();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3);
    assert!(all_rows(&Storage::open_read_only(&config(&empty.join("db"))).unwrap()) == all_rows(&chain.storage));
}

#[test]
fn compaction_keeps_every_row_and_gives_space_back() {
    let chain = chain();
    for n in 0..2u8 {
        let mut write = chain.storage.write().unwrap();
        write.put_meta("big", &vec![n; if n == 0 { 4 << 20 } else { 1 }]).unwrap();
        write.commit().unwrap();
    }
    let config = config(chain.dir.path());
    let text = compact(&config, &mut |_, _| {}).unwrap_err().to_string();
    assert!(text.contains("in use"), "{text}");
    let rows = all_rows(&chain.storage);
    let TestChain { storage, dir, .. } = chain;
    drop(storage);
    {
        let reader = Storage::open_read_only(&config).unwrap();
        let text = compact(&config, &mut |_, _| {}).unwrap_err().to_string();
        assert!(text.contains("in use"), "{text}");
        assert!(all_rows(&reader) == rows);
    }
    let copied = compact(&config, &mut |_, _| {}).unwrap();
    assert!(copied.after + (2 << 20) < copied.before, "{copied:?}");
    assert!(!dir.path().join("compact.partial").exists());
    let storage = Storage::open(&config).unwrap();
    assert!(all_rows(&storage) == rows);
    let mut write = storage.write().unwrap();
    write.put_meta("after", b"1").unwrap();
    write.commit().unwrap();
}

#[test]
fn what_a_stopped_compaction_left_goes_at_the_next_start() {
    let TestChain { storage, dir, .. } = chain();
    let rows = all_rows(&storage);
    drop(storage);
    let left = dir.path().join("compact.partial");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("mdbx.dat"), vec![1; 100_000]).unwrap();
    let storage = Storage::open(&config(dir.path())).unwrap();
    assert!(!left.exists());
    assert!(all_rows(&storage) == rows);
}
