//! What this validator vouches for (docs/bridge.md, "Attestation").
//!
//! A vote names a number of records and their running hash. To agree quickly on one pair, a validator joins the highest pair that has votes in
//! this epoch and that it can confirm. Only if there is none it opens one, for all that is final, and not all do so at once: the turn goes round
//! ([`crate::leader`]). If a pair that it has joined is not accepted for long, because others cannot join it any more, it opens a higher one.

use crate::{
    leader,
    ledger::Ledger,
    side::{
        SideChain, SideError,
        account::{Sent, SideAccount, SideCall},
        views::{self, Epoch, Pair},
    },
};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, VALIDATOR_SET},
    bridge::IBridgeInbox,
    validator_set::IValidatorSet,
};
use std::time::Duration;
use tokio::{sync::Mutex, time::Instant};

/// How far a vote may be above what is carried out. Source: `Attestations.sol`.
pub const MAX_AHEAD: u64 = 1_024;
/// Gas of a vote: the first one of an epoch adds up the power of 100 validators. Unit: gas.
const GAS: u64 = 1_500_000;

/// A pair that has votes, as one validator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenPair {
    /// The pair.
    pub pair: Pair,
    /// Whether it vouches for it already.
    pub joined: bool,
}

/// What may be vouched for, the best first; the contract refuses what it may not.
///
/// `open` has the highest first. `may_open`: it is its turn to open a pair; `is_stuck`: the pair that it joined is not accepted for long.
pub fn choose(open: &[OpenPair], ledger: &Ledger, executed: u64, may_open: bool, is_stuck: bool) -> Vec<Pair> {
    let top = ledger.next().min(executed.saturating_add(MAX_AHEAD));
    let confirmed = |open: &&OpenPair| open.pair.to <= top && ledger.chain_at(open.pair.to) == Some(open.pair.chain);
    let own = ledger.chain_at(top).map(|chain| Pair { to: top, chain });
    match open.iter().find(confirmed) {
        Some(best) if !best.joined => vec![best.pair],
        Some(best) => own.filter(|own| is_stuck && own.to > best.pair.to).into_iter().collect(),
        None => own.filter(|_| may_open).into_iter().collect(),
    }
}

/// Whether a pair up to `top` should be opened. Where more is final than may be vouched for, `top` grows with each call that carries some out: a
/// vote for each of them would pay for nothing, as there is enough to carry out.
const fn is_worth_a_vote(known: u64, top: u64, accepted: u64) -> bool {
    top == known || top.saturating_sub(accepted) >= MAX_AHEAD / 2
}

/// Votes of one validator on one root chain.
#[derive(Debug)]
pub struct Attester {
    root_id: u8,
    own: Address,
    takeover: Duration,
    patience: Duration,
    /// Epoch and accepted number for which there is something to say, and since when.
    since: Option<(u64, u64, Instant)>,
    /// When it voted last.
    voted: Option<Instant>,
}

/// How a root chain stands on our chain, for one step.
#[derive(Clone, Copy, Debug)]
pub struct Inbox<'a> {
    /// The root chain.
    pub view: &'a IBridgeInbox::RootView,
    /// The epoch that runs.
    pub epoch: &'a Epoch,
    /// Our head.
    pub head: u64,
}

impl Attester {
    /// For the validator with the consensus address `own`. The turn to open a pair goes to the next one after `takeover`; a pair is stuck
    /// after `patience`.
    pub const fn new(root_id: u8, own: Address, takeover: Duration, patience: Duration) -> Self {
        Self { root_id, own, takeover, patience, since: None, voted: None }
    }

    /// Votes, if there is something to vote for. Answers the pair that it vouched for.
    pub async fn step<S: SideChain>(
        &mut self,
        side: &S,
        account: &Mutex<SideAccount>,
        ledger: &Ledger,
        inbox: Inbox<'_>,
    ) -> Result<Option<Pair>, SideError> {
        let Inbox { view, epoch, head } = inbox;
        let top = ledger.next().min(view.executed.saturating_add(MAX_AHEAD));
        if !view.enabled || top <= view.accepted {
            self.since = None;
            return Ok(None);
        }
        let power = views::ask(side, VALIDATOR_SET, &IValidatorSet::powerOfCall { signer: self.own }).await?;
        if power.is_zero() {
            return Ok(None);
        }
        let now = Instant::now();
        let since = match self.since {
            Some((number, accepted, since)) if (number, accepted) == (epoch.number, view.accepted) => since,
            _ => {
                self.since = Some((epoch.number, view.accepted, now));
                self.voted = None;
                now
            }
        };
        let open = views::open_pairs(side, self.root_id, view.accepted, epoch, head).await?;
        let open: Vec<_> =
            open.into_iter().map(|(pair, voters)| OpenPair { pair, joined: voters.contains(&self.own) }).collect();
        let key = keccak256((U256::from(self.root_id), epoch.number, view.accepted).abi_encode());
        let wait = leader::wait(leader::rank(key, &epoch.members, Some(self.own)), self.takeover);
        let may_open =
            now.saturating_duration_since(since) >= wait && is_worth_a_vote(ledger.next(), top, view.accepted);
        let is_stuck = now.saturating_duration_since(self.voted.unwrap_or(since)) >= self.patience.saturating_add(wait);
        for pair in choose(&open, ledger, view.executed, may_open, is_stuck) {
            if self.vote(side, account, pair).await? {
                self.voted = Some(Instant::now());
                return Ok(Some(pair));
            }
        }
        Ok(None)
    }

