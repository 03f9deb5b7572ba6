//! JSON-RPC requests from strangers, on a chain of one block: there is always an answer, it is always JSON-RPC, and it is never "internal error".
//!
//! Bytes that begin with `{` are a whole request; otherwise the first names the method and the rest are its parameters.

use super::transaction::{samples, spec};
use alloy_eips::Encodable2718;
use alloy_primitives::hex;
use bttc_chain::{Chain, ChainConfig};
use bttc_rpc::{MethodTable, RpcConfig, RpcContext};
use bttc_storage::{Durability, Storage, StorageConfig};
use bttc_txpool::PoolConfig;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

struct Bed {
    table: MethodTable,
    names: Vec<&'static str>,
    runtime: tokio::runtime::Runtime,
    chain: Chain,
    _dir: tempfile::TempDir,
}

thread_local! {
    static BED: Bed = Bed::new();
}

impl Bed {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = StorageConfig {
            path: dir.path().join("db"),
            max_size_gib: 1,
            durability: Durability::Ephemeral,
            ..Default::default()
        };
        let storage = Storage::open(&config).unwrap();
        let pool = PoolConfig { max_transactions: 100, ..Default::default() };
        let chain = Chain::open(Arc::new(spec()), storage, ChainConfig::default(), pool, None).unwrap();
        let context = RpcContext {
            chain: chain.clone(),
            driver: None,
            consensus: None,
            peers: None,
            roots: None,
            dev_accounts: Vec::new(),
            client_version: "fuzz".into(),
        };
        // No call may take long, so that a slow one is seen.
        let config = RpcConfig { call_gas_cap: 1_000_000, ..Default::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let table = runtime.block_on(async { MethodTable::new(config, context) });
        // A subscription needs a connection; a call that waits for a block would wait for ever.
        let waits = |name: &&str| name.contains("ubscribe") || name.ends_with("Sync");
        let names = table.names().into_iter().filter(|name| !waits(name)).collect();
        Self { table, names, runtime, chain, _dir: dir }
    }

    fn ask(&self, request: &str) -> Option<String> {
        let answer = self
            .runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(20), self.table.answer(request)).await });
        answer.expect("no answer within 20 seconds")
    }
}

pub(super) fn run(bytes: &[u8]) {
    drop(answered(bytes));
}

/// The answer to an input, if it is a request at all.
pub(super) fn answered(bytes: &[u8]) -> Option<Value> {
    BED.with(|bed| {
        let request = request(bed, bytes)?;
        let answer = bed.ask(&request)?;
        let answer: Value = serde_json::from_str(&answer).expect("the answer is not JSON");
        let error = answer.get("error");
        assert!(answer.get("jsonrpc") == Some(&json!("2.0")), "not JSON-RPC: {answer}");
        assert!(answer.get("result").is_some() != error.is_some(), "neither result nor error: {answer}");
        if let Some(error) = error {
            assert!(error.get("code").is_some_and(Value::is_i64) && error.get("message").is_some_and(Value::is_string));
            assert_ne!(error.get("code"), Some(&json!(-32603)), "our own trouble: {request} {answer}");
        }
        bed.chain.pool().drop_all();
        Some(answer)
    })
}

fn request(bed: &Bed, bytes: &[u8]) -> Option<String> {
    let (first, rest) = bytes.split_first()?;
    if *first == b'{' {
        let text = std::str::from_utf8(bytes).ok()?;
        let whole: Value = serde_json::from_str(text).ok()?;
        let named = whole.get("method").and_then(Value::as_str);
        return named.is_none_or(|name| bed.names.contains(&name)).then(|| text.to_owned());
    }
    let method = bed.names.get(usize::from(*first) % bed.names.len())?;
    let params: Value = serde_json::from_slice(rest).ok()?;
    Some(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string())
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let raw = samples().first().map(|tx| hex::encode_prefixed(tx.encoded_2718())).unwrap_or_default();
    let address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    let call = json!({ "from": address, "to": "0x0000000000000000000000000000000000001011", "data": "0x18160ddd" });
    let create =
        json!({ "from": address, "data": "0x5f5ffd", "gas": "0x10000", "value": "0x0", "maxFeePerGas": "0x1" });
    let overrides = json!({ address: { "balance": "0x1", "code": "0x6001", "stateDiff": {}, "nonce": "0x2" } });
    let hash = format!("0x{:064x}", 1);
    let filter =
        json!({ "fromBlock": "earliest", "toBlock": "latest", "address": [address], "topics": [null, [hash]] });
    let requests = [
        ("eth_getBalance", json!([address, "latest"])),
        ("eth_getBlockByNumber", json!(["0x0", true])),
        ("eth_getBlockByHash", json!([hash, false])),
        ("eth_getStorageAt", json!([address, "0x0", { "blockNumber": "0x0" }])),
        ("eth_getProof", json!([address, ["0x0", hash], "latest"])),
        ("eth_call", json!([call, "latest", overrides, { "time": "0x5", "number": "0x9" }])),
        ("eth_estimateGas", json!([create, "pending"])),
        ("eth_createAccessList", json!([call, "latest"])),
        ("eth_getLogs", json!([filter])),
        ("eth_newFilter", json!([filter])),
        ("eth_getFilterChanges", json!(["0x1"])),
        ("eth_feeHistory", json!(["0x5", "latest", [10.0, 50.0]])),
        ("eth_sendRawTransaction", json!([raw])),
        ("eth_getTransactionReceipt", json!([hash])),
        (
            "eth_simulateV1",
            json!([{ "blockStateCalls": [{ "blockOverrides": { "number": "0x2" }, "stateOverrides": overrides, "calls": [call] }], "traceTransfers": true }, "latest"]),
        ),
        ("debug_traceCall", json!([call, "latest", { "tracer": "callTracer", "tracerConfig": { "withLog": true } }])),
        ("debug_traceCall", json!([create, "latest", { "tracer": "prestateTracer" }])),
        ("debug_traceBlockByNumber", json!(["0x0", {}])),
        ("txpool_content", json!([])),
        ("web3_sha3", json!(["0x00"])),
        (
            "eth_signTypedData_v4",
            json!([address, { "types": { "EIP712Domain": [] }, "primaryType": "EIP712Domain", "domain": {}, "message": {} }]),
        ),
    ];
    let whole = |(method, params): &(&str, Value)| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string().into_bytes()
    };
    requests.iter().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_seeds_have_a_result() {
        let answers: Vec<_> = seeds().iter().map(|seed| answered(seed).unwrap()).collect();
        let refused: Vec<_> = answers.iter().filter(|answer| answer.get("error").is_some()).collect();
        // The sender of a sample transaction has nothing, the key is not ours, there is no such filter, block or tracer.
        assert!(refused.len() <= 6, "{refused:#?}");
    }
}
