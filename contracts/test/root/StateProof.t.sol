// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {Account, StateProof} from "../../root/StateProof.sol";
import {vm} from "../system/Vm.sol";
import "./ChainVectors.sol" as chain;
import {ok} from "./RootTest.sol";
import {SomeRoots} from "./SomeRoots.sol";

contract StateProofTest {
    using RLP for *;

    SomeRoots private roots;
    StateProof private proofs;
    uint64 private constant H = chain.HEIGHT;

    function setUp() public {
        roots = new SomeRoots();
        roots.set(H, chain.STATE_ROOT, 0);
        proofs = new StateProof(roots);
    }

    function read(bytes[] memory ofAccount, bytes[] memory ofSlot) private view returns (bool held) {
        bytes memory data = abi.encodeCall(proofs.slot, (H, chain.WBTT, chain.SLOT, ofAccount, ofSlot));
        (held,) = address(proofs).staticcall(data);
    }

    function test_theNodesProofsHold() external view {
        Account memory account = proofs.account(H, chain.WBTT, chain.accountProof());
        ok(account.balance == chain.WBTT_BALANCE && account.nonce == chain.WBTT_NONCE, "balance and nonce");
        ok(account.storageRoot == chain.WBTT_STORAGE && account.codeHash == chain.WBTT_CODE, "hashes");
        bytes32 value = proofs.slot(H, chain.WBTT, chain.SLOT, chain.accountProof(), chain.slotProof());
        ok(uint256(value) == chain.SLOT_VALUE, "slot");
    }

    function test_whatIsAbsentCannotBeProved() external view {
        bytes memory data = abi.encodeCall(proofs.account, (H, address(0xdeadbeef), chain.absentAccountProof()));
        (bool held,) = address(proofs).staticcall(data);
        ok(!held, "an account");
        bytes32 slot = bytes32(type(uint256).max / 15);
        data = abi.encodeCall(proofs.slot, (H, chain.WBTT, slot, chain.accountProof(), chain.absentSlotProof()));
        (held,) = address(proofs).staticcall(data);
        ok(!held, "a slot");
    }

    function test_anotherAccountSlotOrRootFails() external {
        bytes[] memory ofAccount = chain.accountProof();
        bytes memory data = abi.encodeCall(proofs.account, (H, address(0x1012), ofAccount));
        (bool held,) = address(proofs).staticcall(data);
        ok(!held, "an account");
        bytes32 slot = bytes32(uint256(chain.SLOT) + 1);
        data = abi.encodeCall(proofs.slot, (H, chain.WBTT, slot, ofAccount, chain.slotProof()));
        (held,) = address(proofs).staticcall(data);
        ok(!held, "a slot");
        roots.set(H + 1, keccak256("another"), 0);
        vm.expectRevert(
            abi.encodeWithSelector(TrieProof.TrieProofTraversalError.selector, TrieProof.ProofError.INVALID_ROOT)
        );
        proofs.account(H + 1, chain.WBTT, ofAccount);
    }

    function testFuzz_changedNodesFail(uint8 which, uint16 place, uint8 change) external view {
        vm.assume(change != 0);
        bytes[] memory ofAccount = chain.accountProof();
        bytes[] memory ofSlot = chain.slotProof();
        bytes[] memory one = which % 2 == 0 ? ofAccount : ofSlot;
        bytes memory node = one[which / 2 % one.length];
        node[place % node.length] ^= bytes1(change);
        ok(!read(ofAccount, ofSlot), "a changed node holds");
    }

    function test_extraMissingOrReorderedNodesFail() external view {
        bytes[] memory good = chain.accountProof();
        bytes[] memory ofSlot = chain.slotProof();
        ok(read(good, ofSlot), "good");
        for (uint256 i = 0; i < good.length; ++i) {
            bytes[] memory fewer = new bytes[](good.length - 1);
            for (uint256 j = 0; j < fewer.length; ++j) {
                fewer[j] = good[j < i ? j : j + 1];
            }
            ok(!read(fewer, ofSlot), "a node is missing");
        }
        bytes[] memory more = new bytes[](good.length + 1);
        for (uint256 i = 0; i < more.length; ++i) {
            more[i] = good[i < good.length ? i : i - 1];
        }
        ok(!read(more, ofSlot), "a node too much");
        bytes[] memory swapped = chain.accountProof();
        (swapped[0], swapped[1]) = (swapped[1], swapped[0]);
        ok(!read(swapped, ofSlot), "order");
        ok(!read(new bytes[](0), ofSlot) && !read(good, new bytes[](0)), "no nodes");
        // The account's proof is none of the slot, and the other way round.
        ok(!read(good, good) && !read(ofSlot, ofSlot), "mixed up");
    }

    function test_bytesBehindANodeFail() external view {
        bytes[] memory good = chain.accountProof();
        bytes[] memory ofSlot = chain.slotProof();
        good[good.length - 1] = abi.encodePacked(good[good.length - 1], uint8(0));
        ok(!read(good, ofSlot), "trailing byte");
    }

    /// A trie of one leaf, made by hand: what a dishonest root could hold must not be misread either.
    function leafOf(bytes32 key, bytes memory value) private pure returns (bytes[] memory proof, bytes32 root) {
        bytes[] memory fields = new bytes[](2);
        fields[0] = abi.encodePacked(uint8(0x20), keccak256(abi.encode(key))).encode();
        fields[1] = value.encode();
        proof = new bytes[](1);
        proof[0] = RLP.encode(fields);
        root = keccak256(proof[0]);
    }

    function accountWith(bytes32 storageRoot, uint256 fieldCount) private returns (bytes[] memory proof) {
        bytes[] memory fields = new bytes[](fieldCount);
        for (uint256 i = 0; i < fieldCount; ++i) {
            fields[i] = i < 2 ? RLP.encode(uint256(1)) : RLP.encode(storageRoot);
        }
        bytes[] memory node = new bytes[](2);
        node[0] = abi.encodePacked(uint8(0x20), keccak256(abi.encodePacked(address(7)))).encode();
        node[1] = RLP.encode(fields).encode();
        proof = new bytes[](1);
        proof[0] = RLP.encode(node);
        roots.set(1, keccak256(proof[0]), 0);
    }

    function testFuzz_numbersHaveOneForm(uint256 value) external {
        vm.assume(value != 0);
        (bytes[] memory ofSlot, bytes32 root) = leafOf(bytes32("k"), RLP.encode(value));
        bytes[] memory ofAccount = accountWith(root, 4);
        ok(uint256(proofs.slot(1, address(7), "k", ofAccount, ofSlot)) == value, "value");
    }

    function test_otherFormsOfANumberFail() external {
        bytes[5] memory bad = [
            bytes(hex"820001"), // a leading zero
            hex"0101", // a byte behind it
            hex"8101", // too long a form
            hex"c101", // a list
            hex"a1000000000000000000000000000000000000000000000000000000000000000001" // 33 bytes
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            (bytes[] memory ofSlot, bytes32 root) = leafOf(bytes32("k"), bad[i]);
            bytes[] memory ofAccount = accountWith(root, 4);
            (bool held,) = address(proofs)
                .staticcall(abi.encodeCall(proofs.slot, (1, address(7), bytes32("k"), ofAccount, ofSlot)));
            ok(!held, "held");
        }
    }

    function test_anAccountHasFourFields() external {
        for (uint256 count = 3; count < 6; ++count) {
            bytes[] memory proof = accountWith(keccak256("root"), count);
            (bool held,) = address(proofs).staticcall(abi.encodeCall(proofs.account, (1, address(7), proof)));
            ok(held == (count == 4), "fields");
        }
    }

    /// A node shorter than 32 bytes stands in its parent itself; its bytes given once more as a node of their own must fit or fail.
    function test_embeddedNodes() external {
        // Two slots whose hashed keys cannot be chosen never share so much; so a branch is made whose child is short and not ours.
        bytes[] memory branch = new bytes[](17);
        for (uint256 i = 0; i < 17; ++i) {
            branch[i] = hex"80";
        }
        bytes32 key = keccak256(abi.encode(bytes32("k")));
        bytes[] memory short = new bytes[](2);
        short[0] = hex"20"; // A leaf with an empty rest of the key: it would be the whole key here.
        short[1] = RLP.encode(uint256(5)).encode();
        branch[uint8(key[0]) >> 4] = RLP.encode(short);
        bytes[] memory ofSlot = new bytes[](1);
        ofSlot[0] = RLP.encode(branch);
        bytes[] memory ofAccount = accountWith(keccak256(ofSlot[0]), 4);
        vm.expectPartialRevert(TrieProof.TrieProofTraversalError.selector);
        proofs.slot(1, address(7), "k", ofAccount, ofSlot);
        bytes[] memory spelled = new bytes[](2);
        (spelled[0], spelled[1]) = (ofSlot[0], RLP.encode(short));
        vm.expectPartialRevert(TrieProof.TrieProofTraversalError.selector);
        proofs.slot(1, address(7), "k", ofAccount, spelled);
    }
}
