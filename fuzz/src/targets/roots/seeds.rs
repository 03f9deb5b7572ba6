//! Answers that nodes give when all is well, or nearly so.

use super::{BRIDGE, OF_SIDE, OF_TRON, ROOT_CHAIN};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_sol_types::{SolCall, SolEvent, SolValue};
use bttc_bridge::{
    records::{Deposit, Record, RecordsOf, link},
    tron::BlockId,
};
use bttc_contracts::{
    bridge::{IBridgeInbox, IBridgeOutbox},
    root::IRootBridge,
    validator_set::IValidatorSet,
};
use serde_json::{Value, json};

/// Gas, the newest block, the tip, the balance, the nonce.
pub(super) const ETHEREUM_PREPARED: &str = r#"{"jsonrpc":"2.0","id":0,"result":"0x186a0"}
{"jsonrpc":"2.0","id":1,"result":{"number":"0x64","hash":"0x2222222222222222222222222222222222222222222222222222222222222222","timestamp":"0x4b0","baseFeePerGas":"0x2540be400"}}
{"jsonrpc":"2.0","id":2,"result":"0x3b9aca00"}
{"jsonrpc":"2.0","id":3,"result":"0xde0b6b3a7640000"}
{"jsonrpc":"2.0","id":4,"result":"0x3"}"#;

/// Parameters, energy, the newest block, the solid one, bandwidth, the account.
pub(super) const TRON_PREPARED: &str = r#"{"chainParameter":[{"key":"getTransactionFee","value":1000},{"key":"getAllowX"},{"key":"getEnergyFee","value":100},{"key":"getMaxFeeLimit","value":15000000000},{"key":"getMaxCpuTimeOfOneTx","value":80}]}
{"result":{"result":true},"energy_used":160000,"constant_result":["00"],"transaction":{"ret":[{}]}}
{"blockID":"0000000000000064000000000000000000000000000000000000000000000000","block_header":{"raw_data":{"number":100,"timestamp":1777447166000}}}
{"blockID":"0000000000000052000000000000000000000000000000000000000000000000","block_header":{"raw_data":{"number":82,"timestamp":1777447112000}}}
{"freeNetUsed":100,"freeNetLimit":600}
{"address":"41aa","balance":900000000000}"#;

const HASH: B256 = B256::repeat_byte(0x22);

fn result(value: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "result": value }).to_string()
}

fn error(code: i64, message: &str, data: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": code, "message": message, "data": data } }).to_string()
}

fn hex(number: u64) -> String {
    format!("{number:#x}")
}

fn block(number: u64) -> String {
    result(
        json!({ "number": hex(number), "hash": HASH, "timestamp": hex(number * 12), "baseFeePerGas": "0x2540be400" }),
    )
}

/// Two records, one after the other, and what a bridge that has them says of its number.
fn records() -> [IRootBridge::Deposited; 2] {
    let of = RecordsOf { side_chain_id: 990_992, root_id: 1, bridge: BRIDGE };
    let [token, from, to] = [0u8, 2, 3].map(Address::repeat_byte);
    let mut chain = B256::ZERO;
    [5u64, 7].map(|amount| {
        let nonce = u64::from(!chain.is_zero());
        let amount = U256::from(amount);
        chain = link(chain, Record::Deposit(Deposit { token, from, to, amount }).hash(&of, nonce));
        IRootBridge::Deposited { nonce, token, to, from, amount, chainHash: chain }
    })
}

fn log(number: u64, index: u64, event: &impl SolEvent) -> Value {
    let data = event.encode_log_data();
    json!({
        "address": BRIDGE, "topics": data.topics(), "data": data.data, "blockNumber": hex(number),
        "transactionHash": HASH, "logIndex": hex(index), "removed": false,
    })
}

fn names() -> IRootBridge::MetadataSynced {
    let (name, symbol) = ("Ether".to_owned(), "ETH".to_owned());
    IRootBridge::MetadataSynced { nonce: 2, token: Address::ZERO, name, symbol, decimals: 18, chainHash: HASH }
}

fn logs() -> Value {
    let [first, second] = records();
    json!([log(7, 0, &first), log(7, 2, &second)])
}

fn receipt(number: u64) -> Value {
    json!({ "transactionHash": HASH, "blockNumber": hex(number), "status": "0x1", "gasUsed": "0x5208", "effectiveGasPrice": "0x2", "logs": logs() })
}

