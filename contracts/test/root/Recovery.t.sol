// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Certificate, CheckpointManager} from "../../root/CheckpointManager.sol";
import {Recovery} from "../../root/Recovery.sol";
import {ICheckpoints} from "../../root/interfaces/ICheckpoints.sol";
import {vm} from "../system/Vm.sol";
import {MAX_AGE, OWNER, RootTest, SIDE_CHAIN, ok} from "./RootTest.sol";

contract RecoveryTest is RootTest {
    Set private a;
    Set private b;
    Set private c;

    function setUp() public {
        vm.warp(START);
        a = equalSet(1, 4);
        b = equalSet(11, 4);
        c = equalSet(21, 4);
        manager = newManager(a);
        submit(a, blockOf(10, a));
    }

    function announce(Set memory set, uint64 height) private {
        vm.prank(OWNER);
        manager.announceRecovery(hashOf(set), height);
    }

    function stop() private {
        vm.warp(START + MAX_AGE + 1);
    }

    function refused(Set memory set, Block memory one, bytes4 reason) private {
        Certificate memory certificate = certify(set, one, 15);
        vm.expectPartialRevert(reason);
        manager.submit(header(one), certificate, one.next, one.exits);
    }

    function test_theLastSecondCounts() external {
        vm.warp(START + MAX_AGE);
        ok(!manager.stopped(), "not yet");
        submit(a, blockOf(11, a));
        vm.warp(START + MAX_AGE + MAX_AGE);
        submit(a, blockOf(12, a));
    }

    function test_anOldTipIsAStop() external {
        stop();
        ok(manager.stopped(), "stopped");
        refused(a, blockOf(11, a), Recovery.Stopped.selector);
        Block memory old = blockOf(11, a);
        old.time = uint64(START + 1);
        refused(a, old, Recovery.Stopped.selector);
        Certificate memory certificate = certify(a, old, 15);
        vm.expectPartialRevert(Recovery.Stopped.selector);
        manager.collect(11, keccak256(header(old)), certificate);
        // What was a checkpoint stays one.
        ok(manager.exitRoot(10) != 0, "exit root");
    }

    /// It is the block's time that counts, not when somebody brought it.
    function test_ageIsThatOfTheBlock() external {
        vm.warp(START + 3 days);
        Block memory old = blockOf(11, a);
        old.time = uint64(START + 1 hours);
        submit(a, old);
        vm.warp(START + 1 hours + MAX_AGE + 1);
        ok(manager.stopped(), "stopped");
    }

    function test_onlyTheOwnerAndOnlyWhileStopped() external {
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(Recovery.NotStopped.selector, 0, MAX_AGE));
        manager.announceRecovery(hashOf(b), 10);
        stop();
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        manager.announceRecovery(hashOf(b), 10);
        bytes32 hash = hashOf(b);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(Recovery.HeightTooLow.selector, 9, 10));
        manager.announceRecovery(hash, 9);
        vm.prank(OWNER);
        vm.expectPartialRevert(Recovery.BadTip.selector);
        manager.announceRecovery(0, 10);
        announce(b, 10);
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        manager.recover();
        vm.expectPartialRevert(Ownable.OwnableUnauthorizedAccount.selector);
        manager.cancelRecovery();
        vm.prank(OWNER);
        vm.expectRevert(Recovery.OwnerNeeded.selector);
        manager.renounceOwnership();
    }

    /// Announced, followed while it waits, in force where the chain has come to.
    function test_recovery() external {
        stop();
        uint256 begin = block.timestamp;
        announce(b, 1_000);
        vm.warp(begin + 3 days);
        submit(b, blockOf(1_500, c));
        ok(manager.trusted().height == 10, "nothing is trusted yet");
        vm.expectRevert(abi.encodeWithSelector(ICheckpoints.UnknownCheckpoint.selector, 1_500));
        manager.exitRoot(1_500);
        refused(a, blockOf(1_600, a), CheckpointManager.WrongSet.selector);
        vm.warp(begin + 6 days);
        submit(c, blockOf(2_000, c));

        vm.warp(begin + 7 days - 1);
        vm.prank(OWNER);
        vm.expectPartialRevert(Recovery.RecoveryTooEarly.selector);
        manager.recover();
        vm.warp(begin + 7 days);
        vm.prank(OWNER);
        manager.recover();
        ok(!manager.stopped() && manager.recoveryReadyAt() == 0, "runs again");
        ok(manager.trusted().height == 2_000 && manager.trusted().validatorsHash == hashOf(c), "where it had come to");
        refused(b, blockOf(2_001, b), CheckpointManager.WrongSet.selector);
        submit(c, blockOf(2_001, c));
        ok(manager.exitRoot(2_001) != 0, "a checkpoint");
        vm.prank(OWNER);
        vm.expectRevert(Recovery.NoRecovery.selector);
        manager.recover();
    }

    /// A set that was announced 7 days ago and of which nothing was heard could be unbonded.
    function test_aRecoveryThatNobodyFollowedLapses() external {
        stop();
        uint256 begin = block.timestamp;
        announce(b, 1_000);
        vm.warp(begin + 7 days);
        refused(b, blockOf(1_001, b), Recovery.Stopped.selector);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(Recovery.Stopped.selector, 7 days, MAX_AGE));
        manager.recover();
        // Announced anew, the delay begins anew.
        announce(c, 3_000);
        ok(manager.recoveryReadyAt() == begin + 14 days, "delay");
        submit(c, blockOf(3_001, c));
    }

    function test_itCanBeCalledOff() external {
        stop();
        announce(b, 1_000);
        submit(b, blockOf(1_001, c));
        vm.prank(OWNER);
        manager.cancelRecovery();
        ok(manager.stopped() && manager.activeTip().validatorsHash == hashOf(a), "as before");
        refused(c, blockOf(1_002, c), Recovery.Stopped.selector);
        vm.warp(block.timestamp + 8 days);
        vm.prank(OWNER);
        vm.expectRevert(Recovery.NoRecovery.selector);
        manager.recover();
        vm.prank(OWNER);
        vm.expectRevert(Recovery.NoRecovery.selector);
        manager.cancelRecovery();
    }

    /// Blocks older than the announcement catch up; they do not shorten the time it gave.
    function test_catchingUp() external {
        stop();
        uint256 begin = block.timestamp;
        announce(b, 1_000);
        Block memory old = blockOf(1_001, b);
        old.time = uint64(begin - 2 days);
        submit(b, old);
        ok(manager.activeTip().time == begin && manager.activeTip().height == 1_001, "tip");
    }

    function test_deployment() external {
        bytes32 hash = hashOf(a);
        vm.expectRevert(abi.encodeWithSelector(Recovery.BadTip.selector, hash, 0));
        new CheckpointManager(SIDE_CHAIN, OWNER, 0, hash, 0);
        vm.expectRevert(abi.encodeWithSelector(Recovery.BadTip.selector, 0, MAX_AGE));
        new CheckpointManager(SIDE_CHAIN, OWNER, MAX_AGE, 0, 0);
        ok(manager.owner() == OWNER && manager.sideChainId() == SIDE_CHAIN && manager.maxAge() == MAX_AGE, "values");
    }
}
