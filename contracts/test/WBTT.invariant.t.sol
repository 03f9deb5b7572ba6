// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {WBTT} from "../system/WBTT.sol";
import {vm} from "./WBTT.t.sol";

/// Four holders doing whatever the fuzzer says, always within their means, so that no call is wasted on a revert.
contract Holders {
    WBTT public immutable wbtt;
    address[4] public who = [address(0x11111), address(0x22222), address(0x33333), address(0x44444)];
    uint256 public deposited;
    uint256 public withdrawn;

    constructor(WBTT wbtt_) {
        wbtt = wbtt_;
    }

    function deposit(uint256 i, uint96 wad, bool plain) external {
        address src = pick(i);
        vm.deal(src, src.balance + wad);
        vm.prank(src);
        if (plain) {
            (bool sent,) = address(wbtt).call{value: wad}("");
            require(sent);
        } else {
            wbtt.deposit{value: wad}();
        }
        deposited += wad;
    }

    function withdraw(uint256 i, uint256 wad) external {
        address src = pick(i);
        wad = upTo(wad, wbtt.balanceOf(src));
        vm.prank(src);
        wbtt.withdraw(wad);
        withdrawn += wad;
    }

    function transfer(uint256 i, uint256 j, uint256 wad) external {
        address src = pick(i);
        wad = upTo(wad, wbtt.balanceOf(src));
        vm.prank(src);
        require(wbtt.transfer(pick(j), wad));
    }

    function transferFrom(uint256 i, uint256 j, uint256 k, uint256 wad) external {
        address src = pick(i);
        wad = upTo(wad, wbtt.balanceOf(src));
        vm.prank(src);
        require(wbtt.approve(pick(j), wad));
        vm.prank(pick(j));
        require(wbtt.transferFrom(src, pick(k), wad));
    }

    function sum() external view returns (uint256 total) {
        for (uint256 i = 0; i < who.length; ++i) {
            total += wbtt.balanceOf(who[i]);
        }
    }

    function pick(uint256 i) private view returns (address) {
        return who[i % who.length];
    }

    function upTo(uint256 wad, uint256 most) private pure returns (uint256) {
        return most == type(uint256).max ? wad : wad % (most + 1);
    }
}

contract WBTTInvariantTest {
    WBTT private wbtt;
    Holders private holders;

    function setUp() public {
        wbtt = new WBTT();
        holders = new Holders(wbtt);
    }

    /// Read by forge: the fuzzer calls nothing but the holders.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(holders);
    }

    /// Every WBTT is backed by one BTT, and every BTT that came in and did not leave is somebody's WBTT.
    function invariant_everyTokenIsBacked() public view {
        assert(wbtt.totalSupply() == address(wbtt).balance);
        assert(holders.sum() == wbtt.totalSupply());
        assert(holders.deposited() - holders.withdrawn() == wbtt.totalSupply());
    }
}
