// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// Every way to fail, to log, to store and to look at the block, one function each.
contract Probe {
    event Noted(address indexed who, uint256 indexed number, string text);

    error Refused(uint256 code, address who);

    uint256 public stored; // slot 0
    mapping(uint256 => uint256) public table; // slot 1

    function note(uint256 number, string calldata text) external {
        emit Noted(msg.sender, number, text);
    }

    function notes(uint256 count) external {
        for (uint256 i; i < count; ++i) emit Noted(msg.sender, i, "many");
    }

    function store(uint256 value) external payable {
        stored = value;
    }

    function put(uint256 key, uint256 value) external {
        table[key] = value;
    }

    function failString() external pure {
        revert("the reason in words");
    }

    function failRequire(uint256 n) external pure returns (uint256) {
        require(n > 10, "n must be above ten");
        return n;
    }

    function failCustom(uint256 code) external view {
        revert Refused(code, msg.sender);
    }

    function failAssert() external pure {
        assert(false);
    }

    function failDivide(uint256 by) external pure returns (uint256) {
        return 1 / by;
    }

    function failEmpty() external pure {
        assembly {
            revert(0, 0)
        }
    }

    function failInvalid() external pure {
        assembly {
            invalid()
        }
    }

    function storeThenFail(uint256 value) external {
        stored = value;
        revert Refused(value, msg.sender);
    }

    function spin() external {
        for (uint256 i;; ++i) stored = i;
    }

    /// Calls `to` with `data`, passing a failure on as it is.
    function relay(address to, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory answer) = to.call{value: msg.value}(data);
        if (!ok) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }

    function surroundings()
        external
        view
        returns (uint256 number, uint256 time, uint256 baseFee, uint256 chainId, address coinbase, uint256 limit)
    {
        return (block.number, block.timestamp, block.basefee, block.chainid, block.coinbase, block.gaslimit);
    }

    function caller() external view returns (address sender, uint256 balance) {
        return (msg.sender, address(this).balance);
    }

    receive() external payable {}
}
