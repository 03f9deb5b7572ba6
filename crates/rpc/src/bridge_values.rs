//! Words of the namespace `bridge_`: how callers name blocks and transfers, and what stands in every answer.

use crate::{
    block_arg::BlockArg,
    context::{Api, head_of},
    error::{Reply, RpcError},
    staking_contracts::check_staking,
};
use alloy_primitives::B256;
use bttc_chain::ExitState;
use bttc_contracts::{
    addresses::BRIDGE_INBOX,
    bridge_slots::{LAST_ROOT, root_chain},
};
use bttc_primitives::{Height, StateReader};
use bttc_storage::ReadTx;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// What is told where a root chain is not watched.
pub(crate) const NOT_WATCHED: &str =
    "this node does not watch that root chain (run it with --relay), so what happened there is not known here";

/// A block as a tag, a hex number, a hash, or a JSON number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HeightArg(pub(crate) BlockArg);

impl<'de> Deserialize<'de> for HeightArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        match Form::deserialize(deserializer) {
            Ok(Form::Number(number)) => Ok(Self(BlockArg::Number(number))),
            Ok(Form::Text(text)) => text.parse().map(Self).map_err(D::Error::custom),
            Err(_) => Err(D::Error::custom("a block is a number, a hex number, a tag or a hash")),
        }
    }
}

impl std::str::FromStr for HeightArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

/// An exit: by the transaction that made it, or by its place in the exit tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitId {
    Index(u32),
    Tx(B256),
}

impl<'de> Deserialize<'de> for ExitId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Index(u32),
            Tx(B256),
        }
        match Form::deserialize(deserializer) {
            Ok(Form::Index(index)) => Ok(Self::Index(index)),
            Ok(Form::Tx(hash)) => Ok(Self::Tx(hash)),
            Err(_) => Err(D::Error::custom(
                "an exit is the hash of its transaction here (0x and 64 hex digits) or its index in the exit tree (a number below 2^32)",
            )),
        }
    }
}

/// A deposit: by its transaction on the root chain, or by the number of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DepositId {
    Tx(B256),
    Record { root_id: u8, nonce: u64 },
}

impl<'de> Deserialize<'de> for DepositId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Record {
            root_id: u8,
            nonce: u64,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Record(Record),
            Text(String),
        }
        let refuse = || {
            D::Error::custom(
                "a deposit is the hash of its transaction on the root chain (64 hex digits), or an object {\"rootId\": 2, \"nonce\": 17}",
            )
        };
        match Form::deserialize(deserializer) {
            Ok(Form::Record(Record { root_id, nonce })) => Ok(Self::Record { root_id, nonce }),
            // TRON writes hashes without 0x.
            Ok(Form::Text(text)) => text.parse().map(Self::Tx).map_err(|_| refuse()),
            Err(_) => Err(refuse()),
        }
    }
}

/// A root chain by name; the numbers are fixed (docs/bridge.md).
pub(crate) fn root_name(root_id: u8) -> String {
    match root_id {
        1 => "ethereum".to_owned(),
        2 => "tron".to_owned(),
        other => format!("root chain {other}"),
    }
}

/// A chain whose genesis has no bridge has nothing to tell.
pub(crate) fn check_bridge<S: StateReader>(api: &Api, state: &S) -> Reply<()> {
    check_staking(api)?;
    let there = state.account(BRIDGE_INBOX)?.is_some_and(|account| account.has_code());
    if there {
        return Ok(());
    }
    Err(RpcError::unsupported(
        "this chain has no bridge: its genesis was made without the contracts of the bridge; ask a node of a chain whose genesis has them",
    ))
}

/// Ids of the root chains that are registered in a state.
pub(crate) fn root_ids<S: StateReader>(state: &S) -> Reply<Vec<u8>> {
    let mut found = Vec::new();
    for root_id in 1..=LAST_ROOT {
        if !state.storage(BRIDGE_INBOX, root_chain(root_id))?.is_zero() {
            found.push(root_id);
        }
    }
    Ok(found)
}

/// Refuses a root chain that is not registered.
pub(crate) fn check_root<S: StateReader>(state: &S, root_id: u8) -> Reply<()> {
    if root_id != 0 && !state.storage(BRIDGE_INBOX, root_chain(root_id))?.is_zero() {
        return Ok(());
    }
    let known = root_ids(state)?;
    let known: Vec<_> = known.into_iter().map(|id| format!("{id} ({})", root_name(id))).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(RpcError::params(format!("there is no root chain {root_id}; registered are: {known}")))
}

/// The exit tree after a block whose state the node has.
pub(crate) fn exits_in<S: StateReader>(state: &S) -> Reply<ExitState> {
    Ok(bttc_chain::exit_state(state)?)
}

/// The height of a block that must be there.
pub(crate) fn height_of(read: &ReadTx, HeightArg(block): HeightArg) -> Reply<Height> {
    let height = crate::context::find_height(read, block)?;
    height.ok_or_else(|| {
        let latest = head_of(read).map(|head| head.number).unwrap_or_default();
        RpcError::no_block(format_args!("{block} is unknown; the latest is {latest}"))
    })
}

/// A block of a root chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Seen {
    pub(crate) height: Height,
    pub(crate) time: u64,
}

impl From<bttc_primitives::SeenBlock> for Seen {
    fn from(seen: bttc_primitives::SeenBlock) -> Self {
        Self { height: seen.height, time: seen.time }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde_json::from_str;

    #[test]
    fn blocks_and_transfers_are_named_in_all_forms() {
        assert_eq!(from_str::<HeightArg>("17").unwrap(), HeightArg(BlockArg::Number(17)));
        assert_eq!(from_str::<HeightArg>("\"0x11\"").unwrap(), HeightArg(BlockArg::Number(17)));
        assert_eq!(from_str::<HeightArg>("\"latest\"").unwrap(), HeightArg(BlockArg::Latest));
        assert!(from_str::<HeightArg>("\"17\"").is_err() && from_str::<HeightArg>("-1").is_err());
        let hash = B256::repeat_byte(0xab);
        assert_eq!(from_str::<ExitId>("7").unwrap(), ExitId::Index(7));
        assert_eq!(from_str::<ExitId>(&format!("\"{hash}\"")).unwrap(), ExitId::Tx(hash));
        assert!(from_str::<ExitId>("4294967296").unwrap_err().to_string().contains("2^32"));
        assert_eq!(from_str::<DepositId>(&format!("\"{}\"", "ab".repeat(32))).unwrap(), DepositId::Tx(hash));
        let record = from_str::<DepositId>(r#"{"rootId":2,"nonce":9}"#).unwrap();
        assert_eq!(record, DepositId::Record { root_id: 2, nonce: 9 });
        assert!(from_str::<DepositId>("\"0x12\"").unwrap_err().to_string().contains("64 hex digits"));
    }
}
