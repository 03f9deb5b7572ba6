//! What a transaction pays, worked out from prices alone.

use alloy_primitives::U256;

/// Gas limits have a fifth to spare above the estimate.
const GAS_ROOM: (u64, u64) = (12, 10);
/// A raised limit has half as much again.
const RAISE: (u64, u64) = (3, 2);
/// Least that a replacement pays more: nodes ask for a tenth, we give an eighth.
const BUMP: (u128, u128) = (9, 8);
/// TRON: room above the estimated energy.
const ENERGY_ROOM: (u64, u64) = (13, 10);
/// TRON: no fee limit is below this. Unit: sun.
pub(super) const LEAST_FEE_LIMIT: u64 = 20_000_000;

/// Prices of now on Ethereum. Unit: wei for each gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prices {
    /// Of the newest block.
    pub(super) base: u128,
    /// As nodes suggest.
    pub(super) tip: u128,
}

impl Prices {
    /// What a gas costs in the next block.
    pub(super) const fn now(&self) -> u128 {
        self.base.saturating_add(self.tip)
    }
}

/// What a transaction of Ethereum offers. Unit: wei for each gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// Most, tip included.
    pub(super) max_fee: u128,
    /// Tip.
    pub(super) tip: u128,
}

/// `amount * of / part`, rounded up; nothing overflows.
fn share(amount: u64, (of, part): (u64, u64)) -> u64 {
    let raised = u128::from(amount).saturating_mul(u128::from(of)).div_ceil(u128::from(part));
    u64::try_from(raised).unwrap_or(u64::MAX)
}

/// Gas limit for an estimate.
pub(super) fn gas_limit(estimate: u64, raises: u8) -> u64 {
    (0..raises).fold(share(estimate, GAS_ROOM), |limit, _| share(limit, RAISE))
}

/// Most that a gas may cost under a ceiling.
fn affordable(limit: u64, ceiling: U256) -> u128 {
    let each = ceiling.checked_div(U256::from(limit)).unwrap_or(ceiling);
    u128::try_from(each).unwrap_or(u128::MAX)
}

/// What the first version offers: room for a base fee twice that of now, or what the ceiling leaves.
///
/// Errors: what it would need, if the ceiling does not allow the prices of now.
pub(super) fn first_offer(prices: Prices, limit: u64, ceiling: U256) -> Result<Offer, U256> {
    let most = affordable(limit, ceiling);
    if most < prices.now() {
        return Err(U256::from(limit).saturating_mul(U256::from(prices.now())));
    }
    let wanted = prices.base.saturating_mul(2).saturating_add(prices.tip);
    Ok(Offer { max_fee: wanted.min(most), tip: prices.tip })
}

/// What the next version offers; none if the old one would do at the prices of now, or the ceiling allows no more.
pub(super) fn next_offer(old: Offer, prices: Prices, limit: u64, ceiling: U256) -> Option<Offer> {
    let enough = old.max_fee >= prices.base.saturating_add(old.tip.max(prices.tip)) && old.tip >= prices.tip;
    if enough {
        return None;
    }
    let (of, part) = BUMP;
    let least = |amount: u128| amount.saturating_mul(of).div_ceil(part).max(amount.saturating_add(1));
    let most = affordable(limit, ceiling);
    let (least_fee, least_tip) = (least(old.max_fee), least(old.tip));
    if most < least_fee || most < least_tip {
        return None;
    }
    let tip = least_tip.max(prices.tip).min(most);
    let wanted = prices.base.saturating_mul(2).saturating_add(prices.tip);
    Some(Offer { max_fee: least_fee.max(wanted).max(tip).min(most), tip })
}

