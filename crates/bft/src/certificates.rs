//! Checks of certificates as the consensus library hands them over.

use crate::{
    context::{Context, CoreVote, Voters},
    keys::Keys,
};
use alloy_primitives::Address;
use bttc_primitives::VoteSignature;
use malachitebft_core_types::{
    CertificateError, CommitCertificate, NilOrVal, PolkaCertificate, RoundCertificate, RoundCertificateType,
    ThresholdParam, ThresholdParams, ValidatorSet, VoteType,
};
use std::collections::BTreeSet;

type Checked = Result<(), CertificateError<Context>>;

/// Counts power of voters that stand once in a certificate.
struct Tally<'a> {
    voters: &'a Voters,
    seen: BTreeSet<Address>,
    power: u64,
}

impl<'a> Tally<'a> {
    const fn new(voters: &'a Voters) -> Self {
        Self { voters, seen: BTreeSet::new(), power: 0 }
    }

    /// Adds a vote whose signature holds.
    fn add(
        &mut self,
        keys: &mut Keys,
        vote: &CoreVote,
        signature: &VoteSignature,
        bad: impl FnOnce() -> CertificateError<Context>,
    ) -> Checked {
        let power = self.voters.power_of(vote.voter.0).ok_or(CertificateError::UnknownValidator(vote.voter))?;
        if !self.seen.insert(vote.voter.0) {
            return Err(CertificateError::DuplicateVote(vote.voter));
        }
        if !keys.has_signed_vote(vote, signature) {
            return Err(bad());
        }
        self.power = self.power.saturating_add(power);
        Ok(())
    }

    fn reaches(&self, threshold: ThresholdParam) -> Checked {
        let total = self.voters.total_voting_power();
        if threshold.is_met(self.power, total) {
            return Ok(());
        }
        let expected = threshold.min_expected(total);
        Err(CertificateError::NotEnoughVotingPower { signed: self.power, total, expected })
    }
}

pub(crate) fn check_commit(
    keys: &mut Keys,
    certificate: &CommitCertificate<Context>,
    voters: &Voters,
    thresholds: ThresholdParams,
) -> Checked {
    let mut tally = Tally::new(voters);
    for entry in &certificate.commit_signatures {
        let vote = CoreVote {
            kind: VoteType::Precommit,
            height: certificate.height,
            round: certificate.round,
            value: NilOrVal::Val(certificate.value_id),
            voter: entry.address,
        };
        tally.add(keys, &vote, &entry.signature, || CertificateError::InvalidCommitSignature(entry.clone()))?;
    }
    tally.reaches(thresholds.quorum)
}

pub(crate) fn check_polka(
    keys: &mut Keys,
    certificate: &PolkaCertificate<Context>,
    voters: &Voters,
    thresholds: ThresholdParams,
) -> Checked {
    let mut tally = Tally::new(voters);
    for entry in &certificate.polka_signatures {
        let vote = CoreVote {
            kind: VoteType::Prevote,
            height: certificate.height,
            round: certificate.round,
            value: NilOrVal::Val(certificate.value_id),
            voter: entry.address,
        };
        tally.add(keys, &vote, &entry.signature, || CertificateError::InvalidPolkaSignature(entry.clone()))?;
    }
    tally.reaches(thresholds.quorum)
}

pub(crate) fn check_round(
    keys: &mut Keys,
    certificate: &RoundCertificate<Context>,
    voters: &Voters,
    thresholds: ThresholdParams,
) -> Checked {
    let precommits = certificate.cert_type == RoundCertificateType::Precommit;
    let mut tally = Tally::new(voters);
    for entry in &certificate.round_signatures {
        if precommits && entry.vote_type == VoteType::Prevote {
            return Err(CertificateError::InvalidVoteType(entry.address));
        }
        let vote = CoreVote {
            kind: entry.vote_type,
            height: certificate.height,
            round: certificate.round,
            value: entry.value_id,
            voter: entry.address,
        };
        tally.add(keys, &vote, &entry.signature, || CertificateError::InvalidRoundSignature(entry.clone()))?;
    }
    tally.reaches(if precommits { thresholds.quorum } else { thresholds.honest })
}
