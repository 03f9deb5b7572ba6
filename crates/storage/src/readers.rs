//! Open read transactions: who keeps old pages alive.
//!
//! MDBX cannot reuse pages freed after the oldest snapshot that somebody still reads, so a reader that stays makes the file grow with
//! every block. Readers are short by contract (a request, with a deadline); here is how one that is not becomes visible: the age of the
//! oldest is a metric, a warning names it once, and MDBX itself reports when the file grows because of one.

use signet_libmdbx::{ffi, sys::HandleSlowReadersReturnCode};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A reader this many commits behind holds more than blocks that are just being read. Unit: commits.
const SLOW_COMMITS: std::ffi::c_uint = 64;

/// From this age on a reader is warned about.
const OLD: Duration = Duration::from_secs(60);

/// Read transactions of this process that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readers(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    since: BTreeMap<u64, Instant>,
    warned: Option<u64>,
}

impl Readers {
    /// Notes a reader until the answer is dropped.
    pub(crate) fn enter(&self) -> ReaderGuard {
        let mut open = self.open();
        let id = open.next;
        open.next = id.wrapping_add(1);
        open.since.insert(id, Instant::now());
        ReaderGuard { readers: self.clone(), id }
    }

    /// Number of readers and age of the oldest; warns of an old one, once.
    pub(crate) fn check(&self) -> (usize, Duration) {
        let mut open = self.open();
        let Some((id, since)) = open.since.first_key_value().map(|(id, since)| (*id, *since)) else {
            return (0, Duration::ZERO);
        };
        let age = since.elapsed();
        if age > OLD && open.warned != Some(id) {
            open.warned = Some(id);
            tracing::warn!(
                seconds = age.as_secs(),
                "a reader holds an old state of the database; the file grows until it ends"
            );
        }
        (open.since.len(), age)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open read transaction.
#[derive(Debug)]
pub(crate) struct ReaderGuard {
    readers: Readers,
    id: u64,
}

impl Drop for ReaderGuard {
    fn drop(&mut self) {
        self.readers.open().since.remove(&self.id);
    }
}

/// Called by MDBX when the file must grow, or is full, because a reader holds `laggard`; the reader is left alone.
pub(crate) extern "C" fn on_slow_reader(
    _env: *const ffi::MDBX_env,
    _txn: *const ffi::MDBX_txn,
    pid: ffi::mdbx_pid_t,
    _tid: ffi::mdbx_tid_t,
    laggard: u64,
    gap: std::ffi::c_uint,
    space: usize,
    retry: std::ffi::c_int,
) -> HandleSlowReadersReturnCode {
    if retry == 0 && gap >= SLOW_COMMITS {
        metrics::counter!("bttc_storage_slow_readers_total").increment(1);
        tracing::warn!(
            pid = pid as u64,
            snapshot = laggard,
            commits_behind = gap,
            bytes_held = space,
            "the database grows because a reader holds an old state"
        );
    }
    HandleSlowReadersReturnCode::ProceedWithoutKillingReader
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_counted_while_they_live() {
        let readers = Readers::default();
        assert_eq!(readers.check(), (0, Duration::ZERO));
        let first = readers.enter();
        let second = readers.enter();
        assert_eq!(readers.check().0, 2);
        drop(first);
        assert_eq!(readers.check().0, 1);
        drop(second);
        assert_eq!(readers.check().0, 0);
    }
}
