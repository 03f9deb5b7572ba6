//! Signing and checking: the guard against double signing, and the memory of signatures that were checked.

use crate::{
    certificates::{check_commit, check_polka, check_round},
    context::{Context, CoreAddress, CoreProposal, CoreVote, SignedProposal, SignedVote, vote_kind},
    record::Record,
};
use alloy_primitives::{Address, B256};
use bttc_consensus::{ConsensusSigner, SignError, SignRequest, recover_signer, vote_signature};
use bttc_primitives::{Fatal, Height, Round, VoteSignature};
use malachitebft_core_consensus::{ConsensusMsg, Effect, Resumable, Resume, SignedConsensusMsg};
use malachitebft_core_types::SignedMessage;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

/// Signatures remembered of one height. Beyond that they are checked again.
const MAX_REMEMBERED: usize = 1 << 16;

/// Who made a signature. The simulator answers from memory, a node computes.
pub trait SignatureCheck: Send + Sync + 'static {
    /// The signer of `hash`; none if it is no signature in the strict form of votes.
    fn signer(&self, hash: B256, signature: &VoteSignature) -> Option<Address>;
}

/// Recovers the key, as `ecrecover` does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recover;

impl SignatureCheck for Recover {
    fn signer(&self, hash: B256, signature: &VoteSignature) -> Option<Address> {
        recover_signer(hash, signature).ok()
    }
}

/// Stands for a signature that our key did not give. No key makes it, so the library drops what carries it, and it is never sent.
const UNSIGNED: VoteSignature = VoteSignature::ZERO;

fn is_unsigned(message: &SignedConsensusMsg<Context>) -> bool {
    match message {
        SignedConsensusMsg::Vote(vote) => vote.signature == UNSIGNED,
        SignedConsensusMsg::Proposal(proposal) => proposal.signature == UNSIGNED,
    }
}

/// What is signed at most once for a height and round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Duty {
    Proposal,
    Prevote,
    Precommit,
}

