//! Who this node is: its network key, its chain and, if it votes, its consensus key.

use alloy_primitives::Address;
use alloy_primitives::B256;
use bttc_consensus::{ConsensusSigner, PeerProof, SignError, recover_signer, vote_signature};
use bttc_primitives::{Fatal, VoteSignature};
use libp2p::{PeerId, StreamProtocol, identity::Keypair};
use std::{
    fs, io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

/// Version of everything that goes over the network.
pub const PROTOCOL_VERSION: u64 = 1;

/// What the network must know of its node.
#[derive(Clone)]
pub struct Identity {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of block 0.
    pub genesis_hash: B256,
    /// Name and version of the program, as others see it.
    pub client: String,
    /// The consensus key, on a validator.
    pub signer: Option<Arc<dyn ConsensusSigner>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let signer = self.signer.as_ref().map(|signer| signer.address());
        write!(f, "Identity {{ chain {}, genesis {}, validator {signer:?} }}", self.chain_id, self.genesis_hash)
    }
}

/// Names of protocols and topics: each holds the chain, so that nodes of two chains have none in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    chain_id: u64,
    genesis_hash: B256,
}

impl Names {
    pub(crate) const fn new(chain_id: u64, genesis_hash: B256) -> Self {
        Self { chain_id, genesis_hash }
    }

    /// `/bttc/1/<chain id>/<first 8 bytes of the genesis hash>/<name>`.
    pub(crate) fn of(&self, name: &str) -> String {
        let genesis = alloy_primitives::hex::encode(&self.genesis_hash[..8]);
        format!("/bttc/{PROTOCOL_VERSION}/{}/{genesis}/{name}", self.chain_id)
    }

    pub(crate) fn protocol(&self, name: &str) -> StreamProtocol {
        StreamProtocol::try_from_owned(self.of(name)).expect("it begins with a slash")
    }
}

/// The one protocol without a chain in its name: the status exchange, which tells a stranger why it is refused.
pub(crate) const STATUS_PROTOCOL: StreamProtocol = StreamProtocol::new("/bttc/status/1");

/// Proves that `peer`, our own id, belongs to the validator. Fails as its key does.
pub(crate) fn prove(signer: &dyn ConsensusSigner, chain_id: u64, peer: &PeerId) -> Result<VoteSignature, SignError> {
    Ok(vote_signature(&signer.sign(&peer_proof(chain_id, peer).into())?))
}

/// The validator that `peer` proves to be; none if the proof is none.
pub(crate) fn proven(proof: &VoteSignature, chain_id: u64, peer: &PeerId) -> Option<Address> {
    recover_signer(peer_proof(chain_id, peer).signing_hash(), proof).ok()
}

fn peer_proof(chain_id: u64, peer: &PeerId) -> PeerProof {
    PeerProof { chain_id, peer: peer.to_bytes().into() }
}

/// Id of the node whose `p2p.path` is `dir`; its key is made if there is none.
///
/// Errors: as for opening the network.
pub fn node_id(dir: &Path) -> Result<String, Fatal> {
    Ok(open_node_key(dir)?.public().to_peer_id().to_string())
}

/// The node key in the directory of the network, which is made if there is none.
pub(crate) fn open_node_key(dir: &Path) -> Result<Keypair, Fatal> {
    fs::create_dir_all(dir)
        .map_err(|error| Fatal::while_doing(format!("making the directory {}", dir.display()), error))?;
    node_key(&dir.join("network.key"))
}

/// Reads the node key, or makes one that only its owner may read.
///
/// Errors: the file cannot be read or written, holds no key, or is open to other users.
fn node_key(path: &Path) -> Result<Keypair, Fatal> {
    let doing = |what: &str| format!("{what} the node key {}", path.display());
    match fs::read(path) {
        Ok(bytes) => {
            let mode = fs::metadata(path).map_err(|error| Fatal::while_doing(doing("reading"), error))?.permissions();
            if mode.mode() & 0o077 != 0 {
                return Err(Fatal::new(format!(
                    "the node key {} can be read by other users; take that away with chmod 600",
                    path.display()
                )));
            }
            Keypair::from_protobuf_encoding(&bytes).map_err(|error| {
                Fatal::while_doing(
                    doing("reading") + "; move the file away to get a new key and with it a new peer id",
                    error,
                )
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = Keypair::generate_ed25519();
            let bytes = key.to_protobuf_encoding().map_err(|error| Fatal::while_doing(doing("encoding"), error))?;
            write_key(path, &bytes).map_err(|error| Fatal::while_doing(doing("writing"), error))?;
            Ok(key)
        }
        Err(error) => Err(Fatal::while_doing(doing("reading"), error)),
    }
}

fn write_key(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloy_signer_local::PrivateKeySigner;
    use bttc_consensus::SignRequest;

    struct Key(PrivateKeySigner);

    impl ConsensusSigner for Key {
        fn address(&self) -> Address {
            self.0.address()
        }

        fn sign(&self, request: &SignRequest) -> Result<alloy_primitives::Signature, SignError> {
            use alloy_signer::SignerSync;
            Ok(self.0.sign_hash_sync(&request.signing_hash()).unwrap())
        }
    }

    #[test]
    fn a_proof_holds_for_one_peer_of_one_chain() {
        let key = Key(PrivateKeySigner::random());
        let peer = PeerId::random();
        let proof = prove(&key, 990_992, &peer).unwrap();
        assert_eq!(proven(&proof, 990_992, &peer), Some(key.address()));
        assert_ne!(proven(&proof, 990_991, &peer), Some(key.address()));
        assert_ne!(proven(&proof, 990_992, &PeerId::random()), Some(key.address()));
    }

    #[test]
    fn the_node_key_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("network.key");
        let key = node_key(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(node_key(&path).unwrap().public(), key.public());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(node_key(&path).unwrap_err().to_string().contains("chmod 600"));
        fs::write(&path, b"nonsense").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(node_key(&path).unwrap_err().to_string().contains("move the file away"));
    }

    #[test]
    fn names_hold_the_chain() {
        let names = Names::new(990_990, B256::repeat_byte(0xab));
        assert_eq!(names.of("votes"), "/bttc/1/990990/abababababababab/votes");
    }
}
