//! The root chains of a new network, from nothing to contracts that wait for the first checkpoint.

use super::{
    args::RootEndpoint,
    chains::{Ports, start_ethereum, start_tron, wait},
    deploy::{Terms, deploy},
    place::{BridgePlace, RootPlace},
};
use crate::testnet::{layout::Layout, rpc};
use alloy_primitives::{Address, B256, U256};
use alloy_signer_local::PrivateKeySigner;
use bttc_bridge::root::RootKind;
use bttc_node::{dev_accounts, dev_operator};
use bttc_tron_simulator::GenesisAccount;
use eyre::bail;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

/// Number of the owner among the operators of the mnemonic: after all that can be validators.
const OWNER: usize = 100;
/// The same of the guardian.
const GUARDIAN: usize = 101;
/// What each account that sends has on Ethereum. Unit: wei.
const WEI: u128 = 10_000_000_000_000_000_000_000;
/// The same on TRON, and what people have there. Unit: sun.
const SUN: u64 = 10_000_000_000_000;
/// BTT that deposits release here. Unit: wei.
const RESERVE: u128 = 1_000_000_000_000_000_000_000_000_000;

/// What the root chains must know of our chain before there is one.
#[derive(Clone, Debug)]
pub(crate) struct Before {
    /// EIP-155 id.
    pub(crate) chain_id: u64,
    /// Half of the unbonding time. Unit: seconds.
    pub(crate) max_age: u64,
    /// Of the set that signs block 1.
    pub(crate) validators_hash: B256,
    /// How many validators relay.
    pub(crate) validators: usize,
    /// How long exits wait for a checkpoint; none: not at all.
    pub(crate) exit_age: Option<Duration>,
    /// More ways to the root chains.
    pub(crate) endpoints: Vec<RootEndpoint>,
}

/// Who owns the contracts.
pub(super) fn owner() -> PrivateKeySigner {
    dev_operator(OWNER)
}

/// Who may pause.
pub(super) fn guardian() -> PrivateKeySigner {
    dev_operator(GUARDIAN)
}

/// Starts the root chains, Ethereum with the program `anvil`, and puts the contracts on them. The layout is saved as soon as there are processes, for `down`.
///
/// Errors: the processes that were started are ended again.
pub(crate) async fn begin(dir: &Path, anvil: &Path, layout: &mut Layout, before: &Before) -> eyre::Result<()> {
    let begun = bring_up(dir, anvil, layout, before).await;
    if begun.is_err() {
        for root in layout.bridge.iter().flat_map(|bridge| &bridge.roots) {
            // The first error says more.
            let _ended = root.process.kill();
        }
    }
    begun
}

async fn bring_up(dir: &Path, anvil: &Path, layout: &mut Layout, before: &Before) -> eyre::Result<()> {
    let (owner, guardian) = (owner(), guardian().address());
    let people: Vec<Address> = dev_accounts().iter().map(PrivateKeySigner::address).collect();
    let relayers = (0..before.validators).map(|number| dev_operator(number).address());
    let senders: Vec<Address> = relayers.chain([owner.address(), guardian]).collect();

    let ports = Ports::take(&layout.ports())?;
    let with_sun = senders.iter().chain(&people).map(|address| GenesisAccount { address: *address, balance: SUN });
    let ethereum = start_ethereum(dir, anvil, &ports)?;
    let mut bridge = BridgePlace {
        roots: vec![ethereum],
        owner: owner.address(),
        guardian,
        exit_age: before.exit_age,
        reserve: U256::from(RESERVE),
    };
    layout.bridge = Some(bridge.clone());
    layout.save(dir)?;
    bridge.roots.push(start_tron(dir, &ports, &with_sun.collect::<Vec<_>>())?);
    for root in &mut bridge.roots {
        let of = before.endpoints.iter().filter(|endpoint| endpoint.root == root.kind);
        root.more.extend(of.map(|endpoint| endpoint.url.clone()));
    }
    layout.bridge = Some(bridge.clone());
    layout.save(dir)?;

    let (ethereum, tron) = (bridge.root(RootKind::Ethereum)?, bridge.root(RootKind::Tron)?);
    wait(dir, ethereum).await?;
    wait(dir, tron).await?;
    for sender in &senders {
        give_ether(ethereum, *sender).await?;
    }
    let terms = Terms {
        side_chain_id: before.chain_id,
        owner: owner.address(),
        guardian,
        max_age: before.max_age,
        validators_hash: before.validators_hash,
        people,
    };
    let clients = (ethereum.ethereum(owner.clone())?, tron.tron(owner)?);
    let contracts = tokio::try_join!(deploy(&clients.0, ethereum, &terms), deploy(&clients.1, tron, &terms));
    let (on_ethereum, on_tron) = contracts?;
    for (root, contracts) in bridge.roots.iter_mut().zip([on_ethereum, on_tron]) {
        root.contracts = Some(contracts);
    }
    layout.bridge = Some(bridge);
    layout.save(dir)
}

/// Anvil gives coins out of nothing.
async fn give_ether(root: &RootPlace, account: Address) -> eyre::Result<()> {
    match rpc::json(root.json_rpc(), "anvil_setBalance", json!([account, U256::from(WEI)])).await {
        Some(Value::Null | Value::Bool(true)) => Ok(()),
        other => bail!("Ethereum does not give {account} coins, is it anvil? It answers {other:?}"),
    }
}
