//! Blocks, transactions and receipts as TRON's HTTP interface writes them: default values are left out, hex has no `0x`.

use crate::{
    address::{from_wire, show as address},
    chain::{Block, Included, Receipt},
    transaction::{Action, Tx},
    tvm::Ending,
};
use alloy_primitives::hex;
use serde_json::{Map, Value, json};

/// An object without default values.
#[derive(Default)]
pub(super) struct Sparse(Map<String, Value>);

impl Sparse {
    /// Adds a field, unless it is a default value.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let default = match &value {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::Number(value) => value.as_i64() == Some(0),
            Value::String(value) => value.is_empty(),
            Value::Array(value) => value.is_empty(),
            Value::Object(_) => false,
        };
        if !default {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// A block; without its transactions unless `detail`.
pub(super) fn block(block: &Block, detail: bool, visible: bool) -> Value {
    let header = &block.header;
    let witness = from_wire(&header.witness_address).map_or_else(|_| String::new(), |at| address(at, visible));
    let raw = Sparse::default()
        .with("number", header.number)
        .with("txTrieRoot", hex::encode(&header.tx_trie_root))
        .with("witness_address", witness)
        .with("parentHash", hex::encode(&header.parent_hash))
        .with("version", header.version)
        .with("timestamp", header.timestamp)
        .done();
    let header =
        Sparse::default().with("raw_data", raw).with("witness_signature", hex::encode(&block.signature)).done();
    let all = if detail { block.transactions.iter().map(|one| included(one, visible)).collect() } else { Vec::new() };
    Sparse::default()
        .with("blockID", hex::encode(block.id.0))
        .with("block_header", header)
        .with("transactions", all)
        .done()
}

/// A transaction with how it ended.
pub(super) fn included(included: &Included, visible: bool) -> Value {
    let mut value = transaction(&included.tx, visible);
    let ending = included.receipt.ending.unwrap_or(Ending::Success);
    value["ret"] = json!([{ "contractRet": ending.name() }]);
    value
}

/// A transaction as it was sent.
pub(super) fn transaction(tx: &Tx, visible: bool) -> Value {
    let owner = Sparse::default().with("owner_address", address(tx.owner, visible));
    let value = match &tx.action {
        Action::Transfer { to, amount } => owner.with("to_address", address(*to, visible)).with("amount", *amount),
        Action::Trigger { contract, value, data, token_value } => owner
            .with("contract_address", address(*contract, visible))
            .with("call_value", *value)
            .with("call_token_value", *token_value)
            .with("data", hex::encode(data)),
        Action::Create(creation) => owner.with(
            "new_contract",
            Sparse::default()
                .with("origin_address", address(creation.origin, visible))
                .with("bytecode", hex::encode(&creation.bytecode))
                .with("call_value", creation.value)
                .with("consume_user_resource_percent", creation.percent)
                .with("name", creation.name.as_str())
                .with("origin_energy_limit", creation.origin_energy_limit)
                .done(),
        ),
    };
    let (_, type_url) = tx.kind;
    let name = type_url.rsplit('.').next().unwrap_or(type_url);
    let contract = Sparse::default()
        .with("parameter", json!({ "value": value.done(), "type_url": type_url }))
        .with("type", name)
        .with("Permission_id", tx.permission)
        .done();
    let raw = Sparse::default()
        .with("contract", vec![contract])
        .with("ref_block_bytes", hex::encode(&tx.ref_bytes))
        .with("ref_block_hash", hex::encode(&tx.ref_hash))
        .with("expiration", tx.expiration)
        .with("fee_limit", tx.fee_limit)
        .with("timestamp", tx.timestamp)
        .done();
    Sparse::default()
        .with("visible", visible)
        .with("signature", tx.signatures.iter().map(hex::encode).collect::<Vec<_>>())
        .with("txID", hex::encode(tx.id))
        .with("raw_data", raw)
        .with("raw_data_hex", hex::encode(&tx.raw))
        .done()
}

/// How a transaction ended; addresses of logs have 20 bytes, the others 21.
pub(super) fn receipt(receipt: &Receipt) -> Value {
    let usage = Sparse::default()
        .with("energy_fee", receipt.energy_fee)
        .with("energy_usage_total", receipt.energy)
        .with("net_usage", receipt.net_usage)
        .with("net_fee", receipt.net_fee)
        .with("result", receipt.ending.map_or("", Ending::name))
        .done();
    let log = |log: &crate::chain::Log| {
        Sparse::default()
            .with("address", hex::encode(log.address))
            .with("topics", log.topics.iter().map(hex::encode).collect::<Vec<_>>())
            .with("data", hex::encode(&log.data))
            .done()
    };
    let failed = receipt.ending.is_some_and(|ending| ending != Ending::Success);
    Sparse::default()
        .with("id", hex::encode(receipt.id))
        .with("fee", receipt.fee)
        .with("blockNumber", receipt.block)
        .with("blockTimeStamp", receipt.time)
        .with("contractResult", vec![hex::encode(&receipt.output)])
        .with("contract_address", receipt.contract.map_or_else(String::new, |at| address(at, false)))
        .with("receipt", usage)
        .with("log", receipt.logs.iter().map(log).collect::<Vec<_>>())
        .with("result", if failed { "FAILED" } else { "" })
        .with("resMessage", hex::encode(&receipt.message))
        .done()
}
