// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SystemAddresses} from "./SystemAddresses.sol";

/// @title Who may call
library Callers {
    /// @notice The caller is not the only one this function is for.
    error WrongCaller(address got, address expected);

    /// @notice Genesis functions work in block 0 alone.
    error NotGenesis(uint256 blockNumber);

    /// @notice Passes if `expected` calls.
    function only(address expected) internal view {
        if (msg.sender != expected) revert WrongCaller(msg.sender, expected);
    }

    /// @notice Passes if the rules call, in block 0.
    function genesis() internal view {
        only(SystemAddresses.SYSTEM);
        if (block.number != 0) revert NotGenesis(block.number);
    }
}
