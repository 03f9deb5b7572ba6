// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Lane} from "./Lane.sol";

/// @title What `Governor` needs of `Timelock`
interface ITimelock {
    /// @notice How far a queued operation is.
    enum Status {
        Unknown,
        Waiting,
        Ready,
        Done,
        Expired
    }

    /// @notice Queues the actions of a proposal. Returns when they may be executed first and no longer.
    function queue(
        uint256 id,
        Lane lane,
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas
    ) external returns (uint64 eta, uint64 expiry);

    /// @notice Carries out queued actions, all or none. Anybody may call.
    function execute(uint256 id, address[] calldata targets, uint256[] calldata values, bytes[] calldata calldatas)
        external;

    /// @notice How far the operation `id` is.
    function status(uint256 id) external view returns (Status);
}
