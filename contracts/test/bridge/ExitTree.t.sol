// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BridgeHashes} from "../../system/bridge/BridgeHashes.sol";
import {ExitTree} from "../../system/bridge/ExitTree.sol";
import {IBridgeOutbox} from "../../system/interfaces/IBridgeOutbox.sol";
import {eq, ok} from "../system/SystemTest.sol";
import {vm} from "../system/Vm.sol";

interface ChainId {
    function chainId(uint256 id) external;
}

contract Tree is ExitTree {
    function append(bytes32 leaf) external {
        _append(leaf);
    }

    function root() external view returns (bytes32) {
        return _exitRoot();
    }

    function count() external view returns (uint256) {
        return _exitCount();
    }
}

contract ExitTreeTest {
    Tree private tree = new Tree();
    bytes32[] private leaves;

    function add(bytes32 leaf) private {
        tree.append(leaf);
        leaves.push(leaf);
    }

    /// The slow model: a node by its definition.
    function node(uint256 level, uint256 index) private view returns (bytes32) {
        if (index << level >= leaves.length) return empty(level);
        if (level == 0) return leaves[index];
        return keccak256(bytes.concat(node(level - 1, index * 2), node(level - 1, index * 2 + 1)));
    }

    function empty(uint256 level) private pure returns (bytes32 hash) {
        for (uint256 i = 0; i < level; ++i) {
            hash = keccak256(bytes.concat(hash, hash));
        }
    }

    function test_emptyRoot() public view {
        ok(tree.root() == empty(32), "the root of 2^32 zeros");
        eq(tree.count(), 0, "no exits");
    }

    /// Leaves as in `crates/trie/src/exit/tests.rs`, keccak256 of the index in 8 bytes; roots made by a copy of its tree.
    function test_vectorsOfTheNode() public {
        uint8[9] memory counts = [1, 2, 3, 4, 7, 8, 33, 64, 70];
        bytes32[9] memory roots = [
            bytes32(0x90712819b02589edf00e3b2632e8ca14a72442d989e7898b20567b1ebaeb5a35),
            0x8c83adddbfbd6b684396e746d845adac999bd765b0194a189f9f0553642105a5,
            0x44e05d09621132106192f21a00fd87b136b76e59832744693be65bff5375c6f4,
            0xf446db951e4395b14a2df0ed1e4226b3f01351f1a22ef2a210c8b0f2805347fb,
            0x29a07a385c4926625cdec9481e4a7382f2f5b853ce83c21bc1e7dffdf4f675c9,
            0xb202c63646ab5a7cb56ad03ae5bfe6b8e44eaf05042184524bba1b854c43fc86,
            0x89e5ecb1e781df57fb56536b5de358906a739a287e41cd6c6479a7a648728683,
            0x66947af3f8087cf51d4118bd2966618dca710f79afb9f772da0b3831bfc08381,
            0x980d4c91a785d495c3ab21e4c3ee0e48727b4325d09270ec397c5c4b5aa0b523
        ];
        uint256 seen = 0;
        for (uint64 i = 0; i < 70; ++i) {
            tree.append(keccak256(abi.encodePacked(i)));
            if (i + 1 != counts[seen]) continue;
            ok(tree.root() == roots[seen], "root of the node's tree");
            ++seen;
        }
        eq(seen, 9, "all of them compared");
    }

    function testFuzz_equalsTheModel(uint256 seed, uint8 size) public {
        uint256 count = size % 40;
        for (uint256 i = 0; i < count; ++i) {
            add(keccak256(abi.encode(seed, i)));
            if (i % 5 == 0) ok(tree.root() == node(32, 0), "the model's root on the way");
        }
        eq(tree.count(), count, "count");
        ok(tree.root() == node(32, 0), "the model's root");
    }

    /// Set to its very end by hand, as the node's test does.
    function test_theLastLeafFillsTheTree() public {
        bytes32 left = bytes32(uint256(0x01) * (type(uint256).max / 255));
        bytes32 leaf = bytes32(uint256(0x09) * (type(uint256).max / 255));
        vm.store(address(tree), bytes32(uint256(1)), bytes32(uint256(2 ** 32 - 1)));
        bytes32 expected = leaf;
        for (uint256 i = 0; i < 32; ++i) {
            vm.store(address(tree), bytes32(2 + i), left);
            expected = keccak256(bytes.concat(left, expected));
        }
        tree.append(leaf);
        ok(tree.root() == expected, "all on its way are left neighbours");
        vm.expectRevert(abi.encodeWithSelector(IBridgeOutbox.TreeFull.selector, 2 ** 32));
        tree.append(leaf);
        eq(tree.count(), 2 ** 32, "count");
    }

    /// The exit of `a_leaf_is_the_hash_of_nine_words` in `crates/trie/src/exit/tests.rs`.
    function test_aLeafIsTheHashOfNineWords() public {
        ChainId(address(vm)).chainId(990990);
        address a = 0x1111111111111111111111111111111111111111;
        address b = 0x2222222222222222222222222222222222222222;
        address c = 0x3333333333333333333333333333333333333333;
        address d = 0x4444444444444444444444444444444444444444;
        bytes memory head = abi.encodePacked(uint256(1), uint256(990990), uint256(2), uint256(uint160(a)), uint256(7));
        bytes memory words = bytes.concat(
            head, abi.encodePacked(uint256(uint160(b)), uint256(uint160(c)), uint256(uint160(d)), uint256(5))
        );
        ok(BridgeHashes.exitLeaf(2, a, 7, b, c, d, 5) == keccak256(words), "nine words");
        ok(keccak256(words) == 0xa7d4388369f92edd4902d1bc5758f80562bd584e316d98a25de994c8edc7b087, "known value");
    }
}
