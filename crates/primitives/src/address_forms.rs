//! Addresses as people read and write them: Ethereum's `0x...` and TRON's `T...`.
//!
//! Both name the same 20 bytes. TRON writes them as base58 of `0x41`, the bytes, and the first four bytes of a double SHA-256 of both.

use alloy_primitives::{Address, hex};

/// First byte of an address on TRON.
const TRON_PREFIX: u8 = 0x41;

/// Text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read address {got:?}: {why}; write it as 0x and 40 hex digits, or in TRON's form T...")]
pub struct InvalidAddress {
    got: String,
    why: &'static str,
}

/// The address in TRON's form: 34 characters, the first a `T`.
pub fn format_tron(address: Address) -> String {
    let mut bytes = vec![TRON_PREFIX];
    bytes.extend_from_slice(address.as_slice());
    bs58::encode(bytes).with_check().into_string()
}

/// Reads an address in either form.
///
/// Upper and lower case mixed after `0x` is EIP-55's checksum and must be right; the checksum of TRON's form always.
pub fn parse_address(text: &str) -> Result<Address, InvalidAddress> {
    let fail = |why| InvalidAddress { got: text.chars().take(64).collect(), why };
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x") {
        if digits.len() != 40 {
            return Err(fail("it has not 40 hex digits"));
        }
        let bytes: [u8; 20] = hex::decode_to_array(digits).map_err(|_| fail("there is more in it than hex digits"))?;
        let address = Address::from(bytes);
        let mixed =
            digits.contains(|c: char| c.is_ascii_lowercase()) && digits.contains(|c: char| c.is_ascii_uppercase());
        return match !mixed || address.to_checksum(None) == text {
            true => Ok(address),
            false => Err(fail("its checksum (upper and lower case) is wrong; a digit may be mistyped")),
        };
    }
    if !text.starts_with('T') {
        return Err(fail("it begins neither with 0x nor with T"));
    }
    let bytes = bs58::decode(text)
        .with_check(Some(TRON_PREFIX))
        .into_vec()
        .map_err(|_| fail("its checksum is wrong; a character may be mistyped"))?;
    let (_, rest) = bytes.split_first().ok_or_else(|| fail("it is empty"))?;
    Address::try_from(rest).map_err(|_| fail("it does not hold 20 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// From TRON's main network and its documentation.
    const KNOWN: [(&str, &str); 7] = [
        ("8330108cfdd47544b398c15a3c252ad1d5a5566c", "TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNj"),
        ("5d8702466692a9174667821741b7e7799a0a0560", "TJVjaUrn6PNpCDYLvdRTXmwBULND2a9AkS"),
        ("353e4da7c074be2ff9e3e692eaeb1e65f0f32e10", "TEpjT8xbAe3FPCPFziqFfEjLVXaw9NbGXj"),
        ("20078df1672790b2963e8c4e5e527dd1225c3430", "TCtZg6ELHBZb1FzntFw6WP1aotvq5px1Nn"),
        ("032017411f4663b317fe77c257d28d5cd1b26e3d", "TAFjULxiVgT4qWk6UZwjqwZXTSaGaqnVp4"),
        ("a614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
        ("0000000000000000000000000000000000000000", "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"),
    ];

    #[test]
    fn known_addresses() {
        for (digits, tron) in KNOWN {
            let address: Address = digits.parse().unwrap();
            assert_eq!(format_tron(address), tron);
            assert_eq!(parse_address(tron), Ok(address));
            assert_eq!(parse_address(&format!("0x{digits}")), Ok(address));
            assert_eq!(parse_address(&address.to_string()), Ok(address));
        }
    }

    #[test]
    fn refuses_what_is_mistyped() {
        let wrong = [
            "",
            "T",
            "0x",
            "a614f803b6fd780986a42c78ec9c7f77e6ded13c",
            "0xa614f803b6fd780986a42c78ec9c7f77e6ded13",
            "0xg614f803b6fd780986a42c78ec9c7f77e6ded13c",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj0l",
            // The checksum of EIP-55 with one letter in the other case.
            "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            // Bitcoin's prefix, right checksum.
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        ];
        for text in wrong {
            assert!(parse_address(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes in any::<[u8; 20]>()) {
            let address = Address::from(bytes);
            prop_assert_eq!(parse_address(&format_tron(address)), Ok(address));
        }
    }
}
