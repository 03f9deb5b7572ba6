// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Coin, Items, Pictures} from "../../contracts/Tokens.sol";
import {Probe} from "../../contracts/Probe.sol";
import {Cheats} from "../Vm.sol";

/// Deploys and uses the tokens in one broadcast, one of them through the CREATE2 deployer.
contract Deploy is Cheats {
    bool public constant IS_SCRIPT = true;

    function run() external returns (address coin, address pictures, address items, address salted) {
        vm.startBroadcast();
        Coin c = new Coin(1_000 ether);
        Pictures p = new Pictures();
        Items i = new Items();
        Probe s = new Probe{salt: bytes32(uint256(7))}();
        c.transfer(address(0xBEEF), 10 ether);
        p.mint(address(0xBEEF), 1);
        i.mint(address(0xBEEF), 2, 30);
        s.note(5, "from a script");
        vm.stopBroadcast();
        return (address(c), address(p), address(i), address(s));
    }
}
