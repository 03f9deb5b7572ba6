//! Proposer order: stake-weighted round robin, after the priority rule of CometBFT.
//!
//! Each validator has a priority. A step adds to each its power and takes the total power from the highest, who proposes. Over `total power`
//! steps everybody proposes as often as they have power. Everybody starts at zero with the first height of each set, so the order is a function of the
//! set and of the heights since. Source: docs/protocol.md, section 3.

use alloy_primitives::Address;
use bttc_primitives::{Height, Round, ValidatorSet};

/// Priorities of the validators of one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposerOrder {
    /// In the order of the set.
    members: Vec<Address>,
    powers: Vec<i128>,
    priorities: Vec<i128>,
    total: i128,
}

impl ProposerOrder {
    /// Everybody starts at zero.
    pub fn new(validators: &ValidatorSet) -> Self {
        Self {
            members: validators.members().iter().map(|member| member.address).collect(),
            powers: validators.members().iter().map(|member| member.power.into()).collect(),
            priorities: vec![0; validators.members().len()],
            total: validators.total_power().into(),
        }
    }

    /// The order of `height`, in a set whose first height is `first`; that of the first height for heights before it.
    pub fn at(validators: &ValidatorSet, first: Height, height: Height) -> Self {
        Self::after(validators, height.saturating_sub(first))
    }

    /// The order after `steps` steps from the start: that of a height `steps` above the first one of its set.
    ///
    /// Work: `steps` times the members, but never more than one whole turn (total power by the greatest divisor of all powers), after which the order
    /// repeats. Who goes from height to height keeps an order and makes one [`Self::step`] for each.
    pub fn after(validators: &ValidatorSet, steps: u64) -> Self {
        let divisor = validators.members().iter().fold(0, |divisor, member| greatest_divisor(divisor, member.power));
        let period = validators.total_power().checked_div(divisor).unwrap_or(1).max(1);
        let mut order = Self::new(validators);
        order.advance(steps.checked_rem(period).unwrap_or_default());
        order
    }

    /// Makes many steps.
    ///
    /// Priorities sum to zero between steps, and none is ever below minus the total: only the highest loses, which is positive then. So none is above
    /// the total times the number of the others, and where that fits, the steps are made in 64 bits.
    pub fn advance(&mut self, steps: u64) {
        let narrow = |values: &[i128]| -> Option<Vec<i64>> { values.iter().map(|v| i64::try_from(*v).ok()).collect() };
        let members = i128::try_from(self.members.len()).unwrap_or(i128::MAX);
        let fits = self.total.checked_mul(members).is_some_and(|bound| i64::try_from(bound).is_ok());
        if let (true, Some(powers), Some(mut priorities), Ok(total)) =
            (fits, narrow(&self.powers), narrow(&self.priorities), i64::try_from(self.total))
        {
            for _ in 0..steps {
                narrow_step(&mut priorities, &powers, total);
            }
            self.priorities = priorities.into_iter().map(i128::from).collect();
            return;
        }
        for _ in 0..steps {
            self.step();
        }
    }

    /// Makes one step and answers with the proposer. Ties go to the one that stands first in the set.
    pub fn step(&mut self) -> Address {
        let mut best: Option<(&mut i128, Address)> = None;
        for ((priority, power), member) in self.priorities.iter_mut().zip(&self.powers).zip(&self.members) {
            *priority = priority.saturating_add(*power);
            if best.as_ref().is_none_or(|(highest, _)| *priority > **highest) {
                best = Some((priority, *member));
            }
        }
        best.map_or(Address::ZERO, |(highest, member)| {
            *highest = highest.saturating_sub(self.total);
            member
        })
    }

    /// Proposer of a round of the height that this order stands at.
    pub fn proposer(&self, round: Round) -> Address {
        let mut order = self.clone();
        order.advance(round.into());
        order.step()
    }
}

