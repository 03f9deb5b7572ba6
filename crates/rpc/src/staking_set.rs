//! The running epoch, the set that signs in it, and what its members have done.

use crate::{
    error::Reply,
    staking_apr::{Economics, Share},
    staking_contracts::Contracts,
    staking_values::{BASIS, small},
};
use alloy_primitives::{Address, U256};
use bttc_contracts::{
    addresses::{STAKING, VALIDATOR_SET},
    param_table::ids,
    staking::IStaking::{self, ValidatorView},
    validator_set::IValidatorSet::{self, Work},
};
use bttc_primitives::Height;
use std::collections::HashMap;

/// Validators asked for at a time.
const PAGE: u64 = 50;

/// The running epoch. Times in seconds, fees in wei.
pub(crate) struct Running {
    pub(crate) number: u64,
    pub(crate) start_time: u64,
    pub(crate) start_height: Height,
    /// Least length.
    pub(crate) length: u64,
    /// Blocks whose absentees were counted.
    pub(crate) blocks: u64,
    pub(crate) stakers_fees: U256,
    pub(crate) treasury_fees: U256,
}

impl Running {
    pub(crate) fn load(contracts: &Contracts<'_>) -> Reply<Self> {
        let epoch = contracts.ask(VALIDATOR_SET, &IValidatorSet::epochCall {})?;
        let fees = contracts.ask(VALIDATOR_SET, &IValidatorSet::epochFeesCall {})?;
        Ok(Self {
            number: epoch.number,
            start_time: epoch.startTime,
            start_height: epoch.startHeight,
            length: contracts.small_param(ids::EPOCH_LENGTH)?,
            blocks: contracts.ask(VALIDATOR_SET, &IValidatorSet::blocksCall {})?,
            stakers_fees: fees.stakers,
            treasury_fees: fees.treasury,
        })
    }

    /// From when on a block closes it.
    pub(crate) const fn end(&self) -> u64 {
        self.start_time.saturating_add(self.length)
    }
}

/// The set with the work of its members, and what they earn.
pub(crate) struct Set {
    pub(crate) running: Running,
    pub(crate) economics: Economics,
    pub(crate) total_power: u64,
    members: HashMap<Address, Work>,
}

impl Set {
    pub(crate) fn load(contracts: &Contracts<'_>) -> Reply<Self> {
        let running = Running::load(contracts)?;
        let (mut members, mut stake, mut total_power) = (HashMap::new(), U256::ZERO, 0u64);
        for work in contracts.ask(VALIDATOR_SET, &IValidatorSet::workCall {})? {
            // The key may be one that its operator has replaced meanwhile.
            let operator = contracts.ask(STAKING, &IStaking::operatorOfCall { signer: work.signer })?;
            let pool = contracts.ask(STAKING, &IStaking::validatorCall { operator })?;
            stake = stake.saturating_add(pool.tokens);
            total_power = total_power.saturating_add(work.power.saturating_to());
            members.insert(operator, work);
        }
        let economics = Economics::load(contracts, &running, stake)?;
        Ok(Self { running, economics, total_power, members })
    }

    /// The work of a validator that is in the set.
    pub(crate) fn member(&self, operator: Address) -> Option<&Work> {
        self.members.get(&operator)
    }

    /// Operators of all members.
    pub(crate) fn operators(&self) -> impl Iterator<Item = Address> + '_ {
        self.members.keys().copied()
    }

    /// Of the blocks of the epoch so far, how many a member signed. Unit: basis points; none before there are any.
    pub(crate) fn uptime(&self, work: &Work) -> Option<u64> {
        let signed = u128::from(self.running.blocks.saturating_sub(work.missed));
        let points = signed.saturating_mul(BASIS.into()).checked_div(self.running.blocks.into())?;
        u64::try_from(points).ok()
    }

    /// Of the power of the set. Unit: basis points.
    pub(crate) fn share(&self, work: &Work) -> u64 {
        let power: u128 = work.power.saturating_to();
        let points = power.saturating_mul(BASIS.into()).checked_div(self.total_power.into());
        points.and_then(|points| u64::try_from(points).ok()).unwrap_or_default()
    }

    /// What a member's stake earns in a year, after its commission. Unit: basis points.
    pub(crate) fn apr(&self, view: &ValidatorView, work: &Work) -> Reply<u64> {
        self.economics.apr_of(&Share {
            power: work.power.saturating_to(),
            total_power: self.total_power,
            signs: work.missed.saturating_mul(3) <= self.running.blocks && view.jailedUntil == 0,
            commission: view.commission,
            tokens: view.tokens,
        })
    }
}

/// All about every validator that was not evicted, in no order.
pub(crate) fn listed(contracts: &Contracts<'_>) -> Reply<Vec<ValidatorView>> {
    let count = small(contracts.ask(STAKING, &IStaking::candidateCountCall {})?, "a number of candidates of")?;
    let mut all = Vec::new();
    for from in (0..count).step_by(PAGE as usize) {
        let page = IStaking::validatorsCall { from: U256::from(from), count: U256::from(PAGE) };
        all.extend(contracts.ask(STAKING, &page)?);
    }
    Ok(all)
}
