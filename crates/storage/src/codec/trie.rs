//! Branch nodes: three masks, the hashes of the children, and the node's own hash where it is kept.

use super::{Corrupt, Input, Value};
use alloy_primitives::B256;
use bttc_trie::BranchNodeCompact;

impl Value for BranchNodeCompact {
    fn encode(&self, out: &mut Vec<u8>) {
        for mask in [self.state_mask, self.tree_mask, self.hash_mask] {
            out.extend_from_slice(&mask.get().to_be_bytes());
        }
        for hash in self.hashes.iter().chain(&self.root_hash) {
            out.extend_from_slice(hash.as_slice());
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let [state_mask, tree_mask, hash_mask] =
            [input.array()?, input.array()?, input.array()?].map(u16::from_be_bytes);
        if (tree_mask | hash_mask) & !state_mask != 0 {
            return Err(Corrupt("a branch node has children that do not exist"));
        }
        let hashes =
            (0..hash_mask.count_ones()).map(|_| input.array().map(B256::from)).collect::<Result<Vec<_>, _>>()?;
        let root_hash = match input.rest() {
            [] => None,
            own => Some(B256::try_from(own).map_err(|_| Corrupt("a branch node's hash is not of 32 bytes"))?),
        };
        Ok(Self::new(state_mask, tree_mask, hash_mask, hashes, root_hash))
    }
}
