//! What a transaction did, read from the events of the bridge's contracts.

use super::{
    describe_bridge::{account, root},
    show,
};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEventInterface;
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, BRIDGE_OUTBOX},
    bridge::{IBridgeInbox::IBridgeInboxEvents, IBridgeOutbox::IBridgeOutboxEvents},
};
use serde_json::{Value, json};

/// One event that people care for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name in the contract.
    name: &'static str,
    root_id: U256,
    /// Index of an exit, or number of a record.
    number: u64,
    to: Option<Address>,
    /// In the token's smallest unit.
    amount: Option<U256>,
    /// Of a refund: the exit that it became.
    exit: Option<u64>,
}

pub(crate) fn of_log(address: Address, topics: &[B256], data: &[u8]) -> Option<Event> {
    match address {
        BRIDGE_OUTBOX => match IBridgeOutboxEvents::decode_raw_log(topics, data).ok()? {
            IBridgeOutboxEvents::Exit(e) => Some(Event {
                name: "Exit",
                root_id: e.rootId,
                number: e.index.saturating_to(),
                to: Some(e.to),
                amount: Some(e.amount),
                exit: None,
            }),
            _ => None,
        },
        BRIDGE_INBOX => match IBridgeInboxEvents::decode_raw_log(topics, data).ok()? {
            IBridgeInboxEvents::Delivered(e) => Some(Event {
                name: "Delivered",
                root_id: e.rootId,
                number: e.nonce,
                to: Some(e.to),
                amount: Some(e.amount),
                exit: None,
            }),
            IBridgeInboxEvents::Refunded(e) => Some(Event {
                name: "Refunded",
                root_id: e.rootId,
                number: e.nonce,
                to: None,
                amount: None,
                exit: Some(e.exitIndex.saturating_to()),
            }),
            _ => None,
        },
        _ => None,
    }
}

impl Event {
    pub(crate) fn sentence(&self) -> String {
        let (root, number) = (root(self.root_id), self.number);
        let to = self.to.unwrap_or_default();
        match self.name {
            "Exit" => format!(
                "exit {number} for {} on {root} is made and final here; follow it with `bttc bridge status {number} --wait`, then `bttc bridge claim {number}`",
                account(self.root_id, to)
            ),
            "Delivered" => format!("deposit {number} of {root} is delivered to {}", show::address(to)),
            _ => {
                let exit = self.exit.unwrap_or_default();
                format!(
                    "deposit {number} of {root} goes back as exit {exit}; follow it with `bttc bridge status {exit} --wait`"
                )
            }
        }
    }

    pub(crate) fn json(&self) -> Value {
        let index = match self.name {
            "Exit" => Some(self.number),
            _ => self.exit,
        };
        json!({
            "name": self.name,
            "rootId": self.root_id.saturating_to::<u64>(),
            "index": index,
            "nonce": (self.name != "Exit").then_some(self.number),
            "to": self.to.map(|to| to.to_string()),
            "amount": self.amount.map(|amount| amount.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_sol_types::SolEvent;
    use bttc_contracts::bridge::{IBridgeInbox, IBridgeOutbox};

    #[test]
    fn events_of_the_bridge_are_told_and_others_are_not() {
        let exit = IBridgeOutbox::Exit {
            index: U256::from(7),
            rootId: U256::from(2),
            rootBridge: Address::repeat_byte(1),
            token: Address::repeat_byte(2),
            from: Address::repeat_byte(3),
            to: Address::repeat_byte(4),
            amount: U256::from(5),
            leaf: B256::ZERO,
        };
        let data = exit.encode_log_data();
        let event = of_log(BRIDGE_OUTBOX, data.topics(), &data.data).unwrap();
        assert!(event.sentence().starts_with("exit 7 for T") && event.sentence().contains("on tron"), "{event:?}");
        assert_eq!((&event.json()["index"], &event.json()["nonce"]), (&json!(7), &Value::Null));
        assert_eq!(of_log(BRIDGE_INBOX, data.topics(), &data.data), None);
        let back = IBridgeInbox::Refunded { rootId: U256::from(1), nonce: 3, exitIndex: U256::from(9) };
        let data = back.encode_log_data();
        let event = of_log(BRIDGE_INBOX, data.topics(), &data.data).unwrap();
        assert_eq!((&event.json()["index"], &event.json()["nonce"]), (&json!(9), &json!(3)));
        assert!(event.sentence().contains("deposit 3 of ethereum goes back as exit 9"));
    }
}
