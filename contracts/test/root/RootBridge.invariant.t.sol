// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Asset} from "../../root/Assets.sol";
import {Exit} from "../../root/Exits.sol";
import {Deposit, Metadata} from "../../system/interfaces/IBridgeInbox.sol";
import {RootModel} from "../bridge/BridgeTest.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {OWNER, SIDE_CHAIN, ok} from "./RootTest.sol";
import {NamedToken, OddToken, Receiver} from "./Tokens.sol";

/// People, a dishonest side chain, an owner and a guardian doing whatever the fuzzer says. It keeps its own books.
contract Traffic is BridgeTest {
    uint256 private constant DAY = 24 hours;

    mapping(address asset => uint256) public deposited;
    mapping(address asset => uint256) public released;
    mapping(uint32 index => uint256) public paidOf;
    uint256 public brokenDays;
    uint256 public doublePayments;
    RootModel public model;
    NamedToken private named = new NamedToken();
    /// The names that the model has of an asset, and whether it knows the asset from a deposit.
    mapping(address asset => bytes32) private recorded;
    mapping(address asset => bool) private known;
    uint256 public wrongSyncs;
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
        setUpBridge(1_000);
        token = named;
        setAsset(address(token), true, CAP, 200, 1_000);
        model = new RootModel(SIDE_CHAIN, 1, address(bridge));
    }

    /// What the bridge should read of an asset now.
    function namesOf(address asset) private view returns (bool fit, Metadata memory m) {
        if (asset == NATIVE) return (true, Metadata(NATIVE, "Ether", "ETH", 18));
        bytes memory name = named.answers(bytes4(keccak256("name()")));
        if (name.length == 0) return (false, m);
        string memory text = abi.decode(name, (string));
        return (bytes(text).length <= 64, Metadata(asset, text, "ODD", 6));
    }

    /// Adds a metadata record to the model, if there is something new to tell.
    function tell(address asset) private returns (bool told) {
        (bool fit, Metadata memory m) = namesOf(asset);
        bytes32 hash = keccak256(abi.encode(m));
        if (!fit || hash == recorded[asset]) return false;
        recorded[asset] = hash;
        model.syncMetadata(m);
        return true;
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
        if (!known[asset]) tell(asset);
        known[asset] = true;
        model.deposit(Deposit(asset, ALICE, BOB, came));
        (, uint256 limit,) = bridge.limits(asset);
        flows.push(Flow(block.timestamp, asset, 0, came, limit));
    }

    function give(uint88 amount) external {
        if (amount == 0 || block.timestamp < bridge.pausedUntil()) return;
        uint256 before = balanceOf(address(token));
        token.mint(ALICE, amount);
        vm.prank(ALICE);
        token.approve(address(bridge), amount);
        vm.prank(ALICE);
        uint256 said = bridge.lock(address(token), amount);
        uint256 came = balanceOf(address(token)) - before;
        ok(said == came, "what arrived");
        deposited[address(token)] += came;
        (, uint256 limit,) = bridge.limits(address(token));
        flows.push(Flow(block.timestamp, address(token), 0, came, limit));
    }

    /// Names that are none, some, others, and too long.
    function rename(uint8 which) external {
        which %= 4;
        if (which == 0) named.setAnswer("name()", "");
        else named.setNames(which == 1 ? "Odd" : which == 2 ? "Odder" : string(new bytes(65)), "ODD", 6);
    }

    function sync(bool native) external {
        if (block.timestamp < bridge.pausedUntil()) return;
        address asset = asset_(native);
        (bool done,) = address(bridge).call(abi.encodeCall(bridge.syncMetadata, (asset)));
        if (done != tell(asset)) wrongSyncs += 1;
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
        ok(count == traffic.model().count() && chain == traffic.model().chain(count), "running hash");
        ok(traffic.wrongSyncs() == 0, "names");
    }

    function invariant_anyDayIsWithinTheLimit() external view {
        ok(traffic.brokenDays() == 0, "more in a day than came in and the limit");
    }
}
