// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICheckpoints} from "../../root/interfaces/ICheckpoints.sol";

/// Checkpoints that say what the test says.
contract SomeRoots is ICheckpoints {
    mapping(uint64 height => bytes32) public stateRoot;
    mapping(uint64 height => bytes32) public exitRoot;
    uint256 public constant sideChainId = 990990;

    function set(uint64 height, bytes32 state, bytes32 exits) external {
        (stateRoot[height], exitRoot[height]) = (state, exits);
    }
}
