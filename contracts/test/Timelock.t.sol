// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Callers} from "../system/Callers.sol";
import {Lanes} from "../system/Lanes.sol";
import {Params} from "../system/Params.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {Timelock} from "../system/Timelock.sol";
import {ITimelock} from "../system/interfaces/ITimelock.sol";
import {Lane} from "../system/interfaces/Lane.sol";
import {ParamIds as Id} from "../system/interfaces/ParamIds.sol";
import {GovernanceBase, MockTarget, cheats} from "./GovernanceBase.sol";

/// Paid by the treasury, it tries to execute the same operation again, and another one.
contract Reenterer {
    bool public tried;
    bool public stopped;

    fallback() external payable {
        tried = true;
        (address[] memory t, uint256[] memory v, bytes[] memory c) =
            (new address[](1), new uint256[](1), new bytes[](1));
        (t[0], c[0]) = (A.TREASURY, abi.encodeWithSignature("spend(address,uint256)", address(this), 1));
        try Timelock(A.TIMELOCK).execute(1, t, v, c) {}
        catch {
            try Timelock(A.TIMELOCK).execute(2, t, v, c) {}
            catch {
                stopped = true;
            }
        }
    }
}

/// Params whose lanes an upgrade has changed.
contract OtherLanes {
    function laneOf(uint256) external pure returns (Lane) {
        return Lane.Long;
    }
}

