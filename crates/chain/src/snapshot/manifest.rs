//! The manifest: which state a snapshot holds, and why that is to be believed.

use super::InvalidSnapshot;
use alloy_primitives::{Address, B256};
use alloy_rlp::{Decodable, RlpDecodable, RlpEncodable};
use bttc_consensus::check_certificate;
use bttc_primitives::{CommitCertificate, Header, Height, Validator, ValidatorSet};
use bttc_storage::ANCESTORS;
use std::{fmt, str::FromStr};
/// Largest encoded manifest. Unit: bytes.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// Version of the form of manifests and chunks.
const VERSION: u64 = 1;
/// More chunks of a kind than any state has.
const MAX_CHUNKS: u64 = 1 << 24;

/// A chunk of a snapshot by its kind and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChunkId {
    /// The block of the snapshot with its receipts.
    Block,
    /// Accounts with their slots.
    State(u64),
    /// Code.
    Code(u64),
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block => f.write_str("block"),
            Self::State(number) => write!(f, "state-{number:08}"),
            Self::Code(number) => write!(f, "code-{number:08}"),
        }
    }
}

impl FromStr for ChunkId {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let id = match name.split_once('-') {
            None => Self::Block,
            Some(("state", number)) => Self::State(number.parse().map_err(|_| ())?),
            Some(("code", number)) => Self::Code(number.parse().map_err(|_| ())?),
            Some(_) => return Err(()),
        };
        // One name, one chunk.
        if id.to_string() == name { Ok(id) } else { Err(()) }
    }
}

/// Whose signatures make a header believed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// This set's: today that of genesis, which votes on every height.
    Set(ValidatorSet),
    /// Those of the set with this `validatorsHash`, learned elsewhere; the manifest brings the set itself.
    SetHash(B256),
}

impl Trust {
    /// The set's `validatorsHash`.
    pub fn hash(&self) -> B256 {
        match self {
            Self::Set(set) => set.hash(),
            Self::SetHash(hash) => *hash,
        }
    }
}

/// What a snapshot is of, and how many chunks it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// EIP-155 id of the chain.
    pub chain_id: u64,
    /// Hash of its genesis block.
    pub genesis_hash: B256,
    /// Header of the block whose state this is.
    pub header: Header,
    /// What made that block final.
    pub certificate: CommitCertificate,
    /// Who voted on it, by power descending, then address.
    pub validators: Vec<Validator>,
    /// The headers before it, ascending: 256, or all from height 1 on.
    pub ancestors: Vec<Header>,
    /// Number of state chunks.
    pub state_chunks: u64,
    /// Number of code chunks.
    pub code_chunks: u64,
}

#[derive(RlpEncodable, RlpDecodable)]
struct ValidatorRlp {
    address: Address,
    power: u64,
}

#[derive(RlpEncodable, RlpDecodable)]
struct ManifestRlp {
    version: u64,
    chain_id: u64,
    genesis_hash: B256,
    header: Header,
    certificate: CommitCertificate,
    validators: Vec<ValidatorRlp>,
    ancestors: Vec<Header>,
    state_chunks: u64,
    code_chunks: u64,
}

impl Manifest {
    /// Height of the snapshot.
    pub const fn height(&self) -> Height {
        self.header.number
    }

    /// Names of all chunks.
    pub fn chunks(&self) -> impl Iterator<Item = ChunkId> + use<> {
        let state = (0..self.state_chunks).map(ChunkId::State);
        std::iter::once(ChunkId::Block).chain(state).chain((0..self.code_chunks).map(ChunkId::Code))
    }

    /// RLP of the manifest.
    pub fn encode(&self) -> Vec<u8> {
        let validator = |v: &Validator| ValidatorRlp { address: v.address, power: v.power };
        alloy_rlp::encode(ManifestRlp {
            version: VERSION,
            chain_id: self.chain_id,
            genesis_hash: self.genesis_hash,
            header: self.header.clone(),
            certificate: self.certificate.clone(),
            validators: self.validators.iter().map(validator).collect(),
            ancestors: self.ancestors.clone(),
            state_chunks: self.state_chunks,
            code_chunks: self.code_chunks,
        })
    }

    /// Reads a manifest. Whether to believe it says [`Self::check`].
    pub fn decode(mut bytes: &[u8]) -> Result<Self, InvalidSnapshot> {
        let refuse = |why: &str| InvalidSnapshot::Encoding(why.to_owned());
        if bytes.len() > MAX_MANIFEST_BYTES {
            return Err(refuse("it is larger than a manifest can be"));
        }
        let rlp = ManifestRlp::decode(&mut bytes).map_err(|error| refuse(&error.to_string()))?;
        if !bytes.is_empty() {
            return Err(refuse("it is longer than its contents"));
        }
        expect("version", rlp.version, VERSION)?;
        if rlp.state_chunks > MAX_CHUNKS || rlp.code_chunks > MAX_CHUNKS {
            return Err(refuse("it names more chunks than any state has"));
        }
        Ok(Self {
            chain_id: rlp.chain_id,
            genesis_hash: rlp.genesis_hash,
            header: rlp.header,
            certificate: rlp.certificate,
            validators: rlp.validators.into_iter().map(|v| Validator { address: v.address, power: v.power }).collect(),
            ancestors: rlp.ancestors,
            state_chunks: rlp.state_chunks,
            code_chunks: rlp.code_chunks,
        })
    }

    /// Checks that the manifest is of this chain and that its header is final.
    ///
    /// After that the state root and the hashes of the ancestors are certified; the numbers of chunks remain a hint.
    pub fn check(&self, chain_id: u64, genesis_hash: B256, trust: &Trust) -> Result<(), InvalidSnapshot> {
        expect("chain id", self.chain_id, chain_id)?;
        expect("genesis hash", self.genesis_hash, genesis_hash)?;
        let given = ValidatorSet::new(self.validators.clone())
            .map_err(|error| InvalidSnapshot::Certificate(error.to_string()))?;
        expect("validators hash", given.hash(), trust.hash())?;
        expect("certified height", self.certificate.height, self.height())?;
        expect("certified block", self.certificate.block_hash, self.header.hash_slow())?;
        check_certificate(chain_id, &given, &self.certificate).map_err(InvalidSnapshot::Certificate)?;
        self.check_ancestors()
    }

    fn check_ancestors(&self) -> Result<(), InvalidSnapshot> {
        let height = self.height();
        if height == 0 {
            return Err(InvalidSnapshot::Encoding("it is of the genesis block, which every node has".to_owned()));
        }
        let first = height.saturating_sub(ANCESTORS).max(1);
        expect("number of ancestors", self.ancestors.len() as u64, height.saturating_sub(first))?;
        let (mut below, mut child) = (height, self.header.parent_hash);
        for header in self.ancestors.iter().rev() {
            below = below.saturating_sub(1);
            if header.number != below || header.hash_slow() != child {
                return Err(InvalidSnapshot::Ancestor { height: below });
            }
            child = header.parent_hash;
        }
        if below == 1 { expect("parent of block 1", child, self.genesis_hash) } else { Ok(()) }
    }
}

fn expect<T: PartialEq + ToString>(field: &'static str, got: T, expected: T) -> Result<(), InvalidSnapshot> {
    if got == expected {
        return Ok(());
    }
    Err(InvalidSnapshot::Field { field, got: got.to_string(), expected: expected.to_string() })
}
