//! Transactions signed beforehand by the funded accounts of the development network.

use crate::http::Connection;
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use bttc_primitives::{Recovered, Transaction};
use eyre::Result;
use rayon::prelude::*;
use serde_json::json;

const MNEMONIC: &str = "test test test test test test test test test test test junk";
/// Chain id of the development network.
pub const DEV_CHAIN: u64 = 990_992;
/// Chain id of a network of `bttc testnet`.
pub const LOCAL_CHAIN: u64 = 990_993;
/// Fee cap where nobody is asked: far above the floor. Unit: wei per gas.
const MAX_FEE: u128 = 50_000_000_000_000;
/// Unit: wei per gas.
const TIP: u128 = 1_000_000_000;

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

/// Signs one call for the development network.
pub fn sign(key: &PrivateKeySigner, nonce: u64, call: &Call) -> Result<Recovered<Transaction>> {
    sign_for(DEV_CHAIN, key, nonce, call)
}

/// Signs one call for a chain.
pub fn sign_for(chain_id: u64, key: &PrivateKeySigner, nonce: u64, call: &Call) -> Result<Recovered<Transaction>> {
    Terms { chain_id, max_fee: MAX_FEE }.sign(key, nonce, call)
}

/// What a chain wants in transactions.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// EIP-155.
    pub chain_id: u64,
    /// Most that is paid. Unit: wei per gas.
    pub max_fee: u128,
}

impl Terms {
    /// Those of a node: its chain id, and sixteen times what gas costs now, so that full blocks do not stop a load.
    pub fn of(connection: &mut Connection) -> Result<Self> {
        let chain_id = connection.quantity("eth_chainId", json!([]))?;
        let price = u128::from(connection.quantity("eth_gasPrice", json!([]))?);
        Ok(Self { chain_id, max_fee: price.saturating_mul(16).max(2 * TIP) })
    }

    /// Signs one call.
    pub fn sign(&self, key: &PrivateKeySigner, nonce: u64, call: &Call) -> Result<Recovered<Transaction>> {
        let mut tx = TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit: call.gas,
            max_fee_per_gas: self.max_fee,
            max_priority_fee_per_gas: TIP,
            to: call.to,
            value: call.value,
            input: call.input.clone(),
            ..Default::default()
        };
        let signature = key.sign_transaction_sync(&mut tx)?;
        Ok(Recovered::new_unchecked(tx.into_signed(signature).into(), key.address()))
    }

    /// Signs calls, nonces counting up from `nonce`, on all cores.
    pub fn sign_all(&self, key: &PrivateKeySigner, nonce: u64, calls: &[Call]) -> Result<Vec<Recovered<Transaction>>> {
        let numbered: Vec<_> = calls.iter().zip(nonce..).collect();
        numbered.into_par_iter().map(|(call, nonce)| self.sign(key, nonce, call)).collect()
    }
}

/// Signs `calls` from `key` for the development network, nonces counting up from `nonce`, on all cores.
pub fn sign_all(key: &PrivateKeySigner, nonce: u64, calls: &[Call]) -> Result<Vec<Recovered<Transaction>>> {
    sign_all_for(DEV_CHAIN, key, nonce, calls)
}

/// The same for a chain.
pub fn sign_all_for(
    chain_id: u64,
    key: &PrivateKeySigner,
    nonce: u64,
    calls: &[Call],
) -> Result<Vec<Recovered<Transaction>>> {
    Terms { chain_id, max_fee: MAX_FEE }.sign_all(key, nonce, calls)
}

/// One-wei transfers of the development network to fresh accounts, from the funded account `from`.
pub fn dev_transfers(from: u32, nonce: u64, count: usize) -> Result<Vec<Recovered<Transaction>>> {
    let to = |n: u64| Address::left_padding_from(&(0x20_0000 + n).to_be_bytes());
    let calls: Vec<_> = (0..count as u64).map(|n| Call::transfer(to(n))).collect();
    sign_all(&dev_key(from)?, nonce, &calls)
}

/// Bodies of requests that hand in `transactions`, so many in each.
pub fn bodies(transactions: &[Recovered<Transaction>], batch: usize) -> Vec<Vec<u8>> {
    let request = |(id, tx): (usize, &Recovered<Transaction>)| {
        let raw = hex::encode_prefixed(tx.inner().encoded_2718());
        json!({"jsonrpc": "2.0", "id": id, "method": "eth_sendRawTransaction", "params": [raw]})
    };
    let requests: Vec<_> = transactions.iter().enumerate().map(request).collect();
    requests
        .chunks(batch.max(1))
        .map(|chunk| match chunk {
            [single] => single.to_string().into_bytes(),
            several => json!(several).to_string().into_bytes(),
        })
        .collect()
}
