//! Section `[bridge]` of a validator's configuration.

use super::place::{BridgePlace, RootPlace};
use crate::keystore::write_encrypted;
use alloy_primitives::U256;
use bttc_bridge::{
    config::{BridgeConfig, EndpointConfig, RootConfig},
    policy::{Policy, PolicyKind},
    root::RootKind,
};
use bttc_node::dev_operator;
use eyre::WrapErr;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// File of the key that pays on both root chains.
const KEY: &str = "relayer.json";
/// What stands for the validator's number in URLs.
const NODE: &str = "{node}";
/// Turns go on as quickly as the root chains do here.
const TAKEOVER: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(15);
/// Longer than the time after which lost bytes are sent again, so that nobody pays for what only comes late.
const ROOT_TAKEOVER: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(500);

/// The section for validator `number`, whose key for the root chains, that of its operator, is kept in `home`.
///
/// Errors: the contracts are not there, or the key cannot be written.
pub(crate) fn section(bridge: &BridgePlace, number: usize, home: &Path, password: &Path) -> eyre::Result<toml::Value> {
    let key = key(number, home, password)?;
    let policy = bridge.exit_age.map_or_else(
        || Policy { kind: PolicyKind::Urgent, ..Policy::default() },
        |exit_age| Policy { exit_age, ..Policy::default() },
    );
    let one = |root| Ok(RootConfig { policy: policy.clone(), ..config(root, number, &key, password)? });
    let roots = bridge.roots.iter().map(one).collect::<eyre::Result<_>>()?;
    let section =
        BridgeConfig { relay: true, takeover: TAKEOVER, patience: PATIENCE, roots, ..BridgeConfig::default() };
    section.check().wrap_err("the launcher makes a wrong configuration")?;
    toml::Value::try_from(section).wrap_err("cannot write the section of the bridge")
}

fn key(number: usize, home: &Path, password: &Path) -> eyre::Result<PathBuf> {
    let file = home.join(KEY);
    if file.exists() {
        return Ok(file);
    }
    let password = fs::read_to_string(password).wrap_err_with(|| format!("cannot read {}", password.display()))?;
    write_encrypted(home, KEY, &dev_operator(number), password.lines().next().unwrap_or_default())
}

fn config(root: &RootPlace, number: usize, key: &Path, password: &Path) -> eyre::Result<RootConfig> {
    let contracts = root.contracts()?;
    let number = number.to_string();
    let more =
        root.more.iter().map(|url| EndpointConfig { url: url.replace(NODE, &number), solid: None, json_rpc: None });
    Ok(RootConfig {
        root_id: root.root_id(),
        kind: root.kind,
        chain_id: root.chain_id,
        endpoints: std::iter::once(root.endpoint.clone()).chain(more).collect(),
        agree: None,
        final_depth: None,
        bridge: contracts.bridge,
        checkpoints: contracts.checkpoints,
        from_block: contracts.from_block,
        key: Some(key.to_owned()),
        password_file: Some(password.to_owned()),
        account: None,
        permission: 0,
        policy: Policy::default(),
        fee_ceiling: match root.kind {
            // 0.1 ETH, 1,000 TRX.
            RootKind::Ethereum => U256::from(100_000_000_000_000_000u64),
            RootKind::Tron => U256::from(1_000_000_000u64),
        },
        pressing_fee_ceiling: None,
        lifetime: Duration::from_secs(60),
        takeover: ROOT_TAKEOVER,
        poll: POLL,
        most_signatures: None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::testnet::{bridge::place::Contracts, layout::ProcessId};
    use alloy_primitives::{Address, B256};
    use bttc_bridge::root::open_key;

    fn place(kind: RootKind) -> RootPlace {
        let contracts = Contracts {
            checkpoints: Address::repeat_byte(1),
            bridge: Address::repeat_byte(2),
            code_hash: B256::repeat_byte(3),
            state_proof: Address::repeat_byte(4),
            from_block: 5,
            tokens: Vec::new(),
            btt_locked: U256::ZERO,
        };
        RootPlace {
            kind,
            chain_id: 7,
            endpoint: EndpointConfig { url: "http://127.0.0.1:1".to_owned(), solid: None, json_rpc: None },
            more: vec!["http://127.0.0.1:2/{node}".to_owned()],
            process: ProcessId { pid: 1, started: 1 },
            contracts: Some(contracts),
        }
    }

    fn network(roots: Vec<RootPlace>) -> BridgePlace {
        BridgePlace { roots, owner: Address::ZERO, guardian: Address::ZERO, exit_age: None, reserve: U256::ZERO }
    }

    #[test]
    fn the_relayer_can_read_what_is_written() {
        let home = tempfile::tempdir().unwrap();
        let password = home.path().join("password");
        crate::keystore::write_private(&password, b"correct horse").unwrap();
        let mut bridge = network(vec![place(RootKind::Ethereum), place(RootKind::Tron)]);
        let written = section(&bridge, 3, home.path(), &password).unwrap();
        // A second start finds the key that is there.
        assert_eq!(section(&bridge, 3, home.path(), &password).unwrap(), written);
        let read: BridgeConfig = toml::from_str(&toml::to_string(&written).unwrap()).unwrap();
        read.check().unwrap();
        let [ethereum, tron] = &read.roots[..] else { panic!("two root chains") };
        assert_eq!((ethereum.root_id, tron.root_id, tron.from_block), (1, 2, 5));
        assert_eq!((tron.bridge, tron.policy.kind), (Address::repeat_byte(2), PolicyKind::Urgent));
        let key = open_key(tron.key.as_ref().unwrap(), tron.password_file.as_ref().unwrap()).unwrap();
        assert_eq!(key.address(), dev_operator(3).address());
        let urls: Vec<_> = tron.endpoints.iter().map(|endpoint| endpoint.url.as_str()).collect();
        assert_eq!(urls, ["http://127.0.0.1:1", "http://127.0.0.1:2/3"]);

        bridge.exit_age = Some(Duration::from_secs(9));
        let written = section(&bridge, 3, home.path(), &password).unwrap();
        let read: BridgeConfig = toml::from_str(&toml::to_string(&written).unwrap()).unwrap();
        let policy = &read.roots[0].policy;
        assert_eq!((policy.kind, policy.exit_age), (PolicyKind::Default, Duration::from_secs(9)));
    }

    #[test]
    fn a_network_that_was_not_finished_is_told() {
        let home = tempfile::tempdir().unwrap();
        let password = home.path().join("password");
        crate::keystore::write_private(&password, b"correct horse").unwrap();
        let roots = vec![RootPlace { contracts: None, ..place(RootKind::Tron) }];
        let bridge = network(roots);
        let error = section(&bridge, 0, home.path(), &password).unwrap_err().to_string();
        assert!(error.contains("bttc testnet down"), "{error}");
    }
}
