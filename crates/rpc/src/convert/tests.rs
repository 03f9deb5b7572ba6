//! Shapes of the wire: the fields and forms that execution-apis demands.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use alloy_consensus::{SignableTransaction, TxEip1559, TxLegacy};
use alloy_primitives::{Address, Bytes, Signature, TxKind, hex};
use bttc_primitives::Body;
use serde_json::{Value, json};

const SENDER: Address = Address::repeat_byte(0xaa);
const GENESIS: &str = include_str!("../../../../genesis/dev/genesis.json");

fn block_of_two() -> (RecoveredBlock, Vec<Receipt>) {
    let signature = Signature::new(U256::from(1), U256::from(2), true);
    let first = TxEip1559 {
        chain_id: 990_992,
        nonce: 3,
        gas_limit: 50_000,
        max_fee_per_gas: 30,
        max_priority_fee_per_gas: 2,
        to: TxKind::Create,
        input: Bytes::from_static(&[1, 2]),
        ..Default::default()
    };
    let second = TxLegacy { gas_price: 12, gas_limit: 21_000, to: TxKind::Call(SENDER), ..Default::default() };
    let header =
        Header { number: 7, timestamp: 100, base_fee_per_gas: Some(10), gas_used: 60_000, ..Default::default() };
    let transactions = vec![first.into_signed(signature).into(), second.into_signed(signature).into()];
    let body = Body { transactions, withdrawals: Some(Default::default()), ..Default::default() };
    let log = Log::new_unchecked(SENDER, vec![B256::ZERO], Bytes::new());
    let receipts =
        [(TxType::Eip1559, 39_000, 2), (TxType::Legacy, 60_000, 1)].map(|(tx_type, cumulative_gas_used, logs)| {
            Receipt { tx_type, outcome: Eip658Value::Eip658(true), cumulative_gas_used, logs: vec![log.clone(); logs] }
        });
    (RecoveredBlock { block: SealedBlock::seal(header, body), senders: vec![SENDER; 2] }, receipts.to_vec())
}

fn json_of(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn transactions_have_the_fields_of_their_type() {
    let (made, _) = block_of_two();
    let full = json_of(block(&made, true));
    let first = &full["transactions"][0];
    assert_eq!(
        keys(first),
        [
            "accessList",
            "blockHash",
            "blockNumber",
            "blockTimestamp",
            "chainId",
            "from",
            "gas",
            "gasPrice",
            "hash",
            "input",
            "maxFeePerGas",
            "maxPriorityFeePerGas",
            "nonce",
            "r",
            "s",
            "to",
            "transactionIndex",
            "type",
            "v",
            "value",
            "yParity"
        ]
    );
    // Base fee and tip, not the cap.
    assert_eq!((&first["gasPrice"], &first["maxFeePerGas"]), (&json!("0xc"), &json!("0x1e")));
    assert_eq!((&first["to"], &first["v"]), (&Value::Null, &json!("0x1")));
    let second = &full["transactions"][1];
    assert_eq!(
        keys(second),
        [
            "blockHash",
            "blockNumber",
            "blockTimestamp",
            "from",
            "gas",
            "gasPrice",
            "hash",
            "input",
            "nonce",
            "r",
            "s",
            "to",
            "transactionIndex",
            "type",
            "v",
            "value"
        ]
    );
    assert_eq!((&second["transactionIndex"], &second["v"]), (&json!("0x1"), &json!("0x1c")));

    let waiting = json_of(pending(&made.recovered().next().unwrap().cloned()));
    assert_eq!((&waiting["blockHash"], &waiting["gasPrice"]), (&Value::Null, &json!("0x1e")));
}

#[test]
fn blocks_have_their_size_and_hashes() {
    let (made, _) = block_of_two();
    let brief = json_of(block(&made, false));
    let size = made.block.ethereum_rlp().len();
    assert_eq!(brief["size"], format!("{size:#x}"));
    assert_eq!(brief["transactions"][1], json_of(made.block.body.transactions[1].tx_hash()));
    assert_eq!((&brief["uncles"], &brief["withdrawals"]), (&json!([]), &json!([])));
    assert_eq!(brief["hash"], json_of(made.block.hash()));
}

#[test]
fn receipts_count_gas_and_logs_through_the_block() {
    let (made, done) = block_of_two();
    let spec = ChainSpec::from_json(GENESIS).unwrap();
    let all = json_of(receipts(&spec, &made, &done));
    assert_eq!(
        keys(&all[0]),
        [
            "blockHash",
            "blockNumber",
            "contractAddress",
            "cumulativeGasUsed",
            "effectiveGasPrice",
            "from",
            "gasUsed",
            "logs",
            "logsBloom",
            "status",
            "to",
            "transactionHash",
            "transactionIndex",
            "type"
        ]
    );
    assert_eq!(all[0]["contractAddress"], json_of(SENDER.create(3)));
    assert_eq!((&all[0]["effectiveGasPrice"], &all[1]["effectiveGasPrice"]), (&json!("0xc"), &json!("0xc")));
    assert_eq!((&all[0]["gasUsed"], &all[1]["gasUsed"]), (&json!("0x9858"), &json!("0x5208")));
    assert_eq!(all[1]["logs"][0]["logIndex"], "0x2");
    assert_eq!(all[1]["logs"][0]["blockTimestamp"], "0x64");
    assert_eq!(all[1]["contractAddress"], Value::Null);
    let picked = json_of(logs_of(&made.block, &done, |_| true));
    assert_eq!(picked[2], all[1]["logs"][0]);
    assert_eq!(hex::encode_prefixed([1, 2]), json_of(block(&made, true))["transactions"][0]["input"]);
}
