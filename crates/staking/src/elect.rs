//! Election: candidates in, validator set out.
//!
//! 1. Power is the effective stake in whole BTT; who has none is out.
//! 2. The highest stakes are elected, ties to the lower operator address, at most [`ElectionRules::max_validators`].
//! 3. No member may hold more than the share `s = max(cap, 1.5 / N)` of the total, `N` the number elected. Larger powers are cut to one level, the
//!    largest integer `c` with `c <= s * sum(min(power, c))`: cutting lowers the total, so the level is a fixed point.
//!
//! The level is unique and at least 1. `s * sum(min(power, c)) - c` is concave in `c` and zero at zero; at `c = 1` the sum is `N`, and `s * N >= 1.5 > 1`.
//! So it is positive from 1 up to one crossing, and never again after it. As `s` is above `1 / N`, no set is too small for the cap.
//!
//! Source: docs/protocol.md, section 3; docs/staking.md, section 2.

use alloy_primitives::{Address, U256};
use bttc_primitives::{InvalidValidatorSet, Validator, ValidatorSet};
use std::cmp::Ordering;

/// One BTT. Unit: wei.
const BTT: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// Basis points in the whole.
const WHOLE_BP: u128 = 10_000;

/// Who may be elected, as `Staking.candidates()` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The validator's account.
    pub operator: Address,
    /// Address of its consensus key.
    pub signer: Address,
    /// Effective stake of its pool. Unit: wei.
    pub tokens: U256,
}

/// Numbers of the election that votes may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElectionRules {
    /// Most members of a set.
    pub max_validators: usize,
    /// Largest share of the total power one member may hold, where `1.5 / N` is not larger. Unit: basis points.
    pub power_cap_bp: u16,
}

/// Why an election gave no set. In every case the set in force stays in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotElected {
    /// No candidate has a whole BTT of stake, or no seat is to be had: the old set goes on.
    #[error("none of {candidates} candidates can be elected; the validator set stays as it is")]
    Nobody {
        /// How many stood for election.
        candidates: usize,
    },
    /// Candidates that the contracts can never answer with: a signer twice, or more stake than there is. The old set goes on.
    #[error("the elected do not make a set, and the validator set stays as it is: {0}")]
    Invalid(#[from] InvalidValidatorSet),
}

/// Elects the next validator set. The order of `candidates` is of no account.
///
/// Errors: [`NotElected`], after which the caller keeps the set it has.
/// Source: docs/protocol.md, section 3.
pub fn elect(candidates: &[Candidate], rules: ElectionRules) -> Result<ValidatorSet, NotElected> {
    let mut elected = Vec::with_capacity(candidates.len());
    for candidate in candidates.iter().filter(|candidate| candidate.tokens >= BTT) {
        let power = u64::try_from(candidate.tokens.wrapping_div(BTT)).map_err(|_| InvalidValidatorSet::TooMuchPower)?;
        elected.push((candidate, power));
    }
    elected.sort_by(|(a, _), (b, _)| higher_stake(a, b));
    elected.truncate(rules.max_validators);
    if elected.is_empty() {
        return Err(NotElected::Nobody { candidates: candidates.len() });
    }
    let powers: Vec<u64> = elected.iter().map(|(_, power)| *power).collect();
    let cap = power_cap(&powers, rules.power_cap_bp);
    let members = elected
        .iter()
        .map(|(candidate, power)| Validator { address: candidate.signer, power: (*power).min(cap) })
        .collect();
    Ok(ValidatorSet::new(members)?)
}

fn higher_stake(a: &Candidate, b: &Candidate) -> Ordering {
    b.tokens.cmp(&a.tokens).then(a.operator.cmp(&b.operator))
}

/// Level to which larger powers are cut; `powers` are in descending order and none is zero.
///
/// With the `k` largest cut to `c` and `rest` the sum of the others, the rule reads `c <= s * (k * c + rest)`, so
/// `c = floor(s * rest / (1 - s * k))`. The first `k` whose level does not cut the next one is the answer: at most `N` steps.
fn power_cap(powers: &[u64], power_cap_bp: u16) -> u64 {
    let (share, whole) = largest_share(powers.len(), power_cap_bp);
    let mut rest: u128 = powers.iter().map(|power| u128::from(*power)).fold(0, u128::saturating_add);
    let mut left = whole;
    for power in powers {
        let power = u128::from(*power);
        let level = share.saturating_mul(rest).checked_div(left).unwrap_or(u128::MAX);
        if power <= level {
            return u64::try_from(level).unwrap_or(u64::MAX);
        }
        rest = rest.saturating_sub(power);
        left = left.saturating_sub(share);
    }
    u64::MAX
}

/// `max(cap, 1.5 / members)` as a fraction.
fn largest_share(members: usize, power_cap_bp: u16) -> (u128, u128) {
    let (cap, twice) = (u128::from(power_cap_bp), u128::try_from(members).unwrap_or(u128::MAX).saturating_mul(2));
    if cap.saturating_mul(twice) >= WHOLE_BP.saturating_mul(3) { (cap, WHOLE_BP) } else { (3, twice) }
}

#[cfg(test)]
mod tests;
