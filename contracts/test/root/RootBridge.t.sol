// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Exit} from "../../root/Exits.sol";
import {GuardedPause} from "../../root/GuardedPause.sol";
import {Records} from "../../root/Records.sol";
import {RootBridge} from "../../root/RootBridge.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {EMPTY_EXITS, OWNER, SIDE_CHAIN, ok} from "./RootTest.sol";

contract RootBridgeTest is BridgeTest {
    event Deposited(
        uint64 indexed nonce, address indexed token, address indexed to, address from, uint256 amount, bytes32 chainHash
    );
    event ExitPaid(
        uint32 indexed index, address indexed token, address indexed to, address receiver, uint256 amount, uint256 left
    );

    function setUp() public {
        setUpBridge();
        deposit(address(token), 1_000_000e6);
        deposit(NATIVE, 1_000 ether);
    }

    function depositRecord(uint256 nonce, address asset, uint256 amount) private view returns (bytes32) {
        return
            keccak256(abi.encode(uint256(2), SIDE_CHAIN, uint256(1), address(bridge), nonce, asset, ALICE, BOB, amount));
    }

    /// The token has no names; those of the coin go before its first deposit.
    function test_depositsAreChained() external {
        bytes32 chain = keccak256(abi.encode(bytes32(0), depositRecord(0, address(token), 1_000_000e6)));
        bytes32 names = keccak256(
            abi.encode(
                uint256(3),
                SIDE_CHAIN,
                uint256(1),
                address(bridge),
                uint256(1),
                NATIVE,
                keccak256("Ether"),
                keccak256("ETH"),
                uint8(18)
            )
        );
        chain = keccak256(abi.encode(chain, names));
        chain = keccak256(abi.encode(chain, depositRecord(2, NATIVE, 1_000 ether)));
        ok(bridge.recordChain() == chain && bridge.recordCount() == 3, "chain");
        chain = keccak256(abi.encode(chain, depositRecord(3, NATIVE, 5)));
        vm.deal(ALICE, 5);
        vm.expectEmit(true, true, true, true, address(bridge));
        emit Deposited(3, NATIVE, BOB, ALICE, 5, chain);
        vm.prank(ALICE);
        ok(bridge.depositNative{value: 5}(BOB) == 3, "nonce");
        ok(bridge.recordChain() == chain && bridge.assetOf(NATIVE).locked == 1_000 ether + 5, "locked");
    }

    function test_badDeposits() external {
        vm.expectRevert(RootBridge.NotAToken.selector);
        bridge.deposit(NATIVE, BOB, 1);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.NotEnabled.selector, address(7)));
        bridge.deposit(address(7), BOB, 1);
        vm.expectRevert(RootBridge.NoAmount.selector);
        bridge.deposit(address(token), BOB, 0);
        vm.expectRevert(RootBridge.NoAmount.selector);
        bridge.depositNative(BOB);
        vm.deal(address(this), 1 ether);
        vm.expectRevert(RootBridge.NoReceiver.selector);
        bridge.depositNative{value: 1}(address(0));
        setAsset(NATIVE, true, 1_000 ether + 1, 200, 1);
        vm.expectRevert(
            abi.encodeWithSelector(RootBridge.CapExceeded.selector, NATIVE, 1_000 ether + 2, 1_000 ether + 1)
        );
        bridge.depositNative{value: 2}(BOB);
        bridge.depositNative{value: 1}(BOB);
        setAsset(NATIVE, false, CAP, 200, 1);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.NotEnabled.selector, NATIVE));
        bridge.depositNative{value: 1}(BOB);
        (bool sent,) = address(bridge).call{value: 1}("");
        ok(!sent, "a plain payment would be lost");
    }

    function test_anExitIsPaidOnce() external {
        exitOf(address(token), BOB, 700e6);
        exitOf(NATIVE, BOB, 1 ether);
        exitOf(address(token), BOB, 1e6);
        checkpoint();
        vm.expectEmit(true, true, true, true, address(bridge));
        emit ExitPaid(0, address(token), BOB, BOB, 700e6, 0);
        ok(claim(0) == 700e6 && token.balanceOf(BOB) == 700e6, "token");
        ok(claim(1) == 1 ether && BOB.balance == 1 ether, "native");
        ok(bridge.isPaid(0) && bridge.isPaid(1) && !bridge.isPaid(2), "bits");
        ok(bridge.assetOf(address(token)).locked == 1_000_000e6 - 700e6, "locked");
        for (uint32 i = 0; i < 2; ++i) {
            bytes32[32] memory proof = proofOf(i);
            vm.expectRevert(abi.encodeWithSelector(RootBridge.AlreadyPaid.selector, i));
            bridge.claim(exits[i], proof, 3);
        }
        // Nor under a later checkpoint.
        exitOf(NATIVE, ALICE, 1 ether);
        checkpoint();
        ok(!tryClaim(0) && !tryClaim(1) && tryClaim(2) && tryClaim(3), "each once");
    }

    /// An exit of this bridge is none of another chain, root chain or contract, and holds at its place alone.
    function test_whatAnExitNamesIsBound() external {
        Exit memory good = Exit(0, NATIVE, BOB, ALICE, 1 ether);
        bytes32[4] memory others = [
            keccak256(
                abi.encode(uint256(1), SIDE_CHAIN + 1, uint256(1), address(bridge), 0, NATIVE, BOB, ALICE, 1 ether)
            ),
            keccak256(abi.encode(uint256(1), SIDE_CHAIN, uint256(2), address(bridge), 0, NATIVE, BOB, ALICE, 1 ether)),
            keccak256(abi.encode(uint256(1), SIDE_CHAIN, uint256(1), address(1), 0, NATIVE, BOB, ALICE, 1 ether)),
            keccak256(abi.encode(uint256(2), SIDE_CHAIN, uint256(1), address(bridge), 0, NATIVE, BOB, ALICE, 1 ether))
        ];
        bytes32[] memory one = new bytes32[](1);
        for (uint64 i = 0; i < 4; ++i) {
            one[0] = others[i];
            (bytes32 root, bytes32[32] memory proof) = tree(one, 0);
            roots.set(i, bytes32(uint256(1)), root);
            vm.expectPartialRevert(RootBridge.WrongExitRoot.selector);
            bridge.claim(good, proof, i);
        }
        one[0] = leafOf(good, 1, address(bridge));
        (bytes32 theRoot, bytes32[32] memory theProof) = tree(one, 0);
        roots.set(9, bytes32(uint256(1)), theRoot);
        Exit[5] memory bad = [
            Exit(1, NATIVE, BOB, ALICE, 1 ether),
            Exit(0, address(token), BOB, ALICE, 1 ether),
            Exit(0, NATIVE, ALICE, ALICE, 1 ether),
            Exit(0, NATIVE, BOB, BOB, 1 ether),
            Exit(0, NATIVE, BOB, ALICE, 1 ether + 1)
        ];
        for (uint256 i = 0; i < 5; ++i) {
            vm.expectPartialRevert(RootBridge.WrongExitRoot.selector);
            bridge.claim(bad[i], theProof, 9);
        }
        bridge.claim(good, theProof, 9);
    }

    function testFuzz_proofs(uint8 count, uint8 which, uint8 level, bytes32 change) external {
        uint32 size = uint32(count) % 40 + 1;
        for (uint256 i = 0; i < size; ++i) {
            exitOf(NATIVE, BOB, i + 1);
        }
        checkpoint();
        uint32 index = which % size;
        bytes32[32] memory proof = proofOf(index);
        if (change != 0) {
            proof[level % 32] ^= change;
            vm.expectPartialRevert(RootBridge.WrongExitRoot.selector);
            bridge.claim(exits[index], proof, size);
            proof[level % 32] ^= change;
        }
        bridge.claim(exits[index], proof, size);
        ok(BOB.balance == index + 1, "paid");
    }

    function test_emptyLeavesAreNoExits() external {
        bytes32[32] memory proof;
        roots.set(1, bytes32(uint256(1)), EMPTY_EXITS);
        vm.expectPartialRevert(RootBridge.WrongExitRoot.selector);
        bridge.claim(Exit(0, NATIVE, BOB, BOB, 1), proof, 1);
        vm.expectRevert(RootBridge.NoAmount.selector);
        bridge.claim(Exit(0, NATIVE, BOB, BOB, 0), proof, 1);
        vm.expectRevert(RootBridge.NoReceiver.selector);
        bridge.claim(Exit(0, NATIVE, BOB, address(0), 1), proof, 1);
    }

    function test_theGuardianCanOnlyPauseForAWhile() external {
        exitOf(NATIVE, BOB, 1 ether);
        checkpoint();
        vm.expectRevert(abi.encodeWithSelector(GuardedPause.NotGuardian.selector, address(this), GUARDIAN));
        bridge.pause();
        vm.prank(GUARDIAN);
        bridge.pause();
        bytes32[32] memory proof = proofOf(0);
        vm.expectPartialRevert(GuardedPause.PausedNow.selector);
        bridge.claim(exits[0], proof, 1);
        vm.expectPartialRevert(GuardedPause.PausedNow.selector);
        bridge.depositNative{value: 0}(BOB);
        vm.expectPartialRevert(GuardedPause.PausedNow.selector);
        bridge.deposit(address(token), BOB, 1);
        vm.expectPartialRevert(GuardedPause.PausedNow.selector);
        bridge.lock(address(token), 1);
        vm.expectPartialRevert(GuardedPause.PausedNow.selector);
        bridge.syncMetadata(address(token));
        vm.prank(BOB);
        vm.expectPartialRevert(GuardedPause.PausedNow.selector);
        bridge.claimTo(exits[0], proof, 1, BOB);
        vm.prank(GUARDIAN);
        vm.expectPartialRevert(GuardedPause.PauseCoolDown.selector);
        bridge.pause();
        vm.warp(START + 72 hours);
        claim(0);
        // Another guardian does not begin anew.
        vm.prank(OWNER);
        bridge.setGuardian(ALICE);
        vm.warp(START + 72 hours + 7 days - 1);
        vm.prank(ALICE);
        vm.expectPartialRevert(GuardedPause.PauseCoolDown.selector);
        bridge.pause();
        vm.warp(START + 72 hours + 7 days);
        vm.prank(ALICE);
        bridge.pause();
        vm.prank(ALICE);
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        bridge.endPause();
        vm.prank(OWNER);
        bridge.endPause();
        deposit(NATIVE, 1);
        vm.prank(OWNER);
        vm.expectPartialRevert(GuardedPause.NotPaused.selector);
        bridge.endPause();
        vm.prank(ALICE);
        vm.expectPartialRevert(GuardedPause.PauseCoolDown.selector);
        bridge.pause();
    }

    function test_theOwnerCanDoLittle() external {
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        bridge.setAsset(NATIVE, true, CAP, 200, 1);
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        bridge.setGuardian(ALICE);
        uint16[2] memory bad = [uint16(9), 1_001];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(OWNER);
            vm.expectRevert(abi.encodeWithSelector(RootBridge.BadDailyBps.selector, bad[i], 10, 1_000));
            bridge.setAsset(NATIVE, true, CAP, bad[i], 1);
        }
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.NoFloor.selector, NATIVE));
        bridge.setAsset(NATIVE, true, CAP, 200, 0);
        vm.prank(OWNER);
        vm.expectRevert(RootBridge.OwnerNeeded.selector);
        bridge.renounceOwnership();
        // What is not enabled is still paid.
        setAsset(NATIVE, false, 0, 10, 1);
        exitOf(NATIVE, BOB, 0.01 ether);
        checkpoint();
        ok(claim(0) == 0.01 ether, "paid");
    }

    function test_deployment() external {
        vm.expectRevert(abi.encodeWithSelector(Records.BadRootId.selector, 3));
        new RootBridge(3, roots, OWNER, GUARDIAN);
        RootBridge tron = new RootBridge(2, roots, OWNER, GUARDIAN);
        ok(tron.rootId() == 2 && tron.sideChainId() == SIDE_CHAIN && tron.owner() == OWNER, "values");
        ok(tron.guardian() == GUARDIAN && address(tron.checkpoints()) == address(roots), "roles");
    }
}
