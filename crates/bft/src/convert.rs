//! Between messages and the types of the consensus library.

use crate::{
    context::{
        BlockHash, Context, CoreAddress, CoreHeight, CoreProposal, CoreRound, CoreVote, SignedProposal, SignedVote,
        Voters, hash_or_zero, nil_or_hash, round_number, vote_kind, vote_type,
    },
    message::{Endorsement, PolkaMessage, ProposalMessage, RoundMessage, RoundVote, VoteMessage},
};
use bttc_primitives::{CommitCertificate, DoubleSign, Evidence, SignerBitmap, VoteSignature};
use malachitebft_core_consensus::MisbehaviorEvidence;
use malachitebft_core_types::{
    self as core, PolkaCertificate, PolkaSignature, RoundCertificate, RoundCertificateType, RoundSignature,
    SignedMessage,
};
use std::collections::BTreeMap;

pub(crate) fn vote_message(vote: &SignedVote) -> VoteMessage {
    VoteMessage {
        kind: vote_kind(vote.kind),
        height: vote.height.0,
        round: round_number(vote.round),
        block_hash: hash_or_zero(&vote.value),
        voter: vote.voter.0,
        signature: vote.signature,
    }
}

pub(crate) fn signed_vote(message: &VoteMessage) -> SignedVote {
    let vote = CoreVote {
        kind: vote_type(message.kind),
        height: CoreHeight(message.height),
        round: CoreRound::new(message.round),
        value: nil_or_hash(message.block_hash),
        voter: CoreAddress(message.voter),
    };
    SignedMessage::new(vote, message.signature)
}

pub(crate) fn proposal_message(proposal: &SignedProposal) -> ProposalMessage {
    ProposalMessage {
        height: proposal.height.0,
        round: round_number(proposal.round),
        valid_round: proposal.pol_round.as_u32(),
        value: proposal.value,
        proposer: proposal.proposer.0,
        signature: proposal.signature,
    }
}

pub(crate) fn signed_proposal(message: &ProposalMessage) -> SignedProposal {
    let proposal = CoreProposal {
        height: CoreHeight(message.height),
        round: CoreRound::new(message.round),
        value: message.value,
        pol_round: CoreRound::from(message.valid_round),
        proposer: CoreAddress(message.proposer),
    };
    SignedMessage::new(proposal, message.signature)
}

pub(crate) fn polka_message(certificate: &PolkaCertificate<Context>) -> PolkaMessage {
    PolkaMessage {
        height: certificate.height.0,
        round: round_number(certificate.round),
        block_hash: certificate.value_id.0,
        votes: certificate
            .polka_signatures
            .iter()
            .map(|entry| Endorsement { voter: entry.address.0, signature: entry.signature })
            .collect(),
    }
}

pub(crate) fn polka_certificate(message: &PolkaMessage) -> PolkaCertificate<Context> {
    PolkaCertificate {
        height: CoreHeight(message.height),
        round: CoreRound::new(message.round),
        value_id: BlockHash(message.block_hash),
        polka_signatures: message
            .votes
            .iter()
            .map(|entry| PolkaSignature::new(CoreAddress(entry.voter), entry.signature))
            .collect(),
    }
}

pub(crate) fn round_message(certificate: &RoundCertificate<Context>) -> RoundMessage {
    RoundMessage {
        height: certificate.height.0,
        round: round_number(certificate.round),
        precommits: certificate.cert_type == RoundCertificateType::Precommit,
        votes: certificate
            .round_signatures
            .iter()
            .map(|entry| RoundVote {
                kind: vote_kind(entry.vote_type),
                block_hash: hash_or_zero(&entry.value_id),
                voter: entry.address.0,
                signature: entry.signature,
            })
            .collect(),
    }
}

pub(crate) fn round_certificate(message: &RoundMessage) -> RoundCertificate<Context> {
    let kind = if message.precommits { RoundCertificateType::Precommit } else { RoundCertificateType::Skip };
    RoundCertificate {
        height: CoreHeight(message.height),
        round: CoreRound::new(message.round),
        cert_type: kind,
        round_signatures: message
            .votes
            .iter()
            .map(|vote| {
                let (kind, value) = (vote_type(vote.kind), nil_or_hash(vote.block_hash));
                RoundSignature::new(kind, value, CoreAddress(vote.voter), vote.signature)
            })
            .collect(),
    }
}

/// The certificate of a decision, its signatures in the order of the set.
pub(crate) fn commit_certificate(
    certificate: &core::CommitCertificate<Context>,
    voters: &Voters,
) -> (CommitCertificate, BTreeMap<usize, VoteSignature>) {
    let signatures: BTreeMap<usize, VoteSignature> = certificate
        .commit_signatures
        .iter()
        .filter_map(|entry| Some((voters.index_of(entry.address.0)?, entry.signature)))
        .collect();
    let certificate = CommitCertificate {
        height: certificate.height.0,
        round: round_number(certificate.round),
        block_hash: certificate.value_id.0,
        signers: SignerBitmap::from_indices(voters.set().members().len(), signatures.keys().copied()),
        signatures: signatures.values().copied().collect(),
    };
    (certificate, signatures)
}

/// Votes that prove a double signature. Pairs of proposals have no form in a block and are left out.
pub(crate) fn evidence(found: MisbehaviorEvidence<Context>) -> Vec<Evidence> {
    double_votes(found.votes)
}

pub(crate) fn double_votes(
    votes: impl IntoIterator<Item = (CoreAddress, Vec<(SignedVote, SignedVote)>)>,
) -> Vec<Evidence> {
    let pairs = votes.into_iter().flat_map(|(_, pairs)| pairs);
    pairs.filter_map(|(one, other)| double_sign(&vote_message(&one), &vote_message(&other))).collect()
}

fn double_sign(one: &VoteMessage, other: &VoteMessage) -> Option<Evidence> {
    let (first, second) = if one.block_hash < other.block_hash { (one, other) } else { (other, one) };
    (first.block_hash != second.block_hash).then_some(Evidence::DoubleSign(DoubleSign {
        signer: first.voter,
        kind: first.kind,
        height: first.height,
        round: first.round,
        first_hash: first.block_hash,
        second_hash: second.block_hash,
        first_signature: first.signature,
        second_signature: second.signature,
    }))
}
