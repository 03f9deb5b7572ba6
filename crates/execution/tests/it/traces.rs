use crate::chain::*;
use alloy_primitives::{U256, hex};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, TraceResult};
use bttc_execution::{
    BlockRun, CallEnv, CallError, Overrides, SystemCall, SystemTransactions, TraceEnv, trace_block, trace_call,
    trace_transaction,
};
use bttc_primitives::{Body, RecoveredBlock, SealedBlock};
use serde_json::{Value, json};
use std::time::Instant;

/// A block with two transactions and a system transaction, as it would be committed.
fn block() -> RecoveredBlock {
    let spec = spec();
    let word = |n: u64| U256::from(n).to_be_bytes_vec();
    let txs = [
        draft(1, 0, contracts::STORE).input(word(4)).eip1559(),
        draft(2, 0, contracts::FORWARD).input(word(5)).eip1559(),
    ];
    let mut run = BlockRun::begin(&spec, state(), &header()).unwrap();
    for tx in &txs {
        run.transact(tx.as_recovered_ref()).unwrap();
    }
    let calls = [SystemCall { to: contracts::LOG, input: Default::default() }];
    let signer = Consensus(key(PROPOSER));
    let outcome = run.finish(SystemTransactions::Make { calls: &mut calls.iter(), signer: &signer }).unwrap();
    let mut transactions: Vec<_> = txs.into_iter().map(|tx| tx.into_inner()).collect();
    transactions.extend(outcome.system_transactions);
    let senders = vec![address(1), address(2), address(PROPOSER)];
    RecoveredBlock { block: SealedBlock::seal(header(), Body { transactions, ..Default::default() }), senders }
}

fn options(value: Value) -> GethDebugTracingOptions {
    serde_json::from_value(value).unwrap()
}

fn trace(index: usize, opts: Value) -> Value {
    let spec = spec();
    let env = TraceEnv { spec: &spec, deadline: None };
    serde_json::to_value(trace_transaction(&env, state(), &block(), index, &options(opts)).unwrap()).unwrap()
}

