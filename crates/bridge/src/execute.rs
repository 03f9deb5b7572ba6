//! Carries out accepted records, in order (docs/bridge.md, "Execution").
//!
//! Anybody may; the turn goes round, so that one pays and the next one steps in if it does not. A call takes deposits up to the next metadata
//! record, or one metadata record, and behind them the hashes of the records up to the accepted one.

use crate::{
    leader,
    ledger::Ledger,
    records::{Metadata, Record},
    side::{
        SideChain, SideError,
        account::{Sent, SideAccount, SideCall},
        views::Epoch,
    },
};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use bttc_contracts::{addresses::BRIDGE_INBOX, bridge::IBridgeInbox};
use std::time::Duration;
use tokio::{sync::Mutex, time::Instant};

/// Gas beside that of the records. `BridgeInbox` wants 400,000 to be left before a delivery. Unit: gas.
const GAS_BASE: u64 = 900_000;
/// Gas of a deposit: the first one of a token makes it. Unit: gas.
const GAS_DEPOSIT: u64 = 350_000;
/// Gas of a hash in `rest`, its call data included. Unit: gas.
const GAS_REST: u64 = 2_500;
/// No transaction has more (EIP-7825). Unit: gas.
const GAS_MOST: u64 = 16_777_216;
/// Most deposits of a call.
pub const MOST_DEPOSITS: usize = 32;

/// The next call that carries out records, and how many; none if there is nothing to do, or records are not known here.
pub fn next_call(ledger: &Ledger, root_id: u8, executed: u64, accepted: u64) -> Option<(SideCall, u64)> {
    let first = ledger.get(executed).filter(|_| executed < accepted)?;
    let root = U256::from(root_id);
    if let Record::Metadata(metadata) = &first.record {
        let rest = hashes(ledger, executed.saturating_add(1), accepted)?;
        let gas = gas(1, &rest);
        return Some((SideCall { to: BRIDGE_INBOX, data: metadata_call(root, metadata, rest).into(), gas }, 1));
    }
    let mut deposits = Vec::new();
    let mut next = executed;
    while next < accepted && deposits.len() < MOST_DEPOSITS {
        let Record::Deposit(deposit) = &ledger.get(next)?.record else { break };
        deposits.push(IBridgeInbox::Deposit {
            token: deposit.token,
            from: deposit.from,
            to: deposit.to,
            amount: deposit.amount,
        });
        next = next.saturating_add(1);
    }
    let rest = hashes(ledger, next, accepted)?;
    let count = next.saturating_sub(executed);
    let gas = gas(count, &rest);
    let data = if rest.is_empty() {
        IBridgeInbox::executeCall { rootId: root, deposits }.abi_encode()
    } else {
        IBridgeInbox::executePartCall { rootId: root, deposits, rest }.abi_encode()
    };
    Some((SideCall { to: BRIDGE_INBOX, data: data.into(), gas }, count))
}

fn hashes(ledger: &Ledger, from: u64, to: u64) -> Option<Vec<B256>> {
    (from..to).map(|nonce| ledger.get(nonce).map(|seen| seen.hash)).collect()
}

fn gas(count: u64, rest: &[B256]) -> u64 {
    let rest = u64::try_from(rest.len()).unwrap_or(u64::MAX).saturating_mul(GAS_REST);
    GAS_BASE.saturating_add(count.saturating_mul(GAS_DEPOSIT)).saturating_add(rest).min(GAS_MOST)
}

/// `executeMetadata` with names that may be no text: to the contract they are bytes as well.
fn metadata_call(root: U256, metadata: &Metadata, rest: Vec<B256>) -> Vec<u8> {
    let Metadata { token, name, symbol, decimals } = metadata;
    let arguments = (root, (*token, name.clone(), symbol.clone(), U256::from(*decimals)), rest).abi_encode_params();
    [IBridgeInbox::executeMetadataCall::SELECTOR.as_slice(), &arguments].concat()
}

/// Carries out the records of one root chain.
#[derive(Debug)]
pub struct Executor {
    root_id: u8,
    /// Consensus address of this validator, if it is one: its place in the order.
    own: Option<Address>,
    takeover: Duration,
    since: Option<(u64, Instant)>,
}

impl Executor {
    /// The turn goes to the next one after `takeover`.
    pub const fn new(root_id: u8, own: Option<Address>, takeover: Duration) -> Self {
        Self { root_id, own, takeover, since: None }
    }

