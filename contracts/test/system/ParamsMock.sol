// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IParams} from "../../system/interfaces/IParams.sol";
import {ParamIds} from "../../system/interfaces/ParamIds.sol";

/// Parameters with the values of genesis, which anybody may change at once.
contract ParamsMock is IParams {
    mapping(uint256 id => uint256) private values;
    uint256 public epochs;

    error UnknownParam(uint256 id);

    function defaults() external {
        values[ParamIds.EPOCH_LENGTH] = 1800;
        values[ParamIds.MIN_SELF_STAKE] = 10e6 ether;
        values[ParamIds.MIN_DELEGATION] = 1 ether;
        values[ParamIds.MIN_COMMISSION] = 500;
        values[ParamIds.MAX_COMMISSION] = 5000;
        values[ParamIds.COMMISSION_STEP] = 100;
        values[ParamIds.COMMISSION_NOTICE] = 3 days;
        values[ParamIds.UNBONDING_TIME] = 7 days;
        values[ParamIds.REWARD_RATE] = 1e16;
        values[ParamIds.MAX_APR] = 800;
        values[ParamIds.PROPOSER_SHARE] = 500;
        values[ParamIds.TREASURY_SHARE] = 200;
        values[ParamIds.DOUBLE_SIGN_SLASH] = 5e16;
        values[ParamIds.DOUBLE_SIGN_FACTOR] = 3;
        values[ParamIds.REPORTER_SHARE] = 500;
        values[ParamIds.DOWNTIME_WINDOW] = 10_000;
        values[ParamIds.MAX_MISSED] = 5000;
        values[ParamIds.DOWNTIME_SLASH] = 1e14;
        values[ParamIds.JAIL_TIME] = 3600;
        values[ParamIds.MAX_JAIL_TIME] = 86_400;
    }

    function set(uint256 id, uint256 value) external {
        values[id] = value;
    }

    function get(uint256 id) external view returns (uint256 value) {
        value = values[id];
        if (value == 0) revert UnknownParam(id);
    }

    function onEpoch() external {
        epochs += 1;
    }
}
