//! Values as test files write them.

use alloy_primitives::{Address, Bytes, U256};
use serde::{Deserialize, Deserializer, de::Error};
use std::collections::BTreeMap;

/// An account of a `pre` or `postState`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AccountJson {
    pub(crate) balance: U256,
    pub(crate) code: Bytes,
    #[serde(deserialize_with = "number")]
    pub(crate) nonce: u64,
    pub(crate) storage: BTreeMap<U256, U256>,
}

/// Accounts by address.
pub(crate) type Accounts = BTreeMap<Address, AccountJson>;

/// `config` of a test.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigJson {
    #[serde(default)]
    pub(crate) chainid: Option<U256>,
    #[serde(default)]
    pub(crate) blob_schedule: BTreeMap<String, BlobJson>,
}

/// Blob limits of one fork.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlobJson {
    #[serde(deserialize_with = "number")]
    pub(crate) target: u64,
    #[serde(deserialize_with = "number")]
    pub(crate) max: u64,
    #[serde(deserialize_with = "number")]
    pub(crate) base_fee_update_fraction: u64,
}

/// A number of at most 64 bits.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let value = U256::deserialize(from)?;
    u64::try_from(value).map_err(|_| D::Error::custom(format!("{value} is above 64 bits")))
}

/// The same where the field may be missing.
pub(crate) fn number_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let Some(value) = Option::<U256>::deserialize(from)? else { return Ok(None) };
    u64::try_from(value).map(Some).map_err(|_| D::Error::custom(format!("{value} is above 64 bits")))
}

/// A number in hex or decimal text.
pub(crate) fn parse_number(text: &str) -> Result<U256, String> {
    text.parse().map_err(|error| format!("{text} is no number of 256 bits: {error}"))
}

/// A number of at most 64 bits in hex or decimal text.
pub(crate) fn parse_u64(text: &str) -> Result<u64, String> {
    u64::try_from(parse_number(text)?).map_err(|_| format!("{text} is above 64 bits"))
}
