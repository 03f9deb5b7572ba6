//! What people do in a history.

use super::{DELEGATORS, History, Model, OPERATORS, Operation, Wei, delegator, operator};
use crate::model::{Position, math::ONE};
use alloy_primitives::Address;

impl History {
    /// Operation, caller and value.
    pub(super) fn people(&mut self, model: &Model) -> (Operation, Address, Wei) {
        let zero = Wei::ZERO;
        match self.rng.below(100) {
            0..25 => {
                let operator = self.validator(model);
                (Operation::Delegate { operator }, self.anybody(), self.stake())
            }
            25..37 => {
                let (operator, caller, position) = self.position(model, |position| !position.shares.is_zero());
                (Operation::Undelegate { operator, amount: self.part(model, operator, &position) }, caller, zero)
            }
            37..40 => {
                let (operator, caller, _) = self.position(model, |position| !position.shares.is_zero());
                (Operation::UndelegateAll { operator }, caller, zero)
            }
            40..50 => {
                let (from, caller, position) = self.position(model, |position| !position.shares.is_zero());
                let to = self.validator(model);
                (Operation::Redelegate { from, to, amount: self.part(model, from, &position) }, caller, zero)
            }
            50..52 => {
                let (from, caller, _) = self.position(model, |position| !position.shares.is_zero());
                (Operation::RedelegateAll { from, to: self.validator(model) }, caller, zero)
            }
            52..58 => {
                let (caller, id) = self.entry(model);
                (Operation::CancelUnbonding { id }, caller, zero)
            }
            58..64 => {
                let (caller, id) = self.entry(model);
                (Operation::Withdraw { ids: vec![id] }, caller, zero)
            }
            64..68 => (Operation::WithdrawAll, self.entry(model).0, zero),
            68..75 => {
                let (first, caller, _) = self.position(model, |_| true);
                let second = self.validator(model);
                (Operation::Claim { operators: vec![first, second] }, caller, zero)
            }
            75..80 => {
                let (operator, caller, _) = self.position(model, |position| !position.shares.is_zero());
                (Operation::Restake { operator }, caller, zero)
            }
            80..86 => {
                let (operator, delegator, _) = self.position(model, |position| !position.moved.is_empty());
                (Operation::SettleMoved { delegator, operator }, self.anybody(), zero)
            }
            _ => self.operators(model),
        }
    }

    fn operators(&mut self, model: &Model) -> (Operation, Address, Wei) {
        let zero = Wei::ZERO;
        let caller = self.validator(model);
        let proven = self.rng.below(20) != 0;
        match self.rng.below(100) {
            0..18 => {
                let value = Wei::from(self.rng.between(9_900_000, 40_000_000)).saturating_mul(ONE);
                let signer = if proven { self.fresh_signer() } else { self.taken_signer(model) };
                let commission = self.commission();
                let caller = operator(self.rng.below(OPERATORS));
                (Operation::CreateValidator { signer, proven, commission }, caller, value)
            }
            18..45 => (Operation::AnnounceCommission { commission: self.commission() }, caller, zero),
            45..55 => (Operation::RotateKey { signer: self.fresh_signer(), proven }, caller, zero),
            55..57 => (Operation::RotateKey { signer: self.taken_signer(model), proven: true }, caller, zero),
            57..67 => (Operation::ClaimCommission, caller, zero),
            67..82 => {
                let jailed =
                    model.validators.iter().filter(|(_, v)| v.jailed_until.is_some()).map(|(operator, _)| *operator);
                let jailed: Vec<_> = jailed.collect();
                (Operation::Unjail, self.rng.pick(&jailed).copied().unwrap_or(caller), zero)
            }
            82..94 if self.rng.below(20) == 0 => (Operation::Leave, caller, zero),
            82..94 => (Operation::Evict { operator: self.validator(model) }, self.anybody(), zero),
            _ => {
                let open =
                    model.validators.iter().filter(|(_, v)| !v.left && !v.tombstoned).map(|(operator, _)| *operator);
                let evicted: Vec<_> = open.filter(|operator| !model.candidates.contains(operator)).collect();
                (Operation::Rejoin, self.rng.pick(&evicted).copied().unwrap_or(caller), zero)
            }
        }
    }

