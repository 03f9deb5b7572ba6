//! What the pool says it takes of the memory, beside what the process does take, under loads that hostile senders choose.
//!
//! `pool_memory` runs each load in a process of its own; the limits are those of a node as it comes.

use alloy_primitives::Bytes;
use bttc_benches::{
    crowd::{self, config, fill, offer},
    process::resident_kib,
};
use bttc_primitives::{Recovered, Transaction};
use bttc_txpool::{Origin, Pool};
use clap::{Parser, ValueEnum};
use eyre::{Result, bail};
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// A way to fill the pool.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Load {
    /// 100,000 accounts, one transfer each.
    Accounts,
    /// 25 accounts with 4,000 transfers each.
    Runs,
    /// As `runs`, but the first nonce is missing.
    Gaps,
    /// 20,000 accounts, each with one transaction of nearly 128 KiB.
    Huge,
    /// 200,000 more transfers at a full pool, each paying a little more.
    Flood,
    /// The transfers of 1,000 accounts, each replaced fifty times.
    Replaced,
}

#[derive(Parser)]
struct Args {
    /// One load only, in this process.
    load: Option<Load>,
}

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let Some(load) = Args::parse().load else {
        writeln!(out, "{:<10} {:>12} {:>14} {:>14}", "load", "held", "books MiB", "process MiB")?;
        drop(out);
        for load in Load::value_variants() {
            let name = load.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            let status = Command::new(std::env::current_exe()?).arg(&name).stdin(Stdio::null()).status()?;
            if !status.success() {
                bail!("{name} ended with {status}");
            }
        }
        return Ok(());
    };
    let (pool, _) = crowd::pool(config())?;
    let before = resident_kib(std::process::id())?;
    load.run(&pool)?;
    let taken = resident_kib(std::process::id())?.saturating_sub(before);
    let name = load.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    Ok(writeln!(out, "{name:<10} {:>12} {:>14} {:>14}", pool.len(), pool.bytes() >> 20, taken >> 10)?)
}

impl Load {
    fn run(self, pool: &Pool) -> Result<()> {
        match self {
            Self::Accounts => {
                offer_all(pool, (0..100_000).map(|from| offer(from, 0, from % 1_000, Bytes::new())));
                Ok(())
            }
            Self::Runs => fill(pool, 25, 4_000),
            Self::Gaps => {
                (0..25).for_each(|from| offer_all(pool, (1..4_000).map(|nonce| offer(from, nonce, 5, Bytes::new()))));
                Ok(())
            }
            Self::Huge => {
                offer_all(pool, (0..20_000).map(|from| offer(from, 0, from, vec![0; 130_000].into())));
                Ok(())
            }
            Self::Flood => {
                offer_all(pool, (0..300_000).map(|from| offer(from, 0, from / 100, Bytes::new())));
                Ok(())
            }
            Self::Replaced => {
                let mut tip = 1_000;
                for _ in 0..50 {
                    offer_all(pool, (0..1_000).map(|from| offer(from, 0, tip, vec![1; 4_096].into())));
                    tip = tip * 12 / 10 + 1_000;
                }
                Ok(())
            }
        }
    }
}

/// Offers them a hundred at a time, so that little stands beside the pool; what is refused is refused.
fn offer_all(pool: &Pool, transactions: impl Iterator<Item = Recovered<Transaction>>) {
    let mut transactions = transactions.peekable();
    while transactions.peek().is_some() {
        drop(pool.add_many(transactions.by_ref().take(100).collect(), Origin::Peer(1)));
    }
}
