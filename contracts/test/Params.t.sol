// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Callers} from "../system/Callers.sol";
import {ParamRow, ParamTable} from "../system/ParamTable.sol";
import {Params} from "../system/Params.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {Lane} from "../system/interfaces/Lane.sol";
import {ParamIds as Id} from "../system/interfaces/ParamIds.sol";
import {GovernanceBase, cheats} from "./GovernanceBase.sol";

contract ParamsTest is GovernanceBase {
    function setUp() public {
        start();
    }

    function test_genesisSetsTheTable() public view {
        Params.Param[] memory all = params.all();
        eq(all.length, Id.COUNT);
        for (uint256 id = 0; id < Id.COUNT; ++id) {
            ParamRow memory r = ParamTable.row(id);
            Params.Param memory p = all[id];
            eq(p.id, id);
            eq(p.value, r.value);
            eq(params.get(id), r.value);
            eq(p.min, r.min);
            eq(p.max, r.max);
            eq(p.step, r.step);
            eq(p.coolDown, r.coolDown);
            assert(p.lane == r.lane && params.laneOf(id) == r.lane);
            assert(!p.isPending && p.pending == 0 && p.changed == 0);
            assert(r.min < r.max && r.value >= r.min && r.value <= r.max && r.step > 0 && r.step <= r.max - r.min);
            // A change is over before the next may be made: no epoch is longer than any cool-down.
            assert(r.coolDown >= ParamTable.row(Id.EPOCH_LENGTH).max);
        }
    }

    function test_consensusNumbers() public view {
        Params.Consensus memory c = params.consensus();
        eq(c.minBaseFee, 9_000 gwei);
        eq(c.elasticity, 2);
        eq(c.baseFeeDenominator, 50);
        eq(c.burnPercent, 50);
        eq(c.stakersPercent, 40);
        eq(c.blockGasLimit, 60_000_000);
        eq(c.blockTimeMs, 500);
        eq(c.idleTimeMs, 2_000);
        eq(c.epochLength, 1_800);
        eq(c.maxValidators, 100);
    }

    function test_aChangeWaitsForTheEpoch() public {
        cheats.expectEmit(true, false, false, true, A.PARAMS);
        emit Params.ParamSet(Id.QUORUM, 4_000, 4_500);
        set(Id.QUORUM, 4_500);
        eq(params.get(Id.QUORUM), 4_000);
        Params.Param memory p = params.param(Id.QUORUM);
        assert(p.isPending);
        eq(p.pending, 4_500);
        eq(p.changed, block.timestamp);
        cheats.expectEmit(true, false, false, true, A.PARAMS);
        emit Params.ParamInForce(Id.QUORUM, 4_500);
        nextEpoch();
        eq(params.get(Id.QUORUM), 4_500);
        p = params.param(Id.QUORUM);
        assert(!p.isPending && p.pending == 0);
    }

    function test_manyChangesComeIntoForceTogether() public {
        set(Id.MIN_BASE_FEE, 6_000 gwei);
        set(Id.EXECUTION_WINDOW, 7 days);
        set(Id.QUORUM, 3_500);
        nextEpoch();
        eq(params.get(Id.MIN_BASE_FEE), 6_000 gwei);
        eq(params.get(Id.EXECUTION_WINDOW), 7 days);
        eq(params.get(Id.QUORUM), 3_500);
    }

    function test_onlyTheTimelockSets() public {
        bytes memory reason = abi.encodeWithSelector(Callers.WrongCaller.selector, ALICE, A.TIMELOCK);
        cheats.expectRevert(reason);
        cheats.prank(ALICE);
        params.set(Id.QUORUM, 4_500);
        cheats.expectRevert(reason);
        cheats.prank(ALICE);
        params.planFork("x", uint64(block.timestamp + 1));
        cheats.expectRevert(reason);
        cheats.prank(ALICE);
        params.cancelFork();
    }

    function test_onlyTheValidatorSetClosesEpochs() public {
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, A.TIMELOCK, A.VALIDATOR_SET));
        cheats.prank(A.TIMELOCK);
        params.onEpoch();
    }

    function test_unknownIds() public {
        bytes memory reason = abi.encodeWithSelector(Params.UnknownParam.selector, Id.COUNT, Id.COUNT);
        cheats.expectRevert(reason);
        params.get(Id.COUNT);
        cheats.expectRevert(reason);
        params.param(Id.COUNT);
        cheats.expectRevert(reason);
        params.laneOf(Id.COUNT);
        cheats.expectRevert(reason);
        params.check(Id.COUNT, 1);
        cheats.expectRevert(reason);
        set(Id.COUNT, 1);
    }

    function test_bounds() public {
        refuse(Id.BURN_PERCENT, 19, abi.encodeWithSelector(Params.OutOfBounds.selector, Id.BURN_PERCENT, 19, 20, 100));
        refuse(Id.BURN_PERCENT, 101, abi.encodeWithSelector(Params.OutOfBounds.selector, Id.BURN_PERCENT, 101, 20, 100));
        uint256 huge = type(uint256).max;
        refuse(Id.QUORUM, huge, abi.encodeWithSelector(Params.OutOfBounds.selector, Id.QUORUM, huge, 2_000, 6_600));
    }

    function test_step() public {
        refuse(Id.QUORUM, 4_501, abi.encodeWithSelector(Params.StepTooLarge.selector, Id.QUORUM, 4_501, 4_000, 500));
        refuse(Id.QUORUM, 3_499, abi.encodeWithSelector(Params.StepTooLarge.selector, Id.QUORUM, 3_499, 4_000, 500));
        params.check(Id.QUORUM, 4_500);
        params.check(Id.QUORUM, 3_500);
    }

    function test_unchanged() public {
        refuse(Id.QUORUM, 4_000, abi.encodeWithSelector(Params.Unchanged.selector, Id.QUORUM, 4_000));
    }

    function test_coolDown() public {
        set(Id.QUORUM, 4_500);
        refuse(Id.QUORUM, 4_600, abi.encodeWithSelector(Params.StillPending.selector, Id.QUORUM, 4_500));
        uint256 until = block.timestamp + 30 days;
        nextEpoch();
        refuse(Id.QUORUM, 4_600, abi.encodeWithSelector(Params.CoolingDown.selector, Id.QUORUM, block.timestamp, until));
        cheats.warp(until - 1);
        refuse(Id.QUORUM, 4_600, abi.encodeWithSelector(Params.CoolingDown.selector, Id.QUORUM, until - 1, until));
        cheats.warp(until);
        set(Id.QUORUM, 4_600);
    }

    function test_orderOfPairs() public {
        uint256[2][5] memory pairs = [
            [Id.BLOCK_TIME_MS, Id.IDLE_TIME_MS],
            [Id.MIN_COMMISSION, Id.MAX_COMMISSION],
            [Id.JAIL_TIME, Id.MAX_JAIL_TIME],
            [Id.EXPEDITED_VOTING, Id.VOTING_PERIOD],
            [Id.TIMELOCK_DELAY, Id.TIMELOCK_LONG_DELAY]
        ];
        for (uint256 i = 0; i < pairs.length; ++i) {
            (uint256 low, uint256 high) = (pairs[i][0], pairs[i][1]);
            // The lower one climbs as far as it can, the higher one falls; sooner or later they touch, and never cross.
            bool met;
            for (uint256 n = 0; n < 60 && !met; ++n) {
                met = !climb(low, high) || !fall(low, high);
                pass(30 days);
                nextEpoch();
                assert(params.get(low) <= params.get(high));
            }
            assert(met || params.param(low).max <= params.param(high).min);
        }
    }

    function test_pendingValuesCountForPairs() public {
        set(Id.BURN_PERCENT, 60);
        refuse(
            Id.STAKERS_PERCENT,
            41,
            abi.encodeWithSelector(Params.SumTooLarge.selector, Id.BURN_PERCENT, 60, Id.STAKERS_PERCENT, 41, 100)
        );
        set(Id.STAKERS_PERCENT, 30);
        nextEpoch();
        eq(params.get(Id.BURN_PERCENT) + params.get(Id.STAKERS_PERCENT), 90);
    }

    function test_checkAllSeesEarlierChanges() public {
        (uint256[] memory ids, uint256[] memory values) = (new uint256[](2), new uint256[](2));
        set(Id.BURN_PERCENT, 60);
        nextEpoch();
        pass(7 days);
        (ids[0], values[0], ids[1], values[1]) = (Id.BURN_PERCENT, 65, Id.STAKERS_PERCENT, 35);
        cheats.expectRevert(
            abi.encodeWithSelector(Params.SumTooLarge.selector, Id.BURN_PERCENT, 65, Id.STAKERS_PERCENT, 40, 100)
        );
        params.checkAll(ids, values);
        (ids[0], values[0], ids[1], values[1]) = (Id.STAKERS_PERCENT, 35, Id.BURN_PERCENT, 65);
        params.checkAll(ids, values);
        ids[1] = Id.STAKERS_PERCENT;
        cheats.expectRevert(abi.encodeWithSelector(Params.StillPending.selector, Id.STAKERS_PERCENT, 35));
        params.checkAll(ids, values);
        cheats.expectRevert(abi.encodeWithSelector(Params.LengthsDiffer.selector, 2, 1));
        params.checkAll(ids, new uint256[](1));
    }

    function test_windowIsInTenths() public {
        refuse(
            Id.DOWNTIME_WINDOW,
            10_001,
            abi.encodeWithSelector(Params.NotMultiple.selector, Id.DOWNTIME_WINDOW, 10_001, 10)
        );
        params.check(Id.DOWNTIME_WINDOW, 10_010);
    }

    function test_forks() public {
        (string memory name, uint64 time) = params.fork();
        assert(bytes(name).length == 0 && time == 0);
        uint64 at = uint64(block.timestamp + 100);
        plan("amsterdam", at, "");
        (name, time) = params.fork();
        assert(keccak256(bytes(name)) == keccak256("amsterdam") && time == at);
        plan("other", at + 1, abi.encodeWithSelector(Params.ForkAlreadyPlanned.selector, "amsterdam", at));
        cheats.prank(A.TIMELOCK);
        params.cancelFork();
        (name, time) = params.fork();
        assert(bytes(name).length == 0 && time == 0);
        cheats.expectRevert(abi.encodeWithSelector(Params.NoForkAhead.selector, 0, block.timestamp));
        cheats.prank(A.TIMELOCK);
        params.cancelFork();
    }

    function test_badForks() public {
        uint64 at = uint64(block.timestamp);
        plan("", at + 1, abi.encodeWithSelector(Params.BadForkName.selector, 0, 32));
        plan("a name that has thirty-three bytes", at + 1, abi.encodeWithSelector(Params.BadForkName.selector, 34, 32));
        plan("late", at, abi.encodeWithSelector(Params.ForkNotAhead.selector, at, at));
    }

    function test_aPastForkStandsAndMayBeFollowed() public {
        uint64 at = uint64(block.timestamp + 1);
        plan("first", at, "");
        cheats.warp(at);
        cheats.expectRevert(abi.encodeWithSelector(Params.NoForkAhead.selector, at, at));
        cheats.prank(A.TIMELOCK);
        params.cancelFork();
        plan("second", at + 1, "");
        (, uint64 time) = params.fork();
        eq(time, at + 1);
    }

    /// `check` and `set` agree for every id and value.
    function testFuzz_checkIsWhatSetDoes(uint256 id, uint256 value, bool near) public {
        id %= Id.COUNT + 1;
        if (near && id < Id.COUNT) {
            Params.Param memory p = params.param(id);
            value = p.min + value % (p.max - p.min + 1);
        }
        bool good;
        try params.check(id, value) {
            good = true;
        } catch {}
        cheats.prank(A.TIMELOCK);
        try params.set(id, value) {
            assert(good);
        } catch {
            assert(!good);
        }
    }

    function refuse(uint256 id, uint256 value, bytes memory reason) private {
        cheats.expectRevert(reason);
        params.check(id, value);
        cheats.expectRevert(reason);
        set(id, value);
    }

    function plan(string memory name, uint64 time, bytes memory reason) private {
        if (reason.length > 0) cheats.expectRevert(reason);
        cheats.prank(A.TIMELOCK);
        params.planFork(name, time);
    }

    /// One step up, or false if it would cross `high`.
    function climb(uint256 low, uint256 high) private returns (bool) {
        Params.Param memory p = params.param(low);
        uint256 value = p.value + p.step > p.max ? p.max : p.value + p.step;
        if (value == p.value) return true;
        uint256 other = params.get(high);
        if (value > other) {
            refuse(low, value, abi.encodeWithSelector(Params.WrongOrder.selector, low, value, high, other));
            return false;
        }
        set(low, value);
        return true;
    }

    /// One step down, or false if it would cross `low`.
    function fall(uint256 low, uint256 high) private returns (bool) {
        Params.Param memory p = params.param(high);
        uint256 value = p.value < p.min + p.step ? p.min : p.value - p.step;
        if (value == p.value) return true;
        Params.Param memory l = params.param(low);
        uint256 other = l.isPending ? l.pending : l.value;
        if (value < other) {
            refuse(high, value, abi.encodeWithSelector(Params.WrongOrder.selector, low, other, high, value));
            return false;
        }
        set(high, value);
        return true;
    }
}

