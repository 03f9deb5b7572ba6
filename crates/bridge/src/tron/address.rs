//! Addresses in TRON's messages: `0x41` and the 20 bytes that the same key has on Ethereum.

use alloy_primitives::Address;

/// First byte of an address on TRON.
pub const PREFIX: u8 = 0x41;

/// Bytes that are no address of a TRON message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address of TRON has 21 bytes, the first 0x41; got {len} bytes, the first {first:?}")]
pub struct InvalidWireAddress {
    len: usize,
    first: Option<u8>,
}

/// The 21 bytes of a message.
pub fn to_wire(address: Address) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(21);
    bytes.push(PREFIX);
    bytes.extend_from_slice(address.as_slice());
    bytes
}

/// Reads the 21 bytes of a message.
pub fn from_wire(bytes: &[u8]) -> Result<Address, InvalidWireAddress> {
    let refused = InvalidWireAddress { len: bytes.len(), first: bytes.first().copied() };
    match bytes.split_first() {
        Some((&PREFIX, rest)) => Address::try_from(rest).map_err(|_| refused),
        _ => Err(refused),
    }
}
