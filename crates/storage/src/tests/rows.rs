//! A transaction that writes reads every row, wherever it stands in the file.

use super::fixture::config;
use crate::{
    Storage,
    rows::Rows,
    tables::{AccountsHistory, LogTopics, Metadata, Table},
};
use alloy_primitives::{B256, keccak256};
use bttc_primitives::Fatal;
use signet_libmdbx::Rw;

/// Rows that one transaction adds to each table.
const LOT: u64 = 100;

fn count<T: Table>(rows: &Rows<'_, Rw>) -> Result<u64, Fatal> {
    let mut cursor = rows.cursor::<T>()?;
    let mut count = 0;
    let mut row = cursor.seek(&B256::ZERO)?;
    while let Some((key, _)) = row {
        assert!(rows.get::<T>(&key)?.is_some());
        count += 1;
        row = cursor.next()?;
    }
    Ok(count)
}

/// An empty value at the end of its page begins where the next page does, which may have been a part of a large row that is no more.
#[test]
fn empty_values_beside_what_large_rows_left() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::open(&config(dir.path())).unwrap();
    for lot in 0..40 {
        let mut tx = storage.write().unwrap();
        let rows = tx.rows();
        assert_eq!(count::<AccountsHistory>(&rows).unwrap(), lot * LOT);
        assert_eq!(count::<LogTopics>(&rows).unwrap(), lot * LOT);
        let (mut history, mut topics) =
            (rows.writer::<AccountsHistory>().unwrap(), rows.writer::<LogTopics>().unwrap());
        for n in lot * LOT..(lot + 1) * LOT {
            let key = (keccak256(n.to_be_bytes()), 1);
            history.put(&key, &None).unwrap();
            topics.put(&key, &()).unwrap();
        }
        let large = vec![0xff; 10_000 * (lot as usize + 1)];
        rows.writer::<Metadata>().unwrap().put(&"large".to_owned(), &large).unwrap();
        drop((history, topics));
        tx.commit().unwrap();
    }
}
