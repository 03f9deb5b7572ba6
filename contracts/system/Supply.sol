// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISupply} from "./interfaces/ISupply.sol";
import {IValidatorSet} from "./interfaces/IValidatorSet.sol";
import {SystemAddresses} from "./SystemAddresses.sol";

/// @title The ledger of what was burned
/// @notice Genesis makes all BTT there will ever be; from there on it only gets less.
contract Supply is ISupply {
    /// BTT at genesis, in wei.
    uint256 public constant INITIAL = 990_000_000_000 ether;

    uint256 private _counted;

    /// @inheritdoc ISupply
    /// @dev A contract that is destroyed in the transaction that made it, in favour of itself, takes its balance along
    /// (EIP-6780). The creation code is `ADDRESS SELFDESTRUCT`.
    function burn() external payable {
        if (msg.value == 0) return;
        _counted += msg.value;
        address ash;
        assembly ("memory-safe") {
            mstore(0, 0x30ff)
            ash := create(callvalue(), 30, 2)
        }
        if (ash == address(0)) revert BurnFailed(msg.value);
        emit Burned(msg.sender, msg.value);
    }

    /// @inheritdoc ISupply
    function burned() public view returns (uint256) {
        return _counted + IValidatorSet(SystemAddresses.VALIDATOR_SET).feesBurned();
    }

    /// @inheritdoc ISupply
    function total() external view returns (uint256) {
        return INITIAL - burned();
    }
}
