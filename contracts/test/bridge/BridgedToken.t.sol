// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Callers} from "../../system/Callers.sol";
import {SystemAddresses} from "../../system/SystemAddresses.sol";
import {BridgedToken} from "../../system/BridgedToken.sol";
import {IBridgeInbox, Metadata} from "../../system/interfaces/IBridgeInbox.sol";
import {IBridgedToken} from "../../system/interfaces/IBridgedToken.sol";
import {eq, ok} from "../system/SystemTest.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";

contract BridgedTokenTest is BridgeTest {
    uint256 private constant KEY = 0xC0FFEE;
    BridgedToken private usdt;

    function setUp() public {
        bridgeGenesis();
        give(TRON, USDT, ANNA, 1_000);
        usdt = token(TRON, USDT);
    }

    function sync(Metadata memory m) private returns (bool taken) {
        bool before = address(token(TRON, m.token)).code.length != 0 && token(TRON, m.token).synced();
        models[TRON].syncMetadata(m);
        accept(TRON);
        inbox.executeMetadata(TRON, m, new bytes32[](0));
        address at = address(token(TRON, m.token));
        return !before && at.code.length != 0 && BridgedToken(at).synced();
    }

    /// EIP-1167, at the address that CREATE2 gives.
    function test_aTokenIsAMinimalCloneAtItsAddress() public view {
        bytes memory code = abi.encodePacked(
            hex"363d3d373d3d3d363d73", SystemAddresses.BRIDGED_TOKEN_CODE, hex"5af43d82803e903d91602b57fd5bf3"
        );
        ok(keccak256(address(usdt).code) == keccak256(code), "45 bytes that name their code");
        bytes32 init = keccak256(bytes.concat(hex"3d602d80600a3d3981f3", code));
        bytes32 salt = keccak256(abi.encode(TRON, USDT));
        bytes32 hash = keccak256(abi.encodePacked(bytes1(0xff), SystemAddresses.BRIDGE_INBOX, salt, init));
        eq(address(usdt), address(uint160(uint256(hash))), "address");
        (uint256 root, address rootToken) = usdt.root();
        eq(root, TRON, "root chain");
        eq(rootToken, USDT, "address there");
    }

    function test_standInsUntilTheNamesCome() public {
        same(usdt.name(), "Bridged 0x00000000000000000000000000000000000005d7 of root chain 2");
        same(usdt.symbol(), "BRIDGED-2");
        eq(usdt.decimals(), 0, "smallest units");
        give(TRON, address(0), ANNA, 1);
        same(token(TRON, address(0)).name(), "Bridged coin of root chain 2");
        ok(sync(names(USDT, "Tether USD", "USDT", 6)), "taken");
        same(usdt.name(), "Tether USD");
        same(usdt.symbol(), "USDT");
        eq(usdt.decimals(), 6, "decimals");
        ok(sync(names(address(0), "TRON", "TRX", 6)), "the coin as well");
        same(token(TRON, address(0)).symbol(), "TRX");
    }

    function test_namesMayComeBeforeTheFirstDeposit() public {
        address early = address(0xEA4);
        ok(sync(names(early, "Early", "EAR", 18)), "taken");
        give(TRON, early, BOB, 5);
        eq(token(TRON, early).balanceOf(BOB), 5, "the same token");
        same(token(TRON, early).symbol(), "EAR");
    }

    function test_namesAreForEver() public {
        ok(sync(names(USDT, "Tether USD", "USDT", 6)), "taken");
        ok(!sync(names(USDT, "Bitcoin", "BTC", 8)), "ignored");
        same(usdt.name(), "Tether USD");
        eq(usdt.decimals(), 6, "decimals");
        eq(inbox.rootChain(TRON).executed, 3, "but carried out");
    }

    function test_namesThatAreNotFit() public {
        bytes memory long = new bytes(65);
        for (uint256 i = 0; i < 65; ++i) {
            long[i] = "a";
        }
        bytes memory short = new bytes(33);
        for (uint256 i = 0; i < 33; ++i) {
            short[i] = "a";
        }
        string[7] memory bad = ["", string(long), " x", "x ", "a\nb", unicode"Tether US\u20ae", "del\x7f"];
        for (uint256 i = 0; i < 7; ++i) {
            ok(!sync(names(USDT, bad[i], "USDT", 6)), "name");
        }
        ok(!sync(names(USDT, "Tether USD", string(short), 6)), "symbol");
        ok(!sync(names(USDT, "Tether USD", "", 6)), "no symbol");
        ok(!sync(names(USDT, "Tether USD", "USDT", 37)), "decimals");
        same(usdt.symbol(), "BRIDGED-2");
        eq(inbox.rootChain(TRON).executed, 11, "none of them stops the others");
        assembly {
            mstore(long, 64)
            mstore(short, 32)
        }
        ok(sync(names(USDT, string(long), string(short), 36)), "the longest");
    }

    function test_whatIsBttHasNoToken() public {
        ok(!sync(names(TRON_BTT, "BitTorrent", "BTT", 18)), "ignored");
        eq(address(token(TRON, TRON_BTT)).code.length, 0, "not made");
    }

    function test_metadataBetweenDeposits() public {
        address other = address(0x07E4);
        put(TRON, other, BOB, 1);
        Metadata memory m = names(other, "Other", "OTH", 2);
        models[TRON].syncMetadata(m);
        put(TRON, other, BOB, 2);
        accept(TRON);
        bytes32[] memory rest = models[TRON].rest(2, 4);
        inbox.executePart(TRON, models[TRON].deposits(1, 2), rest);
        Metadata memory forged = names(other, "Tether USD", "OTH", 2);
        rest = models[TRON].rest(3, 4);
        vm.expectPartialRevert(IBridgeInbox.WrongChain.selector);
        inbox.executeMetadata(TRON, forged, rest);
        inbox.executeMetadata(TRON, m, rest);
        inbox.execute(TRON, models[TRON].deposits(3, 4));
        eq(token(TRON, other).balanceOf(BOB), 3, "both");
        same(token(TRON, other).name(), "Other");
    }

    function testFuzz_nobodyElseMintsOrBurns(address who, uint128 amount) public {
        vm.assume(who != address(vm));
        bytes[5] memory calls = [
            abi.encodeCall(usdt.mint, (who, amount)),
            abi.encodeCall(usdt.burn, (ANNA, amount)),
            abi.encodeCall(usdt.initialize, (1, address(1))),
            abi.encodeCall(usdt.setMetadata, ("a", "b", 1)),
            abi.encodeCall(usdt.mint, (ANNA, 0))
        ];
        for (uint256 i = 0; i < 5; ++i) {
            address only = i == 1 ? address(outbox) : address(inbox);
            if (who == only) continue;
            vm.prank(who);
            (bool done, bytes memory reason) = address(usdt).call(calls[i]);
            ok(!done, "refused");
            ok(
                keccak256(reason) == keccak256(abi.encodeWithSelector(Callers.WrongCaller.selector, who, only)),
                "with this reason"
            );
        }
        eq(usdt.totalSupply(), 1_000, "unchanged");
    }

    function test_aTokenIsToldOnceWhatItIs() public {
        vm.prank(address(inbox));
        vm.expectRevert(abi.encodeWithSelector(IBridgedToken.AlreadySet.selector));
        usdt.initialize(1, address(1));
        sync(names(USDT, "Tether USD", "USDT", 6));
        vm.prank(address(inbox));
        vm.expectRevert(abi.encodeWithSelector(IBridgedToken.AlreadySet.selector));
        usdt.setMetadata("a", "b", 1);
    }

    function permitted(address owner, uint256 nonce, uint256 deadline) private view returns (uint8, bytes32, bytes32) {
        bytes32 kind = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 content = keccak256(abi.encode(kind, owner, BOB, 77, nonce, deadline));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(usdt.name())),
                keccak256("1"),
                block.chainid,
                address(usdt)
            )
        );
        return vm.sign(KEY, keccak256(abi.encodePacked(hex"1901", domain, content)));
    }

    function test_permit() public {
        address owner = vm.addr(KEY);
        uint256 deadline = block.timestamp + 60;
        (uint8 v, bytes32 r, bytes32 s) = permitted(owner, 0, deadline);
        vm.expectPartialRevert(IBridgedToken.WrongSigner.selector);
        usdt.permit(ANNA, BOB, 77, deadline, v, r, s);
        vm.expectPartialRevert(IBridgedToken.WrongSigner.selector);
        usdt.permit(owner, BOB, 78, deadline, v, r, s);
        usdt.permit(owner, BOB, 77, deadline, v, r, s);
        eq(usdt.allowance(owner, BOB), 77, "allowed");
        eq(usdt.nonces(owner), 1, "used");
        vm.expectPartialRevert(IBridgedToken.WrongSigner.selector);
        usdt.permit(owner, BOB, 77, deadline, v, r, s);

        (v, r, s) = permitted(owner, 1, deadline);
        bytes32 high = bytes32(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141 - uint256(s));
        vm.expectRevert();
        usdt.permit(owner, BOB, 77, deadline, v == 27 ? 28 : 27, r, high);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IBridgedToken.PermitExpired.selector, deadline + 1, deadline));
        usdt.permit(owner, BOB, 77, deadline, v, r, s);
    }

    function test_theDomainFollowsTheName() public {
        bytes32 before = usdt.DOMAIN_SEPARATOR();
        sync(names(USDT, "Tether USD", "USDT", 6));
        ok(usdt.DOMAIN_SEPARATOR() != before, "permits of before are void");
        (bytes1 fields, string memory name, string memory version, uint256 chain, address at,,) = usdt.eip712Domain();
        ok(fields == 0x0f && chain == block.chainid && at == address(usdt), "fields");
        same(name, "Tether USD");
        same(version, "1");
        test_permit();
    }
}
