//! Writing a generated chain: signatures on other threads, blocks on this one.

use super::{Plan, Planned, timestamp};
use crate::ledger::{DevValidator, decide, open_spec};
use bttc_chain::Chain;
use bttc_storage::Durability;
use bttc_txpool::Origin;
use eyre::{Result, WrapErr, bail, ensure};
use std::{
    path::Path,
    sync::mpsc::{SyncSender, sync_channel},
};

/// Transactions signed at a time, about.
const LOT: u64 = 2_048;
/// Lots that may wait.
const LOTS: usize = 4;

/// Writes the chain of `plan` into a data directory, or goes on with it; `told` hears of each height. A last block that is not as planned is
/// taken back first: it may have been cut short while the machine was suspended.
///
/// The database is on the disk on return, not before.
pub fn write(plan: &Plan, datadir: &Path, told: impl FnMut(u64)) -> Result<()> {
    let db = datadir.join("db");
    std::fs::create_dir_all(&db).wrap_err_with(|| format!("making {}", db.display()))?;
    let mut chain = open_spec(&db, Durability::Ephemeral, plan.spec()?)?;
    if take_back(&chain, plan)? {
        drop(chain);
        chain = open_spec(&db, Durability::Ephemeral, plan.spec()?)?;
    }
    let first = chain.head().height() + 1;
    let (sender, lots) = sync_channel(LOTS);
    std::thread::scope(|scope| {
        let signing = scope.spawn(move || sign(plan, first, &sender));
        let built = build(&chain, plan.last_height(), lots.iter().flatten(), told);
        // The signer ends once nobody listens.
        drop(lots);
        let signed = signing.join().map_err(|_| eyre::eyre!("the signer panicked"))?;
        built.and(signed)
    })?;
    chain.storage().sync()?;
    Ok(std::fs::write(datadir.join("genesis.json"), plan.genesis()?)?)
}

/// Whether there was a block to take back.
fn take_back(chain: &Chain, plan: &Plan) -> Result<bool> {
    let head = chain.head().height();
    if head == 0 || head > plan.last_height() {
        return Ok(false);
    }
    let planned: usize = plan.signed(head..head + 1)?.iter().map(|block| block.transactions.len()).sum();
    if chain.read()?.transaction_count(head)? == Some(planned) {
        return Ok(false);
    }
    let mut write = chain.storage().write()?;
    write.unwind(head - 1)?;
    write.commit()?;
    Ok(true)
}

fn sign(plan: &Plan, first: u64, lots: &SyncSender<Vec<Planned>>) -> Result<()> {
    let end = plan.last_height() + 1;
    let lot = (LOT / plan.txs_per_block()).max(1);
    for start in (first..end).step_by(usize::try_from(lot)?) {
        if lots.send(plan.signed(start..(start + lot).min(end))?).is_err() {
            break;
        }
    }
    Ok(())
}

fn build(chain: &Chain, last: u64, planned: impl Iterator<Item = Planned>, mut told: impl FnMut(u64)) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signer = DevValidator::new()?;
    for Planned { height, transactions } in planned {
        ensure!(height == chain.head().height() + 1, "block {height} does not follow the head");
        let count = transactions.len();
        for added in chain.pool().add_many(transactions, Origin::Peer(0)) {
            if let Err(refused) = added {
                bail!("the pool refused a transaction of block {height}: {refused}");
            }
        }
        chain.clock().set_next(timestamp(height));
        let block = runtime.block_on(decide(chain, &signer))?;
        let included = block.body.transactions.len();
        ensure!(included == count, "block {height} has {included} transactions, planned were {count}");
        told(height);
    }
    ensure!(chain.head().height() >= last, "the chain ends at height {}, before {last}", chain.head().height());
    Ok(())
}
