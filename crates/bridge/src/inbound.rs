//! From a root chain to ours: checks the root chain, watches its records, vouches for them, carries them out.

use crate::{
    attest::{Attester, Inbox},
    execute::Executor,
    metrics,
    root::{Expected, ExpectedCode, RootChain, RootError},
    side::{
        SideChain, SideError,
        account::SideAccount,
        views::{self, Epoch},
    },
    status::RootStatus,
    watch::{Halt, Step, WatchError, Watcher},
};
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;
use bttc_contracts::{
    bridge::IBridgeInbox::RootView,
    root::{ICheckpointManager, IRootBridge},
};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Pages that are read in a round, before our chain is looked at again.
const PAGES: usize = 20;

/// What the root chain must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contracts {
    pub(crate) root_id: u8,
    pub(crate) root_chain_id: u64,
    pub(crate) side_chain_id: u64,
    pub(crate) bridge: Address,
    pub(crate) checkpoints: Address,
}

/// The accounts here that vote and pay; they may be one.
#[derive(Clone)]
pub(crate) struct Accounts {
    pub(crate) voter: Option<Arc<Mutex<SideAccount>>>,
    pub(crate) payer: Option<Arc<Mutex<SideAccount>>>,
}

pub(crate) struct Inbound {
    pub(crate) contracts: Contracts,
    pub(crate) watcher: Watcher,
    pub(crate) attester: Option<Attester>,
    pub(crate) executor: Executor,
    pub(crate) accounts: Accounts,
    /// Hash of the bridge's code with which the root chain was found to be the right one.
    checked: Option<B256>,
    halted: Option<String>,
}

impl Inbound {
    pub(crate) const fn new(
        contracts: Contracts,
        watcher: Watcher,
        attester: Option<Attester>,
        executor: Executor,
        accounts: Accounts,
    ) -> Self {
        Self { contracts, watcher, attester, executor, accounts, checked: None, halted: None }
    }

    /// One round. What went wrong goes into `status`; answers whether there is more to do at once.
    pub(crate) async fn round<R: RootChain, S: SideChain>(
        &mut self,
        root: &R,
        side: &S,
        status: &mut RootStatus,
    ) -> bool {
        for part in ["our chain", "watch", "attest", "execute"] {
            status.errors.remove(part);
        }
        let (view, epoch, head) = match self.look(side).await {
            Ok(Some(seen)) => seen,
            Ok(None) => {
                let why = format!(
                    "root chain {} is not registered in BridgeInbox; register it by a vote, or correct root_id",
                    self.contracts.root_id
                );
                status.alarms.insert("unregistered", why);
                return false;
            }
            Err(error) => {
                self.note(status, "our chain", &error.to_string());
                return false;
            }
        };
        status.alarms.remove("unregistered");
        status.incoming.accepted = view.accepted;
        status.incoming.executed = view.executed;
        status.incoming.enabled = view.enabled;
        let more = match self.watch(root, &view).await {
            Ok(step) => matches!(step, Step::More | Step::Auditing { .. }),
            Err(WatchError::Halt(halt)) => {
                self.halt(&halt);
                false
            }
            Err(error) => {
                self.note(status, "watch", &error.to_string());
                false
            }
        };
        self.report(status);
        if self.halted.is_some() || self.checked.is_none() {
            return false;
        }
        let executed = self.act(side, &view, &epoch, head, status).await;
        // What waits is carried out call by call, without a pause between them.
        more || executed > 0
    }

    async fn look<S: SideChain>(&self, side: &S) -> Result<Option<(RootView, Epoch, u64)>, SideError> {
        let Some(view) = views::root_chain(side, self.contracts.root_id).await? else { return Ok(None) };
        Ok(Some((view, views::epoch(side).await?, side.head().await?.height)))
    }

    async fn watch<R: RootChain>(&mut self, root: &R, view: &RootView) -> Result<Step, WatchError> {
        if self.halted.is_some() {
            return Ok(Step::AtHead);
        }
        if self.checked != Some(view.codeHash) {
            self.check(root, view).await?;
            self.checked = Some(view.codeHash);
        }
        let mut step = Step::More;
        for _ in 0..PAGES {
            step = self.watcher.step(root).await?;
            let (executed, accepted) = ((view.executed, view.executedChain), (view.accepted, view.acceptedChain));
            self.watcher.reconcile(executed, accepted)?;
            if !matches!(step, Step::More | Step::Auditing { .. }) {
                break;
            }
        }
        Ok(step)
    }

