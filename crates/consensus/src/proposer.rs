//! Proposer order: stake-weighted round robin, after the priority rule of CometBFT.
//!
//! Each validator has a priority. A step adds to each its power and takes the total power from the highest, who proposes. Over `total power`
//! steps everybody proposes as often as they have power. Source: docs/protocol.md, section 3.

use alloy_primitives::Address;
use bttc_primitives::{Round, ValidatorSet};

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

    /// Proposer of a round of the height that this order stands at.
    pub fn proposer(&self, round: Round) -> Address {
        let mut order = self.clone();
        for _ in 0..round {
            order.step();
        }
        order.step()
    }
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
    }
}
