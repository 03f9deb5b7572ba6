// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The few cheat codes that these files use.
interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
    function prank(address who) external;
    function deal(address who, uint256 balance) external;
    function warp(uint256 time) external;
    function roll(uint256 number) external;
    function expectRevert(bytes calldata data) external;
    function envAddress(string calldata name) external view returns (address);
    function createSelectFork(string calldata url) external returns (uint256);
    function envString(string calldata name) external view returns (string memory);
    function rollFork(uint256 number) external;
}

/// What forge looks for to find its cheat codes.
abstract contract Cheats {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
}
