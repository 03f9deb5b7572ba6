//! `txpool_`: what waits to be in a block.

use crate::{
    args::Args,
    context::Api,
    convert::{self, RpcTransaction},
    error::Reply,
    registry::Registry,
};
use alloy_consensus::Transaction as _;
use alloy_primitives::Address;
use alloy_rpc_types_txpool::{TxpoolContent, TxpoolContentFrom, TxpoolInspect, TxpoolInspectSummary, TxpoolStatus};
use bttc_primitives::Transaction;
use bttc_txpool::{AccountContent, PoolTransaction};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) fn register(registry: &mut Registry) {
    registry.read("txpool_status", |api, args| {
        args.end()?;
        let (pending, queued) = api.chain.pool().status();
        Ok(TxpoolStatus { pending: pending as u64, queued: queued as u64 })
    });
    registry.work("txpool_content", content);
    registry.work("txpool_contentFrom", content_from);
    registry.work("txpool_inspect", inspect);
}

type ByNonce<T> = BTreeMap<String, T>;

fn by_nonce<T>(
    transactions: impl IntoIterator<Item = Arc<PoolTransaction>>,
    mut show: impl FnMut(&PoolTransaction) -> T,
) -> ByNonce<T> {
    transactions.into_iter().map(|tx| (tx.nonce().to_string(), show(&tx))).collect()
}

fn shown(tx: &PoolTransaction) -> RpcTransaction {
    convert::pending(&tx.tx)
}

/// Pending, and what waits for anything: a fee, a nonce, balance.
fn split<T>(account: AccountContent, mut show: impl FnMut(&PoolTransaction) -> T) -> (ByNonce<T>, ByNonce<T>) {
    let waiting = account.base_fee.into_iter().chain(account.queued);
    (by_nonce(account.pending, &mut show), by_nonce(waiting, show))
}

type ByAccount<T> = BTreeMap<Address, ByNonce<T>>;

fn all<T>(api: &Api, mut show: impl FnMut(&PoolTransaction) -> T) -> (ByAccount<T>, ByAccount<T>) {
    let (mut pending, mut queued) = (BTreeMap::new(), BTreeMap::new());
    for (address, account) in api.chain.pool().content() {
        let (runs, waits) = split(account, &mut show);
        if !runs.is_empty() {
            pending.insert(address, runs);
        }
        if !waits.is_empty() {
            queued.insert(address, waits);
        }
    }
    (pending, queued)
}

fn content(api: &Api, args: Args) -> Reply<TxpoolContent<RpcTransaction>> {
    args.end()?;
    let (pending, queued) = all(api, shown);
    Ok(TxpoolContent { pending, queued })
}

fn content_from(api: &Api, mut args: Args) -> Reply<TxpoolContentFrom<RpcTransaction>> {
    let address: Address = args.required("address")?;
    args.end()?;
    let (pending, queued) = split(api.chain.pool().content_from(address), shown);
    Ok(TxpoolContentFrom { pending, queued })
}

fn summary(tx: &Transaction) -> TxpoolInspectSummary {
    TxpoolInspectSummary { to: tx.to(), value: tx.value(), gas: tx.gas_limit(), gas_price: tx.max_fee_per_gas() }
}

fn inspect(api: &Api, args: Args) -> Reply<TxpoolInspect> {
    args.end()?;
    let (pending, queued) = all(api, |tx| summary(tx.tx.inner()));
    Ok(TxpoolInspect { pending, queued })
}
