// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asset} from "../../root/Assets.sol";
import {Exit} from "../../root/Exits.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {OWNER, ok} from "./RootTest.sol";
import {OddToken, Receiver} from "./Tokens.sol";

/// People, a dishonest side chain, an owner and a guardian doing whatever the fuzzer says. It keeps its own books.
contract Traffic is BridgeTest {
    uint256 private constant DAY = 24 hours;

    mapping(address asset => uint256) public deposited;
    mapping(address asset => uint256) public released;
    mapping(uint32 index => uint256) public paidOf;
    uint256 public brokenDays;
    uint256 public doublePayments;
    uint256 public nonces;
    bytes32 public chain;
    Receiver public broken = new Receiver();

    /// Of payments and deposits, to look back a day.
    struct Flow {
        uint256 time;
        address asset;
        uint256 out;
        uint256 into;
        uint256 limit;
    }

    Flow[] private flows;

    constructor() {
        setUpBridge();
        setAsset(address(token), true, CAP, 200, 1_000);
        setAsset(NATIVE, true, CAP, 200, 1_000);
    }

    function asset_(bool native) private view returns (address) {
        return native ? NATIVE : address(token);
    }

    function balanceOf(address asset) public view returns (uint256) {
        return asset == NATIVE ? address(bridge).balance : token.balanceOf(address(bridge));
    }

    function bring(bool native, uint88 amount) external {
        if (amount == 0 || block.timestamp < bridge.pausedUntil()) return;
        address asset = asset_(native);
        uint256 before = balanceOf(asset);
        deposit(asset, amount);
        uint256 came = balanceOf(asset) - before;
        deposited[asset] += came;
        chain = keccak256(
            abi.encode(
                chain,
                keccak256(
                    abi.encode(
                        uint256(2), uint256(990990), uint256(1), address(bridge), nonces, asset, ALICE, BOB, came
                    )
                )
            )
        );
        nonces += 1;
        (, uint256 limit,) = bridge.limits(asset);
        flows.push(Flow(block.timestamp, asset, 0, came, limit));
    }

    /// The side chain may say what it likes, of any amount.
    function go(bool native, uint8 to, uint96 amount) external {
        if (exits.length >= 24 || amount == 0) return;
        address receiver = to % 8 == 0 ? address(broken) : address(uint160(0xF000 + uint256(to) % 4));
        exitOf(asset_(native), receiver, amount);
        checkpoint();
    }

    function pay(uint32 index) external {
        if (exits.length == 0) return;
        index %= uint32(exits.length);
        Exit memory e = exits[index];
        bool was = bridge.isPaid(index);
        uint256 before = balanceOf(e.token);
        (, uint256 limit,) = bridge.limits(e.token);
        tryClaim(index);
        uint256 out = before - balanceOf(e.token);
        if (was && out != 0) doublePayments += 1;
        paidOf[index] += out;
        released[e.token] += out;
        if (out == 0) return;
        flows.push(Flow(block.timestamp, e.token, out, 0, limit));
        _lookBack(e.token);
    }

    function _lookBack(address asset) private {
        uint256 out;
        uint256 into;
        uint256 limit;
        for (uint256 i = flows.length; i > 0 && flows[i - 1].time + DAY >= block.timestamp; --i) {
            if (flows[i - 1].asset != asset) continue;
            out += flows[i - 1].out;
            into += flows[i - 1].into;
            if (flows[i - 1].limit > limit) limit = flows[i - 1].limit;
        }
        // The brim is rounded up, and what drains in a day is three brims.
        if (out > into + limit + 4) brokenDays += 1;
    }

    function wait(uint24 time) external {
        vm.warp(block.timestamp + time % (2 * DAY));
    }

    function odd(uint8 answer, uint8 fee) external {
        token.set(OddToken.Answer(answer % 3), fee, 0);
    }

    function pause() external {
        if (block.timestamp < bridge.nextPause()) return;
        vm.prank(GUARDIAN);
        bridge.pause();
    }

    function takes(bool yes) external {
        broken.setTakes(yes);
    }

    function count() external view returns (uint32) {
        return uint32(exits.length);
    }

    function exitAt(uint32 index) external view returns (Exit memory) {
        return exits[index];
    }

    function lockedOf(address asset) external view returns (uint256) {
        return bridge.assetOf(asset).locked;
    }

    function paid(uint32 index) external view returns (bool) {
        return bridge.isPaid(index);
    }

    function bridgeBooks() external view returns (bytes32, uint64) {
        return (bridge.recordChain(), bridge.recordCount());
    }

    function assets() external view returns (address[2] memory) {
        return [NATIVE, address(token)];
    }
}

contract RootBridgeInvariantTest {
    Traffic private traffic;

    function setUp() public {
        vm.warp(2_000_000_000);
        traffic = new Traffic();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(traffic);
    }

    function invariant_releasedIsAtMostLocked() external view {
        address[2] memory assets = traffic.assets();
        for (uint256 i = 0; i < 2; ++i) {
            uint256 left = traffic.deposited(assets[i]) - traffic.released(assets[i]);
            ok(traffic.lockedOf(assets[i]) == left, "the bridge's books");
            ok(traffic.balanceOf(assets[i]) == left, "its coins");
        }
    }

    function invariant_eachExitOnceAndNoMoreThanItSays() external view {
        for (uint32 i = 0; i < traffic.count(); ++i) {
            uint256 amount = traffic.exitAt(i).amount;
            ok(traffic.paidOf(i) <= amount, "too much");
            ok(traffic.paid(i) == (traffic.paidOf(i) == amount), "paid is paid in full");
        }
        ok(traffic.doublePayments() == 0, "twice");
    }

    function invariant_eachNonceOnce() external view {
        (bytes32 chain, uint64 count) = traffic.bridgeBooks();
        ok(chain == traffic.chain() && count == traffic.nonces(), "running hash");
    }

    function invariant_anyDayIsWithinTheLimit() external view {
        ok(traffic.brokenDays() == 0, "more in a day than came in and the limit");
    }
}
