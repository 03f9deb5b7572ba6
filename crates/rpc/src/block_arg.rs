//! How a caller names a block: tag, number, hash, or an object (EIP-1898).

use alloy_primitives::B256;
use serde::{Deserialize, Deserializer, de::Error};
use std::{fmt, str::FromStr};

/// A block as a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BlockArg {
    /// The last block; every block here is final, so `safe` and `finalized` are the same.
    #[default]
    Latest,
    /// The state of the last block with what waits in the pool.
    Pending,
    /// A block by its height.
    Number(u64),
    /// A block by its hash.
    Hash(B256),
}

/// A block that may be named by tag or number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberArg(BlockArg);

impl<'de> Deserialize<'de> for NumberArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match BlockArg::deserialize(deserializer)? {
            BlockArg::Hash(hash) => Err(D::Error::custom(format!("{hash} is no block number of 64 bits"))),
            block => Ok(Self(block)),
        }
    }
}

impl From<NumberArg> for BlockArg {
    fn from(NumberArg(block): NumberArg) -> Self {
        block
    }
}

impl From<B256> for BlockArg {
    fn from(hash: B256) -> Self {
        Self::Hash(hash)
    }
}

impl fmt::Display for BlockArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Pending => f.write_str("pending"),
            Self::Number(number) => write!(f, "block {number}"),
            Self::Hash(hash) => write!(f, "block {hash}"),
        }
    }
}

impl FromStr for BlockArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "latest" | "safe" | "finalized" => return Ok(Self::Latest),
            "pending" => return Ok(Self::Pending),
            "earliest" => return Ok(Self::Number(0)),
            _ => {}
        }
        let digits =
            text.strip_prefix("0x").ok_or("hex string without 0x prefix; a block is a tag, a hex number or a hash")?;
        if digits.len() == 64 {
            return B256::from_str(text).map(Self::Hash).map_err(|error| error.to_string());
        }
        if digits.is_empty() {
            return Err("empty hex number".to_owned());
        }
        u64::from_str_radix(digits, 16).map(Self::Number).map_err(|_| format!("{text} is no block number of 64 bits"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByObject {
    block_hash: Option<B256>,
    block_number: Option<String>,
    // Every block we have is canonical.
    #[serde(rename = "requireCanonical")]
    _require_canonical: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Object(ByObject),
}

impl<'de> Deserialize<'de> for BlockArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form::deserialize(deserializer).map_err(|_| {
            D::Error::custom("a block is a tag, a hex number, a hash, or an object with blockHash or blockNumber")
        })?;
        match form {
            Form::Text(text) => text.parse().map_err(D::Error::custom),
            Form::Object(ByObject { block_hash: Some(hash), block_number: None, .. }) => Ok(Self::Hash(hash)),
            Form::Object(ByObject { block_hash: None, block_number: Some(number), .. }) => {
                number.parse().map_err(D::Error::custom)
            }
            Form::Object(_) => Err(D::Error::custom("give blockHash or blockNumber, and not both")),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<BlockArg, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn all_forms_are_read() {
        let hash = format!("0x{}", "ab".repeat(32));
        assert_eq!(read(r#""safe""#).unwrap(), BlockArg::Latest);
        assert_eq!(read(r#""earliest""#).unwrap(), BlockArg::Number(0));
        assert_eq!(read(r#""0x1f""#).unwrap(), BlockArg::Number(31));
        let by_hash = BlockArg::Hash(B256::repeat_byte(0xab));
        assert_eq!(read(&format!("\"{hash}\"")).unwrap(), by_hash);
        let object = format!(r#"{{"blockHash":"{hash}","requireCanonical":true}}"#);
        assert_eq!(read(&object).unwrap(), by_hash);
        assert_eq!(read(r#"{"blockNumber":"0x2"}"#).unwrap(), BlockArg::Number(2));
    }

    #[test]
    fn numbers_without_prefix_are_refused() {
        assert!(read(r#""2""#).unwrap_err().contains("hex string without 0x prefix"));
        assert!(read(r#""0x""#).is_err());
        assert!(read(r#""0x10000000000000000""#).is_err());
        assert!(read("{}").is_err());
        assert!(read("7").is_err());
    }
}
