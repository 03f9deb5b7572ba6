//! Asks a node on a generated chain (see `generate`) about old and new heights, checks each answer against the chain's rule, and prints how long
//! answers take, how soon a killed node answers again, and what the chain takes on the disk.
//!
//! `history --bttc target/release/bttc --datadir DIR [--heights 1000,100000,1000000] [--node-args "--storage.x y"] [--verify] [--json]`

mod questions;

use bttc_benches::{
    generated::{AccountsPattern, BlocksPattern},
    http::Connection,
    node::{NodeProcess, disk},
    process::peak_memory_kib,
    samples::Samples,
};
use clap::Parser;
use eyre::{OptionExt, Result, bail, ensure};
use questions::{Question, hex_words};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

#[derive(Parser)]
struct Args {
    /// The program.
    #[arg(long)]
    bttc: PathBuf,
    /// A directory that `generate` made.
    #[arg(long)]
    datadir: PathBuf,
    /// Heights to ask about; those above the head are left out. Without it 1 k, 100 k, 1 M and the head.
    #[arg(long, value_delimiter = ',')]
    heights: Vec<u64>,
    /// Requests of each kind at each height.
    #[arg(long, default_value_t = 500)]
    samples: u64,
    /// How often the node is killed and started again.
    #[arg(long, default_value_t = 5)]
    kills: usize,
    /// Further arguments for `bttc node`, separated by blanks.
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    node_args: String,
    /// Also times `bttc db verify`.
    #[arg(long)]
    verify: bool,
    /// Prints JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// Which rule a chain follows.
#[derive(Clone, Copy, Debug)]
enum Rule {
    Blocks(BlocksPattern),
    Accounts(AccountsPattern),
}

/// Times at one height, by question.
struct Row {
    height: u64,
    cells: Vec<(Question, Samples)>,
}

struct Report {
    head: u64,
    rows: Vec<Row>,
    starts: Samples,
    peak_kib: u64,
    tables: u64,
    file: u64,
    /// Number of blocks or accounts, and what it counts.
    per: (u64, &'static str),
    verify: Option<Duration>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let extra: Vec<_> = args.node_args.split_whitespace().map(str::to_owned).collect();
    let mut node = NodeProcess::start(&args.bttc, &args.datadir, &extra)?;
    let mut connection = node.connect()?;
    let head = connection.quantity("eth_blockNumber", json!([]))?;
    let rule = Rule::of(&mut connection, head)?;
    let mut rows = Vec::new();
    for height in heights(&args, head) {
        let mut cells = Vec::new();
        for question in Question::of(rule) {
            cells.push((*question, measure(&mut connection, rule, *question, height, args.samples)?));
        }
        rows.push(Row { height, cells });
    }
    let peak_kib = peak_memory_kib(node.pid())?;
    let mut starts = Samples::default();
    for _ in 0..args.kills {
        node.kill()?;
        node = NodeProcess::start(&args.bttc, &args.datadir, &extra)?;
        starts.answered(node.first_answer);
        let again = node.connect()?.quantity("eth_blockNumber", json!([]))?;
        ensure!(again == head, "after a kill the head is {again}, before it was {head}");
    }
    node.kill()?;
    let (tables, file) = disk(&args.bttc, &args.datadir)?;
    let verify = args.verify.then(|| verify(&args)).transpose()?;
    let per = match rule {
        Rule::Blocks(_) => (head, "block"),
        Rule::Accounts(pattern) => (pattern.accounts, "account"),
    };
    let report = Report { head, rows, starts, peak_kib, tables, file, per, verify };
    let mut out = std::io::stdout().lock();
    if args.json { Ok(writeln!(out, "{:#}", report.json())?) } else { report.print(&mut out) }
}

fn heights(args: &Args, head: u64) -> Vec<u64> {
    let mut heights = args.heights.clone();
    if heights.is_empty() {
        heights = vec![1_000, 100_000, 1_000_000, head];
    }
    heights.retain(|height| *height <= head);
    heights.sort_unstable();
    heights.dedup();
    heights
}

impl Rule {
    /// What the chain itself tells about its rule.
    fn of(connection: &mut Connection, head: u64) -> Result<Self> {
        ensure!(head >= 2, "the chain ends at height {head}; it was not made by `generate`");
        let genesis = connection.call("eth_getBlockByNumber", json!(["0x0", false]))?;
        if genesis.get("gasLimit") == Some(&json!(format!("{:#x}", AccountsPattern::GAS_LIMIT))) {
            let block = connection.call("eth_getBlockByNumber", json!([format!("{head:#x}"), true]))?;
            let last = block.get("transactions").and_then(Value::as_array).and_then(|all| all.last());
            let input = last.and_then(|tx| tx.get("input")?.as_str()).ok_or_eyre("the last block is empty")?;
            let accounts = *hex_words(input)?.get(1).ok_or_eyre("the last block does not pay accounts")?;
            return Ok(Self::Accounts(AccountsPattern { accounts }));
        }
        let txs_per_block = connection.quantity("eth_getBlockTransactionCountByNumber", json!(["0x2"]))?;
        Ok(Self::Blocks(BlocksPattern { txs_per_block }))
    }
}

/// Asks at heights near `height`, below it.
fn measure(connection: &mut Connection, rule: Rule, question: Question, height: u64, count: u64) -> Result<Samples> {
    let mut samples = Samples::default();
    for n in 0..count {
        let at = height.saturating_sub(n.wrapping_mul(37) % (height / 2).clamp(1, 500)).max(2);
        let Some((method, params)) = question.request(connection, rule, at, n)? else { return Ok(samples) };
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let began = Instant::now();
        let answer = connection.post(body.as_bytes())?;
        let time = began.elapsed();
        let answer: Value = serde_json::from_slice(&answer)?;
        match (answer.get("result"), answer.get("error")) {
            (Some(result), _) => {
                question.check(rule, at, n, result)?;
                samples.answered(time);
            }
            (_, Some(error)) if error.to_string().contains("pruned") => samples.refused(),
            _ => bail!("{method} {params}: {answer}"),
        }
    }
    Ok(samples)
}

fn verify(args: &Args) -> Result<Duration> {
    let began = Instant::now();
    let status = Command::new(&args.bttc).args(["db", "verify", "--datadir"]).arg(&args.datadir).status()?;
    ensure!(status.success(), "bttc db verify ended with {status}");
    Ok(began.elapsed())
}

impl Report {
    fn print(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "median / p99 in microseconds, over JSON-RPC on one connection; every answer was checked")?;
        write!(out, "{:<28}", "")?;
        for row in &self.rows {
            write!(out, "{:>20}", format!("height {}", row.height))?;
        }
        writeln!(out)?;
        let questions = self.rows.first().into_iter().flat_map(|row| &row.cells).map(|(question, _)| question);
        for (at, question) in questions.enumerate() {
            write!(out, "{:<28}", question.name())?;
            for row in &self.rows {
                write!(out, "{:>20}", row.cells.get(at).map(|(_, samples)| samples.cell()).unwrap_or_default())?;
            }
            writeln!(out)?;
        }
        let (count, what) = self.per;
        let each = |bytes: u64| bytes as f64 / count as f64;
        writeln!(out, "head {}; peak memory of the node {} MiB", self.head, self.peak_kib / 1024)?;
        let ms = |per_mille| self.starts.quantile(per_mille) / 1e3;
        writeln!(out, "start to first answer after SIGKILL: median {:.0} ms, worst {:.0} ms", ms(500), ms(1_000))?;
        writeln!(
            out,
            "disk: tables {} MiB, {:.0} bytes a {what}; file {} MiB, {:.0} bytes a {what}",
            self.tables >> 20,
            each(self.tables),
            self.file >> 20,
            each(self.file)
        )?;
        if let Some(time) = self.verify {
            writeln!(out, "db verify: {:.1} s, {:.1} s a GB", time.as_secs_f64(), self.verify_per_gb(time))?;
        }
        Ok(())
    }

    fn verify_per_gb(&self, time: Duration) -> f64 {
        time.as_secs_f64() / (self.tables as f64 / 1e9)
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            let cells: serde_json::Map<_, _> =
                row.cells.iter().map(|(question, samples)| (question.name().to_owned(), samples.json())).collect();
            json!({ "height": row.height, "requests": cells })
        };
        json!({
            "head": self.head,
            "heights": self.rows.iter().map(row).collect::<Vec<_>>(),
            "first_answer_after_kill": self.starts.json(),
            "peak_memory_kib": self.peak_kib,
            "table_bytes": self.tables,
            "file_bytes": self.file,
            "counted": self.per.1,
            "count": self.per.0,
            "verify_seconds": self.verify.map(|time| time.as_secs_f64()),
            "verify_seconds_per_gb": self.verify.map(|time| self.verify_per_gb(time)),
        })
    }
}
