//! A network of validators on this machine: time between blocks, time until a transaction is final, and transactions a second.
//!
//! `network --bttc target/release/bttc` starts `bttc testnet` in a directory of its own and ends it. All nodes share this machine with the program that
//! measures; `--latency 50ms` delays everything between them. A transaction is final when the node that took it answers with its receipt
//! (`eth_sendRawTransactionSync`).

use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, hex};
use bttc_benches::{
    http::Connection,
    process::cpu_micros,
    samples::Samples,
    transactions::{Call, LOCAL_CHAIN, bodies, dev_key, sign_all_for, sign_for},
};
use clap::Parser;
use eyre::{OptionExt, Result, bail};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
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
    /// Transfers of the load.
    #[arg(long, default_value_t = 40_000)]
    transfers: usize,
    /// Transfers in one request of the load.
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Funded accounts that send the load; another one is the probe.
const SENDERS: u32 = 8;
const PROBE: u32 = 9;
/// The load must be in blocks within this time.
const PATIENCE: Duration = Duration::from_secs(300);

struct Network<'a> {
    bttc: &'a Path,
    dir: PathBuf,
    urls: Vec<String>,
    pids: Vec<u32>,
}

impl<'a> Network<'a> {
    fn up(args: &'a Args, dir: &Path) -> Result<Self> {
        let mut network = Self { bttc: &args.bttc, dir: dir.to_owned(), urls: Vec::new(), pids: Vec::new() };
        let validators = args.validators.to_string();
        let mut up = vec!["up", "--validators", &validators, "--block-time", &args.block_time, "--json"];
        up.extend(args.latency.is_none().then_some("--direct"));
        let state: Value = serde_json::from_str(&network.command(&up)?)?;
        for node in state.get("nodes").and_then(Value::as_array).ok_or_eyre("no nodes")? {
            network.urls.push(node.get("http").and_then(Value::as_str).ok_or_eyre("no URL")?.to_owned());
            network.pids.push(u32::try_from(node.get("pid").and_then(Value::as_u64).ok_or_eyre("no pid")?)?);
        }
        if let Some(latency) = &args.latency {
            network.command(&["latency", latency])?;
        }
        Ok(network)
    }

    fn command(&self, arguments: &[&str]) -> Result<String> {
        let done = Command::new(self.bttc).args(["testnet", "--dir"]).arg(&self.dir).args(arguments).output()?;
        if !done.status.success() {
            bail!("bttc testnet {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr));
        }
        Ok(String::from_utf8(done.stdout)?)
    }

    fn cpu(&self) -> Result<u64> {
        self.pids.iter().map(|pid| cpu_micros(*pid)).sum()
    }

    fn url(&self, at: usize) -> &str {
        &self.urls[at % self.urls.len()]
    }
}

impl Drop for Network<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.command(&["down"]) {
            let _ = writeln!(std::io::stderr(), "{error}");
        }
    }
}

/// Sends one transfer after the other, each to the next node, and waits for its receipt.
struct Probe {
    nonce: u64,
    node: usize,
}

impl Probe {
    fn send(&mut self, network: &Network<'_>) -> Result<Duration> {
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
}

fn load(args: &Args, network: &Network<'_>, probe: &mut Probe) -> Result<Loaded> {
    let each = args.transfers.div_ceil(SENDERS as usize);
    let to = |n: u64| Address::left_padding_from(&(0x10_0000 + n % 1_000).to_be_bytes());
    let calls: Vec<_> = (0..each as u64).map(|n| Call::transfer(to(n))).collect();
    let lots = (0..SENDERS)
        .map(|index| Ok(bodies(&sign_all_for(LOCAL_CHAIN, &dev_key(index)?, 0, &calls)?, args.batch)))
        .collect::<Result<Vec<_>>>()?;
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
                    for body in lot {
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
        Ok(Loaded { intervals: joined(clock)?, finality, seconds, cpu: network.cpu()?.saturating_sub(cpu) })
    })
}

fn main() -> Result<()> {
    let args = Args::parse();
    let dir = tempfile::tempdir()?;
    let network = Network::up(&args, &dir.path().join("network"))?;
    let mut probe = Probe { nonce: 0, node: 0 };

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
    let loaded = load(&args, &network, &mut probe)?;

    let per_second = args.transfers as f64 / loaded.seconds;
    let micros_each = loaded.cpu as f64 / args.transfers as f64;
    let mut out = std::io::stdout().lock();
    if args.json {
        let result = json!({
            "validators": args.validators, "latency": args.latency, "idle_finality": idle.json(), "idle_interval": idle_intervals.json(),
            "load_finality": loaded.finality.json(), "load_interval": loaded.intervals.json(), "transfers_per_second": per_second, "cpu_us_each": micros_each,
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
    writeln!(out, "{per_second:.0} transfers a second; {micros_each:.0} us of CPU each, all nodes together")?;
    Ok(())
}
