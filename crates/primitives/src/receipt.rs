//! Receipts: what a transaction did.

use alloy_consensus::{Eip658Value, ReceiptEnvelope, ReceiptWithBloom, TxType, proofs::calculate_receipt_root};
use alloy_primitives::{B256, Bloom, Log};

/// Result of one transaction of a block.
///
/// Its bloom is not kept: it follows from the logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Type of the transaction.
    pub tx_type: TxType,
    /// Success or failure; under the `ethereum` spec before Byzantium the state root after the transaction.
    pub outcome: Eip658Value,
    /// Gas used in the block up to and with this transaction.
    pub cumulative_gas_used: u64,
    /// Logs in the order of emission.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// Whether the transaction succeeded; unknown (true) where a state root stands in the place of the status.
    pub const fn succeeded(&self) -> bool {
        match self.outcome {
            Eip658Value::Eip658(success) => success,
            Eip658Value::PostState(_) => true,
        }
    }

    /// Bloom of the logs (Yellow Paper, section 4.3.1).
    pub fn bloom(&self) -> Bloom {
        alloy_primitives::logs_bloom(&self.logs)
    }

    /// The form that is hashed into a block's receipts root, as other Ethereum programs encode it.
    pub fn to_envelope(&self) -> ReceiptEnvelope {
        let inner = ReceiptWithBloom {
            logs_bloom: self.bloom(),
            receipt: alloy_consensus::Receipt {
                status: self.outcome,
                cumulative_gas_used: self.cumulative_gas_used,
                logs: self.logs.clone(),
            },
        };
        match self.tx_type {
            TxType::Legacy => ReceiptEnvelope::Legacy(inner),
            TxType::Eip2930 => ReceiptEnvelope::Eip2930(inner),
            TxType::Eip1559 => ReceiptEnvelope::Eip1559(inner),
            TxType::Eip4844 => ReceiptEnvelope::Eip4844(inner),
            TxType::Eip7702 => ReceiptEnvelope::Eip7702(inner),
        }
    }
}

/// Root of the trie of receipts (Yellow Paper, section 4.3.2).
pub fn receipts_root(receipts: &[Receipt]) -> B256 {
    let envelopes: Vec<_> = receipts.iter().map(Receipt::to_envelope).collect();
    calculate_receipt_root(&envelopes)
}

/// Bloom of all logs of a block.
pub fn logs_bloom(receipts: &[Receipt]) -> Bloom {
    alloy_primitives::logs_bloom(receipts.iter().flat_map(|receipt| &receipt.logs))
}
