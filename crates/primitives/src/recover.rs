//! Senders of many transactions, recovered on all cores with libsecp256k1.

use crate::Transaction;
use alloy_consensus::transaction::SignerRecoverable;
use alloy_primitives::{Address, B256};
use rayon::prelude::*;
use std::borrow::Borrow;

/// A transaction whose signature belongs to nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signature of transaction {hash} (position {index}) recovers to no sender")]
pub struct InvalidSender {
    /// Hash of the transaction.
    pub hash: B256,
    /// Its position in the list.
    pub index: usize,
}

/// Below this many transactions one core does the work, as handing out costs more.
const PARALLEL_FROM: usize = 4;

/// Sender of each transaction, in their order.
///
/// `homestead` tells whether high `s` values are refused (EIP-2).
pub fn recover_senders<T: Borrow<Transaction> + Sync>(
    transactions: &[T],
    homestead: bool,
) -> Result<Vec<Address>, InvalidSender> {
    let recover = |(index, tx): (usize, &T)| {
        let tx = tx.borrow();
        let sender = if homestead { tx.recover_signer() } else { tx.recover_signer_unchecked() };
        sender.map_err(|_| InvalidSender { hash: *tx.tx_hash(), index })
    };
    if transactions.len() < PARALLEL_FROM {
        return transactions.iter().enumerate().map(recover).collect();
    }
    transactions.par_iter().enumerate().map(recover).collect()
}
