// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Callers} from "../system/Callers.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {Vesting} from "../system/Vesting.sol";
import {GovernanceBase, cheats} from "./GovernanceBase.sol";

/// A beneficiary that takes its money and asks for more, or refuses it.
contract Beneficiary {
    bool public refuse;
    bool public blocked;

    error NotNow();

    function set(bool refuse_) external {
        refuse = refuse_;
    }

    receive() external payable {
        if (refuse) revert NotNow();
        try Vesting(A.VESTING).release(0) {}
        catch {
            blocked = true;
        }
    }
}

contract VestingTest is GovernanceBase {
    uint64 private constant MONTH = 2_628_000;
    uint64 private constant BEGIN = uint64(GENESIS_TIME);
    uint64 private constant YEAR = 12 * MONTH;

    function setUp() public {
        place();
    }

    function team() private pure returns (Vesting.Grant memory) {
        return Vesting.Grant(ALICE, 188_100_000_000 ether, BEGIN, YEAR, 48 * MONTH, 0);
    }

    function ecosystem() private pure returns (Vesting.Grant memory) {
        return Vesting.Grant(BOB, 197_010_000_000 ether, BEGIN, 0, 72 * MONTH, MONTH);
    }

    function test_genesis() public {
        both();
        eq(vesting.count(), 2);
        Vesting.Stream memory s = vesting.stream(0);
        assert(s.beneficiary == ALICE && s.offered == address(0));
        eq(s.begin, BEGIN + YEAR);
        eq(s.released, 0);
        eq(A.VESTING.balance, 385_110_000_000 ether);
        genesis(new Vesting.Grant[](0), 0, abi.encodeWithSelector(Vesting.AlreadySet.selector));
    }

    /// The balance may be there already, as genesis files give it.
    function test_genesisWithItsBalance() public {
        Vesting.Grant[] memory list = new Vesting.Grant[](1);
        list[0] = team();
        cheats.deal(A.VESTING, team().total - 1);
        genesis(list, 0, abi.encodeWithSelector(Vesting.WrongBalance.selector, team().total - 1, team().total));
        genesis(list, 1, "");
    }

    function test_badGenesis() public {
        Vesting.Grant[] memory list = new Vesting.Grant[](1);
        list[0] = team();
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, ALICE, A.SYSTEM));
        cheats.prank(ALICE);
        vesting.genesis(list);
        cheats.roll(1);
        genesis(list, 0, abi.encodeWithSelector(Callers.NotGenesis.selector, 1));
        cheats.roll(0);
        for (uint256 i = 0; i < 4; ++i) {
            list[0] = team();
            if (i == 0) list[0].beneficiary = address(0);
            if (i == 1) list[0].total = 0;
            if (i == 2) list[0].duration = 0;
            if (i == 3) list[0].step = MONTH + 1;
            genesis(list, list[0].total, abi.encodeWithSelector(Vesting.BadGrant.selector, 0));
        }
    }

    function test_cliffThenBySecond() public {
        both();
        eq(vesting.vestedAt(0, BEGIN + YEAR), 0);
        assert(vesting.vestedAt(0, BEGIN + YEAR + 1) > 0);
        eq(vesting.vestedAt(0, BEGIN + YEAR + 24 * MONTH), 94_050_000_000 ether);
        eq(vesting.vestedAt(0, BEGIN + YEAR + 48 * MONTH), 188_100_000_000 ether);
        eq(vesting.vestedAt(0, type(uint256).max), 188_100_000_000 ether);
        nothing(0);
        cheats.warp(BEGIN + YEAR);
        nothing(0);
        cheats.warp(BEGIN + YEAR + MONTH);
        cheats.expectEmit(true, true, false, true, A.VESTING);
        emit Vesting.Released(0, ALICE, 3_918_750_000 ether);
        cheats.prank(CAROL);
        vesting.release(0);
        eq(ALICE.balance, 3_918_750_000 ether);
        nothing(0);
    }

    function test_wholeMonths() public {
        both();
        cheats.warp(BEGIN + MONTH - 1);
        nothing(1);
        cheats.warp(BEGIN + MONTH);
        vesting.release(1);
        eq(BOB.balance, 2_736_250_000 ether);
        cheats.warp(BEGIN + 2 * MONTH - 1);
        nothing(1);
        cheats.warp(BEGIN + 72 * MONTH);
        vesting.release(1);
        eq(BOB.balance, 197_010_000_000 ether);
        eq(vesting.releasable(1), 0);
    }

    function test_unknownStream() public {
        both();
        bytes memory reason = abi.encodeWithSelector(Vesting.UnknownStream.selector, 2, 2);
        cheats.expectRevert(reason);
        vesting.release(2);
        cheats.expectRevert(reason);
        vesting.stream(2);
        cheats.expectRevert(reason);
        vesting.vestedAt(2, 0);
        cheats.expectRevert(reason);
        vesting.releasable(2);
        cheats.expectRevert(reason);
        vesting.offer(2, ALICE);
        cheats.expectRevert(reason);
        vesting.accept(2);
    }

    function test_anotherBeneficiaryInTwoSteps() public {
        both();
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, CAROL, ALICE));
        cheats.prank(CAROL);
        vesting.offer(0, CAROL);
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, CAROL, address(0)));
        cheats.prank(CAROL);
        vesting.accept(0);
        cheats.prank(ALICE);
        vesting.offer(0, CAROL);
        assert(vesting.stream(0).beneficiary == ALICE);
        // Taken back, and offered again.
        cheats.prank(ALICE);
        vesting.offer(0, address(0));
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, CAROL, address(0)));
        cheats.prank(CAROL);
        vesting.accept(0);
        cheats.prank(ALICE);
        vesting.offer(0, CAROL);
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, BOB, CAROL));
        cheats.prank(BOB);
        vesting.accept(0);
        cheats.prank(CAROL);
        vesting.accept(0);
        assert(vesting.stream(0).beneficiary == CAROL && vesting.stream(0).offered == address(0));
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, ALICE, CAROL));
        cheats.prank(ALICE);
        vesting.offer(0, ALICE);
        cheats.warp(BEGIN + YEAR + 48 * MONTH);
        vesting.release(0);
        eq(CAROL.balance, 188_100_000_000 ether);
        eq(ALICE.balance, 0);
    }

    function test_reentrantBeneficiary() public {
        Beneficiary b = new Beneficiary();
        Vesting.Grant[] memory list = new Vesting.Grant[](1);
        list[0] = Vesting.Grant(address(b), 100, BEGIN, 0, 100, 0);
        genesis(list, 100, "");
        cheats.warp(BEGIN + 40);
        vesting.release(0);
        assert(b.blocked());
        eq(address(b).balance, 40);
        b.set(true);
        cheats.warp(BEGIN + 50);
        cheats.expectRevert(abi.encodeWithSelector(Beneficiary.NotNow.selector));
        vesting.release(0);
        eq(vesting.stream(0).released, 40);
        cheats.etch(address(b), hex"5f5ffd");
        cheats.expectRevert(abi.encodeWithSelector(Vesting.ReleaseRefused.selector, address(b), 10));
        vesting.release(0);
    }

    function test_itTakesNoMoneyLater() public {
        both();
        (bool ok,) = A.VESTING.call{value: 1}("");
        assert(!ok);
    }

    /// What is due only grows, is never more than the total, and all of it in the end.
    function testFuzz_growsToTheTotal(Vesting.Grant memory g, uint64 time, uint64 later) public {
        (g.beneficiary, g.start, g.cliff) = (ALICE, g.start % (1 << 40), g.cliff % (1 << 40));
        (g.duration, g.total) = (g.duration % (1 << 40) + 1, g.total % 1e30 + 1);
        g.step = g.step % 3 == 0 ? 0 : g.duration;
        Vesting.Grant[] memory list = new Vesting.Grant[](1);
        list[0] = g;
        genesis(list, g.total, "");
        (time, later) = time < later ? (time, later) : (later, time);
        uint256 first = vesting.vestedAt(0, time);
        uint256 second = vesting.vestedAt(0, later);
        assert(first <= second && second <= g.total);
        if (time <= g.start + g.cliff) eq(first, 0);
        eq(vesting.vestedAt(0, uint256(g.start) + g.cliff + g.duration), g.total);
    }

    function both() private {
        Vesting.Grant[] memory list = new Vesting.Grant[](2);
        (list[0], list[1]) = (team(), ecosystem());
        genesis(list, uint256(list[0].total) + list[1].total, "");
    }

    function genesis(Vesting.Grant[] memory list, uint256 value, bytes memory reason) private {
        cheats.deal(A.SYSTEM, value);
        if (reason.length > 0) cheats.expectRevert(reason);
        cheats.prank(A.SYSTEM);
        vesting.genesis{value: value}(list);
    }

    function nothing(uint256 id) private {
        cheats.expectRevert(abi.encodeWithSelector(Vesting.NothingDue.selector, id));
        vesting.release(id);
    }
}