    /// Sends one call, if records wait and it is our turn. Answers how many records it carried out.
    ///
    /// Errors: [`SideError::Reverted`] if they cannot be carried out now, such as while the root chain is paused.
    pub async fn step<S: SideChain>(
        &mut self,
        side: &S,
        account: &Mutex<SideAccount>,
        ledger: &Ledger,
        view: &IBridgeInbox::RootView,
        epoch: &Epoch,
    ) -> Result<u64, SideError> {
        let Some((call, count)) =
            next_call(ledger, self.root_id, view.executed, view.accepted).filter(|_| view.enabled)
        else {
            self.since = None;
            return Ok(0);
        };
        let now = Instant::now();
        let since = self.since.filter(|(executed, _)| *executed == view.executed).map_or(now, |(_, since)| since);
        self.since = Some((view.executed, since));
        // One carries out all that was accepted at once, so that the turn need not be waited for at each call.
        let key = keccak256((U256::from(self.root_id), view.accepted).abi_encode());
        let wait = leader::wait(leader::rank(key, &epoch.members, self.own), self.takeover);
        if now.saturating_duration_since(since) < wait {
            return Ok(0);
        }
        let mut account = account.lock().await;
        side.call(Some(account.address()), call.to, call.data.clone()).await?;
        let sent = account.send(side, call).await?;
        tracing::info!(
            root = self.root_id,
            first = view.executed,
            count,
            ?sent,
            "carried out records of the root chain"
        );
        Ok(if matches!(sent, Sent::Done(_)) { count } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Deposit, RecordsOf};
    use alloy_primitives::Bytes;

    fn deposit(n: u64) -> Record {
        let who = Address::repeat_byte(2);
        Record::Deposit(Deposit { token: who, from: who, to: who, amount: U256::from(n) })
    }

    fn names(name: &'static [u8]) -> Record {
        let token = Address::repeat_byte(3);
        Record::Metadata(Metadata {
            token,
            name: Bytes::from_static(name),
            symbol: Bytes::from_static(b"S"),
            decimals: 7,
        })
    }

    fn ledger(records: Vec<Record>) -> Ledger {
        let of = RecordsOf { side_chain_id: 1, root_id: 1, bridge: Address::repeat_byte(1) };
        let mut ledger = Ledger::new(of, 0);
        for record in records {
            ledger.push(record, 0, B256::ZERO);
        }
        ledger
    }

    #[test]
    fn calls_stop_at_names_and_at_the_batch() {
        let mut records: Vec<_> = (0..40).map(deposit).collect();
        records.push(names(b"Coin"));
        records.push(deposit(41));
        let ledger = ledger(records);
        assert_eq!(next_call(&ledger, 1, 42, 42), None);
        assert_eq!(next_call(&ledger, 1, 0, 43), None, "the last record is not known");

        let (call, count) = next_call(&ledger, 1, 0, 42).unwrap();
        let part = IBridgeInbox::executePartCall::abi_decode(&call.data).unwrap();
        assert_eq!((count, part.deposits.len(), part.rest.len()), (32, 32, 10));
        assert_eq!(part.rest[0], ledger.get(32).unwrap().hash);

        let (call, count) = next_call(&ledger, 1, 32, 42).unwrap();
        let part = IBridgeInbox::executePartCall::abi_decode(&call.data).unwrap();
        assert_eq!((count, part.deposits.len(), part.rest.len()), (8, 8, 2));

        let (call, count) = next_call(&ledger, 1, 40, 42).unwrap();
        let part = IBridgeInbox::executeMetadataCall::abi_decode(&call.data).unwrap();
        assert_eq!((count, part.metadata.name.as_str(), part.metadata.decimals, part.rest.len()), (1, "Coin", 7, 1));

        let (call, count) = next_call(&ledger, 1, 41, 42).unwrap();
        let whole = IBridgeInbox::executeCall::abi_decode(&call.data).unwrap();
        assert_eq!((count, whole.deposits[0].amount), (1, U256::from(41)));
        assert!(call.gas >= 400_000 + GAS_DEPOSIT);
    }

    #[test]
    fn names_that_are_no_text_go_out_as_they_came_in() {
        let ledger = ledger(vec![names(b"\xff\x00\xfe")]);
        let (call, _) = next_call(&ledger, 1, 0, 1).unwrap();
        assert!(call.data.windows(3).any(|bytes| bytes == b"\xff\x00\xfe"));
        assert_eq!(call.data[..4], IBridgeInbox::executeMetadataCall::SELECTOR);
    }

    #[test]
    fn gas_never_passes_the_limit_of_a_transaction() {
        let ledger = ledger((0..1_024).map(deposit).collect());
        let (call, _) = next_call(&ledger, 1, 0, 1_024).unwrap();
        assert!(call.gas <= GAS_MOST && call.gas >= GAS_BASE + 32 * GAS_DEPOSIT, "{}", call.gas);
    }
}
