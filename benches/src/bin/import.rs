//! Blocks of transfers, verified and committed from a list by a ledger that has seen none of the transactions.
//!
//! `import --dir DIR` makes a chain, then lets fresh ledgers run it: one that syncs each block to the disk, one that does not. In the same run stands
//! what this machine reaches when it only recovers the senders of the same transactions on all cores: no import can be faster, as each sender must be
//! recovered once.

use bttc_benches::{
    ledger::{DevValidator, GENESIS, decide, genesis_with_gas_limit, store},
    process::cpu_micros,
    replay,
    transactions::dev_transfers,
};
use bttc_chain::{Chain, ChainConfig};
use bttc_consensus::DecidedBlock;
use bttc_primitives::{ChainSpec, Recovered, Transaction, recover_senders};
use bttc_storage::Durability;
use bttc_txpool::{Origin, PoolConfig};
use clap::Parser;
use eyre::{Result, bail, ensure};
use serde_json::json;
use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

#[derive(Parser)]
struct Args {
    /// Transfers on the chain.
    #[arg(long, default_value_t = 60_000)]
    transfers: usize,
    /// Transfers in a block; more than fit into the development network's blocks get a larger gas limit.
    #[arg(long, default_value_t = 2_000)]
    per_block: usize,
    /// Where the ledgers are made; a disk, not memory.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Runs of each; medians are printed.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Accounts that send, of the development mnemonic.
const SENDERS: usize = 10;
const TRANSFER_GAS: usize = 21_000;

/// Seconds and CPU seconds of one run.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    cpu: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    ensure!(
        args.per_block > 0 && args.transfers > 0 && args.rounds > 0,
        "transfers, per-block and rounds must be at least 1"
    );
    let dir = tempfile::tempdir_in(&args.dir)?;
    // Twice the gas, so that the base fee stays on its floor.
    let gas = (args.per_block * TRANSFER_GAS * 2) as u64;
    let genesis = if gas > 60_000_000 { genesis_with_gas_limit(gas)? } else { GENESIS.to_owned() };
    let spec = Arc::new(ChainSpec::from_json(&genesis)?);
    let source = open(&spec, &dir.path().join("source"), Durability::Ephemeral, true)?;
    fill(&source, &args).await?;
    let blocks = replay::blocks(&source).await?;
    drop(source);
    let transactions: Vec<Transaction> = blocks.iter().flat_map(|of| of.block.body.transactions.clone()).collect();
    ensure!(transactions.len() == args.transfers, "the chain has {} transfers", transactions.len());

    let mut times = vec![Vec::new(); 3];
    for round in 0..args.rounds {
        // In turns, as the machine's speed drifts.
        let synced =
            import(&spec, &dir.path().join(format!("synced-{round}")), Durability::Full, blocks.clone()).await?;
        let unsynced =
            import(&spec, &dir.path().join(format!("unsynced-{round}")), Durability::Ephemeral, blocks.clone()).await?;
        let recovery = timed(async {
            recover_senders(&transactions, true)?;
            Ok(())
        })
        .await?;
        for (all, one) in times.iter_mut().zip([recovery, synced, unsynced]) {
            all.push(one);
        }
    }
    let medians: Vec<_> = times.iter_mut().map(|of| median(of)).collect();
    let limit = medians.first().map_or(f64::NAN, |took| took.wall);
    let mut out = std::io::stdout().lock();
    let mut rows = Vec::new();
    for (name, took) in ["recovery of the senders alone", "import, synced", "import, not synced"].iter().zip(&medians) {
        let count = args.transfers as f64;
        let (rate, micros, share) = (count / took.wall, took.cpu * 1e6 / count, limit / took.wall);
        rows.push(json!({"what": name, "per_second": rate, "cpu_us_each": micros, "of_recovery": share}));
        if !args.json {
            writeln!(
                out,
                "{name:<30} {rate:>9.0} a second {micros:>7.1} us of CPU each {:>5.0} % of the limit",
                100.0 * share
            )?;
        }
    }
    let shape = json!({"transfers": args.transfers, "blocks": blocks.len(), "cores": rayon::current_num_threads()});
    if args.json {
        writeln!(out, "{:#}", json!({"chain": shape, "rows": rows}))?;
    } else {
        writeln!(
            out,
            "{} transfers in {} blocks, {} cores",
            args.transfers,
            blocks.len(),
            rayon::current_num_threads()
        )?;
    }
    Ok(())
}

fn open(spec: &Arc<ChainSpec>, path: &Path, durability: Durability, proposes: bool) -> Result<Chain> {
    let signer = if proposes { Some(DevValidator::new()? as _) } else { None };
    let chain = ChainConfig::default();
    Ok(Chain::open(spec.clone(), store(path, durability)?, chain, PoolConfig::default(), signer)?)
}

/// Puts the transfers into blocks.
async fn fill(chain: &Chain, args: &Args) -> Result<()> {
    let signer = DevValidator::new()?;
    let mut nonces = [0; SENDERS];
    let mut left = args.transfers;
    while left > 0 {
        let now = left.min(args.per_block);
        let mut lot: Vec<Recovered<Transaction>> = Vec::new();
        for (sender, nonce) in (0..).zip(nonces.iter_mut()) {
            let share = now / SENDERS + usize::from((sender as usize) < now % SENDERS);
            lot.extend(dev_transfers(sender, *nonce, share)?);
            *nonce += share as u64;
        }
        for added in chain.pool().add_many(lot, Origin::Peer(0)) {
            if let Err(refused) = added {
                bail!("the pool refused a transfer: {refused}");
            }
        }
        chain.clock().set_next(bttc_benches::generated::timestamp(chain.head().height() + 1));
        let block = decide(chain, &signer).await?;
        ensure!(
            block.body.transactions.len() == now,
            "a block has {} transfers, not {now}",
            block.body.transactions.len()
        );
        left -= now;
    }
    Ok(())
}

/// Runs the blocks on a fresh ledger.
async fn import(spec: &Arc<ChainSpec>, path: &Path, durability: Durability, blocks: Vec<DecidedBlock>) -> Result<Took> {
    let chain = open(spec, path, durability, false)?;
    let last = blocks.len() as u64;
    let took = timed(replay::run(&chain, blocks)).await?;
    ensure!(chain.head().height() == last, "the import ended at height {}, not {last}", chain.head().height());
    Ok(took)
}

async fn timed(work: impl Future<Output = Result<()>>) -> Result<Took> {
    let me = std::process::id();
    let (cpu, began) = (cpu_micros(me)?, Instant::now());
    work.await?;
    let wall = began.elapsed().as_secs_f64();
    Ok(Took { wall, cpu: cpu_micros(me)?.saturating_sub(cpu) as f64 / 1e6 })
}

/// By wall time.
fn median(times: &mut [Took]) -> Took {
    times.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    times.get(times.len() / 2).copied().unwrap_or(Took { wall: f64::NAN, cpu: f64::NAN })
}