/// The consensus key, if this node has one, and all checks of signatures.
pub(crate) struct Keys {
    chain_id: u64,
    signer: Option<Arc<dyn ConsensusSigner>>,
    check: Arc<dyn SignatureCheck>,
    /// What was signed, by this process or by an earlier one that left it in the log.
    signed: BTreeMap<(Height, Round, Duty), B256>,
    known: HashMap<(B256, VoteSignature), Option<Address>>,
    /// Those of the height before: late votes.
    known_before: HashMap<(B256, VoteSignature), Option<Address>>,
    /// Why signing failed, if it did.
    failure: Option<Fatal>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl Keys {
    pub(crate) fn new(
        chain_id: u64,
        signer: Option<Arc<dyn ConsensusSigner>>,
        check: Arc<dyn SignatureCheck>,
        log: &[Record],
    ) -> Self {
        let mut keys = Self {
            chain_id,
            signer,
            check,
            signed: BTreeMap::new(),
            known: HashMap::new(),
            known_before: HashMap::new(),
            failure: None,
        };
        keys.remember_log(log);
        keys
    }

    pub(crate) const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Address of our key.
    pub(crate) fn address(&self) -> Option<Address> {
        self.signer.as_ref().map(|signer| signer.address())
    }

    fn remember_log(&mut self, log: &[Record]) {
        let Some(own) = self.address() else { return };
        for record in log {
            match record {
                Record::Vote(vote) if vote.voter == own => {
                    let duty = if vote.kind as u8 == 1 { Duty::Prevote } else { Duty::Precommit };
                    self.signed.insert((vote.height, vote.round, duty), vote.signing_hash(self.chain_id));
                }
                Record::Proposal(proposal) if proposal.proposer == own => {
                    let key = (proposal.height, proposal.round, Duty::Proposal);
                    self.signed.insert(key, proposal.signing_hash(self.chain_id));
                }
                _ => {}
            }
        }
    }

    /// Forgets what belongs to heights below `height`, which begins.
    pub(crate) fn begin(&mut self, height: Height) {
        self.signed = self.signed.split_off(&(height, 0, Duty::Proposal));
        self.known_before = std::mem::take(&mut self.known);
    }

    /// Whether our key signed `hash` for a height that is not past, through this process or the one before it.
    pub(crate) fn has_made(&self, height: Height, hash: B256) -> bool {
        let made = self.signed.range((height, 0, Duty::Proposal)..).take_while(|((of, ..), _)| *of == height);
        made.into_iter().any(|(_, signed)| *signed == hash)
    }

    /// Whether `address` signed `hash`.
    pub(crate) fn is_signed_by(&mut self, hash: B256, signature: &VoteSignature, address: Address) -> bool {
        let key = (hash, *signature);
        if let Some(known) = self.known.get(&key).or_else(|| self.known_before.get(&key)) {
            return *known == Some(address);
        }
        let signer = self.check.signer(hash, signature);
        if self.known.len() < MAX_REMEMBERED {
            self.known.insert(key, signer);
        }
        signer == Some(address)
    }

    /// Whether a vote's signature is that of its voter.
    pub(crate) fn has_signed_vote(&mut self, vote: &CoreVote, signature: &VoteSignature) -> bool {
        self.is_signed_by(vote.vote(self.chain_id).signing_hash(), signature, vote.voter.0)
    }

    /// [`UNSIGNED`] if the signer refuses or is away: then this validator abstains.
    fn sign(
        &mut self,
        height: Height,
        round: Round,
        duty: Duty,
        request: &SignRequest,
    ) -> Result<VoteSignature, Fatal> {
        let hash = request.signing_hash();
        let before = *self.signed.entry((height, round, duty)).or_insert(hash);
        if before != hash {
            return Err(Fatal::new(format!(
                "refused to sign a second {duty:?} for height {height}, round {round}: what was signed before differs"
            )));
        }
        let signer = self.signer.as_ref().ok_or_else(|| Fatal::new("asked to sign without a consensus key"))?;
        let signature = match signer.sign(request) {
            Ok(signature) => vote_signature(&signature),
            Err(SignError::Fatal(fatal)) => return Err(fatal),
            Err(error) => {
                tracing::error!(height, round, ?duty, %error, "we abstain: the consensus key did not sign");
                return Ok(UNSIGNED);
            }
        };
        self.known.insert((hash, signature), Some(signer.address()));
        Ok(signature)
    }

    fn sign_vote(&mut self, vote: CoreVote) -> Result<SignedVote, Fatal> {
        let signed = vote.vote(self.chain_id);
        let duty = match vote_kind(vote.kind) {
            bttc_primitives::VoteKind::Prevote => Duty::Prevote,
            bttc_primitives::VoteKind::Precommit => Duty::Precommit,
        };
        let signature = self.sign(signed.height, signed.round, duty, &signed.into())?;
        Ok(SignedMessage::new(vote, signature))
    }

    fn sign_proposal(&mut self, proposal: CoreProposal) -> Result<SignedProposal, Fatal> {
        let header = proposal.header(self.chain_id);
        let signature = self.sign(header.height, header.round, Duty::Proposal, &header.into())?;
        Ok(SignedMessage::new(proposal, signature))
    }

    /// Answers the effects that ask for a signature or its check; every other one goes to `rest`.
    pub(crate) fn answer(
        &mut self,
        effect: Effect<Context>,
        rest: &mut Vec<Effect<Context>>,
    ) -> Result<Resume<Context>, Fatal> {
        let resume = match effect {
            Effect::SignVote(vote, resume) => {
                let signed = self.sign_vote(vote);
                resume.resume_with(self.note(signed)?)
            }
            Effect::SignProposal(proposal, resume) => {
                let signed = self.sign_proposal(proposal);
                resume.resume_with(self.note(signed)?)
            }
            Effect::PublishConsensusMsg(message, resume) if is_unsigned(&message) => resume.resume_with(()),
            Effect::RepublishVote(vote, resume) if vote.signature == UNSIGNED => resume.resume_with(()),
            Effect::VerifySignature(message, CoreAddress(address), resume) => {
                let hash = match &message.message {
                    ConsensusMsg::Vote(vote) => vote.vote(self.chain_id).signing_hash(),
                    ConsensusMsg::Proposal(proposal) => proposal.header(self.chain_id).signing_hash(),
                };
                resume.resume_with(self.is_signed_by(hash, &message.signature, address))
            }
            Effect::VerifyCommitCertificate(certificate, voters, thresholds, resume) => {
                resume.resume_with(check_commit(self, &certificate, &voters, thresholds))
            }
            Effect::VerifyPolkaCertificate(certificate, voters, thresholds, resume) => {
                resume.resume_with(check_polka(self, &certificate, &voters, thresholds))
            }
            Effect::VerifyRoundCertificate(certificate, voters, thresholds, resume) => {
                resume.resume_with(check_round(self, &certificate, &voters, thresholds))
            }
            Effect::ExtendVote(.., resume) => resume.resume_with(None),
            Effect::VerifyVoteExtension(.., resume) => resume.resume_with(Ok(())),
            effect => {
                rest.push(effect);
                Resume::Continue
            }
        };
        Ok(resume)
    }

    /// The library goes on after a failed effect, so the failure is kept until it has returned.
    fn note<T>(&mut self, result: Result<T, Fatal>) -> Result<T, Fatal> {
        if let Err(failure) = &result {
            self.failure.get_or_insert_with(|| failure.clone());
        }
        result
    }

    pub(crate) fn take_failure(&mut self) -> Option<Fatal> {
        self.failure.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{context::CoreHeight, test_keys::TestKey};
    use malachitebft_core_types::{NilOrVal, Round as CoreRound, VoteType};

    fn vote(key: &TestKey, hash: u8) -> CoreVote {
        let value = crate::context::nil_or_hash(B256::repeat_byte(hash));
        CoreVote {
            kind: VoteType::Precommit,
            height: CoreHeight(3),
            round: CoreRound::new(1),
            value,
            voter: CoreAddress(key.address()),
        }
    }

    #[test]
    fn a_second_vote_of_a_round_is_not_signed_even_after_a_restart() {
        let key = TestKey::new(7);
        let keys = |log: &[Record]| Keys::new(1, Some(Arc::new(key.clone())), Arc::new(Recover), log);
        let mut first = keys(&[]);
        let signed = first.sign_vote(vote(&key, 1)).unwrap();
        assert!(first.sign_vote(vote(&key, 1)).is_ok(), "the same vote may be signed again");
        assert!(first.sign_vote(vote(&key, 2)).is_err());
        let record = Record::Vote(crate::convert::vote_message(&signed));
        let mut restarted = keys(&[record]);
        assert!(restarted.sign_vote(vote(&key, 2)).is_err());
        assert!(restarted.sign_vote(vote(&key, 0)).is_err(), "nil is another vote, too");
        assert!(matches!(vote(&key, 0).value, NilOrVal::Nil));
        assert!(restarted.sign_vote(vote(&key, 1)).is_ok());
    }

    /// A key that is away.
    struct Away(Address);

    impl ConsensusSigner for Away {
        fn address(&self) -> Address {
            self.0
        }

        fn sign(&self, _: &SignRequest) -> Result<alloy_primitives::Signature, SignError> {
            Err(SignError::Unavailable("it is away".to_owned()))
        }
    }

    #[test]
    fn what_the_key_does_not_sign_is_neither_counted_nor_sent() {
        let key = TestKey::new(7);
        let mut keys = Keys::new(1, Some(Arc::new(Away(key.address()))), Arc::new(Recover), &[]);
        let unsigned = keys.sign_vote(vote(&key, 1)).unwrap();
        assert!(!keys.has_signed_vote(&unsigned.message, &unsigned.signature));
        assert!(is_unsigned(&SignedConsensusMsg::Vote(unsigned.clone())));
        let mut rest = Vec::new();
        let _resume = keys.answer(Effect::RepublishVote(unsigned, Default::default()), &mut rest).unwrap();
        assert!(rest.is_empty() && keys.take_failure().is_none());
        // Once it is back it may sign the same, and that alone.
        keys.signer = Some(Arc::new(key.clone()));
        assert!(keys.sign_vote(vote(&key, 2)).is_err());
        let signed = keys.sign_vote(vote(&key, 1)).unwrap();
        assert!(keys.has_signed_vote(&signed.message, &signed.signature));
    }

    #[test]
    fn a_signature_is_that_of_one_address_and_one_text() {
        let (key, other) = (TestKey::new(7), TestKey::new(8));
        let mut keys = Keys::new(1, Some(Arc::new(key.clone())), Arc::new(Recover), &[]);
        let signed = keys.sign_vote(vote(&key, 1)).unwrap();
        assert!(keys.has_signed_vote(&signed.message, &signed.signature));
        assert!(!keys.has_signed_vote(&vote(&key, 2), &signed.signature));
        assert!(!keys.has_signed_vote(&vote(&other, 1), &signed.signature));
    }
}
