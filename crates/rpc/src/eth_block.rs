//! `eth_`: blocks, their transactions and receipts.

use crate::{
    args::Args,
    block_arg::{BlockArg, NumberArg},
    context::{Api, find_block, find_height, header_at},
    convert::{self, Before, Place, RpcBlock, RpcReceipt, RpcTransaction},
    error::{Reply, RpcError},
    registry::Registry,
};
use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Bytes, U64};
use alloy_rpc_types_eth::Index;
use bttc_primitives::{Recovered, Transaction};
use bttc_storage::{HistoryError, ReadTx, StoredTransaction};
use serde::de::DeserializeOwned;

pub(crate) fn register(registry: &mut Registry) {
    registry.read("eth_getBlockByNumber", block::<NumberArg>);
    registry.read("eth_getBlockByHash", block::<B256>);
    registry.read("eth_getBlockTransactionCountByNumber", transaction_count::<NumberArg>);
    registry.read("eth_getBlockTransactionCountByHash", transaction_count::<B256>);
    registry.read("eth_getUncleCountByBlockNumber", uncle_count::<NumberArg>);
    registry.read("eth_getUncleCountByBlockHash", uncle_count::<B256>);
    registry.read("eth_getUncleByBlockNumberAndIndex", uncle::<NumberArg>);
    registry.read("eth_getUncleByBlockHashAndIndex", uncle::<B256>);
    registry.read("eth_getHeaderByNumber", header::<NumberArg>);
    registry.read("eth_getHeaderByHash", header::<B256>);
    registry.read("eth_getBlockReceipts", receipts);
    registry.read("eth_getTransactionByBlockNumberAndIndex", transaction_at::<NumberArg>);
    registry.read("eth_getTransactionByBlockHashAndIndex", transaction_at::<B256>);
    registry.read("eth_getRawTransactionByBlockNumberAndIndex", raw_transaction_at::<NumberArg>);
    registry.read("eth_getRawTransactionByBlockHashAndIndex", raw_transaction_at::<B256>);
    registry.read("eth_getTransactionByHash", transaction);
    registry.read("eth_getRawTransactionByHash", raw_transaction);
    registry.read("eth_getTransactionReceipt", receipt);
}

/// The way in which a method has its block named: by number or by hash, not by either.
trait Named: DeserializeOwned + Into<BlockArg> {}

impl<T: DeserializeOwned + Into<BlockArg>> Named for T {}

fn block<B: Named>(api: &Api, mut args: Args) -> Reply<Option<RpcBlock>> {
    let block = args.required::<B>("block")?.into();
    let full: bool = args.optional("hydrated")?.unwrap_or_default();
    args.end()?;
    let found = find_block(&api.read()?, block)?;
    Ok(found.map(|block| convert::block(&block, full)))
}

fn header<B: Named>(api: &Api, mut args: Args) -> Reply<Option<convert::RpcHeader>> {
    let block = args.required::<B>("block")?.into();
    args.end()?;
    let read = api.read()?;
    let Some(height) = find_height(&read, block)? else { return Ok(None) };
    match read.block(height) {
        Ok(found) => Ok(found.map(|block| convert::header(&block))),
        // Headers are always kept; only the size of the block is not known any more.
        Err(HistoryError::Pruned(_)) => Ok(read.sealed_header(height)?.map(convert::bare_header)),
        Err(HistoryError::Fatal(fatal)) => Err(fatal.into()),
    }
}

fn transaction_count<B: Named>(api: &Api, mut args: Args) -> Reply<Option<U64>> {
    let block = args.required::<B>("block")?.into();
    args.end()?;
    let read = api.read()?;
    let Some(height) = find_height(&read, block)? else { return Ok(None) };
    Ok(read.transaction_count(height)?.map(U64::from))
}

fn uncle_count<B: Named>(api: &Api, mut args: Args) -> Reply<Option<U64>> {
    let block = args.required::<B>("block")?.into();
    args.end()?;
    let found = find_block(&api.read()?, block)?;
    Ok(found.map(|block| U64::from(block.block.body.ommers.len())))
}

fn uncle<B: Named>(api: &Api, mut args: Args) -> Reply<Option<convert::RpcHeader>> {
    let block = args.required::<B>("block")?.into();
    let index: Index = args.required("index")?;
    args.end()?;
    let Some(block) = find_block(&api.read()?, block)? else { return Ok(None) };
    let uncle = block.block.body.ommers.get(usize::from(index)).cloned();
    Ok(uncle.map(convert::RpcHeader::new))
}