/// Time, releases and changes of beneficiaries in any order.
contract Claimants is GovernanceBase {
    uint256 public paid;
    uint256[3] public paidOf;

    function wait(uint256 time) external {
        pass(time % 40 days);
    }

    function release(uint256 id) external {
        id %= 3;
        uint256 due = vesting.releasable(id);
        if (due == 0) return;
        uint256 before = vesting.stream(id).beneficiary.balance;
        vesting.release(id);
        eq(vesting.stream(id).beneficiary.balance - before, due);
        paid += due;
        paidOf[id] += due;
    }

    function handOver(uint256 id, uint160 to) external {
        id %= 3;
        address next = address(0x50_000 + to % 5);
        cheats.prank(vesting.stream(id).beneficiary);
        vesting.offer(id, next);
        cheats.prank(next);
        vesting.accept(id);
    }
}

contract VestingInvariantTest is GovernanceBase {
    Claimants private claimants;
    Vesting.Grant[] private grants;

    function setUp() public {
        place();
        uint64 begin = uint64(GENESIS_TIME);
        grants.push(Vesting.Grant(ALICE, 1e27, begin, 365 days, 1_461 days, 0));
        grants.push(Vesting.Grant(BOB, 1e27 + 1, begin, 0, 720 days, 30 days));
        grants.push(Vesting.Grant(CAROL, 7, begin + 1_000 days, 0, 7_001, 0));
        cheats.deal(A.SYSTEM, 2e27 + 8);
        cheats.prank(A.SYSTEM);
        vesting.genesis{value: 2e27 + 8}(grants);
        cheats.roll(1);
        claimants = new Claimants();
    }

    /// Read by forge: the fuzzer calls nothing but the claimants.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(claimants);
    }

    /// Never is more paid than a straight line from the cliff's end allows, and what is not paid is there.
    function invariant_neverMoreThanIsDue() public view {
        eq(A.VESTING.balance + claimants.paid(), 2e27 + 8);
        for (uint256 id = 0; id < 3; ++id) {
            Vesting.Grant memory g = grants[id];
            uint256 begin = uint256(g.start) + g.cliff;
            uint256 passed = block.timestamp < begin ? 0 : block.timestamp - begin;
            uint256 most = passed >= g.duration ? g.total : uint256(g.total) * passed / g.duration;
            assert(claimants.paidOf(id) <= most);
            eq(vesting.stream(id).released, claimants.paidOf(id));
        }
    }
}
