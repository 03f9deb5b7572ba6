//! `eth_` and `personal_`: what the node signs itself, with the keys of a development chain.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::Api,
    convert::{self, RpcTransaction},
    error::{Reply, RpcError},
    eth_call::estimate,
    eth_send::{add, check_fee_cap, receipt_of},
    eth_state::nonce_of,
    registry::Registry,
};
use alloy_consensus::{EthereumTypedTransaction, TxEip4844};
use alloy_dyn_abi::TypedData;
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, eip191_hash_message};
use alloy_rpc_types_eth::TransactionRequest;
use bttc_chain::Mining;
use bttc_execution::Overrides;
use bttc_primitives::{Recovered, Transaction};
use bttc_txpool::Part;
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// Time that `eth_sendTransaction` waits for the block it asked for.
const MINING_PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn register(registry: &mut Registry) {
    registry.wait("eth_sendTransaction", send_transaction);
    registry.work("eth_signTransaction", sign_transaction);
    registry.work("eth_fillTransaction", fill_transaction);
    registry.work("eth_sign", |api, mut args: Args| {
        let address = args.required("address")?;
        let message: Bytes = args.required("message")?;
        args.end()?;
        sign_message(api, address, &message)
    });
    registry.work("personal_sign", |api, mut args: Args| {
        let message: Bytes = args.required("message")?;
        let address = args.required("address")?;
        let _password: Option<String> = args.optional("password")?;
        args.end()?;
        sign_message(api, address, &message)
    });
    registry.work("eth_signTypedData_v4", sign_typed_data);
    registry.alias("eth_signTypedData", "eth_signTypedData_v4");
}

/// Where blocks are made on demand it answers once the transaction is in one: test suites written for Hardhat read the state right after.
async fn send_transaction(api: Arc<Api>, mut args: Args) -> Reply<B256> {
    let request: TransactionRequest = args.required("transaction")?;
    args.end()?;
    let mut events = api.chain.subscribe();
    let worker = api.clone();
    let added = api.workers.run(move || {
        let tx = sign(&worker, request)?;
        check_fee_cap(&worker, tx.inner())?;
        add(&worker, tx)
    });
    let added = added.await?;
    let on_demand = api.driver.as_ref().is_some_and(|driver| driver.mining() == Mining::OnDemand);
    if on_demand && added.part == Part::Pending {
        tokio::select! {
            // What comes of it is not the question here.
            _ = receipt_of(&api, &mut events, added.hash) => {}
            () = tokio::time::sleep(MINING_PATIENCE) => {}
            () = api.shutdown.cancelled() => {}
        }
    }
    Ok(added.hash)
}

fn sign_message(api: &Api, address: Address, message: &Bytes) -> Reply<Bytes> {
    let signature = api.wallet.sign_hash(address, eip191_hash_message(message))?;
    Ok(signature.as_bytes().into())
}

fn sign_typed_data(api: &Api, mut args: Args) -> Reply<Bytes> {
    let address: Address = args.required("address")?;
    let data: TypedData = args.required("typedData")?;
    args.end()?;
    let hash = data.eip712_signing_hash();
    let hash: B256 = hash.map_err(|error| RpcError::param(1, "typedData", error))?;
    Ok(api.wallet.sign_hash(address, hash)?.as_bytes().into())
}

/// A signed transaction as `eth_signTransaction` answers it.
#[derive(Clone, Debug, Serialize)]
struct Signed {
    raw: Bytes,
    tx: RpcTransaction,
}

fn sign_transaction(api: &Api, mut args: Args) -> Reply<Signed> {
    let request = args.required("transaction")?;
    args.end()?;
    let tx = sign(api, request)?;
    Ok(Signed { raw: tx.inner().encoded_2718().into(), tx: convert::pending(&tx) })
}

fn fill_transaction(api: &Api, mut args: Args) -> Reply<TransactionRequest> {
    let request: TransactionRequest = args.required("transaction")?;
    args.end()?;
    let from = request.from.unwrap_or_default();
    fill(api, from, request)
}

fn sign(api: &Api, request: TransactionRequest) -> Reply<Recovered<Transaction>> {
    let from =
        match request.from {
            Some(from) => from,
            None => *api.wallet.accounts().first().ok_or_else(|| {
                RpcError::invalid("the transaction names no sender (from), and this node holds no keys")
            })?,
        };
    let filled = fill(api, from, request)?;
    let typed =
        filled.build_typed_tx().map_err(|_| RpcError::invalid("the transaction lacks a field that its type needs"))?;
    api.wallet.sign(from, EthereumTypedTransaction::<TxEip4844>::from(typed))
}

/// Adds what the caller left open: chain id, nonce, fees, gas.
fn fill(api: &Api, from: Address, mut request: TransactionRequest) -> Reply<TransactionRequest> {
    if request.sidecar.is_some() || request.blob_versioned_hashes.is_some() {
        return Err(RpcError::invalid("transaction type not supported: this chain has no blob transactions (type 3)"));
    }
    let chain_id = api.spec().chain_id();
    if request.chain_id.is_some_and(|named| named != chain_id) {
        return Err(RpcError::invalid(format!(
            "invalid chain id: the transaction names another chain, this is {chain_id}"
        )));
    }
    request.from = Some(from);
    request.chain_id = Some(chain_id);
    if request.to.is_none() {
        request.to = Some(alloy_primitives::TxKind::Create);
    }
    if request.nonce.is_none() {
        request.nonce = Some(nonce_of(api, from, BlockArg::Pending)?);
    }
    if request.gas.is_none() {
        request.gas = Some(estimate(api, &request, BlockArg::Pending, &Overrides::default())?);
    }
    fill_fees(api, &mut request)?;
    Ok(request)
}

fn fill_fees(api: &Api, request: &mut TransactionRequest) -> Reply<()> {
    if request.gas_price.is_some() {
        return Ok(());
    }
    if matches!(request.transaction_type, Some(0 | 1)) {
        let tip = api.fees.tip(&api.read()?, &api.config)?;
        request.gas_price = Some(u128::from(api.chain.next_base_fee().unwrap_or_default()) + tip);
        return Ok(());
    }
    let tip = match request.max_priority_fee_per_gas {
        Some(tip) => tip,
        None => api.fees.tip(&api.read()?, &api.config)?,
    };
    // Twice the base fee: good for the rises of the next blocks.
    let room = u128::from(api.chain.next_base_fee().unwrap_or_default()).saturating_mul(2);
    let cap = request.max_fee_per_gas.unwrap_or(room.saturating_add(tip));
    request.max_fee_per_gas = Some(cap);
    request.max_priority_fee_per_gas = Some(tip.min(cap));
    Ok(())
}
