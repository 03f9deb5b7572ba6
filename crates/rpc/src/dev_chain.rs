//! `evm_`, `anvil_`, `hardhat_`: blocks and time of a development chain.

use crate::{
    args::Args,
    context::Api,
    error::{Reply, RpcError},
    registry::Registry,
};
use alloy_primitives::{U64, U256};
use bttc_chain::Mining;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Blocks that one request may make.
const MAX_BLOCKS: u64 = 100_000;

pub(crate) fn register(registry: &mut Registry) {
    registry.wait("evm_mine", evm_mine);
    registry.wait("anvil_mine", mine);
    registry.alias("hardhat_mine", "anvil_mine");
    registry.wait("evm_snapshot", snapshot);
    registry.alias("anvil_snapshot", "evm_snapshot");
    registry.wait("evm_revert", revert);
    registry.alias("anvil_revert", "evm_revert");
    registry.read("evm_increaseTime", increase_time);
    registry.alias("anvil_increaseTime", "evm_increaseTime");
    registry.read("evm_setTime", set_time);
    registry.alias("anvil_setTime", "evm_setTime");
    registry.read("evm_setNextBlockTimestamp", set_next_timestamp);
    registry.alias("anvil_setNextBlockTimestamp", "evm_setNextBlockTimestamp");
    registry.wait("evm_setAutomine", set_automine);
    registry.alias("anvil_setAutomine", "evm_setAutomine");
    registry.read("anvil_getAutomine", |api, args| {
        args.end()?;
        Ok(api.driver()?.mining() == Mining::OnDemand)
    });
    registry.alias("hardhat_getAutomine", "anvil_getAutomine");
    registry.wait("evm_setIntervalMining", set_interval_mining);
    registry.alias("anvil_setIntervalMining", "evm_setIntervalMining");
    registry.read("anvil_getIntervalMining", |api, args| {
        args.end()?;
        Ok(match api.driver()?.mining() {
            Mining::Every(interval) => Some(interval.as_secs()),
            Mining::OnDemand | Mining::Manual => None,
        })
    });
    refusals(registry);
}

