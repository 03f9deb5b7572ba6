//! What only the logs of governance tell: descriptions, and values before they were changed. And its events, for subscribers.

use crate::{
    error::Reply,
    staking_contracts::Patience,
    staking_logs::{event, visit},
    staking_values::Account,
};
use alloy_primitives::{Log, U256};
use alloy_sol_types::SolEvent;
use bttc_contracts::{
    addresses::{GOVERNOR, PARAMS, TIMELOCK},
    governor::IGovernor,
    params::IParams,
    timelock::ITimelock,
};
use bttc_primitives::Height;
use bttc_storage::ReadTx;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the logs tell of some proposals.
#[derive(Debug, Default)]
pub(crate) struct Told {
    descriptions: BTreeMap<u64, String>,
    /// By proposal and parameter.
    before: BTreeMap<(u64, u64), U256>,
}

impl Told {
    /// Of those proposals whose logs are kept, up to a height.
    pub(crate) fn load(read: &ReadTx, to: Height, ids: &[u64], patience: &Patience) -> Reply<Self> {
        let mut told = Self::default();
        let from = read.kept()?.logs;
        if ids.is_empty() || from > to {
            return Ok(told);
        }
        let wanted = |id: U256| u64::try_from(id).ok().filter(|id| ids.contains(id));
        visit(read, from..=to, GOVERNOR, IGovernor::Proposed::SIGNATURE_HASH, patience, |_, receipt| {
            for of in receipt.logs.iter().filter_map(|log| event::<IGovernor::Proposed>(log, GOVERNOR)) {
                if let Some(id) = wanted(of.id) {
                    told.descriptions.insert(id, of.description);
                }
            }
            Ok(())
        })?;
        visit(read, from..=to, TIMELOCK, ITimelock::Executed::SIGNATURE_HASH, patience, |_, receipt| {
            // The changes of a proposal stand before its own event.
            let mut changes = Vec::new();
            for log in &receipt.logs {
                if let Some(of) = event::<IParams::ParamSet>(log, PARAMS) {
                    changes.push(of);
                }
                let Some(of) = event::<ITimelock::Executed>(log, TIMELOCK) else { continue };
                let changes = std::mem::take(&mut changes);
                let Some(id) = wanted(of.id) else { continue };
                let pairs = changes.into_iter().filter_map(|of| Some((u64::try_from(of.id).ok()?, of.oldValue)));
                told.before.extend(pairs.map(|(param, old)| ((id, param), old)));
            }
            Ok(())
        })?;
        Ok(told)
    }

    pub(crate) fn description(&self, id: u64) -> Option<String> {
        self.descriptions.get(&id).cloned()
    }

    pub(crate) fn before(&self, id: u64, param: u64) -> Option<U256> {
        self.before.get(&(id, param)).copied()
    }
}

/// Something that happened to a proposal.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProposalNews {
    id: u64,
    /// `proposed`, `deposited`, `scheduled`, `extended`, `canceled`, `queued`, `executed`.
    event: &'static str,
    proposer: Option<Account>,
    /// Start of the vote or of the time to execute. Unit: Unix seconds.
    from: Option<u64>,
    /// End of the vote or of the time to execute. Unit: Unix seconds.
    until: Option<u64>,
    height: Height,
    time: u64,
}

impl ProposalNews {
    pub(crate) fn of(log: &Log, height: Height, time: u64) -> Option<Self> {
        let news = |id: U256, event: &'static str| {
            let id = u64::try_from(id).ok()?;
            Some(Self { id, event, proposer: None, from: None, until: None, height, time })
        };
        let seconds = |time: U256| u64::try_from(time).ok();
        if let Some(of) = event::<IGovernor::Proposed>(log, GOVERNOR) {
            return Some(Self { proposer: Some(of.proposer.into()), ..news(of.id, "proposed")? });
        }
        if let Some(of) = event::<IGovernor::Deposited>(log, GOVERNOR) {
            return news(of.id, "deposited");
        }
        if let Some(of) = event::<IGovernor::VoteScheduled>(log, GOVERNOR) {
            return Some(Self { from: seconds(of.start), until: seconds(of.end), ..news(of.id, "scheduled")? });
        }
        if let Some(of) = event::<IGovernor::VoteExtended>(log, GOVERNOR) {
            return Some(Self { until: seconds(of.end), ..news(of.id, "extended")? });
        }
        if let Some(of) = event::<IGovernor::Canceled>(log, GOVERNOR) {
            return news(of.id, "canceled");
        }
        if let Some(of) = event::<IGovernor::Queued>(log, GOVERNOR) {
            return Some(Self { from: Some(of.eta), until: Some(of.expiry), ..news(of.id, "queued")? });
        }
        let of = event::<ITimelock::Executed>(log, TIMELOCK)?;
        news(of.id, "executed")
    }
}
