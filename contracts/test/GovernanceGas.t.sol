// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Params} from "../system/Params.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {ParamIds as Id} from "../system/interfaces/ParamIds.sol";
import {GovernorBase} from "./Governor.t.sol";
import {cheats} from "./GovernanceBase.sol";
import {vm} from "./system/Vm.sol";

/// Bounds of what governance costs, with all storage cold, without the 21,000 of a transaction and its calldata.
contract GovernanceGasTest is GovernorBase {
    event Cost(string what, uint256 gas);

    error TooDear(string what, uint256 got, uint256 most);

    address private constant DELEGATOR = address(0xDE1E);

    function cool() private {
        address[4] memory all = [A.PARAMS, A.GOVERNOR, A.TIMELOCK, A.STAKING];
        for (uint256 i = 0; i < all.length; ++i) {
            vm.cool(all[i]);
        }
    }

    function most(string memory what, uint256 bound) private {
        uint256 got = vm.lastCallGas().used;
        emit Cost(what, got);
        if (got > bound) revert TooDear(what, got, bound);
        cool();
    }

    function test_costs() public {
        address[] memory list = new address[](32);
        for (uint160 i = 0; i < 32; ++i) {
            list[i] = address(i + 100_000);
            staking.setPool(1, list[i], 10 ether);
            staking.setWeight(1, DELEGATOR, list[i], 1 ether);
        }
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(A.PARAMS, setCall(Id.QUORUM, 4_500));
        cool();
        cheats.prank(ALICE);
        governor.propose{value: DEPOSIT}(t, v, c, "why");
        most("propose, with the whole deposit", 1_000_000);
        pass(1_800);
        nextEpoch();
        cool();
        cheats.prank(OP1);
        governor.vote(1, FOR);
        most("vote of an operator", 150_000);
        cheats.prank(DELEGATOR);
        governor.vote(1, FOR, list);
        most("vote of a delegator at 32 operators", 2_500_000);
        cheats.prank(OP1);
        governor.vote(1, FOR);
        most("vote changed", 60_000);
        cheats.prank(OP2);
        governor.vote(1, FOR);
        most("vote that makes the quorum", 150_000);
        endVote(1);
        cool();
        governor.queue(1);
        most("queue", 200_000);
        pass(7 days);
        cool();
        governor.execute(1);
        most("execute", 500_000);
        cheats.prank(A.VALIDATOR_SET);
        params.onEpoch();
        most("onEpoch, one change", 60_000);
        governor.returnDeposit(1, ALICE);
        most("returnDeposit", 60_000);
    }

    /// The system transaction that closes an epoch has 10,000,000 gas for everything.
    function test_everythingPendingAtOnce() public {
        for (uint256 id = 0; id < Id.COUNT; ++id) {
            Params.Param memory p = params.param(id);
            uint256 step = id == Id.DOWNTIME_WINDOW ? 10 : 1;
            bool up = p.value + step <= p.max && id != Id.STAKERS_PERCENT && id != Id.BLOCK_TIME_MS;
            set(id, up ? p.value + step : p.value - step);
        }
        cool();
        cheats.prank(A.VALIDATOR_SET);
        params.onEpoch();
        most("onEpoch, every parameter", 500_000);
        for (uint256 id = 0; id < Id.COUNT; ++id) {
            assert(!params.param(id).isPending);
        }
    }
}
