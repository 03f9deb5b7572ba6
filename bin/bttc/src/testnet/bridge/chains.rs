//! The processes that play the root chains.

use super::{
    args::TronArgs,
    place::{BridgePlace, RootPlace, root_dir},
};
use crate::testnet::{
    files,
    process::{self, program},
    rpc,
};
use bttc_bridge::{config::EndpointConfig, root::RootKind};
use bttc_node::{DEV_MNEMONIC, shutdown_on_signals};
use bttc_tron_simulator::{Clock, Config, GenesisAccount};
use eyre::{WrapErr, bail};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// EIP-155 id that development tools give to Ethereum.
pub(super) const ETHEREUM: u64 = 31_337;
/// The same of TRON here: nobody else has it.
pub(super) const TRON: u32 = 990_995;
/// What anvil gives to each of its accounts. Unit: ETH.
const ETHER: u64 = 10_000;
/// A root chain that does not answer within this is not going to.
const START: Duration = Duration::from_secs(30);
const ASK: Duration = Duration::from_millis(50);
const TAIL: usize = 20;

/// Takes ports for the root chains that no node has.
pub(super) struct Ports {
    ethereum: u16,
    tron: u16,
    solid: u16,
}

impl Ports {
    pub(super) fn take(taken: &BTreeSet<u16>) -> eyre::Result<Self> {
        match files::free_ports(3, taken)?[..] {
            [ethereum, tron, solid] => Ok(Self { ethereum, tron, solid }),
            _ => bail!("no free TCP port"),
        }
    }
}

fn folder(dir: &Path, kind: RootKind) -> eyre::Result<PathBuf> {
    let home = root_dir(dir, kind);
    fs::create_dir_all(&home).wrap_err_with(|| format!("cannot make {}", home.display()))?;
    Ok(crate::testnet::layout::log_file(&home))
}

/// Starts Ethereum: a block a second, and what lies two blocks back is finalized.
pub(super) fn start_ethereum(dir: &Path, anvil: &Path, ports: &Ports) -> eyre::Result<RootPlace> {
    let log = folder(dir, RootKind::Ethereum)?;
    let (port, chain_id, ether) = (ports.ethereum.to_string(), ETHEREUM.to_string(), ETHER.to_string());
    // Otherwise old states stay in the user's home directory when the network is gone.
    let states = log.with_file_name("states").display().to_string();
    let arguments = [
        ["--host", "127.0.0.1"],
        ["--port", &port],
        ["--chain-id", &chain_id],
        ["--block-time", "1"],
        // Of anvil's two epochs that are not finalized.
        ["--slots-in-an-epoch", "1"],
        ["--mnemonic", DEV_MNEMONIC],
        ["--balance", &ether],
        ["--cache-path", &states],
    ];
    let mut arguments: Vec<_> = arguments.concat().into_iter().map(str::to_owned).collect();
    arguments.push("--quiet".to_owned());
    let process = process::start(anvil, &arguments, &log)?;
    let endpoint = EndpointConfig { url: url(ports.ethereum), solid: None, json_rpc: None };
    Ok(RootPlace { kind: RootKind::Ethereum, chain_id: ETHEREUM, endpoint, more: Vec::new(), process, contracts: None })
}

/// Starts TRON, quicker than the real one is, with TRX for these accounts.
pub(super) fn start_tron(dir: &Path, ports: &Ports, accounts: &[GenesisAccount]) -> eyre::Result<RootPlace> {
    let log = folder(dir, RootKind::Tron)?;
    let mut arguments = vec!["testnet".to_owned(), "--dir".to_owned(), dir.display().to_string(), "tron".to_owned()];
    arguments.extend(["--port".to_owned(), ports.tron.to_string(), "--solid-port".to_owned(), ports.solid.to_string()]);
    for GenesisAccount { address, balance } in accounts {
        arguments.extend(["--account".to_owned(), format!("{address}={balance}")]);
    }
    let process = process::start(&program()?, &arguments, &log)?;
    let full = url(ports.tron);
    let json_rpc = Some(format!("{full}/jsonrpc"));
    let endpoint = EndpointConfig { url: full, solid: Some(url(ports.solid)), json_rpc };
    Ok(RootPlace { kind: RootKind::Tron, chain_id: TRON.into(), endpoint, more: Vec::new(), process, contracts: None })
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Waits until a root chain answers as the one it should be.
pub(super) async fn wait(dir: &Path, root: &RootPlace) -> eyre::Result<()> {
    let log = crate::testnet::layout::log_file(&root_dir(dir, root.kind));
    let tail = || format!("the end of {}:\n{}", log.display(), process::tail(&log, TAIL));
    let end = Instant::now() + START;
    loop {
        match rpc::json(root.json_rpc(), "eth_chainId", json!([])).await {
            Some(Value::String(id)) if id == format!("{:#x}", root.chain_id) => return Ok(()),
            Some(other) => bail!("another chain answers in place of {}: {other}", root.name()),
            None if !root.process.is_running() => bail!("{} ended at its start; {}", root.name(), tail()),
            None if Instant::now() > end => bail!("{} does not answer; {}", root.name(), tail()),
            None => tokio::time::sleep(ASK).await,
        }
    }
}

/// Errors: a root chain of the network has ended; what it had is gone, as it keeps everything in memory.
pub(crate) fn must_run(bridge: &BridgePlace) -> eyre::Result<()> {
    for root in &bridge.roots {
        root.contracts()?;
        if !root.process.is_running() {
            bail!(
                "{}, a root chain of this network, has ended, and all that was on it is gone: it keeps everything in memory; end the network with `bttc testnet down` and start a new one",
                root.name()
            );
        }
    }
    Ok(())
}

/// `bttc testnet tron`: plays TRON until it is told to stop.
pub(crate) async fn simulate_tron(args: &TronArgs) -> eyre::Result<()> {
    let here = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let accounts = args.accounts.iter().map(|of| GenesisAccount { address: of.address, balance: of.sun });
    let config = Config {
        http: here(args.port),
        solid_http: here(args.solid_port),
        clock: Clock::Real,
        interval: args.interval,
        solid_lag: args.solid_lag,
        chain_id: Some(TRON),
        accounts: accounts.collect(),
        ..Config::default()
    };
    let shutdown = CancellationToken::new();
    shutdown_on_signals(shutdown.clone())?;
    Ok(bttc_tron_simulator::run(config, |_| (), shutdown.cancelled()).await?)
}
