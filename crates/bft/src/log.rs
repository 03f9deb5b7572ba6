//! The write-ahead log on disk: what this node took in and signed for the height that is being decided.
//!
//! One file, begun anew at each height. It starts with a magic line; a record is its length (4 bytes, little endian), the first 8 bytes of
//! its keccak256, and its encoding. Opening stops at the first record that is not whole: what a crash tore off was never synced, so nothing
//! that left this node depended on it. Every failure is [`Fatal`]: without its log a validator must not sign.

use crate::record::Record;
use alloy_primitives::keccak256;
use bttc_primitives::Fatal;
use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

const MAGIC: &[u8; 16] = b"bttc bft log 01\n";
const NAME: &str = "consensus.log";
/// Length and checksum before each record. Unit: bytes.
const FRAME: usize = 12;

/// The open log. One owner.
#[derive(Debug)]
pub struct Log {
    file: File,
    folder: PathBuf,
    dirty: bool,
}

impl Log {
    /// Opens or creates the log in `folder` and reads what it holds.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Record>), Fatal> {
        fs::create_dir_all(folder).map_err(|error| failed("creating the folder of", folder, error))?;
        let path = folder.join(NAME);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| failed("opening", &path, error))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| failed("reading", &path, error))?;
        let mut log = Self { file, folder: folder.to_owned(), dirty: false };
        if bytes.len() < MAGIC.len() && MAGIC.starts_with(&bytes) {
            log.write_anew(&[])?;
            return Ok((log, Vec::new()));
        }
        let Some(frames) = bytes.strip_prefix(MAGIC) else {
            return Err(Fatal::new(format!(
                "{} is not a consensus log of this version; move it away only if this validator key has not signed since",
                path.display()
            )));
        };
        let (records, whole) = read_frames(frames, &path)?;
        let end = MAGIC.len().saturating_add(whole);
        if end < bytes.len() {
            tracing::warn!(path = %path.display(), bytes = bytes.len().saturating_sub(end), "dropped the torn end of the consensus log");
            log.cut(end)?;
        }
        log.file.seek(SeekFrom::Start(end as u64)).map_err(|error| failed("seeking in", &path, error))?;
        Ok((log, records))
    }

    /// Writes records; they are safe after [`Self::sync`].
    pub fn append(&mut self, records: &[Record]) -> Result<(), Fatal> {
        let mut bytes = Vec::new();
        records.iter().for_each(|record| frame(record, &mut bytes));
        self.dirty |= !bytes.is_empty();
        self.file.write_all(&bytes).map_err(|error| failed("writing", &self.path(), error))
    }

    /// Whether something was written that [`Self::sync`] has yet to make safe.
    pub const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Returns once everything written is on the disk.
    pub fn sync(&mut self) -> Result<(), Fatal> {
        if self.dirty {
            self.file.sync_data().map_err(|error| failed("syncing", &self.path(), error))?;
            self.dirty = false;
        }
        Ok(())
    }

    /// Begins a height: forgets everything but `keep`.
    pub fn restart(&mut self, keep: &[Record]) -> Result<(), Fatal> {
        if !keep.is_empty() {
            return self.write_anew(keep);
        }
        // Not synced: what a crash brings back belongs to a height that is over.
        self.cut(MAGIC.len())?;
        let end = SeekFrom::Start(MAGIC.len() as u64);
        self.file.seek(end).map(drop).map_err(|error| failed("seeking in", &self.path(), error))
    }

    fn cut(&mut self, len: usize) -> Result<(), Fatal> {
        self.dirty = true;
        self.file.set_len(len as u64).map_err(|error| failed("cutting", &self.path(), error))
    }

    /// Replaces the file as a whole, so that a crash leaves the old or the new one.
    fn write_anew(&mut self, records: &[Record]) -> Result<(), Fatal> {
        let (path, fresh) = (self.path(), self.folder.join(format!("{NAME}.new")));
        let mut bytes = MAGIC.to_vec();
        records.iter().for_each(|record| frame(record, &mut bytes));
        let write = || -> std::io::Result<File> {
            let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&fresh)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)?;
            File::open(&self.folder)?.sync_all()?;
            Ok(file)
        };
        self.file = write().map_err(|error| failed("writing anew", &path, error))?;
        self.dirty = false;
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }
}

