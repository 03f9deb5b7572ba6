//! Pools: what a validator's stakers hold together (docs/staking.md, section 4).

use super::{
    Refusal, Wei,
    math::{ONE, SCALE, add, fits, mul, mul_div, mul_div_up, sub},
};
use std::collections::BTreeMap;

/// A slash, as unbonding and moved stake look it up later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slash {
    /// Unit: seconds.
    pub time: u64,
    /// What this slash and all before it left, scaled by 1e27.
    pub factor: Wei,
}

/// Stake of one validator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Stake. Rewards never enter it.
    pub tokens: Wei,
    /// Claims on it; one BTT of them is nobody's.
    pub shares: Wei,
    /// Shares minted in `warming_epoch`, which count from the next on.
    pub warming: Wei,
    /// See `warming`.
    pub warming_epoch: u64,
    /// Reward of a share since the beginning, scaled by 1e27, and 1: only differences count.
    pub per_share: Wei,
    /// What the division of the last reward left.
    pub remainder: Wei,
    /// `per_share` after the closing of epochs in which shares were warming.
    pub per_share_at: BTreeMap<u64, Wei>,
    /// In the order of time.
    pub slashes: Vec<Slash>,
}

impl Pool {
    /// Shares that nobody owns. They never earn.
    pub const DEAD_SHARES: Wei = ONE;

    /// The pool of a new validator, whose stake warms up in `epoch` but for the dead shares.
    pub(super) fn new(stake: Wei, epoch: u64) -> Result<Self, Refusal> {
        let (tokens, shares, warming) = (stake, stake, sub(stake, Self::DEAD_SHARES)?);
        Ok(Self { tokens, shares, warming, warming_epoch: epoch, per_share: Wei::ONE, ..Self::default() })
    }

    /// `floor(shares * tokens / pool.shares)`; zero in an empty pool.
    pub fn worth(&self, shares: Wei) -> Result<Wei, Refusal> {
        if self.shares.is_zero() { Ok(Wei::ZERO) } else { mul_div(shares, self.tokens, self.shares) }
    }

    /// Shares that earn in `epoch`: the dead ones never do.
    pub fn active_shares(&self, epoch: u64) -> Result<Wei, Refusal> {
        let warming = if self.warming_epoch == epoch { self.warming } else { Wei::ZERO };
        sub(sub(self.shares, warming)?, Self::DEAD_SHARES)
    }

    /// Notes `per_share` for shares whose epoch of warming has passed. Before every other change.
    pub(super) fn roll(&mut self, epoch: u64) {
        if self.warming_epoch < epoch {
            if !self.warming.is_zero() {
                self.per_share_at.insert(self.warming_epoch, self.per_share);
            }
            self.warming = Wei::ZERO;
            self.warming_epoch = epoch;
        }
    }

    /// Shares for `amount`, which count from the next epoch on.
    pub(super) fn mint(&mut self, amount: Wei, epoch: u64) -> Result<Wei, Refusal> {
        self.roll(epoch);
        if self.tokens.is_zero() {
            return Err(Refusal::PoolEmpty);
        }
        let minted = mul_div(amount, self.shares, self.tokens)?;
        if minted.is_zero() {
            return Err(Refusal::BelowMinimum);
        }
        self.tokens = fits(add(self.tokens, amount)?, 128)?;
        self.shares = fits(add(self.shares, minted)?, 104)?;
        self.warming = add(self.warming, minted)?;
        Ok(minted)
    }

    /// Shares to burn for `amount`: `ceil(amount * shares / tokens)`.
    pub(super) fn shares_for(&self, amount: Wei) -> Result<Wei, Refusal> {
        mul_div_up(amount, self.shares, self.tokens)
    }

    /// Takes shares out, `warming` of them from those, and tokens with them.
    pub(super) fn burn(&mut self, shares: Wei, warming: Wei, tokens: Wei) -> Result<(), Refusal> {
        self.shares = sub(self.shares, shares)?;
        self.warming = sub(self.warming, warming)?;
        self.tokens = sub(self.tokens, tokens)?;
        Ok(())
    }

    /// Shares a reward out among the active shares as `epoch` closes. False if there are none.
    pub(super) fn reward(&mut self, reward: Wei, epoch: u64) -> Result<bool, Refusal> {
        self.roll(epoch);
        let active = self.active_shares(epoch)?;
        if active.is_zero() || reward.is_zero() {
            return Ok(false);
        }
        let sum = add(mul(reward, SCALE)?, self.remainder)?;
        self.per_share = fits(add(self.per_share, sum.wrapping_div(active))?, 152)?;
        self.remainder = sum.wrapping_rem(active);
        Ok(true)
    }

    /// Takes the share `rate` of the tokens (1e-18, rounded up) and notes the slash. Answers with the amount.
    pub(super) fn slash(&mut self, rate: Wei, time: u64) -> Result<Wei, Refusal> {
        let amount = mul_div_up(self.tokens, rate, ONE)?;
        self.tokens = sub(self.tokens, amount)?;
        let factor = mul_div(self.factor_after(self.slashes.len()), sub(ONE, rate)?, ONE)?;
        self.slashes.push(Slash { time, factor });
        Ok(amount)
    }

    fn factor_after(&self, slashes: usize) -> Wei {
        slashes.checked_sub(1).and_then(|last| self.slashes.get(last)).map_or(SCALE, |slash| slash.factor)
    }

    /// How many slashes there were up to and including `time`.
    pub(super) fn slashes_until(&self, time: u64) -> usize {
        self.slashes.iter().take_while(|slash| slash.time <= time).count()
    }

    /// What is left of `amount` after the slashes from number `since` on, those up to the time `end`.
    pub fn left(&self, amount: Wei, since: usize, end: u64) -> Result<Wei, Refusal> {
        let until = self.slashes_until(end);
        if until <= since {
            return Ok(amount);
        }
        let (from, to) = (self.factor_after(since), self.factor_after(until));
        if from.is_zero() { Ok(Wei::ZERO) } else { mul_div(amount, to, from) }
    }
}
