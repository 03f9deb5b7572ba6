//! Parts of a proposal as `btt_proposal` writes them.

use crate::{
    error::Reply,
    staking_values::{Account, BASIS, Decimal, in_btt, part, small},
};
use alloy_primitives::{B256, Bytes, U256};
use bttc_contracts::{
    governance::{Action, DEPOSIT_PERIOD, state_name, system_contract_name},
    governor::IGovernor::{self, State},
    param_table::name_and_unit,
    timelock::ITimelock::Operation,
};
use serde::Serialize;

/// The name of the state; `executable` once the delay of a queued proposal is over.
pub(crate) fn status_of(state: State, waits: &Operation, now: u64) -> &'static str {
    match state {
        State::Queued if now >= waits.eta => "executable",
        state => state_name(state),
    }
}

/// A status in words, with what can be done.
pub(crate) fn in_words(status: &str, deposit: &Deposit, times: &Times) -> String {
    match status {
        "deposit" => format!(
            "{} of the deposit are missing; anybody may pay it until the time depositEnd",
            in_btt(deposit.needed.0.saturating_sub(deposit.paid.0))
        ),
        "lapsed" => "the deposit was not complete in time; who paid may take it back".to_owned(),
        "canceled" => "its proposer took it back before the vote; who paid the deposit may take it back".to_owned(),
        "waiting" => "the deposit is complete; the vote begins with the next epoch".to_owned(),
        "voting" => "the vote is open until the time voteEnd".to_owned(),
        "noQuorum" => "too few took part; the deposit is burned by whoever asks for it".to_owned(),
        "vetoed" => "a third or more of the votes were vetoes; the deposit is burned by whoever asks for it".to_owned(),
        "defeated" => "for had no majority; who paid the deposit may take it back".to_owned(),
        "succeeded" => "it passed; anybody may queue it until the time queueUntil".to_owned(),
        "queued" => "it passed and waits; anybody may execute it from the time executableFrom on".to_owned(),
        "executable" => {
            "it passed and its wait is over; anybody may execute it until the time executableUntil".to_owned()
        }
        "executed" => "it was carried out; who paid the deposit may take it back".to_owned(),
        "expired" if times.executable_until.is_some() => "it passed but was not executed in time".to_owned(),
        "expired" => "it passed but was not queued in time".to_owned(),
        other => format!("{other}: this program does not know this status; a newer one may"),
    }
}

/// The money behind a proposal.
#[derive(Clone, Serialize)]
pub(crate) struct Deposit {
    paid: Decimal,
    needed: Decimal,
    burned: bool,
}

impl Deposit {
    pub(crate) fn of(of: &IGovernor::Proposal) -> Self {
        let wei = |amount: alloy_primitives::aliases::U104| Decimal(U256::from(amount));
        Self { paid: wei(of.deposit), needed: wei(of.depositNeeded), burned: of.burned }
    }
}

/// When what happens or happened. Unit: Unix seconds; none if it is not known yet.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Times {
    proposed: u64,
    deposit_end: u64,
    /// The vote begins with the first block of the epoch after the deposit was complete: not before this.
    vote_start: Option<u64>,
    vote_end: Option<u64>,
    queue_until: Option<u64>,
    executable_from: Option<u64>,
    executable_until: Option<u64>,
}

impl Times {
    pub(crate) fn of(of: &IGovernor::Proposal, waits: &Operation) -> Reply<Self> {
        let time = |time| small(U256::from(time), "a time of");
        let (deposit_end, start, end) = (time(of.depositEnd)?, time(of.voteStart)?, time(of.voteEnd)?);
        let scheduled = end > 0;
        let queued = waits.hash != B256::ZERO;
        Ok(Self {
            proposed: deposit_end.saturating_sub(DEPOSIT_PERIOD),
            deposit_end,
            vote_start: scheduled.then_some(start),
            vote_end: scheduled.then_some(end),
            queue_until: scheduled.then(|| end.saturating_add(of.window.into())),
            executable_from: queued.then_some(waits.eta),
            executable_until: queued.then_some(waits.expiry),
        })
    }

    pub(crate) const fn is_scheduled(&self) -> bool {
        self.vote_end.is_some()
    }
}

/// Votes, in wei and in basis points of the stake in the snapshot.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tally {
    r#for: Decimal,
    against: Decimal,
    abstain: Decimal,
    veto: Decimal,
    for_bp: u64,
    against_bp: u64,
    abstain_bp: u64,
    veto_bp: u64,
    /// Stake of the set; zero until the vote begins.
    total: Decimal,
    turnout_bp: u64,
    /// Votes that make a quorum, and the part of the stake that they are.
    quorum: Decimal,
    quorum_bp: u64,
    quorum_reached: bool,
    /// Vetoes reject from this part of all votes on.
    veto_bound_bp: u64,
    /// The end was moved because the quorum came late.
    extended: bool,
}

