//! Delegating, moving stake and claiming (docs/staking.md, section 5).

use super::{
    Effects, Model, Moved, Pool, Position, Refusal, Wei,
    math::{add, after, sub},
};
use alloy_primitives::Address;

/// Notes of moved stake that a position holds at most.
pub(super) const MOST_NOTES: usize = 16;

impl Model {
    /// Brings a position up to date: its rewards, then what slashes of their sources take from moved shares.
    pub(super) fn touch(
        &mut self,
        delegator: Address,
        operator: Address,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        let epoch = self.epoch.number;
        if !self.validators.contains_key(&operator) {
            return Ok(());
        }
        let mut position = self.position(delegator, operator);
        position.accrue(&mut self.validator_mut(operator)?.pool, epoch)?;
        let lost = self.settle_notes(&mut position)?;
        if !lost.is_zero() {
            let pool = &mut self.validator_mut(operator)?.pool;
            let amount = pool.worth(lost)?;
            let warming = position.leave(lost)?;
            pool.burn(lost, warming, amount)?;
            effects.burned = add(effects.burned, amount)?;
        }
        self.positions.insert((operator, delegator), position);
        Ok(())
    }

    /// Takes from each note what its source lost, drops those that are past, and answers with the sum. Unit: shares.
    fn settle_notes(&self, position: &mut Position) -> Result<Wei, Refusal> {
        let mut lost = Wei::ZERO;
        let mut kept = Vec::with_capacity(position.moved.len());
        for note in &position.moved {
            let source = &self.validator(note.source)?.pool;
            let end = note.end.min(self.now);
            let left = source.left(note.shares, note.slashes, end)?;
            lost = add(lost, sub(note.shares, left)?)?;
            if note.end > self.now && !left.is_zero() {
                kept.push(Moved { shares: left, slashes: source.slashes_until(end), ..*note });
            }
        }
        position.moved = kept;
        Ok(lost)
    }

    /// A position that was touched, and its pool.
    pub(super) fn settled(
        &mut self,
        delegator: Address,
        operator: Address,
    ) -> Result<(&mut Position, &mut Pool), Refusal> {
        let position = self.positions.entry((operator, delegator)).or_default();
        let validator = self.validators.get_mut(&operator).ok_or(Refusal::UnknownValidator)?;
        Ok((position, &mut validator.pool))
    }

    /// Puts stake into a pool for a touched position. Answers with the shares.
    pub(super) fn deposit(&mut self, delegator: Address, operator: Address, amount: Wei) -> Result<Wei, Refusal> {
        let validator = self.validator(operator)?;
        if validator.left || validator.tombstoned {
            return Err(Refusal::Closed);
        }
        if amount < self.params.min_delegation {
            return Err(Refusal::BelowMinimum);
        }
        let epoch = self.epoch.number;
        let (position, pool) = self.settled(delegator, operator)?;
        let shares = pool.mint(amount, epoch)?;
        position.enter(shares)?;
        Ok(shares)
    }

    /// Takes stake out of a pool for a touched position; all of it without an amount. Answers with amount and shares.
    pub(super) fn take_out(
        &mut self,
        delegator: Address,
        operator: Address,
        amount: Option<Wei>,
    ) -> Result<(Wei, Wei), Refusal> {
        let least = self.params.min_delegation;
        // The highest number asks for everything, too.
        let amount = amount.filter(|amount| *amount != Wei::MAX);
        let (position, pool) = self.settled(delegator, operator)?;
        let worth = pool.worth(position.shares)?;
        let (taken, shares) = match amount {
            None => (worth, position.shares),
            Some(amount) if amount > worth => return Err(Refusal::InsufficientStake),
            Some(amount) if amount.is_zero() => return Err(Refusal::NothingToDo),
            Some(amount) => (amount, pool.shares_for(amount)?),
        };
        if taken.is_zero() {
            return Err(Refusal::NothingToDo);
        }
        let warming = position.leave(shares)?;
        pool.burn(shares, warming, taken)?;
        if !position.shares.is_zero() && pool.worth(position.shares)? < least {
            return Err(Refusal::RemainderTooSmall);
        }
        Ok((taken, shares))
    }

    pub(super) fn delegate(
        &mut self,
        caller: Address,
        operator: Address,
        value: Wei,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        self.touch(caller, operator, effects)?;
        self.deposit(caller, operator, value)?;
        Ok(())
    }

    pub(super) fn redelegate(
        &mut self,
        caller: Address,
        (from, to): (Address, Address),
        amount: Option<Wei>,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        if from == to {
            return Err(Refusal::SamePool);
        }
        self.touch(caller, from, effects)?;
        self.touch(caller, to, effects)?;
        let free = self.position(caller, from).free_shares()?;
        let (taken, burned) = self.take_out(caller, from, amount)?;
        if burned > free {
            return Err(Refusal::StakeStillBound);
        }
        let shares = self.deposit(caller, to, taken)?;
        let end = after(self.now, self.params.unbonding_time)?;
        self.note(caller, to, from, end, shares)
    }

    /// Notes that shares came from `source` and answer for it until `end`.
    pub(super) fn note(
        &mut self,
        delegator: Address,
        operator: Address,
        source: Address,
        end: u64,
        shares: Wei,
    ) -> Result<(), Refusal> {
        let slashes = self.validator(source)?.pool.slashes.len();
        let (position, _) = self.settled(delegator, operator)?;
        if position.moved.len() >= MOST_NOTES {
            return Err(Refusal::TooMany);
        }
        position.moved.push(Moved { source, shares, end, slashes });
        Ok(())
    }

    pub(super) fn claim(
        &mut self,
        caller: Address,
        operators: &[Address],
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        for operator in operators {
            let owed = self.take_owed(caller, *operator, effects)?;
            effects.paid = add(effects.paid, owed)?;
        }
        Ok(())
    }

    fn take_owed(&mut self, caller: Address, operator: Address, effects: &mut Effects) -> Result<Wei, Refusal> {
        self.validator(operator)?;
        self.touch(caller, operator, effects)?;
        let (position, _) = self.settled(caller, operator)?;
        Ok(std::mem::take(&mut position.owed))
    }

    pub(super) fn restake(&mut self, caller: Address, operator: Address, effects: &mut Effects) -> Result<(), Refusal> {
        let owed = self.take_owed(caller, operator, effects)?;
        self.deposit(caller, operator, owed)?;
        Ok(())
    }
}
