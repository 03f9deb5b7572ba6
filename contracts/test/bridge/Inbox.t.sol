// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Callers} from "../../system/Callers.sol";
import {BridgeHashes} from "../../system/bridge/BridgeHashes.sol";
import {SystemAddresses} from "../../system/SystemAddresses.sol";
import {IBridgeGuards} from "../../system/interfaces/IBridgeGuards.sol";
import {Deposit, IBridgeInbox, Kept, RootConfig, RootView} from "../../system/interfaces/IBridgeInbox.sol";
import {IBridgedToken} from "../../system/interfaces/IBridgedToken.sol";
import {IBridgeOutbox} from "../../system/interfaces/IBridgeOutbox.sol";
import {eq, ok} from "../system/SystemTest.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest, RootModel} from "./BridgeTest.sol";

/// A receiver of BTT that does what it is told.
contract Receiver {
    enum Mood {
        Take,
        Refuse,
        Burn,
        Reenter,
        Flood
    }

    Mood public mood;
    address private target;
    bytes private data;
    bytes4 public answer;

    function set(Mood mood_) external {
        mood = mood_;
        // So that the note below costs no new slot.
        answer = 0xffffffff;
    }

    function reenter(address target_, bytes calldata data_) external {
        (mood, target, data) = (Mood.Reenter, target_, data_);
        answer = 0xffffffff;
    }

    receive() external payable {
        if (mood == Mood.Refuse) revert("no");
        if (mood == Mood.Burn) {
            while (true) {}
        }
        if (mood == Mood.Flood) {
            assembly {
                revert(0, 100000)
            }
        }
        if (mood != Mood.Reenter) return;
        (bool done, bytes memory reason) = target.call(data);
        answer = done ? bytes4(0) : bytes4(reason);
    }
}

