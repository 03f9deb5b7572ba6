//! Why a validator does not validate, in plain words with the next step.
//!
//! The conditions are those of `Staking.candidates()` and of the election (docs/staking.md, sections 2 and 7), in the order in which a person has to
//! mend them.

use crate::{error::Reply, staking_contracts::Contracts, staking_values::in_btt};
use alloy_primitives::U256;
use bttc_contracts::{
    addresses::STAKING,
    param_table::ids,
    staking::IStaking::{self, ValidatorView},
};
use bttc_staking::{Candidate, ElectionRules, elect};

/// One BTT, which gives the least power there is. Unit: wei.
const BTT: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// The election as it would go now.
pub(crate) struct Election {
    /// What an operator must stake itself. Unit: wei.
    min_self_stake: U256,
    max_validators: u64,
    elected: Vec<Candidate>,
}

impl Election {
    pub(crate) fn load(contracts: &Contracts<'_>) -> Reply<Self> {
        let max_validators = contracts.small_param(ids::MAX_VALIDATORS)?;
        let rules = ElectionRules {
            max_validators: usize::try_from(max_validators).unwrap_or(usize::MAX),
            power_cap_bp: u16::try_from(contracts.small_param(ids::POWER_CAP)?).unwrap_or(u16::MAX),
        };
        let candidates = contracts.ask(STAKING, &IStaking::candidatesCall {})?;
        let candidates: Vec<_> = candidates
            .into_iter()
            .map(|of| Candidate { operator: of.operator, signer: of.signer, tokens: of.tokens })
            .collect();
        // Nobody can be elected: the set stays as it is.
        let set = elect(&candidates, rules).ok();
        let is_in = |of: &Candidate| {
            set.as_ref().is_some_and(|set| set.members().iter().any(|member| member.address == of.signer))
        };
        Ok(Self {
            min_self_stake: contracts.param(ids::MIN_SELF_STAKE)?,
            max_validators,
            elected: candidates.iter().filter(|of| is_in(of)).copied().collect(),
        })
    }

    /// What keeps a validator out of the next set.
    fn hindrance(&self, view: &ValidatorView, now: u64) -> Option<String> {
        let short = self.min_self_stake.saturating_sub(view.selfStake);
        let own = format!(
            "the operator's own stake is {}, {} below the minimum of {}; it must delegate at least that much to itself",
            in_btt(view.selfStake),
            in_btt(short),
            in_btt(self.min_self_stake)
        );
        if view.tombstoned {
            return Some(
                "it signed two blocks of one height and is out for ever; delegators can take their stake elsewhere, and whoever wants to validate again needs a new account and a new key".to_owned(),
            );
        }
        if view.left {
            return Some(
                "its operator took it out of all elections with leave(), which is final; delegators can take their stake elsewhere".to_owned(),
            );
        }
        if view.jailedUntil != 0 {
            let until = view.jailedUntil;
            let next = "the operator runs `bttc stake validator unjail`";
            let jailed = match until.checked_sub(now).filter(|left| *left > 0) {
                Some(left) => {
                    format!(
                        "it is jailed for missing blocks until {until} (Unix time), for {left} s more; after that {next}"
                    )
                }
                None => format!("it was jailed for missing blocks until {until} (Unix time), which is over; {next}"),
            };
            let also = if short.is_zero() { String::new() } else { format!("; before that works, {own}") };
            return Some(jailed + &also);
        }
        if !view.listed {
            let also = if short.is_zero() { String::new() } else { format!("{own}, and after that ") };
            return Some(format!("it was evicted from the candidates; {also}the operator calls rejoin() of Staking"));
        }
        if !short.is_zero() {
            return Some(own);
        }
        if view.tokens < BTT {
            return Some(format!(
                "its stake is {}, and below 1 BTT there is no power; it needs more",
                in_btt(view.tokens)
            ));
        }
        if self.elected.iter().any(|of| of.operator == view.operator) {
            return None;
        }
        let least = self.elected.iter().map(|of| of.tokens).min()?;
        Some(format!(
            "its stake of {} is not among the {} highest; it needs more than {} beside it (delegations count), or another one to leave",
            in_btt(view.tokens),
            self.max_validators,
            in_btt(least.saturating_sub(view.tokens))
        ))
    }

