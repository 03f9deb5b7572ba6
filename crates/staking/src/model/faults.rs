//! Slashes and jail (docs/staking.md, section 7).

use super::{
    Model, Refusal, Wei,
    math::{ONE, add, after, basis_points, mul, mul_div, sub},
};
use alloy_primitives::Address;
use bttc_contracts::addresses;

/// How long a jailing lengthens the next. Unit: seconds.
const JAILINGS_COUNT_FOR: u64 = 30 * 86_400;

impl Model {
    /// Answers with what is burned. Unit: wei.
    pub(super) fn slash_double_sign(&mut self, signer: Address, reporter: Address) -> Result<Wei, Refusal> {
        let now = self.now;
        let Some(operator) = self.signers.get(&signer).copied() else { return Ok(Wei::ZERO) };
        let validator = self.validator_mut(operator)?;
        if validator.tombstoned {
            return Ok(Wei::ZERO);
        }
        validator.tombstoned = true;
        validator.jailed_until = Some(u64::MAX);
        let tokens = validator.pool.tokens;
        let rate = mul(Wei::from(self.params.double_sign_factor), self.count_double_sign(signer, tokens)?)?;
        let rate = rate.max(self.params.double_sign_slash).min(ONE);
        let amount = self.validator_mut(operator)?.pool.slash(rate, now)?;
        let share = self.params.reporter_share;
        let Some(reporter) = self.validators.get_mut(&reporter) else { return Ok(amount) };
        let reward = basis_points(amount, share)?;
        reporter.owe(reward)?;
        sub(amount, reward)
    }

    /// Notes a fault and answers with the shares of power that signed twice within the unbonding time, this one included. Unit: 1e-18.
    fn count_double_sign(&mut self, signer: Address, tokens: Wei) -> Result<Wei, Refusal> {
        let power = match self.set.power_of(signer) {
            0 => tokens.wrapping_div(ONE),
            power => Wei::from(power),
        };
        let share = mul_div(power, ONE, Wei::from(self.set.total_power()))?;
        self.double_signs.push((self.now, share));
        let mut sum = Wei::ZERO;
        for (time, share) in &self.double_signs {
            if after(*time, self.params.unbonding_time)? >= self.now {
                sum = add(sum, *share)?;
            }
        }
        Ok(sum)
    }

    /// Answers with what is burned. Unit: wei.
    pub(super) fn slash_downtime(&mut self, signer: Address) -> Result<Wei, Refusal> {
        let Some(operator) = self.signers.get(&signer).copied() else { return Ok(Wei::ZERO) };
        let (now, rate) = (self.now, self.params.downtime_slash);
        let (first, most) = (self.params.jail_time, self.params.max_jail_time);
        let validator = self.validator_mut(operator)?;
        if validator.jailed_until.is_some() {
            return Ok(Wei::ZERO);
        }
        let mut time = first.min(most);
        for jailing in &validator.jailings {
            if after(*jailing, JAILINGS_COUNT_FOR)? >= now {
                time = time.saturating_mul(2).min(most);
            }
        }
        validator.jailed_until = Some(after(now, time)?);
        validator.jailings.push(now);
        validator.pool.slash(rate, now)
    }

    /// Balance of `Staking`. Unit: wei.
    pub fn staking_balance(&self) -> Wei {
        self.balance(addresses::STAKING)
    }
}
