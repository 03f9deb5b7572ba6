//! Section `[validator]`, and the signer that it asks for.

use super::{
    guard::GuardedSigner,
    key::KeySigner,
    key_file::{SIGN_STATE_FILE, open_key_file},
    remote::{RemoteSigner, RemoteSignerConfig},
    watched::WatchedSigner,
};
use alloy_primitives::Address;
use bttc_consensus::ConsensusSigner;
use eyre::bail;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Section `[validator]`: the consensus key, in a file (`key`) or with a signer of its own (`remote`). Neither: this node does not vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ValidatorConfig {
    /// Encrypted key file, as `bttc validator keygen` makes it.
    pub key: Option<PathBuf>,
    /// File whose first line is the password of `key`.
    pub password_file: Option<PathBuf>,
    /// Record of what was signed. None: `sign-state` beside `key`.
    pub sign_state: Option<PathBuf>,
    /// Socket of `bttc signer`.
    pub remote: Option<PathBuf>,
    /// Longest wait for a signature of `remote`.
    #[serde(with = "humantime_serde")]
    pub remote_timeout: Duration,
    /// Address that the key must have. With it, the node starts before its remote signer.
    pub address: Option<Address>,
}

impl Default for ValidatorConfig {
    fn default() -> Self {
        Self {
            key: None,
            password_file: None,
            sign_state: None,
            remote: None,
            remote_timeout: Duration::from_secs(1),
            address: None,
        }
    }
}

impl ValidatorConfig {
    /// Whether this node has a consensus key.
    pub const fn is_set(&self) -> bool {
        self.key.is_some() || self.remote.is_some()
    }
}

/// Opens the consensus key that the configuration names, guarded against signing twice; none if it names none.
///
/// Waits for the decryption of the key, which is slow by design, or for the signer. Blocks.
/// Errors: what is missing, wrong or in use, with what to do.
pub fn open_validator_key(config: &ValidatorConfig, chain_id: u64) -> eyre::Result<Option<Arc<dyn ConsensusSigner>>> {
    let signer: Arc<dyn ConsensusSigner> = match (&config.key, &config.remote) {
        (None, None) => {
            if config.password_file.is_some() || config.sign_state.is_some() || config.address.is_some() {
                bail!(
                    "[validator] names neither a key nor a remote signer; set validator.key or validator.remote, or leave the section out"
                )
            }
            return Ok(None);
        }
        (Some(_), Some(_)) => bail!("[validator] names both a key and a remote signer; keep one of them"),
        (Some(key), None) => {
            let Some(password_file) = &config.password_file else {
                bail!(
                    "validator.key is set without validator.password_file; name a file whose first line is the password"
                )
            };
            let beside = || key.with_file_name(SIGN_STATE_FILE);
            let sign_state = config.sign_state.clone().unwrap_or_else(beside);
            let key = Arc::new(KeySigner::new(open_key_file(key, password_file)?));
            Arc::new(GuardedSigner::open(key, &sign_state, chain_id)?)
        }
        (None, Some(socket)) => {
            if config.password_file.is_some() || config.sign_state.is_some() {
                bail!(
                    "validator.password_file and validator.sign_state belong to the signer, not to a node with validator.remote"
                )
            }
            Arc::new(RemoteSigner::connect(RemoteSignerConfig {
                socket: socket.clone(),
                chain_id,
                address: config.address,
                timeout: config.remote_timeout,
            })?)
        }
    };
    if let Some(expected) = config.address.filter(|expected| *expected != signer.address()) {
        bail!("the consensus key is {}, validator.address says {expected}; correct one of them", signer.address());
    }
    Ok(Some(Arc::new(WatchedSigner::new(signer))))
}
