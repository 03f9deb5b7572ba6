//! What a transaction did, read from the events of the contracts in its receipt.

use super::{events_bridge, events_gov, show, who::Names};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolEventInterface;
use bttc_contracts::{addresses::STAKING, staking::IStaking::IStakingEvents};
use bttc_primitives::format_btt;
use serde::Deserialize;
use serde_json::{Value, json};

/// One event that people care for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name in the contract.
    pub(crate) name: &'static str,
    operator: Address,
    amount: Option<U256>,
    id: Option<U256>,
    /// Unix seconds.
    unlock: Option<u64>,
    lost: U256,
}

#[derive(Debug, Deserialize)]
struct Log {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
}

/// An event of a contract that is known here.
#[derive(Debug)]
pub(crate) enum Known {
    Staking(Event),
    Governance(events_gov::Event),
    Bridge(events_bridge::Event),
}

impl Known {
    pub(crate) fn sentence(&self, names: &Names) -> String {
        match self {
            Self::Staking(event) => event.sentence(names),
            Self::Governance(event) => event.sentence(names),
            Self::Bridge(event) => event.sentence(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Staking(event) => event.json(),
            Self::Governance(event) => event.json(),
            Self::Bridge(event) => event.json(),
        }
    }
}

/// The events of a receipt as JSON-RPC has it; those of other contracts are left out.
pub(crate) fn of_receipt(receipt: &Value) -> Vec<Known> {
    let logs: Vec<Log> = serde_json::from_value(receipt["logs"].clone()).unwrap_or_default();
    let known = |log: &Log| match log.address {
        STAKING => of_log(log).map(Known::Staking),
        other => events_gov::of_log(other, &log.topics, &log.data)
            .map(Known::Governance)
            .or_else(|| events_bridge::of_log(other, &log.topics, &log.data).map(Known::Bridge)),
    };
    logs.iter().filter_map(known).collect()
}

fn of_log(log: &Log) -> Option<Event> {
    use IStakingEvents as E;
    let none = Event::default();
    Some(match E::decode_raw_log(&log.topics, &log.data).ok()? {
        E::Delegated(e) => Event { name: "Delegated", operator: e.operator, amount: Some(e.amount), ..none },
        E::Undelegated(e) => Event {
            name: "Undelegated",
            operator: e.operator,
            amount: Some(e.amount),
            id: Some(e.id),
            unlock: Some(e.unlock),
            ..none
        },
        E::Redelegated(e) => {
            Event { name: "Redelegated", operator: e.to, amount: Some(e.amount), unlock: Some(e.end), ..none }
        }
        E::UnbondingCancelled(e) => Event {
            name: "UnbondingCancelled",
            operator: e.operator,
            amount: Some(e.amount),
            id: Some(e.id),
            lost: e.lost,
            ..none
        },
        E::Withdrawn(e) => Event {
            name: "Withdrawn",
            operator: e.operator,
            amount: Some(e.amount),
            id: Some(e.id),
            lost: e.lost,
            ..none
        },
        E::Claimed(e) => Event { name: "Claimed", operator: e.operator, amount: Some(e.amount), ..none },
        E::CommissionClaimed(e) => {
            Event { name: "CommissionClaimed", operator: e.operator, amount: Some(e.amount), ..none }
        }
        E::MovedSlashed(e) => Event { name: "MovedSlashed", operator: e.operator, amount: Some(e.amount), ..none },
        E::ValidatorCreated(e) => {
            Event { name: "ValidatorCreated", operator: e.operator, amount: Some(e.stake), ..none }
        }
        E::ValidatorEdited(e) => Event { name: "ValidatorEdited", operator: e.operator, ..none },
        E::KeyRotated(e) => Event { name: "KeyRotated", operator: e.operator, ..none },
        E::CommissionAnnounced(e) => {
            Event { name: "CommissionAnnounced", operator: e.operator, unlock: Some(e.inForce), ..none }
        }
        E::Unjailed(e) => Event { name: "Unjailed", operator: e.operator, ..none },
        E::Left(e) => Event { name: "Left", operator: e.operator, ..none },
        E::Rejoined(e) => Event { name: "Rejoined", operator: e.operator, ..none },
        _ => return None,
    })
}

impl Event {
    fn sentence(&self, names: &Names) -> String {
        let who = names.show(self.operator);
        let amount = format_btt(self.amount.unwrap_or_default());
        let id = self.id.unwrap_or_default();
        let at = self
            .unlock
            .map(|unlock| format!("{}, {}", show::time(unlock), show::countdown(unlock, show::now())))
            .unwrap_or_default();
        let lost = if self.lost.is_zero() {
            String::new()
        } else {
            format!("; {} was lost to slashes", format_btt(self.lost))
        };
        match self.name {
            "Delegated" => format!("{amount} is staked with {who}; it earns from the next epoch on"),
            "Undelegated" => format!("{amount} leaves {who} as unbonding {id}; paid out from {at}"),
            "Redelegated" => format!("{amount} moved to {who}; it cannot move on before {at}"),
            "UnbondingCancelled" => format!("unbonding {id} is stopped: {amount} is with {who} again{lost}"),
            "Withdrawn" => format!("unbonding {id} is paid out: {amount} from {who}{lost}"),
            "Claimed" => format!("{amount} of rewards from {who} paid out"),
            "CommissionClaimed" => format!("{amount} of commission paid out"),
            "MovedSlashed" => format!("{amount} at {who} was lost to a slash of where it came from"),
            "ValidatorCreated" => format!("{who} is a validator with {amount}; it is elected as an epoch closes"),
            "CommissionAnnounced" => format!("the commission changes at the first closing of an epoch from {at}"),
            "KeyRotated" => "the new consensus key signs from the next epoch on".to_owned(),
            other => format!("{other}: {who}"),
        }
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "operator": self.operator.to_string(),
            "amount": self.amount.map(|amount| amount.to_string()),
            "id": self.id.map(|id| id.saturating_to::<u64>()),
            "time": self.unlock,
            "lost": self.lost.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_sol_types::SolEvent;
    use bttc_contracts::staking::IStaking;

    #[test]
    fn events_of_staking_are_told_and_others_are_not() {
        let btt = U256::from(10u64).pow(U256::from(18));
        let (delegator, operator) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let event = IStaking::Withdrawn { delegator, operator, id: U256::from(3), amount: btt, lost: btt };
        let data = event.encode_log_data();
        let log = |address: Address| json!({ "address": address, "topics": data.topics(), "data": data.data });
        let events = of_receipt(&json!({ "logs": [log(STAKING), log(operator), { "x": 1 }] }));
        assert!(events.is_empty(), "a log that cannot be read spoils the list: {events:?}");
        let events = of_receipt(&json!({ "logs": [log(operator), log(STAKING)] }));
        let [event] = events.as_slice() else { panic!("{events:?}") };
        let text = event.sentence(&Names::default());
        assert_eq!(text, format!("unbonding 3 is paid out: 1 BTT from {operator}; 1 BTT was lost to slashes"));
        assert_eq!(event.json()["id"], 3);
        assert!(of_receipt(&json!({})).is_empty());
    }
}