impl Tally {
    pub(crate) fn of(of: &IGovernor::Proposal, told: &IGovernor::tallyReturn) -> Reply<Self> {
        let votes = &told.votes;
        let points = |amount: U256| small(part(amount, U256::from(BASIS), told.total)?, "a part of");
        let wei = |votes: u128| U256::from(votes);
        let (inf, against, abstain, veto) =
            (wei(votes.inFavour), wei(votes.against), wei(votes.abstain), wei(votes.veto));
        let all = [inf, against, abstain, veto].into_iter().fold(U256::ZERO, U256::saturating_add);
        Ok(Self {
            r#for: inf.into(),
            against: against.into(),
            abstain: abstain.into(),
            veto: veto.into(),
            for_bp: points(inf)?,
            against_bp: points(against)?,
            abstain_bp: points(abstain)?,
            veto_bp: points(veto)?,
            total: told.total.into(),
            turnout_bp: points(all)?,
            quorum: told.quorumVotes.into(),
            quorum_bp: of.quorum.into(),
            quorum_reached: of.quorate,
            veto_bound_bp: of.veto.into(),
            extended: of.extended,
        })
    }
}

/// What a proposal does, taken apart; `target` and `data` are what the timelock calls.
#[derive(Clone, Serialize)]
pub(crate) struct ActionRow {
    target: Account,
    data: Bytes,
    #[serde(flatten)]
    what: What,
}

#[derive(Clone, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum What {
    SetParam {
        id: u64,
        name: Option<&'static str>,
        unit: Option<&'static str>,
        /// In force now, or before it was executed; none if the node no longer has the log of that.
        old: Option<Decimal>,
        new: Decimal,
    },
    PlanFork {
        name: String,
        time: u64,
    },
    CancelFork,
    Spend {
        to: Account,
        amount: Decimal,
        /// `funds` or `programmes`.
        from: &'static str,
    },
    SetRoot {
        round: Decimal,
        root: B256,
    },
    Upgrade {
        proxy: Account,
        /// Name of the contract.
        name: Option<&'static str>,
        implementation: Account,
        /// What the new code is called with.
        call: Bytes,
    },
    Call,
}

impl ActionRow {
    pub(crate) fn of(action: Action, before: &impl Fn(u64) -> Option<U256>) -> Self {
        let (target, data) = action.call();
        let what = match action {
            Action::SetParam { id, value } => {
                let known = name_and_unit(id);
                let (name, unit) = (known.map(|(name, _)| name), known.map(|(_, unit)| unit));
                What::SetParam { id, name, unit, old: before(id).map(Decimal), new: value.into() }
            }
            Action::PlanFork { name, time } => What::PlanFork { name, time },
            Action::CancelFork => What::CancelFork,
            Action::Spend { to, amount, programme } => {
                let from = if programme { "programmes" } else { "funds" };
                What::Spend { to: to.into(), amount: amount.into(), from }
            }
            Action::SetRoot { round, root } => What::SetRoot { round: round.into(), root },
            Action::Upgrade { proxy, implementation, data } => What::Upgrade {
                proxy: proxy.into(),
                name: system_contract_name(proxy),
                implementation: implementation.into(),
                call: data,
            },
            Action::Call { .. } => What::Call,
        };
        Self { target: target.into(), data, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;
    use serde_json::json;

    #[test]
    fn a_queued_proposal_is_executable_once_its_wait_is_over() {
        let waits = Operation { hash: B256::repeat_byte(1), eta: 10, expiry: 20, lane: 0, done: false };
        assert_eq!(status_of(State::Queued, &waits, 9), "queued");
        assert_eq!(status_of(State::Queued, &waits, 10), "executable");
        assert_eq!(status_of(State::Executed, &waits, 10), "executed");
    }

    #[test]
    fn actions_are_told_by_kind() {
        let row = ActionRow::of(Action::SetParam { id: 0, value: U256::from(5) }, &|id| Some(U256::from(id + 7)));
        let json = json!(row);
        assert_eq!((&json["kind"], &json["name"]), (&json!("setParam"), &json!("MIN_BASE_FEE")));
        assert_eq!((&json["old"], &json["new"]), (&json!("7"), &json!("5")));
        let to = Address::repeat_byte(9);
        let spend = Action::Spend { to, amount: U256::from(3), programme: true };
        let json = json!(ActionRow::of(spend, &|_| None));
        assert_eq!(
            (&json["kind"], &json["from"], &json["amount"]),
            (&json!("spend"), &json!("programmes"), &json!("3"))
        );
        let json = json!(ActionRow::of(Action::Call { to, data: Bytes::from_static(&[1]) }, &|_| None));
        assert_eq!(json, json!({ "target": to.to_checksum(None), "data": "0x01", "kind": "call" }));
    }
}
