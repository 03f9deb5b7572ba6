//! A node that joins late beside the same blocks run from a list: what downloading, checking certificates and asking around cost.
//!
//! `catch_up --bttc target/release/bttc` puts transfers on a local network of four, leaves one node of it that others can ask, and adds a node. Then the
//! blocks are verified and committed in this process, on a fresh store on the same disk.

#![allow(clippy::print_stdout, reason = "it prints its result")]

use alloy_primitives::Address;
use bttc_benches::{
    http::Connection,
    ledger, replay,
    testnet::Network,
    transactions::{Call, LOCAL_CHAIN, bodies, dev_key, sign_all_for},
};
use bttc_chain::{Chain, ChainConfig};
use bttc_primitives::ChainSpec;
use bttc_storage::Durability;
use bttc_txpool::PoolConfig;
use clap::Parser;
use eyre::{OptionExt, Result, ensure};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

#[derive(Parser)]
struct Args {
    /// The program.
    #[arg(long)]
    bttc: PathBuf,
    /// Transfers on the chain.
    #[arg(long, default_value_t = 60_000)]
    transfers: usize,
    /// Where the network is made; a disk, not memory.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
}

const SENDERS: u32 = 6;
const PATIENCE: Duration = Duration::from_secs(300);

/// Transfers of a sender that wait in the pool at most.
const AHEAD: usize = 2_000;

/// Puts transfers into blocks.
fn fill(args: &Args, network: &Network) -> Result<()> {
    let each = args.transfers.div_ceil(SENDERS as usize);
    let to = |n: u64| Address::left_padding_from(&(0x10_0000 + n % 1_000).to_be_bytes());
    let calls: Vec<_> = (0..each as u64).map(|n| Call::transfer(to(n))).collect();
    let keys = (0..SENDERS).map(dev_key).collect::<Result<Vec<_>>>()?;
    let mut connection = Connection::open(network.url(0))?;
    for (at, lot) in calls.chunks(AHEAD).enumerate() {
        let first = (at * AHEAD) as u64;
        for key in &keys {
            for body in bodies(&sign_all_for(LOCAL_CHAIN, key, first, lot)?, 100) {
                let answer: Value = serde_json::from_slice(&connection.post(&body)?)?;
                let refused = answer.as_array().into_iter().flatten().find_map(|answer| answer.get("error"));
                ensure!(refused.is_none(), "a transfer was refused: {refused:?}");
            }
        }
        for key in &keys {
            let params = json!([key.address(), "latest"]);
            let sent = first + lot.len() as u64;
            wait(|| Ok(connection.quantity("eth_getTransactionCount", params.clone())? >= sent))?;
        }
    }
    Ok(())
}

fn wait(mut until: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !until()? {
        ensure!(Instant::now() < end, "it takes too long");
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn height(url: &str) -> Result<u64> {
    Connection::open(url)?.quantity("eth_blockNumber", json!([]))
}

fn open(spec: &Arc<ChainSpec>, path: &Path) -> Result<Chain> {
    let store = ledger::store(path, Durability::Full)?;
    Ok(Chain::open(spec.clone(), store, ChainConfig::default(), PoolConfig::default(), None)?)
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let dir = tempfile::tempdir_in(&args.dir)?;
    let place = dir.path().join("network");
    let flags = ["--validators", "4", "--block-time", "200ms", "--set", "txpool.max_transactions=200000"];
    let mut network = Network::up(&args.bttc, &place, &flags)?;
    fill(&args, &network)?;
    // Three of four are gone, so that nothing is decided any more and no other node takes the processor.
    network.command(&["stop", "1", "2", "3"])?;
    let head = height(network.url(0))?;

    let began = Instant::now();
    network.add(&[])?;
    let late = network.url(4).to_owned();
    wait(|| Ok(height(&late)? >= head))?;
    let caught_up = began.elapsed();
    network.command(&["stop", "0", "4"])?;

    let spec = Arc::new(ChainSpec::from_json(&std::fs::read_to_string(place.join("genesis.json"))?)?);
    let blocks = replay::blocks(&open(&spec, &network.datadirs.first().ok_or_eyre("no node")?.join("db"))?).await?;
    let gas: u64 = blocks.iter().map(|of| of.block.header.gas_used).sum();
    let transactions: usize = blocks.iter().map(|of| of.block.body.transactions.len()).sum();
    let fresh = open(&spec, &dir.path().join("fresh"))?;
    let began = Instant::now();
    replay::run(&fresh, blocks).await?;
    let ran = began.elapsed();
    ensure!(fresh.head().height() >= head, "the blocks were refused");

    println!("{head} blocks, {transactions} transactions, {:.2} Ggas", gas as f64 / 1e9);
    for (what, time) in [("catch-up, from the start of the process", caught_up), ("local run", ran)] {
        let seconds = time.as_secs_f64();
        println!(
            "{what}: {seconds:.2} s, {:.0} blocks/s, {:.0} Mgas/s, {:.0} transactions/s",
            head as f64 / seconds,
            gas as f64 / 1e6 / seconds,
            transactions as f64 / seconds
        );
    }
    println!("catch-up is {:.0} % as fast", 100.0 * ran.as_secs_f64() / caught_up.as_secs_f64());
    Ok(())
}
