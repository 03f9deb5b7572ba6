//! `anvil_` and `hardhat_`: accounts and the pool of a development chain, and what the node says of itself.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::{Api, state_at},
    error::{Reply, RpcError},
    registry::Registry,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use bttc_primitives::StateReader;
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) fn register(registry: &mut Registry) {
    registry.wait("anvil_setBalance", set_balance);
    registry.alias("hardhat_setBalance", "anvil_setBalance");
    registry.wait("anvil_addBalance", add_balance);
    registry.wait("anvil_setNonce", set_nonce);
    registry.alias("hardhat_setNonce", "anvil_setNonce");
    registry.alias("evm_setAccountNonce", "anvil_setNonce");
    registry.wait("anvil_setCode", set_code);
    registry.alias("hardhat_setCode", "anvil_setCode");
    registry.wait("anvil_setStorageAt", set_storage_at);
    registry.alias("hardhat_setStorageAt", "anvil_setStorageAt");
    registry.read("anvil_impersonateAccount", |api, args| impersonate(api, args, true));
    registry.alias("hardhat_impersonateAccount", "anvil_impersonateAccount");
    registry.read("anvil_stopImpersonatingAccount", |api, args| impersonate(api, args, false));
    registry.alias("hardhat_stopImpersonatingAccount", "anvil_stopImpersonatingAccount");
    registry.read("anvil_autoImpersonateAccount", |api, mut args: Args| {
        let on: bool = args.required("enabled")?;
        args.end()?;
        api.driver()?;
        api.wallet.impersonate_all(on);
        Ok(Value::Null)
    });
    registry.read("anvil_dropTransaction", |api, mut args: Args| {
        let hash: B256 = args.required("hash")?;
        args.end()?;
        api.driver()?;
        Ok(api.chain.pool().remove(&hash).map(|_| hash))
    });
    registry.read("hardhat_dropTransaction", |api, mut args: Args| {
        let hash: B256 = args.required("hash")?;
        args.end()?;
        api.driver()?;
        Ok(api.chain.pool().remove(&hash).is_some())
    });
    registry.read("anvil_dropAllTransactions", |api, args| {
        args.end()?;
        api.driver()?;
        api.chain.pool().drop_all();
        Ok(Value::Null)
    });
    registry.read("anvil_setLoggingEnabled", |api, _| {
        api.driver()?;
        Ok(true)
    });
    registry.alias("hardhat_setLoggingEnabled", "anvil_setLoggingEnabled");
    registry.read("anvil_nodeInfo", node_info);
    registry.read("anvil_metadata", metadata);
    registry.alias("hardhat_metadata", "anvil_metadata");
}

async fn set_balance(api: Arc<Api>, mut args: Args) -> Reply<bool> {
    let address: Address = args.required("address")?;
    let balance: U256 = args.required("balance")?;
    args.end()?;
    api.driver()?.set_balance(address, balance).await?;
    Ok(true)
}

async fn add_balance(api: Arc<Api>, mut args: Args) -> Reply<bool> {
    let address: Address = args.required("address")?;
    let more: U256 = args.required("balance")?;
    args.end()?;
    let driver = api.driver()?;
    let account = {
        let (_, state) = state_at(&api.read()?, BlockArg::Latest)?;
        state.account(address)?.unwrap_or_default()
    };
    let sum = account.balance.checked_add(more);
    let sum = sum.ok_or_else(|| RpcError::params("the balance would exceed 256 bits"))?;
    driver.set_balance(address, sum).await?;
    Ok(true)
}

async fn set_nonce(api: Arc<Api>, mut args: Args) -> Reply<bool> {
    let address: Address = args.required("address")?;
    let nonce: U256 = args.required("nonce")?;
    args.end()?;
    let nonce = u64::try_from(nonce).map_err(|_| RpcError::param(1, "nonce", "more than 64 bits"))?;
    api.driver()?.set_nonce(address, nonce).await?;
    Ok(true)
}

async fn set_code(api: Arc<Api>, mut args: Args) -> Reply<bool> {
    let address: Address = args.required("address")?;
    let code: Bytes = args.required("code")?;
    args.end()?;
    api.driver()?.set_code(address, code).await?;
    Ok(true)
}

async fn set_storage_at(api: Arc<Api>, mut args: Args) -> Reply<bool> {
    let address: Address = args.required("address")?;
    let slot: U256 = args.required("slot")?;
    let value: U256 = args.required("value")?;
    args.end()?;
    api.driver()?.set_storage_at(address, slot, value).await?;
    Ok(true)
}

fn impersonate(api: &Api, mut args: Args, on: bool) -> Reply<bool> {
    let address: Address = args.required("address")?;
    args.end()?;
    api.driver()?;
    api.wallet.impersonate(address, on);
    Ok(true)
}

fn node_info(api: &Api, args: Args) -> Reply<Value> {
    args.end()?;
    api.driver()?;
    let head = api.chain.head();
    let tip = api.fees.tip(&api.read()?, &api.config)?;
    let base_fee = u128::from(api.chain.next_base_fee().unwrap_or_default());
    Ok(json!({
        "currentBlockNumber": head.height(),
        "currentBlockTimestamp": head.header.timestamp,
        "currentBlockHash": head.hash,
        "hardFork": "Osaka",
        "transactionOrder": "fees",
        "environment": {
            "baseFee": U256::from(base_fee),
            "chainId": api.spec().chain_id(),
            "gasLimit": U256::from(head.header.gas_limit),
            "gasPrice": U256::from(base_fee + tip),
        },
        "forkConfig": { "forkUrl": null, "forkBlockNumber": null, "forkRetryBackoff": null },
    }))
}

fn metadata(api: &Api, args: Args) -> Reply<Value> {
    args.end()?;
    api.driver()?;
    let head = api.chain.head();
    Ok(json!({
        "clientVersion": api.client_version,
        "chainId": api.spec().chain_id(),
        "instanceId": api.instance,
        "latestBlockNumber": head.height(),
        "latestBlockHash": head.hash,
        "forkedNetwork": null,
        "snapshots": {},
    }))
}
