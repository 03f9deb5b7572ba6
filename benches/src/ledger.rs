//! A ledger of the development network, and the decision of a validator of one.

use crate::transactions::dev_key;
use alloy_primitives::{Address, Signature, U64};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_chain::{Chain, ChainConfig};
use bttc_consensus::{Application, ConsensusSigner, Decision, SignError, SignRequest, Turn, Vote, vote_signature};
use bttc_primitives::{ChainSpec, CommitCertificate, Fatal, SealedBlock, SignerBitmap, VoteKind};
use bttc_storage::{Durability, Storage, StorageConfig};
use bttc_txpool::PoolConfig;
use eyre::{OptionExt, Result};
use serde_json::json;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Genesis of the development network.
pub const GENESIS: &str = include_str!("../../genesis/dev/genesis.json");

/// The validator of the development network.
#[derive(Debug)]
pub struct DevValidator(PrivateKeySigner);

impl DevValidator {
    /// Its published key.
    pub fn new() -> Result<Arc<Self>> {
        Ok(Self::of(dev_key(100)?))
    }

    /// One with another key.
    pub fn of(key: PrivateKeySigner) -> Arc<Self> {
        Arc::new(Self(key))
    }
}

impl ConsensusSigner for DevValidator {
    fn address(&self) -> Address {
        self.0.address()
    }

    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        let signed = self.0.sign_hash_sync(&request.signing_hash());
        Ok(signed.map_err(|error| Fatal::while_doing("signing", error))?)
    }
}

/// The development network's spec.
pub fn spec() -> Result<Arc<ChainSpec>> {
    Ok(Arc::new(ChainSpec::from_json(GENESIS)?))
}

/// Genesis of the development network with another gas limit of a block.
pub fn genesis_with_gas_limit(gas_limit: u64) -> Result<String> {
    let mut genesis: serde_json::Value = serde_json::from_str(GENESIS)?;
    *genesis.get_mut("gasLimit").ok_or_eyre("a genesis without gas limit")? = json!(U64::from(gas_limit));
    Ok(serde_json::to_string_pretty(&genesis)?)
}

/// A store at `path`.
pub fn store(path: &Path, durability: Durability) -> Result<Storage> {
    Ok(Storage::open(&StorageConfig { path: path.to_owned(), durability, max_size_gib: 256, ..Default::default() })?)
}

/// A ledger in `path`.
pub fn open(path: &Path, durability: Durability) -> Result<Chain> {
    open_spec(path, durability, spec()?)
}

/// A ledger of `spec` in `path`, whose validator is that of the development network.
pub fn open_spec(path: &Path, durability: Durability, spec: Arc<ChainSpec>) -> Result<Chain> {
    open_as(path, durability, spec, DevValidator::new()?)
}

/// A ledger of `spec` in `path` with a validator.
pub fn open_as(path: &Path, durability: Durability, spec: Arc<ChainSpec>, signer: Arc<DevValidator>) -> Result<Chain> {
    let pool = PoolConfig::default();
    Ok(Chain::open(spec, store(path, durability)?, ChainConfig::default(), pool, Some(signer))?)
}

/// Longer than any block takes: a deadline would leave out transactions where the machine is slow.
const BUILD_TIME: Duration = Duration::from_secs(3600);

/// The turn of `signer` at the next height.
pub fn turn(chain: &Chain, signer: &DevValidator) -> Turn {
    Turn { height: chain.head().height() + 1, round: 0, proposer: signer.address() }
}

/// A certificate of `signer` alone for `block`.
pub fn decision(chain: &Chain, block: &SealedBlock, signer: &DevValidator) -> Result<Decision> {
    let (height, block_hash) = (block.height(), block.hash());
    let chain_id = chain.spec().chain_id();
    let vote = Vote { chain_id, kind: VoteKind::Precommit, height, round: 0, block_hash };
    let signatures = vec![vote_signature(&signer.sign(&vote.into())?)];
    let signers = SignerBitmap::from_indices(1, [0]);
    Ok(Decision { block_hash, certificate: CommitCertificate { height, round: 0, block_hash, signers, signatures } })
}

/// Proposes the next block.
pub async fn propose(chain: &Chain, signer: &DevValidator) -> Result<SealedBlock> {
    Ok(chain.propose(turn(chain, signer), None, Instant::now() + BUILD_TIME).await?)
}

/// Proposes, signs and commits the next block.
pub async fn decide(chain: &Chain, signer: &DevValidator) -> Result<SealedBlock> {
    let block = propose(chain, signer).await?;
    chain.commit(decision(chain, &block, signer)?).await?;
    Ok(block)
}
