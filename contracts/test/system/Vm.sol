// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

struct CallGas {
    uint64 limit;
    uint64 used;
    uint64 memoryUsed;
    int64 refunded;
    uint64 remaining;
}

/// Cheat codes used by the tests of the system contracts, as forge offers them.
interface Vm {
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 hash) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function deal(address who, uint256 wad) external;
    function etch(address who, bytes calldata code) external;
    function store(address who, bytes32 slot, bytes32 value) external;
    function load(address who, bytes32 slot) external view returns (bytes32);
    function cool(address who) external;
    function prank(address who) external;
    function roll(uint256 height) external;
    function warp(uint256 time) external;
    function coinbase(address who) external;
    function txGasPrice(uint256 price) external;
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data, address emitter) external;
    function expectRevert() external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata reason) external;
    function expectPartialRevert(bytes4 selector) external;
    function assume(bool condition) external pure;
    function lastCallGas() external view returns (CallGas memory);
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
