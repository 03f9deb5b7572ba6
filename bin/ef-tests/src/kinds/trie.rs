//! Trie tests: keys and values, and the root of the trie that holds them.
//!
//! The node's own walk stores accounts and slots only, never bare text, so these roots come from the hash builder that the walk feeds. The walk
//! itself is tried by every state and blockchain test here, and against tries built from scratch in the tests of its crate.

use super::{Runner, parse};
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::HashBuilder;
use bttc_trie::Nibbles;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct TrieTest {
    #[serde(rename = "in")]
    input: Input,
    root: B256,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    InOrder(Vec<(String, Option<String>)>),
    AnyOrder(BTreeMap<String, Option<String>>),
}

pub(super) fn run(runner: &Runner<'_>, json: &str) -> Result<(), String> {
    let test: TrieTest = parse(json)?;
    let secure = runner.file.name.to_lowercase().contains("secure");
    runner.case("-", 0, || {
        let root = root(test.input, secure)?;
        if root == test.root { Ok(()) } else { Err(format!("wanted the root {}, found {root}", test.root)) }
    });
    Ok(())
}

fn root(input: Input, secure: bool) -> Result<B256, String> {
    let pairs: Vec<_> = match input {
        Input::InOrder(pairs) => pairs,
        Input::AnyOrder(pairs) => pairs.into_iter().collect(),
    };
    let mut leaves = BTreeMap::new();
    for (key, value) in pairs {
        let key = bytes(&key)?;
        let key = if secure { Nibbles::unpack(keccak256(key)) } else { Nibbles::unpack(key) };
        match value {
            Some(value) if !value.is_empty() => leaves.insert(key, bytes(&value)?),
            _ => leaves.remove(&key),
        };
    }
    let keys: Vec<_> = leaves.keys().collect();
    if keys.windows(2).any(|pair| matches!(pair, [one, next] if next.starts_with(one))) {
        return Err(
            "one key is the beginning of another, which the hash builder does not take; the node has no such keys"
                .into(),
        );
    }
    let mut builder = HashBuilder::default();
    for (key, value) in leaves {
        builder.add_leaf(key, &value);
    }
    Ok(builder.root())
}

fn bytes(text: &str) -> Result<Bytes, String> {
    match text.strip_prefix("0x") {
        Some(hex) => hex.parse().map_err(|error| format!("{text} is no hex: {error}")),
        None => Ok(Bytes::copy_from_slice(text.as_bytes())),
    }
}