contract InboxTest is BridgeTest {
    Receiver private receiver;

    function setUp() public {
        bridgeGenesis();
        receiver = new Receiver();
    }

    function executed(uint256 root) private view returns (uint256) {
        return inbox.rootChain(root).executed;
    }

    function refuseExecute(bytes memory reason, uint256 root, Deposit[] memory list) private {
        vm.expectRevert(reason);
        inbox.execute(root, list);
    }

    function none() private pure returns (bytes32[] memory) {
        return new bytes32[](0);
    }

    function isKept(uint256 root, uint64 nonce, bytes4 reason) private view {
        Kept memory known = inbox.kept(root, nonce);
        ok(known.record == models[root].hashes(nonce), "kept with its hash");
        ok(known.reason == reason, "kept with its reason");
        eq(known.since, block.timestamp, "kept since now");
    }

    function test_depositsAreDelivered() public {
        put(TRON, TRON_BTT, BOB, 30 ether);
        put(TRON, USDT, BOB, 7e6);
        put(TRON, address(0), BOB, 9e6);
        put(TRON, USDT, ANNA, 5e6);
        settle(TRON);
        eq(BOB.balance, 30 ether, "BTT");
        eq(inbox.reserve(), BRIDGE_RESERVE - 30 ether, "out of the reserve");
        eq(inbox.rootChain(TRON).bttLocked, BTT_LOCKED + 30 ether, "can leave again");
        eq(token(TRON, USDT).balanceOf(BOB), 7e6, "token");
        eq(token(TRON, USDT).totalSupply(), 12e6, "one token for both");
        eq(token(TRON, address(0)).balanceOf(BOB), 9e6, "the coin of the root chain");
        eq(executed(TRON), 4, "all of them");
        ok(inbox.rootChain(TRON).executedChain == models[TRON].chain(4), "running hash");
    }

    function test_tokensOfTwoRootsDiffer() public {
        give(TRON, USDT, BOB, 1);
        give(ETHEREUM, USDT, BOB, 2);
        eq(token(TRON, USDT).balanceOf(BOB), 1, "TRON's");
        eq(token(ETHEREUM, USDT).balanceOf(BOB), 2, "Ethereum's");
        // TRON's BTT is BTT on TRON alone.
        give(ETHEREUM, TRON_BTT, BOB, 3);
        eq(token(ETHEREUM, TRON_BTT).balanceOf(BOB), 3, "a token like any other");
        eq(BOB.balance, 0, "no BTT");
    }

    function test_nothingBeforeItIsAccepted() public {
        put(TRON, USDT, BOB, 1);
        Deposit[] memory list = models[TRON].deposits(0, 1);
        refuseExecute(abi.encodeWithSelector(IBridgeInbox.WrongCount.selector, 1, 0), TRON, list);
        vote(0, TRON, 1, models[TRON].chain(1));
        vote(1, TRON, 1, models[TRON].chain(1));
        refuseExecute(abi.encodeWithSelector(IBridgeInbox.WrongCount.selector, 1, 0), TRON, list);
        refuseExecute(abi.encodeWithSelector(IBridgeInbox.NothingToDo.selector), TRON, new Deposit[](0));
    }

    function test_eachNonceOnce() public {
        put(TRON, USDT, BOB, 1);
        accept(TRON);
        Deposit[] memory list = open(TRON);
        inbox.execute(TRON, list);
        refuseExecute(abi.encodeWithSelector(IBridgeInbox.WrongCount.selector, 1, 0), TRON, list);
        put(TRON, USDT, BOB, 1);
        accept(TRON);
        inbox.execute(TRON, list);
        eq(token(TRON, USDT).balanceOf(BOB), 2, "an equal deposit is another one");
        put(TRON, USDT, BOB, 2);
        accept(TRON);
        vm.expectPartialRevert(IBridgeInbox.WrongChain.selector);
        inbox.execute(TRON, list);
    }

    /// Whatever is changed, left out, added or reordered, the hash shows it.
    function testFuzz_theRunningHashCannotBeForged(uint8 count, uint8 where, uint8 how, uint256 by) public {
        uint256 size = count % 6 + 2;
        for (uint256 i = 0; i < size; ++i) {
            put(TRON, USDT, BOB, i + 1);
        }
        accept(TRON);
        Deposit[] memory list = open(TRON);
        uint256 i = where % size;
        uint160 mask = uint160(by) == 0 ? 1 : uint160(by);
        how = how % 5;
        if (how == 0) list[i].token = address(uint160(list[i].token) ^ mask);
        if (how == 1) list[i].from = address(uint160(list[i].from) ^ mask);
        if (how == 2) list[i].to = address(uint160(list[i].to) ^ mask);
        if (how == 3) list[i].amount ^= mask;
        if (how == 4) (list[i], list[(i + 1) % size]) = (list[(i + 1) % size], list[i]);
        vm.expectPartialRevert(IBridgeInbox.WrongChain.selector);
        inbox.execute(TRON, list);
        eq(executed(TRON), 0, "nothing happened");
        inbox.execute(TRON, open(TRON));
        eq(token(TRON, USDT).totalSupply(), size * (size + 1) / 2, "the true ones are delivered");
    }

    function test_recordsOfOneRootMeanNothingOnAnother() public {
        put(TRON, USDT, BOB, 1);
        put(ETHEREUM, USDT, BOB, 1);
        accept(TRON);
        accept(ETHEREUM);
        ok(models[TRON].chain(1) != models[ETHEREUM].chain(1), "the same deposit, another hash");
        vm.prank(TIMELOCK);
        inbox.registerRoot(RootConfig(3, 5, ETHEREUM_BRIDGE, keccak256("code"), address(0), 0));
        for (uint256 i = 0; i < 3; ++i) {
            vote(i, 3, 1, models[ETHEREUM].chain(1));
        }
        Deposit[] memory list = models[ETHEREUM].deposits(0, 1);
        vm.expectPartialRevert(IBridgeInbox.WrongChain.selector);
        inbox.execute(3, list);
    }

    function testFuzz_parts(uint8 count, uint8 cut, uint8 second) public {
        uint256 size = count % 10 + 3;
        for (uint256 i = 0; i < size; ++i) {
            put(TRON, USDT, BOB, i + 1);
        }
        accept(TRON);
        uint256 a = cut % (size - 1) + 1;
        uint256 b = a + second % (size - a) + 1;
        if (b > size) b = size;
        inbox.executePart(TRON, models[TRON].deposits(0, a), models[TRON].rest(a, size));
        eq(executed(TRON), a, "the first part");
        Deposit[] memory list = models[TRON].deposits(a, b);
        bytes32[] memory rest = models[TRON].rest(a, b);
        vm.expectRevert();
        inbox.executePart(TRON, list, rest);
        inbox.executePart(TRON, list, models[TRON].rest(b, size));
        if (b < size) inbox.execute(TRON, open(TRON));
        eq(executed(TRON), size, "all");
        eq(token(TRON, USDT).balanceOf(BOB), size * (size + 1) / 2, "each once");
    }

    function test_aReceiverThatFailsStopsNobody() public {
        Receiver.Mood[3] memory moods = [Receiver.Mood.Refuse, Receiver.Mood.Burn, Receiver.Mood.Flood];
        for (uint64 i = 0; i < 3; ++i) {
            receiver.set(moods[i]);
            Deposit memory d = put(TRON, TRON_BTT, address(receiver), 1 ether);
            put(TRON, TRON_BTT, BOB, 2 ether);
            accept(TRON);
            Deposit[] memory list = open(TRON);
            uint256 before = gasleft();
            inbox.execute(TRON, list);
            ok(before - gasleft() < 500_000, "bounded");
            isKept(TRON, 2 * i, IBridgeInbox.ReceiverRefused.selector);
            eq(BOB.balance, (i + 1) * 2 ether, "the next one got its own");
            vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.ReceiverRefused.selector, address(receiver), 1 ether));
            inbox.replay(TRON, 2 * i, d);
        }
        eq(inbox.rootChain(TRON).bttLocked, BTT_LOCKED + 6 ether, "what was not delivered does not count");
    }

    function test_replay() public {
        receiver.set(Receiver.Mood.Refuse);
        Deposit memory d = put(TRON, TRON_BTT, address(receiver), 1 ether);
        settle(TRON);
        receiver.set(Receiver.Mood.Take);
        Deposit memory other = Deposit(d.token, d.from, BOB, d.amount);
        vm.expectPartialRevert(IBridgeInbox.WrongRecord.selector);
        inbox.replay(TRON, 0, other);
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.NotKept.selector, TRON, 1));
        inbox.replay(TRON, 1, d);
        inbox.replay(TRON, 0, d);
        eq(address(receiver).balance, 1 ether, "delivered");
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.NotKept.selector, TRON, 0));
        inbox.replay(TRON, 0, d);
        vm.warp(block.timestamp + 8 days);
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.NotKept.selector, TRON, 0));
        inbox.refund(TRON, 0, d);
    }

    function test_refund() public {
        receiver.set(Receiver.Mood.Refuse);
        Deposit memory d = put(TRON, TRON_BTT, address(receiver), 1 ether);
        settle(TRON);
        uint256 from = block.timestamp + 7 days;
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.TooEarly.selector, from - 1, from));
        inbox.refund(TRON, 0, d);
        vm.warp(from);
        bytes32 leaf = BridgeHashes.exitLeaf(TRON, TRON_BRIDGE, 0, TRON_BTT, address(inbox), ANNA, 1 ether);
        vm.expectEmit(true, true, true, true, address(outbox));
        emit IBridgeOutbox.Exit(0, TRON, TRON_BRIDGE, TRON_BTT, address(inbox), ANNA, 1 ether, leaf);
        inbox.refund(TRON, 0, d);
        eq(inbox.reserve(), BRIDGE_RESERVE, "nothing came, nothing went");
        eq(inbox.rootChain(TRON).bttLocked, BTT_LOCKED, "of either");
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.NotKept.selector, TRON, 0));
        inbox.refund(TRON, 0, d);
        receiver.set(Receiver.Mood.Take);
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.NotKept.selector, TRON, 0));
        inbox.replay(TRON, 0, d);
    }

    function test_aPausedTokenIsKeptAndNotRefundedMeanwhile() public {
        uint256 usdt = uint160(address(token(TRON, USDT)));
        vm.prank(TIMELOCK);
        inbox.pause(usdt);
        Deposit memory d = put(TRON, USDT, BOB, 1);
        put(TRON, TRON_BTT, BOB, 1);
        settle(TRON);
        isKept(TRON, 0, IBridgeGuards.IsPaused.selector);
        eq(BOB.balance, 1, "BTT is not paused");
        eq(address(uint160(usdt)).code.length, 0, "the token that was not made is not there");
        vm.warp(block.timestamp + 8 days);
        bytes memory reason = abi.encodeWithSelector(IBridgeGuards.IsPaused.selector, usdt, type(uint64).max);
        vm.expectRevert(reason);
        inbox.replay(TRON, 0, d);
        vm.expectRevert(reason);
        inbox.refund(TRON, 0, d);
        vm.prank(TIMELOCK);
        inbox.unpause(usdt);
        inbox.refund(TRON, 0, d);
        eq(outbox.exitCount(), 1, "sent back, though the token was never made");
    }

    function test_refundsPassTheBrakesOfTheOutbox() public {
        Deposit memory d = put(TRON, USDT, address(0), 10);
        settle(TRON);
        isKept(TRON, 0, IERC20Errors.ERC20InvalidReceiver.selector);
        vm.warp(block.timestamp + 8 days);
        vm.prank(TIMELOCK);
        outbox.setLimit(TRON, USDT, 9);
        vm.expectRevert(abi.encodeWithSelector(IBridgeGuards.OverLimit.selector, TRON, USDT, 10, 9));
        inbox.refund(TRON, 0, d);
        vm.prank(TIMELOCK);
        outbox.setLimit(TRON, USDT, 10);
        inbox.refund(TRON, 0, d);
    }

    function test_lostReceiversAreKept() public {
        put(TRON, TRON_BTT, address(0), 1);
        put(TRON, TRON_BTT, address(inbox), 2);
        put(TRON, TRON_BTT, address(outbox), 3);
        put(TRON, USDT, address(token(TRON, USDT)), 4);
        settle(TRON);
        for (uint64 i = 0; i < 3; ++i) {
            isKept(TRON, i, IBridgeInbox.ReceiverRefused.selector);
        }
        isKept(TRON, 3, IBridgedToken.BadReceiver.selector);
        eq(inbox.reserve(), BRIDGE_RESERVE, "nothing left");
    }

    function test_aShortReserveKeeps() public {
        Deposit memory d = put(TRON, TRON_BTT, BOB, BRIDGE_RESERVE + 5);
        settle(TRON);
        isKept(TRON, 0, IBridgeInbox.ReserveShort.selector);
        vm.deal(ANNA, 5);
        vm.prank(ANNA);
        outbox.exit{value: 5}(TRON, address(0), ANNA, 5);
        inbox.replay(TRON, 0, d);
        eq(BOB.balance, BRIDGE_RESERVE + 5, "once somebody left");
    }

    function test_limitOfDeposits() public {
        vm.prank(TIMELOCK);
        inbox.setLimit(TRON, USDT, 100);
        put(TRON, USDT, BOB, 70);
        Deposit memory d = put(TRON, USDT, BOB, 40);
        put(TRON, USDT, BOB, 30);
        settle(TRON);
        isKept(TRON, 1, IBridgeGuards.OverLimit.selector);
        eq(token(TRON, USDT).balanceOf(BOB), 100, "what fits is delivered");
        vm.warp(block.timestamp + 9 hours);
        vm.expectRevert(abi.encodeWithSelector(IBridgeGuards.OverLimit.selector, TRON, USDT, 40, 37));
        inbox.replay(TRON, 1, d);
        vm.warp(block.timestamp + 1 hours);
        inbox.replay(TRON, 1, d);
        eq(token(TRON, USDT).balanceOf(BOB), 140, "when the bucket has room");
    }

    function test_aPausedRootWaitsInOrder() public {
        receiver.set(Receiver.Mood.Refuse);
        Deposit memory d = put(TRON, TRON_BTT, address(receiver), 1);
        settle(TRON);
        put(TRON, USDT, BOB, 1);
        uint256[2] memory what = [TRON, type(uint256).max];
        accept(TRON);
        vm.warp(block.timestamp + 8 days);
        Deposit[] memory list = open(TRON);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(TIMELOCK);
            inbox.pause(what[i]);
            bytes memory reason = abi.encodeWithSelector(IBridgeGuards.IsPaused.selector, what[i], type(uint64).max);
            refuseExecute(reason, TRON, list);
            vm.expectRevert(reason);
            inbox.replay(TRON, 0, d);
            vm.expectRevert(reason);
            inbox.refund(TRON, 0, d);
            vm.prank(TIMELOCK);
            inbox.unpause(what[i]);
        }
        vm.prank(TIMELOCK);
        inbox.setEnabled(TRON, false);
        refuseExecute(abi.encodeWithSelector(IBridgeInbox.RootDisabled.selector, TRON), TRON, list);
        vm.prank(TIMELOCK);
        inbox.setEnabled(TRON, true);
        inbox.execute(TRON, list);
        eq(executed(TRON), 2, "went on");
    }

    /// Whoever calls with little gas cannot make a delivery fail: either it is carried out as it should, or nothing is.
    function testFuzz_littleGasKeepsNothing(uint256 gas_) public {
        put(TRON, USDT, BOB, 1);
        put(TRON, TRON_BTT, address(receiver), 1);
        put(TRON, address(0), BOB, 1);
        accept(TRON);
        Deposit[] memory list = open(TRON);
        (bool done,) = address(inbox).call{gas: gas_ % 1_200_000}(abi.encodeCall(inbox.execute, (TRON, list)));
        eq(executed(TRON), done ? 3 : 0, "all or nothing");
        for (uint64 i = 0; i < 3; ++i) {
            ok(inbox.kept(TRON, i).record == 0, "nothing is kept");
        }
        eq(address(receiver).balance, done ? 1 : 0, "delivered");
    }

    function test_gasThatIsTooLittleIsRefusedBeforeTheDelivery() public {
        put(TRON, USDT, BOB, 1);
        accept(TRON);
        bytes memory data = abi.encodeCall(inbox.execute, (TRON, open(TRON)));
        (bool done, bytes memory reason) = address(inbox).call{gas: 400_000}(data);
        ok(!done && bytes4(reason) == IBridgeInbox.NotEnoughGas.selector, "though it would do");
        (done,) = address(inbox).call{gas: 500_000}(data);
        ok(done, "with a little more than the bound");
    }

    function test_receiversCannotReenter() public {
        put(TRON, TRON_BTT, address(receiver), 1);
        Deposit memory d = put(TRON, TRON_BTT, address(inbox), 1);
        settle(TRON);
        put(TRON, TRON_BTT, address(receiver), 1);
        put(TRON, TRON_BTT, BOB, 1);
        accept(TRON);
        Deposit[] memory list = open(TRON);
        bytes[4] memory calls = [
            abi.encodeCall(inbox.replay, (TRON, 1, d)),
            abi.encodeCall(inbox.refund, (TRON, 1, d)),
            abi.encodeCall(inbox.execute, (TRON, models[TRON].deposits(3, 4))),
            abi.encodeCall(inbox.deliver, (TRON, 0, d))
        ];
        bytes4 guard = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
        bytes4[4] memory expected = [guard, guard, guard, Callers.WrongCaller.selector];
        vm.warp(block.timestamp + 8 days);
        inbox.execute(TRON, list);
        for (uint256 i = 0; i < 4; ++i) {
            receiver.reenter(address(inbox), calls[i]);
            put(TRON, TRON_BTT, address(receiver), 1);
            settle(TRON);
            eq(uint32(receiver.answer()), uint32(expected[i]), "refused inside");
        }
        eq(address(receiver).balance, 6, "delivered all the same, each once");
    }

    /// The guard of one contract is not that of the other: a receiver that has gas enough may exit.
    function test_aReceiverReachesTheOutbox() public {
        receiver.reenter(address(outbox), abi.encodeCall(outbox.exit, (TRON, address(0), BOB, 0)));
        put(TRON, TRON_BTT, address(receiver), 10);
        settle(TRON);
        eq(uint32(receiver.answer()), uint32(IBridgeOutbox.ZeroAmount.selector), "the outbox answered");
        eq(address(receiver).balance, 10, "delivered");
    }

    function test_genesisIsOptionalAndOnce() public {
        vm.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, address(this), SYSTEM));
        inbox.genesis(0, address(0), new RootConfig[](0));
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(Callers.NotGenesis.selector, block.number));
        inbox.genesis(0, address(0), new RootConfig[](0));
        vm.roll(0);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.WrongBalance.selector, BRIDGE_RESERVE, 1));
        inbox.genesis(1, address(0), new RootConfig[](0));
    }

    function test_registration() public {
        RootConfig memory good = RootConfig(5, 1, address(1), keccak256("code"), address(2), 3);
        vm.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, address(this), TIMELOCK));
        inbox.registerRoot(good);
        RootConfig[6] memory bad;
        for (uint256 i = 0; i < 6; ++i) {
            bad[i] = RootConfig(5, 1, address(1), keccak256("code"), address(2), 3);
        }
        bad[0].rootId = 0;
        bad[1].rootId = 256;
        bad[2].chainId = 0;
        bad[3].bridge = address(0);
        bad[4].codeHash = 0;
        bad[5].btt = address(0);
        for (uint256 i = 0; i < 6; ++i) {
            vm.prank(TIMELOCK);
            vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.BadRoot.selector, bad[i].rootId));
            inbox.registerRoot(bad[i]);
        }
        vm.prank(TIMELOCK);
        inbox.registerRoot(good);
        vm.prank(TIMELOCK);
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.RootKnown.selector, 5));
        inbox.registerRoot(good);
        RootView memory view_ = inbox.rootChain(5);
        ok(view_.enabled && view_.bttLocked == 3 && view_.btt == address(2), "as given");
        vm.prank(TIMELOCK);
        inbox.setCodeHash(5, keccak256("new"));
        ok(inbox.rootChain(5).codeHash == keccak256("new"), "code hash");
        vm.prank(TIMELOCK);
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.BadRoot.selector, ETHEREUM));
        inbox.addBttLocked(ETHEREUM, 1);
    }

    function testFuzz_onlyTheTimelockGoverns(address who) public {
        vm.assume(who != TIMELOCK && who != address(vm));
        bytes[6] memory calls = [
            abi.encodeCall(inbox.setEnabled, (TRON, false)),
            abi.encodeCall(inbox.setCodeHash, (TRON, keccak256("x"))),
            abi.encodeCall(inbox.addBttLocked, (TRON, 1)),
            abi.encodeCall(inbox.setGuardian, (who)),
            abi.encodeCall(inbox.dropAccepted, (TRON)),
            abi.encodeCall(inbox.setLimit, (TRON, USDT, 1))
        ];
        for (uint256 i = 0; i < 6; ++i) {
            vm.prank(who);
            (bool done, bytes memory reason) = address(inbox).call(calls[i]);
            ok(!done, "refused");
            ok(
                keccak256(reason) == keccak256(abi.encodeWithSelector(Callers.WrongCaller.selector, who, TIMELOCK)),
                "with this reason"
            );
        }
    }

    function test_plainBttIsRefused() public {
        vm.deal(ANNA, 1);
        vm.prank(ANNA);
        (bool sent,) = address(inbox).call{value: 1}("");
        ok(!sent, "the reserve grows by exits alone");
    }
}

