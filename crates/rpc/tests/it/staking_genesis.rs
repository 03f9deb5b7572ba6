//! The development genesis with staking, as `bttc-node` makes it and keeps it, without code, in `staking-genesis.json`.

use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, Bytes};
use serde_json::Value;
use std::collections::BTreeMap;

/// `dev` is the text of the development genesis.
pub(crate) fn staking_genesis(dev: &str) -> Genesis {
    let mut kept: Value = serde_json::from_str(include_str!("staking-genesis.json")).unwrap();
    let mut genesis: Genesis = serde_json::from_str(dev).unwrap();
    genesis.timestamp = kept["timestamp"].as_u64().unwrap();
    genesis.config.extra_fields.get_mut("bttc").unwrap()["validators"] = kept["validators"].take();
    let system = bttc_contracts::system::system_contracts();
    let mut codes: BTreeMap<Address, Bytes> = system.parts.into_iter().map(|of| (of.address, of.code)).collect();
    for contract in system.contracts {
        codes.insert(contract.address, system.proxy.clone());
        codes.insert(contract.implementation, contract.code);
    }
    let accounts: BTreeMap<Address, GenesisAccount> = serde_json::from_value(kept["alloc"].take()).unwrap();
    for (address, account) in accounts {
        genesis.alloc.insert(address, GenesisAccount { code: codes.remove(&address), ..account });
    }
    assert!(codes.is_empty(), "staking-genesis.json lacks contracts");
    genesis
}
