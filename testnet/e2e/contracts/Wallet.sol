// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The code an account borrows by EIP-7702: a batch of calls made as the account.
contract Wallet {
    struct Call {
        address to;
        uint256 value;
        bytes data;
    }

    event Ran(address indexed account, uint256 calls);

    error NotOwner(address caller);

    function run(Call[] calldata calls) external payable {
        if (msg.sender != address(this)) revert NotOwner(msg.sender);
        for (uint256 i; i < calls.length; ++i) {
            (bool ok,) = calls[i].to.call{value: calls[i].value}(calls[i].data);
            require(ok, "a call of the batch failed");
        }
        emit Ran(address(this), calls.length);
    }

    function whoami() external view returns (address) {
        return address(this);
    }

    receive() external payable {}
}
