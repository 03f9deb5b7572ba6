//! `eth_`: filters that callers poll.

use crate::{
    args::Args,
    context::Api,
    convert::{self, RpcTransaction},
    error::{Reply, RpcError},
    eth_logs,
    filters::Watch,
    registry::Registry,
};
use alloy_primitives::{B256, U128};
use alloy_rpc_types_eth::{Filter, FilterChanges, Log};
use bttc_primitives::Height;
use bttc_txpool::{Part, PoolEvent, PoolTransaction};
use std::sync::Arc;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

pub(crate) fn register(registry: &mut Registry) {
    registry.read("eth_newBlockFilter", |api, args| {
        args.end()?;
        api.filters.install(Watch::Blocks { next: next_height(api) })
    });
    registry.read("eth_newFilter", |api, mut args: Args| {
        let filter: Filter = args.optional("filter")?.unwrap_or_default();
        args.end()?;
        eth_logs::check_filter(api, &filter)?;
        api.filters.install(Watch::Logs { filter: Arc::new(filter), next: next_height(api) })
    });
    registry.read("eth_newPendingTransactionFilter", |api, mut args: Args| {
        let full: bool = args.optional("full")?.unwrap_or_default();
        args.end()?;
        api.filters.install(Watch::Transactions { events: api.chain.pool().subscribe(), full })
    });
    registry.read("eth_uninstallFilter", |api, mut args: Args| {
        let id: U128 = args.required("filter id")?;
        args.end()?;
        Ok(api.filters.uninstall(id))
    });
    registry.work("eth_getFilterChanges", changes);
    registry.work("eth_getFilterLogs", filter_logs);
}

fn next_height(api: &Api) -> Height {
    api.chain.head().height().saturating_add(1)
}

/// What a poll has to answer, once the filters are free for others again.
enum Due {
    Blocks { from: Height, to: Height },
    Logs { filter: Arc<Filter>, from: Height, to: Height },
    Transactions { found: Vec<Arc<PoolTransaction>>, full: bool },
}

/// Blocks since the last poll, at most `most`; the rest comes with the next one.
fn advance(next: &mut Height, head: Height, most: u64) -> (Height, Height) {
    // A development chain may have been set back.
    let from = (*next).min(head.saturating_add(1));
    let to = head.min(from.saturating_add(most.saturating_sub(1)));
    *next = to.saturating_add(1);
    (from, to)
}

fn changes(api: &Api, mut args: Args) -> Reply<FilterChanges<RpcTransaction>> {
    let id: U128 = args.required("filter id")?;
    args.end()?;
    let head = api.chain.head().height();
    let most = api.config.max_log_blocks;
    let due = api.filters.with(id, |watch| match watch {
        Watch::Blocks { next } => {
            let (from, to) = advance(next, head, most);
            Due::Blocks { from, to }
        }
        Watch::Logs { filter, next } => {
            let (from, to) = advance(next, head, most);
            Due::Logs { filter: filter.clone(), from, to }
        }
        Watch::Transactions { events, full } => Due::Transactions { found: drain(api, events), full: *full },
    })?;
    match due {
        Due::Blocks { from, to } => Ok(FilterChanges::Hashes(block_hashes(api, from, to)?)),
        Due::Logs { filter, from, to } => {
            let logs = new_logs(api, &filter, from, to);
            if logs.is_err() {
                // The caller has seen none of them.
                api.filters.with(id, |watch| {
                    if let Watch::Logs { next, .. } = watch {
                        *next = from;
                    }
                })?;
            }
            logs.map(FilterChanges::Logs)
        }
        Due::Transactions { found, full: true } => {
            Ok(FilterChanges::Transactions(found.iter().map(|tx| convert::pending(&tx.tx)).collect()))
        }
        Due::Transactions { found, full: false } => {
            Ok(FilterChanges::Hashes(found.iter().map(|tx| tx.hash()).collect()))
        }
    }
}

fn block_hashes(api: &Api, from: Height, to: Height) -> Reply<Vec<B256>> {
    let read = api.read()?;
    let mut hashes = Vec::new();
    for height in from..=to {
        hashes.extend(read.block_hash(height)?);
    }
    Ok(hashes)
}

fn new_logs(api: &Api, filter: &Filter, from: Height, to: Height) -> Reply<Vec<Log>> {
    let last = filter.get_to_block().unwrap_or(Height::MAX);
    let first = filter.get_from_block().unwrap_or_default();
    let (from, to) = (from.max(first), to.min(last));
    if from > to {
        return Ok(Vec::new());
    }
    eth_logs::in_range(api, &api.read()?, filter, from..=to)
}

/// The transaction of an event by which it became pending.
pub(crate) fn became_pending(event: PoolEvent) -> Option<Arc<PoolTransaction>> {
    match event {
        PoolEvent::Added(tx, Part::Pending) | PoolEvent::Ready(tx) => Some(tx),
        PoolEvent::Added(..) | PoolEvent::Dropped { .. } => None,
    }
}

/// What became pending since the last poll. Whoever polled too seldom gets all that is pending now instead.
fn drain(api: &Api, events: &mut Receiver<PoolEvent>) -> Vec<Arc<PoolTransaction>> {
    let mut found = Vec::new();
    loop {
        match events.try_recv() {
            Ok(event) => found.extend(became_pending(event)),
            Err(TryRecvError::Lagged(_)) => {
                *events = api.chain.pool().subscribe();
                let content = api.chain.pool().content();
                return content.into_values().flat_map(|account| account.pending).collect();
            }
            Err(TryRecvError::Empty | TryRecvError::Closed) => return found,
        }
    }
}

fn filter_logs(api: &Api, mut args: Args) -> Reply<Vec<Log>> {
    let id: U128 = args.required("filter id")?;
    args.end()?;
    let filter = api.filters.with(id, |watch| match watch {
        Watch::Logs { filter, .. } => Some(filter.clone()),
        Watch::Blocks { .. } | Watch::Transactions { .. } => None,
    })?;
    let filter = filter.ok_or_else(|| RpcError::invalid("filter not found: this filter watches no logs"))?;
    eth_logs::query(api, &filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_go_on_where_the_last_one_ended() {
        let mut next = 5;
        assert_eq!(advance(&mut next, 4, 10), (5, 4));
        assert_eq!(advance(&mut next, 7, 10), (5, 7));
        assert_eq!(advance(&mut next, 40, 10), (8, 17));
        assert_eq!(advance(&mut next, 40, 100), (18, 40));
        // Set back to 10, then two blocks more.
        assert_eq!(advance(&mut next, 10, 10), (11, 10));
        assert_eq!(advance(&mut next, 12, 10), (11, 12));
    }
}
