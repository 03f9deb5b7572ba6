// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IStakingEvents, SlashView, UnbondingView, ValidatorView} from "../../system/interfaces/IStaking.sol";
import {Fees} from "../../system/interfaces/IValidatorSet.sol";
import {ParamIds} from "../../system/interfaces/ParamIds.sol";
import {SystemTest, eq, ok} from "./SystemTest.sol";
import {vm} from "./Vm.sol";

contract SlashingTest is SystemTest {
    address private constant ALICE = address(0xA11CE);
    address private constant BOB = address(0xB0B);
    address private constant CAROL = address(0xCA501);

    function setUp() public {
        // A hundred times 1 %: one alone is below the 5 % even three times.
        genesis(100, 20e6 ether);
    }

    function worth(address who, uint256 i) private view returns (uint256) {
        return staking.position(who, operator(i)).worth;
    }

    function near(uint256 got, uint256 expected, uint256 most, string memory what) private pure {
        ok(got <= expected && expected - got <= most, what);
    }

    function test_onlyASystemTransactionSlashes() public {
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.NotSystemTransaction.selector, address(this), 1 gwei));
        staking.slashDoubleSign(signer(0), 1, address(0));
        vm.txGasPrice(0);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.NotSystemTransaction.selector, address(this), 0));
        staking.slashDowntime(signer(0));
    }

    function test_whatIsUnknownChangesNothing() public {
        asSystemTransaction(0);
        staking.slashDoubleSign(address(77), 1, operator(0));
        asSystemTransaction(0);
        staking.slashDowntime(address(77));
        eq(supply.burned(), 0, "nothing burned");
    }

    /// One part of the slash for everybody: own stake, delegated, unbonding and moved away, each to its wei.
    function testFuzz_slashHitsAllAlike(uint64 seed) public {
        uint256 amount = 1_000 ether + seed;
        delegate(ALICE, 1, amount);
        delegate(BOB, 1, amount);
        delegate(CAROL, 1, amount);
        vm.prank(BOB);
        staking.undelegateAll(operator(1));
        vm.prank(CAROL);
        staking.redelegateAll(operator(1), operator(2));
        next(1);
        slashDoubleSign(1, address(0));

        uint256 left = amount * 95 / 100;
        near(worth(operator(1), 1), (20e6 ether - 1 ether) * 95 / 100, 1, "own");
        near(worth(ALICE, 1), left, 1, "delegated");
        near(staking.unbondings(BOB, 0, 1)[0].left, left, 1, "unbonding");
        eq(staking.moved(CAROL, operator(2))[0].left, left, "moved, as it will be");
        eq(worth(CAROL, 2), amount, "moved, not settled yet");
        uint256 burned = supply.burned();
        staking.settleMoved(CAROL, operator(2));
        near(worth(CAROL, 2), left, 1, "moved");
        near(supply.burned() - burned, amount - left, 1, "destroyed");
        eq(worth(operator(2), 2), 20e6 ether - 1 ether, "its new neighbours lose nothing");

        burned = supply.burned();
        next(7 days);
        vm.prank(BOB);
        staking.withdrawAll();
        near(BOB.balance, left, 1, "paid");
        eq(supply.burned() - burned + BOB.balance, amount, "the rest destroyed");
    }

    function test_evidencePaysOnce() public {
        uint256 burned = supply.burned();
        slashDoubleSign(1, operator(5));
        uint256 amount = 20e6 ether * 5 / 100;
        eq(staking.commissionOwed(operator(5)), amount / 20, "5 % to the reporter");
        eq(supply.burned() - burned, amount - amount / 20, "the rest destroyed");
        ValidatorView memory v = staking.validator(operator(1));
        ok(v.tombstoned && v.jailedUntil == type(uint64).max && v.tokens == 20e6 ether - amount, "tombstoned");
        slashDoubleSign(1, operator(5));
        slashDowntime(1);
        eq(staking.commissionOwed(operator(5)), amount / 20, "once");
        eq(staking.slashes(operator(1), 0, 9).length, 1, "one slash");
        next(40 days);
        vm.prank(operator(1));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Closed.selector, operator(1)));
        staking.unjail();
        vm.deal(ALICE, 1 ether);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Closed.selector, operator(1)));
        staking.delegate{value: 1 ether}(operator(1));
        eq(staking.candidates().length, 99, "no candidate");
    }

    /// Three times the power that signed twice within the unbonding time, but at least 5 %.
    function test_manyTogetherLoseMore() public {
        slashDoubleSign(1, address(0));
        eq(staking.validator(operator(1)).tokens, 20e6 ether * 95 / 100, "1 %: the least");
        next(7 days);
        slashDoubleSign(2, address(0));
        eq(staking.validator(operator(2)).tokens, 20e6 ether * 94 / 100, "2 %, the first just within the window");
        next(1);
        slashDoubleSign(3, address(0));
        eq(staking.validator(operator(3)).tokens, 20e6 ether * 94 / 100, "2 %, the first out of it");
        for (uint256 i = 4; i < 37; ++i) {
            slashDoubleSign(i, address(0));
        }
        eq(staking.validator(operator(34)).tokens, 20e6 ether / 100, "33 %");
        eq(staking.validator(operator(36)).tokens, 0, "more than a third: all");
    }

    function test_outsideTheSetItsStakeCounts() public {
        create(200, 2000e6 ether);
        slashDoubleSign(200, address(0));
        eq(staking.validator(operator(200)).tokens, 0, "as much as all power together");
        vm.deal(operator(200), 1 ether);
        vm.prank(operator(200));
        vm.expectRevert(IStakingEvents.NothingToDo.selector);
        staking.undelegateAll(operator(200));
    }

    function test_everythingLostEverywhere() public {
        delegate(ALICE, 1, 100 ether);
        delegate(BOB, 1, 100 ether);
        vm.prank(BOB);
        uint256 id = staking.undelegateAll(operator(1));
        vm.prank(ALICE);
        staking.redelegateAll(operator(1), operator(2));
        params.set(ParamIds.DOUBLE_SIGN_SLASH, 1e18);
        slashDoubleSign(1, address(0));
        eq(staking.unbondings(BOB, 0, 1)[0].left, 0, "nothing left of it");
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Closed.selector, operator(1)));
        staking.cancelUnbonding(id);
        next(7 days);
        uint256[] memory ids = new uint256[](1);
        vm.prank(BOB);
        staking.withdraw(ids);
        eq(BOB.balance, 0, "and it is gone");
        staking.settleMoved(ALICE, operator(2));
        eq(worth(ALICE, 2), 0, "the moved stake too");
        eq(staking.moved(ALICE, operator(2)).length, 0, "without a note");
        close();
    }

    function test_emptyPoolTakesNothing() public {
        params.set(ParamIds.DOWNTIME_SLASH, 1e18);
        slashDowntime(1);
        vm.deal(ALICE, 1 ether);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.PoolEmpty.selector, operator(1)));
        staking.delegate{value: 1 ether}(operator(1));
        eq(staking.candidates().length, 99, "no candidate");
        close();
    }

    /// An entry answers for slashes from its beginning until its unlock, and for no others.
    function test_onlySlashesInItsTime() public {
        params.set(ParamIds.DOWNTIME_SLASH, 1e17);
        delegate(ALICE, 1, 300 ether);
        slashDowntime(1);
        vm.prank(ALICE);
        staking.undelegate(operator(1), 100 ether);
        next(3600);
        vm.prank(operator(1));
        staking.unjail();
        eq(staking.unbondings(ALICE, 0, 1)[0].left, 100 ether, "the one before was taken already");
        next(7 days - 3600);
        slashDowntime(1);
        eq(staking.unbondings(ALICE, 0, 1)[0].left, 90 ether, "in its last second");
        next(1 days);
        vm.prank(operator(1));
        staking.unjail();
        slashDowntime(1);
        UnbondingView memory u = staking.unbondings(ALICE, 0, 1)[0];
        eq(u.left, 90 ether, "not after it");
        vm.prank(ALICE);
        staking.withdrawAll();
        eq(ALICE.balance, 90 ether, "paid");
        SlashView[] memory all = staking.slashes(operator(1), 0, 9);
        ok(all.length == 3 && all[2].factor == 0.729e27 && all[1].time == START + 7 days, "three times a tenth");
        eq(staking.slashes(operator(1), 2, 9).length, 1, "pages");
    }

    /// What was moved and then unbonds loses to the pool it left and to the one it came from.
    function test_movedAndUnbondingLosesToBoth() public {
        params.set(ParamIds.DOWNTIME_SLASH, 1e17);
        delegate(ALICE, 1, 100 ether);
        vm.prank(ALICE);
        staking.redelegateAll(operator(1), operator(2));
        next(1 days);
        vm.prank(ALICE);
        staking.undelegateAll(operator(2));
        slashDowntime(2);
        slashDowntime(1);
        eq(staking.unbondings(ALICE, 0, 1)[0].left, 81 ether, "both");
        next(6 days + 1);
        vm.prank(operator(1));
        staking.unjail();
        slashDowntime(1);
        eq(staking.unbondings(ALICE, 0, 1)[0].left, 81 ether, "the source's time is over");
        vm.prank(operator(2));
        staking.unjail();
        slashDowntime(2);
        eq(staking.unbondings(ALICE, 0, 1)[0].left, 72.9 ether, "its own is not");
    }

    function test_jailDoublesAndIsForgotten() public {
        uint256[7] memory hours_ = [uint256(1), 2, 4, 8, 16, 24, 24];
        for (uint256 i = 0; i < 7; ++i) {
            slashDowntime(1);
            eq(staking.validator(operator(1)).jailedUntil, time + hours_[i] * 1 hours, "twice as long");
            slashDowntime(1);
            eq(staking.slashes(operator(1), 0, 99).length, i + 1, "nothing more while jailed");
            eq(staking.candidates().length, 99, "no candidate");
            vm.prank(operator(1));
            vm.expectPartialRevert(IStakingEvents.TooEarly.selector);
            staking.unjail();
            next(hours_[i] * 1 hours);
            if (i == 0) {
                vm.prank(operator(1));
                staking.undelegate(operator(1), 15e6 ether);
                vm.prank(operator(1));
                vm.expectPartialRevert(IStakingEvents.BelowMinimum.selector);
                staking.unjail();
                delegate(operator(1), 1, 15e6 ether);
            }
            vm.prank(operator(1));
            staking.unjail();
        }
        vm.prank(operator(1));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.NotJailed.selector, operator(1)));
        staking.unjail();
        next(30 days + 1);
        slashDowntime(1);
        eq(staking.validator(operator(1)).jailedUntil, time + 1 hours, "after 30 days it begins anew");
    }

    function test_slashesRoundUp() public {
        delegate(ALICE, 1, 1 ether + 1);
        uint256 tokens = staking.validator(operator(1)).tokens;
        slashDowntime(1);
        uint256 amount = tokens / 10_000 + 1;
        eq(staking.validator(operator(1)).tokens, tokens - amount, "against who is slashed");
        eq(supply.burned(), amount, "all of it destroyed");
    }

    /// Evidence against somebody who left is not late until its stake is out.
    function test_leavingDoesNotSave() public {
        vm.prank(operator(1));
        staking.leave();
        close();
        staking.evict(operator(1));
        vm.prank(operator(1));
        staking.undelegateAll(operator(1));
        slashDoubleSign(1, address(0));
        next(8 days);
        vm.prank(operator(1));
        staking.withdrawAll();
        near(operator(1).balance, (20e6 ether - 1 ether) * 95 / 100, 1, "slashed on its way out");
    }

    function test_jailedEarnNoShareOfSignatures() public {
        slashDowntime(1);
        next(1);
        finish(1, bitmap(), Fees(0, 0, 10 ether, 0));
        close(0, Fees(1e6 ether, 0, 0, 0));
        uint256 commission = staking.commissionOwed(operator(1));
        ok(commission >= 1 ether && commission < staking.commissionOwed(operator(0)), "tips and its block");
    }
}
