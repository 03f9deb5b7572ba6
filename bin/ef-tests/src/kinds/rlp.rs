//! RLP tests: values and their encoding, and bytes that are no encoding of anything.
//!
//! The library tried is the one that decodes the node's blocks and transactions.

use super::{Runner, parse};
use alloy_primitives::{Bytes, U512};
use alloy_rlp::{Buf, Decodable, Encodable, Header};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct RlpTest {
    #[serde(rename = "in")]
    input: Value,
    out: String,
}

/// A value of RLP.
#[derive(Debug, PartialEq, Eq)]
enum Item {
    Text(Bytes),
    List(Vec<Item>),
}

pub(super) fn run(runner: &Runner<'_>, json: &str) -> Result<(), String> {
    let test: RlpTest = parse(json)?;
    runner.case("-", 0, || {
        let hex = test.out.strip_prefix("0x").unwrap_or(&test.out);
        let out: Bytes = hex.parse().map_err(|error| format!("{hex} is no hex: {error}"))?;
        match &test.input {
            Value::String(text) if text == "INVALID" => match decode(&out) {
                Ok(item) => Err(format!("wanted a refusal, found {item:?}")),
                Err(_) => Ok(()),
            },
            Value::String(text) if text == "VALID" => round_trip(&out).map(drop),
            value => {
                let wanted = item(value)?;
                let encoded = Bytes::from(alloy_rlp::encode(&wanted));
                if encoded != out {
                    return Err(format!("wanted the encoding {out}, found {encoded}"));
                }
                let found = round_trip(&out)?;
                if found == wanted { Ok(()) } else { Err(format!("wanted {wanted:?}, found {found:?}")) }
            }
        }
    });
    Ok(())
}

fn round_trip(out: &Bytes) -> Result<Item, String> {
    let item = decode(out).map_err(|error| format!("wanted a value, found a refusal: {error}"))?;
    let again = Bytes::from(alloy_rlp::encode(&item));
    if again == *out { Ok(item) } else { Err(format!("wanted the same bytes after a round trip, found {again}")) }
}

fn decode(bytes: &[u8]) -> alloy_rlp::Result<Item> {
    let mut rest = bytes;
    let item = Item::decode(&mut rest)?;
    if rest.is_empty() { Ok(item) } else { Err(alloy_rlp::Error::UnexpectedLength) }
}

fn item(value: &Value) -> Result<Item, String> {
    let number = |text: &str| {
        let number: U512 = text.parse().map_err(|error| format!("{text} is no number: {error}"))?;
        Ok(Item::Text(number.to_be_bytes_trimmed_vec().into()))
    };
    match value {
        Value::String(text) => match text.strip_prefix('#') {
            Some(digits) => number(digits),
            None => Ok(Item::Text(text.clone().into_bytes().into())),
        },
        Value::Number(digits) => number(&digits.to_string()),
        Value::Array(values) => values.iter().map(item).collect::<Result<_, String>>().map(Item::List),
        other => Err(format!("{other} has no encoding")),
    }
}

impl Encodable for Item {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        match self {
            Self::Text(bytes) => bytes.encode(out),
            Self::List(items) => items.encode(out),
        }
    }

    fn length(&self) -> usize {
        match self {
            Self::Text(bytes) => bytes.length(),
            Self::List(items) => items.length(),
        }
    }
}

impl Decodable for Item {
    fn decode(from: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let mut ahead = *from;
        let header = Header::decode(&mut ahead)?;
        if !header.list {
            return Bytes::decode(from).map(Self::Text);
        }
        let mut payload = ahead.get(..header.payload_length).ok_or(alloy_rlp::Error::InputTooShort)?;
        let mut items = Vec::new();
        while !payload.is_empty() {
            items.push(Self::decode(&mut payload)?);
        }
        ahead.advance(header.payload_length);
        *from = ahead;
        Ok(Self::List(items))
    }
}
