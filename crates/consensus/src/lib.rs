//! The rules that nodes must agree on, as functions of their arguments.
//!
//! Headers ([`NextBlock`], [`check_header`]), the base fee, votes and certificates, proposer order, evidence; and the two seams of the
//! consensus engine: [`Application`], all that it sees of the ledger, and [`Transport`], all that it sees of the network. Source of every rule: docs/protocol.md.
//!
//! No I/O, no clock: the time is an argument where a rule needs it.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::float_arithmetic
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        reason = "tests"
    )
)]

mod announcement;
mod application;
mod base_fee;
mod certificate;
mod ethereum;
mod evidence;
mod fee_split;
mod header;
mod invalid;
mod proposal_header;
mod proposer;
mod sign_request;
mod signer;
mod transport;
mod vote;

pub use announcement::{Announcement, ForkDigest, Version};
pub use application::{
    Application, DecidedBlock, Decision, HeightStart, Proposal, ProposeError, SnapshotPart, Turn, Verdict,
};
pub use base_fee::next_base_fee;
pub use certificate::{Precommits, check_certificate, check_last_commit, fewest_precommits};
pub use ethereum::{
    EthereumOutputs, check_ethereum_body, check_ethereum_header, check_ethereum_ommers, check_ethereum_outputs,
    check_ethereum_transaction, next_difficulty,
};
pub use evidence::check_evidence;
pub use fee_split::{FeeSplit, split_fees};
pub use header::{
    MAX_AHEAD, MAX_BODY_BYTES, NextBlock, Outputs, block_commitment, check_body, check_header, next_mix_hash,
    output_commitment,
};
pub use invalid::InvalidBlock;
pub use proposal_header::ProposalHeader;
pub use proposer::ProposerOrder;
pub use sign_request::{
    MAX_PEER_ID_BYTES, PeerProof, Refusal, SYSTEM_TX_GAS, SignPosition, SignRequest, SignStep, SystemTransaction,
    is_system_address,
};
pub use signer::{ConsensusSigner, SignError};
pub use transport::{
    Acceptance, Fault, MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, MessageId, PeerId, RequestError,
    RequestId, Topic, Transport, TransportEvent,
};
pub use vote::{InvalidVote, Vote, recover_signer, vote_signature};
