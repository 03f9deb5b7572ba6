// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBridgeOutbox} from "../interfaces/IBridgeOutbox.sol";

/// @title The exit tree: keccak, append only, depth 32
/// @notice Leaf `i` is that of exit `i`; leaves not yet used are zero; a node is `keccak256(left ++ right)`.
/// @dev Inherit this first: nodes read slot 0 (the root, zero before the first exit) and slot 1 (the count). An exit writes these two and one
/// slot of the edge. Source: docs/protocol.md, section 7; `crates/trie/src/exit.rs` is the same tree.
abstract contract ExitTree {
    uint256 internal constant DEPTH = 32;
    uint256 internal constant MAX_EXITS = 1 << DEPTH;
    /// Root of the tree without leaves.
    bytes32 internal constant EMPTY_ROOT = 0x27ae5ba08d7291c96c8cbddcc148bf48a6d68c7974b94356f53754ef6171d757;

    bytes32 private _root;
    uint256 private _count;
    /// By level, the last full left child: in use where the count has that bit.
    bytes32[DEPTH] private _edge;

    function _exitRoot() internal view returns (bytes32) {
        return _count == 0 ? EMPTY_ROOT : _root;
    }

    function _exitCount() internal view returns (uint256) {
        return _count;
    }

    /// Appends a leaf and goes up once. Where the way comes from the left all to the right is empty; the first time it does, the node is
    /// full and joins the edge.
    function _append(bytes32 leaf) internal {
        uint256 index = _count;
        if (index >= MAX_EXITS) revert IBridgeOutbox.TreeFull(index);
        bytes32 node = leaf;
        bytes32 empty = 0;
        bool kept = false;
        for (uint256 level = 0; level < DEPTH; ++level) {
            if ((index >> level) & 1 == 1) {
                node = _hash(_edge[level], node);
            } else {
                if (!kept) {
                    _edge[level] = node;
                    kept = true;
                }
                node = _hash(node, empty);
            }
            empty = _hash(empty, empty);
        }
        _root = node;
        _count = index + 1;
    }

    function _hash(bytes32 left, bytes32 right) private pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(0x20, right)
            node := keccak256(0, 0x40)
        }
    }
}