/// TRON's fee limit: room above the estimate, at least 20 TRX, raised as often as the energy ran out, at most `most`. Unit: sun.
///
/// Errors: what it would need, if `most` does not even allow the estimate, or the raise.
pub(super) fn fee_limit(energy: u64, price: u64, raises: u8, most: u64) -> Result<u64, u64> {
    let cost = energy.saturating_mul(price);
    let first = share(cost, ENERGY_ROOM).max(LEAST_FEE_LIMIT);
    let wanted = (0..raises).fold(first, |limit, _| share(limit, RAISE));
    // Without a raise the room may shrink, but never below the cost; with one, a limit that is not higher would burn the same again.
    let least = if raises == 0 { cost.max(LEAST_FEE_LIMIT) } else { wanted };
    if least > most { Err(least) } else { Ok(wanted.min(most)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRX: u64 = 1_000_000;

    #[test]
    fn a_limit_has_room_and_rises_by_steps() {
        assert_eq!((gas_limit(100_000, 0), gas_limit(100_000, 1), gas_limit(100_001, 0)), (120_000, 180_000, 120_002));
        // 396,000 energy at 100 sun: 39.6 TRX.
        assert_eq!(fee_limit(396_000, 100, 0, 1_000 * TRX), Ok(51_480_000));
        assert_eq!(fee_limit(396_000, 100, 1, 1_000 * TRX), Ok(77_220_000));
        assert_eq!(fee_limit(396_000, 100, 2, 1_000 * TRX), Ok(115_830_000));
    }

    #[test]
    fn a_fee_limit_is_clamped() {
        assert_eq!(fee_limit(1_000, 100, 0, 1_000 * TRX), Ok(20 * TRX));
        assert_eq!(fee_limit(1_000, 100, 1, 1_000 * TRX), Ok(30 * TRX), "a raise counts from the floor");
        assert_eq!(fee_limit(396_000, 100, 0, 40 * TRX), Ok(40 * TRX), "less room");
        assert_eq!(fee_limit(396_000, 100, 0, 39 * TRX), Err(39_600_000), "it would burn all for nothing");
        assert_eq!(fee_limit(1_000, 100, 0, 19 * TRX), Err(20 * TRX));
        assert_eq!(fee_limit(396_000, 100, 1, 60 * TRX), Err(77_220_000), "not the same limit again");
        assert_eq!(fee_limit(u64::MAX, u64::MAX, 2, 60 * TRX), Err(u64::MAX));
    }

    #[test]
    fn a_first_offer_has_room_for_twice_the_base_fee() {
        let prices = Prices { base: 100, tip: 7 };
        assert_eq!(first_offer(prices, 10, U256::MAX), Ok(Offer { max_fee: 207, tip: 7 }));
        assert_eq!(first_offer(prices, 10, U256::from(1_500)), Ok(Offer { max_fee: 150, tip: 7 }));
        assert_eq!(first_offer(prices, 10, U256::from(1_069)), Err(U256::from(1_070)));
    }

    #[test]
    fn it_bumps_only_where_prices_ask_for_it_and_the_ceiling_allows_it() {
        let old = Offer { max_fee: 207, tip: 7 };
        assert_eq!(next_offer(old, Prices { base: 200, tip: 7 }, 10, U256::MAX), None, "it would do");
        let higher = Prices { base: 201, tip: 7 };
        assert_eq!(next_offer(old, higher, 10, U256::MAX), Some(Offer { max_fee: 409, tip: 8 }));
        assert_eq!(next_offer(old, higher, 10, U256::from(2_330)), Some(Offer { max_fee: 233, tip: 8 }));
        assert_eq!(next_offer(old, higher, 10, U256::from(2_320)), None, "less than an eighth more");
        assert_eq!(next_offer(old, Prices { base: 1, tip: 50 }, 10, U256::MAX), Some(Offer { max_fee: 233, tip: 50 }));
    }

    proptest! {
        #[test]
        fn every_version_is_a_valid_replacement_under_the_ceiling(
            base in 0..10u128.pow(13), tip in 0..10u128.pow(12), moves in proptest::collection::vec((0..10u128.pow(13), 0..10u128.pow(12)), 0..30),
            limit in 21_000..30_000_000u64, ceiling in 0..10u128.pow(20),
        ) {
            let ceiling = U256::from(ceiling);
            if let Ok(mut offer) = first_offer(Prices { base, tip }, limit, ceiling) {
                for (base, tip) in moves {
                    prop_assert!(offer.tip <= offer.max_fee);
                    prop_assert!(U256::from(limit) * U256::from(offer.max_fee) <= ceiling);
                    let Some(next) = next_offer(offer, Prices { base, tip }, limit, ceiling) else { continue };
                    prop_assert!(next.max_fee * 8 >= offer.max_fee * 9 && next.tip * 8 >= offer.tip * 9);
                    prop_assert!(next.max_fee > offer.max_fee && next.tip > offer.tip);
                    offer = next;
                }
            }
        }

        #[test]
        fn a_fee_limit_covers_the_energy_and_never_exceeds_what_is_allowed(energy: u32, price in 1..1_000u64, raises in 0..3u8, most: u64) {
            let cost = u64::from(energy) * price;
            match fee_limit(u64::from(energy), price, raises, most) {
                Ok(limit) => prop_assert!(limit >= cost && limit >= LEAST_FEE_LIMIT && limit <= most),
                Err(needs) => prop_assert!(needs > most),
            }
        }
    }
}
