// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Callers} from "../../system/Callers.sol";
import {Deposit, IBridgeInbox, RootView} from "../../system/interfaces/IBridgeInbox.sol";
import {eq, ok} from "../system/SystemTest.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";

contract AttestationsTest is BridgeTest {
    bytes32 private constant HASH = keccak256("a running hash");
    bytes32 private constant OTHER = keccak256("another");

    function setUp() public {
        bridgeGenesis();
    }

    function accepted(uint256 root) private view returns (uint256) {
        return inbox.rootChain(root).accepted;
    }

    function refuse(bytes memory reason, address who, uint256 root, uint64 to, bytes32 hash) private {
        vm.prank(who);
        vm.expectRevert(reason);
        inbox.attest(root, to, hash);
    }

    function test_moreThanTwoThirdsAccept() public {
        vote(0, TRON, 5, HASH);
        vote(1, TRON, 5, HASH);
        eq(accepted(TRON), 0, "half is not enough");
        eq(inbox.powerFor(TRON, 5, HASH), 40e6, "counted");
        vm.expectEmit(true, true, true, true, address(inbox));
        emit IBridgeInbox.Accepted(TRON, 5, HASH, 60e6, 80e6);
        vote(2, TRON, 5, HASH);
        RootView memory root = inbox.rootChain(TRON);
        eq(root.accepted, 5, "accepted");
        ok(root.acceptedChain == HASH, "this hash");
        eq(accepted(ETHEREUM), 0, "the other root chain has votes of its own");
        refuse(abi.encodeWithSelector(IBridgeInbox.NotForward.selector, 5, 6), signer(3), TRON, 5, HASH);
    }

    /// Two of three equal validators are exactly two thirds.
    function test_exactlyTwoThirdsAreNotEnough() public {
        vm.prank(operator(3));
        staking.leave();
        close();
        vote(0, TRON, 5, HASH);
        vote(1, TRON, 5, HASH);
        eq(inbox.powerFor(TRON, 5, HASH) * 3, set.totalPower() * 2, "exactly two thirds");
        eq(accepted(TRON), 0, "not accepted");
        vote(2, TRON, 5, HASH);
        eq(accepted(TRON), 5, "accepted");
    }

    function testFuzz_strangersChangeNothing(address who, uint64 to) public {
        vm.assume(set.powerOf(who) == 0 && who != address(vm));
        refuse(abi.encodeWithSelector(IBridgeInbox.NotValidator.selector, who), who, TRON, to, HASH);
        eq(inbox.powerFor(TRON, to, HASH), 0, "nothing");
    }

    function test_operatorsDoNotAttest() public {
        refuse(abi.encodeWithSelector(IBridgeInbox.NotValidator.selector, operator(0)), operator(0), TRON, 1, HASH);
    }

    function test_aVoteMovesForwardAndCountsOnce() public {
        vote(0, TRON, 5, HASH);
        refuse(abi.encodeWithSelector(IBridgeInbox.NotForward.selector, 5, 6), signer(0), TRON, 5, HASH);
        refuse(abi.encodeWithSelector(IBridgeInbox.NotForward.selector, 5, 6), signer(0), TRON, 5, OTHER);
        refuse(abi.encodeWithSelector(IBridgeInbox.NotForward.selector, 4, 6), signer(0), TRON, 4, HASH);
        vote(0, TRON, 6, OTHER);
        eq(inbox.powerFor(TRON, 5, HASH), 20e6, "what it said of 5 stands");
        eq(inbox.powerFor(TRON, 6, OTHER), 20e6, "and of 6");
        (uint64 to, uint64 epoch) = inbox.voteOf(TRON, signer(0));
        eq(to, 6, "its vote");
        eq(epoch, set.epochNumber(), "its epoch");
    }

    function test_differentHashesDoNotAddUp() public {
        vote(0, TRON, 5, HASH);
        vote(1, TRON, 5, OTHER);
        vote(2, TRON, 5, HASH);
        eq(accepted(TRON), 0, "two for one, one for the other");
        vote(3, TRON, 5, OTHER);
        eq(accepted(TRON), 0, "a draw");
        vote(0, TRON, 6, HASH);
        vote(1, TRON, 6, HASH);
        vote(3, TRON, 6, HASH);
        eq(accepted(TRON), 6, "they agree further on");
    }

    function test_howFarAhead() public {
        refuse(abi.encodeWithSelector(IBridgeInbox.TooFarAhead.selector, 1025, 1024), signer(0), TRON, 1025, HASH);
        vote(0, TRON, 1024, HASH);
        refuse(abi.encodeWithSelector(IBridgeInbox.NotForward.selector, 0, 1), signer(1), TRON, 0, HASH);
    }

    function test_closedAndUnknownRoots() public {
        refuse(abi.encodeWithSelector(IBridgeInbox.UnknownRoot.selector, 7), signer(0), 7, 1, HASH);
        vm.prank(TIMELOCK);
        inbox.setEnabled(TRON, false);
        refuse(abi.encodeWithSelector(IBridgeInbox.RootDisabled.selector, TRON), signer(0), TRON, 1, HASH);
    }

    /// Votes of two sets never add up, even if their members are the same.
    function test_votesOfAnEpochThatIsOverDoNotCount() public {
        vote(0, TRON, 5, HASH);
        vote(1, TRON, 5, HASH);
        close();
        eq(inbox.powerFor(TRON, 5, HASH), 0, "begins anew");
        vote(2, TRON, 5, HASH);
        eq(accepted(TRON), 0, "one of four");
        refuse(abi.encodeWithSelector(IBridgeInbox.NotForward.selector, 4, 5), signer(0), TRON, 4, HASH);
        vote(0, TRON, 5, HASH);
        refuse(abi.encodeWithSelector(IBridgeInbox.NotForward.selector, 5, 6), signer(0), TRON, 5, HASH);
        vote(1, TRON, 5, HASH);
        eq(accepted(TRON), 5, "three of four, all in this epoch");
    }

    /// The power that counts is that of the set in which the vote is given.
    function test_powerOfTheNewSetCounts() public {
        vote(0, TRON, 5, HASH);
        delegate(ANNA, 3, 300e6 ether);
        close();
        vote(0, TRON, 5, HASH);
        vote(1, TRON, 5, HASH);
        vote(2, TRON, 5, HASH);
        eq(inbox.powerFor(TRON, 5, HASH), 60e6, "of 380e6 now");
        eq(accepted(TRON), 0, "three of four, but not two thirds");
        vote(3, TRON, 5, HASH);
        eq(accepted(TRON), 5, "all");
        eq(inbox.powerFor(TRON, 5, HASH), 380e6, "all of it");
    }

    function test_whoLeftTheSetHasNoPowerAndWhoCameHas() public {
        create(9, 500e6 ether);
        vote(0, TRON, 5, HASH);
        refuse(abi.encodeWithSelector(IBridgeInbox.NotValidator.selector, signer(9)), signer(9), TRON, 5, HASH);
        vm.prank(operator(0));
        staking.leave();
        close();
        refuse(abi.encodeWithSelector(IBridgeInbox.NotValidator.selector, signer(0)), signer(0), TRON, 5, HASH);
        vote(9, TRON, 5, HASH);
        eq(accepted(TRON), 5, "500e6 of 560e6");
    }

    /// A validator that changes its key does not count with both.
    function test_aNewKeyIsNotASecondVote() public {
        vote(0, TRON, 5, HASH);
        vote(1, TRON, 5, HASH);
        bytes memory proof_ = proof(50, operator(0));
        next(2 days);
        vm.prank(operator(0));
        staking.rotateKey(signer(50), proof_);
        refuse(abi.encodeWithSelector(IBridgeInbox.NotValidator.selector, signer(50)), signer(50), TRON, 5, HASH);
        close();
        vote(50, TRON, 5, HASH);
        refuse(abi.encodeWithSelector(IBridgeInbox.NotValidator.selector, signer(0)), signer(0), TRON, 5, HASH);
        vote(1, TRON, 5, HASH);
        eq(inbox.powerFor(TRON, 5, HASH), 40e6, "two votes");
        eq(accepted(TRON), 0, "of four");
    }

    function test_dropAcceptedIsTheWayOut() public {
        put(TRON, USDT, BOB, 1);
        for (uint256 i = 0; i < 3; ++i) {
            vote(i, TRON, 1000, HASH);
        }
        Deposit[] memory list = models[TRON].deposits(0, 1);
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.WrongCount.selector, 1, 1000));
        inbox.execute(TRON, list);
        vm.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, address(this), TIMELOCK));
        inbox.dropAccepted(TRON);
        vm.prank(TIMELOCK);
        inbox.dropAccepted(TRON);
        eq(accepted(TRON), 0, "dropped");
        eq(inbox.powerFor(TRON, 1000, HASH), 0, "and its votes");
        settle(TRON);
        eq(token(TRON, USDT).balanceOf(BOB), 1, "the same validators vouched for what happened, in the same epoch");
    }

    /// Random powers and voters against a plain sum.
    function testFuzz_threshold(uint256 seed) public {
        uint256[4] memory stake;
        for (uint256 i = 0; i < 4; ++i) {
            stake[i] = 20e6 + uint256(keccak256(abi.encode(seed, i))) % 50e6;
            if (stake[i] > 20e6) delegate(ANNA, i, (stake[i] - 20e6) * 1 ether);
        }
        close();
        uint256 total = stake[0] + stake[1] + stake[2] + stake[3];
        uint256 sum = 0;
        bool done = false;
        for (uint256 i = 0; i < 4; ++i) {
            if (seed >> (200 + i) & 1 == 0 || done) continue;
            vote(i, TRON, 9, HASH);
            sum += stake[i];
            done = sum * 3 > total * 2;
            eq(inbox.powerFor(TRON, 9, HASH), sum, "sum");
            eq(accepted(TRON), done ? 9 : 0, "accepted above two thirds");
        }
    }
}
