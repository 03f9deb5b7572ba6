//! Our types as those of the wire (execution-apis).

use alloy_consensus::{
    Eip658Value, Receipt as ConsensusReceipt, ReceiptEnvelope, ReceiptWithBloom, Transaction as _, TxType,
};
use alloy_primitives::{B256, Log, U256};
use alloy_rlp::Encodable;
use alloy_rpc_types_eth::{BlockTransactions, Log as LogWithPlace, TransactionReceipt};
use bttc_primitives::{ChainSpec, Head, Header, Receipt, Recovered, RecoveredBlock, SealedBlock, Transaction};

/// A transaction on the wire.
pub(crate) type RpcTransaction = alloy_rpc_types_eth::Transaction<Transaction>;
/// A header on the wire.
pub(crate) type RpcHeader = alloy_rpc_types_eth::Header;
/// A block on the wire.
pub(crate) type RpcBlock = alloy_rpc_types_eth::Block<RpcTransaction, RpcHeader>;
/// A receipt on the wire.
pub(crate) type RpcReceipt = TransactionReceipt<ReceiptEnvelope<LogWithPlace>>;

/// Where a transaction stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) header: &'a Header,
    pub(crate) block_hash: B256,
    pub(crate) index: usize,
}

/// A transaction of a block.
pub(crate) fn mined(tx: Recovered<&Transaction>, place: Place<'_>) -> RpcTransaction {
    RpcTransaction {
        effective_gas_price: Some((**tx.inner()).effective_gas_price(place.header.base_fee_per_gas)),
        inner: tx.cloned(),
        block_hash: Some(place.block_hash),
        block_number: Some(place.header.number),
        transaction_index: Some(place.index as u64),
        block_timestamp: Some(place.header.timestamp),
    }
}

/// A transaction of the pool.
pub(crate) fn pending(tx: &Recovered<Transaction>) -> RpcTransaction {
    RpcTransaction {
        effective_gas_price: Some(tx.inner().max_fee_per_gas()),
        inner: tx.clone(),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        block_timestamp: None,
    }
}

/// A header with the size of its block.
pub(crate) fn header(block: &SealedBlock) -> RpcHeader {
    RpcHeader {
        hash: block.hash(),
        inner: block.header.clone(),
        total_difficulty: None,
        size: Some(U256::from(ethereum_size(block))),
    }
}

/// A header whose body is pruned.
pub(crate) fn bare_header(head: Head) -> RpcHeader {
    RpcHeader { hash: head.hash, inner: head.header, total_difficulty: None, size: None }
}

/// Length of the block as other Ethereum programs encode it. Unit: bytes.
fn ethereum_size(block: &SealedBlock) -> usize {
    let body = &block.body;
    let payload = block.header.length()
        + body.transactions.length()
        + body.ommers.length()
        + body.withdrawals.as_ref().map_or(0, Encodable::length);
    alloy_rlp::Header { list: true, payload_length: payload }.length_with_payload()
}

/// A block; with whole transactions, or with their hashes.
pub(crate) fn block(block: &RecoveredBlock, full: bool) -> RpcBlock {
    let sealed = &block.block;
    let transactions = if full {
        BlockTransactions::Full(
            block.recovered().enumerate().map(|(index, tx)| mined(tx, place(sealed, index))).collect(),
        )
    } else {
        BlockTransactions::Hashes(sealed.body.transactions.iter().map(|tx| *tx.tx_hash()).collect())
    };
    RpcBlock {
        header: header(sealed),
        uncles: sealed.body.ommers.iter().map(Header::hash_slow).collect(),
        transactions,
        withdrawals: sealed.body.withdrawals.clone(),
    }
}

/// Place of the transaction at `index` of a block.
pub(crate) const fn place(block: &SealedBlock, index: usize) -> Place<'_> {
    Place { header: &block.header, block_hash: block.hash(), index }
}

