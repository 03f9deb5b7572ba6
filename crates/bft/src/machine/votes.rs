//! Which votes of a height were seen: to drop repetitions before their signatures are checked, and to know which blocks matter.

use super::dump::{VotesDump, kind_name};
use crate::{context::Voters, message::VoteMessage};
use alloy_primitives::{Address, B256};
use bttc_primitives::{Round, VoteKind};
use std::collections::BTreeMap;

/// Votes kept of one voter, round and kind: two prove a double signature, a third tells nothing new.
const MAX_DIFFERENT: usize = 2;

/// Seen votes with valid signatures.
#[derive(Debug, Default)]
pub(super) struct Votes {
    seen: BTreeMap<(Round, VoteKind, Address), Vec<B256>>,
    /// Power by block: the largest of any round and kind counts.
    power: BTreeMap<(Round, VoteKind, B256), u64>,
}

impl Votes {
    /// Whether the vote says something new.
    pub(super) fn is_news(&self, vote: &VoteMessage) -> bool {
        let seen = self.seen.get(&(vote.round, vote.kind, vote.voter));
        seen.is_none_or(|seen| seen.len() < MAX_DIFFERENT && !seen.contains(&vote.block_hash))
    }

    /// Notes a vote; the caller hands it to the library too.
    pub(super) fn add(&mut self, vote: &VoteMessage, voters: &Voters) {
        let VoteMessage { round, kind, block_hash: hash, voter, .. } = *vote;
        let seen = self.seen.entry((round, kind, voter)).or_default();
        if seen.len() >= MAX_DIFFERENT || seen.contains(&hash) {
            return;
        }
        seen.push(hash);
        let power = self.power.entry((round, kind, hash)).or_default();
        *power = power.saturating_add(voters.power_of(voter).unwrap_or_default());
    }

    pub(super) fn dump(&self) -> Vec<VotesDump> {
        let dumped = self.power.iter().map(|(&(round, kind, block_hash), &power)| {
            let of_round = self.seen.range((round, kind, Address::ZERO)..=(round, kind, Address::repeat_byte(0xff)));
            let voters = of_round.filter(|(_, seen)| seen.contains(&block_hash)).map(|((_, _, voter), _)| *voter);
            VotesDump { round, kind: kind_name(kind), block_hash, power, voters: voters.collect() }
        });
        dumped.collect()
    }

    /// Blocks that more than a third of the power voted for in one round: an honest validator found each of them valid.
    pub(super) fn backed(&self, voters: &Voters) -> Vec<B256> {
        let total = u128::from(voters.set().total_power());
        let many = self.power.iter().filter(|(_, power)| u128::from(**power).saturating_mul(3) > total);
        let mut hashes: Vec<B256> = many.map(|((_, _, hash), _)| *hash).filter(|hash| !hash.is_zero()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bttc_consensus::{HeightStart, ProposerOrder};
    use bttc_primitives::{Timing, Validator, ValidatorSet, VoteSignature};
    use std::time::Duration;

    #[test]
    fn more_than_a_third_backs_a_block_and_a_third_different_vote_is_no_news() {
        let set =
            ValidatorSet::new((1..=3).map(|n| Validator { address: Address::repeat_byte(n), power: 1 }).collect());
        let validators = set.unwrap();
        let timing = Timing { block_time: Duration::ZERO, idle_time: Duration::ZERO };
        let proposers = ProposerOrder::new(&validators);
        let voters = Voters::new(&HeightStart { height: 1, validators, proposers, timing });
        let vote = |voter: u8, hash: u8| VoteMessage {
            kind: VoteKind::Prevote,
            height: 1,
            round: 0,
            block_hash: B256::repeat_byte(hash),
            voter: Address::repeat_byte(voter),
            signature: VoteSignature::ZERO,
        };
        let mut votes = Votes::default();
        votes.add(&vote(1, 7), &voters);
        assert!(votes.backed(&voters).is_empty(), "one of three is not more than a third");
        assert!(!votes.is_news(&vote(1, 7)));
        votes.add(&vote(1, 7), &voters);
        assert!(votes.backed(&voters).is_empty(), "a repetition adds nothing");
        votes.add(&vote(2, 7), &voters);
        assert_eq!(votes.backed(&voters), [B256::repeat_byte(7)]);
        let [dumped] = votes.dump().try_into().unwrap();
        assert_eq!((dumped.kind, dumped.power, dumped.voters.len()), ("prevote", 2, 2));
        assert!(votes.is_news(&vote(1, 8)));
        votes.add(&vote(1, 8), &voters);
        assert!(!votes.is_news(&vote(1, 9)));
    }
}
