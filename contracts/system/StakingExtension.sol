// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Operators} from "./staking/Operators.sol";
import {Views} from "./staking/Views.sol";

/// @title The other half of `Staking`
/// @notice What operators call, and what is only read. The code of one contract has a limit, so `Staking` delegates here what it
/// does not know itself; the storage is that of `Staking`.
contract StakingExtension is Operators, Views {}
