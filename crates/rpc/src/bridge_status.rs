//! `bridge_status`: root chains, what validators vouch for, what is kept, and how the relayer of this node is.

use crate::{
    args::Args,
    block_arg::BlockArg,
    bridge_values::{NOT_WATCHED, Seen, check_bridge, exits_in, root_ids, root_name},
    context::Api,
    error::Reply,
    staking_contracts::{Contracts, Patience},
    staking_logs::{event, visit},
    staking_values::{Account, Decimal},
};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, BRIDGE_OUTBOX, VALIDATOR_SET},
    bridge::{IBridgeInbox, IBridgeOutbox},
    validator_set::IValidatorSet,
};
use bttc_primitives::{Height, RelayReport};
use serde::Serialize;
use std::collections::BTreeMap;

/// Names everything in a pause.
pub(crate) const EVERYTHING: U256 = U256::MAX;
/// Kept deposits that are named.
const KEPT: usize = 100;

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    height: Height,
    epoch: u64,
    /// BTT that deposits can still release. Unit: wei.
    reserve: Decimal,
    /// Who may pause for a short time; none if nobody.
    guardian: Option<Account>,
    exit_count: u64,
    exit_root: B256,
    /// End of a pause of everything that comes in, and of all that goes out. Unit: Unix seconds.
    in_paused_until: Option<u64>,
    out_paused_until: Option<u64>,
    roots: Vec<Root>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Root {
    root_id: u8,
    name: String,
    /// EIP-155.
    chain_id: u64,
    bridge: Account,
    code_hash: B256,
    /// The token there that is BTT here.
    btt: Option<Account>,
    /// BTT that can still leave for it. Unit: wei.
    btt_locked: Decimal,
    enabled: bool,
    in_paused_until: Option<u64>,
    out_paused_until: Option<u64>,
    /// Records carried out, and those that more than two thirds of the power vouch for.
    executed: u64,
    accepted: u64,
    accepted_chain: B256,
    /// Deposits that could not be delivered: how many, and the first of them; none where this node lacks the logs.
    kept_count: Option<usize>,
    kept: Vec<u64>,
    /// What the members of the set said in this epoch and what is not accepted yet.
    votes: Vec<Vote>,
    total_power: u64,
    relay: Option<Relay>,
    note: Option<&'static str>,
}

/// A member's word in this epoch.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Vote {
    signer: Account,
    power: u64,
    /// It vouches for the records below this number, whose running hash is that.
    to: u64,
    chain_hash: Option<B256>,
}

/// What the relayer of this node sees.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Relay {
    final_head: Option<Seen>,
    checkpoint: Option<Seen>,
    trusted_height: Option<Height>,
    stopped: bool,
    paused_until: Option<u64>,
    records: Option<u64>,
    fee_balance: Option<Decimal>,
    fee_days: Option<u64>,
    waiting: Option<String>,
    last_error: Option<String>,
    updated_at: u64,
}

impl From<RelayReport> for Relay {
    fn from(of: RelayReport) -> Self {
        Self {
            final_head: of.final_head.map(Seen::from),
            checkpoint: of.checkpoint.map(Seen::from),
            trusted_height: of.trusted_height,
            stopped: of.stopped,
            paused_until: of.paused_until,
            records: of.records,
            fee_balance: of.fee_balance.map(Decimal::from),
            fee_days: of.fee_days,
            waiting: of.waiting,
            last_error: of.last_error,
            updated_at: of.updated_at,
        }
    }
}

/// The contracts with the set of the running epoch.
struct Bridge<'a> {
    api: &'a Api,
    contracts: Contracts<'a>,
    epoch: u64,
    members: Vec<(Address, u64)>,
    /// Running hashes that were vouched for in this epoch, by root chain, signer and number.
    hashes: BTreeMap<(U256, Address, u64), B256>,
}