contract TimelockTest is GovernanceBase {
    bytes private constant SPEND = abi.encodeWithSignature("spend(address,uint256)", BOB, 5);
    bytes private constant UPGRADE = abi.encodeWithSignature("upgradeToAndCall(address,bytes)", BOB, "");

    function setUp() public {
        start();
    }

    function test_onlyTheGovernorQueues() public {
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(A.TREASURY, SPEND);
        address[3] memory others = [ALICE, A.TIMELOCK, A.SYSTEM];
        for (uint256 i = 0; i < others.length; ++i) {
            cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, others[i], A.GOVERNOR));
            cheats.prank(others[i]);
            timelock.queue(1, Lane.Standard, t, v, c);
        }
    }

    function test_delays() public {
        eq(timelock.delayOf(Lane.Standard), 2 days);
        eq(timelock.delayOf(Lane.Long), 7 days);
        eq(timelock.delayOf(Lane.Expedited), 0);
        queue(1, Lane.Standard, A.TREASURY, SPEND);
        Timelock.Operation memory op = timelock.operation(1);
        eq(op.eta, block.timestamp + 2 days);
        eq(op.expiry, block.timestamp + 16 days);
        assert(op.lane == Lane.Standard && !op.done);
        queue(2, Lane.Long, A.STAKING, UPGRADE);
        eq(timelock.operation(2).eta, block.timestamp + 7 days);
        queue(3, Lane.Expedited, INBOX, abi.encodeWithSignature("unpause(uint256)", 1));
        eq(timelock.operation(3).eta, block.timestamp);
    }

    function test_statusOverTime() public {
        expectStatus(1, ITimelock.Status.Unknown);
        queue(1, Lane.Standard, A.TREASURY, SPEND);
        expectStatus(1, ITimelock.Status.Waiting);
        pass(2 days - 1);
        expectStatus(1, ITimelock.Status.Waiting);
        refuse(
            1,
            A.TREASURY,
            SPEND,
            abi.encodeWithSelector(Timelock.TooEarly.selector, 1, block.timestamp, block.timestamp + 1)
        );
        pass(1);
        expectStatus(1, ITimelock.Status.Ready);
        pass(14 days - 1);
        expectStatus(1, ITimelock.Status.Ready);
        pass(1);
        expectStatus(1, ITimelock.Status.Expired);
        refuse(
            1, A.TREASURY, SPEND, abi.encodeWithSelector(Timelock.Expired.selector, 1, block.timestamp, block.timestamp)
        );
    }

    function test_onceAndByAnybody() public {
        queue(1, Lane.Standard, A.TREASURY, SPEND);
        pass(2 days);
        cheats.expectEmit(true, true, false, true, A.TIMELOCK);
        emit Timelock.Executed(1, CAROL);
        cheats.prank(CAROL);
        execute(1, A.TREASURY, SPEND);
        expectStatus(1, ITimelock.Status.Done);
        eq(MockTarget(payable(A.TREASURY)).calls(), 1);
        refuse(1, A.TREASURY, SPEND, abi.encodeWithSelector(Timelock.AlreadyExecuted.selector, 1));
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(A.TREASURY, SPEND);
        cheats.expectRevert(abi.encodeWithSelector(Timelock.AlreadyQueued.selector, 1));
        cheats.prank(A.GOVERNOR);
        timelock.queue(1, Lane.Standard, t, v, c);
    }

    function test_onlyWhatWasQueued() public {
        refuse(1, A.TREASURY, SPEND, abi.encodeWithSelector(Timelock.NotQueued.selector, 1));
        queue(1, Lane.Standard, A.TREASURY, SPEND);
        pass(2 days);
        bytes memory more = abi.encodeWithSignature("spend(address,uint256)", BOB, 6);
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(A.TREASURY, more);
        bytes32 got = timelock.hashOf(t, v, c);
        refuse(
            1,
            A.TREASURY,
            more,
            abi.encodeWithSelector(Timelock.WrongActions.selector, 1, got, timelock.operation(1).hash)
        );
    }

    function test_aWrongLaneIsNotQueued() public {
        refuseQueue(Lane.Expedited, A.TREASURY, SPEND, Lane.Standard);
        refuseQueue(Lane.Standard, A.STAKING, UPGRADE, Lane.Long);
        refuseQueue(Lane.Expedited, INBOX, UPGRADE, Lane.Long);
        refuseQueue(Lane.Long, OUTBOX, abi.encodeWithSignature("pause(uint256)", 1), Lane.Expedited);
        refuseQueue(Lane.Standard, A.PARAMS, setCall(Id.QUORUM, 4_500), Lane.Long);
    }

    function test_theLaneIsCheckedAgainOnExecution() public {
        queue(1, Lane.Standard, A.PARAMS, setCall(Id.BURN_PERCENT, 60));
        pass(2 days);
        cheats.etch(A.PARAMS, address(new OtherLanes()).code);
        refuse(
            1,
            A.PARAMS,
            setCall(Id.BURN_PERCENT, 60),
            abi.encodeWithSelector(Timelock.WrongLane.selector, 1, Lane.Long, Lane.Standard)
        );
    }

    function test_failuresKeepTheirReasonAndMayBeTriedAgain() public {
        queue(1, Lane.Long, OUTBOX, abi.encodePacked(bytes4(0xdeadbeef)));
        queue(2, Lane.Long, OUTBOX, abi.encodePacked(bytes4(0xdeaddead)));
        queue(3, Lane.Long, A.GOVERNOR, UPGRADE);
        pass(7 days);
        refuse(1, OUTBOX, hex"deadbeef", abi.encodeWithSelector(MockTarget.Refused.selector, bytes4(0xdeadbeef)));
        refuse(2, OUTBOX, hex"deaddead", abi.encodeWithSelector(Timelock.ActionFailed.selector, 2, 0, OUTBOX));
        expectStatus(1, ITimelock.Status.Ready);
        cheats.etch(A.GOVERNOR, "");
        refuse(3, A.GOVERNOR, UPGRADE, abi.encodeWithSelector(Timelock.NoCode.selector, 3, 0, A.GOVERNOR));
    }

    function test_allOrNothing() public {
        (address[] memory t, uint256[] memory v, bytes[] memory c) = two(OUTBOX, hex"12345678", INBOX, hex"deadbeef");
        cheats.prank(A.GOVERNOR);
        timelock.queue(1, Lane.Long, t, v, c);
        pass(7 days);
        cheats.expectRevert(abi.encodeWithSelector(MockTarget.Refused.selector, bytes4(0xdeadbeef)));
        timelock.execute(1, t, v, c);
        eq(MockTarget(payable(OUTBOX)).calls(), 0);
        expectStatus(1, ITimelock.Status.Ready);
    }

    function test_nothingRunsTwiceByReentry() public {
        Reenterer thief = new Reenterer();
        cheats.etch(A.TREASURY, address(thief).code);
        bytes memory pay = abi.encodeWithSignature("spend(address,uint256)", A.TREASURY, 1);
        queue(1, Lane.Standard, A.TREASURY, pay);
        queue(2, Lane.Standard, A.TREASURY, pay);
        pass(2 days);
        execute(1, A.TREASURY, pay);
        assert(Reenterer(payable(A.TREASURY)).tried() && Reenterer(payable(A.TREASURY)).stopped());
        expectStatus(2, ITimelock.Status.Ready);
    }

    function test_itTakesNoMoney() public {
        (bool ok,) = A.TIMELOCK.call{value: 1}("");
        assert(!ok);
    }

    function queue(uint256 id, Lane lane, address target, bytes memory data) private {
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(target, data);
        cheats.prank(A.GOVERNOR);
        timelock.queue(id, lane, t, v, c);
    }

    function refuseQueue(Lane lane, address target, bytes memory data, Lane expected) private {
        cheats.expectRevert(abi.encodeWithSelector(Timelock.WrongLane.selector, 9, expected, lane));
        queue(9, lane, target, data);
    }

    function execute(uint256 id, address target, bytes memory data) private {
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(target, data);
        timelock.execute(id, t, v, c);
    }

    function refuse(uint256 id, address target, bytes memory data, bytes memory reason) private {
        (address[] memory t, uint256[] memory v, bytes[] memory c) = one(target, data);
        cheats.expectRevert(reason);
        timelock.execute(id, t, v, c);
    }

    function expectStatus(uint256 id, ITimelock.Status expected) private view {
        eq(uint256(timelock.status(id)), uint256(expected));
    }
}

