//! What requests cost a node: CPU time of its process for each, and how long the answer takes, idle and while transfers run.
//!
//! `rpc_costs --node bttc=http://127.0.0.1:8545,4711 --node anvil=http://127.0.0.1:8546,4712`
//!
//! First a token moves once a block, in as many blocks as `eth_getLogs` shall read. Then each method is asked on kept connections: on the idle node one
//! request after the other, which gives CPU time and latencies; under load at a fixed rate, each request having its time, which gives latencies.

use bttc_benches::{
    http::Connection,
    load::{NodeArgs, Nodes, Paced, Stand, Target, Workload, balance_of, spent},
    samples::Samples,
};
use clap::Parser;
use eyre::{Result, ensure};
use serde_json::{Value, json};
use std::{
    io::Write,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    nodes: NodeArgs,
    /// Each method is asked for so long, idle and again under load. Unit: seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that ask.
    #[arg(long, default_value_t = 2)]
    connections: usize,
    /// Blocks of which each has a log of the token.
    #[arg(long, default_value_t = 1_000)]
    blocks: u64,
    /// Requests a second under load; `eth_getLogs`, which answers with many logs, gets a twentieth.
    #[arg(long, default_value_t = 400)]
    pace: u32,
    /// The load, in per cent of the node's own rate of transfers.
    #[arg(long, default_value_t = 30)]
    share: u32,
    /// Transfers of a round that finds out this rate.
    #[arg(long, default_value_t = 5_000)]
    transactions: usize,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Blocks with a log must come within this time, or there are fewer.
const PATIENCE: Duration = Duration::from_secs(120);

/// One method with its parameters.
struct Request {
    method: &'static str,
    body: Vec<u8>,
    /// Logs that a right answer has.
    logs: Option<usize>,
}

/// What one method costs a node.
struct Cost {
    method: &'static str,
    /// Unit: microseconds of CPU time each.
    micros_each: Option<f64>,
    idle: Samples,
    loaded: Samples,
}

struct Report {
    node: String,
    logs: usize,
    load: Paced,
    costs: Vec<Cost>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(
        args.connections > 0 && args.seconds > 0 && args.pace > 0,
        "connections, seconds and pace must be at least 1"
    );
    let nodes = Nodes::open(&args.nodes)?;
    let mut reports = Vec::new();
    for target in &nodes.targets {
        reports.push(measure(&args, &nodes, target)?);
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let all: Vec<_> = reports.iter().map(Report::json).collect();
        return Ok(writeln!(out, "{:#}", json!({"share_percent": args.share, "nodes": all}))?);
    }
    writeln!(
        out,
        "{:<10} {:<16} {:>12} {:>16} {:>20}",
        "node", "method", "CPU us each", "idle p50/p99 us", "under load p50/p99"
    )?;
    for report in &reports {
        report.print(&mut out, &args)?;
    }
    Ok(())
}

fn measure(args: &Args, nodes: &Nodes, target: &Target) -> Result<Report> {
    let token = Stand::prepare(target.clone(), nodes.keys(target)?, Workload::Erc20)?;
    let (requests, logs) = requests(args, &token)?;
    let stand = Stand::prepare(target.clone(), nodes.keys(target)?, Workload::Transfers)?;
    let mut costs = Vec::new();
    for request in requests.iter() {
        let (idle, micros_each) = idle(args, target, request)?;
        costs.push(Cost { method: request.method, micros_each, idle, loaded: Samples::default() });
    }
    let rate = stand.saturated_rate(args.transactions)? * f64::from(args.share) / 100.0;
    // Longer than the requests take; it is told when they are done.
    let length = Duration::from_secs((args.seconds + 1) * requests.len() as u64 + 5);
    let stop = AtomicBool::new(false);
    let load = thread::scope(|scope| {
        let running = scope.spawn(|| stand.paced(rate, length, &stop));
        let measured = costs.iter_mut().zip(&requests).try_for_each(|(cost, request)| {
            cost.loaded = paced(args, target, request)?;
            Ok::<_, eyre::Report>(())
        });
        stop.store(true, Ordering::Relaxed);
        let load = running.join().map_err(|_| eyre::eyre!("the load panicked"))??;
        measured.map(|()| load)
    })?;
    stand.check()?;
    Ok(Report { node: target.name.clone(), logs, load, costs })
}

/// Makes the blocks with logs; answers with the requests, and with the number of logs that `eth_getLogs` finds.
fn requests(args: &Args, token: &Stand) -> Result<(Vec<Request>, usize)> {
    let mut connection = token.target.connect(0)?;
    let (began, mut made) = (Instant::now(), 0);
    while made < args.blocks && began.elapsed() < PATIENCE {
        // One transfer of each sender, each in a block of its own where the node makes blocks on demand.
        made += token.step(&mut connection, args.blocks - made)?;
    }
    let head = connection.quantity("eth_blockNumber", json!([]))?;
    let holder = token.addresses().next().unwrap_or_default();
    let from = (head + 1).saturating_sub(args.blocks);
    let filter =
        json!([{"address": token.place(), "fromBlock": format!("{from:#x}"), "toBlock": format!("{head:#x}")}]);
    let found = connection.call("eth_getLogs", filter.clone())?.as_array().map_or(0, Vec::len);
    ensure!(found > 0, "node {} has no logs of the token in its last {} blocks", token.target.name, args.blocks);
    let request = |method, params: Value, logs| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string().into_bytes();
        Request { method, body, logs }
    };
    let requests = vec![
        request("eth_blockNumber", json!([]), None),
        request("eth_getBalance", json!([holder, "latest"]), None),
        request("eth_call", balance_of(token.place(), holder), None),
        request("eth_getLogs", filter, Some(found)),
    ];
    Ok((requests, found))
}

