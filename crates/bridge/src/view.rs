//! What the relayer tells the RPC of the node that it runs in ([`bttc_primitives::RootView`]).

use crate::{
    config::RootConfig,
    events,
    records::Record,
    root::{BlockRef, Call, LogFilter, RootChain},
    side::SideChain,
    status::{RootStatus, Status},
};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolEvent};
use bttc_contracts::root::{ICheckpointManager::Checkpoint, IRootBridge};
use bttc_primitives::{
    ExitPayment, RelayReport, RootAnswer, RootCheckpoint, RootDeposit, RootDepositTx, RootExit, RootLimits,
    RootUnavailable, RootView, SeenBlock,
};
use futures::FutureExt;
use std::{collections::BTreeMap, fmt, sync::Arc};
use tokio::sync::watch;

/// Blocks of one question about checkpoints.
const PAGE: u64 = 1_000;
/// As many such questions are asked for one answer.
const PAGES: usize = 40;

/// A root chain's facts, whatever its kind.
pub(crate) trait Facts: Send + Sync + 'static {
    fn checkpoints(&self, limit: usize) -> RootAnswer<'_, Vec<RootCheckpoint>>;
    fn checkpoint_for(&self, height: u64) -> RootAnswer<'_, Option<RootCheckpoint>>;
    fn payment(&self, exit: RootExit) -> RootAnswer<'_, ExitPayment>;
    fn deposit_tx(&self, tx: B256) -> RootAnswer<'_, Option<RootDepositTx>>;
    fn limits(&self, token: Address) -> RootAnswer<'_, RootLimits>;
}

/// One root chain, asked on behalf of users.
pub(crate) struct RootFacts<R, S> {
    root: Arc<R>,
    side: Arc<S>,
    root_id: u8,
    bridge: Address,
    manager: Address,
    from_block: u64,
}

impl<R: RootChain, S: SideChain> RootFacts<R, S> {
    pub(crate) const fn new(root: Arc<R>, side: Arc<S>, config: &RootConfig) -> Self {
        let RootConfig { root_id, bridge, checkpoints: manager, from_block, .. } = *config;
        Self { root, side, root_id, bridge, manager, from_block }
    }

    fn unavailable(&self, why: impl ToString) -> RootUnavailable {
        RootUnavailable { root_id: self.root_id, why: why.to_string() }
    }

    async fn ask<C: SolCall>(&self, call: C) -> Result<C::Return, RootUnavailable> {
        let call_data = Call { from: None, to: self.bridge, value: U256::ZERO, data: call.abi_encode().into() };
        let result = self.root.simulate(&call_data).await.map_err(|error| self.unavailable(error))?.result;
        let answer = result.map_err(|revert| self.unavailable(revert))?;
        C::abi_decode_returns(&answer).map_err(|error| self.unavailable(error))
    }

    /// Checkpoints of the final blocks `from` to `to`, the oldest first.
    async fn page(&self, from: u64, to: u64) -> Result<Vec<RootCheckpoint>, RootUnavailable> {
        let filter = LogFilter { address: self.manager, events: vec![Checkpoint::SIGNATURE_HASH] };
        let logs = self.root.final_logs(from, to, &filter).await.map_err(|error| self.unavailable(error))?;
        let mut found = Vec::new();
        for log in logs {
            let event = Checkpoint::decode_log_data(&log.data).map_err(|error| self.unavailable(error))?;
            let block = self.block(log.block).await?;
            found.push(RootCheckpoint {
                height: event.height,
                exit_root: event.exitRoot,
                tx: log.transaction,
                block: seen(block),
            });
        }
        Ok(found)
    }

    async fn block(&self, number: u64) -> Result<BlockRef, RootUnavailable> {
        self.root.final_block(number).await.map_err(|error| self.unavailable(error))
    }

    async fn head(&self) -> Result<u64, RootUnavailable> {
        Ok(self.root.final_head().await.map_err(|error| self.unavailable(error))?.number)
    }

