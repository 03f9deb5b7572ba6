// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Coin, Items, Pictures} from "../../contracts/Tokens.sol";
import {Probe} from "../../contracts/Probe.sol";
import {Cheats} from "../Vm.sol";

/// Runs on a fork of the node, against what the script has deployed there.
contract ForkTest is Cheats {
    bool public constant IS_TEST = true;
    Coin private coin;

    function setUp() public {
        coin = Coin(vm.envAddress("COIN"));
    }

    function test_chain() public view {
        require(block.chainid == 990992, "chain id");
        require(block.number > 0 && block.timestamp > 0, "block");
    }

    function test_reads_remote_state() public view {
        require(coin.totalSupply() == 1_000 ether, "supply");
        require(coin.balanceOf(address(0xBEEF)) == 10 ether, "balance");
        require(Pictures(vm.envAddress("PICTURES")).ownerOf(1) == address(0xBEEF), "owner");
        require(Items(vm.envAddress("ITEMS")).balanceOf(address(0xBEEF), 2) == 30, "items");
    }

    function test_writes_on_the_fork() public {
        vm.prank(address(0xBEEF));
        coin.transfer(address(0xCAFE), 4 ether);
        require(coin.balanceOf(address(0xCAFE)) == 4 ether, "transfer");
        vm.deal(address(this), 1 ether);
        Probe probe = new Probe();
        probe.store{value: 5}(9);
        require(probe.stored() == 9, "stored");
        vm.expectRevert(abi.encodeWithSelector(Probe.Refused.selector, 3, address(this)));
        probe.failCustom(3);
    }

    function test_rolls_back_to_the_first_block() public {
        vm.createSelectFork(vm.envString("BTTC_HTTP"));
        vm.rollFork(0);
        require(vm.envAddress("COIN").code.length == 0, "the coin is there before it was deployed");
    }

    function testFuzz_transfer(uint96 amount) public {
        uint256 value = uint256(amount) % 10 ether;
        vm.prank(address(0xBEEF));
        coin.transfer(address(0xF00D), value);
        require(coin.balanceOf(address(0xF00D)) == value, "fuzz");
    }
}
