//! Receipts: readable one by one, so each also holds its own gas and the index of its first log in the block.

use super::{Corrupt, Input, Value, put_varint};
use crate::StoredReceipt;
use alloy_consensus::{Eip658Value, TxType};
use alloy_primitives::{Address, B256, Bytes, Log, LogData};
use bttc_primitives::Receipt;

const FAILED: u8 = 0;
const SUCCEEDED: u8 = 1;
const POST_STATE: u8 = 2;

/// Fewest bytes of a log: address, number of topics, length of the data.
const LEAST_LOG_BYTES: usize = 22;

impl StoredReceipt {
    /// Encodes a receipt and what is known of its place in the block, without copying it.
    pub(crate) fn encode_parts(receipt: &Receipt, gas_used: u64, first_log_index: u64, out: &mut Vec<u8>) {
        let (outcome, post_state) = match &receipt.outcome {
            Eip658Value::Eip658(false) => (FAILED, None),
            Eip658Value::Eip658(true) => (SUCCEEDED, None),
            Eip658Value::PostState(root) => (POST_STATE, Some(root)),
        };
        out.push(u8::from(receipt.tx_type) << 4 | outcome);
        if let Some(root) = post_state {
            out.extend_from_slice(root.as_slice());
        }
        put_varint(receipt.cumulative_gas_used, out);
        put_varint(gas_used, out);
        put_varint(first_log_index, out);
        put_varint(receipt.logs.len() as u64, out);
        for log in &receipt.logs {
            put_log(log, out);
        }
    }
}

fn put_log(log: &Log, out: &mut Vec<u8>) {
    out.extend_from_slice(log.address.as_slice());
    put_varint(log.topics().len() as u64, out);
    for topic in log.topics() {
        out.extend_from_slice(topic.as_slice());
    }
    put_varint(log.data.data.len() as u64, out);
    out.extend_from_slice(&log.data.data);
}

fn read_log(input: &mut Input<'_>) -> Result<Log, Corrupt> {
    let address = Address::from(input.array()?);
    let topics = (0..input.count(32)?).map(|_| input.array().map(B256::from)).collect::<Result<Vec<_>, _>>()?;
    let len = input.count(1)?;
    let data = Bytes::copy_from_slice(input.take(len)?);
    let data = LogData::new(topics, data).ok_or(Corrupt("a log has more than four topics"))?;
    Ok(Log { address, data })
}

impl Value for StoredReceipt {
    fn encode(&self, out: &mut Vec<u8>) {
        Self::encode_parts(&self.receipt, self.gas_used, self.first_log_index, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let head = input.byte()?;
        let tx_type = TxType::try_from(head >> 4).map_err(|_| Corrupt("a receipt is of an unknown type"))?;
        let outcome = match head & 0xf {
            FAILED => Eip658Value::Eip658(false),
            SUCCEEDED => Eip658Value::Eip658(true),
            POST_STATE => Eip658Value::PostState(input.array()?.into()),
            _ => return Err(Corrupt("a receipt has an unknown outcome")),
        };
        let cumulative_gas_used = input.varint()?;
        let gas_used = input.varint()?;
        let first_log_index = input.varint()?;
        let logs = (0..input.count(LEAST_LOG_BYTES)?).map(|_| read_log(&mut input)).collect::<Result<Vec<_>, _>>()?;
        input.finish()?;
        let receipt = Receipt { tx_type, outcome, cumulative_gas_used, logs };
        Ok(Self { receipt, gas_used, first_log_index })
    }
}
