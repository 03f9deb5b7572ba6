// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "../system/Governor.sol";
import {GovernorVotes} from "../system/GovernorVotes.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {ITimelock} from "../system/interfaces/ITimelock.sol";
import {ParamIds as Id} from "../system/interfaces/ParamIds.sol";
import {GovernanceBase, MockTarget, cheats} from "./GovernanceBase.sol";

/// Proposers, depositors, operators and delegators doing whatever the fuzzer says. It keeps its own books of money and votes.
contract Crowd is GovernanceBase {
    uint256 private constant OPERATORS = 4;
    uint256 private constant DELEGATORS = 4;
    uint256 private constant PROPOSALS = 6;

    uint256 public deposited;
    uint256 public returned;
    uint256 public executed;
    uint256 public wrongLanes;
    mapping(uint256 id => mapping(address operator => uint8)) private poolChoice;
    mapping(uint256 id => mapping(address delegator => mapping(address operator => uint8))) private ownChoice;
    mapping(uint256 id => uint256) private done;

    function operator(uint256 i) public pure returns (address) {
        return address(uint160(0x10_000 + i % OPERATORS));
    }

    function delegator(uint256 i) public pure returns (address) {
        return address(uint160(0x20_000 + i % DELEGATORS));
    }

    function propose(uint256 seed, uint256 lane, uint256 part) external {
        if (governor.count() >= PROPOSALS) return;
        bytes memory data;
        address target;
        if (lane % 3 == 0) {
            (target, data) = (A.TREASURY, abi.encodeWithSignature("spend(address,uint256)", ALICE, seed));
        }
        if (lane % 3 == 1) {
            (target, data) = (A.STAKING, abi.encodeWithSignature("upgradeToAndCall(address,bytes)", ALICE, ""));
        }
        if (lane % 3 == 2) (target, data) = (OUTBOX, abi.encodeWithSignature("pause(uint256)", seed));
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(target, data);
        uint256 need = depositNeeded();
        uint256 amount = part % 3 != 0 ? need : need / 10 + part % (need / 2);
        snapshotNext(seed);
        governorCall(delegator(seed), amount);
        governor.propose{value: amount}(t, v, c, "");
        deposited += amount;
    }

    function proposeMixed(uint256 lane) external {
        bytes memory spend = abi.encodeWithSignature("spend(address,uint256)", ALICE, 1);
        bytes memory other = abi.encodeWithSignature("pause(uint256)", 1);
        (address[] memory t, uint256[] memory v, bytes[] memory c) = lane % 2 == 0
            ? two(A.TREASURY, spend, OUTBOX, other)
            : two(OUTBOX, other, A.PARAMS, setCall(Id.QUORUM, 4_500));
        uint256 need = depositNeeded();
        governorCall(ALICE, need);
        try governor.propose{value: need}(t, v, c, "") {
            ++wrongLanes;
        } catch {}
    }

    function deposit(uint256 id, uint256 who, uint256 part) external {
        id = pick(id);
        if (id == 0 || governor.state(id) != Governor.State.Deposit) return;
        Governor.Proposal memory p = governor.proposal(id);
        uint256 amount = part % 2 == 0 ? p.depositNeeded - p.deposit : 1 + part % (p.depositNeeded - p.deposit);
        snapshotNext(part);
        governorCall(delegator(who), amount);
        governor.deposit{value: amount}(id);
        deposited += amount;
    }

    function cancel(uint256 id, uint256 seldom) external {
        id = pick(id);
        if (id == 0 || seldom % 8 != 0) return;
        cheats.prank(governor.proposal(id).proposer);
        try governor.cancel(id) {} catch {}
    }

    function poolVote(uint256 id, uint256 who, uint8 choice) external {
        (id, choice) = (pick(id), 1 + choice % 4);
        if (id == 0 || governor.state(id) != Governor.State.Voting) return;
        address op = operator(who);
        cheats.prank(op);
        governor.vote(id, choice);
        poolChoice[id][op] = choice;
    }

    function ownVote(uint256 id, uint256 who, uint256 many, uint8 choice) external {
        (id, choice) = (pick(id), 1 + choice % 4);
        if (id == 0 || governor.state(id) != Governor.State.Voting) return;
        address from = delegator(who);
        address[] memory list = new address[](1 + many % 3);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = operator(many >> (8 * i));
        }
        uint64 epoch = governor.proposal(id).snapshot;
        for (uint256 i = 0; i < list.length; ++i) {
            if (staking.weightAt(epoch, from, list[i]) == 0) return;
        }
        cheats.prank(from);
        governor.vote(id, choice, list);
        for (uint256 i = 0; i < list.length; ++i) {
            ownChoice[id][from][list[i]] = choice;
        }
    }

    function wait(uint256 time) external {
        pass(time % 3 days);
        nextEpoch();
    }

    /// All operators agree on all that is open, so that something gets done.
    function agree(uint8 choice) external {
        choice = choice % 8 < 4 ? 1 + choice % 4 : 1;
        for (uint256 id = 1; id <= governor.count(); ++id) {
            if (governor.state(id) != Governor.State.Voting) continue;
            for (uint256 i = 0; i < OPERATORS; ++i) {
                cheats.prank(operator(i));
                governor.vote(id, choice);
                poolChoice[id][operator(i)] = choice;
            }
        }
    }

    /// Queues and executes all that can be, through the governor or directly.
    function push(bool direct) external {
        for (uint256 id = 1; id <= governor.count(); ++id) {
            try governor.queue(id) {} catch {}
            // Twice, as the second must fail.
            for (uint256 i = 0; i < 2; ++i) {
                if (execute(id, direct)) {
                    ++executed;
                    ++done[id];
                }
            }
        }
    }

    function settle(uint256 id, uint256 who, bool burn) external {
        id = pick(id);
        if (id == 0) return;
        address to = delegator(who);
        uint256 before = to.balance;
        if (burn) try governor.burnDeposit(id) {} catch {} else try governor.returnDeposit(id, to) {} catch {}
        returned += to.balance - before;
    }

    /// The votes for `id` as these books have them, from the snapshot alone.
    function expectedVotes(uint256 id) public view returns (uint256[5] memory sum) {
        uint64 epoch = governor.proposal(id).snapshot;
        for (uint256 i = 0; i < OPERATORS; ++i) {
            address op = operator(i);
            (uint256 rest,) = staking.poolAt(epoch, op);
            for (uint256 j = 0; j < DELEGATORS; ++j) {
                uint8 choice = ownChoice[id][delegator(j)][op];
                if (choice == 0) continue;
                uint256 weight = staking.weightAt(epoch, delegator(j), op);
                sum[choice] += weight;
                rest -= weight;
            }
            if (poolChoice[id][op] != 0) sum[poolChoice[id][op]] += rest;
        }
    }

    function timesExecuted(uint256 id) external view returns (uint256) {
        return done[id];
    }

    function execute(uint256 id, bool direct) private returns (bool) {
        if (!direct) {
            try governor.execute(id) {
                return true;
            } catch {
                return false;
            }
        }
        (address[] memory t, uint256[] memory v, bytes[] memory c) = governor.actions(id);
        try timelock.execute(id, t, v, c) {
            return true;
        } catch {
            return false;
        }
    }

    function governorCall(address from, uint256 amount) private {
        cheats.deal(from, from.balance + amount);
        cheats.prank(from);
    }

    function pick(uint256 id) private view returns (uint256) {
        uint256 count = governor.count();
        return count == 0 ? 0 : 1 + id % count;
    }

    /// The stake with which the next epoch begins, once; its name is that of the running one.
    function snapshotNext(uint256 seed) private {
        uint64 epoch = validatorSet.number();
        if (staking.totalAt(epoch) != 0) return;
        for (uint256 i = 0; i < OPERATORS; ++i) {
            uint256 sum;
            for (uint256 j = 0; j < DELEGATORS; ++j) {
                uint256 weight = uint256(keccak256(abi.encode(seed, i, j))) % 3 == 0
                    ? 0
                    : uint256(keccak256(abi.encode(seed, j, i))) % 1e27;
                staking.setWeight(epoch, delegator(j), operator(i), weight);
                sum += weight;
            }
            staking.setPool(epoch, operator(i), sum + 1 ether);
        }
    }
}