/// What the receipts before it in the block say about a receipt.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    /// Gas used by them.
    pub(crate) gas: u64,
    /// Number of their logs.
    pub(crate) logs: u64,
}

/// Receipts of a block.
pub(crate) fn receipts(spec: &ChainSpec, block: &RecoveredBlock, receipts: &[Receipt]) -> Vec<RpcReceipt> {
    let mut before = Before::default();
    block
        .recovered()
        .zip(receipts)
        .enumerate()
        .map(|(index, (tx, one))| {
            let made = receipt(spec, place(&block.block, index), tx, one, before);
            before.gas = one.cumulative_gas_used;
            before.logs += one.logs.len() as u64;
            made
        })
        .collect()
}

/// The receipt of one transaction.
pub(crate) fn receipt(
    spec: &ChainSpec,
    place: Place<'_>,
    tx: Recovered<&Transaction>,
    receipt: &Receipt,
    before: Before,
) -> RpcReceipt {
    let (from, tx) = (tx.signer(), *tx.inner());
    let blob_gas_used = tx.blob_gas_used();
    let blob_params = spec.blob_params(place.header.timestamp);
    let logs = receipt.logs.iter().zip(before.logs..);
    let logs = logs.map(|(log, index)| log_at(log, place, *tx.tx_hash(), index)).collect();
    RpcReceipt {
        inner: envelope(receipt, logs),
        transaction_hash: *tx.tx_hash(),
        transaction_index: Some(place.index as u64),
        block_hash: Some(place.block_hash),
        block_number: Some(place.header.number),
        gas_used: receipt.cumulative_gas_used.saturating_sub(before.gas),
        effective_gas_price: tx.effective_gas_price(place.header.base_fee_per_gas),
        blob_gas_used,
        blob_gas_price: blob_gas_used.and(blob_params).and_then(|params| place.header.blob_fee(params)),
        from,
        to: tx.to(),
        contract_address: tx.kind().is_create().then(|| from.create(tx.nonce())),
    }
}

fn envelope(receipt: &Receipt, logs: Vec<LogWithPlace>) -> ReceiptEnvelope<LogWithPlace> {
    let status: Eip658Value = receipt.outcome;
    let inner = ReceiptWithBloom {
        logs_bloom: receipt.bloom(),
        receipt: ConsensusReceipt { status, cumulative_gas_used: receipt.cumulative_gas_used, logs },
    };
    match receipt.tx_type {
        TxType::Legacy => ReceiptEnvelope::Legacy(inner),
        TxType::Eip2930 => ReceiptEnvelope::Eip2930(inner),
        TxType::Eip1559 => ReceiptEnvelope::Eip1559(inner),
        TxType::Eip4844 => ReceiptEnvelope::Eip4844(inner),
        TxType::Eip7702 => ReceiptEnvelope::Eip7702(inner),
    }
}

/// A log with its place; `index` counts the logs of the block.
pub(crate) fn log_at(log: &Log, place: Place<'_>, tx_hash: B256, index: u64) -> LogWithPlace {
    LogWithPlace {
        inner: log.clone(),
        block_hash: Some(place.block_hash),
        block_number: Some(place.header.number),
        block_timestamp: Some(place.header.timestamp),
        transaction_hash: Some(tx_hash),
        transaction_index: Some(place.index as u64),
        log_index: Some(index),
        removed: false,
    }
}

/// Logs of a block that `wanted` picks, in their order.
pub(crate) fn logs_of(
    block: &SealedBlock,
    receipts: &[Receipt],
    mut wanted: impl FnMut(&Log) -> bool,
) -> Vec<LogWithPlace> {
    let mut picked = Vec::new();
    let mut index = 0;
    for (position, (tx, receipt)) in block.body.transactions.iter().zip(receipts).enumerate() {
        for log in &receipt.logs {
            if wanted(log) {
                picked.push(log_at(log, place(block, position), *tx.tx_hash(), index));
            }
            index += 1;
        }
    }
    picked
}

#[cfg(test)]
mod tests;
