//! Sends transfers that were signed beforehand to one or several nodes, and counts what they include.
//!
//! Nodes take turns, round by round, so that a machine whose speed drifts treats them alike. Only transactions that are in blocks count. Beside wall
//! time stands the CPU time of the node's process. Example:
//!
//! `load --node bttc=http://127.0.0.1:8545,4711 --node anvil=http://127.0.0.1:8546,4712 --transfers 5000 --batch 1`

use alloy_primitives::Address;
use bttc_benches::{
    http::Connection,
    process::{cpu_micros, peak_memory_kib},
    transactions::{Call, bodies, dev_key, sign_all},
};
use clap::Parser;
use eyre::{OptionExt, Result};
use serde_json::json;
use std::{
    io::Write,
    time::{Duration, Instant},
};

#[derive(Parser)]
struct Args {
    /// NAME=URL,PID of a node on this machine; may be given several times.
    #[arg(long = "node", required = true)]
    nodes: Vec<String>,
    /// Transfers a round.
    #[arg(long, default_value_t = 5_000)]
    transfers: usize,
    /// Sending accounts, each on a connection of its own (at most 10).
    #[arg(long, default_value_t = 8)]
    senders: u32,
    /// Transactions in one request.
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Rounds on each node; the first is not counted.
    #[arg(long, default_value_t = 4)]
    rounds: usize,
}

/// Polls without progress after which a node is nudged.
const STILL_POLLS: u32 = 20;

/// Nudges without progress after which what is missing counts as lost.
const GIVE_UP: u32 = 10;

/// A sender, its first nonce, and the requests with its transactions.
type Lot = (Address, u64, Vec<Vec<u8>>);

struct Node {
    name: String,
    url: String,
    pid: u32,
    rounds: Vec<Round>,
}

#[derive(Clone, Copy)]
struct Round {
    included: u64,
    rejected: u64,
    lost: u64,
    wall: Duration,
    cpu: u64,
}

impl Round {
    fn per_second(&self) -> f64 {
        self.included as f64 / self.wall.as_secs_f64()
    }

    fn micros_each(&self) -> f64 {
        self.cpu as f64 / self.included.max(1) as f64
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut nodes = args.nodes.iter().map(|text| Node::parse(text)).collect::<Result<Vec<_>>>()?;
    for _ in 0..args.rounds.max(2) {
        for node in &mut nodes {
            let round = node.round(&args)?;
            node.rounds.push(round);
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} transfers a round, batches of {}, {} senders", args.transfers, args.batch, args.senders)?;
    writeln!(
        out,
        "{:<10} {:>12} {:>14} {:>10} {:>10} {:>8} {:>10}",
        "node", "included/s", "CPU us each", "included", "rejected", "lost", "peak MiB"
    )?;
    for node in &nodes {
        node.report(&mut out)?;
    }
    Ok(())
}

impl Node {
    fn parse(text: &str) -> Result<Self> {
        let (name, rest) = text.split_once('=').ok_or_eyre("a node is NAME=URL,PID")?;
        let (url, pid) = rest.rsplit_once(',').ok_or_eyre("a node is NAME=URL,PID")?;
        Ok(Self { name: name.into(), url: url.into(), pid: pid.parse()?, rounds: Vec::new() })
    }

    fn round(&self, args: &Args) -> Result<Round> {
        let senders = args.senders.clamp(1, 10);
        let each = args.transfers.div_ceil(senders as usize);
        let mut connection = Connection::open(&self.url)?;
        let mut lots = Vec::new();
        for index in 0..senders {
            let key = dev_key(index)?;
            let nonce = connection.quantity("eth_getTransactionCount", json!([key.address(), "latest"]))?;
            let calls: Vec<_> = (0..each as u64)
                .map(|n| Call::transfer(Address::left_padding_from(&(0x10_0000 + n % 1_000).to_be_bytes())))
                .collect();
            let bodies = bodies(&sign_all(&key, nonce, &calls)?, args.batch);
            lots.push((key.address(), nonce, bodies));
        }
        let (cpu, start) = (cpu_micros(self.pid)?, Instant::now());
        let rejected = std::thread::scope(|scope| {
            let sending: Vec<_> = lots.iter().map(|(_, _, bodies)| scope.spawn(|| send(&self.url, bodies))).collect();
            sending
                .into_iter()
                .map(|task| task.join().map_err(|_| eyre::eyre!("a sender panicked"))?)
                .sum::<Result<u64>>()
        })?;
        let accepted = senders as u64 * each as u64 - rejected;
        let included = self.wait_included(&mut connection, &lots, accepted)?;
        let lost = accepted - included;
        Ok(Round { included, rejected, lost, wall: start.elapsed(), cpu: cpu_micros(self.pid)?.saturating_sub(cpu) })
    }

    /// Waits until the accounts' nonces have moved by as many transactions as were accepted.
    ///
    /// A node that leaves transactions lying although it mines on demand (anvil does under load) is nudged with `evm_mine`; what it drops is lost.
    fn wait_included(&self, connection: &mut Connection, lots: &[Lot], accepted: u64) -> Result<u64> {
        let (mut last, mut still, mut nudges) = (0, 0, 0);
        loop {
            let mut included = 0;
            for (address, nonce, _) in lots {
                included += connection.quantity("eth_getTransactionCount", json!([address, "latest"]))? - nonce;
            }
            if included >= accepted {
                return Ok(included);
            }
            if included != last {
                (last, still, nudges) = (included, 0, 0);
            }
            still += 1;
            if still >= STILL_POLLS {
                if nudges == GIVE_UP {
                    return Ok(included);
                }
                connection.call("evm_mine", json!([]))?;
                (still, nudges) = (0, nudges + 1);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn report(&self, out: &mut impl Write) -> Result<()> {
        let counted = self.rounds.get(1..).unwrap_or_default();
        let median = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        writeln!(
            out,
            "{:<10} {:>12.0} {:>14.1} {:>10} {:>10} {:>8} {:>10}",
            self.name,
            median(counted.iter().map(Round::per_second).collect()),
            median(counted.iter().map(Round::micros_each).collect()),
            counted.iter().map(|round| round.included).sum::<u64>(),
            counted.iter().map(|round| round.rejected).sum::<u64>(),
            counted.iter().map(|round| round.lost).sum::<u64>(),
            peak_memory_kib(self.pid)? / 1024,
        )?;
        Ok(())
    }
}

/// Sends the bodies one after the other; answers with the number of refused transactions.
fn send(url: &str, bodies: &[Vec<u8>]) -> Result<u64> {
    let mut connection = Connection::open(url)?;
    let mut rejected = 0u64;
    for body in bodies {
        let answer: serde_json::Value = serde_json::from_slice(&connection.post(body)?)?;
        let refused = match &answer {
            serde_json::Value::Array(answers) => answers.iter().filter(|answer| answer.get("error").is_some()).count(),
            answer => usize::from(answer.get("error").is_some()),
        };
        rejected += refused as u64;
    }
    Ok(rejected)
}