#[test]
fn call_tracer_shows_the_nested_call() {
    let input = format!("0x{}", hex::encode(U256::from(5).to_be_bytes::<32>()));
    let mut got = trace(1, json!({"tracer": "callTracer"}));
    let inner_gas = got["calls"][0]["gas"].take();
    let gas: u64 = u64::from_str_radix(inner_gas.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    assert!((160_000..200_000).contains(&gas), "{gas}");
    let expected = json!({
        "from": format!("{:#x}", address(2)),
        "to": format!("{:#x}", contracts::FORWARD),
        "type": "CALL",
        "value": "0x0",
        "gas": "0x30d40",
        "gasUsed": got["gasUsed"],
        "input": input,
        "calls": [{
            "from": format!("{:#x}", contracts::FORWARD),
            "to": format!("{:#x}", contracts::STORE),
            "type": "CALL",
            "value": "0x0",
            "gas": null,
            // Slot 0 was set to 4 by the transaction before: cold, from one value to another. 5 opcodes beside it.
            "gasUsed": format!("{:#x}", 2_900 + 2_100 + 3 + 3 + 3),
            "input": input,
        }],
    });
    assert_eq!(got, expected);
    assert!(u64::from_str_radix(got["gasUsed"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap() > 26_000);
}

#[test]
fn struct_log_is_the_default() {
    let got = trace(0, json!({}));
    let ops: Vec<_> =
        got["structLogs"].as_array().unwrap().iter().map(|log| log["op"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ops, ["PUSH1", "CALLDATALOAD", "PUSH1", "SSTORE", "STOP"]);
    assert_eq!(got["failed"], false);
    assert_eq!(got["structLogs"][3]["stack"], json!(["0x4", "0x0"]));
}

#[test]
fn every_other_tracer_has_its_shape() {
    let four_byte = trace(1, json!({"tracer": "4byteTracer"}));
    assert_eq!(four_byte, json!({"0x00000000-28": 2}));
    let prestate = trace(1, json!({"tracer": "prestateTracer"}));
    let store = format!("{:#x}", contracts::STORE);
    let slot = format!("{:#066x}", 0);
    assert_eq!(prestate[&store]["storage"][&slot], json!(format!("{:#066x}", 4)));
    assert!(prestate[&store]["code"].is_string());
    let diff = trace(1, json!({"tracer": "prestateTracer", "tracerConfig": {"diffMode": true}}));
    assert_eq!(diff["pre"][&store]["storage"][&slot], json!(format!("{:#066x}", 4)));
    assert_eq!(diff["post"][&store]["storage"][&slot], json!(format!("{:#066x}", 5)));
    assert!(diff["post"].get(format!("{:#x}", address(PROPOSER))).is_none(), "the beneficiary is not paid");
    let flat = trace(1, json!({"tracer": "flatCallTracer"}));
    let addresses: Vec<_> = flat.as_array().unwrap().iter().map(|call| call["traceAddress"].clone()).collect();
    assert_eq!(addresses, [json!([]), json!([0])]);
    assert_eq!(flat[0]["transactionPosition"], 1);
    assert_eq!(flat[0]["blockHash"], json!(block().block.hash()));
    assert_eq!(trace(1, json!({"tracer": "noopTracer"})), json!({}));
    let mux = trace(1, json!({"tracer": "muxTracer", "tracerConfig": {"callTracer": {}, "4byteTracer": {}}}));
    assert_eq!(mux["callTracer"]["calls"][0]["to"], json!(store));
    assert_eq!(mux["4byteTracer"], four_byte);
    let erc7562 = trace(1, json!({"tracer": "erc7562Tracer"}));
    assert_eq!(erc7562["calls"][0]["accessedSlots"]["writes"][&slot], 1);
    assert!(erc7562["usedOpcodes"].is_object());
}

#[test]
fn whole_blocks_are_traced_with_their_system_transactions() {
    let spec = spec();
    let env = TraceEnv { spec: &spec, deadline: None };
    let block = block();
    let opts = options(json!({"tracer": "callTracer", "tracerConfig": {"withLog": true}}));
    let traces = trace_block(&env, state(), &block, &opts).unwrap();
    assert_eq!(traces.len(), 3);
    for (index, (trace, tx)) in traces.iter().zip(&block.block.body.transactions).enumerate() {
        let TraceResult::Success { result, tx_hash } = trace else { panic!("{trace:?}") };
        assert_eq!(*tx_hash, Some(*tx.tx_hash()));
        let alone = trace_transaction(&env, state(), &block, index, &opts).unwrap();
        assert_eq!(&alone, result, "the same in the block and alone");
    }
    let system = serde_json::to_value(&traces[2]).unwrap();
    assert_eq!(system["result"]["to"], json!(contracts::LOG));
    assert_eq!(system["result"]["logs"].as_array().unwrap().len(), 1);
    let missing = trace_transaction(&env, state(), &block, 3, &opts).unwrap_err();
    assert_eq!(missing.to_string(), "block 7 has no transaction at index 3");
}

#[test]
fn calls_are_traced_and_bounded() {
    let (spec, header) = (spec(), header());
    let env = CallEnv { spec: &spec, header: &header, gas_cap: 50_000_000, deadline: None };
    let request =
        |to| TransactionRequest { to: Some(to), input: TransactionInput::new(vec![0xab].into()), ..Default::default() };
    let opts = options(json!({"tracer": "callTracer"}));
    let run = |env: &CallEnv<'_>, to: alloy_primitives::Address, opts: &GethDebugTracingOptions| {
        trace_call(env, state(), &request(to.into()), &Overrides::default(), opts)
    };
    let reverted = serde_json::to_value(run(&env, contracts::REVERT, &opts).unwrap()).unwrap();
    assert_eq!((&reverted["error"], &reverted["output"]), (&json!("execution reverted"), &json!("0xab")));
    // Some ten million steps would be recorded: refused before memory is.
    let large = run(&env, contracts::LOOP, &options(json!({}))).unwrap_err();
    assert!(matches!(large, CallError::TraceTooLarge { .. }), "{large}");
    let late = CallEnv { deadline: Some(Instant::now()), ..env };
    let late = run(&late, contracts::LOOP, &opts).unwrap_err();
    assert!(matches!(late, CallError::Timeout { .. }), "{late}");
    let script =
        run(&env, contracts::LOG, &options(json!({"tracer": "{data: [], fault: function() {}}"}))).unwrap_err();
    assert!(script.to_string().contains("JavaScript"), "{script}");
    let config = json!({"tracer": "callTracer", "tracerConfig": {"onlyTopCall": 5}});
    assert!(matches!(run(&env, contracts::LOG, &options(config)), Err(CallError::InvalidRequest(_))));
}
