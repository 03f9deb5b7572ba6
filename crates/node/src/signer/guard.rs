//! The guard before a key.

use super::{
    state::Admission,
    state_file::{OpenSignStateError, SignStateFile},
};
use alloy_primitives::{Address, Signature};
use bttc_consensus::{ConsensusSigner, SignError, SignRequest};
use parking_lot::Mutex;
use std::{path::Path, sync::Arc};

/// [`ConsensusSigner`] that never signs two things in one place, nor anything that is not of its chain, across any crash.
///
/// What it signs is on disk before the signature leaves. One request at a time.
pub struct GuardedSigner {
    key: Arc<dyn ConsensusSigner>,
    file: Mutex<SignStateFile>,
}

impl GuardedSigner {
    /// Puts `key` behind the sign state at `path`, which it holds locked.
    ///
    /// Errors: the file is missing, damaged, in use, or of another key or chain; each says what to do.
    pub fn open(key: Arc<dyn ConsensusSigner>, path: &Path, chain_id: u64) -> Result<Self, OpenSignStateError> {
        let file = SignStateFile::open(path, chain_id, key.address())?;
        Ok(Self::over(key, file))
    }

    pub(super) fn over(key: Arc<dyn ConsensusSigner>, file: SignStateFile) -> Self {
        Self { key, file: Mutex::new(file) }
    }
}

impl ConsensusSigner for GuardedSigner {
    fn address(&self) -> Address {
        self.key.address()
    }

    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        let mut file = self.file.lock();
        match file.state().admit(request)? {
            Admission::Free | Admission::Again => {}
            Admission::Advance(signed) => file.advance(signed)?,
        }
        self.key.sign(request)
    }
}

impl std::fmt::Debug for GuardedSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardedSigner {{ {} }}", self.key.address())
    }
}
