//! `bft-sim`: runs many histories of the consensus engine, one history with its trace, or figures of healthy networks.
//!
//! The exit code is 1 if a property did not hold in any history; the seeds are printed, and each replays alone with `--seed`.

use bft_sim::{Mutant, Scenario, World, measure};
use clap::{Parser, ValueEnum};
use eyre::WrapErr;
use rayon::prelude::*;
use std::{io::Write, process::ExitCode, time::Duration};

/// Deterministic simulation of the consensus engine.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many histories to run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Run only the history of this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Print what happens in that history.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Break the surroundings on purpose: properties must fail.
    #[arg(long)]
    mutant: Option<MutantName>,
    /// Print figures of healthy networks instead.
    #[arg(long)]
    figures: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MutantName {
    /// The log is lost in every crash.
    NoLog,
    /// The log is synced too late.
    LateSync,
    /// Half of the power decides.
    HalfQuorum,
}

impl From<MutantName> for Mutant {
    fn from(name: MutantName) -> Self {
        match name {
            MutantName::NoLog => Self::NoLog,
            MutantName::LateSync => Self::LateSync,
            MutantName::HalfQuorum => Self::HalfQuorum,
        }
    }
}

fn say(line: &str) {
    // A reader that went away is no reason to stop the histories.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn main() -> eyre::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mutant = arguments.mutant.map(Mutant::from);
    if arguments.figures {
        return figures();
    }
    if let Some(seed) = arguments.seed {
        let scenario = Scenario::draw(seed, mutant);
        say(&format!("{scenario:#?}"));
        let sink = arguments.trace.then(|| Box::new(say) as Box<dyn FnMut(&str)>);
        let outcome = World::new(scenario, sink).run().wrap_err("a property did not hold")?;
        say(&format!("held: {} heights in {:?}, {} crashes", outcome.heights, outcome.time, outcome.crashes));
        return Ok(ExitCode::SUCCESS);
    }
    let seeds = arguments.from..arguments.from.saturating_add(arguments.seeds);
    let results: Vec<_> = seeds.into_par_iter().map(|seed| bft_sim::run(seed, mutant)).collect();
    let mut failed = 0;
    let (mut heights, mut crashes, mut evidence, mut events) = (0, 0, 0, 0);
    for result in results {
        match result {
            Ok(outcome) => {
                heights += outcome.heights;
                crashes += outcome.crashes;
                evidence += outcome.evidence;
                events += outcome.events;
            }
            Err(violation) => {
                failed += 1;
                say(&violation.to_string());
            }
        }
    }
    say(&format!(
        "{} histories, {failed} failed; {heights} heights, {crashes} crashes, {evidence} proofs of double signing, {events} events",
        arguments.seeds
    ));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn figures() -> eyre::Result<ExitCode> {
    say("validators  link ms  block ms  finality ms (median, max)  interval ms  messages/block  KB/block");
    for validators in [4, 21, 100] {
        for (delay, block_time) in [(50, 500), (150, 500), (50, 100)] {
            let scenario = Scenario::healthy(1, validators, delay, Duration::from_millis(block_time), true);
            let figures = measure(scenario)?;
            say(&format!(
                "{validators:>10}  {delay:>7}  {block_time:>8}  {:>18} {:>6}  {:>11}  {:>14}  {:>8}",
                figures.finality_median.as_millis(),
                figures.finality_max.as_millis(),
                figures.interval.as_millis(),
                figures.messages,
                figures.bytes / 1_000,
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
