//! Addresses as TRON writes them: 21 bytes in hex, or base58 with a checksum.

use alloy_primitives::{Address, hex};
use sha2::{Digest, Sha256};

/// First byte of an address.
pub const PREFIX: u8 = 0x41;
/// Bytes of the checksum.
const CHECKSUM: usize = 4;

/// Text or bytes that are no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{got:?} is no address of TRON: {why}")]
pub struct InvalidAddress {
    got: String,
    why: &'static str,
}

/// The 21 bytes of a message.
pub fn wire(address: Address) -> Vec<u8> {
    [&[PREFIX], address.as_slice()].concat()
}

/// Reads the 21 bytes of a message.
pub fn from_wire(bytes: &[u8]) -> Result<Address, InvalidAddress> {
    let fail = |why| InvalidAddress { got: hex::encode(bytes), why };
    match bytes.split_first() {
        Some((&PREFIX, rest)) => Address::try_from(rest).map_err(|_| fail("it has not 21 bytes")),
        Some(_) => Err(fail("its first byte is not 0x41")),
        None => Err(fail("it is empty")),
    }
}

/// The text that people see, `T...`.
pub fn base58(address: Address) -> String {
    let mut bytes = wire(address);
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum);
    bs58::encode(bytes).into_string()
}

/// Reads `T...`, with its checksum.
pub fn from_base58(text: &str) -> Result<Address, InvalidAddress> {
    let fail = |why| InvalidAddress { got: text.to_owned(), why };
    let bytes = bs58::decode(text).into_vec().map_err(|_| fail("it is not base58"))?;
    let Some((body, sum)) = bytes.split_last_chunk::<CHECKSUM>() else { return Err(fail("it is too short")) };
    if checksum(body) != *sum {
        return Err(fail("its checksum is wrong"));
    }
    from_wire(body).map_err(|error| fail(error.why))
}

/// Reads an address of a request: base58 if `visible`, otherwise 21 bytes in hex.
pub fn parse(text: &str, visible: bool) -> Result<Address, InvalidAddress> {
    if visible {
        return from_base58(text);
    }
    let fail = |why| InvalidAddress { got: text.to_owned(), why };
    from_wire(&hex::decode(text).map_err(|_| fail("it is not hex"))?).map_err(|error| fail(error.why))
}

/// As an answer shows it.
pub fn show(address: Address, visible: bool) -> String {
    if visible { base58(address) } else { hex::encode(wire(address)) }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(Sha256::digest(bytes)));
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_pairs_hold_and_broken_ones_are_refused() {
        // docs/tron.md, V1.
        let pairs = [
            ("418330108cfdd47544b398c15a3c252ad1d5a5566c", "TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNj"),
            ("41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
            ("410000000000000000000000000000000000000000", "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"),
        ];
        for (bytes, text) in pairs {
            let address = parse(bytes, false).unwrap();
            assert_eq!((show(address, true).as_str(), show(address, false).as_str()), (text, bytes));
            assert_eq!(parse(text, true), Ok(address));
        }
        for (text, why) in [
            ("TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNk", "checksum"),
            ("27b3Ae6UDR9SEjNdrL2KEmQuk46jdaW4niW", "0x41"),
            ("Cxf6in7pHJ3t2KzQu2FBMMsMPWhmWHGaW", "0x41"),
            ("0OIl", "base58"),
        ] {
            let error = parse(text, true).unwrap_err();
            assert!(error.why.contains(why), "{error}");
        }
        assert!(parse("a614f803b6fd780986a42c78ec9c7f77e6ded13c", false).is_err());
    }
}
