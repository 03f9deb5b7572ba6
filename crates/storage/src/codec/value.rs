//! Values that are a number, plain bytes, nothing, or RLP.

use super::{Corrupt, Input, Value};
use crate::StoredEpoch;
use alloy_primitives::{Address, Bytes, U256, keccak256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use bttc_primitives::{CommitCertificate, ConsensusParams, Validator, ValidatorSet};

impl Value for () {
    fn encode(&self, _: &mut Vec<u8>) {}

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        Input::new(bytes).finish()
    }
}

impl Value for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        bytes.try_into().map(Self::from_be_bytes).map_err(|_| Corrupt("a number is not of 8 bytes"))
    }
}

impl Value for Vec<u8> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        Ok(bytes.to_vec())
    }
}

impl Value for Bytes {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        Ok(Self::copy_from_slice(bytes))
    }
}

/// A storage slot: big-endian without leading zeros; nothing for zero.
impl Value for U256 {
    fn encode(&self, out: &mut Vec<u8>) {
        put_trimmed(*self, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        trimmed(bytes)
    }
}

pub(super) fn put_trimmed(number: U256, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes::<32>();
    let zeros = number.leading_zeros() / 8;
    out.extend_from_slice(bytes.get(zeros..).unwrap_or_default());
}

pub(super) fn trimmed(bytes: &[u8]) -> Result<U256, Corrupt> {
    if bytes.first() == Some(&0) {
        return Err(Corrupt("a number has leading zeros"));
    }
    U256::try_from_be_slice(bytes).ok_or(Corrupt("a number is longer than 32 bytes"))
}

/// RLP, and nothing behind it.
pub(super) fn decode_rlp<T: Decodable>(mut bytes: &[u8]) -> Result<T, Corrupt> {
    let value = T::decode(&mut bytes).map_err(|_| Corrupt("its RLP is broken"))?;
    Input::new(bytes).finish()?;
    Ok(value)
}

impl Value for CommitCertificate {
    fn encode(&self, out: &mut Vec<u8>) {
        Encodable::encode(self, out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        decode_rlp(bytes)
    }
}

/// A digest (the first 16 bytes of keccak256) of the rest, as nothing else in the database tells all of it; then RLP of the first height, the members and
/// the numbers.
impl Value for StoredEpoch {
    fn encode(&self, out: &mut Vec<u8>) {
        let member = |of: &Validator| MemberRlp { address: of.address, power: of.power };
        let members = self.validators.members().iter().map(member).collect();
        let rlp = alloy_rlp::encode(EpochRlp { since: self.since, members, params: self.params });
        out.extend_from_slice(&epoch_digest(&rlp));
        out.extend_from_slice(&rlp);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let (digest, rlp) = bytes.split_first_chunk().ok_or(Corrupt("it has no digest"))?;
        if epoch_digest(rlp) != *digest {
            return Err(Corrupt("its digest is of something else"));
        }
        let EpochRlp { since, members, params } = decode_rlp(rlp)?;
        let members = members.into_iter().map(|of| Validator { address: of.address, power: of.power }).collect();
        let validators = ValidatorSet::new(members).map_err(|_| Corrupt("its members are no validator set"))?;
        Ok(Self { since, validators, params })
    }
}

fn epoch_digest(rlp: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.iter_mut().zip(keccak256(rlp)).for_each(|(to, from)| *to = from);
    digest
}

#[derive(RlpEncodable, RlpDecodable)]
struct EpochRlp {
    since: u64,
    members: Vec<MemberRlp>,
    params: ConsensusParams,
}

#[derive(RlpEncodable, RlpDecodable)]
struct MemberRlp {
    address: Address,
    power: u64,
}
