// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Params} from "../system/Params.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {ParamIds as Id} from "../system/interfaces/ParamIds.sol";
import {GovernanceBase, cheats} from "./GovernanceBase.sol";

/// A timelock that sets what the fuzzer says, mostly within bounds, and time that passes.
contract Setter is GovernanceBase {
    /// A change that kept a step or cool-down it should not have.
    bool public broken;
    uint256 public changes;

    function set(uint256 id, uint256 value, bool wild) external {
        id %= Id.COUNT;
        Params.Param memory p = params.param(id);
        if (!wild) {
            uint256 low = p.value < p.min + p.step ? p.min : p.value - p.step;
            uint256 high = p.value + p.step > p.max ? p.max : p.value + p.step;
            value = low + value % (high - low + 1);
        }
        cheats.prank(A.TIMELOCK);
        try params.set(id, value) {
            ++changes;
            uint256 change = value > p.value ? value - p.value : p.value - value;
            if (p.isPending || change > p.step || change == 0) broken = true;
            if (p.changed != 0 && block.timestamp < p.changed + p.coolDown) broken = true;
        } catch {}
    }

    /// To the end of an epoch, a week later now and then.
    function wait(uint256 time) external {
        pass(time % 14 days);
        nextEpoch();
    }

    /// Calls by others change nothing.
    function strangers(address who, uint256 id, uint256 value) external {
        cheats.assume(who != A.TIMELOCK && who != A.VALIDATOR_SET && who != A.SYSTEM);
        cheats.prank(who);
        try params.set(id, value) {
            broken = true;
        } catch {}
        cheats.prank(who);
        try params.onEpoch() {
            broken = true;
        } catch {}
        cheats.prank(A.SYSTEM);
        try params.genesis(new Params.Setting[](0)) {
            broken = true;
        } catch {}
    }
}

/// forge-config: default.invariant.runs = 32
/// forge-config: default.invariant.depth = 128
contract ParamsInvariantTest is GovernanceBase {
    Setter private setter;

    function setUp() public {
        start();
        setter = new Setter();
    }

    /// Read by forge: the fuzzer calls nothing but the setter.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(setter);
    }

    /// No sequence of changes leaves the bounds, a step or a cool-down, now or when what is pending comes into force.
    function invariant_boundsHold() public view {
        assert(!setter.broken());
        Params.Param[] memory all = params.all();
        for (uint256 round = 0; round < 2; ++round) {
            for (uint256 id = 0; id < Id.COUNT; ++id) {
                Params.Param memory p = all[id];
                if (round == 1 && p.isPending) p.value = p.pending;
                assert(p.value >= p.min && p.value <= p.max);
            }
            assert(all[Id.BLOCK_TIME_MS].value <= all[Id.IDLE_TIME_MS].value);
            assert(all[Id.BURN_PERCENT].value + all[Id.STAKERS_PERCENT].value <= 100);
            assert(all[Id.MIN_COMMISSION].value <= all[Id.MAX_COMMISSION].value);
            assert(all[Id.MIN_DELEGATION].value <= all[Id.MIN_SELF_STAKE].value);
            assert(all[Id.EPOCH_LENGTH].value <= all[Id.UNBONDING_TIME].value);
            assert(all[Id.DOWNTIME_SLASH].value <= all[Id.DOUBLE_SIGN_SLASH].value);
            assert(all[Id.JAIL_TIME].value <= all[Id.MAX_JAIL_TIME].value);
            assert(all[Id.EXPEDITED_VOTING].value <= all[Id.VOTING_PERIOD].value);
            assert(all[Id.TIMELOCK_DELAY].value <= all[Id.TIMELOCK_LONG_DELAY].value);
            assert(all[Id.PROPOSER_SHARE].value + all[Id.TREASURY_SHARE].value <= 10_000);
            assert(all[Id.DOWNTIME_WINDOW].value % 10 == 0);
        }
    }
}
