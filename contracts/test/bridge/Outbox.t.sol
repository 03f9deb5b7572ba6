// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Callers} from "../../system/Callers.sol";
import {BridgeHashes} from "../../system/bridge/BridgeHashes.sol";
import {BridgedToken} from "../../system/BridgedToken.sol";
import {IBridgeGuards} from "../../system/interfaces/IBridgeGuards.sol";
import {IBridgeInbox} from "../../system/interfaces/IBridgeInbox.sol";
import {IBridgeOutbox} from "../../system/interfaces/IBridgeOutbox.sol";
import {eq, ok} from "../system/SystemTest.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";

/// Says of itself what a bridged token says.
contract Impostor {
    uint256 private immutable ROOT_ID;
    address private immutable TOKEN;

    constructor(uint256 rootId, address token) {
        (ROOT_ID, TOKEN) = (rootId, token);
    }

    function root() external view returns (uint256, address) {
        return (ROOT_ID, TOKEN);
    }

    function burn(address, uint256) external {}
}

contract OutboxTest is BridgeTest {
    function setUp() public {
        bridgeGenesis();
        give(ETHEREUM, USDT, ANNA, 1_000e6);
        vm.deal(ANNA, 10_000 ether);
    }

    function exit(uint256 value, uint256 root, address token_, address to, uint256 amount) private returns (uint256) {
        vm.prank(ANNA);
        return outbox.exit{value: value}(root, token_, to, amount);
    }

    function refuse(bytes memory reason, uint256 value, uint256 root, address token_, address to, uint256 amount)
        private
    {
        vm.expectRevert(reason);
        exit(value, root, token_, to, amount);
    }

    function test_exitOfATokenBurnsItAndAddsItsLeaf() public {
        BridgedToken usdt = token(ETHEREUM, USDT);
        bytes32 leaf = BridgeHashes.exitLeaf(ETHEREUM, ETHEREUM_BRIDGE, 0, USDT, ANNA, BOB, 300e6);
        vm.expectEmit(true, true, true, true, address(outbox));
        emit IBridgeOutbox.Exit(0, ETHEREUM, ETHEREUM_BRIDGE, USDT, ANNA, BOB, 300e6, leaf);
        eq(exit(0, ETHEREUM, address(usdt), BOB, 300e6), 0, "index");
        eq(usdt.balanceOf(ANNA), 700e6, "burned");
        eq(usdt.totalSupply(), 700e6, "burned of all");
        eq(outbox.exitCount(), 1, "count");
        bytes32 node = leaf;
        bytes32 empty = 0;
        for (uint256 i = 0; i < 32; ++i) {
            node = keccak256(bytes.concat(node, empty));
            empty = keccak256(bytes.concat(empty, empty));
        }
        ok(outbox.exitRoot() == node, "root");
    }

    function test_exitOfBttGoesBackToTheReserve() public {
        eq(exit(200 ether, TRON, address(0), BOB, 200 ether), 0, "index");
        eq(inbox.reserve(), BRIDGE_RESERVE + 200 ether, "reserve");
        eq(address(outbox).balance, 0, "nothing stays");
        eq(inbox.rootChain(TRON).bttLocked, BTT_LOCKED - 200 ether, "less can leave");
    }

    /// What nodes read without a call: slot 0 the root, slot 1 the count.
    function test_theRootStandsInSlotZero() public {
        ok(vm.load(address(outbox), 0) == 0, "zero before the first exit");
        ok(outbox.exitRoot() == 0x27ae5ba08d7291c96c8cbddcc148bf48a6d68c7974b94356f53754ef6171d757, "the empty tree");
        exit(1, TRON, address(0), BOB, 1);
        exit(2, TRON, address(0), BOB, 2);
        ok(vm.load(address(outbox), 0) == outbox.exitRoot(), "root");
        eq(uint256(vm.load(address(outbox), bytes32(uint256(1)))), 2, "count");
        ok(vm.load(address(outbox), bytes32(uint256(2))) != 0, "the first leaf");
        ok(vm.load(address(outbox), bytes32(uint256(3))) != 0, "the node over both");
        ok(vm.load(address(outbox), bytes32(uint256(4))) == 0, "nothing is written that is not full");
    }

    function test_noMoreBttLeavesThanIsLockedThere() public {
        refuse(
            abi.encodeWithSelector(IBridgeInbox.NotBacked.selector, TRON, BTT_LOCKED + 1, BTT_LOCKED),
            BTT_LOCKED + 1,
            TRON,
            address(0),
            BOB,
            BTT_LOCKED + 1
        );
        exit(BTT_LOCKED, TRON, address(0), BOB, BTT_LOCKED);
        vm.prank(TIMELOCK);
        inbox.addBttLocked(TRON, 3);
        exit(3, TRON, address(0), BOB, 3);
        eq(inbox.rootChain(TRON).bttLocked, 0, "all left");
    }

    function test_whatIsNotAnExit() public {
        address usdt = address(token(ETHEREUM, USDT));
        refuse(abi.encodeWithSelector(IBridgeInbox.UnknownRoot.selector, 3), 1, 3, address(0), BOB, 1);
        refuse(abi.encodeWithSelector(IBridgeOutbox.NoBttThere.selector, ETHEREUM), 1, ETHEREUM, address(0), BOB, 1);
        refuse(abi.encodeWithSelector(IBridgeOutbox.WrongValue.selector, 1, 2), 1, TRON, address(0), BOB, 2);
        refuse(abi.encodeWithSelector(IBridgeOutbox.WrongValue.selector, 1, 0), 1, ETHEREUM, usdt, BOB, 2);
        refuse(abi.encodeWithSelector(IBridgeOutbox.WrongRoot.selector, TRON, ETHEREUM), 0, TRON, usdt, BOB, 2);
        refuse(abi.encodeWithSelector(IBridgeOutbox.ZeroAmount.selector), 0, ETHEREUM, usdt, BOB, 0);
        address[3] memory lost = [address(0), ETHEREUM_BRIDGE, USDT];
        for (uint256 i = 0; i < 3; ++i) {
            refuse(abi.encodeWithSelector(IBridgeOutbox.BadReceiver.selector, lost[i]), 0, ETHEREUM, usdt, lost[i], 2);
        }
        refuse(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, ANNA, 1_000e6, 1_000e6 + 1),
            0,
            ETHEREUM,
            usdt,
            BOB,
            1_000e6 + 1
        );
        vm.prank(TIMELOCK);
        inbox.setEnabled(ETHEREUM, false);
        refuse(abi.encodeWithSelector(IBridgeInbox.RootDisabled.selector, ETHEREUM), 0, ETHEREUM, usdt, BOB, 2);
        eq(outbox.exitCount(), 0, "no leaf of any of them");
    }

    function test_aTokenOfAnybodyElseIsNoBridgedToken() public {
        address nobody = address(0x1234);
        refuse(abi.encodeWithSelector(IBridgeOutbox.NotBridged.selector, nobody), 0, ETHEREUM, nobody, BOB, 1);
        address fake = address(new Impostor(ETHEREUM, USDT));
        refuse(abi.encodeWithSelector(IBridgeOutbox.NotBridged.selector, fake), 0, ETHEREUM, fake, BOB, 1);
        // The code that the clones share is no token itself: it stands for nothing.
        address code = address(0x1089);
        refuse(abi.encodeWithSelector(IBridgeOutbox.NotBridged.selector, code), 0, ETHEREUM, code, BOB, 1);
    }

    function test_onlyTheInboxRefundsAndOnlyTheOutboxReturns() public {
        vm.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, address(this), address(inbox)));
        outbox.refund(ETHEREUM, USDT, BOB, 1);
        vm.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, address(this), address(outbox)));
        inbox.returnBtt(TRON);
    }

    function test_pausesStopExits() public {
        address usdt = address(token(ETHEREUM, USDT));
        uint256[4] memory what = [uint256(0), TRON, uint256(uint160(usdt)), type(uint256).max];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(TIMELOCK);
            outbox.pause(what[i]);
            bytes memory reason = abi.encodeWithSelector(IBridgeGuards.IsPaused.selector, what[i], type(uint64).max);
            if (i != 2) refuse(reason, 1, TRON, address(0), BOB, 1);
            else exit(1, TRON, address(0), BOB, 1);
            if (i >= 2) refuse(reason, 0, ETHEREUM, usdt, BOB, 1);
            else exit(0, ETHEREUM, usdt, BOB, 1);
            vm.prank(TIMELOCK);
            outbox.unpause(what[i]);
        }
        exit(1, TRON, address(0), BOB, 1);
    }

    function test_limitOfExits() public {
        address usdt = address(token(ETHEREUM, USDT));
        vm.prank(TIMELOCK);
        outbox.setLimit(ETHEREUM, USDT, 100e6);
        exit(0, ETHEREUM, usdt, BOB, 60e6);
        refuse(
            abi.encodeWithSelector(IBridgeGuards.OverLimit.selector, ETHEREUM, USDT, 40e6 + 1, 40e6),
            0,
            ETHEREUM,
            usdt,
            BOB,
            40e6 + 1
        );
        vm.warp(block.timestamp + 12 hours);
        exit(0, ETHEREUM, usdt, BOB, 90e6);
        (uint256 perDay, uint256 left) = outbox.limitOf(ETHEREUM, USDT);
        eq(perDay, 100e6, "limit");
        eq(left, 0, "half of the day gave back 50");
    }

    function testFuzz_exitsAndRoots(uint8 count, uint256 seed) public {
        address usdt = address(token(ETHEREUM, USDT));
        bytes32[] memory nodes = new bytes32[](16);
        uint256 exits = count % 16;
        for (uint256 i = 0; i < exits; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 amount = seed % 1e6 + 1;
            bool btt = seed >> 128 & 1 == 0;
            if (btt) exit(amount, TRON, address(0), BOB, amount);
            else exit(0, ETHEREUM, usdt, BOB, amount);
            nodes[i] = btt
                ? BridgeHashes.exitLeaf(TRON, TRON_BRIDGE, i, TRON_BTT, ANNA, BOB, amount)
                : BridgeHashes.exitLeaf(ETHEREUM, ETHEREUM_BRIDGE, i, USDT, ANNA, BOB, amount);
        }
        bytes32 empty = 0;
        for (uint256 level = 0; level < 32; ++level) {
            for (uint256 i = 0; i < 16; i += 2) {
                bytes32 right = i + 1 < 16 >> level ? nodes[i + 1] : empty;
                if (i < 16 >> level || i == 0) nodes[i / 2] = keccak256(bytes.concat(nodes[i], right));
            }
            empty = keccak256(bytes.concat(empty, empty));
        }
        ok(outbox.exitRoot() == nodes[0], "root of the model");
    }
}
