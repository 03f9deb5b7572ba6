//! Closing an epoch: what the stakers get, and from where (docs/staking.md, section 6).

use super::{
    Model, Refusal, Wei,
    math::{ONE, add, after, basis_points, mul_div, sub},
    set::Member,
};
use crate::epoch::Epoch;
use bttc_contracts::addresses;
use bttc_primitives::ValidatorSet;

/// Members of a set at most.
const MOST_MEMBERS: usize = 100;
/// Unit: seconds.
const YEAR: u64 = 31_536_000;
/// All BTT at genesis, in whole BTT.
const SUPPLY_BTT: u64 = 990_000_000_000;

/// What an epoch has to give. Unit: wei.
struct Pot {
    to_proposers: Wei,
    to_treasury: Wei,
    by_signature: Wei,
    /// Blocks proposed by all.
    proposed: u64,
    /// Power of all.
    power: u64,
}

impl Model {
    pub(super) fn close_epoch(&mut self, next: &ValidatorSet) -> Result<(), Refusal> {
        if self.now < after(self.epoch.start_time, self.params.epoch_length)? {
            return Err(Refusal::EpochNotOver);
        }
        if next.members().len() > MOST_MEMBERS {
            return Err(Refusal::WrongSize);
        }
        let pot = self.pot()?;
        let (mut to_staking, mut tips) = (Wei::ZERO, Wei::ZERO);
        for member in self.set.members.clone() {
            tips = add(tips, member.tips)?;
            to_staking = add(to_staking, self.pay_member(&pot, &member)?)?;
        }
        self.pay_epoch(tips, to_staking, pot.to_treasury)?;
        self.set.begin(next);
        self.epoch =
            Epoch { number: after(self.epoch.number, 1)?, start_time: self.now, start_height: after(self.height, 1)? };
        Ok(())
    }

    fn pot(&self) -> Result<Pot, Refusal> {
        let mut stake = Wei::ZERO;
        for member in &self.set.members {
            if let Some(operator) = self.signers.get(&member.signer) {
                stake = add(stake, self.validator(*operator)?.pool.tokens)?;
            }
        }
        let elapsed = Wei::from(self.now.saturating_sub(self.epoch.start_time));
        let year = Wei::from(YEAR);
        let supply = mul_div(Wei::from(SUPPLY_BTT), ONE, Wei::ONE)?;
        let budget = mul_div(mul_div(supply, self.rate()?, ONE)?, elapsed, year)?;
        let cap = mul_div(basis_points(stake, self.params.max_apr)?, elapsed, year)?;
        let pot = cap.min(add(self.set.stakers_fees, budget.min(self.treasury.reserve))?);
        let to_proposers = basis_points(pot, self.params.proposer_share)?;
        let to_treasury = basis_points(pot, self.params.treasury_share)?;
        Ok(Pot {
            to_proposers,
            to_treasury,
            by_signature: sub(sub(pot, to_proposers)?, to_treasury)?,
            proposed: self.set.members.iter().map(|member| member.proposed).fold(0, u64::saturating_add),
            power: self.set.total_power(),
        })
    }

    /// Most the reserve gives in this year, by the supply. Unit: 1e-18.
    fn rate(&self) -> Result<Wei, Refusal> {
        let years = self.now.saturating_sub(self.genesis_time).checked_div(YEAR).unwrap_or_default();
        let mut rate = self.params.reward_rate;
        for _ in 0..years {
            rate = mul_div(rate, Wei::from(9), Wei::from(10))?;
        }
        Ok(rate)
    }

    /// Answers with what the pool and the operator of a member get. Unit: wei.
    fn pay_member(&mut self, pot: &Pot, member: &Member) -> Result<Wei, Refusal> {
        let Some(operator) = self.signers.get(&member.signer).copied() else { return Ok(Wei::ZERO) };
        let (now, epoch, blocks) = (self.now, self.epoch, self.set.blocks);
        let validator = self.validator_mut(operator)?;
        validator.ripen(epoch.start_time);
        let mut sum = member.tips;
        if pot.proposed > 0 {
            sum = add(sum, mul_div(pot.to_proposers, Wei::from(member.proposed), Wei::from(pot.proposed))?)?;
        }
        if member.missed.saturating_mul(3) <= blocks && validator.jailed_until.is_none() {
            sum = add(sum, mul_div(pot.by_signature, Wei::from(member.power), Wei::from(pot.power))?)?;
        }
        let commission = self.commission_of(operator, sum)?;
        let rest = sub(sum, commission)?;
        let validator = self.validator_mut(operator)?;
        let taken = validator.pool.reward(rest, epoch.number)?;
        validator.owe(commission)?;
        validator.ripen(now);
        if taken { Ok(sum) } else { Ok(commission) }
    }

    /// `Treasury.payEpoch`.
    fn pay_epoch(&mut self, tips: Wei, to_staking: Wei, to_treasury: Wei) -> Result<(), Refusal> {
        let fees = (self.set.stakers_fees, self.set.treasury_fees);
        let treasury = &mut self.treasury;
        let available = add(add(treasury.reserve, fees.0)?, tips)?;
        let needed = add(to_staking, to_treasury)?;
        treasury.reserve = available.checked_sub(needed).ok_or(Refusal::Insufficient)?;
        treasury.funds = add(add(treasury.funds, fees.1)?, to_treasury)?;
        self.pay(addresses::TREASURY, addresses::STAKING, to_staking)
    }
}
