//! Amounts of BTT, as people read and write them.

use alloy_primitives::U256;

const DECIMALS: usize = 18;

/// An amount that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read amount {got:?}: {why}; write a number of BTT such as \"1.5 BTT\"")]
pub struct InvalidAmount {
    got: String,
    why: &'static str,
}

/// Writes wei as BTT with its unit, without trailing zeros: `1.5 BTT`.
pub fn format_btt(wei: U256) -> String {
    let digits = format!("{wei:0>width$}", width = DECIMALS.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(DECIMALS));
    match fraction.trim_end_matches('0') {
        "" => format!("{whole} BTT"),
        fraction => format!("{whole}.{fraction} BTT"),
    }
}

/// Reads an amount of BTT, with or without its unit, into wei.
///
/// Accepts `1.5 BTT`, `1.5`, `1_000_000 BTT`; refuses signs, exponents, other units and more than 18 decimals.
pub fn parse_btt(text: &str) -> Result<U256, InvalidAmount> {
    let fail = |why| InvalidAmount { got: text.to_owned(), why };
    let trimmed = text.trim();
    let number = trimmed.strip_suffix("BTT").or_else(|| trimmed.strip_suffix("btt")).unwrap_or(trimmed).trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: String = whole.chars().filter(|c| *c != '_').collect();
    if whole.is_empty() && fraction.is_empty() {
        return Err(fail("there is no number"));
    }
    if !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit()) {
        return Err(fail("only digits, one point and the unit BTT may stand in it"));
    }
    if fraction.len() > DECIMALS {
        return Err(fail("it has more than 18 decimals"));
    }
    let digits = format!("{whole}{fraction:0<width$}", width = DECIMALS);
    digits.parse().map_err(|_| fail("it is larger than any balance can be"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_amounts() {
        let btt = U256::from(10u64).pow(U256::from(18));
        assert_eq!(parse_btt("1.5 BTT").unwrap(), btt * U256::from(3) / U256::from(2));
        assert_eq!(parse_btt("1_000").unwrap(), btt * U256::from(1000));
        assert_eq!(parse_btt(".25").unwrap(), btt / U256::from(4));
        assert_eq!(format_btt(U256::from(189_000_000_000_000_000u64)), "0.189 BTT");
        assert_eq!(format_btt(U256::ZERO), "0 BTT");
    }

    #[test]
    fn refuses_what_is_not_an_amount() {
        for text in ["", "BTT", ".", "-1", "1e3", "1 ETH", "0x10", "1.0000000000000000001", "1.2.3", "+1", "١"] {
            assert!(parse_btt(text).is_err(), "{text:?}");
        }
        assert!(parse_btt(&"9".repeat(80)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(limbs in any::<[u64; 3]>()) {
            let wei = U256::from_limbs([limbs[0], limbs[1], limbs[2], 0]);
            prop_assert_eq!(parse_btt(&format_btt(wei)).unwrap(), wei);
        }
    }
}
