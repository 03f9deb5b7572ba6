//! Senders of a block's transactions: from the pool where it knows them, recovered on all cores otherwise.

use alloy_primitives::Address;
use bttc_primitives::{InvalidSender, Transaction, recover_senders};
use bttc_txpool::Pool;

/// Sender of each transaction; none is recovered that the pool has recovered before.
pub(crate) fn senders_of(pool: &Pool, transactions: &[Transaction]) -> Result<Vec<Address>, InvalidSender> {
    let known: Vec<Option<Address>> =
        transactions.iter().map(|tx| pool.get(tx.tx_hash()).map(|known| known.sender())).collect();
    let strangers: Vec<Transaction> =
        transactions.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(tx, _)| tx.clone()).collect();
    let mut recovered = recover_senders(&strangers, true)
        .map_err(|error| InvalidSender { index: position(transactions, &error), ..error })?
        .into_iter();
    Ok(known.into_iter().filter_map(|sender| sender.or_else(|| recovered.next())).collect())
}

fn position(transactions: &[Transaction], error: &InvalidSender) -> usize {
    transactions.iter().position(|tx| *tx.tx_hash() == error.hash).unwrap_or(error.index)
}
