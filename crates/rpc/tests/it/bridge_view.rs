//! A relayer that sees what the test tells it.

use alloy_primitives::{Address, B256};
use bttc_primitives::{
    ExitPayment, Height, RelayReport, RootAnswer, RootCheckpoint, RootDepositTx, RootExit, RootLimits, RootUnavailable,
    RootView, SeenBlock,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

#[derive(Debug, Default)]
struct Seen {
    reports: BTreeMap<u8, RelayReport>,
    checkpoints: Vec<(u8, RootCheckpoint)>,
    payments: BTreeMap<u32, ExitPayment>,
    deposits: BTreeMap<(u8, B256), RootDepositTx>,
    limits: Option<RootLimits>,
    broken: Option<String>,
}

/// What a relayer would hand in.
#[derive(Debug, Default)]
pub(crate) struct View(Mutex<Seen>);

/// A block of a root chain at a height.
pub(crate) fn seen(height: Height) -> SeenBlock {
    SeenBlock { height, time: 1_800_000_000 + height }
}

impl View {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }

    pub(crate) fn watch(&self, root_id: u8) {
        self.seen().reports.insert(root_id, RelayReport { root_id, ..RelayReport::default() });
    }

    pub(crate) fn checkpoint(&self, root_id: u8, height: Height, exit_root: B256) {
        let mut of = self.seen();
        let block = seen(height);
        of.reports.get_mut(&root_id).unwrap().checkpoint = Some(block);
        let checkpoint = RootCheckpoint { height, exit_root, tx: B256::with_last_byte(height as u8), block };
        of.checkpoints.push((root_id, checkpoint));
    }

    pub(crate) fn pay(&self, index: u32, payment: ExitPayment) {
        self.seen().payments.insert(index, payment);
    }

    pub(crate) fn limit(&self, limits: RootLimits) {
        self.seen().limits = Some(limits);
    }

    pub(crate) fn deposit(&self, root_id: u8, tx: B256, found: RootDepositTx) {
        self.seen().deposits.insert((root_id, tx), found);
    }

    pub(crate) fn break_down(&self, why: &str) {
        let mut of = self.seen();
        of.broken = Some(why.to_owned());
        of.reports.values_mut().for_each(|report| report.last_error = Some(why.to_owned()));
    }

    fn answer<T: Send + 'static>(&self, root_id: u8, of: impl FnOnce(&Seen) -> T) -> RootAnswer<'_, T> {
        let seen = self.seen();
        let answer = match &seen.broken {
            Some(why) => Err(RootUnavailable { root_id, why: why.clone() }),
            None => Ok(of(&seen)),
        };
        drop(seen);
        Box::pin(std::future::ready(answer))
    }
}

impl RootView for View {
    fn reports(&self) -> Vec<RelayReport> {
        self.seen().reports.values().cloned().collect()
    }

    fn checkpoints(&self, root_id: u8, limit: usize) -> RootAnswer<'_, Vec<RootCheckpoint>> {
        self.answer(root_id, |seen| {
            let of_root = seen.checkpoints.iter().rev().filter(|(id, _)| *id == root_id);
            of_root.map(|(_, of)| of.clone()).take(limit).collect()
        })
    }

    fn checkpoint_for(&self, root_id: u8, height: Height) -> RootAnswer<'_, Option<RootCheckpoint>> {
        self.answer(root_id, |seen| {
            let mut of_root = seen.checkpoints.iter().filter(|(id, _)| *id == root_id);
            of_root.find(|(_, of)| of.height >= height).map(|(_, of)| of.clone())
        })
    }

    fn payment(&self, root_id: u8, exit: RootExit) -> RootAnswer<'_, ExitPayment> {
        // What is not told otherwise may be paid whole.
        let open = ExitPayment { available: exit.amount, ..ExitPayment::default() };
        self.answer(root_id, |seen| seen.payments.get(&exit.index).copied().unwrap_or(open))
    }

    fn deposit_tx(&self, root_id: u8, tx: B256) -> RootAnswer<'_, Option<RootDepositTx>> {
        self.answer(root_id, |seen| seen.deposits.get(&(root_id, tx)).cloned())
    }

    fn limits(&self, root_id: u8, _: Address) -> RootAnswer<'_, RootLimits> {
        self.answer(root_id, |seen| seen.limits.unwrap())
    }
}
