//! Validator sets: who votes on a height, and with what weight.
//!
//! Source: docs/protocol.md, section 3.

use alloy_primitives::{Address, B256, keccak256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A member of a validator set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Validator {
    /// Address of the consensus key.
    pub address: Address,
    /// Voting weight, in whole BTT of effective stake.
    pub power: u64,
}

/// Why a list of validators is no set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValidatorSet {
    /// Nobody is in it.
    #[error("a validator set needs at least one member")]
    Empty,
    /// One address stands twice.
    #[error("validator {0} stands twice in the set")]
    Duplicate(Address),
    /// A member without weight.
    #[error("validator {0} has no voting power")]
    NoPower(Address),
    /// The sum is beyond what votes can be counted with.
    #[error("the total voting power is above {max}", max = ValidatorSet::MAX_TOTAL_POWER)]
    TooMuchPower,
}

/// Validators of a height, ordered by power descending, then by address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidatorSet {
    members: Vec<Validator>,
    total: u64,
}

impl ValidatorSet {
    /// Largest total power: three times it still fits into 64 bits with room to spare.
    pub const MAX_TOTAL_POWER: u64 = u64::MAX / 8;

    /// Orders and checks the members.
    pub fn new(mut members: Vec<Validator>) -> Result<Self, InvalidValidatorSet> {
        if members.is_empty() {
            return Err(InvalidValidatorSet::Empty);
        }
        let mut seen = BTreeSet::new();
        let mut total = 0u64;
        for member in &members {
            if member.power == 0 {
                return Err(InvalidValidatorSet::NoPower(member.address));
            }
            if !seen.insert(member.address) {
                return Err(InvalidValidatorSet::Duplicate(member.address));
            }
            total = total
                .checked_add(member.power)
                .filter(|total| *total <= Self::MAX_TOTAL_POWER)
                .ok_or(InvalidValidatorSet::TooMuchPower)?;
        }
        members.sort_by(|a, b| b.power.cmp(&a.power).then(a.address.cmp(&b.address)));
        Ok(Self { members, total })
    }

    /// Members in their order.
    pub fn members(&self) -> &[Validator] {
        &self.members
    }

    /// Sum of all power.
    pub const fn total_power(&self) -> u64 {
        self.total
    }

    /// Position of a member.
    pub fn index_of(&self, address: Address) -> Option<usize> {
        self.members.iter().position(|member| member.address == address)
    }

    /// Whether `power` is more than two thirds of the total.
    pub fn is_quorum(&self, power: u64) -> bool {
        u128::from(power).saturating_mul(3) > u128::from(self.total).saturating_mul(2)
    }

    /// `concat(uint160 signer, uint64 power)` over the members in their order, each number packed big endian: 28 bytes a member.
    pub fn packed(&self) -> Vec<u8> {
        let mut packed = Vec::with_capacity(self.members.len().saturating_mul(28));
        for member in &self.members {
            packed.extend_from_slice(member.address.as_slice());
            packed.extend_from_slice(&member.power.to_be_bytes());
        }
        packed
    }

    /// keccak256 of [`Self::packed`].
    pub fn hash(&self) -> B256 {
        keccak256(self.packed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validator(byte: u8, power: u64) -> Validator {
        Validator { address: Address::repeat_byte(byte), power }
    }

    #[test]
    fn order_is_power_then_address() {
        let set = ValidatorSet::new(vec![validator(3, 5), validator(2, 9), validator(1, 5)]).unwrap();
        let order: Vec<_> = set.members().iter().map(|v| v.address.0[0]).collect();
        assert_eq!(order, [2, 1, 3]);
    }

    #[test]
    fn quorum_is_more_than_two_thirds() {
        let set = ValidatorSet::new((1..=3).map(|b| validator(b, 1)).collect()).unwrap();
        assert!(!set.is_quorum(2));
        assert!(set.is_quorum(3));
        let set = ValidatorSet::new((1..=4).map(|b| validator(b, 1)).collect()).unwrap();
        assert!(set.is_quorum(3));
    }

    #[test]
    fn refuses_broken_lists() {
        assert_eq!(ValidatorSet::new(vec![]), Err(InvalidValidatorSet::Empty));
        assert!(ValidatorSet::new(vec![validator(1, 1), validator(1, 2)]).is_err());
        assert!(ValidatorSet::new(vec![validator(1, 0)]).is_err());
        assert!(ValidatorSet::new(vec![validator(1, u64::MAX)]).is_err());
    }
}
