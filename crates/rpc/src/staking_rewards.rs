//! `staking_rewards`: what an account can claim now, and what each closed epoch gave it.
//!
//! The block that closes an epoch pays each member (`MemberPaid`); what of it went to the account is the difference of its pending rewards after and before
//! that block, with what it claimed within the block (`Claimed`). So the history is exact, and goes as far back as the node keeps states.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::{Api, head_of},
    error::{Reply, RpcError, code},
    staking_contracts::{Contracts, Patience},
    staking_delegator::positions,
    staking_logs::event,
    staking_set::Running,
    staking_values::{Account, Decimal},
};
use alloy_primitives::{Address, U256};
use bttc_contracts::{
    addresses::STAKING,
    staking::IStaking::{self, PositionView},
};
use bttc_primitives::Height;
use bttc_storage::{ReadTx, StoredReceipt};
use serde::Serialize;

/// Epochs of one answer.
const MOST_EPOCHS: u64 = 100;

/// Epochs of an answer to a caller who names none.
const LAST_EPOCHS: u64 = 10;

/// How many epochs before the running one can be found; more than a year of half hours.
const MOST_STEPS: u64 = 20_000;

#[derive(Clone, Serialize)]
pub(crate) struct Rewards {
    pending: Vec<Pending>,
    history: Vec<Earned>,
}

#[derive(Clone, Serialize)]
struct Pending {
    operator: Account,
    amount: Decimal,
}

#[derive(Clone, Serialize)]
struct Earned {
    epoch: u64,
    operator: Account,
    amount: Decimal,
}

pub(crate) fn rewards(api: &Api, mut args: Args) -> Reply<Rewards> {
    let owner: Address = args.required("address")?;
    let from: Option<u64> = args.optional("fromEpoch")?;
    let to: Option<u64> = args.optional("toEpoch")?;
    args.end()?;
    let read = api.read()?;
    let contracts = Contracts::at(api, &read, BlockArg::Number(head_of(&read)?.number))?;
    let positions = positions(api, &read, &contracts, owner)?.into_iter();
    let pending = positions.filter(|position| !position.view.pending.is_zero());
    let pending = pending.map(|of| Pending { operator: of.operator.into(), amount: of.view.pending.into() }).collect();

    let (patience, mut history) = (Patience::of_search(api), Vec::new());
    for (epoch, closing) in closings(&read, &Running::load(&contracts)?, from, to)? {
        history.extend(earned(api, &read, owner, epoch, closing, patience)?);
    }
    Ok(Rewards { pending, history })
}

/// Number and closing block of the closed epochs from `from` to `to`, ascending.
///
/// A caller who names no first epoch gets the last ones whose states are kept. Errors: too many, or so old that the node does not know their blocks.
fn closings(read: &ReadTx, running: &Running, from: Option<u64>, to: Option<u64>) -> Reply<Vec<(u64, Height)>> {
    let newest = running.number.saturating_sub(1);
    let to = to.unwrap_or(newest).min(newest);
    let first = from.unwrap_or_else(|| to.saturating_sub(LAST_EPOCHS.saturating_sub(1))).max(1);
    if first > to {
        return match from {
            Some(from) if from > running.number => Err(RpcError::params(format!(
                "fromEpoch is {from}, the running epoch is {}; name one that has closed",
                running.number
            ))),
            _ => Ok(Vec::new()),
        };
    }
    let (span, steps) = (to.saturating_sub(first).saturating_add(1), running.number.saturating_sub(first));
    if span > MOST_EPOCHS || steps > MOST_STEPS {
        return Err(RpcError::new(
            code::LIMIT,
            format!(
                "limit exceeded: epochs {first} to {to} are too many or too old; one answer has at most {MOST_EPOCHS} epochs, and none more than {MOST_STEPS} before the running one, {}; ask in several parts",
                running.number
            ),
        ));
    }
    // Each needs two states and the receipts of one block.
    let kept = read.kept()?;
    let kept = kept.state.max(kept.blocks);
    let (mut epoch, mut start, mut found) = (running.number, running.start_height, Vec::new());
    while epoch > first {
        // The block before the first one of an epoch closed the one before.
        let closing = start.saturating_sub(1);
        epoch = epoch.saturating_sub(1);
        if from.is_none() && closing.saturating_sub(1) < kept {
            break;
        }
        if epoch <= to {
            found.push((epoch, closing));
        }
        if epoch == first {
            break;
        }
        start = match read.epoch(closing)? {
            Some(stored) => stored.since,
            None if from.is_none() => break,
            None => {
                return Err(RpcError::new(
                    code::PRUNED,
                    format!(
                        "pruned history unavailable: this node knows epochs from {epoch} on; ask a node that keeps more"
                    ),
                ));
            }
        };
    }
    found.reverse();
    Ok(found)
}

/// What an account got from the epoch that the block at `closing` closed.
fn earned(
    api: &Api,
    read: &ReadTx,
    owner: Address,
    epoch: u64,
    closing: Height,
    patience: Patience,
) -> Reply<Vec<Earned>> {
    let after = Contracts::after(api, read, closing, patience)?;
    let before = Contracts::after(api, read, closing.saturating_sub(1), patience)?;
    let receipts = read.stored_receipts(closing)?.unwrap_or_default();
    let mut found = Vec::new();
    for operator in paid(&receipts, epoch) {
        let position = |contracts: &Contracts<'_>| -> Reply<PositionView> {
            contracts.ask(STAKING, &IStaking::positionCall { delegator: owner, operator })
        };
        let now = position(&after)?;
        let claimed = claimed(&receipts, owner, operator);
        if now.shares.is_zero() && now.pending.is_zero() && claimed.is_zero() {
            continue;
        }
        let amount = now.pending.saturating_add(claimed).saturating_sub(position(&before)?.pending);
        if !amount.is_zero() {
            found.push(Earned { epoch, operator: operator.into(), amount: amount.into() });
        }
    }
    Ok(found)
}

/// Operators of the members that an epoch paid.
fn paid(receipts: &[StoredReceipt], epoch: u64) -> Vec<Address> {
    let logs = receipts.iter().flat_map(|stored| &stored.receipt.logs);
    let paid = logs.filter_map(|log| event::<IStaking::MemberPaid>(log, STAKING));
    paid.filter(|paid| paid.epoch == epoch).map(|paid| paid.operator).collect()
}

/// What an account claimed from a validator within these transactions.
fn claimed(receipts: &[StoredReceipt], owner: Address, operator: Address) -> U256 {
    let logs = receipts.iter().flat_map(|stored| &stored.receipt.logs);
    let claims = logs.filter_map(|log| event::<IStaking::Claimed>(log, STAKING));
    let own = claims.filter(|claim| claim.delegator == owner && claim.operator == operator);
    own.fold(U256::ZERO, |sum, claim| sum.saturating_add(claim.amount))
}
