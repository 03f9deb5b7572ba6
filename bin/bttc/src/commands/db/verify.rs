//! `bttc db verify`

use super::progress::Progress;
use bttc_storage::{Finding, Report, Storage};
use eyre::bail;
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Findings of one table that are printed; the rest is counted.
const PRINTED: u64 = 20;

pub(super) fn run(storage: &Storage, as_json: bool, out: &mut impl Write) -> eyre::Result<()> {
    let began = Instant::now();
    let printer = Printer {
        progress: Progress::new("checking"),
        as_json,
        told: Mutex::new(Told { lines: Vec::new(), counts: BTreeMap::new() }),
    };
    let result = bttc_chain::verify_store(storage, &printer);
    printer.progress.clear();
    let Told { lines, counts } = printer.told.into_inner().unwrap_or_else(PoisonError::into_inner);
    for line in lines {
        writeln!(out, "{line}")?;
    }
    let verified = result?;
    let seconds = began.elapsed().as_secs_f64();
    let gib = verified.bytes as f64 / f64::from(1u32 << 30);
    if as_json {
        let summary = json!({
            "height": verified.head, "rows": verified.rows, "bytes": verified.bytes, "seconds": seconds,
            "findings": verified.findings, "findings_by_table": counts,
        });
        writeln!(out, "{}", json!({ "summary": summary }))?;
    } else {
        for (table, count) in counts.iter().filter(|(_, count)| **count > PRINTED) {
            writeln!(out, "{table}: {} findings more", count.saturating_sub(PRINTED))?;
        }
        writeln!(
            out,
            "{} rows, {:.1} MiB, up to block {}: {} findings; {seconds:.1} s, {:.0} s per GiB",
            verified.rows,
            gib * 1024.0,
            verified.head,
            verified.findings,
            if gib > 0.0 { seconds / gib } else { 0.0 }
        )?;
    }
    match verified.findings {
        0 => Ok(()),
        findings => bail!(
            "the database at {} is damaged ({findings} findings); stop the node, and restore the data directory from a backup or sync anew",
            storage.path().display()
        ),
    }
}

struct Printer {
    progress: Progress,
    as_json: bool,
    told: Mutex<Told>,
}

struct Told {
    lines: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

impl Printer {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report for Printer {
    fn finding(&self, finding: Finding) {
        let Finding { table, key, what, remedy } = finding;
        let mut told = self.told();
        let count = told.counts.entry(table).or_default();
        *count = count.saturating_add(1);
        if *count > PRINTED && !self.as_json {
            return;
        }
        let line = if self.as_json {
            json!({ "table": table, "key": key, "what": what, "remedy": remedy }).to_string()
        } else {
            format!("{table} {key}: {what}; {remedy}")
        };
        told.lines.push(line);
    }

    fn progress(&self, done: u64, total: u64) {
        self.progress.show(done, total);
    }
}