    async fn newest_checkpoints(&self, limit: usize) -> Result<Vec<RootCheckpoint>, RootUnavailable> {
        let mut found = Vec::new();
        let mut to = self.head().await?;
        for _ in 0..PAGES {
            let from = to.saturating_sub(PAGE.saturating_sub(1)).max(self.from_block);
            if from <= to {
                found.extend(self.page(from, to).await?.into_iter().rev());
            }
            if found.len() >= limit || from <= self.from_block {
                break;
            }
            to = from.saturating_sub(1);
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The first final block at or after a time in seconds, less the minute that clocks may differ by.
    async fn block_at(&self, time: u64, head: u64) -> Result<u64, RootUnavailable> {
        let wanted = time.saturating_sub(60).saturating_mul(1_000);
        let (mut low, mut high) = (self.from_block.min(head), head);
        while low < high {
            let middle = low.saturating_add(high.saturating_sub(low) / 2);
            if self.block(middle).await?.time < wanted {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    async fn first_checkpoint(&self, height: u64) -> Result<Option<RootCheckpoint>, RootUnavailable> {
        let head = self.head().await?;
        // A checkpoint of it cannot be older than the block itself.
        let time = self.side.block(height).await.map_err(|error| self.unavailable(error))?.time;
        let mut from = self.block_at(time, head).await?;
        for _ in 0..PAGES {
            if from > head {
                return Ok(None);
            }
            let to = head.min(from.saturating_add(PAGE.saturating_sub(1)));
            if let Some(found) = self.page(from, to).await?.into_iter().find(|found| found.height >= height) {
                return Ok(Some(found));
            }
            from = to.saturating_add(1);
        }
        Err(self.unavailable(format!(
            "the checkpoint of block {height} is not in the blocks that were searched; ask for a later block"
        )))
    }

    async fn paid(&self, exit: RootExit) -> Result<ExitPayment, RootUnavailable> {
        let RootExit { index, token, from, to, amount } = exit;
        let paid_in_full = self.ask(IRootBridge::isPaidCall { index }).await?;
        let exit = IRootBridge::Exit { index, token, from, to, amount };
        let progress = self.ask(IRootBridge::progressOfCall { exit }).await?;
        let available = self.ask(IRootBridge::limitsCall { token }).await?.available;
        Ok(ExitPayment {
            paid_in_full,
            paid: if paid_in_full { amount } else { U256::from(progress.paid) },
            payable_from: Some(progress.payableFrom).filter(|from| *from != 0),
            available,
        })
    }

    async fn deposits_of(&self, tx: B256) -> Result<Option<RootDepositTx>, RootUnavailable> {
        let Some(found) = self.root.transaction(tx).await.map_err(|error| self.unavailable(error))? else {
            let waiting =
                || RootDepositTx { block: None, is_final: false, final_in: None, failed: None, deposits: Vec::new() };
            return Ok(self.root.is_waiting(tx).await.then(waiting));
        };
        let filter = events::filter(self.bridge);
        let mut deposits = Vec::new();
        for log in found.logs.iter().filter(|log| filter.matches(log.address, &log.data)) {
            let event = events::read(log).map_err(|error| self.unavailable(error))?;
            if let Record::Deposit(deposit) = event.record {
                let (nonce, token, from) = (event.nonce, deposit.token, deposit.from);
                deposits.push(RootDeposit { nonce, token, from, to: deposit.to, amount: deposit.amount });
            }
        }
        let mut block = SeenBlock { height: found.block, time: 0 };
        let mut final_in = None;
        if found.is_final {
            block = seen(self.block(found.block).await?);
        } else {
            // Final blocks follow at the pace of all blocks, so as long after it as the newest is ahead of the last final one.
            let newest = self.root.newest_head().await.map_err(|error| self.unavailable(error))?;
            let last = self.root.final_head().await.map_err(|error| self.unavailable(error))?;
            let behind = newest.number.saturating_sub(last.number).max(1);
            let left = found.block.saturating_sub(last.number).min(behind);
            let lag = newest.time.saturating_sub(last.time) / 1_000;
            final_in = lag.saturating_mul(left).checked_div(behind);
            block.time = (newest.time / 1_000).saturating_sub(
                lag.saturating_mul(newest.number.saturating_sub(found.block)).checked_div(behind).unwrap_or(0),
            );
        }
        let failed = (!found.succeeded).then(|| "the transaction failed on the root chain".to_owned());
        Ok(Some(RootDepositTx { block: Some(block), is_final: found.is_final, final_in, failed, deposits }))
    }

    async fn limits_of(&self, token: Address) -> Result<RootLimits, RootUnavailable> {
        let limits = self.ask(IRootBridge::limitsCall { token }).await?;
        Ok(RootLimits { available: limits.available, daily: limits.daily, at_once: limits.atOnce })
    }
}

const fn seen(block: BlockRef) -> SeenBlock {
    SeenBlock { height: block.number, time: block.time / 1_000 }
}

impl<R: RootChain, S: SideChain> Facts for RootFacts<R, S> {
    fn checkpoints(&self, limit: usize) -> RootAnswer<'_, Vec<RootCheckpoint>> {
        self.newest_checkpoints(limit).boxed()
    }

    fn checkpoint_for(&self, height: u64) -> RootAnswer<'_, Option<RootCheckpoint>> {
        self.first_checkpoint(height).boxed()
    }

    fn payment(&self, exit: RootExit) -> RootAnswer<'_, ExitPayment> {
        self.paid(exit).boxed()
    }

    fn deposit_tx(&self, tx: B256) -> RootAnswer<'_, Option<RootDepositTx>> {
        self.deposits_of(tx).boxed()
    }

    fn limits(&self, token: Address) -> RootAnswer<'_, RootLimits> {
        self.limits_of(token).boxed()
    }
}

