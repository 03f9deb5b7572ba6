// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";
import {SystemAddresses} from "./SystemAddresses.sol";
import {Delegation} from "./staking/Delegation.sol";
import {Epochs} from "./staking/Epochs.sol";
import {Slashing} from "./staking/Slashing.sol";

/// @title Staking
/// @notice Validators, the stake with them, what it earns and what it loses. Operators' calls and what is
/// only read are in `StakingExtension`.
contract Staking is Delegation, Epochs, Slashing, Proxy {
    /// BTT comes without a call of a function only as the rewards of an epoch.
    receive() external payable {
        _only(SystemAddresses.TREASURY);
    }

    function _implementation() internal pure override returns (address) {
        return SystemAddresses.STAKING_EXTENSION;
    }
}
