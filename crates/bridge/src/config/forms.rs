//! How addresses and amounts are written in a configuration.

use alloy_primitives::{Address, U256};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::collections::BTreeMap;

/// Addresses in either form.
pub(crate) mod address {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(address: &Address, to: S) -> Result<S::Ok, S::Error> {
        address.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        let text = String::deserialize(from)?;
        bttc_primitives::parse_address(&text).map_err(D::Error::custom)
    }
}

/// The same, or none.
pub(crate) mod optional_address {
    use super::*;

    #[derive(Deserialize)]
    struct Either(#[serde(with = "super::address")] Address);

    pub(crate) fn serialize<S: Serializer>(address: &Option<Address>, to: S) -> Result<S::Ok, S::Error> {
        address.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Address>, D::Error> {
        Ok(Option::<Either>::deserialize(from)?.map(|address| address.0))
    }
}

/// Amounts as a number or as text, decimal or `0x...`.
pub(crate) mod amount {
    use super::*;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }

    pub(crate) fn serialize<S: Serializer>(amount: &U256, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&amount.to_string())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<U256, D::Error> {
        match Written::deserialize(from)? {
            Written::Number(number) => Ok(U256::from(number)),
            Written::Text(text) => text.replace('_', "").parse().map_err(|_| {
                D::Error::custom(format!("{text:?} is no amount; write a whole number in the smallest unit"))
            }),
        }
    }
}

#[derive(Deserialize)]
struct Amount(#[serde(with = "amount")] U256);

/// The same, or none.
pub(crate) mod optional_amount {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(amount: &Option<U256>, to: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => super::amount::serialize(amount, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<U256>, D::Error> {
        Ok(Option::<Amount>::deserialize(from)?.map(|amount| amount.0))
    }
}

/// Amounts by token, each as above: addresses in either form, none twice.
pub(crate) mod values {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(values: &BTreeMap<Address, U256>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(values.iter().map(|(token, amount)| (token, amount.to_string())))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Address, U256>, D::Error> {
        let mut values = BTreeMap::new();
        for (text, Amount(amount)) in BTreeMap::<String, Amount>::deserialize(from)? {
            let token = bttc_primitives::parse_address(&text).map_err(D::Error::custom)?;
            if values.insert(token, amount).is_some() {
                return Err(D::Error::custom(format!(
                    "the token {text} stands there twice; name it once, in one form"
                )));
            }
        }
        Ok(values)
    }
}
