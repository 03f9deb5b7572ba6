//! Makes a data directory with a long chain, or one with many accounts, whose contents follow a known rule (`bttc_benches::generated`).
//!
//! Every block goes the way of any other: from the pool through the builder, a signed certificate and a commit. The database is not synced
//! meanwhile, but at the end, so a run that the machine interrupts must be started anew; one that was stopped goes on where it was. Examples:
//!
//! `generate blocks --blocks 1000000 --datadir DIR`, then `bttc node --dev --datadir DIR`
//!
//! `generate accounts --accounts 10000000 --datadir DIR`, then `bttc node --datadir DIR`

use bttc_benches::generated::{AccountsPattern, BlocksPattern, Plan, write};
use clap::{Args, Parser, Subcommand};
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
}

#[derive(Args)]
struct Place {
    /// Where a node will find it.
    #[arg(long)]
    datadir: PathBuf,
}

fn main() -> Result<()> {
    let (plan, datadir) = match Cli::parse().what {
        What::Blocks { blocks, txs_per_block, place } => {
            (Plan::blocks(BlocksPattern { txs_per_block }, blocks)?, place.datadir)
        }
        What::Accounts { accounts, place } => (Plan::accounts(AccountsPattern { accounts })?, place.datadir),
    };
    let (began, mut told) = (Instant::now(), Instant::now());
    write(&plan, &datadir, |height| {
        if told.elapsed().as_secs() >= 10 {
            told = Instant::now();
            // Nobody may be looking.
            let _ = writeln!(std::io::stderr(), "height {height} of {}", plan.last_height());
        }
    })?;
    writeln!(std::io::stdout(), "height {} after {:.0} s", plan.last_height(), began.elapsed().as_secs_f64())?;
    Ok(())
}
