// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "../system/Governor.sol";
import {GovernorVotes} from "../system/GovernorVotes.sol";
import {Lanes} from "../system/Lanes.sol";
import {Params} from "../system/Params.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {Timelock} from "../system/Timelock.sol";
import {Lane} from "../system/interfaces/Lane.sol";
import {ParamIds as Id} from "../system/interfaces/ParamIds.sol";
import {GovernanceBase, MockTarget, cheats} from "./GovernanceBase.sol";

/// What the tests of the governor share: four validators, and the way of a proposal.
abstract contract GovernorBase is GovernanceBase {
    uint8 internal constant FOR = 1;
    uint8 internal constant AGAINST = 2;
    uint8 internal constant ABSTAIN = 3;
    uint8 internal constant VETO = 4;
    uint256 internal constant DEPOSIT = 1e6 ether;

    /// Operators with 40, 30, 20 and 10 % of the stake.
    address internal constant OP1 = address(0x1111);
    address internal constant OP2 = address(0x2222);
    address internal constant OP3 = address(0x3333);
    address internal constant OP4 = address(0x4444);

    function setUp() public virtual {
        start();
        for (uint64 epoch = 1; epoch < 4; ++epoch) {
            staking.setPool(epoch, OP1, 400e6 ether);
            staking.setPool(epoch, OP2, 300e6 ether);
            staking.setPool(epoch, OP3, 200e6 ether);
            staking.setPool(epoch, OP4, 100e6 ether);
        }
        cheats.deal(ALICE, 10 * DEPOSIT);
        cheats.deal(BOB, 10 * DEPOSIT);
    }

    function propose(address target, bytes memory data, uint256 value) internal returns (uint256) {
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(target, data);
        cheats.prank(ALICE);
        return governor.propose{value: value}(t, v, c, "why");
    }

    /// A change of the quorum, with its deposit.
    function proposed() internal returns (uint256) {
        return propose(A.PARAMS, setCall(Id.QUORUM, 4_500), DEPOSIT);
    }

    /// The same, being voted on.
    function voting() internal returns (uint256 id) {
        id = proposed();
        pass(1_800);
        nextEpoch();
    }

    function vote(uint256 id, address who, uint8 choice) internal {
        cheats.prank(who);
        governor.vote(id, choice);
    }

    function own(uint256 id, address who, uint8 choice, address operator) internal {
        address[] memory list = new address[](1);
        list[0] = operator;
        cheats.prank(who);
        governor.vote(id, choice, list);
    }

    function endVote(uint256 id) internal {
        cheats.warp(governor.proposal(id).voteEnd);
    }

    function expectState(uint256 id, Governor.State expected) internal view {
        eq(uint256(governor.state(id)), uint256(expected));
    }

    function expectTally(uint256 id, uint256 f, uint256 a, uint256 n, uint256 v) internal view {
        GovernorVotes.Tally memory t = governor.votes(id);
        eq(t.inFavour, f * 1e6 ether);
        eq(t.against, a * 1e6 ether);
        eq(t.abstain, n * 1e6 ether);
        eq(t.veto, v * 1e6 ether);
    }

    function wrongState(uint256 id, Governor.State got) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(Governor.WrongState.selector, id, got);
    }

    function balanceIs(address who, uint256 expected) internal view {
        eq(who.balance, expected);
    }
}

/// Takes a deposit back, and tries to take it twice.
contract GreedyDepositor {
    Governor private constant governor = Governor(A.GOVERNOR);
    uint256 private id;
    bool public refuse;
    bool public blocked;

    function deposit(uint256 id_, bool refuse_) external payable {
        (id, refuse) = (id_, refuse_);
        governor.deposit{value: msg.value}(id_);
    }

    receive() external payable {
        if (refuse) {
            assembly {
                revert(0, 0)
            }
        }
        try governor.returnDeposit(id, address(this)) {}
        catch {
            blocked = true;
        }
    }
}

