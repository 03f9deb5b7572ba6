// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What `Governor` needs of `ValidatorSet`
interface IEpochs {
    /// @notice The running epoch: its number, when it began, and its first height.
    function epoch() external view returns (uint64 number, uint64 startTime, uint64 startHeight);
}
