// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PositionView, SlashView, UnbondingView, ValidatorView} from "../../system/interfaces/IStaking.sol";
import {Fees} from "../../system/interfaces/IValidatorSet.sol";
import {SystemTest, ok} from "./SystemTest.sol";
import {vm} from "./Vm.sol";

/// Delegators, operators and the rules, doing whatever the fuzzer says. A refusal by a custom error is an answer like
/// any other; a panic is not.
contract Crowd is SystemTest {
    uint256 public constant POOLS = 5;
    uint256 public constant PEOPLE = 4;
    bytes4 private constant PANIC = 0x4e487b71;

    // Sums over all actions, in wei.
    uint256 public paidIn;
    uint256 public paidOut;
    uint256 public rewards;
    uint256 public burned;
    uint256 public openFees;
    uint256 public operations;
    mapping(uint256 person => uint256) public principalIn;
    mapping(uint256 person => uint256) public principalOut;
    mapping(bytes32 action => uint256) public done;

    // As it was before the action that runs.
    ValidatorView[] private pools;
    bool private closes;
    uint256 private slashedPool;

    constructor() {
        genesis(POOLS - 1, 20e6 ether);
        create(POOLS - 1, 15e6 ether);
        paidIn = 20e6 ether * (POOLS - 1) + 15e6 ether;
        for (uint256 i = 0; i < POOLS; ++i) {
            pools.push(staking.validator(operator(i)));
        }
    }

    /// What holds for every action: the environment, and the rates and the set before and after.
    modifier action(bytes32 name) {
        vm.roll(height);
        vm.warp(time);
        vm.txGasPrice(1 gwei);
        (closes, slashedPool) = (false, POOLS);
        bytes32 hash = set.validatorsHash();
        uint256 burnedBefore = supply.burned() - set.feesBurned();
        _;
        burned += supply.burned() - set.feesBurned() - burnedBefore;
        operations += 1;
        ok(closes || set.validatorsHash() == hash, "the set changes only as an epoch closes");
        for (uint256 i = 0; i < POOLS; ++i) {
            ValidatorView memory v = staking.validator(operator(i));
            ok(
                i == slashedPool || v.tokens * pools[i].shares >= pools[i].tokens * v.shares,
                "a rate falls only by slashing"
            );
            pools[i] = v;
        }
    }

    function delegate(uint256 who, uint256 pool, uint256 amount) external action("delegate") {
        amount = 1 ether + spread(amount) % 5e6 ether;
        who %= PEOPLE;
        vm.deal(person(who), person(who).balance + amount);
        if (call(person(who), amount, abi.encodeCall(staking.delegate, (operator(pool % POOLS))), "delegate")) {
            paidIn += amount;
            principalIn[who] += amount;
        }
    }

    function undelegate(uint256 who, uint256 pool, uint256 amount, bool all) external action("undelegate") {
        uint256 worth;
        (who, pool, worth) = holding(who, pool);
        if (worth == 0) return;
        bytes memory data = all
            ? abi.encodeCall(staking.undelegateAll, (operator(pool)))
            : abi.encodeCall(staking.undelegate, (operator(pool), 1 + spread(amount) % worth));
        call(person(who), 0, data, "undelegate");
    }

    function redelegate(uint256 who, uint256 from, uint256 to, uint256 amount, bool all) external action("redelegate") {
        uint256 worth;
        (who, from, worth) = holding(who, from);
        to %= POOLS;
        if (worth == 0) return;
        bytes memory data = all
            ? abi.encodeCall(staking.redelegateAll, (operator(from), operator(to)))
            : abi.encodeCall(staking.redelegate, (operator(from), operator(to), 1 + spread(amount) % worth));
        call(person(who), 0, data, "redelegate");
    }

    function cancel(uint256 who, uint256 entry) external action("cancel") {
        UnbondingView[] memory list = staking.unbondings(person(who % PEOPLE), 0, 64);
        if (list.length == 0) return;
        call(person(who % PEOPLE), 0, abi.encodeCall(staking.cancelUnbonding, (list[entry % list.length].id)), "cancel");
    }

    function withdraw(uint256 who) external action("withdraw") {
        uint256 got = taken(person(who % PEOPLE), abi.encodeCall(staking.withdrawAll, ()), "withdraw");
        principalOut[who % PEOPLE] += got;
    }

    function claim(uint256 who, uint256 pool) external action("claim") {
        address[] memory from = new address[](1);
        from[0] = operator(pool % POOLS);
        taken(person(who % PEOPLE), abi.encodeCall(staking.claim, (from)), "claim");
    }

    function restake(uint256 who, uint256 pool) external action("restake") {
        (who, pool,) = holding(who, pool);
        uint256 pending = staking.position(person(who), operator(pool)).pending;
        if (call(person(who), 0, abi.encodeCall(staking.restake, (operator(pool))), "restake")) {
            principalIn[who] += pending;
        }
    }

    function claimCommission(uint256 pool) external action("commission") {
        taken(operator(pool % POOLS), abi.encodeCall(staking.claimCommission, ()), "commission");
    }

    function settleMoved(uint256 who, uint256 pool) external action("settle") {
        staking.settleMoved(person(who % PEOPLE), operator(pool % POOLS));
    }

    function unjail(uint256 pool) external action("unjail") {
        call(operator(pool % POOLS), 0, abi.encodeCall(staking.unjail, ()), "unjail");
    }

    /// Days, in which jailed validators come back.
    function wait_(uint256 seconds_) external action("wait") {
        next(1 + spread(seconds_) % 3 days);
        for (uint256 i = 0; i < POOLS; ++i) {
            call(operator(i), 0, abi.encodeCall(staking.unjail, ()), "unjail");
        }
    }

    function downtime(uint256 pool) external action("downtime") {
        slashedPool = pool % POOLS;
        uint256[] memory before = held(slashedPool);
        slashDowntime(slashedPool);
        compare(before, held(slashedPool));
        done["slash"] += 1;
    }

    /// Only the last pool ever signs twice, and late, as nobody can stake there any more.
    function doubleSign(uint256 reporter) external action("double sign") {
        if (operations < 60) return;
        slashedPool = POOLS - 1;
        uint256[] memory before = held(slashedPool);
        slashDoubleSign(slashedPool, operator(reporter % POOLS));
        compare(before, held(slashedPool));
    }

    function closeEpoch(uint256 proposer, uint64 stakers, uint64 tips, bool full) external action("close") {
        proposer = member(proposer);
        if (proposer == POOLS || staking.candidates().length == 0) return;
        closes = true;
        uint256[] memory before = pendings();
        uint256[] memory active = actives();
        uint256 balance = address(staking).balance;
        close(proposer, Fees(full ? 1e24 : stakers, 1, tips, 7));
        rewards += address(staking).balance - balance;
        uint256[] memory after_ = pendings();
        for (uint256 i = 0; i < before.length; ++i) {
            uint256 pool = i / (PEOPLE + 1);
            uint256 each = staking.validator(operator(pool)).perShare - pools[pool].perShare;
            uint256 expected = active[i] * each / 1e27;
            uint256 got = after_[i] - before[i];
            // Two sums that are rounded, each before and after.
            ok(got <= expected + 2 && expected <= got + 2, "only what counted in the epoch earns, each share as much");
        }
        done["close"] += 1;
    }

    /// Everything slashable that belongs to a pool: worth of positions, entries, and shares moved away, in a fixed order.
    function held(uint256 pool) private view returns (uint256[] memory list) {
        list = new uint256[](PEOPLE * (1 + 64 + POOLS * 16));
        uint256 n = 0;
        for (uint256 who = 0; who < PEOPLE; ++who) {
            list[n++] = staking.position(person(who), operator(pool)).worth;
            UnbondingView[] memory open = staking.unbondings(person(who), 0, 64);
            for (uint256 i = 0; i < open.length; ++i) {
                bool own = open[i].operator == operator(pool) && open[i].unlock >= time;
                bool moved = open[i].source == operator(pool) && open[i].sourceEnd >= time;
                if (own || moved) list[n++] = open[i].left;
            }
            for (uint256 i = 0; i < POOLS; ++i) {
                n = notes(list, n, who, i, pool);
            }
        }
        assembly ("memory-safe") {
            mstore(list, n)
        }
    }

    function notes(uint256[] memory list, uint256 n, uint256 who, uint256 target, uint256 source)
        private
        view
        returns (uint256)
    {
        for (uint256 i = 0; i < staking.moved(person(who), operator(target)).length; ++i) {
            if (staking.moved(person(who), operator(target))[i].source != operator(source)) continue;
            if (staking.moved(person(who), operator(target))[i].end < time) continue;
            list[n++] = staking.moved(person(who), operator(target))[i].left;
        }
        return n;
    }

    /// A slash takes the same part of everything that belongs to the pool.
    function compare(uint256[] memory before, uint256[] memory after_) private view {
        SlashView[] memory all = staking.slashes(operator(slashedPool), 0, 1000);
        uint256 then = pools[slashedPool].slashes;
        if (all.length == then) {
            slashedNothing(before, after_);
            return;
        }
        uint256 factor = then == 0 ? 1e27 : all[then - 1].factor;
        for (uint256 i = 0; i < before.length; ++i) {
            uint256 expected = before[i] * all[then].factor / factor;
            ok(after_[i] <= expected + 2 && expected <= after_[i] + 2, "a slash hits all alike");
        }
    }

    function slashedNothing(uint256[] memory before, uint256[] memory after_) private pure {
        for (uint256 i = 0; i < before.length; ++i) {
            ok(before[i] == after_[i], "no slash, no loss");
        }
    }

    /// By pool, of all delegators and then of its operator.
    function pendings() private view returns (uint256[] memory list) {
        return read(true);
    }

    function actives() private view returns (uint256[] memory list) {
        return read(false);
    }

    function read(bool pending) private view returns (uint256[] memory list) {
        list = new uint256[](POOLS * (PEOPLE + 1));
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 pool = i / (PEOPLE + 1);
            uint256 who = i % (PEOPLE + 1);
            PositionView memory p = staking.position(who == PEOPLE ? operator(pool) : person(who), operator(pool));
            list[i] = pending ? p.pending : p.active;
        }
    }

    /// The first position that holds something, from those given on.
    function holding(uint256 who, uint256 pool) private view returns (uint256, uint256, uint256 worth) {
        for (uint256 i = 0; i < PEOPLE * POOLS; ++i) {
            uint256 one = (who % PEOPLE + i / POOLS) % PEOPLE;
            uint256 other = (pool % POOLS + i) % POOLS;
            worth = staking.position(person(one), operator(other)).worth;
            if (worth > 0) return (one, other, worth);
        }
        return (who % PEOPLE, pool % POOLS, 0);
    }

    /// The fuzzer likes small numbers; amounts and times should be of all sizes.
    function spread(uint256 seed) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }

    function member(uint256 first) private view returns (uint256) {
        for (uint256 i = 0; i < POOLS; ++i) {
            uint256 at_ = (first % POOLS + i) % POOLS;
            if (set.powerOf(signer(at_)) > 0) return at_;
        }
        return POOLS;
    }

    function person(uint256 i) public pure returns (address) {
        return address(uint160(0x0b000000 + i));
    }

    function pool_(uint256 i) external pure returns (address) {
        return operator(i);
    }

    function call(address from, uint256 value, bytes memory data, bytes32 name) private returns (bool success) {
        bytes memory reason;
        vm.prank(from);
        (success, reason) = address(staking).call{value: value}(data);
        ok(success || (reason.length >= 4 && bytes4(reason) != PANIC), "refused by a rule, not by accident");
        if (success) done[name] += 1;
    }

    function taken(address from, bytes memory data, bytes32 name) private returns (uint256 got) {
        uint256 had = from.balance;
        call(from, 0, data, name);
        got = from.balance - had;
        paidOut += got;
    }
}
