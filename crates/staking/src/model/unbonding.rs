//! Stake on its way out (docs/staking.md, section 5).

use super::{
    Effects, Model, Refusal, Wei,
    math::{add, after, mul_div, sub},
};
use alloy_primitives::Address;
use std::collections::BTreeMap;

/// Open entries of a delegator at most.
const MOST_UNBONDINGS: usize = 64;

/// What an entry owes to the validator it was moved from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Operator of the pool it was moved from.
    pub operator: Address,
    /// Slashes of the source before its time.
    pub slashes: usize,
    /// It answers for slashes up to this time. Unit: seconds.
    pub end: u64,
}

/// An entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbonding {
    /// Operator of the pool it left.
    pub operator: Address,
    /// Before slashes. Unit: wei.
    pub amount: Wei,
    /// When it left. Unit: seconds.
    pub start: u64,
    /// When it is paid out. Unit: seconds.
    pub unlock: u64,
    /// Slashes of the pool before its time.
    pub slashes: usize,
    /// Where its stake was moved from, if that still counts.
    pub source: Option<Source>,
}

/// Entries of a delegator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unbondings {
    /// Id of the next one.
    pub next: u64,
    /// By id.
    pub open: BTreeMap<u64, Unbonding>,
}

impl Model {
    pub(super) fn undelegate(
        &mut self,
        caller: Address,
        operator: Address,
        amount: Option<Wei>,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        self.touch(caller, operator, effects)?;
        let free = self.position(caller, operator).free_shares()?;
        let (taken, shares) = self.take_out(caller, operator, amount)?;
        let part = free.min(shares);
        let worth = mul_div(taken, part, shares)?;
        self.open(caller, operator, worth, None, effects)?;
        self.open_moved(caller, operator, (sub(taken, worth)?, sub(shares, part)?), effects)
    }

    /// Takes shares from notes, oldest first, with an entry for each. Each gets its part of the rest; the last gets all of it.
    fn open_moved(
        &mut self,
        caller: Address,
        operator: Address,
        (mut amount, mut shares): (Wei, Wei),
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        let unlock = after(self.now, self.params.unbonding_time)?;
        let mut notes = self.position(caller, operator).moved;
        for note in &mut notes {
            if shares.is_zero() {
                break;
            }
            let part = note.shares.min(shares);
            let worth = mul_div(amount, part, shares)?;
            let slashes = self.validator(note.source)?.pool.slashes.len();
            let source = Source { operator: note.source, slashes, end: note.end.min(unlock) };
            self.open(caller, operator, worth, Some(source), effects)?;
            amount = sub(amount, worth)?;
            shares = sub(shares, part)?;
            note.shares = sub(note.shares, part)?;
        }
        notes.retain(|note| !note.shares.is_zero());
        self.settled(caller, operator)?.0.moved = notes;
        Ok(())
    }

    fn open(
        &mut self,
        caller: Address,
        operator: Address,
        amount: Wei,
        source: Option<Source>,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        if amount.is_zero() {
            return Ok(());
        }
        let unlock = after(self.now, self.params.unbonding_time)?;
        let slashes = self.validator(operator)?.pool.slashes.len();
        let start = self.now;
        let entries = self.unbondings.entry(caller).or_default();
        if entries.open.len() >= MOST_UNBONDINGS {
            return Err(Refusal::TooMany);
        }
        entries.open.insert(entries.next, Unbonding { operator, amount, start, unlock, slashes, source });
        effects.ids.push(entries.next);
        entries.next = entries.next.saturating_add(1);
        Ok(())
    }

    /// What slashes of its validator, and then of its source, left of an entry until now or its end. Unit: wei.
    pub fn left_of(&self, entry: &Unbonding) -> Result<Wei, Refusal> {
        let end = self.now.min(entry.unlock);
        let left = self.validator(entry.operator)?.pool.left(entry.amount, entry.slashes, end)?;
        match entry.source {
            None => Ok(left),
            Some(source) => self.validator(source.operator)?.pool.left(left, source.slashes, end.min(source.end)),
        }
    }

    /// Removes an entry. Answers with what is left of it; the rest is burned.
    fn close(&mut self, caller: Address, id: u64, effects: &mut Effects) -> Result<(Unbonding, Wei), Refusal> {
        let entries = self.unbondings.entry(caller).or_default();
        let entry = entries.open.remove(&id).ok_or(Refusal::UnknownUnbonding)?;
        let left = self.left_of(&entry)?;
        effects.burned = add(effects.burned, sub(entry.amount, left)?)?;
        Ok((entry, left))
    }

    pub(super) fn cancel_unbonding(&mut self, caller: Address, id: u64, effects: &mut Effects) -> Result<(), Refusal> {
        let (entry, left) = self.close(caller, id, effects)?;
        self.touch(caller, entry.operator, effects)?;
        let shares = self.deposit(caller, entry.operator, left)?;
        match entry.source.filter(|source| source.end > self.now) {
            Some(source) => self.note(caller, entry.operator, source.operator, source.end, shares),
            None => Ok(()),
        }
    }

    pub(super) fn withdraw(&mut self, caller: Address, ids: &[u64], effects: &mut Effects) -> Result<(), Refusal> {
        for id in ids {
            let entry = self.unbondings.get(&caller).and_then(|entries| entries.open.get(id));
            if entry.is_some_and(|entry| self.now < entry.unlock) {
                return Err(Refusal::TooEarly);
            }
            let (_, left) = self.close(caller, *id, effects)?;
            effects.paid = add(effects.paid, left)?;
        }
        Ok(())
    }

    pub(super) fn withdraw_all(&mut self, caller: Address, effects: &mut Effects) -> Result<(), Refusal> {
        let now = self.now;
        let open = self.unbondings.entry(caller).or_default().open.iter();
        let over: Vec<u64> = open.filter(|(_, entry)| entry.unlock <= now).map(|(id, _)| *id).collect();
        self.withdraw(caller, &over, effects)?;
        if effects.paid.is_zero() && effects.burned.is_zero() { Err(Refusal::NothingToDo) } else { Ok(()) }
    }
}
