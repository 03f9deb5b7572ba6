//! What stake earns in a year if all stays as it is: the formula of `Staking.closeEpoch` (docs/staking.md, section 6) over a year instead of an epoch.
//!
//! An estimate: power, stake, reserve and fees are those of the block that is asked about, tips are left out. Integers, rounded down.

use crate::{
    error::Reply,
    staking_contracts::Contracts,
    staking_set::Running,
    staking_values::{BASIS, basis_points, part},
};
use alloy_primitives::U256;
use bttc_contracts::{addresses, param_table::ids, supply::INITIAL, treasury::ITreasury, validator_set::IValidatorSet};

/// Unit: seconds.
const YEAR: u64 = 31_536_000;

/// 1 with 18 digits.
const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// The formula, as the answer carries it.
pub(crate) const FORMULA: &str = "budget = supply * rate(y) / 1e18, where rate(0) = REWARD_RATE, rate(y + 1) = rate(y) * 9 / 10 and y is the whole years since genesis; \
cap = stake * MAX_APR / 10000; \
fees = stakersFees of the running epoch * 31536000 / max(its seconds until now, EPOCH_LENGTH); \
pot = min(cap, fees + min(budget, reserve)); \
apr = (pot - pot * TREASURY_SHARE / 10000) * 10000 / stake, in basis points, before commission. \
A validator's own apr: (toProposers + bySignature) * power / totalPower, less its commission, * 10000 / its stake, where toProposers = pot * PROPOSER_SHARE / 10000, bySignature = pot - toProposers - pot * TREASURY_SHARE / 10000, \
and bySignature counts only if it missed at most a third of the epoch's blocks and is not jailed. All divisions round down; tips are left out";

/// The numbers that a year's reward follows from. Amounts in wei, for a year; shares in basis points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Economics {
    /// Of the pools of the members of the set.
    pub(crate) stake: U256,
    /// What the reserve may give.
    pub(crate) budget: U256,
    /// The most that stake may earn.
    pub(crate) cap: U256,
    /// Stakers' part of the fees.
    pub(crate) fees: U256,
    /// What the reserve has.
    pub(crate) reserve: U256,
    pub(crate) proposer_share: U256,
    pub(crate) treasury_share: U256,
}

/// A member, as far as its reward depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) power: u64,
    pub(crate) total_power: u64,
    /// Whether it is paid by signatures.
    pub(crate) signs: bool,
    /// Unit: basis points.
    pub(crate) commission: u16,
    /// Of its pool. Unit: wei.
    pub(crate) tokens: U256,
}

impl Economics {
    /// As they are at a block whose set has `stake`.
    pub(crate) fn load(contracts: &Contracts<'_>, running: &Running, stake: U256) -> Reply<Self> {
        let now = contracts.header.timestamp;
        let genesis = contracts.ask(addresses::VALIDATOR_SET, &IValidatorSet::genesisTimeCall {})?;
        let rate = rate(contracts.param(ids::REWARD_RATE)?, now.saturating_sub(genesis) / YEAR)?;
        let elapsed = now.saturating_sub(running.start_time).max(running.length).max(1);
        Ok(Self {
            stake,
            budget: part(INITIAL, rate, ONE)?,
            cap: basis_points(stake, contracts.param(ids::MAX_APR)?)?,
            fees: part(running.stakers_fees, U256::from(YEAR), U256::from(elapsed))?,
            reserve: contracts.ask(addresses::TREASURY, &ITreasury::reserveCall {})?,
            proposer_share: contracts.param(ids::PROPOSER_SHARE)?,
            treasury_share: contracts.param(ids::TREASURY_SHARE)?,
        })
    }

    fn pot(&self) -> U256 {
        self.cap.min(self.fees.saturating_add(self.budget.min(self.reserve)))
    }

    /// Of all stake in the set together, before commission. Unit: basis points.
    pub(crate) fn apr(&self) -> Reply<u64> {
        let pot = self.pot();
        let given = pot.saturating_sub(basis_points(pot, self.treasury_share)?);
        Ok(part(given, U256::from(BASIS), self.stake)?.saturating_to())
    }

    /// Of the stake of one member, after its commission. Unit: basis points.
    pub(crate) fn apr_of(&self, share: &Share) -> Reply<u64> {
        let pot = self.pot();
        let proposers = basis_points(pot, self.proposer_share)?;
        let treasury = basis_points(pot, self.treasury_share)?;
        let signers = pot.saturating_sub(proposers).saturating_sub(treasury);
        let whole = if share.signs { proposers.saturating_add(signers) } else { proposers };
        let reward = part(whole, U256::from(share.power), U256::from(share.total_power))?;
        let left = reward.saturating_sub(basis_points(reward, U256::from(share.commission))?);
        Ok(part(left, U256::from(BASIS), share.tokens)?.saturating_to())
    }
}

/// What the reserve gives in the year `years` after genesis, as a part of the supply with 18 digits.
fn rate(first: U256, years: u64) -> Reply<U256> {
    let mut rate = first;
    for _ in 0..years {
        if rate.is_zero() {
            break;
        }
        rate = part(rate, U256::from(9), U256::from(10))?;
    }
    Ok(rate)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const MILLION: u64 = 1_000_000;

    fn btt(amount: u64) -> U256 {
        U256::from(amount) * ONE
    }

    /// Budget of the first year, 9.9e9 BTT, over 200e9 BTT of stake: 4.95 %, below the cap.
    fn first_year() -> Economics {
        let stake = btt(200_000 * MILLION);
        Economics {
            stake,
            budget: part(INITIAL, ONE, U256::from(100) * ONE).unwrap(),
            cap: basis_points(stake, U256::from(800)).unwrap(),
            fees: U256::ZERO,
            reserve: btt(99_000 * MILLION),
            proposer_share: U256::from(500),
            treasury_share: U256::from(200),
        }
    }

    #[test]
    fn the_whole_set_earns_the_pot_without_the_treasury() {
        // 495 bp less 2 %: 485.1.
        assert_eq!(first_year().apr().unwrap(), 485);
        let capped = Economics { fees: btt(100_000 * MILLION), ..first_year() };
        assert_eq!(capped.apr().unwrap(), 784);
        let poor = Economics { reserve: btt(2_000 * MILLION), ..first_year() };
        assert_eq!(poor.apr().unwrap(), 98);
        assert_eq!(Economics::default().apr().unwrap(), 0);
    }

    #[test]
    fn a_member_earns_by_power_less_commission() {
        let half = Share { power: 1, total_power: 2, signs: true, commission: 0, tokens: btt(100_000 * MILLION) };
        let economics = first_year();
        assert_eq!(economics.apr_of(&half).unwrap(), 485);
        assert_eq!(economics.apr_of(&Share { commission: 1_000, ..half }).unwrap(), 436);
        // More stake behind the same power, as the cap of power makes it, earns less.
        assert_eq!(economics.apr_of(&Share { tokens: half.tokens * U256::from(2), ..half }).unwrap(), 242);
        // The proposers' twentieth alone.
        assert_eq!(economics.apr_of(&Share { signs: false, ..half }).unwrap(), 24);
        assert_eq!(economics.apr_of(&Share { power: 0, total_power: 0, ..half }).unwrap(), 0);
    }

    #[test]
    fn each_year_gives_nine_tenths() {
        let first = U256::from(10_000_000_000_000_000u64);
        assert_eq!(rate(first, 0).unwrap(), first);
        assert_eq!(rate(first, 2).unwrap(), U256::from(8_100_000_000_000_000u64));
        assert_eq!(rate(first, u64::MAX).unwrap(), U256::ZERO);
    }
}
