//! Counts cases and tells failures.

use crate::case::{CaseId, Verdict};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What has been run so far; shared by all threads.
#[derive(Debug, Default)]
pub(crate) struct Report {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    counts: BTreeMap<(String, String), Counts>,
    failures: BTreeMap<CaseId, String>,
    skips: BTreeMap<String, usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that holds the lock can panic half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in how a case ended.
    pub(crate) fn add(&self, id: CaseId, verdict: Verdict) {
        let mut inner = self.lock();
        let counts = inner.counts.entry((id.group.clone(), id.fork.clone())).or_default();
        match verdict {
            Verdict::Passed => counts.passed += 1,
            Verdict::Failed(why) => {
                counts.failed += 1;
                inner.failures.insert(id, why);
            }
            Verdict::Skipped(reason) => {
                counts.skipped += 1;
                *inner.skips.entry(reason).or_default() += 1;
            }
        }
    }

    /// Takes in something that could not be read.
    pub(crate) fn unreadable(&self, what: &crate::source::Unreadable) {
        let id = CaseId {
            group: "unreadable".into(),
            file: what.name.clone(),
            test: "-".into(),
            fork: "-".into(),
            index: 0,
        };
        self.add(id, Verdict::Failed(what.why.clone()));
    }

    fn total(inner: &Inner) -> Counts {
        inner.counts.values().fold(Counts::default(), |sum, counts| Counts {
            passed: sum.passed + counts.passed,
            failed: sum.failed + counts.failed,
            skipped: sum.skipped + counts.skipped,
        })
    }

    /// Whether something ran and nothing failed.
    pub(crate) fn is_good(&self) -> bool {
        let total = Self::total(&self.lock());
        total.failed == 0 && total.passed > 0
    }

    /// Failures one a line, then the table, then the sums.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let inner = self.lock();
        for (id, why) in &inner.failures {
            let why = why.replace('\n', " ");
            writeln!(out, "FAILED {} {} {} {}: {why}", id.file, id.test, id.fork, id.index)?;
        }
        for (reason, count) in &inner.skips {
            writeln!(out, "skipped {count}: {reason}")?;
        }
        writeln!(out, "{:<44} {:<26} {:>8} {:>8} {:>8}", "folder", "fork", "passed", "failed", "skipped")?;
        for ((group, fork), counts) in &inner.counts {
            let Counts { passed, failed, skipped } = counts;
            writeln!(out, "{group:<44} {fork:<26} {passed:>8} {failed:>8} {skipped:>8}")?;
        }
        let Counts { passed, failed, skipped } = Self::total(&inner);
        if passed + failed == 0 {
            writeln!(out, "nothing ran: give a folder that holds test files (.json) or archives (.tar.zst)")?;
        }
        writeln!(out, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}
