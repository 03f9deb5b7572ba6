//! Import of a snapshot beside running the blocks that made its state.
//!
//! `cargo run --release -p bttc-benches --bin snapshot -- --blocks 300` makes a development chain whose blocks fill new slots and new accounts, then
//! measures on fresh stores with full durability: running all blocks again (verify and commit, as a node that follows), exporting the state, importing it.

#![allow(clippy::print_stdout, reason = "it prints its result")]

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, bytes, keccak256};
use bttc_benches::{
    ledger::{self, DevValidator},
    transactions::{Call, dev_key, sign, sign_all},
};
use bttc_chain::{
    Chain,
    snapshot::{Exporter, SnapshotDir, import},
};
use bttc_consensus::Application;
use bttc_primitives::SealedBlock;
use bttc_storage::Durability;
use bttc_txpool::Origin;
use clap::Parser;
use eyre::{OptionExt, Result};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Sets the 64 slots from its call data's first word on to the second word.
const FILL: Bytes = bytes!("60005b6020358160003501556001018060401160025700");
/// Deploys that.
const DEPLOY: Bytes = bytes!("601780600b6000396000f360005b6020358160003501556001018060401160025700");
/// Slots that one call sets.
const SLOTS: u64 = 64;

#[derive(Parser)]
struct Args {
    /// Blocks of the chain.
    #[arg(long, default_value_t = 300)]
    blocks: u64,
    /// Calls in a block that set 64 new slots each.
    #[arg(long, default_value_t = 15)]
    fills: u64,
    /// Transfers in a block to new accounts.
    #[arg(long, default_value_t = 300)]
    transfers: u64,
    /// Where the stores are made; a disk, not memory.
    #[arg(long, default_value = ".")]
    dir: std::path::PathBuf,
}

async fn make(args: &Args, path: &Path, validator: &DevValidator) -> Result<(Chain, Vec<SealedBlock>)> {
    let chain = ledger::open(path, Durability::Ephemeral)?;
    let (filler, payer) = (dev_key(1)?, dev_key(2)?);
    let contract = filler.address().create(0);
    let deploy = sign(&filler, 0, &Call { to: TxKind::Create, input: DEPLOY, value: U256::ZERO, gas: 300_000 })?;
    chain.pool().add(deploy, Origin::Local)?;
    let mut blocks = Vec::new();
    for height in 0..args.blocks {
        if height > 0 {
            let fill = |n: u64| {
                let first = U256::from(height * args.fills + n) * U256::from(SLOTS);
                let value = U256::from_be_bytes(keccak256(first.to_be_bytes::<32>()).0);
                let input = [first, value].map(|word| B256::from(word).0).concat().into();
                Call { to: TxKind::Call(contract), input, value: U256::ZERO, gas: 1_700_000 }
            };
            let fills: Vec<_> = (0..args.fills).map(fill).collect();
            let to = |n: u64| Address::from_word(keccak256((height * args.transfers + n).to_be_bytes()));
            let transfers: Vec<_> = (0..args.transfers).map(|n| Call::transfer(to(n))).collect();
            let nonce = 1 + (height - 1) * args.fills;
            for tx in sign_all(&filler, nonce, &fills)?.into_iter().chain(sign_all(
                &payer,
                (height - 1) * args.transfers,
                &transfers,
            )?) {
                chain.pool().add(tx, Origin::Local)?;
            }
        }
        blocks.push(ledger::decide(&chain, validator).await?);
    }
    eyre::ensure!(chain.pool().status() == (0, 0), "blocks were full: ask for fewer fills or transfers");
    Ok((chain, blocks))
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let validator = DevValidator::new()?;
    let dir = tempfile::tempdir_in(&args.dir)?;
    let (chain, blocks) = make(&args, &dir.path().join("made"), &validator).await?;
    let head = chain.head();
    let code = bttc_primitives::StateReader::account(&chain.read()?.state()?, dev_key(1)?.address().create(0))?;
    let code = code.ok_or_eyre("the contract is not there")?.code_hash;
    eyre::ensure!(code == keccak256(&FILL), "the contract is another one");

    let began = Instant::now();
    let exporter = Exporter::new(chain.spec(), chain.read()?, None)?;
    let snapshot = SnapshotDir::new(dir.path().join("snapshot"));
    let summary = exporter.write_to(&snapshot, |_| true)?;
    let exported = began.elapsed();

    let began = Instant::now();
    let follower = ledger::open(&dir.path().join("run"), Durability::Full)?;
    for block in &blocks {
        follower.verify(ledger::turn(&follower, &validator), block.clone()).await?;
        follower.commit(ledger::decision(&follower, block, &validator)?).await?;
    }
    let ran = began.elapsed();
    eyre::ensure!(follower.head() == head);

    let storage = ledger::store(&dir.path().join("imported"), Durability::Full)?;
    let began = Instant::now();
    let mut verified = Duration::ZERO;
    let imported = import(chain.spec(), &storage, &snapshot, None, |done| {
        if done.built == 0 {
            verified = began.elapsed();
        }
    })?;
    let took = began.elapsed();
    eyre::ensure!(imported == *head);

    let leaves = (summary.accounts + summary.slots) as f64;
    let gas: u64 = blocks.iter().map(|block| block.header.gas_used).sum();
    let mib = summary.bytes as f64 / f64::from(1 << 20);
    println!("state: {} accounts, {} slots, {} chunks, {mib:.1} MiB", summary.accounts, summary.slots, summary.chunks);
    println!(
        "blocks: {}, {} transactions, {:.2} Ggas",
        blocks.len(),
        blocks.iter().map(|b| b.body.transactions.len()).sum::<usize>(),
        gas as f64 / 1e9
    );
    let line = |name: &str, time: Duration| {
        let seconds = time.as_secs_f64();
        println!(
            "{name}: {seconds:.2} s, {:.0} accounts and slots a second, {:.1} MiB/s",
            leaves / seconds,
            mib / seconds
        );
    };
    line("run the blocks", ran);
    line("export", exported);
    line("import", took);
    line("  of it, chunks checked and written", verified);
    println!("import is {:.1} times as fast as running the blocks", ran.as_secs_f64() / took.as_secs_f64());
    Ok(())
}
