//! Parameters that the economics rest on (docs/staking.md, section 9), at their genesis values by default.

use super::Wei;

/// Values in force. The model takes them as they are; bounds and votes are those of `Params`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Least length of an epoch. Unit: seconds.
    pub epoch_length: u64,
    /// Stake that a validator's operator must hold itself.
    pub min_self_stake: Wei,
    /// Least amount on the way in, and least that may remain on the way out.
    pub min_delegation: Wei,
    /// Bounds of commissions. Unit: basis points.
    pub commission: std::ops::RangeInclusive<u16>,
    /// Largest raise of a commission a day. Unit: basis points.
    pub commission_step: u16,
    /// From a commission's announcement until it is in force. Unit: seconds.
    pub commission_notice: u64,
    /// Unit: seconds.
    pub unbonding_time: u64,
    /// Reward of the first year by the supply. Unit: 1e-18.
    pub reward_rate: Wei,
    /// Most reward a year by the stake. Unit: basis points.
    pub max_apr: u16,
    /// Share of the pot for proposers. Unit: basis points.
    pub proposer_share: u16,
    /// Share of the pot for the treasury. Unit: basis points.
    pub treasury_share: u16,
    /// Least rate of a slash for signing twice. Unit: 1e-18.
    pub double_sign_slash: Wei,
    /// Rate by the share of power that signed twice in the window.
    pub double_sign_factor: u64,
    /// Share of such a slash for the reporter. Unit: basis points.
    pub reporter_share: u16,
    /// Unit: blocks.
    pub downtime_window: u64,
    /// Bound of missed blocks by the window. Unit: basis points.
    pub max_missed: u16,
    /// Rate of a slash for missing blocks. Unit: 1e-18.
    pub downtime_slash: Wei,
    /// First time in jail. Unit: seconds.
    pub jail_time: u64,
    /// Longest time in jail. Unit: seconds.
    pub max_jail_time: u64,
}

impl Default for Params {
    fn default() -> Self {
        let ten_to = |exponent: u64| Wei::from(10).saturating_pow(Wei::from(exponent));
        Self {
            epoch_length: 1_800,
            min_self_stake: ten_to(25),
            min_delegation: ten_to(18),
            commission: 500..=5_000,
            commission_step: 100,
            commission_notice: 3 * 86_400,
            unbonding_time: 7 * 86_400,
            reward_rate: ten_to(16),
            max_apr: 800,
            proposer_share: 500,
            treasury_share: 200,
            double_sign_slash: Wei::from(5).saturating_mul(ten_to(16)),
            double_sign_factor: 3,
            reporter_share: 500,
            downtime_window: 10_000,
            max_missed: 5_000,
            downtime_slash: ten_to(14),
            jail_time: 3_600,
            max_jail_time: 86_400,
        }
    }
}
