//! Values that are a number, plain bytes, nothing, or RLP.

use super::{Corrupt, Input, Value};
use crate::VotersSince;
use alloy_primitives::{Address, Bytes, U256};
use alloy_rlp::{Decodable, Encodable};
use bttc_primitives::{CommitCertificate, Validator, ValidatorSet};

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

/// Unit: bytes of an address and of a power.
const MEMBER_BYTES: usize = 28;

/// The first height (8 bytes, big endian), then each member's address and power (8 bytes, big endian), in the order of the set.
impl Value for VotersSince {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.since.to_be_bytes());
        for member in self.validators.members() {
            out.extend_from_slice(member.address.as_slice());
            out.extend_from_slice(&member.power.to_be_bytes());
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let (since, members) = bytes.split_first_chunk().ok_or(Corrupt("it has no first height"))?;
        let (members, rest) = members.as_chunks::<MEMBER_BYTES>();
        if !rest.is_empty() {
            return Err(Corrupt("a validator set is not a number of whole members"));
        }
        let member = |bytes: &[u8; MEMBER_BYTES]| {
            let (address, power) = bytes.split_at(20);
            let power = power.try_into().map(u64::from_be_bytes).map_err(|_| Corrupt("a power is not of 8 bytes"))?;
            Ok(Validator { address: Address::from_slice(address), power })
        };
        let members = members.iter().map(member).collect::<Result<Vec<_>, Corrupt>>()?;
        let validators = ValidatorSet::new(members).map_err(|_| Corrupt("its members are no validator set"))?;
        Ok(Self { since: u64::from_be_bytes(*since), validators })
    }
}