impl Request {
    /// Asks once; the time ends when the answer is here, before it is looked at.
    fn ask(&self, connection: &mut Connection) -> Result<Instant> {
        let answer = connection.post(&self.body)?;
        let at = Instant::now();
        // The answers are many and long: only what is wrong is read.
        let right = answer.windows(9).take(256).any(|part| part == b"\"result\":");
        ensure!(right, "{}: {}", self.method, String::from_utf8_lossy(answer.get(..512).unwrap_or(&answer)));
        if let Some(logs) = self.logs {
            ensure!(answer.len() > logs * 100, "{} answers with fewer than {logs} logs", self.method);
        }
        Ok(at)
    }
}

/// Asks on all connections, one request after the other on each.
fn idle(args: &Args, target: &Target, request: &Request) -> Result<(Samples, Option<f64>)> {
    let (cpu, began) = (target.cpu()?, Instant::now());
    let end = began + Duration::from_secs(args.seconds);
    let samples = on_all(args, target, |mut connection, _| {
        let mut samples = Samples::default();
        while Instant::now() < end {
            let asked = Instant::now();
            samples.answered(request.ask(&mut connection)?.duration_since(asked));
        }
        Ok(samples)
    })?;
    let micros = spent(cpu, target.cpu()?).map(|micros| micros as f64 / samples.len().max(1) as f64);
    Ok((samples, micros))
}

/// Asks on all connections at fixed times; a time counts from when the request was due.
fn paced(args: &Args, target: &Target, request: &Request) -> Result<Samples> {
    let pace = if request.logs.is_some() { args.pace.div_ceil(20) } else { args.pace };
    let count = usize::try_from(u64::from(pace) * args.seconds)?;
    let began = Instant::now();
    on_all(args, target, |mut connection, at| {
        let mut samples = Samples::default();
        for n in (at..count).step_by(args.connections) {
            let due = began + Duration::from_secs_f64(n as f64 / f64::from(pace));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            samples.answered(request.ask(&mut connection)?.duration_since(due));
        }
        Ok(samples)
    })
}

/// Runs `each` on every connection, which it numbers.
fn on_all(args: &Args, target: &Target, each: impl Fn(Connection, usize) -> Result<Samples> + Sync) -> Result<Samples> {
    let each = &each;
    thread::scope(|scope| {
        let tasks = (0..args.connections).map(|at| scope.spawn(move || each(target.connect(0)?, at)));
        let tasks: Vec<_> = tasks.collect();
        tasks.into_iter().try_fold(Samples::default(), |mut all, task| {
            all.join(task.join().map_err(|_| eyre::eyre!("a thread panicked"))??);
            Ok(all)
        })
    })
}

impl Report {
    fn print(&self, out: &mut impl Write, args: &Args) -> Result<()> {
        for cost in &self.costs {
            let micros = cost.micros_each.map_or_else(|| "-".to_owned(), |micros| format!("{micros:.1}"));
            let (idle, loaded) = (cost.idle.cell(), cost.loaded.cell());
            writeln!(out, "{:<10} {:<16} {micros:>12} {idle:>16} {loaded:>20}", self.node, cost.method)?;
        }
        let Paced { rate, rejected, lost, .. } = &self.load;
        writeln!(
            out,
            "{:<10} load: {rate:.0} transfers a second ({} % of its own rate), {rejected} rejected, {lost} lost; eth_getLogs over {} blocks finds {} logs",
            self.node, args.share, args.blocks, self.logs
        )?;
        Ok(())
    }

    fn json(&self) -> Value {
        let costs = self.costs.iter().map(|cost| {
            json!({"method": cost.method, "cpu_us_each": cost.micros_each, "idle": cost.idle.json(), "load": cost.loaded.json()})
        });
        json!({
            "node": self.node, "logs": self.logs, "costs": costs.collect::<Vec<_>>(),
            "load": {"per_second": self.load.rate, "rejected": self.load.rejected, "lost": self.load.lost, "receipt": self.load.receipts.json()},
        })
    }
}
