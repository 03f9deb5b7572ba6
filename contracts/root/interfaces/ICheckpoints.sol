// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What other contracts of a root chain read of the side chain
interface ICheckpoints {
    /// @notice There is no checkpoint of this height.
    error UnknownCheckpoint(uint64 height);

    /// @notice Root of the state after the block of this height. Reverts if it is no checkpoint.
    function stateRoot(uint64 height) external view returns (bytes32);

    /// @notice Root of the exit tree after the block of this height. Reverts if it is no checkpoint.
    function exitRoot(uint64 height) external view returns (bytes32);

    /// @notice EIP-155 id of the side chain.
    function sideChainId() external view returns (uint256);
}
