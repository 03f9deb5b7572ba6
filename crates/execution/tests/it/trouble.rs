use crate::chain::*;
use crate::memory::MemoryState;
use alloy_primitives::{Address, B256, Bytes, U256};
use bttc_execution::{BlockRun, CallEnv, CallError, Overrides, RunError, TransactError, call, estimate_gas};
use bttc_primitives::{Account, Fatal, StateReader};

/// A state whose storage cannot be read at one address.
#[derive(Clone)]
struct Broken(MemoryState, Address);

impl StateReader for Broken {
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal> {
        self.0.account(address)
    }
    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fatal> {
        if address == self.1 {
            return Err(Fatal::new("the disk is gone"));
        }
        StateReader::storage(&self.0, address, slot)
    }
    fn code(&self, code_hash: B256) -> Result<Bytes, Fatal> {
        StateReader::code(&self.0, code_hash)
    }
    fn block_hash(&self, height: u64) -> Result<Option<B256>, Fatal> {
        self.0.block_hash(height)
    }
}

#[test]
fn our_trouble_is_never_the_blocks_or_the_senders_fault() {
    let (spec, header) = (spec(), header());
    let history = Broken(state(), alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS);
    match BlockRun::begin(&spec, history, &header).err() {
        Some(RunError::Fatal(fatal)) => assert_eq!(fatal.to_string(), "the disk is gone"),
        other => panic!("{other:?}"),
    }
    let store = Broken(state(), contracts::STORE);
    let mut run = BlockRun::begin(&spec, store.clone(), &header).unwrap();
    let tx = draft(1, 0, contracts::STORE).eip1559();
    match run.transact(tx.as_recovered_ref()) {
        Err(TransactError::Fatal(fatal)) => assert_eq!(fatal.to_string(), "the disk is gone"),
        other => panic!("{other:?}"),
    }
    let env = CallEnv { spec: &spec, header: &header, gas_cap: 1_000_000, deadline: None };
    let request = alloy_rpc_types_eth::TransactionRequest { to: Some(contracts::STORE.into()), ..Default::default() };
    let called = call(&env, store.clone(), &request, &Overrides::default());
    assert!(matches!(called, Err(CallError::Fatal(_))), "{called:?}");
    let estimated = estimate_gas(&env, store, &request, &Overrides::default());
    assert!(matches!(estimated, Err(CallError::Fatal(_))), "{estimated:?}");
}
