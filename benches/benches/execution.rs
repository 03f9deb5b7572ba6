//! Running transactions: on a state in memory, and on the stored one. No signatures, no root, no commit.
//!
//! Limits on one core of such a machine, revm in memory: 0.5 to 0.95 M transfers, 0.22 to 0.31 M transfers of an ERC-20 a second; 1.2 Ggas a second in
//! the interpreter.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use alloy_primitives::{Address, TxKind, U256};
use alloy_sol_types::SolCall;
use bttc_benches::{
    generated::token_slot,
    ledger::{self, DevValidator, spec},
    load::contracts::{SLOTS, arithmetic_runtime, compute_runtime, storage_runtime, token_runtime},
    memory::InMemory,
    transactions::{Call, dev_key, dev_transfers, sign_all},
};
use bttc_consensus::{ConsensusSigner, NextBlock, Turn};
use bttc_contracts::wbtt::IWBTT;
use bttc_execution::{BlockRun, SystemTransactions};
use bttc_primitives::{ChainSpec, Header, Recovered, StateReader, Transaction};
use bttc_storage::Durability;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

/// Transactions in a block of these benchmarks.
const BLOCK: usize = 1_000;
/// The contract that is called.
const PLACE: Address = Address::repeat_byte(0x42);
/// Gas of the transactions that only calculate, below the most that one may take (EIP-7825).
const LONG: u64 = 16_000_000;

/// Header of block 1.
fn header() -> Header {
    let dir = tempfile::tempdir().unwrap();
    let chain = ledger::open(dir.path(), Durability::Ephemeral).unwrap();
    let turn = Turn { height: 1, round: 0, proposer: DevValidator::new().unwrap().address() };
    NextBlock::new(&spec().unwrap(), &chain.head(), turn, 1_800_000_000, &Default::default(), &[]).header
}

/// The sender, the code at [`PLACE`], and as many tokens as anyone may want.
fn memory(code: Vec<u8>) -> InMemory {
    let sender = dev_key(0).unwrap().address();
    let mut state = InMemory::default();
    state.put_account(sender, U256::from(u128::MAX), Vec::new());
    state.put_account(PLACE, U256::ZERO, code);
    state.put_slot(PLACE, token_slot(sender), U256::from(u64::MAX));
    // Those that the storage contract counts up.
    (0..SLOTS).for_each(|slot| state.put_slot(PLACE, U256::from(slot), U256::from(1)));
    state
}

/// Runs a block; answers with its gas.
fn run<S: StateReader>(spec: &ChainSpec, header: &Header, state: S, transactions: &[Recovered<Transaction>]) -> u64 {
    let mut run = BlockRun::begin(spec, state, header).unwrap();
    for tx in transactions {
        assert!(run.transact(tx.as_recovered_ref()).unwrap().success);
    }
    run.stop().unwrap().gas_used
}

/// Calls of [`PLACE`].
fn calls(gas: u64, inputs: impl Iterator<Item = Vec<u8>>) -> Vec<Recovered<Transaction>> {
    let call = |input: Vec<u8>| Call { to: TxKind::Call(PLACE), input: input.into(), value: U256::ZERO, gas };
    sign_all(&dev_key(0).unwrap(), 0, &inputs.map(call).collect::<Vec<_>>()).unwrap()
}

fn in_memory(c: &mut Criterion) {
    let (spec, header) = (spec().unwrap(), header());
    let someone = |n: usize| Address::left_padding_from(&(0x20_0000 + n).to_be_bytes());
    let token = |n| IWBTT::transferCall { dst: someone(n), wad: U256::from(1) }.abi_encode();
    let word = |n: u64| U256::from(n).to_be_bytes_vec();
    let blocks = [
        ("1000 transfers (limit 0.5 to 0.95 M/s)", Vec::new(), dev_transfers(0, 0, BLOCK).unwrap()),
        (
            "1000 ERC-20 transfers (limit 0.22 to 0.31 M/s)",
            token_runtime().unwrap().to_vec(),
            calls(60_000, (0..BLOCK).map(token)),
        ),
        (
            "400 calls that write eight slots",
            storage_runtime(),
            calls(149_000, (1..=400).map(|n: u64| word(n * 1_000))),
        ),
    ];
    let mut group = c.benchmark_group("execution in memory");
    for (name, code, transactions) in blocks {
        let state = memory(code);
        group.throughput(Throughput::Elements(transactions.len() as u64));
        group.bench_function(name, |b| b.iter(|| run(&spec, &header, state.clone(), &transactions)));
    }
    // Gas, not transactions, is what counts here.
    let loops = [
        ("arithmetic (limit 1.2 Ggas/s)", arithmetic_runtime(), word(66_000)),
        ("keccak256 and arithmetic", compute_runtime(), [word(1), word(150_000)].concat()),
    ];
    for (name, code, input) in loops {
        let (state, transactions) = (memory(code), calls(LONG, std::iter::once(input)));
        let gas = run(&spec, &header, state.clone(), &transactions);
        assert!(gas > LONG / 10 * 9, "the loop takes {gas} gas");
        group.throughput(Throughput::Elements(gas));
        group
            .bench_function(format!("gas of {name}"), |b| b.iter(|| run(&spec, &header, state.clone(), &transactions)));
    }
    group.finish();
}

/// A block of transfers on the stored state, with what ends a block.
fn on_disk(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let chain = ledger::open(dir.path(), Durability::Ephemeral).unwrap();
    let transactions = dev_transfers(0, 0, BLOCK).unwrap();
    let header = header();
    let signer = DevValidator::new().unwrap();
    let mut group = c.benchmark_group("execution");
    group.throughput(Throughput::Elements(BLOCK as u64));
    group.bench_function("1000 transfers on the stored state", |b| {
        b.iter(|| {
            let state = chain.read().unwrap().state().unwrap();
            let mut run = BlockRun::begin(chain.spec(), state, &header).unwrap();
            for tx in &transactions {
                run.transact(tx.as_recovered_ref()).unwrap();
            }
            run.finish(SystemTransactions::Make { calls: &mut [].iter(), signer: signer.as_ref() }).unwrap()
        });
    });
    group.finish();
}

criterion_group! {
    name = execution;
    config = Criterion::default().measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    targets = in_memory, on_disk
}
criterion_main!(execution);
