//! What became of transactions, and what follows.

use super::{CHECKPOINT, COLLECT, SubmitError, Submitter, blocked_by, height_of};
use crate::{
    checkpoint::Tip,
    intents::{Entry, Outcome, SendError, Stage},
    root::{Action, AfterFailure, Ending, FeePolicy, Intent, MAX_RAISES, RootChain, after_failure},
};
use alloy_sol_types::SolCall;
use bttc_contracts::root::ICheckpointManager as Manager;

/// Rest after a failure that cost a fee, doubled with each further one. Unit: milliseconds.
const REST: u64 = 10 * 60 * 1_000;
/// Longest rest. Unit: milliseconds.
const LONGEST_REST: u64 = 6 * 60 * 60 * 1_000;

impl Submitter {
    /// Closes what is final or dead, by what the contract's final state says.
    pub(super) async fn settle<R: RootChain>(
        &mut self,
        root: &R,
        tip: &Tip,
        fee: &FeePolicy,
        now: u64,
        alarms: &mut Vec<String>,
    ) -> Result<(), SubmitError> {
        let settled: Vec<Entry> =
            self.book().data().open.values().filter(|entry| !entry.stage.is_live()).cloned().collect();
        for entry in settled {
            let key = entry.intent.key.as_str();
            let height = height_of(key, CHECKPOINT).or_else(|| height_of(key, COLLECT));
            let is_over = height.is_none_or(|height| tip.height >= height);
            match &entry.stage {
                Stage::Final { ending: Ending::Done, .. } => {
                    self.sender.book_mut().change(|data| data.failures = 0)?;
                    self.sender.book_mut().close(key, Outcome::Done)?;
                }
                Stage::Dead { .. } | Stage::Final { .. } if is_over => {
                    self.sender.book_mut().close(key, Outcome::ByAnother)?;
                }
                Stage::Dead { why } => self.sender.book_mut().close(key, Outcome::Dropped(why.clone()))?,
                Stage::Final { ending, .. } => self.failed(root, &entry, ending, fee, now, alarms).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// A final attempt did not do what it should, and nobody else did it.
    async fn failed<R: RootChain>(
        &mut self,
        root: &R,
        entry: &Entry,
        ending: &Ending,
        fee: &FeePolicy,
        now: u64,
        alarms: &mut Vec<String>,
    ) -> Result<(), SubmitError> {
        let key = entry.intent.key.as_str();
        let rule = after_failure(ending, entry.intent.raises);
        tracing::warn!(root = %root.id(), key, ?ending, ?rule, "a transaction on the root chain failed");
        if rule == Some(AfterFailure::Raise) {
            let raised = entry.intent.raises.saturating_add(1).min(MAX_RAISES);
            match self.sender.again(root, key, fee, |intent| intent.raises = raised).await {
                Err(SendError::Root(error)) if blocked_by(&error).is_some() => {
                    self.sender.book_mut().close(key, Outcome::Failed(error.to_string()))?;
                }
                other => return Ok(other?),
            }
        } else {
            self.sender.book_mut().close(key, Outcome::Failed(format!("{ending:?}")))?;
        }
        if rule == Some(AfterFailure::Shrink) {
            // Half of what this one had: others that were on their way with it count once.
            let most = self.book().data().most_signatures.unwrap_or(self.config.most_signatures);
            let half = signatures(&entry.intent).unwrap_or(most) / 2;
            self.sender.book_mut().change(|data| data.most_signatures = Some(most.min(half).max(1)))?;
        }
        if rule == Some(AfterFailure::Alarm) {
            alarms.push(format!(
                "{key} failed on the root chain ({ending:?}) and used its fee up; look at the transaction {}",
                entry.attempt.version.id
            ));
        }
        self.sender.book_mut().change(|data| {
            let rest = REST.saturating_mul(1u64.checked_shl(data.failures).unwrap_or(u64::MAX)).min(LONGEST_REST);
            // Less work in a transaction needs no rest, as there is an end to that; nor does the first revert, most often by one that was first.
            let is_first = match rule {
                Some(AfterFailure::Shrink) => data.most_signatures != Some(1),
                Some(AfterFailure::Alarm) => false,
                _ => data.failures == 0,
            };
            data.failures = data.failures.saturating_add(1).min(16);
            data.rest_until = if is_first { data.rest_until } else { now.saturating_add(rest) };
            data.pinned = None;
        })?;
        Ok(())
    }

    pub(super) fn refusals(&self, alarms: &mut Vec<String>) {
        for entry in self.book().data().open.values() {
            if let Some(why) = entry.refused.as_ref().filter(|_| entry.stage.is_live()) {
                alarms.push(format!("the root chain refuses {}: {why}", entry.intent.key));
            }
        }
    }
}

/// How many signatures a transaction brings.
fn signatures(intent: &Intent) -> Option<usize> {
    let Action::Call { data, .. } = &intent.action else { return None };
    let certificate = match Manager::submitCall::abi_decode(data) {
        Ok(call) => call.certificate,
        Err(_) => Manager::collectCall::abi_decode(data).ok()?.certificate,
    };
    Some(certificate.signers.count_ones())
}