fn failed(doing: &str, path: &Path, error: std::io::Error) -> Fatal {
    Fatal::while_doing(format!("{doing} the consensus log {}", path.display()), error)
}

fn frame(record: &Record, out: &mut Vec<u8>) {
    let body = record.encode();
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_le_bytes());
    out.extend(keccak256(&body).iter().take(8));
    out.extend_from_slice(&body);
}

/// The whole records from the start, and how many bytes they take.
fn read_frames(bytes: &[u8], path: &Path) -> Result<(Vec<Record>, usize), Fatal> {
    let (mut records, mut rest) = (Vec::new(), bytes);
    while let Some((head, tail)) = rest.split_at_checked(FRAME) {
        let (len, sum) = head.split_at(4);
        let len = len.try_into().map_or(usize::MAX, |len| u32::from_le_bytes(len) as usize);
        let Some((body, after)) = tail.split_at_checked(len) else { break };
        if keccak256(body).get(..8) != Some(sum) {
            break;
        }
        let record = Record::decode(body).map_err(|error| {
            Fatal::while_doing(format!("reading a whole record of the consensus log {}", path.display()), error)
        })?;
        records.push(record);
        rest = after;
    }
    Ok((records, bytes.len().saturating_sub(rest.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::TimeoutRecord;

    fn record(height: u64) -> Record {
        Record::Timeout(TimeoutRecord { height, round: 2, step: 1 })
    }

    fn write(folder: &Path, records: &[Record]) {
        let (mut log, _) = Log::open(folder).unwrap();
        log.append(records).unwrap();
        log.sync().unwrap();
    }

    #[test]
    fn records_are_there_after_reopening_and_gone_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Log::open(folder.path()).unwrap().1.is_empty());
        write(folder.path(), &[record(1), record(2)]);
        write(folder.path(), &[record(3)]);
        let (mut log, records) = Log::open(folder.path()).unwrap();
        assert_eq!(records, [record(1), record(2), record(3)]);
        log.restart(&[]).unwrap();
        log.append(&[record(4)]).unwrap();
        drop(log);
        let (mut log, records) = Log::open(folder.path()).unwrap();
        assert_eq!(records, [record(4)]);
        log.restart(&[record(9)]).unwrap();
        log.append(&[record(5)]).unwrap();
        assert_eq!(Log::open(folder.path()).unwrap().1, [record(9), record(5)]);
    }

    /// Wherever a crash cuts the file, the whole records before the cut are read and new ones go after them.
    #[test]
    fn a_torn_end_is_dropped_at_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[record(1), record(2), record(3)]);
        let path = folder.path().join(NAME);
        let whole = fs::read(&path).unwrap();
        let mut bounds = vec![MAGIC.len()];
        for height in 1..=3 {
            bounds.push(bounds.last().unwrap() + FRAME + record(height).encode().len());
        }
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            let expected = bounds.iter().filter(|end| **end <= len).count().saturating_sub(1);
            let (mut log, records) = Log::open(folder.path()).unwrap();
            assert_eq!(records.len(), expected, "cut at {len}");
            log.append(&[record(7)]).unwrap();
            drop(log);
            let records = Log::open(folder.path()).unwrap().1;
            assert_eq!(records.len(), expected + 1);
            assert_eq!(records.last(), Some(&record(7)));
        }
    }

    #[test]
    fn a_changed_byte_ends_the_log_there_and_a_foreign_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[record(1), record(2)]);
        let path = folder.path().join(NAME);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(Log::open(folder.path()).unwrap().1, [record(1)]);
        fs::write(&path, b"something else altogether").unwrap();
        assert!(Log::open(folder.path()).unwrap_err().to_string().contains("not a consensus log"));
    }
}