/// The list of what governance may do, seen from outside.
contract LanesTest is GovernanceBase {
    function setUp() public {
        start();
    }

    function laneOf(address target, bytes memory data) external view returns (Lane) {
        return Lanes.laneOf(target, data);
    }

    function test_theList() public view {
        bytes memory upgrade = abi.encodeWithSignature("upgradeToAndCall(address,bytes)", BOB, "");
        address[11] memory proxies = [
            A.VALIDATOR_SET,
            INBOX,
            A.STAKING,
            A.TREASURY,
            A.GOVERNOR,
            A.TIMELOCK,
            A.PARAMS,
            OUTBOX,
            A.SUPPLY,
            A.VESTING,
            A.AIRDROP
        ];
        for (uint256 i = 0; i < proxies.length; ++i) {
            assert(this.laneOf(proxies[i], upgrade) == Lane.Long);
        }
        for (uint256 id = 0; id < Id.COUNT; ++id) {
            assert(this.laneOf(A.PARAMS, setCall(id, 1)) == params.laneOf(id));
        }
        assert(this.laneOf(A.PARAMS, abi.encodeCall(Params.planFork, ("x", 1))) == Lane.Long);
        assert(this.laneOf(A.PARAMS, abi.encodeCall(Params.cancelFork, ())) == Lane.Long);
        assert(this.laneOf(A.TREASURY, abi.encodeWithSignature("spend(address,uint256)", BOB, 1)) == Lane.Standard);
        assert(
            this.laneOf(A.TREASURY, abi.encodeWithSignature("spendProgramme(address,uint256)", BOB, 1)) == Lane.Standard
        );
        assert(this.laneOf(A.AIRDROP, abi.encodeWithSignature("setRoot(uint256,bytes32)", 1, "x")) == Lane.Standard);
        address[2] memory bridge = [INBOX, OUTBOX];
        for (uint256 i = 0; i < bridge.length; ++i) {
            assert(this.laneOf(bridge[i], abi.encodeWithSignature("pause(uint256)", 1)) == Lane.Expedited);
            assert(this.laneOf(bridge[i], abi.encodeWithSignature("unpause(uint256)", 1)) == Lane.Expedited);
            assert(
                this.laneOf(bridge[i], abi.encodeWithSignature("setLimit(uint256,address,uint256)", 1, BOB, 1))
                    == Lane.Expedited
            );
            assert(this.laneOf(bridge[i], hex"12345678") == Lane.Long);
        }
    }

    function test_shortAndLongCalldata() public {
        refuse(A.PARAMS, "", abi.encodeWithSelector(Lanes.NotAllowed.selector, A.PARAMS, bytes4(0)));
        refuse(OUTBOX, hex"123456", abi.encodeWithSelector(Lanes.NotAllowed.selector, OUTBOX, bytes4(0x12345600)));
        bytes memory long = abi.encodePacked(setCall(Id.QUORUM, 4_500), uint8(0));
        refuse(
            A.PARAMS, long, abi.encodeWithSelector(Lanes.BadCalldata.selector, A.PARAMS, Params.set.selector, 69, 68)
        );
        refuse(A.PARAMS, setCall(Id.COUNT, 1), abi.encodeWithSelector(Params.UnknownParam.selector, Id.COUNT, Id.COUNT));
    }

    /// Every mixture of known and foreign addresses and selectors, held against a second list.
    function testFuzz_nothingElse(uint256 which, address foreign, uint256 how, bytes4 unknown, bytes32 rest) public {
        address target = which % 20 < 19 ? address(uint160(0x1000 + which % 20)) : foreign;
        bytes4[10] memory known = [
            bytes4(keccak256("upgradeToAndCall(address,bytes)")),
            bytes4(keccak256("set(uint256,uint256)")),
            bytes4(keccak256("planFork(string,uint64)")),
            bytes4(keccak256("cancelFork()")),
            bytes4(keccak256("spend(address,uint256)")),
            bytes4(keccak256("spendProgramme(address,uint256)")),
            bytes4(keccak256("setRoot(uint256,bytes32)")),
            bytes4(keccak256("pause(uint256)")),
            bytes4(keccak256("unpause(uint256)")),
            bytes4(keccak256("setLimit(uint256,address,uint256)"))
        ];
        uint256 n = how % 11;
        bytes4 selector = n < 10 ? known[n] : unknown;
        for (uint256 i = 0; i < 10; ++i) {
            if (known[i] == selector) n = i;
        }
        uint256 id = uint256(rest) % Id.COUNT;
        bytes memory data = n == 1 ? abi.encodePacked(selector, id, rest) : abi.encodePacked(selector, rest);
        (bool allowed, Lane lane) = expected(target, n, id);
        if (allowed) assert(this.laneOf(target, data) == lane);
        else refuse(target, data, abi.encodeWithSelector(Lanes.NotAllowed.selector, target, selector));
    }

    function expected(address target, uint256 n, uint256 id) private pure returns (bool, Lane) {
        if (target == address(0x1001) || target == address(0x1008)) {
            return (true, n >= 7 && n <= 9 ? Lane.Expedited : Lane.Long);
        }
        if (target == address(0x1007) && n == 1) return (true, id < 8 ? Lane.Standard : Lane.Long);
        if (target == address(0x1007) && (n == 2 || n == 3)) return (true, Lane.Long);
        if (target == address(0x1004) && (n == 4 || n == 5)) return (true, Lane.Standard);
        if (target == address(0x1013) && n == 6) return (true, Lane.Standard);
        uint160 a = uint160(target);
        bool proxy =
            a >= 0x1000 && a <= 0x1013 && a != 0x1003 && a != 0x1009 && a != 0x1011 && !(a >= 0x100a && a <= 0x100f);
        return (proxy && n == 0, Lane.Long);
    }

    function refuse(address target, bytes memory data, bytes memory reason) private {
        cheats.expectRevert(reason);
        this.laneOf(target, data);
    }
}
