// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SystemAddresses} from "../../system/SystemAddresses.sol";
import {IStakingEvents} from "../../system/interfaces/IStaking.sol";
import {Fees, Work} from "../../system/interfaces/IValidatorSet.sol";
import {ParamIds} from "../../system/interfaces/ParamIds.sol";
import {SystemTest, eq, ok} from "./SystemTest.sol";
import {vm} from "./Vm.sol";

contract EpochsTest is SystemTest {
    address private constant ALICE = address(0xA11CE);
    address private constant BOB = address(0xB0B);

    function setUp() public {
        genesis(4, 20e6 ether);
    }

    /// All that validator `i` has earned: its commission, and what is owed to its pool (the dead share gets its part too).
    function commission(uint256 i) private view returns (uint256) {
        return staking.commissionOwed(operator(i));
    }

    function pending(address who, uint256 i) private view returns (uint256) {
        return staking.position(who, operator(i)).pending;
    }

    function cap(uint256 stake, uint256 elapsed) private pure returns (uint256) {
        return stake * 800 / 10_000 * elapsed / 31_536_000;
    }

    function test_onlyTheSetCloses() public {
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Unauthorized.selector, address(this)));
        staking.closeEpoch(1, 1, 1, 0, 0, new Work[](0), new uint256[](0));
        vm.prank(address(set));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.WrongEpoch.selector, 2, 1));
        staking.closeEpoch(2, 1, 1, 0, 0, new Work[](0), new uint256[](0));
    }

    /// Little stake: the cap of 8 % a year decides; fees beyond it join the reserve.
    function testFuzz_potIsCapped(uint80 stakers, uint80 toTreasury, uint80 tips, uint32 more) public {
        uint256 elapsed = 1800 + more % 86_400;
        next(elapsed);
        finish(0, bitmap(), Fees(stakers, toTreasury, tips, 0));
        uint256 before = address(staking).balance;
        closeNow(0);
        uint256 pot = cap(80e6 ether, elapsed);
        ok(pot < 990e7 ether * elapsed / 31_536_000, "the budget is more");
        uint256 proposers = pot * 500 / 10_000;
        uint256 share = pot * 200 / 10_000;
        uint256 each = (pot - proposers - share) / 4;
        eq(commission(1), each / 10, "a tenth of the part by signatures");
        eq(commission(0), (each + proposers + tips) / 10, "and the proposer's, tips included");
        uint256 given = each * 4 + proposers + tips;
        eq(address(staking).balance - before, given, "what Staking got");
        eq(treasury.funds(), FUNDS + toTreasury + share, "the treasury's parts");
        eq(treasury.reserve(), RESERVE + stakers + tips - given - share, "the rest");
        eq(address(treasury).balance, treasury.reserve() + treasury.funds() + treasury.programmes(), "exact");
        eq(supply.burned(), 0, "nothing burned here");
    }

    /// Much stake: fees and the budget of the year decide, and the budget falls by a tenth each year.
    function testFuzz_budgetOfTheYear(uint8 years_, uint72 fees) public {
        uint256 count = years_ % 12;
        next(count * 365 days + 1800);
        quiet(0);
        closeNow(0);
        create(9, 400_000e6 ether);
        close();
        uint256 rate = 1e16;
        for (uint256 i = 0; i < count; ++i) {
            rate = rate * 9 / 10;
        }
        uint256 funds = treasury.funds();
        close(9, Fees(fees, 0, 0, 0));
        uint256 elapsed = 1800;
        uint256 pot = fees + SUPPLY * rate / 1e18 * elapsed / 31_536_000;
        ok(pot < cap(400_080e6 ether, elapsed), "the cap is more");
        uint256 got = (treasury.funds() - funds) * 50;
        ok(got <= pot && pot - got < 50, "2 % to the treasury");
    }

    function test_reserveIsTheLimit() public {
        // Reserve of 5 wei, nothing else.
        vm.store(address(treasury), bytes32(0), bytes32(uint256(5)));
        vm.deal(address(treasury), 5 + FUNDS + PROGRAMMES);
        close(0, Fees(95, 0, 0, 0));
        eq(treasury.funds() - FUNDS, 2, "2 % of 100");
        // 5 to the proposer, 93 by signature, 23 to each of four.
        eq(treasury.reserve(), 1, "what does not divide stays");
        close();
        eq(treasury.reserve(), 1, "of a pot of 1 nobody gets a whole wei");
        ok(staking.validator(operator(0)).perShare > 1, "the wei were credited");
    }

    function test_absenteesEarnNothingBySignature() public {
        uint256 proposer = 0;
        while (signer(proposer) != set.members()[0].signer) ++proposer;
        bytes memory missed = hex"06";
        // The first block of an epoch counts nobody.
        next(1);
        quiet(proposer);
        // The members at 1 and 2 miss 3 of 9 and 4 of 9 blocks.
        for (uint256 i = 0; i < 8; ++i) {
            next(1);
            if (i == 3) missed[0] = 0x04;
            if (i == 4) missed[0] = 0;
            finish(proposer, missed, Fees(0, 0, 0, 0));
        }
        Work[] memory work = set.work();
        ok(work[1].missed == 3 && work[2].missed == 4, "missed");
        uint256 before = address(staking).balance;
        close(proposer, Fees(1e6 ether, 0, 0, 0));
        uint256 pot = cap(80e6 ether, 1800);
        uint256 each = (pot - pot * 500 / 10_000 - pot * 200 / 10_000) / 4;
        eq(staking.commissionOwed(staking.operatorOf(work[1].signer)), each / 10, "a third is allowed");
        eq(staking.commissionOwed(staking.operatorOf(work[2].signer)), 0, "more is not");
        eq(staking.commissionOwed(staking.operatorOf(work[3].signer)), each / 10, "nobody gets it instead");
        eq(address(staking).balance - before, 3 * each + pot * 500 / 10_000, "it stays in the reserve");
    }

    /// The reward of an epoch goes to the shares that counted in it, to each as much.
    function testFuzz_rewardIsByActiveShares(uint64 a, uint64 b, uint64 late) public {
        delegate(ALICE, 0, 1 ether + uint256(a) * 1e6);
        delegate(BOB, 0, 1 ether + uint256(b) * 1e6);
        close();
        delegate(address(0xCA501), 0, 1 ether + uint256(late) * 1e6);
        uint256 before = pending(operator(0), 0);
        uint256 had = staking.validator(operator(0)).perShare;
        close(0, Fees(1e6 ether, 0, 3 ether, 0));
        uint256 each = staking.validator(operator(0)).perShare - had;
        eq(pending(ALICE, 0), (1 ether + uint256(a) * 1e6) * each / 1e27, "ALICE");
        eq(pending(BOB, 0), (1 ether + uint256(b) * 1e6) * each / 1e27, "BOB");
        eq(pending(address(0xCA501), 0), 0, "too late");
        ok(pending(operator(0), 0) > before, "its operator");
    }

    /// What a division by the shares leaves over counts in the next epoch.
    function test_remainderIsCarried() public {
        delegate(ALICE, 1, 3 ether + 7);
        close();
        uint256 had = staking.validator(operator(1)).perShare;
        uint256 pot = cap(80e6 ether + 3 ether + 7, 1800);
        uint256 bySignature = pot - pot * 500 / 10_000 - pot * 200 / 10_000;
        uint256 reward = bySignature * set.powerOf(signer(1)) / set.totalPower();
        reward -= reward / 10;
        // Those that count: not the dead ones.
        uint256 shares = 20e6 ether + 3 ether + 7 - 1 ether;
        uint256 single = reward * 1e27 / shares;
        ok(30 * reward * 1e27 / shares > 30 * single, "thirty divisions would lose something");
        for (uint256 i = 1; i <= 30; ++i) {
            close();
            uint256 each = staking.validator(operator(1)).perShare - had;
            // The first epoch may have left something over, too: less than one more.
            uint256 once = i * reward * 1e27 / shares;
            ok(each == once || each == once + 1, "as if divided once");
        }
    }

    function test_poolWithoutActiveSharesGivesBack() public {
        // All the stake of a new member is warming: it was made and elected within one epoch by a set of another kind.
        create(9, 20e6 ether);
        uint256[] memory list = elected(100);
        vm.store(address(set), keccak256(abi.encode(uint256(0))), bytes32(list[0]));
        for (uint256 i = 0; i < 4; ++i) {
            vm.store(
                address(set),
                bytes32(uint256(keccak256(abi.encode(uint256(0)))) + i),
                bytes32(uint256(uint160(signer(i == 0 ? 9 : i))) << 96 | 20e6)
            );
        }
        uint256 reserve = treasury.reserve();
        uint256 before = address(staking).balance;
        close(1, Fees(0, 0, 0, 0));
        uint256 pot = cap(80e6 ether, 1800);
        uint256 each = (pot - pot * 500 / 10_000 - pot * 200 / 10_000) / 4;
        eq(staking.validator(operator(9)).perShare, 1, "nothing to the pool");
        eq(staking.commissionOwed(operator(9)), each / 10, "its operator did its work");
        eq(address(staking).balance - before, each * 3 + each / 10 + pot * 500 / 10_000, "the rest stays");
        ok(treasury.reserve() < reserve, "in the reserve");
    }

    function test_snapshotKeepsWhatCounted() public {
        close();
        delegate(ALICE, 0, 100 ether);
        close();
        delegate(ALICE, 0, 50 ether);
        delegate(BOB, 0, 10 ether);
        vm.prank(SystemAddresses.GOVERNOR);
        uint64 marked = staking.snapshot();
        eq(marked, 3, "the running epoch");
        vm.prank(ALICE);
        staking.undelegate(operator(0), 70 ether);
        eq(staking.weightAt(marked, ALICE, operator(0)), 0, "not closed yet");
        slashDowntime(3);
        close();
        (uint256 tokens, uint256 shares) = staking.poolAt(marked, operator(0));
        ok(tokens == 20e6 ether + 90 ether && shares == tokens, "the pool as it was");
        (tokens,) = staking.poolAt(marked, operator(3));
        eq(tokens, 0, "not a member of the new set");
        eq(staking.totalAt(marked), 60e6 ether + 90 ether, "all pools of the set");

        eq(
            staking.weightAt(marked, ALICE, operator(0)),
            80 ether,
            "what counted in that epoch and was there at its end"
        );
        eq(staking.weightAt(marked, BOB, operator(0)), 0, "warming up");
        eq(staking.weightAt(marked, operator(0), operator(0)), 20e6 ether - 1 ether, "never touched");
        // All of it changes, more than once, with another vote in between.
        delegate(BOB, 0, 5 ether);
        vm.prank(ALICE);
        staking.undelegateAll(operator(0));
        close();
        vm.prank(SystemAddresses.GOVERNOR);
        uint64 second = staking.snapshot();
        close();
        delegate(ALICE, 0, 500 ether);
        delegate(BOB, 0, 500 ether);
        close();
        delegate(BOB, 0, 500 ether);
        eq(staking.weightAt(marked, ALICE, operator(0)), 80 ether, "as before");
        eq(staking.weightAt(marked, BOB, operator(0)), 0, "as before");
        eq(staking.weightAt(second, ALICE, operator(0)), 0, "she was out");
        eq(staking.weightAt(second, BOB, operator(0)), 15 ether, "he was in");
        eq(staking.weightAt(second - 1, BOB, operator(0)), 0, "an epoch that was not marked");
    }

    function test_strangersInTheSetGetNothing() public {
        uint256[] memory list = new uint256[](1);
        list[0] = uint256(uint160(address(77))) << 96 | 5;
        next(1800);
        quiet(0);
        asSystemTransaction(0);
        set.closeEpoch(list);
        next(1800);
        vm.coinbase(address(77));
        vm.prank(SYSTEM);
        set.onBlock(hex"01");
        uint256 before = address(staking).balance;
        vm.txGasPrice(0);
        vm.prank(address(77));
        set.closeEpoch(list);
        eq(address(staking).balance, before, "nothing");
    }

    function test_zeroYears() public {
        params.set(ParamIds.REWARD_RATE, 1);
        // The rate rounds down to nothing within the year after.
        next(400 days);
        quiet(0);
        uint256 reserve = treasury.reserve();
        closeNow(0);
        eq(treasury.reserve(), reserve, "nothing from the reserve");
    }
}