/// forge-config: default.invariant.runs = 32
/// forge-config: default.invariant.depth = 200
contract GovernorInvariantTest is GovernanceBase {
    Crowd private crowd;

    function setUp() public {
        start();
        crowd = new Crowd();
    }

    /// Read by forge: the fuzzer calls nothing but the crowd.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(crowd);
    }

    /// Votes are those of the snapshot, each once: never more than its sum, and as a second count has them.
    function invariant_votesAreThoseOfTheSnapshot() public view {
        for (uint256 id = 1; id <= governor.count(); ++id) {
            (GovernorVotes.Tally memory t, uint256 total,) = governor.tally(id);
            uint256[5] memory sum = crowd.expectedVotes(id);
            eq(t.inFavour, sum[1]);
            eq(t.against, sum[2]);
            eq(t.abstain, sum[3]);
            eq(t.veto, sum[4]);
            assert(sum[1] + sum[2] + sum[3] + sum[4] <= total);
        }
    }

    /// Every deposit is with the governor, returned, or burned.
    function invariant_depositsAddUp() public view {
        eq(A.GOVERNOR.balance + crowd.returned() + supply.burned(), crowd.deposited());
    }

    /// What is executed was decided, once each, and no mixture of lanes got in.
    function invariant_nothingTwiceAndNothingUndecided() public view {
        eq(crowd.wrongLanes(), 0);
        uint256 count;
        for (uint256 id = 1; id <= governor.count(); ++id) {
            bool done = timelock.status(id) == ITimelock.Status.Done;
            eq(crowd.timesExecuted(id), done ? 1 : 0);
            if (!done) continue;
            ++count;
            assert(governor.state(id) == Governor.State.Executed);
            (GovernorVotes.Tally memory t, uint256 total,) = governor.tally(id);
            uint256 clear = uint256(t.inFavour) + t.against + t.veto;
            assert(uint256(t.inFavour) * 2 > clear);
            assert((clear + t.abstain) * 10_000 >= total * 4_000);
            assert(uint256(t.veto) * 10_000 < (clear + t.abstain) * 3_334);
        }
        eq(MockTarget(payable(A.TREASURY)).calls() + MockTarget(payable(OUTBOX)).calls() + staking.upgrades(), count);
    }
}
