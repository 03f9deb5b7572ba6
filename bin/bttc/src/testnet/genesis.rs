//! The genesis of a local network: that of the development chain with other validators.

use alloy_primitives::{Address, U64};
use eyre::{WrapErr, eyre};
use serde_json::{Value, json};
use std::time::Duration;

/// Chain id of local networks (docs/protocol.md, section 1).
pub(crate) const LOCAL_CHAIN_ID: u64 = 990_993;

/// Voting power of each validator. Enough that shares of it are whole numbers.
const POWER: u64 = 1_000_000;

/// Writes the genesis; every validator has the same power.
pub(crate) fn make(validators: &[Address], block_time: Duration, idle_time: Duration) -> eyre::Result<String> {
    let (_, text) = bttc_node::load_spec("dev")?;
    let mut genesis: Value = serde_json::from_str(&text).wrap_err("the development genesis is no JSON")?;
    let members: Vec<_> = validators.iter().map(|address| json!({ "address": address, "power": POWER })).collect();
    let config = genesis.get_mut("config").ok_or_else(|| eyre!("the development genesis has no config"))?;
    set(config, "chainId", json!(LOCAL_CHAIN_ID))?;
    let rules = config.get_mut("bttc").ok_or_else(|| eyre!("the development genesis has no rules"))?;
    set(rules, "dev", json!(false))?;
    set(rules, "blockTimeMs", json!(milliseconds(block_time)))?;
    set(rules, "idleTimeMs", json!(milliseconds(idle_time.max(block_time))))?;
    set(rules, "validators", json!(members))?;
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    set(&mut genesis, "timestamp", json!(U64::from(now)))?;
    Ok(serde_json::to_string_pretty(&genesis)?)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn set(object: &mut Value, key: &str, value: Value) -> eyre::Result<()> {
    let fields = object.as_object_mut().ok_or_else(|| eyre!("the development genesis is not as expected"))?;
    fields.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use bttc_primitives::ChainSpec;

    #[test]
    fn it_names_the_validators_and_their_times() {
        let validators = [Address::repeat_byte(1), Address::repeat_byte(2)];
        let text = make(&validators, Duration::from_millis(100), Duration::from_millis(50)).unwrap();
        let spec = ChainSpec::from_json(&text).unwrap();
        assert_eq!((spec.chain_id(), spec.is_dev()), (LOCAL_CHAIN_ID, false));
        let set = spec.genesis_validators().unwrap();
        assert_eq!(set.members().iter().map(|member| member.address).collect::<Vec<_>>(), validators);
        assert_eq!(spec.timing().block_time, Duration::from_millis(100));
        assert_eq!(spec.timing().idle_time, Duration::from_millis(100));
    }
}
