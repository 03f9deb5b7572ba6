//! Positions: what one delegator holds of one pool (docs/staking.md, sections 4 and 5).

use super::{
    Pool, Refusal, Wei,
    math::{SCALE, add, fits, mul_div, sub},
};
use alloy_primitives::Address;

/// Shares that came by a redelegation and answer for their source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Operator of the pool they came from.
    pub source: Address,
    /// Shares of the pool they are in.
    pub shares: Wei,
    /// They answer for slashes of the source up to this time. Unit: seconds.
    pub end: u64,
    /// Slashes of the source that they have paid for, or that were before their time.
    pub slashes: usize,
}

/// Stake of a delegator with a validator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Shares of the pool.
    pub shares: Wei,
    /// Those that count in `epoch`; in a later epoch all do.
    pub active: Wei,
    /// Epoch of the last change.
    pub epoch: u64,
    /// `per_share` of the pool up to which rewards are in `owed`.
    pub index: Wei,
    /// Rewards not paid yet.
    pub owed: Wei,
    /// Oldest first.
    pub moved: Vec<Moved>,
}

impl Position {
    /// Rewards since the last change; the pool must have been rolled to `epoch`.
    pub fn pending(&self, pool: &Pool, epoch: u64) -> Result<Wei, Refusal> {
        let active = mul_div(self.active, sub(pool.per_share, self.index)?, SCALE)?;
        if epoch == self.epoch || self.shares == self.active {
            return Ok(active);
        }
        let at = pool.per_share_at.get(&self.epoch).copied().unwrap_or(pool.per_share);
        let warmed = mul_div(sub(self.shares, self.active)?, sub(pool.per_share, at)?, SCALE)?;
        add(active, warmed)
    }

    /// Brings rewards and warm-up up to `epoch`.
    pub(super) fn accrue(&mut self, pool: &mut Pool, epoch: u64) -> Result<(), Refusal> {
        pool.roll(epoch);
        self.owed = fits(add(self.owed, self.pending(pool, epoch)?)?, 104)?;
        if epoch > self.epoch {
            self.active = self.shares;
        }
        self.index = pool.per_share;
        self.epoch = epoch;
        Ok(())
    }

    /// Adds shares that count from the next epoch on.
    pub(super) fn enter(&mut self, shares: Wei) -> Result<(), Refusal> {
        self.shares = fits(add(self.shares, shares)?, 104)?;
        Ok(())
    }

    /// Takes shares, warming ones first. Answers with how many of them were warming.
    pub(super) fn leave(&mut self, shares: Wei) -> Result<Wei, Refusal> {
        let warming = sub(self.shares, self.active)?.min(shares);
        self.active = sub(self.active, sub(shares, warming)?)?;
        self.shares = sub(self.shares, shares)?;
        Ok(warming)
    }

    /// Shares that answer for no source.
    pub fn free_shares(&self) -> Result<Wei, Refusal> {
        self.moved.iter().try_fold(self.shares, |free, moved| sub(free, moved.shares))
    }
}
