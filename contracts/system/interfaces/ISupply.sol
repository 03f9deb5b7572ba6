// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title How much BTT there is (docs/staking.md, section 8)
interface ISupply {
    event Burned(address indexed from, uint256 amount);

    error BurnFailed(uint256 amount);

    /// @notice Destroys the BTT sent with the call.
    function burn() external payable;

    /// @notice BTT destroyed since genesis, in wei, fees included.
    function burned() external view returns (uint256);

    /// @notice BTT that exists, in wei.
    function total() external view returns (uint256);
}