    async fn vote<S: SideChain>(&self, side: &S, account: &Mutex<SideAccount>, pair: Pair) -> Result<bool, SideError> {
        let call = IBridgeInbox::attestCall { rootId: U256::from(self.root_id), to: pair.to, chainHash: pair.chain };
        let data = call.abi_encode();
        // What the contract refuses now would cost a fee for nothing: a vote that does not go forward, for one.
        match side.call(Some(self.own), BRIDGE_INBOX, data.clone().into()).await {
            Err(SideError::Reverted { reason, .. }) => {
                tracing::debug!(root = self.root_id, to = pair.to, reason, "this vote is not taken now");
                return Ok(false);
            }
            other => other?,
        };
        let call = SideCall { to: BRIDGE_INBOX, data: data.into(), gas: GAS };
        let sent = account.lock().await.send(side, call).await?;
        tracing::info!(root = self.root_id, to = pair.to, chain = %pair.chain, ?sent, "vouched for records of the root chain");
        Ok(matches!(sent, Sent::Done(_)))
    }
}

/// The pair that a ledger would vouch for, for people.
pub fn own_pair(ledger: &Ledger) -> Option<(u64, B256)> {
    ledger.chain_at(ledger.next()).map(|chain| (ledger.next(), chain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Deposit, Record, RecordsOf};

    fn ledger(count: u64) -> Ledger {
        let of = RecordsOf { side_chain_id: 1, root_id: 1, bridge: Address::repeat_byte(1) };
        let mut ledger = Ledger::new(of, 0);
        for n in 0..count {
            let who = Address::repeat_byte(2);
            ledger.push(
                Record::Deposit(Deposit { token: who, from: who, to: who, amount: U256::from(n) }),
                n,
                B256::ZERO,
            );
        }
        ledger
    }

    fn pair(ledger: &Ledger, to: u64) -> Pair {
        Pair { to, chain: ledger.chain_at(to).unwrap() }
    }

    #[test]
    fn joins_the_highest_pair_that_it_can_confirm() {
        let known = ledger(10);
        let open = |to, chain, joined| OpenPair { pair: Pair { to, chain }, joined };
        let lie = open(9, B256::repeat_byte(1), false);
        let ahead = open(12, B256::repeat_byte(2), false);
        let good = |to, joined| open(to, known.chain_at(to).unwrap(), joined);

        let pairs = [ahead, lie, good(8, false), good(5, false)];
        assert_eq!(choose(&pairs, &known, 0, false, false), [pair(&known, 8)]);
        // None that it can confirm: it opens one when it is its turn, for all that is final.
        assert_eq!(choose(&[ahead, lie], &known, 0, true, false), [pair(&known, 10)]);
        assert!(choose(&[ahead, lie], &known, 0, false, true).is_empty());
        // It has joined the best: it waits, unless that is stuck.
        let pairs = [good(8, true), good(5, false)];
        assert!(choose(&pairs, &known, 0, true, false).is_empty());
        assert_eq!(choose(&pairs, &known, 0, false, true), [pair(&known, 10)]);
        assert!(choose(&[good(10, true)], &known, 0, true, true).is_empty());
    }

    #[test]
    fn where_much_waits_votes_are_for_much() {
        assert!(is_worth_a_vote(7, 7, 6), "all that is known");
        assert!(is_worth_a_vote(1_500, 1_024, 0) && is_worth_a_vote(5_000, 1_536, 1_024));
        assert!(!is_worth_a_vote(1_500, 1_056, 1_024), "32 more, while 992 wait to be carried out");
        assert!(is_worth_a_vote(1_060, 1_060, 1_024), "the last ones");
    }

    #[test]
    fn no_vote_is_too_far_ahead() {
        let known = ledger(1_500);
        assert_eq!(choose(&[], &known, 0, true, false), [pair(&known, 1_024)]);
        assert_eq!(choose(&[], &known, 300, true, false), [pair(&known, 1_324)]);
        let far = OpenPair { pair: pair(&known, 1_025), joined: false };
        assert_eq!(choose(&[far], &known, 0, true, false), [pair(&known, 1_024)]);
    }
}
