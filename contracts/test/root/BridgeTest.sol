// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Exit} from "../../root/Exits.sol";
import {RootBridge} from "../../root/RootBridge.sol";
import {vm} from "../system/Vm.sol";
import {OWNER, RootTest} from "./RootTest.sol";
import {SomeRoots} from "./SomeRoots.sol";
import {OddToken} from "./Tokens.sol";

/// A bridge with a token and the native coin enabled, and exits to show it.
abstract contract BridgeTest is RootTest {
    address internal constant GUARDIAN = address(0x6AD);
    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);
    address internal constant NATIVE = address(0);
    uint104 internal constant CAP = 1e30;

    SomeRoots internal roots;
    RootBridge internal bridge;
    OddToken internal token;
    Exit[] internal exits;

    function setUpBridge() internal {
        setUpBridge(1);
    }

    function setUpBridge(uint104 floor) internal {
        delete exits;
        vm.warp(START);
        roots = new SomeRoots();
        bridge = new RootBridge(1, roots, OWNER, GUARDIAN);
        token = new OddToken();
        setAsset(address(token), true, CAP, 200, floor);
        setAsset(NATIVE, true, CAP, 200, floor);
    }

    function setAsset(address asset, bool enabled, uint104 cap, uint16 bps, uint104 floor) internal {
        vm.prank(OWNER);
        bridge.setAsset(asset, enabled, cap, bps, floor);
    }

    function deposit(address asset, uint256 amount) internal returns (uint64) {
        if (asset == NATIVE) {
            vm.deal(ALICE, ALICE.balance + amount);
            vm.prank(ALICE);
            return bridge.depositNative{value: amount}(BOB);
        }
        OddToken(asset).mint(ALICE, amount);
        vm.prank(ALICE);
        OddToken(asset).approve(address(bridge), amount);
        vm.prank(ALICE);
        return bridge.deposit(asset, BOB, amount);
    }

    /// Adds an exit; it can be shown once a checkpoint follows.
    function exitOf(address asset, address to, uint256 amount) internal returns (uint32 index) {
        index = uint32(exits.length);
        exits.push(Exit(index, asset, BOB, to, amount));
    }

    function leaves() internal view returns (bytes32[] memory all) {
        all = new bytes32[](exits.length);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = leafOf(exits[i], bridge.rootId(), address(bridge));
        }
    }

    /// A checkpoint over the exits so far.
    function checkpoint() internal returns (uint64 height) {
        height = uint64(exits.length);
        (bytes32 root,) = tree(leaves(), 0);
        roots.set(height, bytes32(uint256(1)), root);
    }

    function proofOf(uint32 index) internal view returns (bytes32[32] memory proof) {
        (, proof) = tree(leaves(), index);
    }

    function claim(uint32 index) internal returns (uint256) {
        return bridge.claim(exits[index], proofOf(index), uint64(exits.length));
    }

    function tryClaim(uint32 index) internal returns (bool done) {
        bytes memory data = abi.encodeCall(bridge.claim, (exits[index], proofOf(index), uint64(exits.length)));
        (done,) = address(bridge).call(data);
    }
}
