//! `eth_`: transactions that callers hand in.

use crate::{
    args::Args,
    context::Api,
    convert::RpcReceipt,
    error::{Reply, RpcError, code},
    eth_block::find_receipt,
    registry::Registry,
};
use alloy_consensus::Transaction as _;
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{B256, Bytes, U64, U256};
use bttc_chain::ChainEvent;
use bttc_primitives::{Recovered, Transaction, format_btt};
use bttc_txpool::{AddError, Added, Origin};
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast::{Receiver, error::RecvError};

pub(crate) fn register(registry: &mut Registry) {
    registry.wait("eth_sendRawTransaction", send_raw);
    registry.wait("eth_sendRawTransactionSync", send_raw_sync);
}

/// Type byte of a blob transaction (EIP-4844).
const BLOB: u8 = 3;

fn decode(api: &Api, raw: &Bytes) -> Reply<Transaction> {
    let most = api.config.max_tx_bytes;
    if raw.len() > most {
        return Err(RpcError::limit(
            "max_tx_bytes",
            format_args!("{} bytes", raw.len()),
            most,
            "send a smaller transaction",
        ));
    }
    if raw.first() == Some(&BLOB) {
        return Err(RpcError::invalid(
            "transaction type not supported: this chain has no blob transactions (type 3); send the data as calldata with type 2",
        ));
    }
    Transaction::decode_2718_exact(raw)
        .map_err(|error| RpcError::invalid(format!("the bytes are no signed transaction: {error}")))
}

/// Refuses a transaction that could cost more than anybody means to pay.
pub(crate) fn check_fee_cap(api: &Api, tx: &Transaction) -> Reply<()> {
    if api.config.tx_fee_cap == 0 {
        return Ok(());
    }
    let fee = U256::from(tx.gas_limit()).saturating_mul(U256::from(tx.max_fee_per_gas()));
    let cap = U256::from(api.config.tx_fee_cap).saturating_mul(U256::from(10).pow(U256::from(18)));
    if fee <= cap {
        return Ok(());
    }
    Err(RpcError::invalid(format!(
        "tx fee ({}) exceeds rpc.tx_fee_cap ({}): lower the gas limit or the fee per gas, or raise the cap in the configuration",
        format_btt(fee),
        format_btt(cap)
    )))
}

fn recover(api: &Api, tx: Transaction) -> Reply<Recovered<Transaction>> {
    let senders = api.chain.pool().senders_of(std::slice::from_ref(&tx));
    let sender = senders.ok().and_then(|senders| senders.first().copied()).ok_or_else(|| {
        RpcError::invalid("invalid sender: the signature of the transaction belongs to nobody; sign it again")
    })?;
    Ok(Recovered::new_unchecked(tx, sender))
}

/// Puts a transaction into the pool.
pub(crate) fn add(api: &Api, tx: Recovered<Transaction>) -> Reply<Added> {
    match api.chain.pool().add(tx, Origin::Local) {
        Ok(added) => Ok(added),
        Err(AddError::Invalid(why)) => Err(RpcError::invalid(why.to_string())),
        Err(AddError::Fatal(fatal)) => Err(fatal.into()),
    }
}

async fn take(api: &Arc<Api>, raw: &Bytes) -> Reply<B256> {
    let tx = decode(api, raw)?;
    check_fee_cap(api, &tx)?;
    if tx.is_eip7702() {
        // One signature for each authorization: may be long.
        let worker = api.clone();
        return Ok(api.workers.run(move || add(&worker, recover(&worker, tx)?)).await?.hash);
    }
    Ok(add(api, recover(api, tx)?)?.hash)
}

async fn send_raw(api: Arc<Api>, mut args: Args) -> Reply<B256> {
    let raw: Bytes = args.required("transaction")?;
    args.end()?;
    take(&api, &raw).await
}

/// EIP-7966: answers with the receipt.
async fn send_raw_sync(api: Arc<Api>, mut args: Args) -> Reply<RpcReceipt> {
    let raw: Bytes = args.required("transaction")?;
    let millis: Option<U64> = args.optional("timeout")?;
    args.end()?;
    let most = api.config.max_sync_timeout;
    let wait = match millis {
        None => api.config.sync_timeout.min(most),
        Some(millis) => Duration::from_millis(millis.to()),
    };
    if wait > most {
        return Err(RpcError::limit(
            "max_sync_timeout",
            format_args!("{wait:?}"),
            format_args!("{most:?}"),
            "name a shorter timeout, and ask for the receipt later",
        ));
    }
    // Before the transaction, so that its block cannot be missed.
    let mut events = api.chain.subscribe();
    let hash = take(&api, &raw).await?;
    tokio::select! {
        receipt = receipt_of(&api, &mut events, hash) => receipt,
        () = tokio::time::sleep(wait) => Err(RpcError::sync_timeout(hash, wait)),
        () = api.shutdown.cancelled() => Err(stopping()),
    }
}

/// Waits for the receipt of a transaction; `events` must be older than it.
pub(crate) async fn receipt_of(api: &Api, events: &mut Receiver<ChainEvent>, hash: B256) -> Reply<RpcReceipt> {
    loop {
        if let Some(receipt) = find_receipt(api, &api.read()?, hash)? {
            return Ok(receipt);
        }
        match events.recv().await {
            Ok(ChainEvent::Committed(_) | ChainEvent::Reset(_)) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Err(stopping()),
        }
    }
}

fn stopping() -> RpcError {
    RpcError::new(code::INTERNAL, "the node is stopping; the transaction is in its pool")
}
