//! Transactions of one account of ours, one at a time.
//!
//! What is sent here may be done by anybody or is refused the second time, so a transaction that is lost or sent twice costs a fee and nothing else.
//! The consensus key also signs system transactions of blocks that it proposes, which use up nonces: a transaction of ours whose nonce is gone is
//! void, and its caller looks at the chain again and sends what is still needed.

use super::{SideChain, SideError};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// Time between two looks at whether a transaction has ended.
const LOOK: Duration = Duration::from_millis(300);
/// Blocks after which a transaction that waits is sent again with higher fees.
const STALE_BLOCKS: u64 = 30;

/// Signs transactions of an account of ours.
pub trait SideSigner: Send + Sync + 'static {
    /// Whose.
    fn address(&self) -> Address;

    /// Signs an ordinary transaction. May block for a short time.
    ///
    /// Errors: a sentence that says why not.
    fn sign(&self, transaction: &TxEip1559) -> Result<Signature, String>;
}

impl SideSigner for alloy_signer_local::PrivateKeySigner {
    fn address(&self) -> Address {
        Self::address(self)
    }

    fn sign(&self, transaction: &TxEip1559) -> Result<Signature, String> {
        alloy_signer::SignerSync::sign_hash_sync(self, &transaction.signature_hash()).map_err(|error| error.to_string())
    }
}

/// What to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideCall {
    /// Whom.
    pub to: Address,
    /// ABI-encoded.
    pub data: Bytes,
    /// Most gas.
    pub gas: u64,
}

/// How a transaction came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A block has it, and it did what it should.
    Done(B256),
    /// A block has it, and it reverted: look at the chain again.
    Reverted(B256),
    /// Something else took its nonce: look at the chain again.
    Void,
    /// Not yet in a block. It is looked at first when something is sent next.
    Waiting(B256),
}

/// A transaction that may still come.
#[derive(Clone, Debug)]
struct Pending {
    hash: B256,
    nonce: u64,
    tip: u128,
    bytes: Bytes,
    since: u64,
}

/// One account.
pub struct SideAccount {
    signer: Arc<dyn SideSigner>,
    chain_id: u64,
    /// How long one call may take.
    patience: Duration,
    pending: Option<Pending>,
}

impl SideAccount {
    /// An account of the chain `chain_id` that waits up to `patience` for a block to take a transaction.
    pub fn new(signer: Arc<dyn SideSigner>, chain_id: u64, patience: Duration) -> Self {
        Self { signer, chain_id, patience, pending: None }
    }

    /// Whose.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Sends a call and waits for a block to take it, a bounded time. If an earlier one still waits, only that one is waited for.
    pub async fn send<S: SideChain>(&mut self, side: &S, call: SideCall) -> Result<Sent, SideError> {
        if let Some(pending) = self.pending.clone() {
            let ended = self.look(side, &pending).await?;
            if let Some(Sent::Waiting(_)) = ended {
                self.renew(side, pending, &call).await?;
                return self.wait(side).await;
            }
        }
        let nonce = side.account(self.address()).await?.nonce;
        let tip = side.tip_fee().await?.max(1);
        let pending = self.make(side, call, nonce, tip).await?;
        self.hand_in(side, pending).await?;
        self.wait(side).await
    }

    async fn make<S: SideChain>(&self, side: &S, call: SideCall, nonce: u64, tip: u128) -> Result<Pending, SideError> {
        let head = side.head().await?;
        let most = head.base_fee.saturating_mul(2).saturating_add(tip);
        let transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit: call.gas,
            max_fee_per_gas: most,
            max_priority_fee_per_gas: tip,
            to: TxKind::Call(call.to),
            value: U256::ZERO,
            access_list: Default::default(),
            input: call.data,
        };
        let signature = self.signer.sign(&transaction).map_err(|why| {
            SideError::Account(format!("no signature of {} for a transaction of the bridge: {why}", self.address()))
        })?;
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        let bytes = Bytes::from(envelope.encoded_2718());
        Ok(Pending { hash: *envelope.tx_hash(), nonce, tip, bytes, since: head.height })
    }

    async fn hand_in<S: SideChain>(&mut self, side: &S, pending: Pending) -> Result<(), SideError> {
        let bytes = pending.bytes.clone();
        // Kept first: that there was no answer does not mean that it did not arrive.
        self.pending = Some(pending);
        match side.send(bytes).await {
            Err(error @ SideError::Refused { .. }) => {
                self.pending = None;
                Err(error)
            }
            other => other,
        }
    }

    /// Sends what waits once more; with higher fees, and as the call that is wanted now, if it waits for long.
    async fn renew<S: SideChain>(&mut self, side: &S, pending: Pending, call: &SideCall) -> Result<(), SideError> {
        let head = side.head().await?.height;
        if head.saturating_sub(pending.since) < STALE_BLOCKS {
            return side.send(pending.bytes).await.or_else(|error| match error {
                SideError::Refused { .. } => Ok(()),
                error => Err(error),
            });
        }
        let tip = pending.tip.saturating_add(pending.tip / 4).saturating_add(1).max(side.tip_fee().await?);
        let again = self.make(side, call.clone(), pending.nonce, tip).await?;
        self.hand_in(side, again).await
    }

    async fn wait<S: SideChain>(&mut self, side: &S) -> Result<Sent, SideError> {
        let end = Instant::now().checked_add(self.patience);
        loop {
            let Some(pending) = self.pending.clone() else { return Ok(Sent::Void) };
            match self.look(side, &pending).await? {
                Some(Sent::Waiting(hash)) if end.is_none_or(|end| Instant::now() >= end) => {
                    return Ok(Sent::Waiting(hash));
                }
                Some(Sent::Waiting(_)) => sleep(LOOK).await,
                Some(ended) => return Ok(ended),
                None => return Ok(Sent::Void),
            }
        }
    }

    /// How a transaction stands; forgets it if it ended.
    async fn look<S: SideChain>(&mut self, side: &S, pending: &Pending) -> Result<Option<Sent>, SideError> {
        // The account first: if its nonce has passed, a receipt is there or never will be.
        let nonce = side.account(self.address()).await?.nonce;
        let receipt = side.receipt(pending.hash).await?;
        let ended = match receipt {
            Some(receipt) if receipt.succeeded => Sent::Done(pending.hash),
            Some(_) => Sent::Reverted(pending.hash),
            None if nonce > pending.nonce => Sent::Void,
            None => return Ok(Some(Sent::Waiting(pending.hash))),
        };
        self.pending = None;
        Ok(Some(ended))
    }
}
