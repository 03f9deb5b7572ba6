//! What is counted and told of signatures.

use alloy_primitives::{Address, Signature};
use bttc_consensus::{ConsensusSigner, SignError, SignRequest};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// [`ConsensusSigner`] that counts, and tells the operator when this validator abstains.
pub(super) struct WatchedSigner {
    inner: Arc<dyn ConsensusSigner>,
    is_down: AtomicBool,
}

impl WatchedSigner {
    pub(super) fn new(inner: Arc<dyn ConsensusSigner>) -> Self {
        metrics::describe_counter!(
            "bttc_signer_requests_total",
            "Requests to the consensus key, by kind and outcome; alert on every outcome but signed."
        );
        metrics::describe_histogram!(
            "bttc_signer_seconds",
            metrics::Unit::Seconds,
            "Time until a signature is there, with the record of it on disk."
        );
        Self { inner, is_down: AtomicBool::new(false) }
    }
}

impl ConsensusSigner for WatchedSigner {
    fn address(&self) -> Address {
        self.inner.address()
    }

    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        let (begun, kind) = (Instant::now(), request.kind());
        let result = self.inner.sign(request);
        let outcome = match &result {
            Ok(_) => {
                metrics::histogram!("bttc_signer_seconds").record(begun.elapsed().as_secs_f64());
                if self.is_down.swap(false, Ordering::Relaxed) {
                    tracing::info!("the signer is there again; this validator takes part");
                }
                "signed"
            }
            Err(SignError::Refused(why)) => {
                tracing::error!(kind, %why, "the signer refuses; this validator abstains");
                "refused"
            }
            Err(SignError::Unavailable(why)) => {
                // Told once, not with every vote.
                if !self.is_down.swap(true, Ordering::Relaxed) {
                    tracing::error!(kind, why, "the signer is unavailable; this validator abstains until it is there");
                }
                "unavailable"
            }
            Err(SignError::Fatal(_)) => "fatal",
        };
        metrics::counter!("bttc_signer_requests_total", "kind" => kind, "outcome" => outcome).increment(1);
        result
    }
}
