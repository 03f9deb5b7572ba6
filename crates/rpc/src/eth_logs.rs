//! `eth_getLogs`: logs of past blocks.

use crate::{
    args::Args,
    context::{Api, head_of},
    convert,
    error::{Reply, RpcError},
    registry::Registry,
};
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::{Address, B256};
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};
use bttc_primitives::Height;
use bttc_storage::ReadTx;
use std::ops::RangeInclusive;

pub(crate) fn register(registry: &mut Registry) {
    registry.work("eth_getLogs", |api, mut args: Args| {
        let filter: Filter = args.required("filter")?;
        args.end()?;
        query(api, &filter)
    });
}

/// Refuses a filter with too many alternatives.
pub(crate) fn check_filter(api: &Api, filter: &Filter) -> Reply<()> {
    let most = api.config.max_log_alternatives;
    let count = filter.topics.iter().map(|topic| topic.len()).chain([filter.address.len()]).max();
    match count {
        Some(count) if count > most => Err(RpcError::limit(
            "max_log_alternatives",
            format_args!("{count} in one position"),
            most,
            "ask with fewer addresses or topics at a time",
        )),
        _ => Ok(()),
    }
}

/// Logs that a filter with its own range picks.
pub(crate) fn query(api: &Api, filter: &Filter) -> Reply<Vec<Log>> {
    check_filter(api, filter)?;
    let read = api.read()?;
    let range = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let height = read.height_of(hash)?;
            let height = height.ok_or_else(|| RpcError::invalid(format!("unknown block {hash}")))?;
            height..=height
        }
        FilterBlockOption::Range { from_block, to_block } => range_of(head_of(&read)?.number, from_block, to_block)?,
    };
    let span = (range.end() - range.start()).saturating_add(1);
    if span > api.config.max_log_blocks {
        return Err(RpcError::limit(
            "max_log_blocks",
            format_args!("{span} blocks"),
            api.config.max_log_blocks,
            "ask for the range in several parts",
        ));
    }
    in_range(api, &read, filter, range)
}

fn range_of(
    head: Height,
    from: Option<BlockNumberOrTag>,
    to: Option<BlockNumberOrTag>,
) -> Reply<RangeInclusive<Height>> {
    let (from, to) = (number_of(head, from), number_of(head, to));
    if from > to {
        return Err(RpcError::params(format!("invalid block range params: fromBlock {from} is after toBlock {to}")));
    }
    if to > head {
        return Err(RpcError::params(format!(
            "block range extends beyond current head block: toBlock is {to}, the latest block is {head}"
        )));
    }
    Ok(from..=to)
}

/// Height that a tag stands for; all of the chain is final.
const fn number_of(head: Height, block: Option<BlockNumberOrTag>) -> Height {
    match block {
        Some(BlockNumberOrTag::Number(number)) => number,
        Some(BlockNumberOrTag::Earliest) => 0,
        _ => head,
    }
}

/// Logs of a range of blocks that exist.
pub(crate) fn in_range(api: &Api, read: &ReadTx, filter: &Filter, range: RangeInclusive<Height>) -> Reply<Vec<Log>> {
    let addresses: Vec<Address> = filter.address.iter().copied().collect();
    let [first, ..] = &filter.topics;
    let topics: Vec<B256> = first.iter().copied().collect();
    let most = api.config.max_logs;
    let start = *range.start();
    let mut logs = Vec::new();
    let span = usize::try_from(range.end() - range.start()).unwrap_or(usize::MAX);
    for height in read.blocks_with_logs(range, &addresses, &topics, span.saturating_add(1))? {
        let (Some(block), Some(receipts)) = (read.block(height)?, read.receipts(height)?) else {
            continue;
        };
        logs.extend(convert::logs_of(&block, &receipts, |log| filter.matches(log)));
        if logs.len() > most {
            let remedy = match height.checked_sub(1).filter(|last| *last >= start) {
                Some(last) => format!("blocks {start:#x} to {last:#x} fit into one answer"),
                None => "ask with more addresses or topics".to_owned(),
            };
            return Err(RpcError::limit("max_logs", "more results", most, &remedy));
        }
    }
    Ok(logs)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_tags_and_end_at_the_head() {
        let number = |number| Some(BlockNumberOrTag::Number(number));
        assert_eq!(range_of(9, None, None).unwrap(), 9..=9);
        assert_eq!(range_of(9, Some(BlockNumberOrTag::Earliest), number(3)).unwrap(), 0..=3);
        assert_eq!(range_of(9, number(2), Some(BlockNumberOrTag::Finalized)).unwrap(), 2..=9);
        assert_eq!(range_of(9, number(4), number(3)).unwrap_err().code, -32602);
        assert_eq!(range_of(9, number(4), number(10)).unwrap_err().code, -32602);
    }
}
