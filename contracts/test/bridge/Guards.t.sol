// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Callers} from "../../system/Callers.sol";
import {Lanes} from "../../system/Lanes.sol";
import {BridgedToken} from "../../system/BridgedToken.sol";
import {BridgeGuards} from "../../system/bridge/BridgeGuards.sol";
import {IBridgeGuards} from "../../system/interfaces/IBridgeGuards.sol";
import {Lane} from "../../system/interfaces/Lane.sol";
import {eq, ok} from "../system/SystemTest.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";

contract GuardsTest is BridgeTest {
    uint256 private constant ALL = type(uint256).max;
    uint256 private begin;

    function setUp() public {
        bridgeGenesis();
        begin = block.timestamp;
    }

    /// Both contracts have the same brakes.
    function guards(bool in_) private pure returns (BridgeGuards) {
        return in_ ? BridgeGuards(address(inbox)) : BridgeGuards(address(outbox));
    }

    function pause(BridgeGuards at, address by, uint256 what) private {
        vm.prank(by);
        at.pause(what);
    }

    function laneOf(address target, bytes calldata data) external view returns (Lane) {
        return Lanes.laneOf(target, data);
    }

    /// What `Lanes` lets through quickly are real functions of both contracts, and the timelock may call them.
    function testFuzz_theExpeditedLaneReachesTheBrakes(
        bool in_,
        uint256 what,
        uint256 root,
        address token_,
        uint128 day
    ) public {
        BridgeGuards at = guards(in_);
        bytes[3] memory calls = [
            abi.encodeCall(at.pause, (what)),
            abi.encodeCall(at.unpause, (what)),
            abi.encodeCall(at.setLimit, (root, token_, day))
        ];
        for (uint256 i = 0; i < 3; ++i) {
            ok(this.laneOf(address(at), calls[i]) == Lane.Expedited, "expedited");
            vm.prank(TIMELOCK);
            (bool done, bytes memory answer) = address(at).call(calls[i]);
            ok(done && answer.length == 0, "carried out");
            if (i == 0) eq(at.pausedUntil(what), type(uint64).max, "paused");
            if (i == 1) eq(at.pausedUntil(what), block.timestamp, "lifted");
        }
        (uint256 perDay,) = at.limitOf(root, token_);
        eq(perDay, day == 0 ? type(uint256).max : day, "limit");
        ok(this.laneOf(address(at), abi.encodeCall(inbox.setGuardian, (token_))) == Lane.Long, "the rest takes longer");
    }

    function testFuzz_theGuardianHas72HoursAndThenRests(bool in_, uint32 later, uint32 afterwards) public {
        BridgeGuards at = guards(in_);
        pause(at, GUARDIAN, TRON);
        eq(at.pausedUntil(TRON), begin + 72 hours, "until");
        uint256 second = begin + later % 72 hours;
        vm.warp(second);
        pause(at, GUARDIAN, ALL);
        pause(at, GUARDIAN, TRON);
        eq(at.pausedUntil(ALL), begin + 72 hours, "no pause outlives the first one");
        eq(at.pausedUntil(TRON), begin + 72 hours, "nor can one be made longer");
        uint256 rest = begin + 72 hours + afterwards % 7 days;
        vm.warp(rest);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IBridgeGuards.GuardianRests.selector, rest, begin + 10 days));
        at.pause(0);
        // Another guardian does not begin anew.
        vm.prank(TIMELOCK);
        inbox.setGuardian(BOB);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(IBridgeGuards.GuardianRests.selector, rest, begin + 10 days));
        at.pause(0);
        vm.warp(begin + 10 days);
        pause(at, BOB, 0);
        eq(at.pausedUntil(0), begin + 13 days, "after its rest");
    }

    function testFuzz_nobodyElsePauses(address who, uint256 what, bool in_) public {
        vm.assume(who != TIMELOCK && who != GUARDIAN && who != address(vm));
        BridgeGuards at = guards(in_);
        bytes memory reason = abi.encodeWithSelector(IBridgeGuards.NotGuard.selector, who, GUARDIAN);
        vm.prank(who);
        vm.expectRevert(reason);
        at.pause(what);
        pause(at, TIMELOCK, what);
        vm.prank(who);
        vm.expectRevert(reason);
        at.unpause(what);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, GUARDIAN, TIMELOCK));
        at.setLimit(TRON, USDT, 1);
    }

    function test_whoLiftsWhat() public {
        pause(inbox, GUARDIAN, TRON);
        vm.prank(GUARDIAN);
        inbox.unpause(TRON);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IBridgeGuards.NotPaused.selector, TRON));
        inbox.unpause(TRON);
        pause(inbox, GUARDIAN, TRON);
        vm.prank(TIMELOCK);
        inbox.unpause(TRON);
        pause(inbox, TIMELOCK, TRON);
        bytes memory reason = abi.encodeWithSelector(IBridgeGuards.PausedByGovernance.selector, TRON);
        vm.prank(GUARDIAN);
        vm.expectRevert(reason);
        inbox.pause(TRON);
        vm.prank(GUARDIAN);
        vm.expectRevert(reason);
        inbox.unpause(TRON);
        vm.warp(begin + 3650 days);
        eq(inbox.pausedUntil(TRON), type(uint64).max, "time does not lift it");
        // Governance takes over what the guardian paused.
        pause(inbox, GUARDIAN, 0);
        pause(inbox, TIMELOCK, 0);
        eq(inbox.pausedUntil(0), type(uint64).max, "longer");
    }

    function test_theGuardiansPauseEndsByItself() public {
        pause(inbox, GUARDIAN, TRON);
        put(TRON, USDT, BOB, 1);
        accept(TRON);
        vm.warp(begin + 72 hours);
        inbox.execute(TRON, open(TRON));
        eq(token(TRON, USDT).balanceOf(BOB), 1, "after 72 hours");
    }

    /// The pauses of one contract are not those of the other.
    function test_inAndOutApart() public {
        give(TRON, USDT, ANNA, 5);
        address usdt = address(token(TRON, USDT));
        pause(inbox, TIMELOCK, ALL);
        vm.prank(ANNA);
        outbox.exit(TRON, usdt, BOB, 5);
        eq(outbox.exitCount(), 1, "out goes on");
    }

    function test_holdersCanAlwaysTransfer() public {
        give(TRON, USDT, ANNA, 5);
        address usdt = address(token(TRON, USDT));
        pause(inbox, TIMELOCK, uint160(usdt));
        pause(outbox, TIMELOCK, ALL);
        vm.prank(ANNA);
        ok(BridgedToken(usdt).transfer(BOB, 5), "transfer");
    }

    /// A bucket against the plain rule: in any span of time no more goes through than the limit and what the span drains.
    function testFuzz_bucket(uint256 seed, uint64 perDay) public {
        vm.assume(perDay > 100);
        give(TRON, USDT, ANNA, type(uint96).max);
        address usdt = address(token(TRON, USDT));
        vm.prank(TIMELOCK);
        outbox.setLimit(TRON, USDT, perDay);
        uint256 sum = 0;
        uint256 at = begin;
        for (uint256 i = 0; i < 12; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            at += seed % 8 hours;
            vm.warp(at);
            (, uint256 left) = outbox.limitOf(TRON, USDT);
            uint256 amount = (seed >> 64) % perDay / 2 + 1;
            if (amount > left) {
                vm.expectRevert(abi.encodeWithSelector(IBridgeGuards.OverLimit.selector, TRON, USDT, amount, left));
            } else {
                sum += amount;
            }
            vm.prank(ANNA);
            outbox.exit(TRON, usdt, BOB, amount);
            ok(sum <= perDay + uint256(perDay) * (at - begin) / 1 days, "no more than the bucket and what it drains");
        }
        vm.warp(at + 1 days);
        (, uint256 all) = outbox.limitOf(TRON, USDT);
        eq(all, perDay, "empty after a day, whatever was done");
    }

    function test_aLimitDrainsAtTheRateOfItsTime() public {
        give(TRON, USDT, ANNA, 1_000);
        address usdt = address(token(TRON, USDT));
        vm.prank(TIMELOCK);
        outbox.setLimit(TRON, USDT, 100);
        vm.prank(ANNA);
        outbox.exit(TRON, usdt, BOB, 100);
        vm.warp(begin + 12 hours);
        vm.prank(TIMELOCK);
        outbox.setLimit(TRON, USDT, 50);
        (, uint256 left) = outbox.limitOf(TRON, USDT);
        eq(left, 0, "half of 100 is drained, which leaves 50");
        vm.warp(begin + 24 hours);
        (, left) = outbox.limitOf(TRON, USDT);
        eq(left, 25, "half of 50 more");
    }

    function test_changingALimitDoesNotOpenTheGate() public {
        give(TRON, USDT, ANNA, 1_000);
        address usdt = address(token(TRON, USDT));
        vm.prank(TIMELOCK);
        outbox.setLimit(TRON, USDT, 100);
        vm.prank(ANNA);
        outbox.exit(TRON, usdt, BOB, 100);
        vm.prank(TIMELOCK);
        outbox.setLimit(TRON, USDT, 150);
        (, uint256 left) = outbox.limitOf(TRON, USDT);
        eq(left, 50, "what was used stays used");
        vm.prank(TIMELOCK);
        outbox.setLimit(TRON, USDT, 40);
        (, left) = outbox.limitOf(TRON, USDT);
        eq(left, 0, "nothing");
        vm.prank(TIMELOCK);
        vm.expectRevert(
            abi.encodeWithSelector(IBridgeGuards.LimitTooHigh.selector, uint256(2) ** 128, type(uint128).max)
        );
        outbox.setLimit(TRON, USDT, uint256(2) ** 128);
    }
}