contract GovernorProposalTest is GovernorBase {
    function test_wholeWay() public {
        uint256 id = proposed();
        eq(id, 1);
        eq(governor.count(), 1);
        assert(staking.marked(1));
        expectState(id, Governor.State.Waiting);
        Governor.Proposal memory p = governor.proposal(id);
        eq(p.voteStart, GENESIS_TIME + 1_800);
        eq(p.voteEnd, GENESIS_TIME + 1_800 + 5 days);
        eq(p.snapshot, 1);
        eq(p.startEpoch, 2);
        cheats.expectRevert(wrongState(id, Governor.State.Waiting));
        vote(id, OP1, FOR);
        pass(1_800);
        nextEpoch();
        expectState(id, Governor.State.Voting);
        vote(id, OP1, FOR);
        cheats.expectRevert(wrongState(id, Governor.State.Voting));
        governor.queue(id);
        cheats.warp(p.voteEnd - 1);
        expectState(id, Governor.State.Voting);
        endVote(id);
        expectState(id, Governor.State.Succeeded);
        governor.queue(id);
        expectState(id, Governor.State.Queued);
        cheats.expectRevert(wrongState(id, Governor.State.Queued));
        governor.queue(id);
        cheats.expectRevert(
            abi.encodeWithSelector(Timelock.TooEarly.selector, id, block.timestamp, block.timestamp + 7 days)
        );
        governor.execute(id);
        pass(7 days);
        governor.execute(id);
        expectState(id, Governor.State.Executed);
        eq(params.param(Id.QUORUM).pending, 4_500);
        cheats.expectRevert(wrongState(id, Governor.State.Executed));
        governor.execute(id);
        nextEpoch();
        eq(params.get(Id.QUORUM), 4_500);
        governor.returnDeposit(id, ALICE);
        balanceIs(ALICE, 10 * DEPOSIT);
        balanceIs(A.GOVERNOR, 0);
    }

    function test_actionsAreKept() public {
        bytes memory data = abi.encodeWithSignature("spend(address,uint256)", BOB, 5);
        uint256 id = propose(A.TREASURY, data, DEPOSIT / 10);
        (address[] memory t, uint256[] memory v, bytes[] memory c) = governor.actions(id);
        assert(t.length == 1 && t[0] == A.TREASURY && v[0] == 0 && keccak256(c[0]) == keccak256(data));
        assert(governor.proposal(id).lane == Lane.Standard);
        assert(governor.proposal(id).proposer == ALICE);
    }

    function test_unknownProposals() public {
        cheats.expectRevert(abi.encodeWithSelector(Governor.UnknownProposal.selector, 0, 0));
        governor.state(0);
        proposed();
        bytes memory reason = abi.encodeWithSelector(Governor.UnknownProposal.selector, 2, 1);
        cheats.expectRevert(reason);
        governor.state(2);
        cheats.expectRevert(reason);
        governor.proposal(2);
        cheats.expectRevert(reason);
        governor.actions(2);
        cheats.expectRevert(reason);
        governor.tally(2);
        cheats.expectRevert(reason);
        governor.depositOf(2, ALICE);
        cheats.expectRevert(reason);
        governor.deposit{value: 1}(2);
        cheats.expectRevert(reason);
        governor.cancel(2);
        cheats.expectRevert(reason);
        vote(2, OP1, FOR);
    }

    function test_aChangeThatParamsRefusesCannotBeProposed() public {
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(A.PARAMS, setCall(Id.QUORUM, 9_999));
        refuse(t, v, c, abi.encodeWithSelector(Params.OutOfBounds.selector, Id.QUORUM, 9_999, 2_000, 6_600));
        (t, v, c) = two(A.PARAMS, setCall(Id.BURN_PERCENT, 60), A.PARAMS, setCall(Id.STAKERS_PERCENT, 41));
        refuse(
            t,
            v,
            c,
            abi.encodeWithSelector(Params.SumTooLarge.selector, Id.BURN_PERCENT, 60, Id.STAKERS_PERCENT, 41, 100)
        );
    }

    function test_mixedLanesAreRefused() public {
        bytes memory spend = abi.encodeWithSignature("spend(address,uint256)", BOB, 5);
        bytes memory pause = abi.encodeWithSignature("pause(uint256)", 1);
        (address[] memory t, uint256[] memory v, bytes[] memory c) =
            two(A.TREASURY, spend, A.PARAMS, setCall(Id.QUORUM, 4_500));
        refuse(t, v, c, abi.encodeWithSelector(Lanes.MixedLanes.selector, Lane.Standard, Lane.Long, 1));
        (t, v, c) = two(INBOX, pause, A.TREASURY, spend);
        refuse(t, v, c, abi.encodeWithSelector(Lanes.MixedLanes.selector, Lane.Expedited, Lane.Standard, 1));
        (t, v, c) = two(A.PARAMS, setCall(Id.BURN_PERCENT, 60), A.PARAMS, setCall(Id.QUORUM, 4_500));
        refuse(t, v, c, abi.encodeWithSelector(Lanes.MixedLanes.selector, Lane.Standard, Lane.Long, 1));
    }

    function test_malformedProposals() public {
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(BOB, setCall(Id.QUORUM, 4_500));
        refuse(t, v, c, abi.encodeWithSelector(Lanes.NotAllowed.selector, BOB, Params.set.selector));
        (t, v, c) = one(A.PARAMS, setCall(Id.QUORUM, 4_500));
        v[0] = 1;
        refuse(t, v, c, abi.encodeWithSelector(Lanes.ValueNotZero.selector, 0, 1));
        refuse(t, new uint256[](2), c, abi.encodeWithSelector(Lanes.LengthsDiffer.selector, 1, 2, 1));
        refuse(t, new uint256[](1), new bytes[](2), abi.encodeWithSelector(Lanes.LengthsDiffer.selector, 1, 1, 2));
        refuse(
            new address[](0),
            new uint256[](0),
            new bytes[](0),
            abi.encodeWithSelector(Lanes.WrongActionCount.selector, 0, 1, 16)
        );
        refuse(
            new address[](17),
            new uint256[](17),
            new bytes[](17),
            abi.encodeWithSelector(Lanes.WrongActionCount.selector, 17, 1, 16)
        );
        (t, v, c) = one(OUTBOX, new bytes(8_193));
        refuse(t, v, c, abi.encodeWithSelector(Governor.CalldataTooLong.selector, 8_193, 8_192));
    }

    function test_firstDeposit() public {
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(A.PARAMS, setCall(Id.QUORUM, 4_500));
        uint256 least = DEPOSIT / 10;
        cheats.expectRevert(abi.encodeWithSelector(Governor.FirstDepositTooSmall.selector, least - 1, least));
        cheats.prank(ALICE);
        governor.propose{value: least - 1}(t, v, c, "");
        cheats.expectRevert(abi.encodeWithSelector(Governor.DepositTooLarge.selector, DEPOSIT + 1, DEPOSIT));
        cheats.prank(ALICE);
        governor.propose{value: DEPOSIT + 1}(t, v, c, "");
        expectState(propose(A.PARAMS, setCall(Id.QUORUM, 4_500), least), Governor.State.Deposit);
    }

    function test_anybodyDeposits() public {
        uint256 id = propose(A.PARAMS, setCall(Id.QUORUM, 4_500), DEPOSIT / 4);
        cheats.expectRevert(abi.encodeWithSelector(Governor.NoDeposit.selector, id, BOB));
        cheats.prank(BOB);
        governor.deposit(id);
        cheats.prank(BOB);
        governor.deposit{value: DEPOSIT / 4}(id);
        cheats.expectRevert(abi.encodeWithSelector(Governor.DepositTooLarge.selector, DEPOSIT / 2 + 1, DEPOSIT / 2));
        cheats.prank(BOB);
        governor.deposit{value: DEPOSIT / 2 + 1}(id);
        assert(!staking.marked(1));
        cheats.prank(BOB);
        governor.deposit{value: DEPOSIT / 2}(id);
        assert(staking.marked(1));
        expectState(id, Governor.State.Waiting);
        eq(governor.depositOf(id, BOB), DEPOSIT * 3 / 4);
        cheats.expectRevert(wrongState(id, Governor.State.Waiting));
        cheats.prank(BOB);
        governor.deposit{value: 1}(id);
    }

    function test_depositsThatLapse() public {
        uint256 id = propose(A.PARAMS, setCall(Id.QUORUM, 4_500), DEPOSIT / 4);
        pass(14 days - 1);
        cheats.expectRevert(wrongState(id, Governor.State.Deposit));
        governor.returnDeposit(id, ALICE);
        pass(1);
        expectState(id, Governor.State.Lapsed);
        cheats.expectRevert(wrongState(id, Governor.State.Lapsed));
        governor.deposit{value: 1}(id);
        cheats.expectRevert(wrongState(id, Governor.State.Lapsed));
        governor.burnDeposit(id);
        governor.returnDeposit(id, ALICE);
        balanceIs(ALICE, 10 * DEPOSIT);
        cheats.expectRevert(abi.encodeWithSelector(Governor.NoDeposit.selector, id, ALICE));
        governor.returnDeposit(id, ALICE);
    }

    function test_rulesAreThoseOfTheDay() public {
        uint256 id = propose(A.PARAMS, setCall(Id.BURN_PERCENT, 60), DEPOSIT / 2);
        set(Id.PROPOSAL_DEPOSIT, 2 * DEPOSIT);
        set(Id.QUORUM, 4_500);
        set(Id.VOTING_PERIOD, 4 days);
        nextEpoch();
        eq(governor.proposal(id).depositNeeded, DEPOSIT);
        cheats.prank(BOB);
        governor.deposit{value: DEPOSIT / 2}(id);
        Governor.Proposal memory p = governor.proposal(id);
        eq(p.quorum, 4_500);
        eq(p.voteEnd - p.voteStart, 4 days);
        set(Id.EXECUTION_WINDOW, 7 days);
        nextEpoch();
        eq(governor.proposal(id).window, 14 days);
    }

    function test_cancelBeforeTheVote() public {
        uint256 id = propose(A.PARAMS, setCall(Id.QUORUM, 4_500), DEPOSIT / 4);
        cheats.expectRevert(abi.encodeWithSelector(Governor.NotProposer.selector, id, BOB, ALICE));
        cheats.prank(BOB);
        governor.cancel(id);
        cheats.prank(ALICE);
        governor.cancel(id);
        expectState(id, Governor.State.Canceled);
        cheats.expectRevert(wrongState(id, Governor.State.Canceled));
        cheats.prank(ALICE);
        governor.cancel(id);
        governor.returnDeposit(id, ALICE);

        id = proposed();
        cheats.prank(ALICE);
        governor.cancel(id);
        nextEpoch();
        expectState(id, Governor.State.Canceled);
        governor.returnDeposit(id, ALICE);
        balanceIs(ALICE, 10 * DEPOSIT);

        pass(1_800);
        id = proposed();
        nextEpoch();
        cheats.expectRevert(wrongState(id, Governor.State.Voting));
        cheats.prank(ALICE);
        governor.cancel(id);
    }

    function test_noQuorumBurnsTheDeposit() public {
        uint256 id = voting();
        cheats.expectRevert(wrongState(id, Governor.State.Voting));
        governor.burnDeposit(id);
        vote(id, OP2, FOR);
        endVote(id);
        expectState(id, Governor.State.NoQuorum);
        cheats.expectRevert(wrongState(id, Governor.State.NoQuorum));
        governor.returnDeposit(id, ALICE);
        governor.burnDeposit(id);
        eq(supply.burned(), DEPOSIT);
        balanceIs(A.GOVERNOR, 0);
        cheats.expectRevert(abi.encodeWithSelector(Governor.AlreadyBurned.selector, id));
        governor.burnDeposit(id);
    }

    function test_vetoBurnsTheDeposit() public {
        uint256 id = voting();
        vote(id, OP1, FOR);
        vote(id, OP2, ABSTAIN);
        vote(id, OP3, VETO);
        vote(id, OP4, VETO);
        expectTally(id, 400, 0, 300, 300);
        endVote(id);
        // 300 of 1,000 is less than a third, though 300 of the 700 that took a side is more.
        expectState(id, Governor.State.Succeeded);

        id = propose(A.PARAMS, setCall(Id.QUORUM, 4_400), DEPOSIT);
        nextEpoch();
        vote(id, OP1, FOR);
        vote(id, OP2, VETO);
        endVote(id);
        expectState(id, Governor.State.Vetoed);
        governor.burnDeposit(id);
        eq(supply.burned(), DEPOSIT);
    }

    function test_aThirdIsNotYetAVeto() public {
        staking.setPool(1, OP1, 333.3e6 ether);
        staking.setPool(1, OP2, 666.7e6 ether);
        staking.setPool(2, OP1, 333.4e6 ether);
        staking.setPool(2, OP2, 666.6e6 ether);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 id = proposed();
            nextEpoch();
            vote(id, OP1, VETO);
            vote(id, OP2, FOR);
            endVote(id);
            expectState(id, i == 0 ? Governor.State.Succeeded : Governor.State.Vetoed);
        }
    }

    function test_halfIsNotEnough() public {
        staking.setPool(1, OP1, 300e6 ether);
        uint256 id = voting();
        vote(id, OP1, FOR);
        vote(id, OP2, AGAINST);
        endVote(id);
        expectState(id, Governor.State.Defeated);
        cheats.expectRevert(wrongState(id, Governor.State.Defeated));
        governor.queue(id);
        governor.returnDeposit(id, ALICE);
        balanceIs(ALICE, 10 * DEPOSIT);
    }

    function test_abstentionsMakeAQuorumButDecideNothing() public {
        uint256 id = voting();
        vote(id, OP1, ABSTAIN);
        endVote(id);
        expectState(id, Governor.State.Defeated);
        id = propose(A.PARAMS, setCall(Id.QUORUM, 4_400), DEPOSIT);
        nextEpoch();
        vote(id, OP1, ABSTAIN);
        vote(id, OP4, FOR);
        endVote(id);
        expectState(id, Governor.State.Succeeded);
    }

    function test_quorumToTheWei() public {
        staking.setPool(1, OP1, 400e6 ether - 1);
        staking.setPool(1, OP4, 100e6 ether + 1);
        staking.setWeight(1, CAROL, OP4, 1);
        uint256 id = voting();
        vote(id, OP1, FOR);
        (, uint256 total, uint256 quorum) = governor.tally(id);
        eq(total, 1e9 ether);
        eq(quorum, 400e6 ether);
        assert(!governor.proposal(id).quorate);
        own(id, CAROL, FOR, OP4);
        assert(governor.proposal(id).quorate);
    }

    function test_passedButNotQueuedInTime() public {
        uint256 id = voting();
        vote(id, OP1, FOR);
        endVote(id);
        pass(14 days - 1);
        expectState(id, Governor.State.Succeeded);
        pass(1);
        expectState(id, Governor.State.Expired);
        cheats.expectRevert(wrongState(id, Governor.State.Expired));
        governor.queue(id);
        governor.returnDeposit(id, ALICE);
    }

    function test_queuedButNotExecutedInTime() public {
        uint256 id = voting();
        vote(id, OP1, FOR);
        endVote(id);
        governor.queue(id);
        pass(7 days + 14 days - 1);
        expectState(id, Governor.State.Queued);
        pass(1);
        expectState(id, Governor.State.Expired);
        cheats.expectRevert(wrongState(id, Governor.State.Expired));
        governor.execute(id);
        governor.returnDeposit(id, ALICE);
    }

    function test_expeditedLane() public {
        uint256 id = propose(OUTBOX, abi.encodeWithSignature("pause(uint256)", 1), DEPOSIT);
        pass(1_800);
        nextEpoch();
        Governor.Proposal memory p = governor.proposal(id);
        eq(p.voteEnd - p.voteStart, 1 days);
        pass(1 days - 1);
        // Late, but this lane knows no extension.
        vote(id, OP1, FOR);
        eq(governor.proposal(id).voteEnd, p.voteEnd);
        assert(!governor.proposal(id).extended);
        endVote(id);
        governor.queue(id);
        governor.execute(id);
        eq(MockTarget(payable(OUTBOX)).calls(), 1);
        assert(keccak256(MockTarget(payable(OUTBOX)).last()) == keccak256(abi.encodeWithSignature("pause(uint256)", 1)));
        expectState(id, Governor.State.Executed);
    }

    /// If the epoch ends late, the vote is open from its end on and closes when it was said to.
    function test_aLateEpoch() public {
        uint256 id = proposed();
        pass(1 days);
        expectState(id, Governor.State.Waiting);
        nextEpoch();
        expectState(id, Governor.State.Voting);
        pass(4 days + 1_800);
        expectState(id, Governor.State.NoQuorum);
    }

    /// A deposit completed when the epoch is already over starts the vote then.
    function test_anEpochThatIsDue() public {
        pass(2_000);
        uint256 id = proposed();
        eq(governor.proposal(id).voteStart, GENESIS_TIME + 2_000);
    }

    function test_reentrantDepositor() public {
        uint256 id = propose(A.PARAMS, setCall(Id.QUORUM, 4_500), DEPOSIT / 4);
        GreedyDepositor greedy = new GreedyDepositor();
        cheats.deal(address(this), DEPOSIT);
        greedy.deposit{value: DEPOSIT / 4}(id, false);
        cheats.prank(ALICE);
        governor.cancel(id);
        governor.returnDeposit(id, address(greedy));
        assert(greedy.blocked());
        balanceIs(address(greedy), DEPOSIT / 4);
        balanceIs(A.GOVERNOR, DEPOSIT / 4);
    }

    function test_depositorThatRefuses() public {
        uint256 id = propose(A.PARAMS, setCall(Id.QUORUM, 4_500), DEPOSIT / 4);
        GreedyDepositor greedy = new GreedyDepositor();
        cheats.deal(address(this), DEPOSIT);
        greedy.deposit{value: 7}(id, true);
        cheats.prank(ALICE);
        governor.cancel(id);
        cheats.expectRevert(abi.encodeWithSelector(Governor.ReturnRefused.selector, address(greedy), 7));
        governor.returnDeposit(id, address(greedy));
        governor.returnDeposit(id, ALICE);
    }

    function refuse(address[] memory t, uint256[] memory v, bytes[] memory c, bytes memory reason) private {
        cheats.expectRevert(reason);
        cheats.prank(ALICE);
        governor.propose{value: DEPOSIT}(t, v, c, "");
    }
}
