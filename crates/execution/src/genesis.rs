//! The state of genesis, as far as contracts make it themselves: calls of the system address before the first block.

use crate::{
    run::{Run, fatal},
    system::SystemCall,
};
use alloy_eips::eip4788::SYSTEM_ADDRESS;
use alloy_evm::Evm;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use bttc_primitives::{Account, ChainSpec, Fatal, GenesisAccount, StateChanges, StateReader};
use revm::{DatabaseCommit, context::TxEnv, context_interface::result::ResultAndState, inspector::NoOpInspector};
use std::collections::BTreeMap;

/// A call of the system address in the block of genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisCall {
    /// A system contract.
    pub to: Address,
    /// What goes with it, of the balance that the system address has in the genesis file. Unit: wei.
    pub value: U256,
    /// Selector and arguments.
    pub input: Bytes,
}

/// Why a state of genesis cannot be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GenesisCallError {
    /// A contract refuses.
    #[error("the contract {to} refuses the call {index} of genesis with {output}")]
    Refused {
        /// Position of the call.
        index: usize,
        /// The contract.
        to: Address,
        /// What it returned.
        output: Bytes,
    },
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// Makes `calls`, in their order, on the accounts of the genesis file of `spec`; answers with what they change there.
///
/// What the system address has left, and its nonce, are for the caller to take away.
pub fn run_genesis_calls(spec: &ChainSpec, calls: &[GenesisCall]) -> Result<StateChanges, GenesisCallError> {
    let header = spec.genesis_header();
    let mut run = Run::resume(spec, Alloc::of(spec), &header, NoOpInspector, false);
    let evm = run.evm_mut();
    let cfg = evm.cfg_mut();
    cfg.disable_base_fee = true;
    cfg.disable_nonce_check = true;
    cfg.tx_gas_limit_cap = Some(u64::MAX);
    for (index, call) in calls.iter().enumerate() {
        let tx = TxEnv {
            caller: SYSTEM_ADDRESS,
            kind: TxKind::Call(call.to),
            value: call.value,
            data: call.input.clone(),
            gas_limit: header.gas_limit,
            gas_price: 0,
            chain_id: Some(spec.chain_id()),
            ..TxEnv::default()
        };
        let evm = run.evm_mut();
        let ResultAndState { result, state } = evm.transact_raw(tx).map_err(fatal)?;
        if !result.is_success() {
            let output = result.output().cloned().unwrap_or_default();
            return Err(GenesisCallError::Refused { index, to: call.to, output });
        }
        evm.db_mut().commit(state);
    }
    Ok(run.changes()?)
}

/// Answers a question to a contract of the genesis file of `spec`.
///
/// Errors: the contract refuses, or the file lacks its code.
pub fn ask_genesis(spec: &ChainSpec, to: Address, input: Bytes) -> Result<Bytes, Fatal> {
    let mut run = Run::resume(spec, Alloc::of(spec), &spec.genesis_header(), NoOpInspector, false);
    run.ask(&SystemCall { to, input })
}

/// The accounts of a genesis file.
struct Alloc<'a> {
    accounts: &'a BTreeMap<Address, GenesisAccount>,
    code: BTreeMap<B256, Bytes>,
}

impl<'a> Alloc<'a> {
    fn of(spec: &'a ChainSpec) -> Self {
        let accounts = spec.genesis_alloc();
        let code = accounts
            .values()
            .filter_map(|account| account.non_empty_code())
            .map(|code| (keccak256(code), code.clone()));
        Self { accounts, code: code.collect() }
    }
}

impl StateReader for Alloc<'_> {
    fn account(&self, address: Address) -> Result<Option<Account>, Fatal> {
        Ok(self.accounts.get(&address).map(|account| Account {
            nonce: account.nonce.unwrap_or_default(),
            balance: account.balance,
            code_hash: account.code_hash().unwrap_or(alloy_primitives::KECCAK256_EMPTY),
        }))
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fatal> {
        let stored = self.accounts.get(&address).and_then(|account| account.storage.as_ref());
        Ok(stored.and_then(|slots| slots.get(&B256::from(slot))).map_or(U256::ZERO, |value| (*value).into()))
    }

    fn code(&self, code_hash: B256) -> Result<Bytes, Fatal> {
        let code = self.code.get(&code_hash).cloned();
        code.ok_or_else(|| Fatal::new(format!("the genesis file has no code with the hash {code_hash}")))
    }

    fn block_hash(&self, _: u64) -> Result<Option<B256>, Fatal> {
        Ok(None)
    }
}
