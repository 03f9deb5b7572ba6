// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IStaking, IStakingEvents, MovedView, UnbondingView} from "../../system/interfaces/IStaking.sol";
import {Fees} from "../../system/interfaces/IValidatorSet.sol";
import {ParamIds} from "../../system/interfaces/ParamIds.sol";
import {SystemTest, eq, ok} from "./SystemTest.sol";
import {vm} from "./Vm.sol";

/// Delegates, and answers payments with what it was told: takes them, refuses them, or calls back.
contract Wallet {
    IStaking private immutable staking;
    bytes private answer;
    bool private refuses;

    constructor(IStaking staking_) payable {
        staking = staking_;
    }

    function act(uint256 value, bytes calldata data) external {
        (bool done, bytes memory reason) = address(staking).call{value: value}(data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    function set(bool refuses_, bytes calldata answer_) external {
        (refuses, answer) = (refuses_, answer_);
    }

    receive() external payable {
        require(!refuses);
        if (answer.length == 0) return;
        (bool done, bytes memory reason) = address(staking).call(answer);
        require(!done && bytes4(reason) == ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
    }
}

contract DelegationTest is SystemTest {
    address private constant ALICE = address(0xA11CE);
    address private constant BOB = address(0xB0B);
    address private constant CAROL = address(0xCA501);

    function setUp() public {
        genesis(4, 20e6 ether);
    }

    function undelegate(address who, uint256 i, uint256 amount) private returns (uint256) {
        vm.prank(who);
        return staking.undelegate(operator(i), amount);
    }

    function redelegate(address who, uint256 from, uint256 to, uint256 amount) private {
        vm.prank(who);
        staking.redelegate(operator(from), operator(to), amount);
    }

    function claim(address who, uint256 i) private returns (uint256) {
        address[] memory from = new address[](1);
        from[0] = operator(i);
        uint256 had = who.balance;
        vm.prank(who);
        staking.claim(from);
        return who.balance - had;
    }

    function worth(address who, uint256 i) private view returns (uint256) {
        return staking.position(who, operator(i)).worth;
    }

    function pending(address who, uint256 i) private view returns (uint256) {
        return staking.position(who, operator(i)).pending;
    }

    function few(uint256 a) private pure returns (uint256[] memory ids) {
        ids = new uint256[](1);
        ids[0] = a;
    }

    function testFuzz_delegateAndUndelegateGiveBackWhatCameIn(uint96 wad) public {
        uint256 amount = 1 ether + uint256(wad);
        delegate(ALICE, 0, amount);
        eq(worth(ALICE, 0), amount, "worth what it cost");
        vm.prank(ALICE);
        uint256 id = staking.undelegateAll(operator(0));
        eq(worth(ALICE, 0), 0, "all out");
        UnbondingView memory u = staking.unbondings(ALICE, 0, 9)[0];
        ok(u.id == id && u.amount == amount && u.left == amount && u.unlock == time + 7 days, "the entry");
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.TooEarly.selector, time, time + 7 days));
        vm.prank(ALICE);
        staking.withdraw(few(id));
        vm.expectRevert(IStakingEvents.NothingToDo.selector);
        vm.prank(ALICE);
        staking.withdrawAll();
        next(7 days);
        vm.prank(ALICE);
        staking.withdraw(few(id));
        eq(ALICE.balance, amount, "paid");
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.UnknownUnbonding.selector, id));
        vm.prank(ALICE);
        staking.withdraw(few(id));
    }

    function test_boundsOfAmounts() public {
        vm.deal(ALICE, 10 ether);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.BelowMinimum.selector, 1 ether - 1, 1 ether));
        staking.delegate{value: 1 ether - 1}(operator(0));
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.UnknownValidator.selector, operator(50)));
        staking.delegate{value: 1 ether}(operator(50));
        vm.prank(ALICE);
        staking.delegate{value: 5 ether}(operator(0));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.InsufficientStake.selector, 5 ether, 6 ether));
        undelegate(ALICE, 0, 6 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.RemainderTooSmall.selector, 1 ether - 1, 1 ether));
        undelegate(ALICE, 0, 4 ether + 1);
        vm.expectRevert(IStakingEvents.NothingToDo.selector);
        undelegate(ALICE, 0, 0);
        vm.expectRevert(IStakingEvents.NothingToDo.selector);
        vm.prank(BOB);
        staking.undelegateAll(operator(0));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.SamePool.selector, operator(0)));
        redelegate(ALICE, 0, 0, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.BelowMinimum.selector, 1 ether - 1, 1 ether));
        redelegate(ALICE, 0, 1, 1 ether - 1);
        undelegate(ALICE, 0, 4 ether);
    }

    function test_atMost64Unbondings() public {
        delegate(ALICE, 0, 1000 ether);
        for (uint256 i = 0; i < 64; ++i) {
            eq(undelegate(ALICE, 0, 1 ether), i, "ids count from 0");
        }
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.TooMany.selector, 64));
        undelegate(ALICE, 0, 1 ether);
        eq(staking.unbondings(ALICE, 60, 10).length, 4, "pages");
        next(7 days);
        uint256[] memory ids = new uint256[](3);
        (ids[0], ids[1], ids[2]) = (63, 0, 5);
        vm.prank(ALICE);
        staking.withdraw(ids);
        eq(undelegate(ALICE, 0, 1 ether), 64, "an id is used once");
        vm.prank(ALICE);
        staking.withdrawAll();
        eq(ALICE.balance, 64 ether, "all but the young one");
        eq(staking.unbondings(ALICE, 0, 10)[0].id, 64, "which stays");
    }

    function test_stakeCountsFromTheNextEpoch() public {
        close();
        delegate(ALICE, 0, 20e6 ether);
        ok(staking.position(ALICE, operator(0)).active == 0, "warms up");
        close(0, Fees(1e6 ether, 0, 0, 0));
        eq(pending(ALICE, 0), 0, "no part of the epoch in which it came");
        close(0, Fees(1e6 ether, 0, 0, 0));
        uint256 earned = pending(ALICE, 0);
        ok(earned > 0, "part of the next");
        // The operator has as many shares less the dead one, and an epoch more.
        ok(pending(operator(0), 0) > earned, "the operator had more");
        eq(claim(ALICE, 0), earned, "paid");
        eq(claim(ALICE, 0), 0, "once");
    }

    /// Whoever comes after an epoch's work and leaves before the next one's end earns nothing; nor does who leaves and returns.
    function test_leavingAndRejoiningGainsNothing() public {
        delegate(ALICE, 0, 1e6 ether);
        delegate(BOB, 0, 1e6 ether);
        close(0, Fees(1e6 ether, 0, 0, 0));
        // BOB leaves and comes back within an epoch, by every way there is.
        uint256 id = undelegate(BOB, 0, 500_000 ether);
        vm.prank(BOB);
        staking.cancelUnbonding(id);
        close(0, Fees(1e6 ether, 0, 0, 0));
        uint256 alice = pending(ALICE, 0);
        ok(pending(BOB, 0) * 2 <= alice + 1, "half of the shares lost the epoch");
        close(0, Fees(1e6 ether, 0, 0, 0));
        ok(pending(BOB, 0) < pending(ALICE, 0), "and never get it back");
        // What comes and goes within an epoch is as if it had not been.
        delegate(CAROL, 0, 1e6 ether);
        vm.prank(CAROL);
        staking.undelegateAll(operator(0));
        close(0, Fees(1e6 ether, 0, 0, 0));
        close(0, Fees(1e6 ether, 0, 0, 0));
        eq(pending(CAROL, 0), 0, "nothing");
    }

    function test_warmSharesLeaveFirst() public {
        delegate(ALICE, 0, 100 ether);
        close();
        delegate(ALICE, 0, 50 ether);
        undelegate(ALICE, 0, 30 ether);
        ok(staking.position(ALICE, operator(0)).active == 100 ether, "what counts still counts");
        undelegate(ALICE, 0, 30 ether);
        ok(staking.position(ALICE, operator(0)).active == 90 ether, "then what counts");
        eq(staking.validator(operator(0)).warming, 0, "nothing of it warms up");
    }

    /// Shares that warmed up while the pool was not in the set earn from when it is, and not what it earned before.
    function test_warmUpOutsideTheSet() public {
        close(0, Fees(1e6 ether, 0, 0, 0));
        slashDowntime(3);
        close();
        delegate(ALICE, 3, 10e6 ether);
        close();
        close();
        eq(pending(ALICE, 3), 0, "nothing yet");
        next(3600);
        vm.prank(operator(3));
        staking.unjail();
        close();
        eq(pending(ALICE, 3), 0, "elected just now");
        delegate(BOB, 3, 10e6 ether);
        close(0, Fees(1e6 ether, 0, 0, 0));
        uint256 alice = pending(ALICE, 3);
        ok(alice > 0 && pending(BOB, 3) == 0, "its first reward goes to who was there");
        eq(claim(ALICE, 3), alice, "paid");
    }

    function test_claimFromSeveralAtOnce() public {
        delegate(ALICE, 0, 100 ether);
        delegate(ALICE, 1, 100 ether);
        close();
        close(0, Fees(1e6 ether, 0, 0, 0));
        uint256 sum = pending(ALICE, 0) + pending(ALICE, 1);
        address[] memory from = new address[](3);
        (from[0], from[1], from[2]) = (operator(0), operator(1), operator(0));
        vm.prank(ALICE);
        staking.claim(from);
        eq(ALICE.balance, sum, "each once");
        from[1] = address(5);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.UnknownValidator.selector, address(5)));
        staking.claim(from);
    }

    function test_restake() public {
        delegate(ALICE, 0, 10e6 ether);
        close();
        close(0, Fees(1e6 ether, 0, 0, 0));
        uint256 reward = pending(ALICE, 0);
        vm.prank(ALICE);
        staking.restake(operator(0));
        eq(worth(ALICE, 0), 10e6 ether + reward, "staked");
        eq(pending(ALICE, 0), 0, "no longer owed");
        eq(ALICE.balance, 0, "nothing paid");
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.BelowMinimum.selector, 0, 1 ether));
        staking.restake(operator(0));
    }

    function test_redelegateMovesAtOnceAndOnce() public {
        delegate(ALICE, 0, 100 ether);
        redelegate(ALICE, 0, 1, 60 ether);
        ok(worth(ALICE, 0) == 40 ether && worth(ALICE, 1) == 60 ether, "moved");
        MovedView memory note = staking.moved(ALICE, operator(1))[0];
        ok(note.source == operator(0) && note.shares == 60 ether && note.end == time + 7 days, "bound");
        delegate(ALICE, 1, 10 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.StakeStillBound.selector, 10 ether, 11 ether));
        redelegate(ALICE, 1, 2, 11 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.StakeStillBound.selector, 10 ether, 70 ether));
        vm.prank(ALICE);
        staking.redelegateAll(operator(1), operator(2));
        redelegate(ALICE, 1, 2, 10 ether);
        next(7 days);
        vm.prank(ALICE);
        staking.redelegateAll(operator(1), operator(2));
        eq(worth(ALICE, 2), 70 ether, "free after the unbonding time");
        eq(staking.moved(ALICE, operator(1)).length, 0, "the note is gone");
    }

    function test_atMost16Notes() public {
        delegate(ALICE, 0, 100 ether);
        for (uint256 i = 0; i < 16; ++i) {
            redelegate(ALICE, 0, 1, 1 ether);
        }
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.TooMany.selector, 16));
        redelegate(ALICE, 0, 1, 1 ether);
        redelegate(ALICE, 0, 2, 1 ether);
        next(7 days);
        redelegate(ALICE, 0, 1, 1 ether);
        eq(staking.moved(ALICE, operator(1)).length, 1, "old notes make room");
    }

    function test_movedStakeUnbondsWithItsSource() public {
        delegate(ALICE, 0, 100 ether);
        delegate(ALICE, 1, 100 ether);
        delegate(ALICE, 2, 10 ether);
        redelegate(ALICE, 0, 2, 30 ether);
        next(100);
        redelegate(ALICE, 1, 2, 40 ether);
        uint256 end = time + 7 days - 100;
        next(100);
        eq(undelegate(ALICE, 2, 60 ether), 0, "the first of three");
        UnbondingView[] memory list = staking.unbondings(ALICE, 0, 9);
        eq(list.length, 3, "one for the rest, one for each note");
        ok(list[0].amount == 10 ether && list[0].source == address(0), "free shares first");
        ok(
            list[1].amount == 30 ether && list[1].source == operator(0) && list[1].sourceEnd == end,
            "then the oldest note"
        );
        ok(
            list[2].amount == 20 ether && list[2].source == operator(1) && list[2].sourceEnd == end + 100,
            "then the next"
        );
        eq(staking.moved(ALICE, operator(2))[0].shares, 20 ether, "what is left of it");
        // Coming back it is bound again.
        vm.prank(ALICE);
        staking.cancelUnbonding(1);
        MovedView memory note = staking.moved(ALICE, operator(2))[1];
        ok(note.source == operator(0) && note.shares == 30 ether && note.end == end, "bound as before");
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.StakeStillBound.selector, 0, 5 ether));
        redelegate(ALICE, 2, 3, 5 ether);
    }

    function test_cancelUnbonding() public {
        delegate(ALICE, 0, 100 ether);
        close();
        uint256 id = undelegate(ALICE, 0, 60 ether);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.UnknownUnbonding.selector, id));
        staking.cancelUnbonding(id);
        vm.prank(ALICE);
        staking.cancelUnbonding(id);
        eq(worth(ALICE, 0), 100 ether, "back");
        eq(staking.position(ALICE, operator(0)).active, 40 ether, "as a new delegation");
        eq(staking.unbondings(ALICE, 0, 9).length, 0, "gone");
        id = undelegate(ALICE, 0, 60 ether);
        vm.prank(operator(0));
        staking.leave();
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Closed.selector, operator(0)));
        staking.cancelUnbonding(id);
    }

    function test_walletsThatRefuseBlockNobody() public {
        vm.deal(address(this), 100 ether);
        Wallet wallet = new Wallet{value: 50 ether}(staking);
        wallet.act(50 ether, abi.encodeCall(staking.delegate, (operator(0))));
        delegate(ALICE, 0, 50 ether);
        wallet.act(0, abi.encodeCall(staking.undelegateAll, (operator(0))));
        vm.prank(ALICE);
        staking.undelegateAll(operator(0));
        close();
        next(7 days);
        wallet.set(true, "");
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.PaymentRefused.selector, address(wallet), 50 ether));
        wallet.act(0, abi.encodeCall(staking.withdrawAll, ()));
        vm.prank(ALICE);
        staking.withdrawAll();
        eq(ALICE.balance, 50 ether, "the others are paid");
        wallet.set(false, "");
        wallet.act(0, abi.encodeCall(staking.withdrawAll, ()));
        eq(address(wallet).balance, 50 ether, "and the wallet once it takes it");
    }

    function test_nothingCanBeCalledBack() public {
        vm.deal(address(this), 100 ether);
        Wallet wallet = new Wallet{value: 100 ether}(staking);
        wallet.act(100 ether, abi.encodeCall(staking.delegate, (operator(0))));
        address[] memory from = new address[](1);
        from[0] = operator(0);
        bytes[7] memory calls = [
            abi.encodeCall(staking.withdrawAll, ()),
            abi.encodeCall(staking.claim, (from)),
            abi.encodeCall(staking.undelegate, (operator(0), 1 ether)),
            abi.encodeCall(staking.redelegate, (operator(0), operator(1), 1 ether)),
            abi.encodeCall(staking.restake, (operator(0))),
            abi.encodeCall(staking.settleMoved, (ALICE, operator(0))),
            abi.encodeCall(staking.claimCommission, ())
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            wallet.act(0, abi.encodeCall(staking.undelegate, (operator(0), 1 ether)));
            next(7 days);
            wallet.set(false, calls[i]);
            uint256 had = address(wallet).balance;
            wallet.act(0, abi.encodeCall(staking.withdrawAll, ()));
            eq(address(wallet).balance - had, 1 ether, "paid once");
        }
    }

    function test_minimumsFollowTheParameters() public {
        params.set(ParamIds.MIN_DELEGATION, 5 ether);
        vm.deal(ALICE, 4 ether);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.BelowMinimum.selector, 4 ether, 5 ether));
        staking.delegate{value: 4 ether}(operator(0));
    }
}
