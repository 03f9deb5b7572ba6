//! The genesis files of `genesis/` against the contracts of this crate and docs/protocol.md.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, fs, path::PathBuf};

use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, U256, hex};
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use bttc_contracts::{Predeploy, addresses, predeploys};
use serde_json::json;

const NETWORKS: [(&str, u64); 3] = [("dev", 990_992), ("testnet", 990_991), ("mainnet", 990_990)];
const MNEMONIC: &str = "test test test test test test test test test test test junk";
const WEI_PER_BTT: u128 = 1_000_000_000_000_000_000;
const SUPPLY: u128 = 990_000_000_000 * WEI_PER_BTT;
const MIN_BASE_FEE: u128 = 9_000_000_000_000;

fn text_of(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../genesis").join(name);
    fs::read_to_string(path).unwrap()
}

fn genesis(network: &str) -> Genesis {
    serde_json::from_str(&text_of(&format!("{network}/genesis.json"))).unwrap()
}

fn dev_key(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index).unwrap().build().unwrap()
}

#[test]
fn rules_are_those_of_the_protocol() {
    for (network, chain_id) in NETWORKS {
        let Genesis { config, base_fee_per_gas, gas_limit, extra_data, .. } = genesis(network);
        assert_eq!(config.chain_id, chain_id);
        assert_eq!(config.london_block, Some(0), "{network}");
        assert_eq!(config.terminal_total_difficulty, Some(U256::ZERO), "{network}");
        assert_eq!(config.osaka_time, Some(0), "{network}");
        assert_eq!(base_fee_per_gas, Some(MIN_BASE_FEE), "{network}");
        assert_eq!(gas_limit, 60_000_000, "{network}");
        assert!(extra_data.is_empty(), "{network}");

        let dev = network == "dev";
        let mut expected = json!({
            "minBaseFee": format!("{MIN_BASE_FEE:#x}"),
            "elasticity": 2,
            "baseFeeDenominator": 50,
            "burnPercent": 50,
            "stakersPercent": 40,
            "treasuryPercent": 10,
            "blockTimeMs": 500,
            "idleTimeMs": 2000,
            "validators": [],
        });
        if dev {
            expected["dev"] = json!(true);
            expected["validators"] = json!([{ "address": dev_key(100).address().to_string(), "power": 1 }]);
        }
        assert_eq!(config.extra_fields.get("bttc"), Some(&expected), "{network}");
    }
}

#[test]
fn code_is_exactly_the_predeploys() {
    for (network, _) in NETWORKS {
        let alloc = genesis(network).alloc;
        for Predeploy { name, address, nonce, storage, code, .. } in predeploys() {
            let account = &alloc[address];
            assert_eq!(account.code.as_ref(), Some(code), "{network}: {name}");
            assert_eq!(account.nonce, Some(*nonce), "{network}: {name}");
            assert_eq!(account.storage.clone().unwrap_or_default(), *storage, "{network}: {name}");
        }
        let with_code = alloc.values().filter(|account| account.code.is_some()).count();
        assert_eq!(with_code, predeploys().len(), "{network}");
    }
}

#[test]
fn balances_are_exactly_the_supply() {
    for (network, _) in NETWORKS {
        let total: U256 = genesis(network).alloc.values().map(|account| account.balance).sum();
        assert_eq!(total, U256::from(SUPPLY), "{network}");
    }
}

#[test]
fn everything_else_is_balance_alone() {
    for (network, _) in NETWORKS {
        let accounts: BTreeMap<Address, GenesisAccount> =
            genesis(network).alloc.into_iter().filter(|(_, account)| account.code.is_none()).collect();
        let mut expected: Vec<Address> = vec![addresses::TREASURY];
        if network == "dev" {
            expected.extend((0..10).map(|index| dev_key(index).address()));
        }
        expected.sort();
        assert_eq!(accounts.keys().copied().collect::<Vec<_>>(), expected, "{network}");
        for (address, account) in &accounts {
            assert!(account.nonce.is_none() && account.storage.is_none(), "{network}: {address}");
            if *address != addresses::TREASURY {
                assert_eq!(account.balance, U256::from(1_000_000_000 * WEI_PER_BTT), "{network}: {address}");
            }
        }
    }
}

#[test]
fn readme_gives_the_dev_validator_its_key() {
    let readme = text_of("README.md");
    let key = dev_key(100);
    assert!(readme.contains(&key.address().to_string()));
    assert!(readme.contains(&hex::encode_prefixed(key.to_bytes())));
}
