// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SystemAddresses} from "./SystemAddresses.sol";

/// @title Stands at the address of a system contract and runs its implementation
/// @notice `upgradeToAndCall(address,bytes)` is the proxy's own if `Timelock` calls it; every other call is delegated.
/// @dev ERC-1967. There is no constructor: genesis writes the slot of the first implementation.
contract SystemProxy {
    /// keccak256("eip1967.proxy.implementation") - 1
    bytes32 private constant IMPLEMENTATION_SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    bytes4 private constant UPGRADE = bytes4(keccak256("upgradeToAndCall(address,bytes)"));

    event Upgraded(address indexed implementation);

    /// @notice There is no code at what should become the implementation.
    error NoCode(address implementation);
    /// @notice BTT came with an upgrade that calls nothing, so it would be stuck.
    error NothingToCall(uint256 value);

    receive() external payable {
        _delegate(_implementation(), "");
    }

    fallback() external payable {
        if (msg.sender == SystemAddresses.TIMELOCK && msg.sig == UPGRADE) {
            (address implementation, bytes memory data) = abi.decode(msg.data[4:], (address, bytes));
            _upgrade(implementation);
            if (data.length > 0) _delegate(implementation, data);
            if (msg.value > 0) revert NothingToCall(msg.value);
            return;
        }
        _delegate(_implementation(), msg.data);
    }

    function _implementation() private view returns (address implementation) {
        assembly ("memory-safe") {
            implementation := sload(IMPLEMENTATION_SLOT)
        }
    }

    function _upgrade(address implementation) private {
        if (implementation.code.length == 0) revert NoCode(implementation);
        assembly ("memory-safe") {
            sstore(IMPLEMENTATION_SLOT, implementation)
        }
        emit Upgraded(implementation);
    }

    /// Ends the call with what the implementation returns, or reverts with its reason.
    function _delegate(address implementation, bytes memory data) private {
        assembly {
            let ok := delegatecall(gas(), implementation, add(data, 0x20), mload(data), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch ok
            case 0 { revert(0, returndatasize()) }
            default { return(0, returndatasize()) }
        }
    }
}