/// The relayer as the RPC sees it. Cheap to clone.
#[derive(Clone)]
pub struct RelayView {
    status: watch::Receiver<Status>,
    roots: BTreeMap<u8, Arc<dyn Facts>>,
}

impl RelayView {
    pub(crate) const fn new(status: watch::Receiver<Status>, roots: BTreeMap<u8, Arc<dyn Facts>>) -> Self {
        Self { status, roots }
    }

    /// The whole status.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    fn of<'a, T: Send + 'a>(
        &'a self,
        root_id: u8,
        ask: impl FnOnce(&'a dyn Facts) -> RootAnswer<'a, T>,
    ) -> RootAnswer<'a, T> {
        match self.roots.get(&root_id) {
            Some(root) => ask(root.as_ref()),
            None => {
                let why = "this relayer does not watch it; add it to bridge.roots".to_owned();
                async move { Err(RootUnavailable { root_id, why }) }.boxed()
            }
        }
    }
}

impl fmt::Debug for RelayView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayView").field("roots", &self.roots.keys()).finish_non_exhaustive()
    }
}

impl RootView for RelayView {
    fn reports(&self) -> Vec<RelayReport> {
        self.status.borrow().roots.iter().map(|(root_id, status)| report(*root_id, status)).collect()
    }

    fn checkpoints(&self, root_id: u8, limit: usize) -> RootAnswer<'_, Vec<RootCheckpoint>> {
        self.of(root_id, |root| root.checkpoints(limit))
    }

    fn checkpoint_for(&self, root_id: u8, height: u64) -> RootAnswer<'_, Option<RootCheckpoint>> {
        self.of(root_id, |root| root.checkpoint_for(height))
    }

    fn payment(&self, root_id: u8, exit: RootExit) -> RootAnswer<'_, ExitPayment> {
        self.of(root_id, |root| root.payment(exit))
    }

    fn deposit_tx(&self, root_id: u8, tx: B256) -> RootAnswer<'_, Option<RootDepositTx>> {
        self.of(root_id, |root| root.deposit_tx(tx))
    }

    fn limits(&self, root_id: u8, token: Address) -> RootAnswer<'_, RootLimits> {
        self.of(root_id, |root| root.limits(token))
    }
}

fn report(root_id: u8, status: &RootStatus) -> RelayReport {
    let incoming = &status.incoming;
    let time = incoming.final_time.unwrap_or_default() / 1_000;
    let final_head = incoming.final_head.map(|height| SeenBlock { height, time });
    let outgoing = status.outgoing.as_ref();
    let errors: Vec<_> =
        status.halted.iter().chain(status.alarms.values()).chain(status.errors.values()).map(String::as_str).collect();
    RelayReport {
        root_id,
        final_head,
        checkpoint: outgoing.map(|out| SeenBlock { height: out.tip, time: out.tip_time }),
        trusted_height: outgoing.map(|out| out.tip),
        stopped: outgoing.is_some_and(|out| time > out.tip_time.saturating_add(out.stop_age)),
        paused_until: status.paused_until.filter(|until| *until > time),
        records: incoming.final_head.map(|_| incoming.records),
        fee_balance: outgoing.and_then(|out| out.balance),
        fee_days: outgoing.and_then(|out| out.days_left),
        waiting: outgoing.filter(|out| out.due.is_some()).and_then(|out| out.blocked.clone()),
        last_error: (!errors.is_empty()).then(|| errors.join("; ")),
        updated_at: time,
    }
}
