//! A ledger of the development network on a temporary store.

use crate::transactions::dev_key;
use alloy_primitives::{Address, Signature};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_chain::{Chain, ChainConfig};
use bttc_consensus::{ConsensusSigner, SignError, SignRequest};
use bttc_primitives::{ChainSpec, Fatal};
use bttc_storage::{Durability, Storage, StorageConfig};
use bttc_txpool::PoolConfig;
use eyre::Result;
use std::{path::Path, sync::Arc};

const GENESIS: &str = include_str!("../../genesis/dev/genesis.json");

/// The validator of the development network.
#[derive(Debug)]
pub struct DevValidator(PrivateKeySigner);

impl DevValidator {
    /// Its published key.
    pub fn new() -> Result<Arc<Self>> {
        Ok(Arc::new(Self(dev_key(100)?)))
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

/// A store at `path`.
pub fn store(path: &Path, durability: Durability) -> Result<Storage> {
    Ok(Storage::open(&StorageConfig { path: path.to_owned(), durability, ..Default::default() })?)
}

/// A ledger in `path`.
pub fn open(path: &Path, durability: Durability) -> Result<Chain> {
    let pool = PoolConfig::default();
    let chain =
        Chain::open(spec()?, store(path, durability)?, ChainConfig::default(), pool, Some(DevValidator::new()?))?;
    Ok(chain)
}
