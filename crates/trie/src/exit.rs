//! The exit tree: what a root chain is shown to pay an exit.
//!
//! A keccak incremental Merkle tree of depth [`DEPTH`]. Leaf `i` is the hash of exit `i`,
//! `keccak256(abi.encode(1, chainId, rootId, rootBridge, index, token, from, to, amount))`; leaves not yet used are zero, and an
//! inner node is `keccak256(left ++ right)`. `BridgeOutbox` keeps the left edge and the root on chain; the root is the `exitRoot`
//! that a header's `extra_data` commits to, so a certificate of any later block proves every exit before it.
//!
//! Source: docs/protocol.md, section 7.

use alloy_primitives::{B256, keccak256};

/// Levels between a leaf and the root; the tree has room for 2^32 exits.
const DEPTH: usize = 32;

/// Root of the exit tree before the first exit.
pub fn empty_exit_root() -> B256 {
    (0..DEPTH).fold(B256::ZERO, |node, _| parent(node, node))
}

fn parent(left: B256, right: B256) -> B256 {
    keccak256([left.0, right.0].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::b256;

    /// The value that other bridges with an empty keccak tree of depth 32 publish.
    #[test]
    fn empty_root_is_the_known_constant() {
        let known = b256!("27ae5ba08d7291c96c8cbddcc148bf48a6d68c7974b94356f53754ef6171d757");
        assert_eq!(empty_exit_root(), known);
    }
}
