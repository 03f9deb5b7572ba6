// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Lane} from "./interfaces/Lane.sol";
import {ParamIds as Id} from "./interfaces/ParamIds.sol";

/// @notice What a parameter is at genesis, and how far and how often a vote may move it.
/// @param value at genesis
/// @param min lowest value allowed
/// @param max highest value allowed
/// @param step largest change at once, up or down
/// @param coolDown seconds between two changes
/// @param lane of the proposals that change it
struct ParamRow {
    uint256 value;
    uint256 min;
    uint256 max;
    uint256 step;
    uint256 coolDown;
    Lane lane;
}

/// @title Parameters of mainnet
/// @notice The table of docs/parameters.md; a test holds the two against each other. Units stand there and in `ParamIds`.
library ParamTable {
    /// @notice The row of `id`. All zero for an unknown id.
    function row(uint256 id) internal pure returns (ParamRow memory) {
        if (id < Id.EPOCH_LENGTH) return _fees(id);
        if (id < Id.DOUBLE_SIGN_SLASH) return _stake(id);
        if (id < Id.PROPOSAL_DEPOSIT) return _faults(id);
        return _governance(id);
    }

    function _fees(uint256 id) private pure returns (ParamRow memory r) {
        if (id == Id.MIN_BASE_FEE) return _standard(9_000 gwei, 300 gwei, 100_000 gwei, 3_000 gwei, 7 days);
        if (id == Id.ELASTICITY) return _standard(2, 2, 8, 1, 30 days);
        if (id == Id.BASE_FEE_DENOMINATOR) return _standard(50, 8, 1_000, 25, 30 days);
        if (id == Id.BURN_PERCENT) return _standard(50, 20, 100, 10, 7 days);
        if (id == Id.STAKERS_PERCENT) return _standard(40, 0, 80, 10, 7 days);
        if (id == Id.BLOCK_GAS_LIMIT) return _standard(60_000_000, 10_000_000, 500_000_000, 30_000_000, 7 days);
        if (id == Id.BLOCK_TIME_MS) return _standard(500, 200, 10_000, 500, 7 days);
        if (id == Id.IDLE_TIME_MS) return _standard(2_000, 200, 30_000, 5_000, 7 days);
    }

    function _stake(uint256 id) private pure returns (ParamRow memory r) {
        if (id == Id.EPOCH_LENGTH) return _long(1_800, 60, 86_400, 3_600, 7 days);
        if (id == Id.MAX_VALIDATORS) return _long(100, 4, 100, 10, 7 days);
        if (id == Id.MIN_SELF_STAKE) return _long(10e6 ether, 1e5 ether, 1e9 ether, 10e6 ether, 30 days);
        if (id == Id.MIN_DELEGATION) return _long(1 ether, 1 ether, 10_000 ether, 1_000 ether, 7 days);
        if (id == Id.MIN_COMMISSION) return _long(500, 0, 2_000, 100, 7 days);
        if (id == Id.MAX_COMMISSION) return _long(5_000, 1_000, 10_000, 500, 7 days);
        if (id == Id.COMMISSION_STEP) return _long(100, 10, 500, 100, 7 days);
        if (id == Id.COMMISSION_NOTICE) return _long(3 days, 1 days, 14 days, 3 days, 7 days);
        if (id == Id.UNBONDING_TIME) return _long(7 days, 3 days, 28 days, 3 days, 30 days);
        if (id == Id.REWARD_RATE) return _long(1e16, 0, 2e16, 25e14, 30 days);
        if (id == Id.MAX_APR) return _long(800, 100, 2_000, 200, 30 days);
        if (id == Id.PROPOSER_SHARE) return _long(500, 0, 2_000, 100, 7 days);
        if (id == Id.TREASURY_SHARE) return _long(200, 0, 2_000, 100, 7 days);
    }

    function _faults(uint256 id) private pure returns (ParamRow memory r) {
        if (id == Id.DOUBLE_SIGN_SLASH) return _long(5e16, 1e16, 2e17, 1e16, 30 days);
        if (id == Id.DOUBLE_SIGN_FACTOR) return _long(3, 1, 10, 1, 30 days);
        if (id == Id.REPORTER_SHARE) return _long(500, 0, 1_000, 100, 30 days);
        if (id == Id.DOWNTIME_WINDOW) return _long(10_000, 1_000, 100_000, 5_000, 7 days);
        if (id == Id.MAX_MISSED) return _long(5_000, 1_000, 9_500, 500, 7 days);
        if (id == Id.DOWNTIME_SLASH) return _long(1e14, 0, 1e16, 1e15, 7 days);
        if (id == Id.JAIL_TIME) return _long(3_600, 60, 86_400, 3_600, 7 days);
        if (id == Id.MAX_JAIL_TIME) return _long(86_400, 3_600, 7 days, 86_400, 7 days);
        if (id == Id.POWER_CAP) return _long(1_000, 200, 3_300, 100, 30 days);
    }

    function _governance(uint256 id) private pure returns (ParamRow memory r) {
        if (id == Id.PROPOSAL_DEPOSIT) return _long(1e6 ether, 1e4 ether, 1e9 ether, 1e6 ether, 7 days);
        if (id == Id.VOTING_PERIOD) return _long(5 days, 2 days, 14 days, 1 days, 30 days);
        if (id == Id.QUORUM) return _long(4_000, 2_000, 6_600, 500, 30 days);
        if (id == Id.VETO) return _long(3_334, 2_500, 5_000, 500, 30 days);
        if (id == Id.LATE_QUORUM_EXTENSION) return _long(2 days, 0, 7 days, 1 days, 30 days);
        if (id == Id.TIMELOCK_DELAY) return _long(2 days, 1 days, 14 days, 1 days, 30 days);
        if (id == Id.TIMELOCK_LONG_DELAY) return _long(7 days, 3 days, 30 days, 3 days, 30 days);
        if (id == Id.EXPEDITED_VOTING) return _long(1 days, 6 hours, 3 days, 12 hours, 30 days);
        if (id == Id.EXECUTION_WINDOW) return _long(14 days, 3 days, 60 days, 7 days, 30 days);
    }

    function _standard(uint256 value, uint256 min, uint256 max, uint256 step, uint256 coolDown)
        private
        pure
        returns (ParamRow memory)
    {
        return ParamRow(value, min, max, step, coolDown, Lane.Standard);
    }

    function _long(uint256 value, uint256 min, uint256 max, uint256 step, uint256 coolDown)
        private
        pure
        returns (ParamRow memory)
    {
        return ParamRow(value, min, max, step, coolDown, Lane.Long);
    }
}
