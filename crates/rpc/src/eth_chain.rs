//! `eth_`: the chain as a whole, and what gas costs.

use crate::{
    args::Args,
    block_arg::BlockArg,
    consensus,
    context::{Api, head_of, header_at},
    error::{Reply, RpcError},
    registry::Registry,
};
use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, U64, U256};
use alloy_rpc_types_eth::{FeeHistory, SyncInfo, SyncStatus};
use bttc_primitives::{ChainSpec, Header, Height};
use bttc_storage::ReadTx;
use serde_json::json;

pub(crate) fn register(registry: &mut Registry) {
    registry.read("eth_chainId", |api, args| {
        args.end()?;
        Ok(U64::from(api.spec().chain_id()))
    });
    registry.read("eth_blockNumber", |api, args| {
        args.end()?;
        Ok(U64::from(api.chain.head().height()))
    });
    registry.read("eth_syncing", syncing);
    registry.read("eth_accounts", |api, args| {
        args.end()?;
        Ok(api.wallet.accounts())
    });
    registry.read("eth_coinbase", coinbase);
    registry.read("eth_protocolVersion", |_, args| {
        args.end()?;
        Ok("0x41")
    });
    registry.read("eth_mining", |api, args| {
        args.end()?;
        Ok(api.driver.is_some())
    });
    registry.read("eth_hashrate", |_, args| {
        args.end()?;
        Ok(U64::ZERO)
    });
    registry.read("eth_gasPrice", gas_price);
    registry.read("eth_maxPriorityFeePerGas", |api, args| {
        args.end()?;
        Ok(U256::from(api.fees.tip(&api.read()?, &api.config)?))
    });
    registry.read("eth_baseFee", |api, args| {
        args.end()?;
        Ok(api.chain.next_base_fee().map(U64::from))
    });
    registry.read("eth_blobBaseFee", blob_base_fee);
    registry.work("eth_feeHistory", fee_history);
}

/// Blocks that peers may be ahead before this is called catching up: news of a block is faster than the block.
const MAY_LAG: u64 = 5;

fn syncing(api: &Api, args: Args) -> Reply<SyncStatus> {
    args.end()?;
    let current = api.chain.head().height();
    let best = consensus::progress(api).map_or(0, |progress| progress.best_peer);
    if best <= current.saturating_add(MAY_LAG) {
        return Ok(SyncStatus::None);
    }
    Ok(SyncStatus::Info(Box::new(SyncInfo {
        current_block: U256::from(current),
        highest_block: U256::from(best),
        ..Default::default()
    })))
}

fn coinbase(api: &Api, args: Args) -> Reply<Address> {
    args.end()?;
    Ok(api.chain.head().header.beneficiary)
}

/// What a transaction with one price should offer to be in the next block.
fn gas_price(api: &Api, args: Args) -> Reply<U256> {
    args.end()?;
    let tip = api.fees.tip(&api.read()?, &api.config)?;
    let base_fee = u128::from(api.chain.next_base_fee().unwrap_or_default());
    Ok(U256::from(base_fee.saturating_add(tip)))
}

fn blob_base_fee(api: &Api, args: Args) -> Reply<U256> {
    args.end()?;
    let head = api.chain.head();
    Ok(U256::from(next_blob_fee(api.spec(), &head.header)))
}

/// Blob fee of a block; the least one where blocks count blob gas but may hold no blobs.
fn blob_fee(spec: &ChainSpec, header: &Header) -> u128 {
    match spec.blob_params(header.timestamp) {
        Some(params) => header.blob_fee(params).unwrap_or_default(),
        None => u128::from(header.excess_blob_gas.is_some()),
    }
}

fn next_blob_fee(spec: &ChainSpec, head: &Header) -> u128 {
    match spec.blob_params(head.timestamp) {
        Some(params) => head.next_block_blob_fee(params).unwrap_or_default(),
        None => u128::from(head.excess_blob_gas.is_some()),
    }
}

fn check_percentiles(percentiles: &[f64]) -> Reply<()> {
    const MOST: usize = 100;
    if percentiles.len() > MOST {
        return Err(RpcError::invalid(format!("over the query limit of {MOST} reward percentiles: ask for fewer")));
    }
    let mut last = 0.0;
    for (index, percentile) in percentiles.iter().enumerate() {
        if !(0.0..=100.0).contains(percentile) {
            return Err(RpcError::invalid(format!("invalid reward percentile: {percentile} is outside 0 to 100")));
        }
        if *percentile < last {
            return Err(RpcError::invalid(format!(
                "invalid reward percentile: #{index} is {percentile}, less than the one before it, {last}; sort them"
            )));
        }
        last = *percentile;
    }
    Ok(())
}

