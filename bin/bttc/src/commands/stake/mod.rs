//! `bttc stake`: what holders of BTT and operators of validators do, over JSON-RPC.
//!
//! Everything is read with `eth_call` of the staking contracts, so that any node will do; what is sent goes the way
//! [`send`]: an [`plan::Intent`] becomes a [`plan::Plan`] by being tried on the newest state, is shown with its fee, confirmed, signed,
//! sent and waited for.

pub(crate) mod args;
mod delegate;
mod guided;
mod operators;
mod positions;
mod rewards;
mod validators;

use super::wallet::{Context, amount, chain, faults, keys, plan, send, show, who};
use args::{RewardsAction, StakeAction, StakeArgs};
use std::io::Write;

pub(crate) use operators::prove;

pub(crate) fn run(args: StakeArgs, out: &mut impl Write) -> eyre::Result<()> {
    let context = &Context::new("stake", &args.rpc)?;
    match args.action {
        None => guided::run(context, out),
        Some(StakeAction::Validators) => validators::list(context, out),
        Some(StakeAction::Positions { account }) => positions::run(context, account.as_deref(), out),
        Some(StakeAction::Delegate { validator, amount, send }) => {
            delegate::delegate(context, &validator, amount, &send, out)
        }
        Some(StakeAction::Undelegate { validator, amount, send }) => {
            delegate::undelegate(context, &validator, amount, &send, out)
        }
        Some(StakeAction::Redelegate { from, to, amount, send }) => {
            delegate::redelegate(context, (&from, &to), amount, &send, out)
        }
        Some(StakeAction::Cancel { id, send }) => delegate::cancel(context, id, &send, out),
        Some(StakeAction::Claim { validators, send }) => delegate::claim(context, &validators, &send, out),
        Some(StakeAction::Restake { validator, send }) => delegate::restake(context, &validator, &send, out),
        Some(StakeAction::Withdraw { ids, send }) => delegate::withdraw(context, &ids, &send, out),
        Some(StakeAction::Rewards { action: RewardsAction::Export { account, format, from_block, to_block } }) => {
            rewards::export(context, account.as_deref(), format, (from_block, to_block), out)
        }
        Some(StakeAction::Validator { action }) => operators::run(context, &action, out),
        Some(StakeAction::Transaction(action)) => super::wallet::transaction(context, action, out),
    }
}
