//! What a transaction did, read from the events of `Governor`, `Timelock`, `Params` and `Treasury`.

use super::{show, who::Names};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolEvent, SolEventInterface};
use bttc_contracts::{
    addresses::{GOVERNOR, PARAMS, TIMELOCK, TREASURY},
    governance::choice_name,
    governor::IGovernor::IGovernorEvents,
    param_units,
    params::IParams::IParamsEvents,
    timelock::ITimelock,
    treasury::ITreasury,
};
use bttc_primitives::format_btt;
use serde_json::{Value, json};

/// One event that people care for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name in the contract.
    name: &'static str,
    proposal: Option<U256>,
    /// Validator or account.
    who: Option<Address>,
    amount: Option<U256>,
    choice: Option<&'static str>,
    /// Unix seconds.
    from: Option<u64>,
    /// Unix seconds.
    until: Option<u64>,
    /// What happened, where the fields do not say it.
    text: String,
}

pub(crate) fn of_log(address: Address, topics: &[B256], data: &[u8]) -> Option<Event> {
    match address {
        GOVERNOR => governor(IGovernorEvents::decode_raw_log(topics, data).ok()?),
        PARAMS => params(IParamsEvents::decode_raw_log(topics, data).ok()?),
        TIMELOCK => {
            let of = ITimelock::Executed::decode_raw_log(topics.iter().copied(), data).ok()?;
            Some(Event { name: "Executed", proposal: Some(of.id), ..Event::default() })
        }
        TREASURY => {
            let of = ITreasury::Spent::decode_raw_log(topics.iter().copied(), data).ok()?;
            Some(Event { name: "Spent", who: Some(of.to), amount: Some(of.amount), ..Event::default() })
        }
        _ => None,
    }
}

fn governor(event: IGovernorEvents) -> Option<Event> {
    use IGovernorEvents as E;
    let none = Event::default();
    let some = |name, id| Event { name, proposal: Some(id), ..Event::default() };
    Some(match event {
        E::Proposed(e) => Event { who: Some(e.proposer), ..some("Proposed", e.id) },
        E::Deposited(e) => Event {
            who: Some(e.from),
            amount: Some(e.amount),
            text: format!("{} of {}", format_btt(e.total), format_btt(e.needed)),
            ..some("Deposited", e.id)
        },
        E::VoteScheduled(e) => Event {
            from: Some(e.start.saturating_to()),
            until: Some(e.end.saturating_to()),
            ..some("VoteScheduled", e.id)
        },
        E::VoteExtended(e) => Event { until: Some(e.end.saturating_to()), ..some("VoteExtended", e.id) },
        E::Canceled(e) => some("Canceled", e.id),
        E::Queued(e) => Event { from: Some(e.eta), until: Some(e.expiry), ..some("Queued", e.id) },
        E::DepositReturned(e) => Event { who: Some(e.to), amount: Some(e.amount), ..some("DepositReturned", e.id) },
        E::DepositBurned(e) => Event { amount: Some(e.amount), ..some("DepositBurned", e.id) },
        E::PoolVoted(e) => Event {
            name: "PoolVoted",
            proposal: Some(e.id),
            who: Some(e.operator),
            amount: Some(e.weight),
            choice: choice_name(e.choice),
            ..none
        },
        E::Voted(e) => Event {
            name: "Voted",
            proposal: Some(e.id),
            who: Some(e.operator),
            amount: Some(e.weight),
            choice: choice_name(e.choice),
            ..none
        },
    })
}

fn params(event: IParamsEvents) -> Option<Event> {
    use IParamsEvents as E;
    let told = |name, text| Some(Event { name, text, ..Event::default() });
    match event {
        E::ParamSet(e) => {
            let id = e.id.saturating_to();
            let value = |value| param_units::format(id, value);
            let (name, old, new) = (param_units::spelling(id), value(e.oldValue), value(e.newValue));
            told("ParamSet", format!("{name} changes from {old} to {new} when the running epoch closes"))
        }
        E::ForkPlanned(e) => {
            let time = show::time(e.time.saturating_to());
            told("ForkPlanned", format!("the fork {:?} is planned for {time}", show::clean(&e.name)))
        }
        E::ForkCanceled(e) => {
            told("ForkCanceled", format!("the plan of the fork {:?} is taken back", show::clean(&e.name)))
        }
        E::ParamInForce(_) => None,
    }
}

impl Event {
    pub(crate) fn sentence(&self, names: &Names) -> String {
        let id = self.proposal.unwrap_or_default();
        let who = self.who.map(|who| names.show(who)).unwrap_or_default();
        let amount = format_btt(self.amount.unwrap_or_default());
        let choice = self.choice.unwrap_or("unknown");
        let at = |time: Option<u64>| show::time(time.unwrap_or_default());
        match self.name {
            "Proposed" => format!("proposal {id} is made"),
            "Deposited" => format!("{amount} added to the deposit of proposal {id}, which has {}", self.text),
            "VoteScheduled" => format!(
                "the deposit is complete; the vote on proposal {id} begins with the first epoch after {} and ends at {}",
                at(self.from),
                at(self.until)
            ),
            "VoteExtended" => format!("the quorum came late; the vote on proposal {id} now ends at {}", at(self.until)),
            "Canceled" => format!("proposal {id} is taken back"),
            "Queued" => {
                format!("proposal {id} waits; anybody may execute it from {} until {}", at(self.from), at(self.until))
            }
            "Executed" => format!("proposal {id} is carried out"),
            "DepositReturned" => format!("{amount} of proposal {id} go back to {who}"),
            "DepositBurned" => format!("the deposit of proposal {id}, {amount}, is burned"),
            "PoolVoted" => format!("{who} votes {choice} on proposal {id}, with {amount}"),
            "Voted" => format!("your {amount} at {who} vote {choice} on proposal {id}"),
            "Spent" => format!("the treasury pays {amount} to {who}"),
            _ => self.text.clone(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "proposal": self.proposal.map(|id| id.saturating_to::<u64>()),
            "who": self.who.map(|who| who.to_string()),
            "amount": self.amount.map(|amount| amount.to_string()),
            "choice": self.choice,
            "from": self.from,
            "until": self.until,
            "text": (!self.text.is_empty()).then_some(&self.text),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use bttc_contracts::{governor::IGovernor, params::IParams};

    #[test]
    fn events_of_governance_are_told_and_others_are_not() {
        let data = IGovernor::Voted {
            id: U256::from(4),
            delegator: Address::repeat_byte(1),
            operator: Address::repeat_byte(2),
            choice: 2,
            weight: U256::from(10u64).pow(U256::from(18)),
        }
        .encode_log_data();
        let event = of_log(GOVERNOR, data.topics(), &data.data).unwrap();
        let text = event.sentence(&Names::default());
        assert_eq!(text, format!("your 1 BTT at {} vote against on proposal 4", Address::repeat_byte(2)));
        assert_eq!((&event.json()["proposal"], &event.json()["choice"]), (&json!(4), &json!("against")));
        assert_eq!(of_log(PARAMS, data.topics(), &data.data), None);
        assert_eq!(of_log(Address::ZERO, data.topics(), &data.data), None);
        let set = IParams::ParamSet { id: U256::from(15), oldValue: U256::from(86_400), newValue: U256::from(172_800) };
        let data = set.encode_log_data();
        let text = of_log(PARAMS, data.topics(), &data.data).unwrap().sentence(&Names::default());
        assert_eq!(text, "commissionNotice changes from 1 d to 2 d when the running epoch closes");
    }
}