fn receipts(api: &Api, mut args: Args) -> Reply<Option<Vec<RpcReceipt>>> {
    let block: BlockArg = args.required("block")?;
    args.end()?;
    let read = api.read()?;
    let Some(block) = find_block(&read, block)? else { return Ok(None) };
    let receipts = read.receipts(block.block.height())?.unwrap_or_default();
    Ok(Some(convert::receipts(api.spec(), &block, &receipts)))
}

/// The transaction at a position of a block.
fn nth<B: Named>(api: &Api, mut args: Args) -> Reply<Option<RpcTransaction>> {
    let block = args.required::<B>("block")?.into();
    let index: Index = args.required("index")?;
    args.end()?;
    let read = api.read()?;
    let Some(height) = find_height(&read, block)? else { return Ok(None) };
    match read.transaction_at(height, index.into())? {
        Some(stored) => Ok(Some(from_store(&read, &stored)?)),
        None => Ok(None),
    }
}

fn transaction_at<B: Named>(api: &Api, args: Args) -> Reply<Option<RpcTransaction>> {
    nth::<B>(api, args)
}

fn raw_transaction_at<B: Named>(api: &Api, args: Args) -> Reply<Option<Bytes>> {
    Ok(nth::<B>(api, args)?.map(|tx| tx.inner.inner().encoded_2718().into()))
}

/// A transaction of the chain or of the pool.
pub(crate) fn find_transaction(api: &Api, hash: B256) -> Reply<Option<RpcTransaction>> {
    if let Some(found) = stored_transaction(&api.read()?, hash)? {
        return Ok(Some(found));
    }
    if let Some(waiting) = api.chain.pool().get(&hash) {
        return Ok(Some(convert::pending(&waiting.tx)));
    }
    // It may have moved from the pool into a block between the two looks.
    stored_transaction(&api.read()?, hash)
}

fn stored_transaction(read: &ReadTx, hash: B256) -> Reply<Option<RpcTransaction>> {
    match read.transaction(hash)? {
        Some(stored) => Ok(Some(from_store(read, &stored)?)),
        None => Ok(None),
    }
}

fn from_store(read: &ReadTx, stored: &StoredTransaction) -> Reply<RpcTransaction> {
    let header = header_at(read, BlockArg::Number(stored.height))?;
    let place = Place { header: &header, block_hash: stored.block_hash, index: stored.index };
    Ok(convert::mined(Recovered::new_unchecked(&stored.tx, stored.sender), place))
}

fn transaction(api: &Api, mut args: Args) -> Reply<Option<RpcTransaction>> {
    let hash: B256 = args.required("hash")?;
    args.end()?;
    find_transaction(api, hash)
}

fn raw_transaction(api: &Api, mut args: Args) -> Reply<Option<Bytes>> {
    let hash: B256 = args.required("hash")?;
    args.end()?;
    let found = find_transaction(api, hash)?;
    Ok(found.map(|tx| <Transaction as Encodable2718>::encoded_2718(tx.inner.inner()).into()))
}

fn receipt(api: &Api, mut args: Args) -> Reply<Option<RpcReceipt>> {
    let hash: B256 = args.required("hash")?;
    args.end()?;
    find_receipt(api, &api.read()?, hash)
}

/// Receipt of a transaction of the chain.
pub(crate) fn find_receipt(api: &Api, read: &ReadTx, hash: B256) -> Reply<Option<RpcReceipt>> {
    let Some(stored) = read.transaction(hash)? else { return Ok(None) };
    let header = header_at(read, BlockArg::Number(stored.height))?;
    let receipt = read
        .receipt(stored.height, stored.index)?
        .ok_or_else(|| RpcError::invalid(format!("the receipts of block {} are not kept", stored.height)))?;
    let before = Before {
        gas: receipt.receipt.cumulative_gas_used.saturating_sub(receipt.gas_used),
        logs: receipt.first_log_index,
    };
    let place = Place { header: &header, block_hash: stored.block_hash, index: stored.index };
    let tx = Recovered::new_unchecked(&stored.tx, stored.sender);
    Ok(Some(convert::receipt(api.spec(), place, tx, &receipt.receipt, before)))
}
