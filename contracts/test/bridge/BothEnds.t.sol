// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Exit, Exits} from "../../root/Exits.sol";
import {RootBridge} from "../../root/RootBridge.sol";
import {BridgeHashes} from "../../system/bridge/BridgeHashes.sol";
import {BridgedToken} from "../../system/BridgedToken.sol";
import {Deposit, Metadata, RootConfig} from "../../system/interfaces/IBridgeInbox.sol";
import {SomeRoots} from "../root/SomeRoots.sol";
import {NamedToken} from "../root/Tokens.sol";
import {eq, ok} from "../system/SystemTest.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest, RootModel} from "./BridgeTest.sol";

interface SetChainId {
    function chainId(uint256 id) external;
}

/// The contracts of TRON and those of this chain as they stand, with nothing between them but hashes.
contract BothEndsTest is BridgeTest {
    uint256 private constant SIDE = 990990;
    address private constant OWNER = address(0x0ABCDE);

    SomeRoots private roots;
    RootBridge private bridge;
    NamedToken private btt;
    NamedToken private usdt;
    RootModel private model;
    bytes32[] private leaves;

    function setUp() public {
        SetChainId(address(vm)).chainId(SIDE);
        genesis(4, 20e6 ether);
        roots = new SomeRoots();
        bridge = new RootBridge(2, roots, OWNER, OWNER);
        model = new RootModel(SIDE, TRON, address(bridge));
        btt = listed("BitTorrent", "BTT", 18);
        usdt = listed("Tether USD", "USDT", 6);
        vm.prank(OWNER);
        bridge.setAsset(address(0), true, 1e30, 200, 1);
        // What is out on this chain from its first block on is locked there.
        btt.mint(address(this), BTT_LOCKED);
        btt.approve(address(bridge), BTT_LOCKED);
        bridge.lock(address(btt), BTT_LOCKED);

        RootConfig[] memory config = new RootConfig[](1);
        config[0] = RootConfig(
            TRON,
            728126428,
            address(bridge),
            address(bridge).codehash,
            address(btt),
            bridge.assetOf(address(btt)).locked
        );
        vm.roll(0);
        vm.deal(SYSTEM, BRIDGE_RESERVE);
        vm.prank(SYSTEM);
        inbox.genesis{value: BRIDGE_RESERVE}(BRIDGE_RESERVE, GUARDIAN, config);
        vm.roll(height);
    }

    function listed(string memory name, string memory symbol, uint8 decimals) private returns (NamedToken made) {
        made = new NamedToken();
        made.setNames(name, symbol, decimals);
        vm.prank(OWNER);
        bridge.setAsset(address(made), true, 1e30, 200, 1);
    }

    function bring(NamedToken of_, uint256 amount) private {
        of_.mint(ANNA, amount);
        vm.prank(ANNA);
        of_.approve(address(bridge), amount);
        vm.prank(ANNA);
        bridge.deposit(address(of_), BOB, amount);
        model.deposit(Deposit(address(of_), ANNA, BOB, amount));
    }

    /// Validators vouch for what the bridge says of itself.
    function vouch() private {
        for (uint256 i = 0; i < 3; ++i) {
            vote(i, TRON, bridge.recordCount(), bridge.recordChain());
        }
        eq(inbox.rootChain(TRON).accepted, bridge.recordCount(), "accepted");
    }

    function rest(uint64 from) private view returns (bytes32[] memory) {
        return model.rest(from, model.count());
    }

    function test_namesAndDepositsComeOver() external {
        model.syncMetadata(Metadata(address(usdt), "Tether USD", "USDT", 6));
        bring(usdt, 7e6);
        bring(usdt, 1e6);
        model.syncMetadata(Metadata(address(btt), "BitTorrent", "BTT", 18));
        bring(btt, 30 ether);
        vm.deal(ANNA, 9);
        model.syncMetadata(Metadata(address(0), "TRON", "TRX", 6));
        vm.prank(ANNA);
        bridge.depositNative{value: 9}(BOB);
        model.deposit(Deposit(address(0), ANNA, BOB, 9));
        vouch();

        inbox.executeMetadata(TRON, model.record(0).metadata, rest(1));
        inbox.executePart(TRON, model.deposits(1, 3), rest(3));
        inbox.executeMetadata(TRON, model.record(3).metadata, rest(4));
        inbox.executePart(TRON, model.deposits(4, 5), rest(5));
        inbox.executeMetadata(TRON, model.record(5).metadata, rest(6));
        inbox.execute(TRON, model.deposits(6, 7));

        BridgedToken here = token(TRON, address(usdt));
        same(here.name(), "Tether USD");
        same(here.symbol(), "USDT");
        eq(here.decimals(), 6, "decimals");
        eq(here.balanceOf(BOB), 8e6, "tokens");
        eq(BOB.balance, 30 ether, "BTT");
        same(token(TRON, address(0)).symbol(), "TRX");
        eq(token(TRON, address(0)).balanceOf(BOB), 9, "the coin");
        eq(inbox.rootChain(TRON).bttLocked, bridge.assetOf(address(btt)).locked, "the same books");
    }

    function test_exitsGoBack() external {
        model.syncMetadata(Metadata(address(usdt), "Tether USD", "USDT", 6));
        bring(usdt, 10_000e6);
        vouch();
        inbox.executeMetadata(TRON, model.record(0).metadata, rest(1));
        inbox.execute(TRON, model.deposits(1, 2));
        address here = address(token(TRON, address(usdt)));
        vm.prank(BOB);
        outbox.exit(TRON, here, ANNA, 5e6);
        vm.deal(BOB, 2 ether);
        vm.prank(BOB);
        outbox.exit{value: 2 ether}(TRON, address(0), ANNA, 2 ether);

        roots.set(1, bytes32(uint256(1)), outbox.exitRoot());
        Exit memory one = Exit(0, address(usdt), BOB, ANNA, 5e6);
        Exit memory two = Exit(1, address(btt), BOB, ANNA, 2 ether);
        eq(bridge.claim(one, proof(leaf(two)), 1), 5e6, "tokens");
        eq(bridge.claim(two, proof(leaf(one)), 1), 2 ether, "BTT");
        eq(usdt.balanceOf(ANNA), 5e6, "tokens are paid");
        eq(btt.balanceOf(ANNA), 2 ether, "BTT is paid");
        eq(inbox.rootChain(TRON).bttLocked, bridge.assetOf(address(btt)).locked, "the same books");
        eq(BridgedToken(here).totalSupply(), bridge.assetOf(address(usdt)).locked, "as many as are locked");
    }

    function leaf(Exit memory e) private view returns (bytes32) {
        return BridgeHashes.exitLeaf(TRON, address(bridge), e.index, e.token, e.from, e.to, e.amount);
    }

    /// Of one of two leaves, beside the other.
    function proof(bytes32 other) private pure returns (bytes32[32] memory hashes) {
        bytes32 empty;
        hashes[0] = other;
        for (uint256 i = 1; i < 32; ++i) {
            empty = keccak256(bytes.concat(empty, empty));
            hashes[i] = empty;
        }
    }

    function testFuzz_bothHashExitsAlike(Exit calldata e, uint8 rootId, address bridge_) external view {
        bytes32 here = BridgeHashes.exitLeaf(rootId, bridge_, e.index, e.token, e.from, e.to, e.amount);
        ok(Exits.leaf(e, SIDE, rootId, bridge_) == here, "leaf");
    }
}
