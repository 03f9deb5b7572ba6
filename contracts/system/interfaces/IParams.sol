// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What other contracts need of `Params`
interface IParams {
    /// @notice The value in force of the parameter `id` (see `ParamIds`). Reverts for an unknown id.
    function get(uint256 id) external view returns (uint256);

    /// @notice Puts pending values into force. `ValidatorSet` calls it once as each epoch closes.
    function onEpoch() external;
}