fn fee_history(api: &Api, mut args: Args) -> Reply<FeeHistory> {
    let count: U64 = args.required("blockCount")?;
    let newest: BlockArg = args.required("newestBlock")?;
    let percentiles: Vec<f64> = args.optional("rewardPercentiles")?.unwrap_or_default();
    args.end()?;
    check_percentiles(&percentiles)?;
    let read = api.read()?;
    let newest = header_at(&read, newest)?.number;
    let available = newest.saturating_add(1);
    // As geth does: more blocks than there are, or than we answer for, are simply not told of.
    let count = count.to::<u64>().min(api.config.max_fee_history).min(available);
    let mut history = FeeHistory { oldest_block: available - count, ..Default::default() };
    if count == 0 {
        history.oldest_block = 0;
        return Ok(history);
    }
    if !percentiles.is_empty() {
        history.reward = Some(Vec::new());
    }
    for height in history.oldest_block..=newest {
        add_block(api.spec(), &read, height, &percentiles, &mut history)?;
    }
    add_next(api, &read, newest, &mut history)?;
    Ok(history)
}

fn add_block(
    spec: &ChainSpec,
    read: &ReadTx,
    height: Height,
    percentiles: &[f64],
    history: &mut FeeHistory,
) -> Reply<()> {
    let header = header_at(read, BlockArg::Number(height))?;
    history.base_fee_per_gas.push(header.base_fee_per_gas.unwrap_or_default().into());
    history.gas_used_ratio.push(ratio(header.gas_used, header.gas_limit));
    history.base_fee_per_blob_gas.push(blob_fee(spec, &header));
    let most_blob_gas = spec.blob_params(header.timestamp).map_or(0, |params| params.max_blob_gas_per_block());
    history.blob_gas_used_ratio.push(ratio(header.blob_gas_used.unwrap_or_default(), most_blob_gas));
    if let Some(rewards) = &mut history.reward {
        rewards.push(block_rewards(read, &header, percentiles)?);
    }
    Ok(())
}

/// The block after the newest: known if the chain has it, computed if not.
fn add_next(api: &Api, read: &ReadTx, newest: Height, history: &mut FeeHistory) -> Reply<()> {
    let (base_fee, blob) = match read.header(newest.saturating_add(1))? {
        Some(next) => (next.base_fee_per_gas, blob_fee(api.spec(), &next)),
        None => {
            let head = head_of(read)?;
            (bttc_consensus::next_base_fee(api.spec(), &head), next_blob_fee(api.spec(), &head))
        }
    };
    history.base_fee_per_gas.push(base_fee.unwrap_or_default().into());
    history.base_fee_per_blob_gas.push(blob);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people to look at")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Tips at the percentiles of a block's gas, in the order of the tips.
fn block_rewards(read: &ReadTx, header: &Header, percentiles: &[f64]) -> Reply<Vec<u128>> {
    let block = read.block(header.number)?;
    let receipts = read.receipts(header.number)?.unwrap_or_default();
    let base_fee = header.base_fee_per_gas.unwrap_or_default();
    let mut gas_before = 0;
    let mut paid: Vec<(u128, u64)> = Vec::new();
    let transactions = block.iter().flat_map(|block| &block.body.transactions);
    for (tx, receipt) in transactions.zip(&receipts) {
        let gas = receipt.cumulative_gas_used.saturating_sub(gas_before);
        gas_before = receipt.cumulative_gas_used;
        paid.push((tx.effective_tip_per_gas(base_fee).unwrap_or_default(), gas));
    }
    paid.sort_unstable();
    Ok(percentiles.iter().map(|percentile| reward_at(&paid, header.gas_used, *percentile)).collect())
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of the block's gas, between 0 and its gas"
)]
fn reward_at(paid: &[(u128, u64)], gas_used: u64, percentile: f64) -> u128 {
    let threshold = (gas_used as f64 * percentile / 100.0) as u64;
    let mut sum = 0_u64;
    for (tip, gas) in paid {
        sum = sum.saturating_add(*gas);
        if sum >= threshold {
            return *tip;
        }
    }
    paid.last().map_or(0, |(tip, _)| *tip)
}

/// `eth_config` (EIP-7910) says which fork's rules hold.
pub(crate) fn register_config(registry: &mut Registry) {
    registry.read("eth_config", |api, args| {
        args.end()?;
        let head = api.chain.head();
        let params = api.spec().blob_params(head.header.timestamp);
        Ok(json!({
            "current": {
                "activationTime": 0,
                "chainId": U64::from(api.spec().chain_id()),
                "blobSchedule": params.map(|params| json!({
                    "target": params.target_blob_count,
                    "max": params.max_blob_count,
                    "baseFeeUpdateFraction": params.update_fraction,
                })),
            },
            "next": null,
            "last": null,
        }))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewards_follow_the_gas() {
        let paid = [(1, 100), (5, 300), (9, 600)];
        let at = |percentile| reward_at(&paid, 1_000, percentile);
        assert_eq!([at(0.0), at(10.0), at(11.0), at(40.0), at(41.0), at(100.0)], [1, 1, 5, 5, 9, 9]);
        assert_eq!(reward_at(&[], 0, 50.0), 0);
    }

    #[test]
    fn percentiles_are_sorted_and_bounded() {
        assert!(check_percentiles(&[0.0, 50.0, 50.0, 100.0]).is_ok());
        assert!(check_percentiles(&[50.0, 10.0]).is_err());
        assert!(check_percentiles(&[100.1]).is_err());
        assert!(check_percentiles(&[f64::NAN]).is_err());
        assert!(check_percentiles(&[1.0; 101]).is_err());
    }
}
