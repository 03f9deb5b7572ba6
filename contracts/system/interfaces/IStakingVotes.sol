// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What `Governor` needs of `Staking`: stake as it was when an epoch began, in wei
interface IStakingVotes {
    /// @notice Keeps the stake with which the next epoch begins. Returns its name. By the governor.
    function snapshot() external returns (uint64 name);

    /// @notice What `delegator` had with `operator`; zero if that one was not in the set.
    function weightAt(uint64 name, address delegator, address operator) external view returns (uint256);

    /// @notice What the pool of `operator` had; zero if it was not in the set.
    function poolAt(uint64 name, address operator) external view returns (uint256 tokens);

    /// @notice The sum of all pools of the set.
    function totalAt(uint64 name) external view returns (uint256);
}
