//! `staking-sim`: the staking contracts and their model, side by side over random histories.
//!
//! Prints what was done how often and with how much gas. The exit code is 1 at the first difference, which is printed with its seed and step.

use clap::Parser;
use staking_sim::{Figures, run};
use std::{io::Write, path::PathBuf, time::Instant};

/// Holds the staking contracts against their model.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Operations in each history.
    #[arg(long, default_value_t = 10_000)]
    operations: u64,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, one after the other.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Folder of the compiled contracts.
    #[arg(long, default_value = "contracts/artifacts")]
    artifacts: PathBuf,
}

fn say(line: &str) {
    // A reader that went away is no reason to stop.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn main() -> eyre::Result<()> {
    let arguments = Arguments::parse();
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.seeds) {
        let start = Instant::now();
        let figures = run(&arguments.artifacts, seed, arguments.operations)?;
        report(seed, arguments.operations, &figures, start.elapsed().as_secs());
    }
    Ok(())
}

fn report(seed: u64, operations: u64, figures: &Figures, seconds: u64) {
    say(&format!("seed {seed}: {operations} operations, {} epochs, {seconds} s, no difference", figures.epochs));
    for (name, (count, gas)) in &figures.done {
        say(&format!("  {name:<20} {count:>8} done, at most {gas:>8} gas"));
    }
    for (name, count) in &figures.refused {
        say(&format!("  {name:<20} {count:>8} refused"));
    }
}
