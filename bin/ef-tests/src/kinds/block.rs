//! Blockchain tests: a genesis and blocks, some of which must be refused.
//!
//! Each block is decoded, checked and run by the node's rules of an Ethereum chain. A block may build on any block that was imported before:
//! before the Merge the chain of the greatest difficulty is the head, after it the last one that came.

use super::{Runner, parse};
use crate::{
    import::{Chain, Imported},
    json::{Accounts, ConfigJson},
    network::Network,
    world::World,
};
use alloy_primitives::{B256, Bytes, U256};
use alloy_rlp::Decodable;
use bttc_primitives::Header;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockTest {
    network: String,
    #[serde(rename = "genesisRLP")]
    genesis_rlp: Bytes,
    pre: Accounts,
    blocks: Vec<BlockJson>,
    lastblockhash: B256,
    post_state: Option<Accounts>,
    post_state_hash: Option<B256>,
    #[serde(default)]
    config: ConfigJson,
}

#[derive(Deserialize)]
struct BlockJson {
    rlp: Bytes,
    #[serde(flatten)]
    other: BTreeMap<String, Value>,
}

impl BlockJson {
    /// Why the block must be refused, if it must.
    fn refusal(&self) -> Option<String> {
        let found = self.other.iter().find(|(key, _)| key.starts_with("expectException"));
        found.map(|(_, why)| why.as_str().map_or_else(|| why.to_string(), ToString::to_string))
    }
}

pub(super) fn run(runner: &Runner<'_>, json: &str) -> Result<(), String> {
    let test: BlockTest = parse(json)?;
    runner.case(&test.network, 0, || run_case(&test));
    Ok(())
}

fn run_case(test: &BlockTest) -> Result<(), String> {
    let network = Network::parse(&test.network)?;
    let merge_block = network.merge_difficulty().and_then(|difficulty| merge_block(test, difficulty));
    let spec = network.spec(&test.config, merge_block)?;
    let world = World::new(&test.pre).map_err(|fatal| fatal.to_string())?;
    let mut chain = Chain::new(&spec, world, &test.genesis_rlp)?;
    for (index, block) in test.blocks.iter().enumerate() {
        match (chain.import(&block.rlp), block.refusal()) {
            (Imported::Valid, None) | (Imported::Invalid(_), Some(_)) => {}
            (Imported::Valid, Some(refusal)) => {
                return Err(format!("block {index}: wanted a refusal ({refusal}), found a valid block"));
            }
            (Imported::Invalid(why), None) => {
                return Err(format!("block {index}: wanted a valid block, found a refusal: {why}"));
            }
            (Imported::Fatal(why), _) => return Err(format!("block {index}: {why}")),
        }
    }
    let (hash, world) = chain.head();
    if hash != test.lastblockhash {
        return Err(format!("wanted the head {}, found {hash}", test.lastblockhash));
    }
    let wanted = match (&test.post_state, test.post_state_hash) {
        (Some(accounts), _) => World::new(accounts).map_err(|fatal| fatal.to_string())?.root(),
        (None, Some(root)) => root,
        (None, None) => return Err("the test has neither postState nor postStateHash".into()),
    };
    if world.root() != wanted {
        return Err(format!("wanted the state root {wanted}, found {}", world.root()));
    }
    Ok(())
}

/// Height of the first block whose parent has reached `difficulty`.
fn merge_block(test: &BlockTest, difficulty: U256) -> Option<u64> {
    let header = |bytes: &[u8]| {
        let mut rest = bytes;
        alloy_rlp::Header::decode_bytes(&mut rest, true).ok().and_then(|mut parts| Header::decode(&mut parts).ok())
    };
    let genesis = header(&test.genesis_rlp)?;
    let mut totals = BTreeMap::from([(genesis.hash_slow(), genesis.difficulty)]);
    if genesis.difficulty >= difficulty {
        return Some(genesis.number.saturating_add(1));
    }
    test.blocks.iter().find_map(|block| {
        let header = header(&block.rlp)?;
        let total = totals.get(&header.parent_hash)?.saturating_add(header.difficulty);
        totals.insert(header.hash_slow(), total);
        (total >= difficulty).then(|| header.number.saturating_add(1))
    })
}
