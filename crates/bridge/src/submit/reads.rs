//! What is asked of `CheckpointManager`, and which exits wait.

use super::{SubmitError, Submitter};
use crate::{
    checkpoint::{ReadyCheckpoint, Tip},
    root::{Call, RootChain, RootError},
    side::{SideChain, views},
};
use alloy_primitives::U256;
use alloy_sol_types::SolCall;
use bttc_contracts::root::ICheckpointManager as Manager;

/// Blocks of ours that are searched for exits in a step.
const EXIT_PAGE: u64 = 20_000;

impl Submitter {
    pub(super) async fn scan<S: SideChain>(&mut self, side: &S, tip: &Tip, head: u64) -> Result<(), SubmitError> {
        self.exits.retain(|exit| exit.height > tip.height);
        let from = self.scanned.unwrap_or(0).max(tip.height).saturating_add(1);
        if from > head {
            return Ok(());
        }
        let to = head.min(from.saturating_add(EXIT_PAGE.saturating_sub(1)));
        self.exits.extend(views::exits(side, self.config.root_id, from, to).await?);
        self.scanned = Some(to);
        Ok(())
    }

    pub(super) async fn tip<R: RootChain>(&self, root: &R, newest: bool) -> Result<Tip, SubmitError> {
        let tip = self.ask(root, Manager::activeTipCall {}, newest).await?;
        Ok(Tip { validators_hash: tip.validatorsHash, height: tip.height, time: tip.time })
    }

    pub(super) async fn stop_age<R: RootChain>(&mut self, root: &R) -> Result<u64, SubmitError> {
        if let Some(age) = self.stop_age {
            return Ok(age);
        }
        let age = self.ask(root, Manager::maxAgeCall {}, false).await?;
        self.stop_age = Some(age);
        Ok(age)
    }

    pub(super) async fn collected<R: RootChain>(
        &self,
        root: &R,
        checkpoint: &ReadyCheckpoint,
    ) -> Result<U256, SubmitError> {
        let ReadyCheckpoint { height, round, block_hash, .. } = *checkpoint;
        self.ask(root, Manager::collectedCall { height, round, blockHash: block_hash }, true).await
    }

    async fn ask<R: RootChain, C: SolCall>(&self, root: &R, call: C, newest: bool) -> Result<C::Return, SubmitError> {
        let (to, data) = (self.config.checkpoints, call.abi_encode());
        let answer = if newest {
            let call = Call { from: None, to, value: U256::ZERO, data: data.into() };
            root.simulate(&call).await?.result.map_err(|revert| RootError::Reverted {
                root: root.id(),
                to: to.to_string(),
                revert,
            })?
        } else {
            root.final_call(to, data.into()).await?
        };
        C::abi_decode_returns(&answer).map_err(|_| {
            let why = format!("{} of {to} answers what cannot be read: it is no CheckpointManager", C::SIGNATURE);
            RootError::Configuration { root: root.id(), why }.into()
        })
    }
}
