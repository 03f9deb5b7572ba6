//! Bytes of the database and of the pool's journal: every row of every table is read or refused, never misread.
//!
//! The first byte names the table, the second the length of the key; above the tables comes the journal.

use super::transaction::samples;
use bttc_storage::{TABLES, check_row};
use bttc_txpool::{read_journal, write_journal};

const JOURNAL: u8 = TABLES.len() as u8;

pub(super) fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let kind = kind % (JOURNAL + 1);
    if kind == JOURNAL {
        journal(bytes);
        return;
    }
    let Some((length, bytes)) = bytes.split_first() else { return };
    let (key, value) = bytes.split_at(bytes.len().min(usize::from(*length)));
    check_row(kind.into(), key, value);
}

fn journal(bytes: &[u8]) {
    let (transactions, left) = read_journal(bytes);
    let again = write_journal(&transactions);
    assert_eq!(bytes.get(..bytes.len() - left), Some(again.as_slice()), "a journal is not written as it is read");
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let row = |table: u8, key: usize, value: &[u8]| [&[table, key as u8], vec![1; key].as_slice(), value].concat();
    let mut seeds: Vec<_> = (0..JOURNAL)
        .flat_map(|table| {
            [row(table, 8, &[]), row(table, 32, &[0; 8]), row(table, 40, &[7; 40]), row(table, 72, &[0xc0])]
        })
        .collect();
    seeds.push([vec![JOURNAL], write_journal(&samples())].concat());
    seeds
}
