//! What holds after every operation.

use super::{
    Model, Pool, Refusal, Wei,
    math::{add, sub},
};
use alloy_primitives::Address;
use bttc_contracts::addresses;
use std::collections::BTreeMap;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A sum that cannot be made.
    #[error("a sum cannot be made: {0}")]
    Sum(#[from] Refusal),
    /// Two numbers that must be equal.
    #[error("{what}: {got}, expected {expected}")]
    Unequal {
        /// What they are.
        what: String,
        /// What was found.
        got: Wei,
        /// What it must be.
        expected: Wei,
    },
    /// A number that is too large.
    #[error("{what}: {got} is above {most}")]
    Above {
        /// What it is.
        what: String,
        /// What was found.
        got: Wei,
        /// What it may be at most.
        most: Wei,
    },
}

fn equal(what: impl Into<String>, got: Wei, expected: Wei) -> Result<(), Broken> {
    if got == expected { Ok(()) } else { Err(Broken::Unequal { what: what.into(), got, expected }) }
}

fn at_most(what: impl Into<String>, got: Wei, most: Wei) -> Result<(), Broken> {
    if got <= most { Ok(()) } else { Err(Broken::Above { what: what.into(), got, most }) }
}

impl Model {
    /// Checks every invariant.
    ///
    /// Errors: the first one that does not hold.
    pub fn check(&self) -> Result<(), Broken> {
        self.check_supply()?;
        self.check_treasury()?;
        self.check_pools()?;
        self.check_staking()
    }

    /// Balances and what was burned are all BTT there ever was.
    fn check_supply(&self) -> Result<(), Broken> {
        let balances = self.balances.values().try_fold(Wei::ZERO, |sum, balance| add(sum, *balance))?;
        equal("balances and burned", add(balances, self.burned()?)?, self.supply)
    }

    /// The balance of `Treasury` is its three numbers and the fees of the running epoch.
    fn check_treasury(&self) -> Result<(), Broken> {
        let treasury = &self.treasury;
        let mut sum = add(add(treasury.reserve, treasury.funds)?, treasury.programmes)?;
        sum = add(add(sum, self.set.stakers_fees)?, self.set.treasury_fees)?;
        for member in &self.set.members {
            sum = add(sum, member.tips)?;
        }
        equal("balance of the treasury", self.balance(addresses::TREASURY), sum)
    }

    /// Shares of a pool are those of its positions and the dead ones; so are those that warm up.
    fn check_pools(&self) -> Result<(), Broken> {
        let mut shares: BTreeMap<Address, (Wei, Wei)> = BTreeMap::new();
        for ((operator, delegator), position) in &self.positions {
            let sums = shares.entry(*operator).or_default();
            sums.0 = add(sums.0, position.shares)?;
            if position.epoch == self.epoch.number {
                sums.1 = add(sums.1, sub(position.shares, position.active)?)?;
            }
            at_most(format!("active shares of {delegator} with {operator}"), position.active, position.shares)?;
            position.free_shares()?;
        }
        for (operator, validator) in &self.validators {
            let pool = &validator.pool;
            let (owned, warming) = shares.get(operator).copied().unwrap_or_default();
            equal(format!("shares of {operator}"), add(owned, Pool::DEAD_SHARES)?, pool.shares)?;
            let counted = if pool.warming_epoch == self.epoch.number { pool.warming } else { Wei::ZERO };
            equal(format!("warming shares of {operator}"), warming, counted)?;
            at_most(format!("tokens of {operator}, by shares"), pool.tokens, pool.shares)?;
        }
        Ok(())
    }

    /// The balance of `Staking` covers stake, unbonding entries, commissions and rewards; what is over is rounding.
    ///
    /// Rewards round down: each closing leaves less than one wei for each active share of 1e-27, each touch of a position less than two wei.
    fn check_staking(&self) -> Result<(), Broken> {
        let mut owed = Wei::ZERO;
        for validator in self.validators.values() {
            let pool = &validator.pool;
            owed = add(add(owed, pool.tokens)?, validator.commission_owed)?;
        }
        for ((operator, _), position) in &self.positions {
            let Some(validator) = self.validators.get(operator) else { continue };
            owed = add(add(owed, position.owed)?, position.pending(&validator.pool, self.epoch.number)?)?;
        }
        for entry in self.unbondings.values().flat_map(|entries| entries.open.values()) {
            owed = add(owed, entry.amount)?;
        }
        let balance = self.staking_balance();
        at_most("what staking owes, by its balance", owed, balance)?;
        let positions = Wei::from(self.positions.len().saturating_add(self.validators.len()));
        let dust = add(Wei::from(self.operations), positions)?.saturating_mul(Wei::from(4));
        at_most("dust of staking", sub(balance, owed)?, dust)
    }
}
