// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Lane} from "./Lane.sol";

/// @title What governance needs of `Params`, beside `IParams`
interface IParamsGovernance {
    /// @notice Sets a parameter, in force when the running epoch closes. By the timelock.
    function set(uint256 id, uint256 value) external;

    /// @notice The lane that a proposal to change `id` takes.
    function laneOf(uint256 id) external view returns (Lane);

    /// @notice Passes if all of these could be set now, one after the other; reverts with what is wrong otherwise.
    function checkAll(uint256[] calldata ids, uint256[] calldata values) external view;
}