fn ethereum() -> Vec<(u8, Vec<String>)> {
    let raised = || ETHEREUM_PREPARED.replace("0x2540be400", "0x4a817c800").replace("0x3b9aca00", "0x77359400");
    let prepared = || ETHEREUM_PREPARED.lines().map(str::to_owned).collect::<Vec<_>>();
    let counted = || result(json!(Bytes::from(U256::from(2).to_be_bytes_vec())));
    let none = || result(Value::Null);
    vec![
        (0, vec![block(64)]),
        (1, vec![block(100)]),
        (2, vec![block(64), block(7)]),
        (3, vec![block(64), result(logs()), block(9)]),
        (3, vec![block(64), error(-32005, "query returned more than 10000 results", "0x")]),
        (4, vec![block(64), block(7), result(json!([receipt(7)]))]),
        (5, vec![block(64), block(64), block(64), result(json!("0x01"))]),
        (5, vec![block(64), block(64), block(64), error(3, "execution reverted: no", "0x08c379a0")]),
        (6, vec![result(json!("0x01")), result(json!("0x5208")), block(100), result(json!("0x1"))]),
        (7, vec![result(json!("0x5"))]),
        (8, vec![block(64), result(receipt(7))]),
        (9, prepared().into_iter().rev().skip(1).rev().chain([result(json!("0x4"))]).collect()),
        (10, raised().lines().skip(1).take(2).map(str::to_owned).collect()),
        (11, vec![error(-32000, "already known", "0x")]),
        (11, vec![error(-32000, "replacement transaction underpriced", "0x")]),
        (12, vec![block(64), result(json!("0x3")), none()]),
        (12, vec![block(64), result(json!("0x4")), none()]),
        (13, vec![result(json!(hex(ROOT_CHAIN))), block(64), block(64), result(json!("0x6001"))]),
        // Of each step: the head and the count, twice as for a call, the head, the logs, the last block.
        (
            14,
            vec![
                block(9),
                block(9),
                block(9),
                counted(),
                block(9),
                block(9),
                result(logs()),
                block(9),
                block(9),
                block(9),
            ],
        ),
        (3, vec![block(64), result(json!([log(7, 1, &names())])), block(9)]),
        (1, vec!["!5no".to_owned()]),
    ]
}

fn solid(number: u64) -> String {
    let id = BlockId::of(number, b"header");
    json!({ "blockID": hex::encode(id.0), "block_header": { "raw_data": { "number": number, "timestamp": 1_777_447_000_000u64 + number * 3_000 } } })
        .to_string()
}

fn info() -> Value {
    let bare = |word: &B256| hex::encode(word);
    let logs = records().map(|event| {
        let data = event.encode_log_data();
        json!({ "address": hex::encode(BRIDGE), "topics": data.topics().iter().map(bare).collect::<Vec<_>>(), "data": hex::encode(&data.data) })
    });
    json!({
        "id": hex::encode(HASH), "blockNumber": 7, "fee": 345, "contractResult": [""], "contract_address": format!("41{}", hex::encode(BRIDGE)),
        "receipt": { "energy_usage_total": 9, "result": "SUCCESS" }, "log": logs,
    })
}