/// Methods of other development nodes that would break a rule of this chain.
fn refusals(registry: &mut Registry) {
    const FIXED: &str = "the rules of this chain fix it, on a development chain too; ";
    let refused: [(&str, &[&'static str], &str); 4] = [
        (
            "the chain cannot be reset to another one: take evm_snapshot at the start and go back with evm_revert, or start the node again; forking is not supported",
            &["anvil_reset", "hardhat_reset"],
            "",
        ),
        (
            "the base fee of the next block cannot be set: ",
            &["anvil_setNextBlockBaseFeePerGas", "hardhat_setNextBlockBaseFeePerGas"],
            FIXED,
        ),
        ("the gas limit of blocks cannot be set: ", &["evm_setBlockGasLimit", "anvil_setBlockGasLimit"], FIXED),
        (
            "the proposer of blocks cannot be set: ",
            &["anvil_setCoinbase", "hardhat_setCoinbase", "hardhat_setPrevRandao"],
            FIXED,
        ),
    ];
    for (what, names, why) in refused {
        for name in names {
            let text = format!("{what}{}", why.trim_end_matches("; "));
            registry.read(name, move |api, _| {
                api.driver()?;
                Err::<Value, _>(RpcError::unsupported(text.clone()))
            });
        }
    }
}

/// A number however a script wrote it: `5`, `"5"`, `"0x5"`.
fn number(args: &mut Args, name: &str) -> Reply<Option<u64>> {
    let value: Option<U256> = args.optional(name)?;
    value
        .map(|value| u64::try_from(value).map_err(|_| RpcError::params(format!("{name} {value} is too large"))))
        .transpose()
}

fn required_number(args: &mut Args, name: &str) -> Reply<u64> {
    number(args, name)?.ok_or_else(|| RpcError::params(format!("missing value for {name}")))
}

async fn make(api: &Api, blocks: u64, interval: Option<u64>, at: Option<u64>) -> Reply<()> {
    if blocks > MAX_BLOCKS {
        return Err(RpcError::params(format!(
            "{blocks} blocks in one request are too many, {MAX_BLOCKS} are allowed; ask several times"
        )));
    }
    let driver = api.driver()?;
    if let Some(at) = at {
        driver.set_next_timestamp(at).map_err(RpcError::invalid)?;
    }
    driver.mine(blocks, interval, at).await?;
    Ok(())
}

async fn mine(api: Arc<Api>, mut args: Args) -> Reply<Value> {
    let blocks = number(&mut args, "blocks")?.unwrap_or(1);
    let interval = number(&mut args, "interval")?;
    args.end()?;
    make(&api, blocks, interval, None).await?;
    Ok(Value::Null)
}

/// `evm_mine` takes a time, or an object with a time and a number of blocks.
#[derive(Deserialize)]
#[serde(untagged)]
enum MineOptions {
    Options { timestamp: Option<U256>, blocks: Option<U64> },
    Timestamp(U256),
}

async fn evm_mine(api: Arc<Api>, mut args: Args) -> Reply<&'static str> {
    let options: Option<MineOptions> = args.optional("options")?;
    args.end()?;
    let (at, blocks) = match options {
        None => (None, 1),
        Some(MineOptions::Timestamp(at)) => (Some(at), 1),
        Some(MineOptions::Options { timestamp, blocks }) => (timestamp, blocks.map_or(1, |blocks| blocks.to())),
    };
    make(&api, blocks, None, at.map(|at| at.saturating_to())).await?;
    Ok("0x0")
}

async fn snapshot(api: Arc<Api>, args: Args) -> Reply<U64> {
    args.end()?;
    Ok(U64::from(api.driver()?.snapshot().await?))
}

async fn revert(api: Arc<Api>, mut args: Args) -> Reply<bool> {
    let id = required_number(&mut args, "snapshot")?;
    args.end()?;
    Ok(api.driver()?.revert(id).await?)
}

fn increase_time(api: &Api, mut args: Args) -> Reply<i64> {
    let seconds = required_number(&mut args, "seconds")?;
    args.end()?;
    let seconds = i64::try_from(seconds).map_err(|_| RpcError::params(format!("{seconds} seconds are too many")))?;
    Ok(api.driver()?.increase_time(seconds))
}

/// A time in milliseconds is taken for one in seconds by nobody: scripts pass `Date.now()`, as ganache and anvil allow.
const fn seconds(time: u64) -> u64 {
    const LATEST: u64 = 100_000_000_000;
    if time > LATEST { time / 1_000 } else { time }
}

fn set_time(api: &Api, mut args: Args) -> Reply<u64> {
    let time = seconds(required_number(&mut args, "timestamp")?);
    args.end()?;
    let driver = api.driver()?;
    let before = driver.now();
    driver.set_time(time);
    Ok(time.saturating_sub(before))
}

fn set_next_timestamp(api: &Api, mut args: Args) -> Reply<Value> {
    let time = required_number(&mut args, "timestamp")?;
    args.end()?;
    api.driver()?.set_next_timestamp(time).map_err(RpcError::invalid)?;
    Ok(Value::Null)
}

async fn set_automine(api: Arc<Api>, mut args: Args) -> Reply<Value> {
    let on: bool = args.required("enabled")?;
    args.end()?;
    let driver = api.driver()?;
    let mining = match (on, driver.mining()) {
        (true, _) => Mining::OnDemand,
        (false, Mining::OnDemand) => Mining::Manual,
        (false, other) => other,
    };
    driver.set_mining(mining).await?;
    Ok(json!(true))
}

/// Unit: seconds, as with anvil; 0 stops making blocks.
async fn set_interval_mining(api: Arc<Api>, mut args: Args) -> Reply<Value> {
    let interval = required_number(&mut args, "seconds")?;
    args.end()?;
    let mining = match interval {
        0 => Mining::Manual,
        interval => Mining::Every(Duration::from_secs(interval)),
    };
    api.driver()?.set_mining(mining).await?;
    Ok(json!(true))
}
