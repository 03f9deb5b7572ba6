//! Journal: local transactions survive a restart.
//!
//! An append-only file of records: length (4 bytes, little endian), the first 4 bytes of the keccak256 of the payload, and the payload, a
//! transaction as EIP-2718 encodes it. Senders are not kept: a file is no witness of a signature.
//!
//! A record is handed to the operating system before [`crate::Pool::add`] answers, so it survives the end of the process, SIGKILL included; it is not
//! synced to the disk, so a power cut may take the last ones. A rewrite (at opening, and once most records are of transactions long gone) goes to a
//! second file, is synced, and takes the place of the first in one step. Reading ends at the first record that is not whole.

use crate::PoolTransaction;
use alloy_eips::{Decodable2718, Encodable2718};
use alloy_primitives::keccak256;
use bttc_primitives::{Fatal, Transaction};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

const HEADER: usize = 8;
/// No rewrite below this many records: whoever hands in transactions waits for the sync of one. As many are checked at a start in a third of a second;
/// tests write fewer.
const REWRITE_FROM: usize = if cfg!(test) { 1_024 } else { 16_384 };

#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// End of the last whole record. Unit: bytes.
    length: u64,
    records: usize,
}

impl Journal {
    /// Reads every whole record of the file; none if there is no file.
    pub(crate) fn read(path: &Path) -> Result<Vec<Transaction>, Fatal> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fault("reading", path, error)),
        };
        let (transactions, rest) = records(&bytes);
        if !rest.is_empty() {
            tracing::warn!(path = %path.display(), bytes = rest.len(), "the end of the journal of local transactions is torn and was left out");
        }
        Ok(transactions)
    }

    /// Writes a new file with these transactions in the place of the one at `path`.
    pub(crate) fn write(path: &Path, transactions: &[Arc<PoolTransaction>]) -> Result<Self, Fatal> {
        Self::try_write(path, transactions).map_err(|error| fault("writing", path, error))
    }

    fn try_write(path: &Path, transactions: &[Arc<PoolTransaction>]) -> io::Result<Self> {
        let bytes = encode(transactions);
        let fresh = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { path: path.to_owned(), file, length: bytes.len() as u64, records: transactions.len() })
    }

    /// Adds records. A failure leaves the file as it was.
    pub(crate) fn append(&mut self, transactions: &[Arc<PoolTransaction>]) -> Result<(), Fatal> {
        let bytes = encode(transactions);
        if let Err(error) = self.file.write_all(&bytes) {
            // What was written of it must not stand before the next record.
            self.cut_back().map_err(|error| fault("cutting back", &self.path, error))?;
            return Err(fault("appending to", &self.path, error));
        }
        self.length += bytes.len() as u64;
        self.records += transactions.len();
        Ok(())
    }

    fn cut_back(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.length)).map(drop)
    }

    /// Whether most records are of transactions that are gone, given how many are not.
    pub(crate) fn is_stale(&self, live: usize) -> bool {
        self.records > REWRITE_FROM.max(live.saturating_mul(2))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn fault(doing: &str, path: &Path, error: io::Error) -> Fatal {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull => "; the disk is full: free some space and start again, nothing is lost",
        io::ErrorKind::PermissionDenied => "; give the user of the node the right to write there",
        io::ErrorKind::ReadOnlyFilesystem => "; mount the file system writable",
        _ => "",
    };
    Fatal::while_doing(format!("{doing} the journal of local transactions {}{remedy}", path.display()), error)
}

fn encode(transactions: &[Arc<PoolTransaction>]) -> Vec<u8> {
    encode_records(transactions.iter().map(|tx| tx.tx.inner()))
}

/// The file that holds these.
pub(crate) fn encode_records<'a>(transactions: impl IntoIterator<Item = &'a Transaction>) -> Vec<u8> {
    let mut out = Vec::new();
    for tx in transactions {
        let payload = tx.encoded_2718();
        out.extend((payload.len() as u32).to_le_bytes());
        out.extend(&keccak256(&payload)[..4]);
        out.extend(payload);
    }
    out
}

/// Every whole record from the start on, and what is left.
pub(crate) fn records(bytes: &[u8]) -> (Vec<Transaction>, &[u8]) {
    let mut rest = bytes;
    let mut transactions = Vec::new();
    while let Some((tx, after)) = first_record(rest) {
        transactions.push(tx);
        rest = after;
    }
    (transactions, rest)
}

fn first_record(bytes: &[u8]) -> Option<(Transaction, &[u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let (length, sum) = header.split_at_checked(4)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    let (payload, rest) = rest.split_at_checked(length)?;
    if keccak256(payload)[..4] != *sum {
        return None;
    }
    Some((Transaction::decode_2718_exact(payload).ok()?, rest))
}

/// Reads any bytes as a journal, for fuzzing; the answer is what was read and how many bytes were left out.
#[cfg(any(test, feature = "test-utils"))]
pub fn read_journal(bytes: &[u8]) -> (Vec<Transaction>, usize) {
    let (transactions, rest) = records(bytes);
    (transactions, rest.len())
}

/// The journal that holds these, for fuzzing.
#[cfg(any(test, feature = "test-utils"))]
pub fn write_journal(transactions: &[Transaction]) -> Vec<u8> {
    encode_records(transactions)
}
