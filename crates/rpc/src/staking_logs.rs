//! What the staking contracts reported: `staking_slashes`, and the search for logs that it and others build on.

use crate::{
    args::Args,
    block_arg::{BlockArg, NumberArg},
    context::{Api, head_of, header_at},
    error::{Reply, RpcError},
    staking_contracts::{Patience, check_staking},
    staking_values::{Account, Decimal},
};
use alloy_primitives::{Address, B256, Log};
use alloy_sol_types::SolEvent;
use bttc_contracts::{addresses::STAKING, staking::IStaking};
use bttc_primitives::{Fatal, Height, Receipt};
use bttc_storage::ReadTx;
use serde::Serialize;
use std::ops::RangeInclusive;

/// Heights taken from the index at a time.
const PAGE: usize = 512;

/// A slash as it was reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SlashRow {
    operator: Account,
    height: Height,
    time: u64,
    /// Part of the stake, 18 digits.
    rate: Decimal,
    amount: Decimal,
    /// `doubleSign` or `downtime`.
    kind: &'static str,
}

/// An event of `Staking`, if that is what the log is.
pub(crate) fn event<E: SolEvent>(log: &Log, from: Address) -> Option<E> {
    let decoded = (log.address == from).then(|| E::decode_log(log).ok())?;
    decoded.map(|decoded| decoded.data)
}

/// Slashes that one transaction made.
pub(crate) fn slashes_of(logs: &[Log], height: Height, time: u64) -> Vec<SlashRow> {
    let twice = |operator: Address| {
        let mut proofs = logs.iter().filter_map(|log| event::<IStaking::DoubleSigned>(log, STAKING));
        proofs.any(|proof| proof.operator == operator)
    };
    let slashed = logs.iter().filter_map(|log| event::<IStaking::Slashed>(log, STAKING));
    slashed
        .map(|slash| SlashRow {
            operator: slash.operator.into(),
            height,
            time,
            rate: slash.rate.into(),
            amount: slash.amount.into(),
            kind: if twice(slash.operator) { "doubleSign" } else { "downtime" },
        })
        .collect()
}

/// Visits the receipts of blocks that may have an event of `from` with the first topic `topic`, ascending.
///
/// The work grows with what is found, not with the range. Errors: the index is pruned at the start of the range, or the time is over.
pub(crate) fn visit(
    read: &ReadTx,
    range: RangeInclusive<Height>,
    from: Address,
    topic: B256,
    patience: &Patience,
    mut each: impl FnMut(Height, &Receipt) -> Reply<()>,
) -> Reply<()> {
    let (mut start, end) = range.into_inner();
    while start <= end {
        let page = read.blocks_with_logs(start..=end, &[from], &[topic], PAGE)?;
        for height in page.iter().copied() {
            patience.check("ask for fewer blocks")?;
            let missing = || Fatal::new(format!("block {height} stands in the index of logs, but is not there"));
            for stored in read.stored_receipts(height)?.ok_or_else(missing)? {
                each(height, &stored.receipt)?;
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => start = last.saturating_add(1),
            _ => break,
        }
    }
    Ok(())
}

pub(crate) fn slashes(api: &Api, mut args: Args) -> Reply<Vec<SlashRow>> {
    let operator: Option<Address> = args.optional("operator")?;
    let from: Option<NumberArg> = args.optional("fromBlock")?;
    let to: Option<NumberArg> = args.optional("toBlock")?;
    args.end()?;
    check_staking(api)?;
    let read = api.read()?;
    let height = |block: NumberArg| header_at(&read, BlockArg::from(block)).map(|header| header.number);
    let to = to.map_or_else(|| head_of(&read).map(|head| head.number), height)?;
    // All that is kept.
    let from = from.map_or_else(|| Ok(read.kept()?.logs.min(to)), height)?;
    if from > to {
        return Err(RpcError::params(format!("fromBlock {from} is after toBlock {to}")));
    }
    let (most, mut found) = (api.config.max_logs, Vec::new());
    visit(
        &read,
        from..=to,
        STAKING,
        IStaking::Slashed::SIGNATURE_HASH,
        &Patience::of_search(api),
        |height, receipt| {
            if receipt.logs.is_empty() {
                return Ok(());
            }
            let time = header_at(&read, BlockArg::Number(height))?.timestamp;
            let slashes = slashes_of(&receipt.logs, height, time);
            found.extend(
                slashes.into_iter().filter(|slash| operator.is_none_or(|operator| slash.operator.0 == operator)),
            );
            if found.len() > most {
                return Err(RpcError::limit(
                    "max_logs",
                    "more slashes",
                    most,
                    "ask for fewer blocks, or for one operator",
                ));
            }
            Ok(())
        },
    )?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;

    #[test]
    fn the_kind_of_a_slash_follows_from_its_transaction() {
        let (one, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let log = |event: alloy_primitives::LogData| Log { address: STAKING, data: event };
        let slashed = |operator| {
            let event =
                IStaking::Slashed { operator, rate: U256::from(5), amount: U256::from(7), factor: U256::from(1) };
            log(event.encode_log_data())
        };
        let proof = IStaking::DoubleSigned { operator: one, reporter: other, height: 3, reward: U256::ZERO };
        let found = slashes_of(&[slashed(one), log(proof.encode_log_data()), slashed(other)], 9, 90);
        assert_eq!(found.iter().map(|slash| slash.kind).collect::<Vec<_>>(), ["doubleSign", "downtime"]);
        assert_eq!((found[0].height, found[0].time, found[0].amount), (9, 90, Decimal(U256::from(7))));
        // The same event of another contract says nothing.
        let strange = Log { address: other, ..slashed(one) };
        assert_eq!(slashes_of(&[strange], 9, 90), []);
    }
}
