// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PositionView, UnbondingView, ValidatorView} from "../../system/interfaces/IStaking.sol";
import {Crowd} from "./Crowd.sol";
import {SystemTest, eq, ok} from "./SystemTest.sol";

/// What holds after any history. `Crowd` checks by itself what can only be seen around a single action.
contract StakingInvariantTest is SystemTest {
    Crowd private crowd;
    uint256 private pools;
    uint256 private people;

    function setUp() public {
        crowd = new Crowd();
        (pools, people) = (crowd.POOLS(), crowd.PEOPLE());
    }

    /// Read by forge: the fuzzer calls nothing but the crowd.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(crowd);
    }

    /// One sender that is none of the accounts above, as forge lets it pay for gas.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0xF022);
    }

    /// Looking at everybody costs far more than an action: it is done after each eighth of them, and at the end.
    /// forge-config: default.invariant.runs = 40
    /// forge-config: default.invariant.depth = 150
    /// forge-config: soak.invariant.runs = 1000
    /// forge-config: soak.invariant.depth = 300
    function invariant_accounts() public view {
        if (crowd.operations() % 8 == 0) everything();
    }

    function afterInvariant() public view {
        everything();
    }

    function everything() private view {
        nothingComesFromNowhere();
        sumOfPartsIsTheBalance();
        nobodyGainsButByRewards();
    }

    /// BTT comes from who stakes and from the treasury, and leaves by payments and burns.
    function nothingComesFromNowhere() private view {
        eq(
            address(staking).balance + crowd.paidOut() + crowd.burned(),
            crowd.paidIn() + crowd.rewards(),
            "balance and all that left = all that came"
        );
        eq(
            address(treasury).balance,
            treasury.reserve() + treasury.funds() + treasury.programmes(),
            "every wei of the treasury has a purpose"
        );
    }

    /// Everybody could be paid, and but for less than two wei an operation nothing would be left.
    function sumOfPartsIsTheBalance() private view {
        uint256 sum = 0;
        for (uint256 i = 0; i < pools; ++i) {
            sum += partsOf(i);
        }
        for (uint256 who = 0; who < people; ++who) {
            UnbondingView[] memory open = staking.unbondings(crowd.person(who), 0, 64);
            for (uint256 i = 0; i < open.length; ++i) {
                sum += open[i].amount;
                ok(open[i].left <= open[i].amount, "slashes only take");
            }
        }
        uint256 dust = 2 * (crowd.operations() + (people + 2) * pools);
        ok(sum <= address(staking).balance, "all can be paid");
        ok(address(staking).balance <= sum + dust, "nothing is lost");
    }

    /// What a pool holds for itself, its operator, its delegators and its dead share; its shares must add up as well.
    function partsOf(uint256 i) private view returns (uint256 sum) {
        address pool = crowd.pool_(i);
        ValidatorView memory v = staking.validator(pool);
        sum = v.tokens + v.commissionOwed;
        uint256 shares = 1 ether;
        uint256 warming = 0;
        for (uint256 who = 0; who <= people; ++who) {
            PositionView memory p = staking.position(who == people ? pool : crowd.person(who), pool);
            sum += p.pending;
            shares += p.shares;
            warming += p.shares - p.active;
            ok(p.active <= p.shares, "what counts is there");
        }
        eq(v.shares, shares, "shares of the pool");
        eq(v.warming, warming, "shares that warm up");
    }

    /// Without its rewards nobody has more than it brought.
    function nobodyGainsButByRewards() private view {
        for (uint256 who = 0; who < people; ++who) {
            address person = crowd.person(who);
            uint256 has = crowd.principalOut(who);
            for (uint256 i = 0; i < pools; ++i) {
                has += staking.position(person, crowd.pool_(i)).worth;
            }
            UnbondingView[] memory open = staking.unbondings(person, 0, 64);
            for (uint256 i = 0; i < open.length; ++i) {
                has += open[i].left;
            }
            ok(has <= crowd.principalIn(who) + crowd.operations(), "no more than it brought");
        }
    }
}
