//! What has been signed: the rule that keeps a validator from signing twice, and its encoding.
//!
//! A request is admitted if it comes later, in height, round and step, than everything before it; or if it is, to the byte, the last one of
//! its step. What is admitted becomes part of the state before it is signed.
//!
//! A slot of the file: 8 bytes [`MAGIC`], 2 bytes length, RLP, zeros, and over all of it 32 bytes `keccak256`.

use alloy_primitives::{Address, B256, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use bttc_consensus::{Refusal, SignPosition, SignRequest, SignStep};
use bttc_primitives::{Height, Round};

/// Length of an encoded state. Unit: bytes. One sector of a disk, which is written as a whole or not at all.
pub(super) const SLOT_BYTES: usize = 512;

const CHECKED_BYTES: usize = SLOT_BYTES - 32;
const HEAD_BYTES: usize = 10;
/// File type and version of the format.
const MAGIC: [u8; 8] = *b"bttcsig1";

/// What one key has signed on one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignState {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the key.
    pub address: Address,
    /// Nothing at this height or below it is signed.
    pub floor: Height,
    /// The last of each step.
    pub signed: [Option<Signed>; 3],
    /// Counts the writes of the file.
    pub(super) sequence: u64,
}

/// One vote or proposal that was signed, or was about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Where it stands.
    pub position: SignPosition,
    /// The block; zero for nil.
    pub block_hash: B256,
    /// The bytes that were signed.
    pub signing_hash: B256,
}

/// How a request may be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It has no place in the order.
    Free,
    /// It has been signed before.
    Again,
    /// It is new: sign it after it is on disk as part of the state.
    Advance(Signed),
}

impl SignState {
    /// A state that begins above `floor`; 0 for a key that has never signed.
    pub const fn new(chain_id: u64, address: Address, floor: Height) -> Self {
        Self { chain_id, address, floor, signed: [None; 3], sequence: 0 }
    }

    /// The latest in the order of everything signed.
    pub fn last(&self) -> Option<&Signed> {
        self.signed.iter().flatten().max_by_key(|signed| signed.position)
    }

    /// Judges a request.
    pub fn admit(&self, request: &SignRequest) -> Result<Admission, Refusal> {
        request.check(self.chain_id)?;
        let (Some(asked), Some(block_hash)) = (request.position(), request.block_hash()) else {
            return Ok(Admission::Free);
        };
        let signing_hash = request.signing_hash();
        if let Some(before) = self.signed.iter().flatten().find(|signed| signed.position == asked) {
            return if before.signing_hash == signing_hash {
                Ok(Admission::Again)
            } else {
                Err(Refusal::DoubleSign { position: asked, signed: before.block_hash, asked: block_hash })
            };
        }
        if let Some(last) = self.last().filter(|last| asked < last.position) {
            return Err(Refusal::Back { asked, last: last.position });
        }
        if asked.height <= self.floor {
            return Err(Refusal::Floor { asked, floor: self.floor });
        }
        Ok(Admission::Advance(Signed { position: asked, block_hash, signing_hash }))
    }

    /// The state after a signature.
    pub(super) fn after(&self, signed: Signed) -> Self {
        let mut next = self.clone();
        *next.slot_of(signed.position.step) = Some(signed);
        next
    }

    const fn slot_of(&mut self, step: SignStep) -> &mut Option<Signed> {
        let [proposal, prevote, precommit] = &mut self.signed;
        match step {
            SignStep::Proposal => proposal,
            SignStep::Prevote => prevote,
            SignStep::Precommit => precommit,
        }
    }

    pub(super) fn encode(&self) -> [u8; SLOT_BYTES] {
        let signed = self.signed.iter().flatten().map(|signed| Row {
            step: step_number(signed.position.step),
            height: signed.position.height,
            round: signed.position.round,
            block_hash: signed.block_hash,
            signing_hash: signed.signing_hash,
        });
        let body = alloy_rlp::encode(Body {
            sequence: self.sequence,
            chain_id: self.chain_id,
            address: self.address,
            floor: self.floor,
            signed: signed.collect(),
        });
        let length = u16::try_from(body.len()).expect("four integers, an address and three rows are below 400 bytes");
        let mut bytes = Vec::with_capacity(SLOT_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&body);
        bytes.resize(CHECKED_BYTES, 0);
        let check = keccak256(&bytes);
        bytes.extend_from_slice(check.as_slice());
        bytes.try_into().expect("it was filled to that length")
    }

    /// None if the slot was not written to its end, or has changed since.
    pub(super) fn decode(slot: &[u8; SLOT_BYTES]) -> Option<Self> {
        let (checked, check) = slot.split_at(CHECKED_BYTES);
        if keccak256(checked).as_slice() != check {
            return None;
        }
        let (head, rest) = checked.split_first_chunk::<HEAD_BYTES>()?;
        let length = usize::from(u16::from_be_bytes(*head.last_chunk()?));
        if !head.starts_with(&MAGIC) {
            return None;
        }
        let body: Body = alloy_rlp::decode_exact(rest.get(..length)?).ok()?;
        let mut state = Self::new(body.chain_id, body.address, body.floor);
        state.sequence = body.sequence;
        for row in body.signed {
            let step = SignStep::ALL.into_iter().find(|step| step_number(*step) == row.step)?;
            let position = SignPosition { height: row.height, round: row.round, step };
            *state.slot_of(step) =
                Some(Signed { position, block_hash: row.block_hash, signing_hash: row.signing_hash });
        }
        Some(state)
    }
}

const fn step_number(step: SignStep) -> u8 {
    match step {
        SignStep::Proposal => 0,
        SignStep::Prevote => 1,
        SignStep::Precommit => 2,
    }
}

#[derive(RlpEncodable, RlpDecodable)]
struct Body {
    sequence: u64,
    chain_id: u64,
    address: Address,
    floor: Height,
    signed: Vec<Row>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct Row {
    step: u8,
    height: Height,
    round: Round,
    block_hash: B256,
    signing_hash: B256,
}