    fn commission(&mut self) -> u16 {
        u16::try_from(self.rng.between(480, 2_500)).unwrap_or(500)
    }

    fn taken_signer(&mut self, model: &Model) -> Address {
        let taken: Vec<_> = model.signers.keys().copied().collect();
        self.rng.pick(&taken).copied().unwrap_or_default()
    }

    fn anybody(&mut self) -> Address {
        let number = self.rng.below(OPERATORS.saturating_add(DELEGATORS));
        number.checked_sub(OPERATORS).map_or_else(|| operator(number), delegator)
    }

    /// An operator, now and then one without a validator.
    fn validator(&mut self, model: &Model) -> Address {
        let any = self.rng.below(8) == 0;
        let open =
            model.validators.iter().filter(|(_, v)| any || !v.left && !v.tombstoned).map(|(operator, _)| *operator);
        let known: Vec<_> = open.collect();
        if self.rng.below(60) == 0 { self.anybody() } else { self.rng.pick(&known).copied().unwrap_or_default() }
    }

    /// Value of a delegation, of any size and with odd wei. Unit: wei.
    fn stake(&mut self) -> Wei {
        let btt = |amount: u64| Wei::from(amount).saturating_mul(ONE);
        match self.rng.below(20) {
            0 => ONE.saturating_sub(Wei::ONE),
            1 => ONE,
            2..8 => btt(self.rng.between(1, 1_000)).saturating_add(Wei::from(self.rng.draw())),
            8..19 => btt(self.rng.between(1_000, 10_000_000)).saturating_add(Wei::from(self.rng.draw())),
            _ => Wei::from(self.rng.below(1_000)),
        }
    }

    /// Part of a position, now and then a little too much. Unit: wei.
    fn part(&mut self, model: &Model, operator: Address, position: &Position) -> Wei {
        let pool = model.validators.get(&operator).map(|validator| &validator.pool);
        let worth = pool.and_then(|pool| pool.worth(position.shares).ok()).unwrap_or_default();
        match self.rng.below(20) {
            0 => worth,
            1 => worth.saturating_sub(Wei::ONE),
            2 => worth.saturating_add(Wei::ONE),
            3 => Wei::from(self.rng.below(3)),
            4 => worth.saturating_sub(ONE),
            _ => worth.wrapping_div(Wei::from(1_000)).saturating_mul(Wei::from(self.rng.between(1, 990))),
        }
    }

    /// Operator, delegator and position of one that is as asked for, or else of anybody with anybody.
    fn position(&mut self, model: &Model, wanted: impl Fn(&Position) -> bool) -> (Address, Address, Position) {
        let found: Vec<_> = model.positions.iter().filter(|(_, position)| wanted(position)).collect();
        if let Some(((operator, delegator), position)) = self.rng.pick(&found) {
            return (*operator, *delegator, (*position).clone());
        }
        let (operator, delegator) = (self.validator(model), self.anybody());
        (operator, delegator, model.position(delegator, operator))
    }

    /// Delegator and id of an open entry, now and then of none; half of the time of one whose time has come.
    fn entry(&mut self, model: &Model) -> (Address, u64) {
        let over = self.rng.below(2) == 0;
        let mut open = Vec::new();
        for (delegator, entries) in &model.unbondings {
            let wanted = entries.open.iter().filter(|(_, entry)| !over || entry.unlock <= self.now);
            open.extend(wanted.map(|(id, _)| (*delegator, *id)));
        }
        match self.rng.pick(&open) {
            Some(entry) if self.rng.below(30) != 0 => *entry,
            _ => (self.anybody(), self.rng.below(5)),
        }
    }
}