    /// Why a validator is not in the set or will not stay in it; none if it is and will. `epoch_end` is when the next set is elected, at the earliest.
    pub(crate) fn why(&self, view: &ValidatorView, in_set: bool, epoch_end: u64, now: u64) -> Option<String> {
        let when = if epoch_end > now {
            format!("when the running epoch closes, in about {} s", epoch_end.saturating_sub(now))
        } else {
            "when the running epoch closes, with the next block".to_owned()
        };
        match (self.hindrance(view, now), in_set) {
            (None, true) => None,
            (None, false) => Some(format!(
                "it waits for the next epoch: as stakes are now it joins the set {when}; nothing is to be done"
            )),
            (Some(why), false) => Some(why),
            (Some(why), true) if self.elected.is_empty() => {
                Some(format!("it validates only because nobody else can be elected: {why}"))
            }
            (Some(why), true) => Some(format!("it validates until the set changes {when}, and then no more: {why}")),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloy_primitives::Address;

    fn btt(amount: u64) -> U256 {
        U256::from(amount) * BTT
    }

    /// A sound validator with ten million of its own and of all.
    fn view() -> ValidatorView {
        ValidatorView {
            operator: Address::repeat_byte(1),
            signer: Address::repeat_byte(2),
            tokens: btt(10_000_000),
            shares: btt(10_000_000),
            warming: U256::ZERO,
            selfStake: btt(10_000_000),
            commissionOwed: U256::ZERO,
            perShare: U256::from(1),
            commission: 500,
            nextCommission: 0,
            nextCommissionTime: 0,
            commissionChangedAt: 0,
            jailedUntil: 0,
            rotatedAt: 0,
            listed: true,
            left: false,
            tombstoned: false,
            jailings: U256::ZERO,
            slashes: U256::ZERO,
            name: String::new(),
            site: String::new(),
        }
    }

    /// An election that another one wins.
    fn election() -> Election {
        let other =
            Candidate { operator: Address::repeat_byte(8), signer: Address::repeat_byte(9), tokens: btt(15_000_000) };
        Election { min_self_stake: btt(10_000_000), max_validators: 1, elected: vec![other] }
    }

    fn why(view: &ValidatorView) -> String {
        election().why(view, false, 160, 100).unwrap()
    }

    fn says(text: &str, parts: &[&str]) {
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }

    #[test]
    fn every_hindrance_has_its_words() {
        says(
            &why(&ValidatorView { tombstoned: true, jailedUntil: u64::MAX, ..view() }),
            &["for ever", "two blocks", "new key"],
        );
        says(&why(&ValidatorView { left: true, ..view() }), &["leave()", "final"]);
        says(
            &why(&ValidatorView { jailedUntil: 130, ..view() }),
            &["until 130", "30 s", "`bttc stake validator unjail`"],
        );
        says(&why(&ValidatorView { jailedUntil: 100, ..view() }), &["which is over", "`bttc stake validator unjail`"]);
        let poor = ValidatorView { selfStake: btt(9_999_999), ..view() };
        says(&why(&poor), &["9999999 BTT", " 1 BTT below the minimum of 10000000 BTT"]);
        says(&why(&ValidatorView { jailedUntil: 100, ..poor.clone() }), &["unjail", " 1 BTT below"]);
        says(&why(&ValidatorView { listed: false, ..poor }), &["evicted", " 1 BTT below", "rejoin()"]);
        says(
            &why(&ValidatorView { listed: false, ..view() }),
            &["evicted from the candidates; the operator calls rejoin()"],
        );
        let election = Election { min_self_stake: U256::from(1), ..election() };
        let crumbs = ValidatorView { tokens: U256::from(5), selfStake: U256::from(5), ..view() };
        says(&election.why(&crumbs, false, 160, 100).unwrap(), &["no power"]);
        says(&why(&view()), &["not among the 1 highest", "more than 5000000 BTT"]);
    }

    #[test]
    fn who_is_elected_waits_and_who_validates_hears_nothing_or_a_warning() {
        let mut election = election();
        election.elected.push(Candidate { operator: view().operator, signer: view().signer, tokens: view().tokens });
        says(&election.why(&view(), false, 160, 100).unwrap(), &["waits for the next epoch", "60 s"]);
        assert_eq!(election.why(&view(), true, 160, 100), None);
        let leaving = ValidatorView { left: true, ..view() };
        says(&election.why(&leaving, true, 100, 100).unwrap(), &["validates until", "with the next block", "leave()"]);
        election.elected.clear();
        says(&election.why(&leaving, true, 160, 100).unwrap(), &["nobody else can be elected"]);
    }
}
