// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SystemAddresses} from "../../system/SystemAddresses.sol";
import {BridgeInbox} from "../../system/BridgeInbox.sol";
import {BridgeOutbox} from "../../system/BridgeOutbox.sol";
import {BridgedToken} from "../../system/BridgedToken.sol";
import {Deposit, Metadata, RootConfig, RootView} from "../../system/interfaces/IBridgeInbox.sol";
import {SystemTest, ok} from "../system/SystemTest.sol";
import {vm} from "../system/Vm.sol";

/// What the bridge of a root chain records, with its running hash: written after docs/bridge.md, not after the contracts.
contract RootModel {
    struct Record {
        bool isMetadata;
        Deposit deposit;
        Metadata metadata;
    }

    uint256 private immutable SIDE;
    uint256 private immutable ROOT;
    address private immutable BRIDGE;
    Record[] private _records;
    bytes32[] public hashes;
    /// The running hash before each record, and after the last.
    bytes32[] public chain;

    constructor(uint256 side, uint256 root, address bridge) {
        (SIDE, ROOT, BRIDGE) = (side, root, bridge);
        chain.push(0);
    }

    function deposit(Deposit memory d) external {
        bytes memory head = bytes.concat(word(2), word(SIDE), word(ROOT), word(uint160(BRIDGE)), word(hashes.length));
        bytes memory tail =
            bytes.concat(word(uint160(d.token)), word(uint160(d.from)), word(uint160(d.to)), word(d.amount));
        _push(bytes.concat(head, tail), Record(false, d, Metadata(address(0), "", "", 0)));
    }

    function syncMetadata(Metadata memory m) external {
        bytes memory head = bytes.concat(word(3), word(SIDE), word(ROOT), word(uint160(BRIDGE)), word(hashes.length));
        bytes memory tail = bytes.concat(
            word(uint160(m.token)),
            word(uint256(keccak256(bytes(m.name)))),
            word(uint256(keccak256(bytes(m.symbol)))),
            word(m.decimals)
        );
        _push(bytes.concat(head, tail), Record(true, Deposit(address(0), address(0), address(0), 0), m));
    }

    function count() external view returns (uint64) {
        return uint64(hashes.length);
    }

    function record(uint256 nonce) external view returns (Record memory) {
        return _records[nonce];
    }

    /// Deposits `from` up to, not including, `to`.
    function deposits(uint256 from, uint256 to) external view returns (Deposit[] memory list) {
        list = new Deposit[](to - from);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _records[from + i].deposit;
        }
    }

    /// Hashes of the records from `from` up to, not including, `to`.
    function rest(uint256 from, uint256 to) external view returns (bytes32[] memory list) {
        list = new bytes32[](to - from);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = hashes[from + i];
        }
    }

    function _push(bytes memory words, Record memory r) private {
        bytes32 hash = keccak256(words);
        hashes.push(hash);
        chain.push(keccak256(bytes.concat(chain[chain.length - 1], hash)));
        _records.push(r);
    }

    function word(uint256 value) private pure returns (bytes memory) {
        return bytes.concat(bytes32(value));
    }
}

/// A chain of four equal validators with two root chains: Ethereum, and TRON whose token `TRON_BTT` is BTT.
abstract contract BridgeTest is SystemTest {
    uint256 internal constant ETHEREUM = 1;
    uint256 internal constant TRON = 2;
    address internal constant ETHEREUM_BRIDGE = address(0xE7B41D6E);
    address internal constant TRON_BRIDGE = address(0x74B41D6E);
    address internal constant TRON_BTT = address(0xB77);
    address internal constant USDT = address(0x05D7);
    address internal constant ANNA = address(0xA11CE);
    address internal constant BOB = address(0xB0B);
    address internal constant GUARDIAN = address(0x6DA4D);
    address internal constant TIMELOCK = SystemAddresses.TIMELOCK;
    uint256 internal constant BRIDGE_RESERVE = 1_000_000 ether;
    uint256 internal constant BTT_LOCKED = 5_000 ether;

    BridgeInbox internal constant inbox = BridgeInbox(payable(SystemAddresses.BRIDGE_INBOX));
    BridgeOutbox internal constant outbox = BridgeOutbox(payable(SystemAddresses.BRIDGE_OUTBOX));

    mapping(uint256 root => RootModel) internal models;

    function bridgeGenesis() internal {
        bridgeGenesis(4);
    }

    function bridgeGenesis(uint256 validators) internal {
        genesis(validators, 20e6 ether);
        RootConfig[] memory roots = new RootConfig[](2);
        roots[0] = RootConfig(ETHEREUM, 1, ETHEREUM_BRIDGE, keccak256("code"), address(0), 0);
        roots[1] = RootConfig(TRON, 728126428, TRON_BRIDGE, keccak256("code"), TRON_BTT, BTT_LOCKED);
        vm.roll(0);
        vm.deal(SYSTEM, BRIDGE_RESERVE);
        vm.prank(SYSTEM);
        inbox.genesis{value: BRIDGE_RESERVE}(BRIDGE_RESERVE, GUARDIAN, roots);
        vm.roll(height);
        models[ETHEREUM] = new RootModel(block.chainid, ETHEREUM, ETHEREUM_BRIDGE);
        models[TRON] = new RootModel(block.chainid, TRON, TRON_BRIDGE);
    }

    function token(uint256 root, address rootToken) internal pure returns (BridgedToken) {
        return BridgedToken(inbox.tokenOf(root, rootToken));
    }

    /// A deposit of ANNA, recorded on the root chain.
    function put(uint256 root, address rootToken, address to, uint256 amount) internal returns (Deposit memory d) {
        d = Deposit(rootToken, ANNA, to, amount);
        models[root].deposit(d);
    }

    function vote(uint256 i, uint256 root, uint64 to, bytes32 chainHash) internal {
        vm.prank(signer(i));
        inbox.attest(root, to, chainHash);
    }

    /// Just as many of the equal validators as it takes vouch for all that the root chain recorded.
    function accept(uint256 root) internal {
        uint64 to = models[root].count();
        bytes32 chainHash = models[root].chain(to);
        uint256 enough = set.members().length * 2 / 3 + 1;
        for (uint256 i = 0; i < enough; ++i) {
            vote(i, root, to, chainHash);
        }
    }

    /// Deposits not carried out yet.
    function open(uint256 root) internal view returns (Deposit[] memory) {
        RootView memory view_ = inbox.rootChain(root);
        return models[root].deposits(view_.executed, view_.accepted);
    }

    /// Accepts and carries out all that was recorded, which must be deposits.
    function settle(uint256 root) internal {
        accept(root);
        inbox.execute(root, open(root));
    }

    /// Gives `who` bridged tokens, by a deposit.
    function give(uint256 root, address rootToken, address who, uint256 amount) internal {
        put(root, rootToken, who, amount);
        settle(root);
    }

    function names(address rootToken, string memory name, string memory symbol, uint8 decimals)
        internal
        pure
        returns (Metadata memory)
    {
        return Metadata(rootToken, name, symbol, decimals);
    }

    function same(string memory got, string memory expected) internal pure {
        ok(keccak256(bytes(got)) == keccak256(bytes(expected)), string.concat("got ", got, ", expected ", expected));
    }
}