pub(crate) fn status(api: &Api, args: Args) -> Reply<Status> {
    args.end()?;
    let read = api.read()?;
    let state = read.state()?;
    check_bridge(api, &state)?;
    let contracts = Contracts::at(api, &read, BlockArg::Latest)?;
    let height = contracts.header.number;
    let epoch = contracts.ask(VALIDATOR_SET, &IValidatorSet::epochCall {})?;
    let members = contracts.ask(VALIDATOR_SET, &IValidatorSet::membersCall {})?;
    let members = members.iter().map(|of| (of.signer, of.power.saturating_to())).collect();
    let mut hashes = BTreeMap::new();
    let topic = IBridgeInbox::Attested::SIGNATURE_HASH;
    if epoch.startHeight >= read.kept()?.logs {
        visit(&read, epoch.startHeight..=height, BRIDGE_INBOX, topic, &Patience::of_search(api), |_, receipt| {
            for vote in receipt.logs.iter().filter_map(|log| event::<IBridgeInbox::Attested>(log, BRIDGE_INBOX)) {
                hashes.insert((vote.rootId, vote.signer, vote.to), vote.chainHash);
            }
            Ok(())
        })?;
    }
    let exits = exits_in(&state)?;
    let guardian = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::guardianCall {})?;
    let reserve = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::reserveCall {})?;
    let bridge = Bridge { api, contracts, epoch: epoch.number, members, hashes };
    let roots = root_ids(&state)?.into_iter().map(|root_id| bridge.root(root_id)).collect::<Reply<_>>()?;
    Ok(Status {
        height,
        epoch: bridge.epoch,
        reserve: reserve.into(),
        guardian: Some(guardian).filter(|guardian| !guardian.is_zero()).map(Account::from),
        exit_count: exits.count,
        exit_root: exits.root,
        in_paused_until: in_paused(&bridge.contracts, EVERYTHING)?,
        out_paused_until: out_paused(&bridge.contracts, EVERYTHING)?,
        roots,
    })
}

impl Bridge<'_> {
    fn root(&self, root_id: u8) -> Reply<Root> {
        let id = U256::from(root_id);
        let view = self.contracts.ask(BRIDGE_INBOX, &IBridgeInbox::rootChainCall { rootId: id })?;
        let mut votes = Vec::new();
        for (signer, power) in &self.members {
            let vote = self.contracts.ask(BRIDGE_INBOX, &IBridgeInbox::voteOfCall { rootId: id, signer: *signer })?;
            if vote.epoch == self.epoch && vote.to > view.accepted {
                let chain_hash = self.hashes.get(&(id, *signer, vote.to)).copied();
                votes.push(Vote { signer: (*signer).into(), power: *power, to: vote.to, chain_hash });
            }
        }
        // Where the logs are not there, or not read yet, the rest is told all the same.
        let kept = self.api.bridge.up_to_date(self.api).ok().filter(|(known, _)| known.begun == 0);
        let kept: Option<Vec<u64>> = kept.map(|(known, _)| known.kept(root_id).collect());
        let report = self.api.root_view(root_id).and_then(|roots| roots.report(root_id));
        Ok(Root {
            root_id,
            name: root_name(root_id),
            chain_id: view.chainId,
            bridge: view.bridge.into(),
            code_hash: view.codeHash,
            btt: Some(view.btt).filter(|btt| !btt.is_zero()).map(Account::from),
            btt_locked: view.bttLocked.into(),
            enabled: view.enabled,
            in_paused_until: in_paused(&self.contracts, id)?,
            out_paused_until: out_paused(&self.contracts, id)?,
            executed: view.executed,
            accepted: view.accepted,
            accepted_chain: view.acceptedChain,
            kept_count: kept.as_ref().map(Vec::len),
            kept: kept.into_iter().flatten().take(KEPT).collect(),
            votes,
            total_power: self.members.iter().fold(0, |sum: u64, (_, power)| sum.saturating_add(*power)),
            note: report.is_none().then_some(NOT_WATCHED),
            relay: report.map(Relay::from),
        })
    }
}

/// End of a pause of what comes in, if it is not over.
pub(crate) fn in_paused(contracts: &Contracts<'_>, what: U256) -> Reply<Option<u64>> {
    let until = contracts.ask(BRIDGE_INBOX, &IBridgeInbox::pausedUntilCall { what })?;
    Ok(Some(until).filter(|until| *until > contracts.header.timestamp))
}

/// The same of what goes out.
pub(crate) fn out_paused(contracts: &Contracts<'_>, what: U256) -> Reply<Option<u64>> {
    let until = contracts.ask(BRIDGE_OUTBOX, &IBridgeOutbox::pausedUntilCall { what })?;
    Ok(Some(until).filter(|until| *until > contracts.header.timestamp))
}
