//! Values as the namespaces `staking_` and `btt_` write them: amounts as decimal strings of wei, addresses with their checksum, all else as JSON numbers.

use crate::error::Reply;
use alloy_primitives::{Address, U256};
use bttc_primitives::Fatal;
use serde::{Serialize, Serializer};

/// Basis points in the whole.
pub(crate) const BASIS: u64 = 10_000;

/// One BTT. Unit: wei.
const BTT: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// A number of any size, as a decimal string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal(pub(crate) U256);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl From<U256> for Decimal {
    fn from(number: U256) -> Self {
        Self(number)
    }
}

/// An address, as a string with its checksum (EIP-55).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account(pub(crate) Address);

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_checksum(None))
    }
}

impl From<Address> for Account {
    fn from(address: Address) -> Self {
        Self(address)
    }
}

/// Wei in words: whole BTT with up to 18 digits behind the point.
pub(crate) fn in_btt(wei: U256) -> String {
    let (whole, rest) = wei.div_rem(BTT);
    if rest.is_zero() {
        return format!("{whole} BTT");
    }
    let digits = format!("{rest:0>18}");
    format!("{whole}.{} BTT", digits.trim_end_matches('0'))
}

/// `floor(amount * numerator / denominator)`; zero if the denominator is.
///
/// Errors: the product has more than 256 bits, which no numbers of our contracts make.
pub(crate) fn part(amount: U256, numerator: U256, denominator: U256) -> Reply<U256> {
    if denominator.is_zero() {
        return Ok(U256::ZERO);
    }
    let product = amount.checked_mul(numerator);
    let product = product.ok_or_else(|| Fatal::new(format!("{amount} times {numerator} has more than 256 bits")))?;
    Ok(product.checked_div(denominator).unwrap_or_default())
}

/// A part in basis points.
pub(crate) fn basis_points(amount: U256, points: U256) -> Reply<U256> {
    part(amount, points, U256::from(BASIS))
}

/// A number of a contract that a JSON number holds.
pub(crate) fn small(number: U256, what: &str) -> Reply<u64> {
    Ok(u64::try_from(number)
        .map_err(|_| Fatal::new(format!("the contracts answer {what} {number}, which is out of all bounds")))?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloy_primitives::address;
    use serde_json::json;

    #[test]
    fn values_are_written_as_agreed() {
        let wei = U256::from(10).pow(U256::from(30));
        assert_eq!(json!(Decimal(wei)), json!(format!("1{}", "0".repeat(30))));
        let account = Account(address!("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"));
        assert_eq!(json!(account), json!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
        assert_eq!(in_btt(U256::from(1_500_000_000_000_000_000u64)), "1.5 BTT");
        assert_eq!(in_btt(U256::from(1)), "0.000000000000000001 BTT");
        assert_eq!(in_btt(BTT), "1 BTT");
    }

    #[test]
    fn parts_are_rounded_down_and_never_wrap() {
        let number = U256::from;
        assert_eq!(part(number(10), number(2), number(3)).unwrap(), number(6));
        assert_eq!(part(number(10), number(2), U256::ZERO).unwrap(), U256::ZERO);
        assert_eq!(part(U256::MAX, number(2), number(2)).unwrap_err().code, -32603);
        assert_eq!(basis_points(number(999), number(5_000)).unwrap(), number(499));
        assert_eq!(small(U256::MAX, "an epoch").unwrap_err().code, -32603);
    }
}