/// A chain whose genesis says nothing of the bridge: everything answers, and root chains can come later.
contract LaterTest is BridgeTest {
    function setUp() public {
        genesis(4, 20e6 ether);
    }

    function test_withoutGenesis() public {
        eq(inbox.guardian(), address(0), "no guardian");
        eq(inbox.reserve(), 0, "no reserve");
        vm.expectRevert(abi.encodeWithSelector(IBridgeInbox.UnknownRoot.selector, ETHEREUM));
        inbox.route(ETHEREUM);
        vm.expectRevert(abi.encodeWithSelector(IBridgeGuards.NotGuard.selector, address(this), address(0)));
        inbox.pause(0);
        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(IBridgeGuards.NotGuard.selector, address(0), address(0)));
        outbox.pause(0);

        vm.prank(TIMELOCK);
        inbox.registerRoot(RootConfig(ETHEREUM, 1, ETHEREUM_BRIDGE, keccak256("code"), address(0), 0));
        models[ETHEREUM] = new RootModel(block.chainid, ETHEREUM, ETHEREUM_BRIDGE);
        give(ETHEREUM, USDT, ANNA, 5);
        address usdt = address(token(ETHEREUM, USDT));
        vm.prank(ANNA);
        outbox.exit(ETHEREUM, usdt, BOB, 5);
        eq(outbox.exitCount(), 1, "and back");
    }
}
