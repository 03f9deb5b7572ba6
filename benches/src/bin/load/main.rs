//! The end-to-end harness: transactions signed beforehand, sent to one or several nodes over JSON-RPC, and what they put into blocks.
//!
//! Nodes take turns, round by round, so that a machine whose speed drifts treats them alike. Only transactions that are in blocks count; what a node
//! refuses and what it takes and loses stands apart. In the end balances, tokens and slots are held against what the blocks must have done. Beside
//! wall time stands the CPU time of the node's processes. Then each node gets a part of the rate that it reached, at fixed times, and the time to the
//! receipt is measured. Example:
//!
//! `load --node bttc=http://127.0.0.1:8545,4711 --node anvil=http://127.0.0.1:8546,4712 --testnet target/release/bttc --workload transfers,erc20`

mod report;

use bttc_benches::load::{NodeArgs, Nodes, Paced, Round, Stand, Workload};
use clap::Parser;
use eyre::{Result, ensure};
use report::{Row, figures, median, print};
use std::{io::Write, sync::atomic::AtomicBool, time::Duration};

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    nodes: NodeArgs,
    /// What the transactions do; without it everything.
    #[arg(long = "workload", value_enum, value_delimiter = ',', default_values_t = [Workload::Transfers, Workload::Erc20, Workload::Storage, Workload::Compute])]
    workloads: Vec<Workload>,
    /// Transactions of a round of transfers and of tokens; storage takes half of it, compute a tenth.
    #[arg(long, default_value_t = 5_000)]
    transactions: usize,
    /// Transactions in one request.
    #[arg(long = "batch", value_delimiter = ',', default_values_t = [1, 50])]
    batches: Vec<usize>,
    /// Rounds on each node; the first is not counted.
    #[arg(long, default_value_t = 4)]
    rounds: usize,
    /// Load of the latency part, in per cent of the node's own rate with the first of the batches.
    #[arg(long, default_value_t = 30)]
    share: u32,
    /// Length of the latency part. Unit: seconds; zero leaves it out.
    #[arg(long, default_value_t = 10)]
    latency_seconds: u64,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// What one node did under one workload.
struct Course {
    stand: Stand,
    /// By batch, then by round.
    rounds: Vec<Vec<Round>>,
    paced: Option<Paced>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(args.rounds >= 2, "the first round is not counted; give --rounds 2 or more");
    ensure!(!args.batches.contains(&0), "a request holds at least one transaction; give --batch 1 or more");
    let nodes = Nodes::open(&args.nodes)?;
    let mut rows = Vec::new();
    for workload in &args.workloads {
        rows.extend(run(&args, &nodes, *workload)?);
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", figures(&rows, args.share))?
    } else {
        print(&mut out, &rows, args.share)?
    }
    let wrong: Vec<_> = rows.iter().filter_map(|row| row.checked.as_ref().err()).collect();
    ensure!(
        wrong.is_empty(),
        "{} of {} checks failed: {}",
        wrong.len(),
        rows.len(),
        wrong.first().map_or("", |text| text)
    );
    Ok(())
}

fn run(args: &Args, nodes: &Nodes, workload: Workload) -> Result<Vec<Row>> {
    let mut courses = Vec::new();
    for target in &nodes.targets {
        let stand = Stand::prepare(target.clone(), nodes.keys(target)?, workload)?;
        courses.push(Course { stand, rounds: Vec::new(), paced: None });
    }
    for batch in &args.batches {
        courses.iter_mut().for_each(|course| course.rounds.push(Vec::new()));
        for _ in 0..args.rounds {
            for course in &mut courses {
                let round = course.stand.saturate(workload.round(args.transactions), *batch)?;
                course.rounds.last_mut().into_iter().for_each(|rounds| rounds.push(round.clone()));
            }
        }
    }
    for course in &mut courses {
        let rate = course.rounds.first().map_or(0.0, |rounds| median(counted(rounds).iter().map(Round::per_second)));
        let rate = rate * f64::from(args.share) / 100.0;
        if args.latency_seconds > 0 && rate > 0.0 {
            let length = Duration::from_secs(args.latency_seconds);
            course.paced = Some(course.stand.paced(rate, length, &AtomicBool::new(false))?);
        }
    }
    let mut rows = Vec::new();
    for Course { stand, rounds, paced } in courses {
        let rounds = args.batches.iter().copied().zip(rounds.iter().map(|rounds| counted(rounds).to_vec())).collect();
        // The report comes first, also of a node that counted wrongly.
        let checked = stand.check().map_err(|error| format!("{error:#}"));
        let peak_kib = stand.target.peak_kib()?;
        rows.push(Row { node: stand.target.name.clone(), workload, rounds, paced, checked, peak_kib });
    }
    Ok(rows)
}

/// All but the first.
fn counted(rounds: &[Round]) -> &[Round] {
    rounds.get(1..).unwrap_or_default()
}
