//! Proposer order: stake-weighted round robin, after the priority rule of CometBFT.
//!
//! Each validator has a priority. A step adds to each its power and takes the total power from the highest, who proposes. Over `total power`
//! steps everybody proposes as often as they have power. Everybody starts at zero with the first height of each set, so the order is a function of the
//! set and of the heights since. Source: docs/protocol.md, section 3.

use alloy_primitives::Address;
use bttc_primitives::{Height, Round, ValidatorSet};

/// Rounds of a height after which its proposers repeat, so that no round, however high a certificate puts it, costs more than that many steps.
const ROUNDS: Round = 1_024;

/// Priorities of the validators of one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposerOrder {
    /// In the order of the set.
    priorities: Vec<(Address, i128, u64)>,
    total: i128,
}

impl ProposerOrder {
    /// Everybody starts at zero.
    pub fn new(validators: &ValidatorSet) -> Self {
        let priorities = validators.members().iter().map(|v| (v.address, 0, v.power)).collect();
        Self { priorities, total: validators.total_power().into() }
    }

    /// The order of `height`, in a set whose first height is `first`; that of the first height for heights before it.
    ///
    /// Work: that of [`Self::after`]. At 100 members half a millisecond at the end of an epoch of 3,600 heights, 0.12 s for 864,000 heights, the longest
    /// epoch that votes can bring about; who goes from height to height keeps an order and makes one [`Self::step`] for each.
    pub fn at(validators: &ValidatorSet, first: Height, height: Height) -> Self {
        Self::after(validators, height.saturating_sub(first))
    }

    /// The order after `steps` steps from the start: that of a height `steps` above the first one of its set.
    ///
    /// Work: `steps` times the members, but never more than one whole turn (total power by the greatest divisor of all powers), after which the order
    /// repeats.
    pub fn after(validators: &ValidatorSet, steps: u64) -> Self {
        let divisor = validators.members().iter().fold(0, |divisor, member| greatest_divisor(divisor, member.power));
        let period = validators.total_power().checked_div(divisor).unwrap_or(1).max(1);
        let mut order = Self::new(validators);
        for _ in 0..steps.checked_rem(period).unwrap_or_default() {
            order.step();
        }
        order
    }

    /// Makes one step and answers with the proposer. Ties go to the one that stands first in the set.
    pub fn step(&mut self) -> Address {
        for (_, priority, power) in &mut self.priorities {
            *priority = priority.saturating_add(i128::from(*power));
        }
        let mut best: Option<&mut (Address, i128, u64)> = None;
        for entry in &mut self.priorities {
            if best.as_ref().is_none_or(|best| entry.1 > best.1) {
                best = Some(entry);
            }
        }
        best.map_or(Address::ZERO, |entry| {
            entry.1 = entry.1.saturating_sub(self.total);
            entry.0
        })
    }

    /// Proposer of a round of the height that this order stands at: after 1,024 rounds the turns of a height begin anew.
    pub fn proposer(&self, round: Round) -> Address {
        let mut order = self.clone();
        for _ in 0..round % ROUNDS {
            order.step();
        }
        order.step()
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
            prop_assert_eq!(order.proposer(5), order.proposer(5 + 3 * ROUNDS));
            prop_assert_eq!(order.proposer(Round::MAX), order.proposer(ROUNDS - 1));
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
            prop_assert_eq!(ProposerOrder::at(&set, 1_000, 999 - steps), ProposerOrder::new(&set));
        }

        /// The order repeats after total power by the greatest divisor, and not before: `after` may leave out whole turns and nothing else.
        #[test]
        fn a_turn_is_the_total_power_by_the_greatest_divisor(powers in proptest::collection::vec(1u64..9, 1..6), factor in 1u64..1_000_000_000_000) {
            let members = powers.iter().zip(1u8..)
                .map(|(power, n)| Validator { address: Address::repeat_byte(n), power: power * factor }).collect();
            let set = ValidatorSet::new(members).unwrap();
            let divisor = powers.iter().fold(0, |divisor, power| greatest_divisor(divisor, *power)) * factor;
            let start = ProposerOrder::new(&set);
            let mut order = start.clone();
            for step in 1..=set.total_power() / divisor {
                order.step();
                prop_assert_eq!(order == start, step == set.total_power() / divisor);
            }
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
