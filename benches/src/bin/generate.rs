//! Makes a data directory with a long chain, or one with many accounts, whose contents follow a known rule (`bttc_benches::generated`).
//!
//! Every block goes the way of any other: from the pool through the builder, a signed certificate and a commit. The database is not synced
//! meanwhile, but at the end, so a run that the machine interrupts must be started anew; one that was stopped goes on where it was. Examples:
//!
//! `generate blocks --blocks 1000000 --datadir DIR`, then `bttc node --dev --datadir DIR`
//!
//! `generate accounts --accounts 10000000 --datadir DIR`, then `bttc node --datadir DIR`
//!
//! `generate prune --preset minimal --datadir DIR`, then `bttc db compact --datadir DIR`

use bttc_benches::generated::{AccountsPattern, BlocksPattern, Plan, prune, write};
use bttc_storage::Retention;
use clap::{Args, Parser, Subcommand, ValueEnum};
use eyre::Result;
use std::{io::Write, path::PathBuf, time::Instant};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A chain of many blocks, each with a few transfers and a token transfer.
    Blocks {
        /// Height of the last block.
        #[arg(long, default_value_t = 1_000_000)]
        blocks: u64,
        /// Transactions in each block, the last of them with a log.
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=100))]
        txs_per_block: u64,
        #[command(flatten)]
        place: Place,
    },
    /// A chain with many accounts, one in eight with storage.
    Accounts {
        /// Number of accounts.
        #[arg(long, default_value_t = 10_000_000)]
        accounts: u64,
        #[command(flatten)]
        place: Place,
    },
    /// Prunes a chain as `bttc node --prune PRESET` does, at once.
    Prune {
        /// What is kept.
        #[arg(long)]
        preset: Preset,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    Full,
    Minimal,
}

impl Preset {
    const fn retention(self) -> Retention {
        match self {
            Self::Full => Retention::FULL,
            Self::Minimal => Retention::MINIMAL,
        }
    }
}

#[derive(Args)]
struct Place {
    /// Where a node will find it.
    #[arg(long)]
    datadir: PathBuf,
}

fn main() -> Result<()> {
    let began = Instant::now();
    let done = match Cli::parse().what {
        What::Blocks { blocks, txs_per_block, place } => {
            generate(&Plan::blocks(BlocksPattern { txs_per_block }, blocks)?, &place)?
        }
        What::Accounts { accounts, place } => generate(&Plan::accounts(AccountsPattern { accounts })?, &place)?,
        What::Prune { preset, place } => {
            let mut progress = Progress::new();
            let rows = prune(&place.datadir, preset.retention(), |kept| progress.tell(|| format!("{kept:?}")))?;
            format!("{rows} rows removed")
        }
    };
    writeln!(std::io::stdout(), "{done} after {:.0} s", began.elapsed().as_secs_f64())?;
    Ok(())
}

fn generate(plan: &Plan, place: &Place) -> Result<String> {
    let (last, mut progress) = (plan.last_height(), Progress::new());
    write(plan, &place.datadir, |height| progress.tell(|| format!("height {height} of {last}")))?;
    Ok(format!("height {last}"))
}

/// A line on standard error every ten seconds.
struct Progress(Instant);

impl Progress {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.0.elapsed().as_secs() >= 10 {
            self.0 = Instant::now();
            // Nobody may be looking.
            let _ = writeln!(std::io::stderr(), "{}", line());
        }
    }
}
