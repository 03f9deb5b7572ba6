// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Ids of the parameters that governance may change
/// @notice Each line names the value at genesis and its unit. An id is never used for anything else later on.
library ParamIds {
    /// 9,000 gwei, in wei per gas.
    uint256 internal constant MIN_BASE_FEE = 0;
    /// 2, times.
    uint256 internal constant ELASTICITY = 1;
    /// 50.
    uint256 internal constant BASE_FEE_DENOMINATOR = 2;
    /// 50, percent of the base fee.
    uint256 internal constant BURN_PERCENT = 3;
    /// 40, percent of the base fee.
    uint256 internal constant STAKERS_PERCENT = 4;
    /// 60,000,000, gas.
    uint256 internal constant BLOCK_GAS_LIMIT = 5;
    /// 500, milliseconds.
    uint256 internal constant BLOCK_TIME_MS = 6;
    /// 2,000, milliseconds.
    uint256 internal constant IDLE_TIME_MS = 7;
    /// 1,800, seconds.
    uint256 internal constant EPOCH_LENGTH = 8;
    /// 100.
    uint256 internal constant MAX_VALIDATORS = 9;
    /// 10,000,000 BTT, in wei.
    uint256 internal constant MIN_SELF_STAKE = 10;
    /// 1 BTT, in wei.
    uint256 internal constant MIN_DELEGATION = 11;
    /// 500, basis points.
    uint256 internal constant MIN_COMMISSION = 12;
    /// 5,000, basis points.
    uint256 internal constant MAX_COMMISSION = 13;
    /// 100, basis points a day.
    uint256 internal constant COMMISSION_STEP = 14;
    /// 3 days, in seconds.
    uint256 internal constant COMMISSION_NOTICE = 15;
    /// 7 days, in seconds.
    uint256 internal constant UNBONDING_TIME = 16;
    /// 1e16, which is 1 % of the supply in the first year, 18 digits.
    uint256 internal constant REWARD_RATE = 17;
    /// 800, basis points a year.
    uint256 internal constant MAX_APR = 18;
    /// 500, basis points of the pot.
    uint256 internal constant PROPOSER_SHARE = 19;
    /// 200, basis points of the pot.
    uint256 internal constant TREASURY_SHARE = 20;
    /// 5e16, which is 5 %, 18 digits.
    uint256 internal constant DOUBLE_SIGN_SLASH = 21;
    /// 3, times the power that signed twice.
    uint256 internal constant DOUBLE_SIGN_FACTOR = 22;
    /// 500, basis points of the slash.
    uint256 internal constant REPORTER_SHARE = 23;
    /// 10,000, blocks.
    uint256 internal constant DOWNTIME_WINDOW = 24;
    /// 5,000, basis points of the window.
    uint256 internal constant MAX_MISSED = 25;
    /// 1e14, which is 0.01 %, 18 digits.
    uint256 internal constant DOWNTIME_SLASH = 26;
    /// 3,600, seconds.
    uint256 internal constant JAIL_TIME = 27;
    /// 86,400, seconds.
    uint256 internal constant MAX_JAIL_TIME = 28;
    /// 1,000, basis points of the total power.
    uint256 internal constant POWER_CAP = 29;
    /// 1,000,000 BTT, in wei.
    uint256 internal constant PROPOSAL_DEPOSIT = 30;
    /// 5 days, in seconds.
    uint256 internal constant VOTING_PERIOD = 31;
    /// 4,000, basis points.
    uint256 internal constant QUORUM = 32;
    /// 3,334, basis points.
    uint256 internal constant VETO = 33;
    /// 2 days, in seconds.
    uint256 internal constant LATE_QUORUM_EXTENSION = 34;
    /// 2 days, in seconds.
    uint256 internal constant TIMELOCK_DELAY = 35;
    /// 7 days, in seconds.
    uint256 internal constant TIMELOCK_LONG_DELAY = 36;
    /// 1 day, in seconds.
    uint256 internal constant EXPEDITED_VOTING = 37;
    /// 14 days, in seconds.
    uint256 internal constant EXECUTION_WINDOW = 38;

    /// How many there are.
    uint256 internal constant COUNT = 39;
}
