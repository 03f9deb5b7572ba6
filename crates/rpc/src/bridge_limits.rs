//! `bridge_limits`: how much of a token may pass, here and there.

use crate::{
    args::Args,
    block_arg::BlockArg,
    bridge_exit::on_worker,
    bridge_status::{in_paused, out_paused},
    bridge_values::{NOT_WATCHED, check_bridge, check_root, root_ids, root_name},
    context::Api,
    error::Reply,
    staking_contracts::Contracts,
    staking_values::{Account, Decimal},
};
use alloy_primitives::{Address, U256};
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, BRIDGE_OUTBOX},
    bridge::{IBridgeInbox, IBridgeOutbox},
};
use serde::Serialize;
use std::sync::Arc;

/// A limit of a day; none where there is none.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Daily {
    per_day: Decimal,
    left: Decimal,
}

/// Amounts in the token's smallest unit.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    root_id: u8,
    root: String,
    /// Address there; zero for the coin.
    root_token: Account,
    /// Address here; none for BTT itself.
    token: Option<Account>,
    /// Of deposits, here.
    deposits: Option<Daily>,
    /// Of exits, here.
    exits: Option<Daily>,
    /// End of a pause of the token here. Unit: Unix seconds.
    in_paused_until: Option<u64>,
    out_paused_until: Option<u64>,
    /// BTT alone: what can leave for this root chain, and what deposits can release.
    btt_locked: Option<Decimal>,
    reserve: Option<Decimal>,
    /// What the root chain pays.
    payments: Option<Payments>,
    note: Option<String>,
}

/// What may leave the bridge of the root chain.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Payments {
    available: Decimal,
    daily: Decimal,
    /// Exits above this wait for 24 hours.
    at_once: Decimal,
}

/// Of one token of a root chain, or of the coin and BTT of each.
pub(crate) async fn limits(api: Arc<Api>, mut args: Args) -> Reply<Vec<Limits>> {
    let root_id: Option<u8> = args.optional("rootId")?;
    let token: Option<Address> = args.optional("token")?;
    args.end()?;
    let mut found = on_worker(&api, move |api| here(api, root_id, token)).await?;
    for of in &mut found {
        let Some(view) = api.root_view(of.root_id) else {
            of.note = Some(NOT_WATCHED.to_owned());
            continue;
        };
        match view.limits(of.root_id, of.root_token.0).await {
            Ok(there) => {
                let payments = (there.available.into(), there.daily.into(), there.at_once.into());
                let (available, daily, at_once) = payments;
                of.payments = Some(Payments { available, daily, at_once });
            }
            Err(unavailable) => of.note = Some(unavailable.why),
        }
    }
    Ok(found)
}

fn here(api: &Api, root_id: Option<u8>, token: Option<Address>) -> Reply<Vec<Limits>> {
    let read = api.read()?;
    let state = read.state()?;
    check_bridge(api, &state)?;
    let roots = match root_id {
        Some(root_id) => {
            check_root(&state, root_id)?;
            vec![root_id]
        }
        None => root_ids(&state)?,
    };
    let contracts = Contracts::at(api, &read, BlockArg::Latest)?;
    let mut found = Vec::new();
    for root_id in roots {
        let root = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::rootChainCall { rootId: U256::from(root_id) })?;
        let known = [Some(Address::ZERO), Some(root.btt).filter(|btt| !btt.is_zero())];
        let tokens = token.map_or_else(|| known.into_iter().flatten().collect(), |token| vec![token]);
        for token in tokens {
            let btt = (!root.btt.is_zero() && token == root.btt).then_some(root.bttLocked);
            found.push(one(&contracts, root_id, token, btt)?);
        }
    }
    Ok(found)
}

fn one(contracts: &Contracts<'_>, root_id: u8, root_token: Address, btt: Option<U256>) -> Reply<Limits> {
    let id = U256::from(root_id);
    let token = match btt {
        Some(_) => Address::ZERO,
        None => contracts.ask(BRIDGE_INBOX, &IBridgeInbox::tokenOfCall { rootId: id, rootToken: root_token })?,
    };
    let what = U256::from_be_slice(token.as_slice());
    let into = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::limitOfCall { rootId: id, token: root_token })?;
    let out = contracts.ask(BRIDGE_OUTBOX, &IBridgeOutbox::limitOfCall { rootId: id, token: root_token })?;
    let reserve = btt.map(|_| contracts.ask(BRIDGE_INBOX, &IBridgeInbox::reserveCall {})).transpose()?;
    Ok(Limits {
        root_id,
        root: root_name(root_id),
        root_token: root_token.into(),
        token: btt.is_none().then_some(token.into()),
        deposits: daily(into.perDay, into.left),
        exits: daily(out.perDay, out.left),
        in_paused_until: in_paused(contracts, what)?,
        out_paused_until: out_paused(contracts, what)?,
        btt_locked: btt.map(Decimal::from),
        reserve: reserve.map(Decimal::from),
        payments: None,
        note: None,
    })
}

/// The contracts tell the highest number where there is no limit.
fn daily(per_day: U256, left: U256) -> Option<Daily> {
    (per_day != U256::MAX).then(|| Daily { per_day: per_day.into(), left: left.into() })
}
