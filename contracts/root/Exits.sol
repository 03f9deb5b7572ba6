// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// One transfer out of the side chain to this bridge.
struct Exit {
    /// Place in the exit tree, counted over all root chains.
    uint32 index;
    /// The asset, by its address here; zero for the native coin.
    address token;
    /// Who sent it, there.
    address from;
    /// Who receives it, here.
    address to;
    /// Unit: the token's smallest.
    uint256 amount;
}

/// @title Exits as both sides of the bridge hash them
/// @notice docs/bridge.md; the exit tree as in `crates/trie/src/exit.rs`.
library Exits {
    /// Levels between a leaf and the root of the exit tree.
    uint256 internal constant DEPTH = 32;

    uint256 private constant EXIT_FORM = 1;

    /// @notice Leaf of an exit: it names the chain it left, the chain and the contract that pay, and its place.
    function leaf(Exit calldata exit, uint256 sideChainId, uint256 rootId, address rootBridge)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                EXIT_FORM,
                sideChainId,
                rootId,
                rootBridge,
                uint256(exit.index),
                exit.token,
                exit.from,
                exit.to,
                exit.amount
            )
        );
    }

    /// @notice The root that a proof leads to. Bit `i` of the index tells the side at level `i`, so a proof fits one place alone.
    function root(bytes32 node, uint32 index, bytes32[DEPTH] calldata proof) internal pure returns (bytes32) {
        assembly ("memory-safe") {
            let place := index
            for { let level := 0 } lt(level, DEPTH) { level := add(level, 1) } {
                // The node goes to the left half if its bit is zero, its sibling to the other.
                let half := shl(5, and(place, 1))
                mstore(half, node)
                mstore(xor(half, 0x20), calldataload(add(proof, shl(5, level))))
                node := keccak256(0x00, 0x40)
                place := shr(1, place)
            }
        }
        return node;
    }
}
