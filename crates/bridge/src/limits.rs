//! How much of what may pass in a day is left, there and here, of the assets that matter: for alerts.
//!
//! The coin of the root chain, BTT, and the tokens whose value counts for the policy.

use crate::{
    root::RootChain,
    side::{SideChain, views},
    status::{Direction, LimitStatus},
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, BRIDGE_OUTBOX},
    bridge::{IBridgeInbox, IBridgeOutbox},
    root::IRootBridge,
};
use std::collections::BTreeSet;

/// `RootBridge` lets a quarter of a day's limit leave at once.
const BURST_PARTS: U256 = U256::from_limbs([4, 0, 0, 0]);

/// Limits of the coin, of BTT and of `tokens`, as far as somebody answers. An asset that is not listed there, or has no limit here, is left out.
pub(crate) async fn read<R: RootChain, S: SideChain>(
    root: &R,
    side: &S,
    (root_id, bridge): (u8, Address),
    tokens: impl Iterator<Item = Address>,
) -> Vec<LimitStatus> {
    let mut assets: BTreeSet<Address> = tokens.collect();
    assets.insert(Address::ZERO);
    if let Ok(Some(view)) = views::root_chain(side, root_id).await {
        assets.insert(view.btt);
    }
    let id = U256::from(root_id);
    let mut limits = Vec::new();
    for token in assets {
        let mut add = |direction: Direction, left: U256, most: U256| {
            if !most.is_zero() {
                limits.push(LimitStatus { token, direction, left, most });
            }
        };
        let call = IRootBridge::limitsCall { token };
        if let Ok(answer) = root.final_call(bridge, call.abi_encode().into()).await
            && let Ok(there) = IRootBridge::limitsCall::abi_decode_returns(&answer)
        {
            add(Direction::Claim, there.available, there.daily.div_ceil(BURST_PARTS));
        }
        let call = IBridgeInbox::limitOfCall { rootId: id, token };
        if let Ok(coming) = views::ask(side, BRIDGE_INBOX, &call).await {
            add(Direction::Deposit, coming.left, coming.perDay);
        }
        let call = IBridgeOutbox::limitOfCall { rootId: id, token };
        if let Ok(going) = views::ask(side, BRIDGE_OUTBOX, &call).await {
            add(Direction::Exit, going.left, going.perDay);
        }
    }
    limits
}
