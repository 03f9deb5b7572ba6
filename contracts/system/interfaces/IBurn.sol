// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What `Governor` needs of `Supply`
interface IBurn {
    /// @notice Destroys what is sent with the call.
    function burn() external payable;
}
