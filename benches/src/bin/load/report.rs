//! What the harness prints.

use bttc_benches::load::{Paced, Round, Workload};
use eyre::Result;
use serde_json::{Value, json};
use std::io::Write;

/// One node under one workload.
pub(crate) struct Row {
    pub(crate) node: String,
    pub(crate) workload: Workload,
    /// Counted rounds by the number of transactions in a request.
    pub(crate) rounds: Vec<(usize, Vec<Round>)>,
    pub(crate) paced: Option<Paced>,
    /// How many balances and slots were looked at, or what was wrong.
    pub(crate) checked: Result<usize, String>,
    /// Since the process began.
    pub(crate) peak_kib: Option<u64>,
}

/// The middle one; zero of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// What some rounds come to.
struct Sum {
    per_second: f64,
    micros_each: Option<f64>,
    included: u64,
    rejected: u64,
    lost: u64,
    refusal: Option<String>,
}

fn sum(rounds: &[Round]) -> Sum {
    let total = |of: fn(&Round) -> u64| rounds.iter().map(of).sum();
    let known = rounds.iter().all(|round| round.cpu.is_some());
    Sum {
        per_second: median(rounds.iter().map(Round::per_second)),
        micros_each: known.then(|| median(rounds.iter().filter_map(Round::micros_each))),
        included: total(|round| round.included),
        rejected: total(|round| round.rejected),
        lost: total(|round| round.lost),
        refusal: rounds.iter().find_map(|round| round.refusal.clone()),
    }
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| "-".to_owned())
}

/// The tables.
pub(crate) fn print(out: &mut impl Write, rows: &[Row], share: u32) -> Result<()> {
    writeln!(
        out,
        "{:<10} {:<10} {:>5} {:>11} {:>12} {:>9} {:>8} {:>7} {:>9}",
        "workload", "node", "batch", "included/s", "CPU us each", "included", "rejected", "lost", "peak MiB"
    )?;
    for row in rows {
        for (batch, rounds) in &row.rounds {
            let sum = sum(rounds);
            writeln!(
                out,
                "{:<10} {:<10} {:>5} {:>11.0} {:>12} {:>9} {:>8} {:>7} {:>9}",
                row.workload.name(),
                row.node,
                batch,
                sum.per_second,
                or_dash(sum.micros_each.map(|micros| format!("{micros:.1}"))),
                sum.included,
                sum.rejected,
                sum.lost,
                or_dash(row.peak_kib.map(|kib| (kib / 1024).to_string())),
            )?;
        }
    }
    if rows.iter().any(|row| row.paced.is_some()) {
        writeln!(out, "\nat {share} % of the node's own rate: from the time a transaction is due to its receipt")?;
        writeln!(
            out,
            "{:<10} {:<10} {:>9} {:>10} {:>10} {:>10} {:>13} {:>9} {:>8} {:>7}",
            "workload",
            "node",
            "a second",
            "median ms",
            "p99 ms",
            "max ms",
            "CPU of a core",
            "receipts",
            "rejected",
            "lost"
        )?;
    }
    for (row, paced) in rows.iter().filter_map(|row| Some((row, row.paced.as_ref()?))) {
        let ms = |per_mille| paced.receipts.quantile(per_mille) / 1e3;
        writeln!(
            out,
            "{:<10} {:<10} {:>9.0} {:>10.1} {:>10.1} {:>10.1} {:>13} {:>9} {:>8} {:>7}",
            row.workload.name(),
            row.node,
            paced.rate,
            ms(500),
            ms(990),
            ms(1_000),
            or_dash(paced.cores.map(|cores| format!("{:.0} %", 100.0 * cores))),
            paced.receipts.len(),
            paced.rejected,
            paced.lost,
        )?;
    }
    writeln!(out)?;
    for row in rows {
        let (workload, node) = (row.workload.name(), &row.node);
        match &row.checked {
            Ok(count) => writeln!(out, "{workload} on {node}: {count} balances and slots are as its blocks make them")?,
            Err(wrong) => writeln!(out, "{workload} on {node}: WRONG: {wrong}")?,
        }
        let saturated = row.rounds.iter().find_map(|(_, rounds)| sum(rounds).refusal);
        let refusal = saturated.or_else(|| row.paced.as_ref()?.refusal.clone());
        if let Some(refusal) = refusal {
            writeln!(out, "{workload} on {node}: the first refusal was {refusal}")?;
        }
    }
    Ok(())
}

/// The same for programs.
pub(crate) fn figures(rows: &[Row], share: u32) -> Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let saturated: Vec<_> = row
                .rounds
                .iter()
                .map(|(batch, rounds)| {
                    let sum = sum(rounds);
                    json!({
                        "batch": batch, "included_per_second": sum.per_second, "cpu_us_each": sum.micros_each,
                        "included": sum.included, "rejected": sum.rejected, "lost": sum.lost, "first_refusal": sum.refusal,
                        "rounds_per_second": rounds.iter().map(Round::per_second).collect::<Vec<_>>(),
                    })
                })
                .collect();
            let paced = row.paced.as_ref().map(|paced| {
                json!({
                    "per_second": paced.rate, "receipt": paced.receipts.json(), "cpu_cores": paced.cores, "sent": paced.sent,
                    "rejected": paced.rejected, "lost": paced.lost, "first_refusal": paced.refusal,
                })
            });
            json!({
                "node": row.node, "workload": row.workload.name(), "saturated": saturated, "paced": paced, "peak_kib": row.peak_kib,
                "checked": row.checked.as_ref().ok(), "wrong": row.checked.as_ref().err(),
            })
        })
        .collect();
    json!({"share_percent": share, "rows": rows})
}
