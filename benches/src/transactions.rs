//! Transactions signed beforehand by the funded accounts of the development network.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use bttc_primitives::{Recovered, Transaction};
use eyre::Result;
use rayon::prelude::*;

const MNEMONIC: &str = "test test test test test test test test test test test junk";
const CHAIN_ID: u64 = 990_992;
/// Fee cap of every transaction: far above the floor. Unit: wei per gas.
const MAX_FEE: u128 = 50_000_000_000_000;

/// Key of the development mnemonic at `index`.
pub fn dev_key(index: u32) -> Result<PrivateKeySigner> {
    Ok(MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index)?.build()?)
}

/// What a signed transaction does.
#[derive(Clone, Debug)]
pub struct Call {
    /// Callee, or a creation.
    pub to: TxKind,
    /// Call data.
    pub input: Bytes,
    /// Unit: wei.
    pub value: U256,
    /// Gas limit.
    pub gas: u64,
}

impl Call {
    /// One wei to `to`.
    pub fn transfer(to: Address) -> Self {
        Self { to: TxKind::Call(to), input: Bytes::new(), value: U256::from(1), gas: 21_000 }
    }
}

/// Signs one call.
pub fn sign(key: &PrivateKeySigner, nonce: u64, call: &Call) -> Result<Recovered<Transaction>> {
    let mut tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: call.gas,
        max_fee_per_gas: MAX_FEE,
        max_priority_fee_per_gas: 1_000_000_000,
        to: call.to,
        value: call.value,
        input: call.input.clone(),
        ..Default::default()
    };
    let signature = key.sign_transaction_sync(&mut tx)?;
    Ok(Recovered::new_unchecked(tx.into_signed(signature).into(), key.address()))
}

/// Signs `calls` from `key`, nonces counting up from `nonce`, on all cores.
pub fn sign_all(key: &PrivateKeySigner, nonce: u64, calls: &[Call]) -> Result<Vec<Recovered<Transaction>>> {
    let numbered: Vec<_> = calls.iter().zip(nonce..).collect();
    numbered.into_par_iter().map(|(call, nonce)| sign(key, nonce, call)).collect()
}
