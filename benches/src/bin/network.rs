//! A network of validators on this machine: time between blocks, time until a transaction is final, and transactions a second.
//!
//! `network --bttc target/release/bttc` starts `bttc testnet` in a directory of its own and ends it. All nodes share this machine with the program that
//! measures; `--latency 50ms` delays everything between them. A transaction is final when the node that took it answers with its receipt
//! (`eth_sendRawTransactionSync`).

use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, hex};
use bttc_benches::{
    http::Connection,
    samples::Samples,
    testnet::Network,
    transactions::{Call, LOCAL_CHAIN, bodies, dev_key, sign_all_for, sign_for},
};
use clap::Parser;
use eyre::{OptionExt, Result, bail};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

#[derive(Parser)]
struct Args {
    /// The program.
    #[arg(long)]
    bttc: PathBuf,
    /// How many validators.
    #[arg(long, default_value_t = 4)]
    validators: u16,
    /// Least time between blocks.
    #[arg(long, default_value = "500ms")]
    block_time: String,
    /// Delay of everything between two nodes, one way; through a relay, which costs CPU of its own.
    #[arg(long)]
    latency: Option<String>,
    /// Transactions whose time to the receipt is measured on the idle network.
    #[arg(long, default_value_t = 60)]
    samples: u32,
    /// Transfers of the load; an account may be 4,096 ahead, so at most eight times as many.
    #[arg(long, default_value_t = 30_000)]
    transfers: usize,
    /// Transfers in one request of the load.
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Transfers a second that are offered; without it as fast as they are taken.
    #[arg(long)]
    rate: Option<f64>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Funded accounts that send the load; another one is the probe.
const SENDERS: u32 = 8;
const PROBE: u32 = 9;
/// Idle nodes are looked at for so long.
const REST: Duration = Duration::from_secs(20);
/// The load must be in blocks within this time.
const PATIENCE: Duration = Duration::from_secs(300);

/// Sends one transfer after the other, each to the next node, and waits for its receipt.
struct Probe {
    nonce: u64,
    node: usize,
}

impl Probe {
    fn send(&mut self, network: &Network) -> Result<Duration> {
        let tx = sign_for(LOCAL_CHAIN, &dev_key(PROBE)?, self.nonce, &Call::transfer(Address::repeat_byte(0xbb)))?;
        let raw = hex::encode_prefixed(tx.inner().encoded_2718());
        let mut connection = Connection::open(network.url(self.node))?;
        let began = Instant::now();
        let receipt = connection.call("eth_sendRawTransactionSync", json!([raw, 60_000]))?;
        let took = began.elapsed();
        if receipt.get("status").and_then(Value::as_str) != Some("0x1") {
            bail!("the probe failed: {receipt}");
        }
        (self.nonce, self.node) = (self.nonce + 1, self.node + 1);
        Ok(took)
    }
}

/// How many senders all nodes together have recovered.
fn recovered(network: &Network) -> Result<f64> {
    let mut sum = 0.0;
    for url in &network.metrics {
        let text = String::from_utf8(Connection::open(url.trim_end_matches("/metrics"))?.get("/metrics")?)?;
        let line = text.lines().find_map(|line| line.strip_prefix("bttc_txpool_senders_recovered_total "));
        sum += line.map_or(Ok(0.0), str::parse)?;
    }
    Ok(sum)
}

/// Seconds from a block being built to its decision: buckets of all nodes together, the upper bound and how many are not above it.
fn decisions(network: &Network) -> Result<Vec<(f64, f64)>> {
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for url in &network.metrics {
        let text = String::from_utf8(Connection::open(url.trim_end_matches("/metrics"))?.get("/metrics")?)?;
        let lines = text.lines().filter_map(|line| line.strip_prefix("bttc_bft_decision_seconds_bucket{le=\""));
        for (at, line) in lines.enumerate() {
            let (bound, count) = line.split_once("\"} ").ok_or_eyre("a bucket that cannot be read")?;
            let (bound, count) = (bound.parse().unwrap_or(f64::INFINITY), count.parse::<f64>()?);
            match buckets.get_mut(at) {
                Some(bucket) => bucket.1 += count,
                None => buckets.push((bound, count)),
            }
        }
    }
    Ok(buckets)
}

/// Milliseconds below which `share` of what came between two looks lies; linear within a bucket.
fn quantile(before: &[(f64, f64)], after: &[(f64, f64)], share: f64) -> f64 {
    let earlier = |at: usize| before.get(at).map_or(0.0, |bucket| bucket.1);
    let counts: Vec<(f64, f64)> =
        after.iter().enumerate().map(|(at, (bound, count))| (*bound, count - earlier(at))).collect();
    let wanted = counts.last().map_or(0.0, |last| last.1) * share;
    let (mut low, mut below) = (0.0, 0.0);
    for (bound, count) in counts {
        if count >= wanted && count > below {
            let part = (wanted - below) / (count - below);
            return 1e3 * if bound.is_finite() { (bound - low).mul_add(part, low) } else { low };
        }
        (low, below) = (bound, count);
    }
    f64::NAN
}

/// Times between the blocks of a node until told to stop.
fn intervals(url: &str, stop: &AtomicBool) -> Result<Samples> {
    let mut connection = Connection::open(url)?;
    let (mut samples, mut last) = (Samples::default(), None);
    let mut height = connection.quantity("eth_blockNumber", json!([]))?;
    while !stop.load(Ordering::Relaxed) {
        let now = connection.quantity("eth_blockNumber", json!([]))?;
        if now > height {
            let at = Instant::now();
            if let Some(before) = last.replace(at) {
                samples.answered(at.duration_since(before) / u32::try_from(now - height)?);
            }
            height = now;
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(samples)
}

fn joined<T>(task: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    task.join().map_err(|_| eyre::eyre!("a thread panicked"))?
}

struct Loaded {
    intervals: Samples,
    finality: Samples,
    seconds: f64,
    cpu: u64,
    /// Senders recovered for each transfer, by each node.
    recovered: f64,
}

fn load(args: &Args, network: &Network, probe: &mut Probe) -> Result<Loaded> {
    let each = args.transfers.div_ceil(SENDERS as usize);
    let to = |n: u64| Address::left_padding_from(&(0x10_0000 + n % 1_000).to_be_bytes());
    let calls: Vec<_> = (0..each as u64).map(|n| Call::transfer(to(n))).collect();
    let lots = (0..SENDERS)
        .map(|index| Ok(bodies(&sign_all_for(LOCAL_CHAIN, &dev_key(index)?, 0, &calls)?, args.batch)))
        .collect::<Result<Vec<_>>>()?;
    let before = recovered(network)?;
    let (cpu, began, stop) = (network.cpu()?, Instant::now(), AtomicBool::new(false));
    thread::scope(|scope| {
        let stop = &stop;
        let clock = scope.spawn(move || intervals(network.url(0), stop));
        let sending: Vec<_> = lots
            .iter()
            .enumerate()
            .map(|(at, lot)| {
                scope.spawn(move || {
                    let mut connection = Connection::open(network.url(at))?;
                    let apart = args.rate.map(|rate| args.batch as f64 * f64::from(SENDERS) / rate);
                    // One account after the other, not all at once.
                    let first = apart.unwrap_or_default() * at as f64 / f64::from(SENDERS);
                    for (n, body) in lot.iter().enumerate() {
                        let due = Duration::from_secs_f64(apart.unwrap_or_default().mul_add(n as f64, first));
                        thread::sleep(due.saturating_sub(began.elapsed()));
                        let answer: Value = serde_json::from_slice(&connection.post(body)?)?;
                        let answers = answer.as_array().cloned().unwrap_or_else(|| vec![answer]);
                        if let Some(refused) = answers.iter().find_map(|answer| answer.get("error")) {
                            bail!("a transfer was refused: {refused}");
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        let measured = (|| {
            let mut finality = Samples::default();
            let mut connection = Connection::open(network.url(0))?;
            loop {
                finality.answered(probe.send(network)?);
                let mut included = 0;
                for index in 0..SENDERS {
                    let params = json!([dev_key(index)?.address(), "latest"]);
                    included += connection.quantity("eth_getTransactionCount", params)?;
                }
                if included >= each as u64 * u64::from(SENDERS) {
                    return Ok((finality, began.elapsed().as_secs_f64()));
                }
                if began.elapsed() > PATIENCE || sending.iter().all(|task| task.is_finished()) && included == 0 {
                    bail!("only {included} transfers are in blocks");
                }
            }
        })();
        stop.store(true, Ordering::Relaxed);
        sending.into_iter().try_for_each(joined)?;
        let (finality, seconds) = measured?;
        let cpu = network.cpu()?.saturating_sub(cpu);
        let recovered = (recovered(network)? - before) / args.transfers as f64 / network.metrics.len() as f64;
        Ok(Loaded { intervals: joined(clock)?, finality, seconds, cpu, recovered })
    })
}

fn main() -> Result<()> {
    let args = Args::parse();
    let dir = tempfile::tempdir()?;
    let validators = args.validators.to_string();
    let mut flags = vec!["--validators", &validators, "--block-time", &args.block_time];
    flags.extend(args.latency.is_none().then_some("--direct"));
    let network = Network::up(&args.bttc, &dir.path().join("network"), &flags)?;
    if let Some(latency) = &args.latency {
        network.command(&["latency", latency])?;
    }
    let mut probe = Probe { nonce: 0, node: 0 };

    // Past the start, nobody asks or sends anything.
    thread::sleep(REST / 4);
    let cpu = network.cpu()?;
    thread::sleep(REST);
    let idle_cpu = network.cpu()?.saturating_sub(cpu) as f64 / REST.as_micros() as f64 / f64::from(args.validators);
    let idle_memory = network.resident()? / 1024;

    let stop = AtomicBool::new(false);
    let (idle, idle_intervals) = thread::scope(|scope| {
        let clock = scope.spawn(|| intervals(network.url(0), &stop));
        let mut finality = Samples::default();
        let measured = (0..args.samples).try_for_each(|n| {
            // Pauses of different lengths, so that the transactions come at different points of the idle time.
            thread::sleep(Duration::from_millis(300 + u64::from(n) * 137 % 900));
            finality.answered(probe.send(&network)?);
            Ok::<_, eyre::Report>(())
        });
        stop.store(true, Ordering::Relaxed);
        measured?;
        Ok::<_, eyre::Report>((finality, joined(clock)?))
    })?;
    let at_rest = decisions(&network)?;
    let loaded = load(&args, &network, &mut probe)?;
    let decisions = decisions(&network)?;
    let decided = |share| [quantile(&[], &at_rest, share), quantile(&at_rest, &decisions, share)];
    let (median, high) = (decided(0.5), decided(0.99));

    let per_second = args.transfers as f64 / loaded.seconds;
    let micros_each = loaded.cpu as f64 / args.transfers as f64;
    let mut out = std::io::stdout().lock();
    if args.json {
        let result = json!({
            "validators": args.validators, "latency": args.latency, "idle_finality": idle.json(), "idle_interval": idle_intervals.json(),
            "load_finality": loaded.finality.json(), "load_interval": loaded.intervals.json(), "decision_ms": { "idle": [median[0], high[0]], "load": [median[1], high[1]] }, "transfers_per_second": per_second, "cpu_us_each": micros_each, "recovered_by_each": loaded.recovered, "idle_cpu_of_one_core": idle_cpu, "idle_memory_mib": idle_memory,
        });
        return Ok(writeln!(out, "{result}")?);
    }
    let line = |samples: &Samples| {
        format!(
            "{:>9.1} {:>9.1} {:>9.1}",
            samples.quantile(500) / 1e3,
            samples.quantile(990) / 1e3,
            samples.quantile(1_000) / 1e3
        )
    };
    writeln!(
        out,
        "{} validators, block time {}, latency {}",
        args.validators,
        args.block_time,
        args.latency.as_deref().unwrap_or("none")
    )?;
    writeln!(out, "{:<40} {:>9} {:>9} {:>9}", "milliseconds", "median", "p99", "max")?;
    writeln!(out, "{:<40} {}", "submission to receipt, idle", line(&idle))?;
    writeln!(out, "{:<40} {}", "between blocks, a transaction now and then", line(&idle_intervals))?;
    writeln!(out, "{:<40} {}", "submission to receipt, under load", line(&loaded.finality))?;
    writeln!(out, "{:<40} {}", "between blocks, under load", line(&loaded.intervals))?;
    for (what, at) in [("idle", 0), ("under load", 1)] {
        writeln!(out, "{:<40} {:>9.1} {:>9.1}", format!("block built to decision, {what}"), median[at], high[at])?;
    }
    writeln!(
        out,
        "{per_second:.0} transfers a second; {micros_each:.0} us of CPU each, all nodes together; each node recovers the sender of one {:.3} times",
        loaded.recovered
    )?;
    writeln!(out, "an idle validator: {:.1} % of a core, {idle_memory} MiB", 100.0 * idle_cpu)?;
    Ok(())
}
