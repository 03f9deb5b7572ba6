//! The types that the consensus library works with, around ours.

use crate::value::BlockValue;
use alloy_primitives::{Address, B256};
use bttc_consensus::{HeightStart, ProposalHeader, ProposerOrder};
use bttc_primitives::{Round, ValidatorSet, VoteKind, VoteSignature};
use malachitebft_core_types as core;
use std::{collections::BTreeMap, fmt, sync::Arc};

pub(crate) type CoreRound = core::Round;
pub(crate) type SignedVote = core::SignedMessage<Context, CoreVote>;
pub(crate) type SignedProposal = core::SignedMessage<Context, CoreProposal>;

/// Binds the types together.
#[derive(Clone, Debug)]
pub(crate) struct Context;

macro_rules! wrap {
    ($(#[$doc:meta])* $visible:vis $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visible struct $name(pub(crate) $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

wrap!(
    /// Consensus address; also stands for the public key, as signatures recover to it.
    pub(crate) CoreAddress(Address)
);
wrap!(pub(crate) CoreHeight(u64));
wrap!(
    /// Names a block in votes.
    pub BlockHash(B256)
);

impl core::Address for CoreAddress {}

impl core::Height for CoreHeight {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

impl core::Value for BlockValue {
    type Id = BlockHash;

    fn id(&self) -> BlockHash {
        BlockHash(self.hash)
    }
}

/// Parts travel outside the library: there is no such message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoPart {}

impl core::ProposalPart<Context> for NoPart {
    fn is_first(&self) -> bool {
        match *self {}
    }

    fn is_last(&self) -> bool {
        match *self {}
    }
}

/// A proposal; its block is named by [`BlockValue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreProposal {
    pub(crate) height: CoreHeight,
    pub(crate) round: CoreRound,
    pub(crate) value: BlockValue,
    pub(crate) pol_round: CoreRound,
    pub(crate) proposer: CoreAddress,
}

impl CoreProposal {
    /// What its proposer signs.
    pub(crate) fn header(&self, chain_id: u64) -> ProposalHeader {
        ProposalHeader {
            chain_id,
            height: self.height.0,
            round: round_number(self.round),
            valid_round: self.pol_round.as_u32(),
            block_hash: self.value.hash,
            built_in: self.value.built_in,
            size: self.value.size,
            parts_root: self.value.parts_root,
        }
    }
}

impl core::Proposal<Context> for CoreProposal {
    fn height(&self) -> CoreHeight {
        self.height
    }

    fn round(&self) -> CoreRound {
        self.round
    }

    fn value(&self) -> &BlockValue {
        &self.value
    }

    fn take_value(self) -> BlockValue {
        self.value
    }

    fn pol_round(&self) -> CoreRound {
        self.pol_round
    }

    fn validator_address(&self) -> &CoreAddress {
        &self.proposer
    }
}

/// A vote with the address of its voter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreVote {
    pub(crate) kind: core::VoteType,
    pub(crate) height: CoreHeight,
    pub(crate) round: CoreRound,
    pub(crate) value: core::NilOrVal<BlockHash>,
    pub(crate) voter: CoreAddress,
}

impl CoreVote {
    /// What its voter signs.
    pub(crate) fn vote(&self, chain_id: u64) -> bttc_consensus::Vote {
        bttc_consensus::Vote {
            chain_id,
            kind: vote_kind(self.kind),
            height: self.height.0,
            round: round_number(self.round),
            block_hash: hash_or_zero(&self.value),
        }
    }
}

impl core::Vote<Context> for CoreVote {
    fn height(&self) -> CoreHeight {
        self.height
    }

    fn round(&self) -> CoreRound {
        self.round
    }

    fn value(&self) -> &core::NilOrVal<BlockHash> {
        &self.value
    }

    fn take_value(self) -> core::NilOrVal<BlockHash> {
        self.value
    }

    fn vote_type(&self) -> core::VoteType {
        self.kind
    }

    fn validator_address(&self) -> &CoreAddress {
        &self.voter
    }

    // Extensions of votes are turned off: no vote carries one.
    fn extension(&self) -> Option<&core::SignedMessage<Context, bytes::Bytes>> {
        None
    }

    fn take_extension(&mut self) -> Option<core::SignedMessage<Context, bytes::Bytes>> {
        None
    }

    fn extend(self, _: core::SignedMessage<Context, bytes::Bytes>) -> Self {
        self
    }
}

/// A member of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreValidator {
    address: CoreAddress,
    power: u64,
}

impl core::Validator<Context> for CoreValidator {
    fn address(&self) -> &CoreAddress {
        &self.address
    }

    fn public_key(&self) -> &CoreAddress {
        &self.address
    }

    fn voting_power(&self) -> u64 {
        self.power
    }
}

/// Who votes on a height, and who proposes in which round of it. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Voters(Arc<VotersInner>);

#[derive(Debug, PartialEq, Eq)]
struct VotersInner {
    set: ValidatorSet,
    members: Vec<CoreValidator>,
    positions: BTreeMap<Address, usize>,
    order: ProposerOrder,
}

impl Voters {
    pub(crate) fn new(start: &HeightStart) -> Self {
        let members = start.validators.members();
        Self(Arc::new(VotersInner {
            members: members
                .iter()
                .map(|m| CoreValidator { address: CoreAddress(m.address), power: m.power })
                .collect(),
            positions: members.iter().enumerate().map(|(at, m)| (m.address, at)).collect(),
            set: start.validators.clone(),
            order: start.proposers.clone(),
        }))
    }

    /// The set.
    pub(crate) fn set(&self) -> &ValidatorSet {
        &self.0.set
    }

    /// Position in the set.
    pub(crate) fn index_of(&self, address: Address) -> Option<usize> {
        self.0.positions.get(&address).copied()
    }

    /// Power of a member; none for strangers.
    pub(crate) fn power_of(&self, address: Address) -> Option<u64> {
        self.index_of(address).and_then(|at| self.0.members.get(at)).map(|member| member.power)
    }

    /// Whose turn it is in `round`.
    pub(crate) fn proposer(&self, round: Round) -> Address {
        self.0.order.proposer(round)
    }
}

impl core::ValidatorSet<Context> for Voters {
    fn count(&self) -> usize {
        self.0.members.len()
    }

    fn total_voting_power(&self) -> u64 {
        self.0.set.total_power()
    }

    fn get_by_address(&self, address: &CoreAddress) -> Option<&CoreValidator> {
        self.index_of(address.0).and_then(|at| self.0.members.get(at))
    }

    fn get_by_index(&self, index: usize) -> Option<&CoreValidator> {
        self.0.members.get(index)
    }
}

/// Recoverable secp256k1 signatures: the public key is the address that they recover to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recoverable;

/// Bytes that are neither a signature nor an address by their length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong length")]
pub(crate) struct WrongLength;

impl core::SigningScheme for Recoverable {
    type DecodingError = WrongLength;
    type Signature = VoteSignature;
    type PublicKey = CoreAddress;
    /// Keys stay behind `ConsensusSigner`.
    type PrivateKey = ();

    fn decode_signature(bytes: &[u8]) -> Result<VoteSignature, WrongLength> {
        VoteSignature::try_from(bytes).map_err(|_| WrongLength)
    }

    fn encode_signature(signature: &VoteSignature) -> Vec<u8> {
        signature.to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<CoreAddress, WrongLength> {
        Address::try_from(bytes).map(CoreAddress).map_err(|_| WrongLength)
    }

    fn encode_public_key(key: &CoreAddress) -> Vec<u8> {
        key.0.to_vec()
    }
}

impl core::Context for Context {
    type Address = CoreAddress;
    type Height = CoreHeight;
    type ProposalPart = NoPart;
    type Proposal = CoreProposal;
    type Validator = CoreValidator;
    type ValidatorSet = Voters;
    type Timeouts = core::LinearTimeouts;
    type Value = BlockValue;
    type Vote = CoreVote;
    type Extension = bytes::Bytes;
    type SigningScheme = Recoverable;

    fn select_proposer<'a>(&self, voters: &'a Voters, _height: CoreHeight, round: CoreRound) -> &'a CoreValidator {
        let proposer = voters.proposer(round_number(round));
        let at = voters.index_of(proposer).unwrap_or_default();
        voters.0.members.get(at).expect("a validator set has members, and its order names one of them")
    }

    fn new_proposal(
        &self,
        height: CoreHeight,
        round: CoreRound,
        value: BlockValue,
        pol_round: CoreRound,
        proposer: CoreAddress,
    ) -> CoreProposal {
        CoreProposal { height, round, value, pol_round, proposer }
    }

    fn new_prevote(
        &self,
        height: CoreHeight,
        round: CoreRound,
        value: core::NilOrVal<BlockHash>,
        voter: CoreAddress,
    ) -> CoreVote {
        CoreVote { kind: core::VoteType::Prevote, height, round, value, voter }
    }

    fn new_precommit(
        &self,
        height: CoreHeight,
        round: CoreRound,
        value: core::NilOrVal<BlockHash>,
        voter: CoreAddress,
    ) -> CoreVote {
        CoreVote { kind: core::VoteType::Precommit, height, round, value, voter }
    }
}

/// The number of a round; that before the first counts as the first.
pub(crate) fn round_number(round: CoreRound) -> Round {
    round.as_u32().unwrap_or_default()
}

pub(crate) fn vote_kind(kind: core::VoteType) -> VoteKind {
    match kind {
        core::VoteType::Prevote => VoteKind::Prevote,
        core::VoteType::Precommit => VoteKind::Precommit,
    }
}

pub(crate) fn vote_type(kind: VoteKind) -> core::VoteType {
    match kind {
        VoteKind::Prevote => core::VoteType::Prevote,
        VoteKind::Precommit => core::VoteType::Precommit,
    }
}

/// Hash of what is voted for; zero for nil.
pub(crate) fn hash_or_zero(value: &core::NilOrVal<BlockHash>) -> B256 {
    match value {
        core::NilOrVal::Nil => B256::ZERO,
        core::NilOrVal::Val(hash) => hash.0,
    }
}

pub(crate) fn nil_or_hash(hash: B256) -> core::NilOrVal<BlockHash> {
    if hash.is_zero() { core::NilOrVal::Nil } else { core::NilOrVal::Val(BlockHash(hash)) }
}
