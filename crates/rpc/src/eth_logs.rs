//! `eth_getLogs`: logs of past blocks.

use crate::{
    args::Args,
    context::{Api, head_of},
    convert::{self, Place},
    error::{Reply, RpcError},
    registry::Registry,
};
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::{Address, B256, Bloom};
use alloy_rpc_types_eth::{BloomFilter, Filter, FilterBlockOption, Log};
use bttc_primitives::{Fatal, Head, Height};
use bttc_storage::ReadTx;
use std::{borrow::Cow, ops::RangeInclusive};

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

/// Heights taken from the index at a time.
const PAGE: usize = 512;

/// Logs of a range of blocks that exist.
///
/// The index names the blocks with one of the addresses and one of the first topics, the bloom of each header says whether the other topics may
/// be there too, and only then are the receipts read; a transaction is read where one of its logs is picked. So the work grows
/// with what is found, not with the chain.
pub(crate) fn in_range(api: &Api, read: &ReadTx, filter: &Filter, range: RangeInclusive<Height>) -> Reply<Vec<Log>> {
    let addresses: Vec<Address> = filter.address.iter().copied().collect();
    let [first, ..] = &filter.topics;
    let topics: Vec<B256> = first.iter().copied().collect();
    let picker = Picker::new(read, filter);
    let most = api.config.max_logs;
    let (start, end) = range.into_inner();
    let mut logs = Vec::new();
    let mut from = start;
    loop {
        let page = read.blocks_with_logs(from..=end, &addresses, &topics, PAGE)?;
        for height in page.iter().copied() {
            picker.pick(height, &mut logs)?;
            if logs.len() > most {
                return Err(too_many(start, height, most));
            }
        }
        match page.last().and_then(|last| last.checked_add(1)) {
            Some(next) if page.len() == PAGE && next <= end => from = next,
            _ => return Ok(logs),
        }
    }
}

fn too_many(start: Height, height: Height, most: usize) -> RpcError {
    let remedy = match height.checked_sub(1).filter(|last| *last >= start) {
        Some(last) => format!("blocks {start:#x} to {last:#x} fit into one answer"),
        None => "ask with more addresses or topics".to_owned(),
    };
    RpcError::limit("max_logs", "more results", most, &remedy)
}

/// Picks the logs of a filter out of blocks.
struct Picker<'a> {
    read: &'a ReadTx,
    filter: &'a Filter,
    /// Blooms of the filter's addresses and topics, made once.
    address: Cow<'a, BloomFilter>,
    topics: [Cow<'a, BloomFilter>; 4],
}

impl<'a> Picker<'a> {
    fn new(read: &'a ReadTx, filter: &'a Filter) -> Self {
        Self { read, filter, address: filter.address_bloom_filter(), topics: filter.topics_bloom_filter() }
    }

    fn may_match(&self, bloom: Bloom) -> bool {
        !bloom.is_zero() && self.address.matches(bloom) && self.topics.iter().all(|topic| topic.matches(bloom))
    }

    fn pick(&self, height: Height, found: &mut Vec<Log>) -> Reply<()> {
        let missing = || Fatal::new(format!("block {height} stands in the index of logs, but is not there"));
        let Head { hash: block_hash, header } = self.read.sealed_header(height)?.ok_or_else(missing)?;
        if !self.may_match(header.logs_bloom) {
            return Ok(());
        }
        let receipts = self.read.stored_receipts(height)?.ok_or_else(missing)?;
        for (index, stored) in receipts.iter().enumerate() {
            let logs = stored.receipt.logs.iter().zip(stored.first_log_index..);
            let mut picked = logs.filter(|(log, _)| self.filter.matches(log)).peekable();
            if picked.peek().is_none() {
                continue;
            }
            let tx = self.read.transaction_at(height, index)?.ok_or_else(missing)?;
            let place = Place { header: &header, block_hash, index };
            found.extend(picked.map(|(log, at)| convert::log_at(log, place, *tx.tx.tx_hash(), at)));
        }
        Ok(())
    }
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
