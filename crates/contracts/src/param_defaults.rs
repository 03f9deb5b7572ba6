//! What the parameters are on mainnet from genesis on, and how far and how often a vote may move them.
//!
//! Source: docs/parameters.md, which a test holds this table against; another network's genesis may choose other values.

use crate::params::IParams::Lane;
use Lane::{Long, Standard};

/// One parameter of mainnet. Units of amounts: as [`crate::param_table::NAMES`] says.
#[derive(Clone, Copy, Debug)]
pub struct ParamDefault {
    /// At genesis.
    pub value: u128,
    /// Lowest value allowed.
    pub min: u128,
    /// Highest value allowed.
    pub max: u128,
    /// Largest change at once, up or down.
    pub step: u128,
    /// Least time between two changes. Unit: seconds.
    pub cool_down: u64,
    /// Of proposals that change it.
    pub lane: Lane,
}

const fn row(value: u128, min: u128, max: u128, step: u128, cool_down: u64, lane: Lane) -> ParamDefault {
    ParamDefault { value, min, max, step, cool_down, lane }
}

/// By id. In each row: value, lowest, highest, step, cool-down, lane.
pub const DEFAULTS: [ParamDefault; 39] = [
    // MIN_BASE_FEE
    row(9_000_000_000_000, 300_000_000_000, 100_000_000_000_000, 3_000_000_000_000, 604_800, Standard),
    // ELASTICITY
    row(2, 2, 8, 1, 2_592_000, Standard),
    // BASE_FEE_DENOMINATOR
    row(50, 8, 1_000, 25, 2_592_000, Standard),
    // BURN_PERCENT
    row(50, 20, 100, 10, 604_800, Standard),
    // STAKERS_PERCENT
    row(40, 0, 80, 10, 604_800, Standard),
    // BLOCK_GAS_LIMIT
    row(60_000_000, 10_000_000, 500_000_000, 30_000_000, 604_800, Standard),
    // BLOCK_TIME_MS
    row(500, 200, 10_000, 500, 604_800, Standard),
    // IDLE_TIME_MS
    row(2_000, 200, 30_000, 5_000, 604_800, Standard),
    // EPOCH_LENGTH
    row(1_800, 60, 86_400, 3_600, 604_800, Long),
    // MAX_VALIDATORS
    row(100, 4, 100, 10, 604_800, Long),
    // MIN_SELF_STAKE
    row(
        10_000_000_000_000_000_000_000_000,
        100_000_000_000_000_000_000_000,
        1_000_000_000_000_000_000_000_000_000,
        10_000_000_000_000_000_000_000_000,
        2_592_000,
        Long,
    ),
    // MIN_DELEGATION
    row(
        1_000_000_000_000_000_000,
        1_000_000_000_000_000_000,
        10_000_000_000_000_000_000_000,
        1_000_000_000_000_000_000_000,
        604_800,
        Long,
    ),
    // MIN_COMMISSION
    row(500, 0, 2_000, 100, 604_800, Long),
    // MAX_COMMISSION
    row(5_000, 1_000, 10_000, 500, 604_800, Long),
    // COMMISSION_STEP
    row(100, 10, 500, 100, 604_800, Long),
    // COMMISSION_NOTICE
    row(259_200, 86_400, 1_209_600, 259_200, 604_800, Long),
    // UNBONDING_TIME
    row(604_800, 259_200, 2_419_200, 259_200, 2_592_000, Long),
    // REWARD_RATE
    row(10_000_000_000_000_000, 0, 20_000_000_000_000_000, 2_500_000_000_000_000, 2_592_000, Long),
    // MAX_APR
    row(800, 100, 2_000, 200, 2_592_000, Long),
    // PROPOSER_SHARE
    row(500, 0, 2_000, 100, 604_800, Long),
    // TREASURY_SHARE
    row(200, 0, 2_000, 100, 604_800, Long),
    // DOUBLE_SIGN_SLASH
    row(
        50_000_000_000_000_000,
        10_000_000_000_000_000,
        200_000_000_000_000_000,
        10_000_000_000_000_000,
        2_592_000,
        Long,
    ),
    // DOUBLE_SIGN_FACTOR
    row(3, 1, 10, 1, 2_592_000, Long),
    // REPORTER_SHARE
    row(500, 0, 1_000, 100, 2_592_000, Long),
    // DOWNTIME_WINDOW
    row(10_000, 1_000, 100_000, 5_000, 604_800, Long),
    // MAX_MISSED
    row(5_000, 1_000, 9_500, 500, 604_800, Long),
    // DOWNTIME_SLASH
    row(100_000_000_000_000, 0, 10_000_000_000_000_000, 1_000_000_000_000_000, 604_800, Long),
    // JAIL_TIME
    row(3_600, 60, 86_400, 3_600, 604_800, Long),
    // MAX_JAIL_TIME
    row(86_400, 3_600, 604_800, 86_400, 604_800, Long),
    // POWER_CAP
    row(1_000, 200, 3_300, 100, 2_592_000, Long),
    // PROPOSAL_DEPOSIT
    row(
        1_000_000_000_000_000_000_000_000,
        10_000_000_000_000_000_000_000,
        1_000_000_000_000_000_000_000_000_000,
        1_000_000_000_000_000_000_000_000,
        604_800,
        Long,
    ),
    // VOTING_PERIOD
    row(432_000, 172_800, 1_209_600, 86_400, 2_592_000, Long),
    // QUORUM
    row(4_000, 2_000, 6_600, 500, 2_592_000, Long),
    // VETO
    row(3_334, 2_500, 5_000, 500, 2_592_000, Long),
    // LATE_QUORUM_EXTENSION
    row(172_800, 0, 604_800, 86_400, 2_592_000, Long),
    // TIMELOCK_DELAY
    row(172_800, 86_400, 1_209_600, 86_400, 2_592_000, Long),
    // TIMELOCK_LONG_DELAY
    row(604_800, 259_200, 2_592_000, 259_200, 2_592_000, Long),
    // EXPEDITED_VOTING
    row(86_400, 21_600, 259_200, 43_200, 2_592_000, Long),
    // EXECUTION_WINDOW
    row(1_209_600, 259_200, 5_184_000, 604_800, 2_592_000, Long),
];

/// That of a parameter; none if this program does not know the id.
pub fn default_of(id: u64) -> Option<&'static ParamDefault> {
    DEFAULTS.get(usize::try_from(id).ok()?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{param_table::id_of, param_units::parse};
    use alloy_primitives::U256;

    #[test]
    fn the_table_is_that_of_the_page() {
        let page = include_str!("../../../docs/parameters.md");
        let (_, page) = page.split_once("## Table").unwrap();
        let (page, _) = page.split_once("## Elsewhere").unwrap();
        let rows = page.lines().filter_map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            cells.first()?.parse::<u64>().ok().map(|id| (id, cells))
        });
        let mut count = 0;
        for (id, cells) in rows {
            count += 1;
            assert_eq!(id_of(cells[1].trim_matches('`')), Some(id));
            let (of, read) = (default_of(id).unwrap(), |place: usize| parse(id, cells[place]).unwrap());
            let values = [of.value, of.min, of.max, of.step].map(U256::from);
            assert_eq!(values, [read(3), read(4), read(5), read(6)], "{cells:?}");
            let days = cells[7].strip_suffix(" d").unwrap().parse::<u64>().unwrap();
            let lane = if cells[8] == "long" { Long } else { Standard };
            assert_eq!((of.cool_down, of.lane), (days * 86_400, lane), "{cells:?}");
        }
        assert_eq!(count, DEFAULTS.len());
        assert!(default_of(39).is_none());
    }
}
