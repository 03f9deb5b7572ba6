// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "../system/Governor.sol";
import {GovernorVotes} from "../system/GovernorVotes.sol";
import {ParamIds as Id} from "../system/interfaces/ParamIds.sol";
import {GovernorBase} from "./Governor.t.sol";
import {cheats} from "./GovernanceBase.sol";

contract GovernorVotesTest is GovernorBase {
    uint256 private id;

    function setUp() public override {
        super.setUp();
        staking.setWeight(1, CAROL, OP1, 50e6 ether);
        staking.setWeight(1, CAROL, OP2, 30e6 ether);
        staking.setWeight(1, BOB, OP1, 350e6 ether);
        id = voting();
    }

    function test_fourWays() public {
        cheats.expectEmit(true, true, false, true, address(governor));
        emit GovernorVotes.PoolVoted(id, OP1, GovernorVotes.Choice.For, 400e6 ether);
        vote(id, OP1, FOR);
        vote(id, OP2, AGAINST);
        vote(id, OP3, ABSTAIN);
        vote(id, OP4, VETO);
        expectTally(id, 400, 300, 200, 100);
    }

    function test_badChoices() public {
        cheats.expectRevert(abi.encodeWithSelector(GovernorVotes.BadChoice.selector, 0, 1, 4));
        vote(id, OP1, 0);
        cheats.expectRevert(abi.encodeWithSelector(GovernorVotes.BadChoice.selector, 5, 1, 4));
        own(id, CAROL, 5, OP1);
    }

    function test_whoHasNoStakeHasNoVote() public {
        cheats.expectRevert(abi.encodeWithSelector(GovernorVotes.NoWeight.selector, id, ALICE, ALICE));
        vote(id, ALICE, FOR);
        cheats.expectRevert(abi.encodeWithSelector(GovernorVotes.NoWeight.selector, id, ALICE, OP1));
        own(id, ALICE, FOR, OP1);
        // A weight at an operator outside the set counts for nothing.
        staking.setWeight(1, ALICE, BOB, 5 ether);
        cheats.expectRevert(abi.encodeWithSelector(GovernorVotes.NoWeight.selector, id, ALICE, BOB));
        own(id, ALICE, FOR, BOB);
        // Stake of another epoch counts for nothing.
        staking.setWeight(2, ALICE, OP1, 5 ether);
        cheats.expectRevert(abi.encodeWithSelector(GovernorVotes.NoWeight.selector, id, ALICE, OP1));
        own(id, ALICE, FOR, OP1);
    }

    function test_operatorsChangeTheirMind() public {
        vote(id, OP1, FOR);
        vote(id, OP1, VETO);
        expectTally(id, 0, 0, 0, 400);
        vote(id, OP1, VETO);
        expectTally(id, 0, 0, 0, 400);
        endVote(id);
        cheats.expectRevert(wrongState(id, Governor.State.Vetoed));
        vote(id, OP1, FOR);
    }

    function test_ownVoteAfterThePool() public {
        vote(id, OP1, FOR);
        cheats.expectEmit(true, true, true, true, address(governor));
        emit GovernorVotes.Voted(id, CAROL, OP1, GovernorVotes.Choice.Against, 50e6 ether);
        own(id, CAROL, AGAINST, OP1);
        expectTally(id, 350, 50, 0, 0);
        own(id, CAROL, ABSTAIN, OP1);
        expectTally(id, 350, 0, 50, 0);
        vote(id, OP1, VETO);
        expectTally(id, 0, 0, 50, 350);
        eq(governor.poolVote(id, OP1).overridden, 50e6 ether);
        eq(governor.ownVote(id, CAROL, OP1).weight, 50e6 ether);
    }

    function test_ownVoteBeforeThePool() public {
        own(id, CAROL, AGAINST, OP1);
        expectTally(id, 0, 50, 0, 0);
        vote(id, OP1, FOR);
        expectTally(id, 350, 50, 0, 0);
    }

    function test_wholePoolOverridden() public {
        vote(id, OP1, FOR);
        own(id, CAROL, AGAINST, OP1);
        own(id, BOB, AGAINST, OP1);
        expectTally(id, 0, 400, 0, 0);
        vote(id, OP1, VETO);
        expectTally(id, 0, 400, 0, 0);
    }

    function test_severalOperatorsInOneCall() public {
        address[] memory list = new address[](3);
        (list[0], list[1], list[2]) = (OP1, OP2, OP1);
        cheats.prank(CAROL);
        governor.vote(id, AGAINST, list);
        expectTally(id, 0, 80, 0, 0);
    }

    function test_atMostThirtyTwoOperators() public {
        cheats.expectRevert(abi.encodeWithSelector(GovernorVotes.WrongOperatorCount.selector, 0, 1, 32));
        cheats.prank(CAROL);
        governor.vote(id, FOR, new address[](0));
        cheats.expectRevert(abi.encodeWithSelector(GovernorVotes.WrongOperatorCount.selector, 33, 1, 32));
        cheats.prank(CAROL);
        governor.vote(id, FOR, new address[](33));
        address[] memory list = new address[](32);
        for (uint160 i = 0; i < 32; ++i) {
            list[i] = address(i + 100_000);
            staking.setPool(1, list[i], 10 ether);
            staking.setWeight(1, CAROL, list[i], 1 ether);
        }
        cheats.prank(CAROL);
        governor.vote(id, FOR, list);
        eq(governor.votes(id).inFavour, 32 ether);
    }

    /// `Staking` never reports this; if it did, no vote would come out of nothing.
    function test_stakeBeyondThePoolIsRefused() public {
        staking.setWeight(1, ALICE, OP1, 1);
        own(id, CAROL, FOR, OP1);
        own(id, BOB, FOR, OP1);
        cheats.expectRevert(
            abi.encodeWithSelector(GovernorVotes.PoolExceeded.selector, id, OP1, 400e6 ether + 1, 400e6 ether)
        );
        own(id, ALICE, FOR, OP1);
    }

    /// What a snapshot said at the first vote stays, whatever it says later.
    function test_weightsAreFixedByTheFirstVote() public {
        vote(id, OP1, FOR);
        own(id, CAROL, AGAINST, OP1);
        staking.setPool(1, OP1, 4e9 ether);
        staking.setWeight(1, CAROL, OP1, 1e9 ether);
        vote(id, OP1, AGAINST);
        own(id, CAROL, FOR, OP1);
        expectTally(id, 50, 350, 0, 0);
    }

    function test_lateQuorumExtendsOnce() public {
        uint256 end = governor.proposal(id).voteEnd;
        vote(id, OP2, FOR);
        cheats.warp(end - 1 days);
        vote(id, OP3, FOR);
        Governor.Proposal memory p = governor.proposal(id);
        assert(p.extended);
        eq(p.voteEnd, end + 2 days);
        cheats.warp(end + 2 days - 1);
        vote(id, OP4, FOR);
        vote(id, OP1, FOR);
        eq(governor.proposal(id).voteEnd, end + 2 days);
    }

    function test_earlyQuorumDoesNotExtend() public {
        uint256 end = governor.proposal(id).voteEnd;
        cheats.warp(end - 1 days - 1);
        vote(id, OP1, FOR);
        cheats.warp(end - 1);
        vote(id, OP2, AGAINST);
        eq(governor.proposal(id).voteEnd, end);
        assert(!governor.proposal(id).extended);
    }

    function test_noExtensionIfTheParameterIsZero() public {
        set(Id.LATE_QUORUM_EXTENSION, 1 days);
        nextEpoch();
        pass(30 days);
        set(Id.LATE_QUORUM_EXTENSION, 0);
        nextEpoch();
        uint256 other = propose(address(params), setCall(Id.QUORUM, 4_500), DEPOSIT);
        staking.setPool(4, OP1, 1 ether);
        nextEpoch();
        uint256 end = governor.proposal(other).voteEnd;
        cheats.warp(end - 1);
        vote(other, OP1, FOR);
        eq(governor.proposal(other).voteEnd, end);
        assert(governor.proposal(other).quorate && !governor.proposal(other).extended);
    }
}
