//! Calls of the bridge in words, from their bytes alone.

use super::show;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolInterface;
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, BRIDGE_OUTBOX},
    bridge::{IBridgeInbox::IBridgeInboxCalls, IBridgeOutbox::IBridgeOutboxCalls},
};
use bttc_primitives::{format_btt, format_tron};

/// What the call does; none if it is not one that people make.
pub(crate) fn call(to: Address, data: &[u8], value: U256) -> Option<String> {
    match to {
        BRIDGE_OUTBOX => match IBridgeOutboxCalls::abi_decode(data).ok()? {
            IBridgeOutboxCalls::exit(c) => {
                let what = match c.token {
                    Address::ZERO => format_btt(value),
                    token => format!("{} (in the smallest unit) of the token {token}", c.amount),
                };
                Some(format!("sends {what} to {} on {}", account(c.rootId, c.to), root(c.rootId)))
            }
            _ => None,
        },
        BRIDGE_INBOX => match IBridgeInboxCalls::abi_decode(data).ok()? {
            IBridgeInboxCalls::replay(c) => {
                let to = show::address(c.deposit.to);
                Some(format!("delivers the kept deposit {} of {} to {to}", c.nonce, root(c.rootId)))
            }
            IBridgeInboxCalls::refund(c) => {
                let to = account(c.rootId, c.deposit.from);
                Some(format!("sends the kept deposit {} of {} back to {to} there", c.nonce, root(c.rootId)))
            }
            _ => None,
        },
        _ => None,
    }
}

/// A root chain by its number.
pub(crate) fn root(id: U256) -> String {
    match id.saturating_to::<u64>() {
        1 => "ethereum".to_owned(),
        2 => "tron".to_owned(),
        other => format!("root chain {other}"),
    }
}

/// An account as its root chain writes it.
pub(crate) fn account(root_id: U256, account: Address) -> String {
    match root_id.saturating_to::<u64>() {
        2 => format_tron(account),
        _ => account.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_sol_types::SolCall;
    use bttc_contracts::bridge::{IBridgeInbox, IBridgeOutbox};

    #[test]
    fn calls_are_told_from_their_bytes() {
        let (to, btt) = (Address::repeat_byte(1), U256::from(10u64).pow(U256::from(18)));
        let exit = |token, root_id| {
            IBridgeOutbox::exitCall { rootId: U256::from(root_id), token, to, amount: btt }.abi_encode()
        };
        let text = call(BRIDGE_OUTBOX, &exit(Address::ZERO, 2), btt).unwrap();
        assert_eq!(text, format!("sends 1 BTT to {} on tron", format_tron(to)));
        let text = call(BRIDGE_OUTBOX, &exit(Address::repeat_byte(9), 1), U256::ZERO).unwrap();
        assert!(text.contains("1000000000000000000 (in the smallest unit)") && text.ends_with("on ethereum"), "{text}");
        let deposit = IBridgeInbox::Deposit { token: to, from: to, to, amount: btt };
        let refund = IBridgeInbox::refundCall { rootId: U256::from(2), nonce: 7, deposit };
        assert!(call(BRIDGE_INBOX, &refund.abi_encode(), U256::ZERO).unwrap().contains(&format_tron(to)));
        assert!(call(Address::ZERO, &exit(Address::ZERO, 2), btt).is_none());
        assert!(call(BRIDGE_INBOX, &IBridgeInbox::reserveCall {}.abi_encode(), U256::ZERO).is_none());
        assert!(call(BRIDGE_OUTBOX, &[1], U256::ZERO).is_none());
    }
}