fn tron() -> Vec<(u8, Vec<String>)> {
    let prepared = || TRON_PREPARED.lines().map(str::to_owned).collect::<Vec<_>>();
    let counted = json!({ "result": { "result": true }, "energy_used": 541, "constant_result": [hex::encode(U256::from(2).to_be_bytes_vec())], "transaction": { "ret": [{}] } }).to_string();
    let reverted = json!({ "result": { "result": true }, "energy_used": 300, "energy_penalty": 20, "constant_result": ["08c379a0"], "transaction": { "ret": [{ "ret": "FAILED" }] } }).to_string();
    let nothing = || "{}".to_owned();
    vec![
        (0, vec![solid(64)]),
        (1, vec![solid(100)]),
        (2, vec![solid(64), solid(7)]),
        (3, vec![solid(64), result(logs()), solid(9)]),
        (4, vec![solid(64), solid(7), json!([info()]).to_string()]),
        (5, vec![solid(64), solid(64), counted.clone()]),
        (5, vec![solid(64), solid(64), reverted]),
        (6, vec![counted.clone(), TRON_PREPARED.lines().next().unwrap_or_default().to_owned()]),
        (7, vec![r#"{"address":"41ab","balance":7}"#.to_owned()]),
        (8, vec![info().to_string()]),
        (8, vec![nothing(), info().to_string()]),
        (9, prepared().into_iter().map(|line| line.replace("177744716", "177744717")).collect()),
        (11, vec![r#"{"result":true,"code":"SUCCESS","txid":"00"}"#.to_owned()]),
        (11, vec![r#"{"code":"DUP_TRANSACTION_ERROR","message":"4e6f"}"#.to_owned()]),
        (11, vec![r#"{"code":"TAPOS_ERROR","txid":"00","message":"4e6f"}"#.to_owned()]),
        (12, vec![solid(64), info().to_string()]),
        (12, vec![solid(900_000_000), nothing()]),
        (12, vec![r#"{"Error":"class X : lack of computing resources"}"#.to_owned()]),
        (13, vec![result(json!(hex(ROOT_CHAIN))), solid(64), solid(64), result(json!("0x6001"))]),
        (14, vec![solid(9), solid(9), counted, solid(9), solid(9), result(logs()), solid(9), solid(9), solid(9)]),
    ]
}

/// A decided block as our node hands it out: one member, who signs.
fn checkpoint() -> Value {
    let validators = [Address::repeat_byte(1).as_slice(), &5u64.to_be_bytes()].concat();
    let (next, exits) = (keccak256(&validators), B256::repeat_byte(2));
    let extra_data = keccak256((next, exits).abi_encode()).to_vec().into();
    let header = alloy_rlp::encode(Header { number: 7, timestamp: 77, extra_data, ..Header::default() });
    json!({
        "height": 7, "blockHash": keccak256(&header), "timestamp": "0x4d", "header": Bytes::from(header), "round": 0,
        "validators": Bytes::from(validators), "signers": "0x1", "signatures": Bytes::from(vec![9; 65]),
        "nextValidatorsHash": next, "exitRoot": exits,
    })
}

fn side() -> Vec<(u8, Vec<String>)> {
    let view = IBridgeInbox::RootView {
        chainId: 1,
        bridge: BRIDGE,
        codeHash: HASH,
        btt: Address::ZERO,
        bttLocked: U256::ZERO,
        enabled: true,
        executed: 1,
        executedChain: HASH,
        accepted: 2,
        acceptedChain: HASH,
    };
    let view = IBridgeInbox::rootChainCall::abi_encode_returns(&view);
    let epoch = IValidatorSet::epochCall::abi_encode_returns(&IValidatorSet::epochReturn {
        number: 1,
        startTime: 2,
        startHeight: 3,
    });
    let members = IValidatorSet::membersCall::abi_encode_returns(&Vec::new());
    let vote =
        IBridgeInbox::Attested { rootId: U256::from(2), signer: BRIDGE, to: 9, chainHash: HASH, power: U256::from(5) };
    let exit = IBridgeOutbox::Exit {
        index: U256::ZERO,
        rootId: U256::from(2),
        rootBridge: BRIDGE,
        token: Address::ZERO,
        from: BRIDGE,
        to: BRIDGE,
        amount: U256::from(5),
        leaf: HASH,
    };
    let answer = |bytes: Vec<u8>| result(json!(Bytes::from(bytes)));
    let power = || answer(U256::from(5).to_be_bytes_vec());
    let set = |hash: B256| result(json!({ "hash": hash, "members": [] }));
    let made = checkpoint();
    vec![
        (0, vec![result(json!("0xf1f10"))]),
        (1, vec![block(9)]),
        (2, vec![block(7)]),
        (3, vec![result(json!("0x01"))]),
        (3, vec![error(3, "execution reverted", "0x08c379a0")]),
        (4, vec![result(logs()), result(json!([]))]),
        (5, vec![result(json!("0x5")), result(json!("0xde0b6b3a7640000"))]),
        (6, vec![result(json!("0x1"))]),
        (7, vec![error(-32000, "already known", "0x")]),
        (8, vec![result(receipt(7))]),
        (9, vec![set(HASH)]),
        (10, vec![result(made)]),
        (11, vec![set(HASH)]),
        (11, vec![set(B256::ZERO), set(HASH), set(B256::ZERO), set(HASH)]),
        (12, vec![answer(view)]),
        (13, vec![answer(epoch), answer(members), result(json!([log(5, 0, &vote)])), power()]),
        (14, vec![result(json!([log(7, 0, &exit)])), block(7)]),
    ]
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let of = |base: u8, list: Vec<(u8, Vec<String>)>| {
        list.into_iter().map(move |(method, lines)| [vec![base + method], lines.join("\n").into_bytes()].concat())
    };
    of(0, ethereum()).chain(of(OF_TRON, tron())).chain(of(OF_SIDE, side())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::roots::{ROOT_METHODS, SIDE_METHODS, of_use};
    use std::collections::BTreeSet;

    /// A seed that is refused at the door finds nothing behind it.
    #[test]
    fn everything_that_can_be_asked_has_a_seed_with_an_answer_of_use() {
        let useful = |seed: &Vec<u8>| of_use(seed).then(|| seed.first().copied().unwrap());
        let reached: BTreeSet<u8> = seeds().iter().filter_map(useful).collect();
        // TRON raises no fees.
        let all = (0..OF_SIDE + SIDE_METHODS).filter(|method| *method != OF_TRON + 10);
        let missing: Vec<_> = all.filter(|method| !reached.contains(method)).collect();
        assert!(missing.is_empty(), "{missing:?} of {ROOT_METHODS}");
    }
}
