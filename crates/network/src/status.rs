//! The first words between two nodes: which chain, which version, and who votes (docs/protocol.md, section 9).
//!
//! The dialing side sends its status as a request, the other answers with its own. Each judges what it gets; nothing else is asked or answered before.

use crate::identity::{PROTOCOL_VERSION, proven};
use alloy_primitives::{Address, B256, Bytes as AlloyBytes};
use alloy_rlp::{Decodable, RlpDecodable, RlpEncodable};
use bttc_primitives::VoteSignature;
use libp2p::PeerId;

/// Longest status. Unit: bytes.
pub const MAX_STATUS_BYTES: usize = 1 << 10;

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Status {
    /// Version of the network protocol.
    pub version: u64,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of block 0.
    pub genesis_hash: B256,
    /// Signature of the consensus key, 65 bytes, or nothing.
    pub proof: AlloyBytes,
}

/// Why a peer is not one of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStatus {
    /// It cannot be read.
    #[error("its status cannot be read: {0}")]
    Malformed(String),
    /// Of another version.
    #[error(
        "it speaks version {got} of the network protocol, this node speaks {expected}; the older program must be updated"
    )]
    Version {
        /// Its version.
        got: u64,
        /// Ours.
        expected: u64,
    },
    /// Of another chain.
    #[error("it is on chain {got}, this node is on chain {expected}")]
    ChainId {
        /// Its chain.
        got: u64,
        /// Ours.
        expected: u64,
    },
    /// Of a chain with the same id and another beginning.
    #[error("its genesis is {got}, that of this node is {expected}; one of the two has the wrong genesis file")]
    Genesis {
        /// Its genesis.
        got: B256,
        /// Ours.
        expected: B256,
    },
    /// The proof is no signature over its id.
    #[error("its proof to be a validator does not hold for its id")]
    Proof,
}

impl Status {
    /// The encoding: an RLP list of the fields.
    pub fn encode(&self) -> Vec<u8> {
        alloy_rlp::encode(self)
    }

    /// Reads a status.
    ///
    /// Errors: not an RLP list of the fields, or bytes after it.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, InvalidStatus> {
        let malformed = |what: &dyn std::fmt::Display| InvalidStatus::Malformed(what.to_string());
        if bytes.len() > MAX_STATUS_BYTES {
            return Err(malformed(&"it is too long"));
        }
        let status = <Self as Decodable>::decode(&mut bytes).map_err(|error| malformed(&error))?;
        if bytes.is_empty() { Ok(status) } else { Err(malformed(&"bytes after its end")) }
    }

    /// Judges what `peer` says; the validator that it proves to be.
    ///
    /// Errors: the first difference to `ours`, or a proof that is none.
    pub(crate) fn check(&self, ours: &Self, peer: &PeerId) -> Result<Option<Address>, InvalidStatus> {
        if self.version != PROTOCOL_VERSION {
            return Err(InvalidStatus::Version { got: self.version, expected: PROTOCOL_VERSION });
        }
        if self.chain_id != ours.chain_id {
            return Err(InvalidStatus::ChainId { got: self.chain_id, expected: ours.chain_id });
        }
        if self.genesis_hash != ours.genesis_hash {
            return Err(InvalidStatus::Genesis { got: self.genesis_hash, expected: ours.genesis_hash });
        }
        if self.proof.is_empty() {
            return Ok(None);
        }
        let proof = VoteSignature::try_from(self.proof.as_ref()).map_err(|_| InvalidStatus::Proof)?;
        proven(&proof, self.chain_id, peer).map(Some).ok_or(InvalidStatus::Proof)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn status() -> Status {
        Status {
            version: PROTOCOL_VERSION,
            chain_id: 990_992,
            genesis_hash: B256::repeat_byte(1),
            proof: AlloyBytes::new(),
        }
    }

    #[test]
    fn each_difference_is_told() {
        let (ours, peer) = (status(), PeerId::random());
        assert_eq!(ours.check(&ours, &peer), Ok(None));
        let of = |change: fn(&mut Status)| {
            let mut theirs = status();
            change(&mut theirs);
            theirs.check(&ours, &peer).unwrap_err()
        };
        assert!(matches!(of(|s| s.version = 9), InvalidStatus::Version { got: 9, .. }));
        assert!(matches!(of(|s| s.chain_id = 1), InvalidStatus::ChainId { got: 1, .. }));
        assert!(matches!(of(|s| s.genesis_hash = B256::ZERO), InvalidStatus::Genesis { .. }));
        assert_eq!(of(|s| s.proof = vec![1; 64].into()), InvalidStatus::Proof);
        assert_eq!(of(|s| s.proof = vec![1; 65].into()), InvalidStatus::Proof);
    }

    #[test]
    fn what_is_written_is_read_and_nothing_more() {
        let mut bytes = status().encode();
        assert_eq!(Status::decode(&bytes).unwrap(), status());
        bytes.push(0);
        assert!(matches!(Status::decode(&bytes), Err(InvalidStatus::Malformed(_))));
        assert!(Status::decode(&vec![0xc0; MAX_STATUS_BYTES + 1]).is_err());
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(status) = Status::decode(&bytes) {
                prop_assert_eq!(status.encode(), bytes);
            }
        }
    }
}
