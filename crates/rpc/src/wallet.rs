//! Accounts that a development node signs for, and those it lets anybody act as.

use crate::error::{Reply, RpcError};
use alloy_consensus::{EthereumTypedTransaction, SignableTransaction, TxEip4844};
use alloy_primitives::{Address, B256, Signature, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_primitives::{Recovered, Transaction};
use parking_lot::RwLock;
use std::collections::BTreeSet;

#[derive(Debug, Default)]
struct Impersonated {
    all: bool,
    accounts: BTreeSet<Address>,
}

/// The keys of a development chain; empty on any other.
#[derive(Debug, Default)]
pub(crate) struct Wallet {
    signers: Vec<PrivateKeySigner>,
    impersonated: RwLock<Impersonated>,
}

impl Wallet {
    pub(crate) fn new(signers: Vec<PrivateKeySigner>) -> Self {
        Self { signers, impersonated: RwLock::default() }
    }

    /// Accounts that requests may name as sender.
    pub(crate) fn accounts(&self) -> Vec<Address> {
        self.signers.iter().map(PrivateKeySigner::address).collect()
    }

    pub(crate) fn impersonate(&self, account: Address, on: bool) {
        let mut impersonated = self.impersonated.write();
        if on {
            impersonated.accounts.insert(account);
        } else {
            impersonated.accounts.remove(&account);
        }
    }

    pub(crate) fn impersonate_all(&self, on: bool) {
        self.impersonated.write().all = on;
    }

    fn is_impersonated(&self, account: Address) -> bool {
        let impersonated = self.impersonated.read();
        impersonated.all || impersonated.accounts.contains(&account)
    }

    fn signer(&self, account: Address) -> Option<&PrivateKeySigner> {
        self.signers.iter().find(|signer| signer.address() == account)
    }

    fn unknown(account: Address) -> RpcError {
        RpcError::invalid(format!(
            "unknown account {account}: this node holds no key for it; sign in the wallet and use eth_sendRawTransaction"
        ))
    }

    /// Signs a hash with the account's key.
    pub(crate) fn sign_hash(&self, account: Address, hash: B256) -> Reply<Signature> {
        let signer = self.signer(account).ok_or_else(|| Self::unknown(account))?;
        signer.sign_hash_sync(&hash).map_err(|error| RpcError::invalid(error.to_string()))
    }

    /// Signs a transaction; one of an impersonated account gets a signature that says nothing.
    pub(crate) fn sign(&self, from: Address, tx: EthereumTypedTransaction<TxEip4844>) -> Reply<Recovered<Transaction>> {
        let signature = if self.signer(from).is_some() {
            self.sign_hash(from, tx.signature_hash())?
        } else if self.is_impersonated(from) {
            stand_in(from)
        } else {
            return Err(Self::unknown(from));
        };
        Ok(Recovered::new_unchecked(Transaction::from(tx.into_signed(signature)), from))
    }
}

/// A signature in the place of one that nobody could make. It holds the sender, so that two senders' transactions differ in their hashes.
fn stand_in(from: Address) -> Signature {
    Signature::new(U256::from_be_slice(from.as_slice()), U256::ONE, false)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloy_consensus::{TxLegacy, transaction::SignerRecoverable};

    fn transfer() -> EthereumTypedTransaction<TxEip4844> {
        EthereumTypedTransaction::Legacy(TxLegacy { chain_id: Some(1), ..Default::default() })
    }

    #[test]
    fn keys_sign_and_impersonation_is_asked_for() {
        let signer = PrivateKeySigner::random();
        let wallet = Wallet::new(vec![signer.clone()]);
        let signed = wallet.sign(signer.address(), transfer()).unwrap();
        assert_eq!(signed.inner().recover_signer().unwrap(), signer.address());

        let (one, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        assert!(wallet.sign(one, transfer()).unwrap_err().message.contains("unknown account"));
        wallet.impersonate(one, true);
        wallet.impersonate(other, true);
        let hashes = [one, other].map(|from| *wallet.sign(from, transfer()).unwrap().inner().tx_hash());
        assert_ne!(hashes[0], hashes[1]);
        wallet.impersonate(one, false);
        assert!(wallet.sign(one, transfer()).is_err());
        wallet.impersonate_all(true);
        assert!(wallet.sign(one, transfer()).is_ok());
    }
}