/// [`ProposerOrder::step`] in 64 bits; the caller has seen that nothing can overflow.
fn narrow_step(priorities: &mut [i64], powers: &[i64], total: i64) {
    let mut highest = i64::MIN;
    for (priority, power) in priorities.iter_mut().zip(powers) {
        *priority = priority.wrapping_add(*power);
        highest = highest.max(*priority);
    }
    if let Some(priority) = priorities.iter_mut().find(|priority| **priority == highest) {
        *priority = priority.wrapping_sub(total);
    }
}

fn greatest_divisor(mut a: u64, mut b: u64) -> u64 {
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use bttc_primitives::Validator;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn turns_are_in_proportion_to_power(powers in proptest::collection::vec(1u64..20, 1..8)) {
            let members: Vec<_> = powers.iter().zip(1u8..)
                .map(|(power, n)| Validator { address: Address::repeat_byte(n), power: *power }).collect();
            let set = ValidatorSet::new(members.clone()).unwrap();
            let mut order = ProposerOrder::new(&set);
            let turns: Vec<_> = (0..set.total_power()).map(|_| order.step()).collect();
            for member in members {
                prop_assert_eq!(turns.iter().filter(|t| **t == member.address).count() as u64, member.power);
            }
            prop_assert_eq!(&order, &ProposerOrder::new(&set));
        }

        #[test]
        fn a_jump_is_as_many_steps(powers in proptest::collection::vec(1u64..6, 1..5), factor in 1u64..4, steps in 0u64..60) {
            let members = powers.iter().zip(1u8..)
                .map(|(power, n)| Validator { address: Address::repeat_byte(n), power: power * factor }).collect();
            let set = ValidatorSet::new(members).unwrap();
            let mut order = ProposerOrder::new(&set);
            for _ in 0..steps {
                order.step();
            }
            prop_assert_eq!(&ProposerOrder::after(&set, steps), &order);
            prop_assert_eq!(&ProposerOrder::at(&set, 1_000, 1_000 + steps), &order);
        }

        /// With powers of any size: steps at once, in 64 bits where they fit, are single steps, and the priorities keep the bounds that this rests on.
        #[test]
        fn many_steps_are_single_steps(
            powers in proptest::collection::vec(prop_oneof![1u64..9, 1u64..1_000_000_000, 1u64..(u64::MAX / 8 / 30)], 1..30), steps in 0u64..300,
        ) {
            let members = powers.iter().zip(1u8..)
                .map(|(power, n)| Validator { address: Address::repeat_byte(n), power: *power }).collect();
            let set = ValidatorSet::new(members).unwrap();
            let mut single = ProposerOrder::new(&set);
            for _ in 0..steps {
                single.step();
                prop_assert_eq!(single.priorities.iter().sum::<i128>(), 0);
                prop_assert!(single.priorities.iter().all(|priority| *priority > -single.total));
                let bound = single.total * i128::try_from(powers.len()).unwrap();
                prop_assert!(single.priorities.iter().all(|priority| *priority < bound));
            }
            let mut many = ProposerOrder::new(&set);
            many.advance(steps);
            prop_assert_eq!(many, single);
        }
    }

    /// The first steps of three validators by hand: powers 3, 2, 1.
    #[test]
    fn first_steps_are_those_of_the_rule() {
        let members =
            [(1u8, 3u64), (2, 2), (3, 1)].map(|(n, power)| Validator { address: Address::repeat_byte(n), power });
        let mut order = ProposerOrder::new(&ValidatorSet::new(members.to_vec()).unwrap());
        // (3 2 1) -> 1; (0 4 2) -> 2; (3 0 3) -> 1, the tie; (0 2 4) -> 3; (3 4 -1) -> 2; (6 0 0) -> 1.
        let turns: Vec<_> = (0..6).map(|_| order.step().0[0]).collect();
        assert_eq!(turns, [1, 2, 1, 3, 2, 1]);
    }
}