contract ParamsGenesisTest is GovernanceBase {
    function setUp() public {
        place();
    }

    function test_onlyTheRulesInBlockZero() public {
        Params.Setting[] memory none = new Params.Setting[](0);
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, ALICE, A.SYSTEM));
        cheats.prank(ALICE);
        params.genesis(none);
        cheats.roll(1);
        genesis(none, abi.encodeWithSelector(Callers.NotGenesis.selector, 1));
        cheats.roll(0);
        genesis(none, "");
        genesis(none, abi.encodeWithSelector(Params.AlreadySet.selector));
    }

    /// A network for tests: epochs of 5 s, unbonding of 20 s, votes of 15 s.
    function test_shortTimesForTests() public {
        cheats.chainId(990_992);
        Params.Setting[] memory list = new Params.Setting[](6);
        list[0] = Params.Setting(Id.EPOCH_LENGTH, 5, 1, 86_400, 86_400, 0);
        list[1] = Params.Setting(Id.UNBONDING_TIME, 20, 1, 28 days, 28 days, 0);
        list[2] = Params.Setting(Id.VOTING_PERIOD, 15, 1, 14 days, 14 days, 0);
        list[3] = Params.Setting(Id.EXPEDITED_VOTING, 5, 1, 3 days, 3 days, 0);
        list[4] = Params.Setting(Id.TIMELOCK_DELAY, 2, 1, 14 days, 14 days, 0);
        list[5] = Params.Setting(Id.TIMELOCK_LONG_DELAY, 3, 1, 30 days, 30 days, 0);
        genesis(list, "");
        eq(params.get(Id.EPOCH_LENGTH), 5);
        eq(params.get(Id.UNBONDING_TIME), 20);
        eq(params.param(Id.VOTING_PERIOD).min, 1);
        assert(params.laneOf(Id.VOTING_PERIOD) == Lane.Long);
        eq(params.get(Id.QUORUM), 4_000);
        set(Id.VOTING_PERIOD, 10);
        nextEpoch();
        set(Id.VOTING_PERIOD, 2 days);
    }

    function test_limitsThatNoNetworkMayHave() public {
        cheats.chainId(990_992);
        refuse(Params.Setting(Id.EPOCH_LENGTH, 5, 0, 86_400, 1, 0), 60, 86_400);
        refuse(Params.Setting(Id.EPOCH_LENGTH, 5, 1, 86_401, 1, 0), 60, 86_400);
        refuse(Params.Setting(Id.EPOCH_LENGTH, 5, 6, 5, 1, 0), 60, 86_400);
        refuse(Params.Setting(Id.EPOCH_LENGTH, 5, 1, 86_400, 1, 1 << 40), 60, 86_400);
        Params.Setting[] memory list = new Params.Setting[](1);
        list[0] = Params.Setting(Id.EPOCH_LENGTH, 4, 5, 86_400, 1, 0);
        genesis(list, abi.encodeWithSelector(Params.OutOfBounds.selector, Id.EPOCH_LENGTH, 4, 5, 86_400));
        list[0] = Params.Setting(Id.COUNT, 4, 5, 86_400, 1, 0);
        genesis(list, abi.encodeWithSelector(Params.UnknownParam.selector, Id.COUNT, Id.COUNT));
        list[0] = Params.Setting(Id.VOTING_PERIOD, 15, 1, 14 days, 14 days, 0);
        genesis(
            list, abi.encodeWithSelector(Params.WrongOrder.selector, Id.EXPEDITED_VOTING, 1 days, Id.VOTING_PERIOD, 15)
        );
    }

    /// Rules between parameters hold for first values, too; some can only be broken where bounds are wider.
    function test_pairsAtGenesis() public {
        cheats.chainId(990_992);
        wrongOrder(Id.UNBONDING_TIME, 1_799, Id.EPOCH_LENGTH, 1_800, 28 days);
        wrongOrder(Id.MIN_SELF_STAKE, 1 ether - 1, Id.MIN_DELEGATION, 1 ether, 1e9 ether);
        wrongOrder(Id.DOUBLE_SIGN_SLASH, 1e14 - 1, Id.DOWNTIME_SLASH, 1e14, 2e17);
        wrongOrder(Id.TIMELOCK_LONG_DELAY, 2 days - 1, Id.TIMELOCK_DELAY, 2 days, 30 days);
    }

    /// Genesis with `high` at `value`, below `low`.
    function wrongOrder(uint256 high, uint256 value, uint256 low, uint256 lowValue, uint256 max) private {
        Params.Setting[] memory list = new Params.Setting[](1);
        list[0] = Params.Setting(high, value, 1, max, 1, 0);
        genesis(list, abi.encodeWithSelector(Params.WrongOrder.selector, low, lowValue, high, value));
    }

    function test_mainnetHasTheDocumentedBounds() public {
        cheats.chainId(990_990);
        Params.Setting[] memory list = new Params.Setting[](1);
        list[0] = Params.Setting(Id.EPOCH_LENGTH, 3_600, 60, 86_400, 3_600, 7 days);
        Params.Setting memory good = list[0];
        refuse(Params.Setting(good.id, good.value, good.min - 1, good.max, good.step, good.coolDown), 60, 86_400);
        refuse(Params.Setting(good.id, good.value, good.min, good.max - 1, good.step, good.coolDown), 60, 86_400);
        refuse(Params.Setting(good.id, good.value, good.min, good.max, good.step + 1, good.coolDown), 60, 86_400);
        refuse(Params.Setting(good.id, good.value, good.min, good.max, good.step, good.coolDown - 1), 60, 86_400);
        genesis(list, "");
        eq(params.get(Id.EPOCH_LENGTH), 3_600);
    }

    function refuse(Params.Setting memory s, uint256 min, uint256 max) private {
        Params.Setting[] memory list = new Params.Setting[](1);
        list[0] = s;
        genesis(list, abi.encodeWithSelector(Params.BadLimits.selector, s.id, s.min, s.max, min, max));
    }

    function genesis(Params.Setting[] memory settings, bytes memory reason) private {
        if (reason.length > 0) cheats.expectRevert(reason);
        cheats.prank(A.SYSTEM);
        params.genesis(settings);
    }
}