    /// Refuses a root chain that is not what our chain and the configuration say.
    async fn check<R: RootChain>(&self, root: &R, view: &RootView) -> Result<(), WatchError> {
        let Contracts { root_id, root_chain_id, side_chain_id, bridge, checkpoints } = self.contracts;
        let wrong = |why: String| WatchError::Root(RootError::Configuration { root: root.id(), why });
        if view.bridge != bridge || view.chainId != root_chain_id {
            return Err(wrong(format!(
                "our chain knows root chain {root_id} as chain {} with the bridge {}, configured are chain {root_chain_id} and {bridge}; correct the configuration",
                view.chainId, view.bridge
            )));
        }
        let contracts = vec![
            ExpectedCode { name: "RootBridge", address: bridge, code_hash: Some(view.codeHash) },
            ExpectedCode { name: "CheckpointManager", address: checkpoints, code_hash: None },
        ];
        root.check(&Expected { chain_id: root_chain_id, contracts }).await?;
        let serves = final_view(root, bridge, IRootBridge::sideChainIdCall {}).await?;
        let follows = final_view(root, checkpoints, ICheckpointManager::sideChainIdCall {}).await?;
        let number = final_view(root, bridge, IRootBridge::rootIdCall {}).await?;
        let trusts = final_view(root, bridge, IRootBridge::checkpointsCall {}).await?;
        let side = alloy_primitives::U256::from(side_chain_id);
        if serves != side || follows != side || number != alloy_primitives::U256::from(root_id) || trusts != checkpoints
        {
            return Err(wrong(format!(
                "the contracts are of other chains: the bridge is number {number} of chain {serves} and trusts {trusts}, the checkpoints are of chain {follows}; ours is chain {side_chain_id}, configured are number {root_id} and {checkpoints}"
            )));
        }
        Ok(())
    }

    /// Vouches for records and carries some out; how many.
    async fn act<S: SideChain>(
        &mut self,
        side: &S,
        view: &RootView,
        epoch: &Epoch,
        head: u64,
        status: &mut RootStatus,
    ) -> u64 {
        let ledger = self.watcher.ledger();
        if let (Some(attester), Some(account)) = (&mut self.attester, &self.accounts.voter) {
            match attester.step(side, account, ledger, Inbox { view, epoch, head }).await {
                Ok(Some(_)) => metrics::vote(self.contracts.root_id),
                Ok(None) => {}
                Err(error) => {
                    metrics::error(self.contracts.root_id, "attest");
                    status.errors.insert("attest", error.to_string());
                }
            }
        }
        status.incoming.waiting = None;
        let Some(account) = &self.accounts.payer else { return 0 };
        match self.executor.step(side, account, ledger, view, epoch).await {
            Ok(count) => {
                metrics::executed(self.contracts.root_id, count);
                return count;
            }
            // Paused, most often.
            Err(SideError::Reverted { reason, .. }) => status.incoming.waiting = Some(reason),
            Err(error) => {
                metrics::error(self.contracts.root_id, "execute");
                status.errors.insert("execute", error.to_string());
            }
        }
        0
    }

    fn halt(&mut self, halt: &Halt) {
        tracing::error!(root = self.contracts.root_id, why = %halt, "deposits of this root chain stand still until somebody has looked");
        self.halted = Some(halt.to_string());
    }

    fn note(&self, status: &mut RootStatus, part: &'static str, why: &str) {
        metrics::error(self.contracts.root_id, part);
        tracing::warn!(root = self.contracts.root_id, part, why, "a part of the bridge did not work");
        status.errors.insert(part, why.to_owned());
    }

    fn report(&self, status: &mut RootStatus) {
        status.halted.clone_from(&self.halted);
        let ledger = self.watcher.ledger();
        let head = self.watcher.head();
        status.incoming.final_head = head.map(|head| head.number);
        status.incoming.final_time = head.map(|head| head.time);
        status.incoming.read = ledger.block.map(|block| block.number);
        status.incoming.records = ledger.next();
        status.incoming.audits = self.watcher.audits();
    }
}

async fn final_view<R: RootChain, C: SolCall>(root: &R, to: Address, call: C) -> Result<C::Return, WatchError> {
    let answer = root.final_call(to, call.abi_encode().into()).await?;
    C::abi_decode_returns(&answer).map_err(|_| {
        let why = format!("{} of {to} answers what cannot be read; is that address right?", C::SIGNATURE);
        WatchError::Root(RootError::Configuration { root: root.id(), why })
    })
}
