//! Answers of the JSON-RPC server over loopback, one request after the other on one kept connection: time of server and client together.
//!
//! Limits: bare HTTP and JSON 6 us of the server's CPU time; `eth_blockNumber` 9 us, `eth_getBalance` 13, `eth_call` 35, `eth_getLogs` over 1,000 blocks
//! 20 ms. CPU time of a whole node for each request is measured by `rpc_costs`.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use alloy_primitives::{Address, TxKind, U256};
use alloy_sol_types::SolCall;
use bttc_benches::{
    http::Connection,
    ledger::{self, DevValidator, decide},
    load::balance_of,
    served::Served,
    transactions::{Call, dev_key, sign_all},
};
use bttc_chain::Chain;
use bttc_contracts::{addresses::WBTT, wbtt::IWBTT};
use bttc_storage::Durability;
use bttc_txpool::Origin;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Blocks with a log each.
const BLOCKS: u64 = 1_000;

/// A deposit, then a transfer of the token in each block.
fn fill(runtime: &Runtime, chain: &Chain) {
    let call = |input: Vec<u8>, value| Call { to: TxKind::Call(WBTT), input: input.into(), value, gas: 100_000 };
    let deposit = call(IWBTT::depositCall {}.abi_encode(), U256::from(BLOCKS));
    let transfer =
        call(IWBTT::transferCall { dst: Address::repeat_byte(7), wad: U256::from(1) }.abi_encode(), U256::ZERO);
    let calls: Vec<_> = std::iter::once(deposit).chain(std::iter::repeat_n(transfer, BLOCKS as usize)).collect();
    let signer = DevValidator::new().unwrap();
    for (tx, height) in sign_all(&dev_key(0).unwrap(), 0, &calls).unwrap().into_iter().zip(1..) {
        chain.clock().set_next(bttc_benches::generated::timestamp(height));
        chain.pool().add(tx, Origin::Local).unwrap();
        assert_eq!(runtime.block_on(decide(chain, &signer)).unwrap().body.transactions.len(), 1);
    }
}

fn answers(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let chain = ledger::open(dir.path(), Durability::Ephemeral).unwrap();
    fill(&runtime, &chain);
    let served = Served::start(chain, false).unwrap();
    let mut connection = Connection::open(&served.url).unwrap();
    let receiver = Address::repeat_byte(7);
    let filter = json!([{"address": WBTT, "fromBlock": "0x2", "toBlock": format!("{:#x}", BLOCKS + 1)}]);
    // Each is checked once.
    assert_eq!(connection.quantity("eth_blockNumber", json!([])).unwrap(), BLOCKS + 1);
    assert_eq!(connection.number("eth_call", balance_of(WBTT, receiver)).unwrap(), U256::from(BLOCKS));
    let logs = connection.call("eth_getLogs", filter.clone()).unwrap();
    assert_eq!(logs.as_array().map(Vec::len), Some(BLOCKS as usize));
    let requests: [(&str, &str, Value); 5] = [
        ("bare: eth_chainId", "eth_chainId", json!([])),
        ("eth_blockNumber", "eth_blockNumber", json!([])),
        ("eth_getBalance", "eth_getBalance", json!([receiver, "latest"])),
        ("eth_call of balanceOf", "eth_call", balance_of(WBTT, receiver)),
        ("eth_getLogs, 1000 blocks with a log each", "eth_getLogs", filter),
    ];
    let mut group = c.benchmark_group("answers");
    for (name, method, params) in requests {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        group.bench_function(name, |b| b.iter(|| connection.post(body.as_bytes()).unwrap()));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(50).measurement_time(Duration::from_secs(3));
    targets = answers
}
criterion_main!(benches);
