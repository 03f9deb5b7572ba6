// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asset} from "../../root/Assets.sol";
import {RootBridge} from "../../root/RootBridge.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {OWNER, ok} from "./RootTest.sol";

/// How fast an asset may leave, and that nobody can keep others from leaving.
contract LimitsTest is BridgeTest {
    uint256 private constant LOCKED = 1_000_000e6;
    address private constant EVE = address(0xE7E);

    function setUp() public {
        setUpBridge();
        deposit(address(token), LOCKED);
    }

    function available() private view returns (uint256 amount) {
        (amount,,) = bridge.limits(address(token));
    }

    function exit(address to, uint256 amount) private returns (uint32 index) {
        index = exitOf(address(token), to, amount);
        checkpoint();
    }

    /// Waits for a large exit, so that only the limit counts.
    function readyExit(address to, uint256 amount) private returns (uint32 index) {
        index = exit(to, amount);
        (,, uint256 atOnce) = bridge.limits(address(token));
        if (amount <= atOnce) return index;
        ok(claim(index) == 0, "begins to wait");
        vm.warp(block.timestamp + 24 hours);
    }

    function test_theNumbers() external view {
        (uint256 now_, uint256 daily, uint256 atOnce) = bridge.limits(address(token));
        ok(daily == LOCKED * 2 / 100, "2 % a day");
        ok(now_ == daily / 4, "a quarter of it at once");
        ok(atOnce == LOCKED / 1_000, "0.1 % without a wait");
    }

    function test_aLargeExitWaitsADayFromWhenItIsShown() external {
        uint32 small = exit(BOB, LOCKED / 1_000);
        uint32 large = exit(BOB, LOCKED / 1_000 + 1);
        vm.warp(START + 10 days);
        ok(claim(small) == LOCKED / 1_000, "at once");
        ok(claim(large) == 0 && token.balanceOf(BOB) == LOCKED / 1_000, "not yet");
        (uint64 payableFrom,) = bridge.progressOf(exits[large]);
        ok(payableFrom == START + 11 days, "a day");
        vm.warp(START + 11 days - 1);
        bytes32[32] memory proof = proofOf(large);
        vm.expectPartialRevert(RootBridge.NotYetPayable.selector);
        bridge.claim(exits[large], proof, uint64(exits.length));
        // Its receiver has no shorter way.
        vm.prank(BOB);
        vm.expectPartialRevert(RootBridge.NotYetPayable.selector);
        bridge.claimTo(exits[large], proof, uint64(exits.length), EVE);
        vm.warp(START + 11 days);
        ok(claim(large) == LOCKED / 1_000 + 1, "paid");
        (payableFrom,) = bridge.progressOf(exits[large]);
        ok(payableFrom == 0 && bridge.isPaid(large), "done");
    }

    function test_whatExceedsTheLimitIsPaidInParts() external {
        uint32 index = readyExit(BOB, LOCKED / 10);
        uint256 paid = claim(index);
        ok(paid == LOCKED / 200, "half a percent at once");
        bytes32[32] memory proof = proofOf(index);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.LimitReached.selector, token, LOCKED / 10 - paid));
        bridge.claim(exits[index], proof, uint64(exits.length));
        uint256 parts = 1;
        while (!bridge.isPaid(index)) {
            vm.warp(block.timestamp + 8 hours);
            paid += claim(index);
            (, uint104 said) = bridge.progressOf(exits[index]);
            ok(bridge.isPaid(index) || said == paid, "progress");
            parts += 1;
        }
        ok(paid == LOCKED / 10 && token.balanceOf(BOB) == paid, "all of it");
        ok(parts >= 20 && parts <= 23, "in a week");
        ok(!tryClaim(index), "once");
    }

    /// An exit that was paid in part does not begin to wait because less is locked by now.
    function test_whatIsPaidInPartGoesOn() external {
        uint32 large = readyExit(EVE, LOCKED / 10);
        claim(large);
        vm.warp(block.timestamp + 10 minutes);
        (,, uint256 atOnce) = bridge.limits(address(token));
        uint32 index = exit(BOB, atOnce);
        uint256 part = claim(index);
        ok(part > 0 && part < atOnce, "a part");
        vm.warp(block.timestamp + 7 hours);
        claim(large);
        vm.warp(block.timestamp + 7 hours);
        (,, uint256 less) = bridge.limits(address(token));
        ok(less < atOnce, "large by now");
        ok(claim(index) == atOnce - part && bridge.isPaid(index), "the rest");
    }

    /// Whatever is tried, in any 24 hours no more than the limit leaves.
    function testFuzz_anyDayIsWithinTheLimit(uint32[24] memory waits) external {
        uint32 index = readyExit(BOB, LOCKED);
        uint256[] memory times = new uint256[](24);
        uint256[] memory sums = new uint256[](24);
        uint256 limit = LOCKED * 2 / 100;
        for (uint256 i = 0; i < 24; ++i) {
            vm.warp(block.timestamp + waits[i] % 6 hours);
            uint256 before = token.balanceOf(BOB);
            tryClaim(index);
            (times[i], sums[i]) = (block.timestamp, token.balanceOf(BOB) - before);
            uint256 day;
            for (uint256 j = 0; j <= i; ++j) {
                if (times[j] + 24 hours >= block.timestamp) day += sums[j];
            }
            ok(day <= limit, "a day");
        }
    }

    /// Who sends the same coins round and round gives back what he takes, in whatever order he brings and takes them.
    /// forge-config: default.fuzz.runs = 100
    function testFuzz_coinsInACircleUseNothingUp(uint24 order) external {
        uint256 amount = LOCKED * 18 / 1_000;
        uint32 honest = readyExit(BOB, amount);
        uint256 begin = block.timestamp;
        for (uint256 i = 0; i < 24; ++i) {
            uint256 room = available();
            (,, uint256 atOnce) = bridge.limits(address(token));
            uint256 part = room < atOnce ? room : atOnce;
            if (part > 0) {
                // Eve is always first.
                uint32 hers = exit(EVE, part);
                if (order >> i & 1 == 1) deposit(address(token), part);
                ok(claim(hers) == part, "Eve is paid");
                if (order >> i & 1 == 0) deposit(address(token), part);
            }
            if (!bridge.isPaid(honest)) tryClaim(honest);
            vm.warp(begin + (i + 1) * 1 hours);
        }
        // Of 2 % a little is lost as what is locked grows less, and as a deposit into an empty vessel gives nothing.
        ok(bridge.isPaid(honest) && token.balanceOf(BOB) == amount, "within a day");
    }

    /// Deposits give room back, but no more than was taken: nobody saves up room for a great day.
    function test_depositsSaveNothingUp() external {
        uint256 before = available();
        deposit(address(token), LOCKED);
        ok(available() == before * 2, "its share of what is locked, not itself");
        uint32 index = readyExit(BOB, LOCKED);
        uint256 paid = claim(index);
        ok(paid == LOCKED * 2 / 200 && available() == 0, "half a percent");
        deposit(address(token), paid / 2);
        uint256 now_ = available();
        ok(now_ >= paid / 2 && now_ <= paid / 2 + paid / 200, "what came in again");
    }

    /// Calls every second, which work off little each, do not keep the vessel from draining.
    function test_smallStepsDoNotStopTheClock() external {
        // A limit so small that it drains by less than one unit a second.
        setUpBridge();
        deposit(address(token), 100_000);
        uint32 index = exitOf(address(token), BOB, 2_000);
        checkpoint();
        claim(index);
        vm.warp(block.timestamp + 24 hours);
        claim(index);
        ok(available() == 0, "used up");
        for (uint256 i = 0; i < 1_000; ++i) {
            vm.warp(block.timestamp + 12);
            deposit(address(token), 1);
        }
        // In 12,000 s about 40 % of the brim of 500 drains; the deposits give back 1,000 more.
        ok(available() > 400, "drained");
        uint256 left = available();
        vm.warp(block.timestamp + 8 hours);
        ok(available() >= left && available() >= 490, "and on");
    }

    /// forge-config: default.fuzz.runs = 200
    function testFuzz_manySmallCallsDrainAsMuch(uint16 brim, uint8 step) external {
        uint256 locked = (uint256(brim) + 1) * 200;
        setUpBridge();
        deposit(address(token), locked);
        uint32 index = exitOf(address(token), BOB, locked);
        checkpoint();
        claim(index);
        vm.warp(block.timestamp + 24 hours);
        claim(index);
        uint256 full = available();
        for (uint256 i = 0; i < 50; ++i) {
            vm.warp(block.timestamp + uint256(step) % 60 + 1);
            // As a call that changes nothing else.
            setAsset(address(token), true, CAP, 200, 1);
        }
        uint256 passed = 50 * (uint256(step) % 60 + 1);
        (, uint256 daily,) = bridge.limits(address(token));
        uint256 expected = full + (daily + 3) / 4 * passed / 8 hours;
        // At least half of what one call would have found; never more.
        ok(available() <= expected + 1 && available() >= full + (expected - full) / 2, "drained");
    }

    /// A limit that the owner lowers stops nothing for longer than the vessel takes to drain.
    function test_aLoweredLimitIsNoStop() external {
        setAsset(address(token), true, CAP, 1_000, 1);
        uint32 index = readyExit(BOB, LOCKED);
        claim(index);
        setAsset(address(token), true, CAP, 10, 1);
        ok(available() == 0, "full");
        vm.warp(block.timestamp + 8 hours);
        (, uint256 daily,) = bridge.limits(address(token));
        ok(available() == (daily + 3) / 4, "drained");
        ok(claim(index) == (daily + 3) / 4, "pays");
    }

    /// The last coin can leave: shares of a rest never would end, the floor does.
    function test_everythingCanLeave() external {
        setAsset(address(token), true, CAP, 200, uint104(LOCKED / 10));
        uint32 index = readyExit(BOB, LOCKED);
        uint256 calls;
        while (!bridge.isPaid(index)) {
            claim(index);
            vm.warp(block.timestamp + 8 hours);
            calls += 1;
        }
        ok(token.balanceOf(BOB) == LOCKED && bridge.assetOf(address(token)).locked == 0, "all");
        ok(calls == 40, "a tenth of the whole a day, a quarter of it at once");
        setAsset(address(token), true, CAP, 200, 1);
        deposit(address(token), 1);
        index = exit(BOB, 1);
        vm.warp(block.timestamp + 24 hours);
        claim(index);
        vm.warp(block.timestamp + 24 hours);
        claim(index);
        ok(bridge.isPaid(index), "a single unit");
    }

    /// More leaves the side chain than was ever deposited: then what is there is paid, and no more.
    function test_neverMoreThanIsLocked() external {
        // Listed anew, with a floor above all that is ever locked.
        setUpBridge(CAP / 10);
        deposit(address(token), LOCKED);
        token.mint(address(bridge), 500e6);
        uint32 index = readyExit(BOB, LOCKED * 2);
        ok(claim(index) == LOCKED && token.balanceOf(BOB) == LOCKED, "what was deposited");
        vm.warp(block.timestamp + 10 days);
        ok(!tryClaim(index) && token.balanceOf(address(bridge)) == 500e6, "not what was sent by mistake");
        deposit(address(token), 7);
        ok(claim(index) == 7, "what came in");
    }

    function setFloor(uint104 floor) private {
        setAsset(address(token), true, CAP, 200, floor);
    }

    function refuseFloor(address asset, uint104 cap, uint104 floor, uint256 most) private {
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.FloorTooHigh.selector, asset, floor, most));
        bridge.setAsset(asset, true, cap, 200, floor);
    }

    /// Whoever has the owner's key cannot lift the limit, nor the wait, by a floor above everything.
    function test_theFloorIsBounded() external {
        // Before anything is locked: a tenth of the cap.
        refuseFloor(address(0xF00), 1_000, 101, 100);
        refuseFloor(address(0xF00), 9, 1, 0);
        setAsset(address(0xF00), true, 1_000, 200, 100);
        // It stays, whatever the cap; and once it is lower it does not come back.
        setAsset(address(0xF00), true, 10, 200, 100);
        refuseFloor(address(0xF00), type(uint104).max, 101, 100);
        setAsset(address(0xF00), true, 10, 200, 7);
        refuseFloor(address(0xF00), type(uint104).max, 8, 7);

        // Afterwards: a tenth of what is locked.
        refuseFloor(address(token), CAP, uint104(LOCKED / 10 + 1), LOCKED / 10);
        refuseFloor(address(token), type(uint104).max, type(uint104).max, LOCKED / 10);
        setFloor(uint104(LOCKED / 10));
        (uint256 now_, uint256 daily, uint256 atOnce) = bridge.limits(address(token));
        ok(daily == LOCKED / 10 && now_ == LOCKED / 40, "as much as the highest share");
        ok(atOnce == LOCKED / 200, "half a percent without a wait");
        // What has left does not raise it, nor take it away.
        claim(readyExit(BOB, LOCKED / 2));
        setFloor(uint104(LOCKED / 10));
        refuseFloor(address(token), CAP, uint104(LOCKED / 10 + 1), LOCKED / 10);
    }

    /// Whatever the owner chooses, in whatever order, the limit of a day is at most a tenth of the most that ever was locked.
    function testFuzz_noChoiceLiftsTheLimit(uint104[8] memory caps, uint104[8] memory floors, uint16[8] memory shares)
        external
    {
        uint256 most = LOCKED;
        for (uint256 i = 0; i < 8; ++i) {
            vm.prank(OWNER);
            (bool done,) = address(bridge)
                .call(
                    abi.encodeCall(
                        bridge.setAsset,
                        (address(token), true, caps[i], shares[i] % 1_100, floors[i] % uint104(LOCKED / 5))
                    )
                );
            uint256 locked = bridge.assetOf(address(token)).locked;
            if (done && caps[i] > locked + 1_000e6) deposit(address(token), 1_000e6);
            locked = bridge.assetOf(address(token)).locked;
            if (locked > most) most = locked;
            (, uint256 daily, uint256 atOnce) = bridge.limits(address(token));
            ok(daily <= most / 10 && atOnce <= most / 200, "lifted");
        }
    }

    function test_assetsDoNotShareTheirLimits() external {
        deposit(NATIVE, 1_000 ether);
        uint32 index = readyExit(BOB, LOCKED);
        claim(index);
        uint32 other = exitOf(NATIVE, BOB, 0.5 ether);
        checkpoint();
        ok(claim(other) == 0.5 ether, "its own");
        Asset memory asset = bridge.assetOf(NATIVE);
        ok(asset.locked == 999.5 ether && asset.used == 0.5 ether, "books");
        index = exitOf(address(0xF00), BOB, 5);
        checkpoint();
        ok(claim(index) == 0, "nothing is known of it");
        vm.warp(block.timestamp + 24 hours);
        ok(!tryClaim(index), "nor paid");
    }
}
