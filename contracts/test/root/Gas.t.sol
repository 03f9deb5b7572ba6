// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Certificate} from "../../root/CheckpointManager.sol";
import {Exit} from "../../root/Exits.sol";
import {RootBridge} from "../../root/RootBridge.sol";
import {vm} from "../system/Vm.sol";
import {OWNER, RootTest, ok} from "./RootTest.sol";

contract PlainToken is ERC20("Plain", "PLN") {
    string private newName = "Plain";

    function name() public view override returns (string memory) {
        return newName;
    }

    function rename(string calldata name_) external {
        newName = name_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// Measures what a transaction uses, before any refund: 21,000, its data (docs of EIP-2028 and the floor of EIP-7623), and the call, with
/// all storage as a transaction of its own finds it.
abstract contract RootGasTest is RootTest {
    /// Printed by forge with -vv.
    event log_named_uint(string key, uint256 val);

    function measure(address to, uint256 value, bytes memory data, string memory name) internal returns (uint256 used) {
        vm.deal(address(this), value);
        (bool success, bytes memory reason) = to.call{value: value}(data);
        used = vm.lastCallGas().used;
        if (!success) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        uint256 tokens;
        for (uint256 i = 0; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        used += 21_000 + 4 * tokens;
        if (used < 21_000 + 10 * tokens) used = 21_000 + 10 * tokens;
        emit log_named_uint(name, used);
    }
}

/// A checkpoint that follows another, and changes the set: what an epoch costs.
contract SubmitGasTest is RootGasTest {
    mapping(uint256 size => address) private managers;

    function setUp() public {
        vm.warp(START);
        uint256[4] memory sizes = [uint256(4), 21, 67, 100];
        for (uint256 i = 0; i < 4; ++i) {
            manager = newManager(equalSet(1, sizes[i]));
            submit(equalSet(1, sizes[i]), blockOf(1, equalSet(1, sizes[i])));
            managers[sizes[i]] = address(manager);
        }
        vm.warp(START + 1800);
    }

    function gasOf(uint256 size, string memory name) private returns (uint256) {
        Set memory set = equalSet(1, size);
        Block memory b = blockOf(3_600, equalSet(200, size));
        Certificate memory certificate = certify(set, b, enough(set));
        bytes memory data = abi.encodeCall(manager.submit, (header(b), certificate, b.next, b.exits));
        return measure(managers[size], 0, data, name);
    }

    function test_gasOfSubmitBy4() external {
        ok(gasOf(4, "submit, 4 validators, 3 sign") <= 170_000, "170,000");
    }

    function test_gasOfSubmitBy21() external {
        ok(gasOf(21, "submit, 21 validators, 15 sign") <= 240_000, "240,000");
    }

    function test_gasOfSubmitBy67() external {
        ok(gasOf(67, "submit, 67 validators, 45 sign") <= 420_000, "420,000");
    }

    function test_gasOfSubmitBy100() external {
        ok(gasOf(100, "submit, 100 validators, 67 sign") <= 560_000, "560,000");
    }

    /// What TRON's time for a transaction allows.
    function test_gasOfCollecting32Of100() external {
        Set memory set = equalSet(1, 100);
        Block memory b = blockOf(3_600, set);
        Certificate memory certificate = certify(set, b, (1 << 32) - 1);
        bytes memory data = abi.encodeCall(manager.collect, (3_600, keccak256(header(b)), certificate));
        ok(measure(managers[100], 0, data, "collect, 32 of 100") <= 270_000, "270,000");
    }
}

abstract contract BridgeGasTest is RootGasTest {
    address internal constant ALICE = address(0xA11CE);

    RootBridge internal bridge;
    PlainToken internal token;
    Exit[4] internal exits;
    bytes32[4] private all;

    function setUp() public virtual {
        vm.warp(START);
        Set memory set = equalSet(1, 4);
        manager = newManager(set);
        bridge = new RootBridge(1, manager, OWNER, OWNER);
        token = new PlainToken();
        vm.prank(OWNER);
        bridge.setAsset(address(token), true, 1e30, 200, 1);
        vm.prank(OWNER);
        bridge.setAsset(address(0), true, 1e30, 200, 1);
        token.mint(address(this), 2_000 ether);
        token.approve(address(bridge), 2_000 ether);
        bridge.deposit(address(token), ALICE, 1_000 ether);
        vm.deal(address(this), 1_000 ether);
        bridge.depositNative{value: 1_000 ether}(ALICE);
        for (uint32 i = 0; i < 4; ++i) {
            address to = address(uint160(0xF000 + i));
            exits[i] = Exit(i, i % 2 == 0 ? address(token) : address(0), ALICE, to, 0.5 ether);
            all[i] = leafOf(exits[i], 1, address(bridge));
        }
        Block memory b = blockOf(1, set);
        (b.exits,) = tree(leaves(), 0);
        submit(set, b);
    }

    function leaves() internal view returns (bytes32[] memory list) {
        list = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) {
            list[i] = all[i];
        }
    }

    function claim(uint256 i, string memory name) internal returns (uint256) {
        (, bytes32[32] memory proof) = tree(leaves(), i);
        return measure(address(bridge), 0, abi.encodeCall(bridge.claim, (exits[i], proof, 1)), name);
    }
}

/// The other 255, to somebody who has nothing yet, or has some.
contract LaterClaimGasTest is BridgeGasTest {
    function setUp() public override {
        super.setUp();
        (, bytes32[32] memory proof) = tree(leaves(), 0);
        bridge.claim(exits[0], proof, 1);
    }

    function test_gasOfClaimingTokens() external {
        ok(claim(2, "claim, tokens") <= 120_000, "120,000");
    }

    function test_gasOfClaimingTheNativeCoin() external {
        ok(claim(3, "claim, native") <= 120_000, "120,000");
    }
}

contract FirstClaimGasTest is BridgeGasTest {
    /// The first of 256 exits, to somebody who had nothing: the most it costs.
    function test_gasOfClaimingTokensFirst() external {
        ok(claim(0, "claim, tokens, first of 256") <= 135_000, "135,000");
    }

    function test_gasOfClaimingTheNativeCoinFirst() external {
        ok(claim(1, "claim, native, first of 256") <= 135_000, "135,000");
    }

    function test_gasOfDeposit() external {
        bytes memory data = abi.encodeCall(bridge.deposit, (address(token), ALICE, 1 ether));
        ok(measure(address(bridge), 0, data, "deposit, tokens") <= 120_000, "120,000");
    }

    /// Its names go before it.
    function test_gasOfTheFirstDepositOfAToken() external {
        PlainToken other = new PlainToken();
        vm.prank(OWNER);
        bridge.setAsset(address(other), true, 1e30, 200, 1);
        other.mint(address(this), 1 ether);
        other.approve(address(bridge), 1 ether);
        vm.cool(address(other));
        vm.cool(address(bridge));
        bytes memory data = abi.encodeCall(bridge.deposit, (address(other), ALICE, 1 ether));
        ok(measure(address(bridge), 0, data, "deposit, the first of a token") <= 230_000, "230,000");
    }

    function test_gasOfSyncingMetadata() external {
        token.rename("Plainer");
        vm.cool(address(token));
        bytes memory data = abi.encodeCall(bridge.syncMetadata, (address(token)));
        ok(measure(address(bridge), 0, data, "syncMetadata") <= 120_000, "120,000");
    }

    function test_gasOfLocking() external {
        bytes memory data = abi.encodeCall(bridge.lock, (address(token), 1 ether));
        ok(measure(address(bridge), 0, data, "lock") <= 120_000, "120,000");
    }

    function test_gasOfDepositNative() external {
        bytes memory data = abi.encodeCall(bridge.depositNative, (ALICE));
        ok(measure(address(bridge), 1 ether, data, "deposit, native") <= 100_000, "100,000");
    }
}
