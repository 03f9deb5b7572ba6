//! Where the fees of a block go (docs/protocol.md, section 4).

use alloy_primitives::U256;
use bttc_primitives::FeeRules;

/// Fees of one block by destination. Unit: wei.
///
/// `stakers + treasury + tips` is credited to the treasury contract at the end of the block; `burned` is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeSplit {
    /// Base fees destroyed, with what rounding left.
    pub burned: U256,
    /// Base fees for the stakers' pot.
    pub stakers: U256,
    /// Base fees for the treasury.
    pub treasury: U256,
    /// Priority fees, for the proposer's pool.
    pub tips: U256,
}

impl FeeSplit {
    /// What the treasury contract receives.
    pub fn credited(&self) -> U256 {
        self.stakers.saturating_add(self.treasury).saturating_add(self.tips)
    }

    /// Everything that senders paid.
    pub fn paid(&self) -> U256 {
        self.credited().saturating_add(self.burned)
    }
}

/// Splits the fees of a block: `base_fees` is base fee times gas used, `tips` the sum of priority fees. Unit: wei.
pub fn split_fees(rules: &FeeRules, base_fees: U256, tips: U256) -> FeeSplit {
    let part = |percent: u8| {
        let (quotient, remainder) = base_fees.div_rem(U256::from(100u8));
        let percent = U256::from(percent);
        // Quotient and remainder apart, so that no product can overflow.
        quotient
            .saturating_mul(percent)
            .saturating_add(remainder.saturating_mul(percent).wrapping_div(U256::from(100u8)))
    };
    let (stakers, treasury) = (part(rules.stakers_percent), part(rules.treasury_percent));
    let burned = base_fees.saturating_sub(stakers).saturating_sub(treasury);
    FeeSplit { burned, stakers, treasury, tips }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: FeeRules = FeeRules { min_base_fee: 1, burn_percent: 50, stakers_percent: 40, treasury_percent: 10 };

    #[test]
    fn remainder_is_burned() {
        let split = split_fees(&RULES, U256::from(19), U256::from(3));
        assert_eq!(split.stakers, U256::from(7));
        assert_eq!(split.treasury, U256::from(1));
        assert_eq!(split.burned, U256::from(11));
        assert_eq!(split.credited(), U256::from(11));
    }

    proptest! {
        #[test]
        fn nothing_is_made_or_lost(base in any::<u128>(), tips in any::<u128>()) {
            let split = split_fees(&RULES, U256::from(base), U256::from(tips));
            prop_assert_eq!(split.paid(), U256::from(base) + U256::from(tips));
            prop_assert!(split.burned >= U256::from(base / 2));
        }
    }
}
