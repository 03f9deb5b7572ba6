//! Making a local network and starting it.

use super::{
    args::UpArgs,
    bridge::{self, Before, anvil},
    files,
    genesis::{self, Times},
    layout::{Layout, Link, LinksPlace, NodePlace, NodeRole, log_file, node_dir},
    link_control, process, rpc,
};
use crate::{commands::validator, keystore::write_private};
use alloy_primitives::{Address, U256, hex};
use bttc_contracts::system::IGenesis::RootConfig;
use bttc_node::{BridgePlan, DEV_MNEMONIC, KEY_FILE, SIGN_STATE_FILE};
use eyre::{WrapErr, bail, eyre};
use rand::RngCore;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use toml::{Table, Value};

/// A network that makes no block within this is not going to.
const START: Duration = Duration::from_secs(60);
/// How often starting nodes are asked.
const ASK: Duration = Duration::from_millis(50);
/// Lines of a log that are shown when its node did not start.
const TAIL: usize = 20;

/// Nodes that can be added to a network; the others know their ids from the beginning.
const MAX_LATE: usize = 8;

const GENESIS: &str = "genesis.json";
const CONFIG: &str = "config.toml";
const KEYS: &str = "keys";
const PASSWORD: &str = "password";
const NETWORK: &str = "network";

/// Makes the files of a new network, and its root chains if it has any.
pub(crate) async fn create(dir: &Path, args: &UpArgs) -> eyre::Result<Layout> {
    // Before anything is written: without it nothing can be.
    let path = std::env::var_os("PATH");
    let anvil = args.bridge.bridge.then(|| anvil::find(args.bridge.anvil.as_deref(), path.as_deref())).transpose()?;
    fs::create_dir_all(dir).wrap_err_with(|| format!("cannot make {}; name another --dir", dir.display()))?;
    if fs::read_dir(dir).wrap_err_with(|| format!("cannot read {}", dir.display()))?.next().is_some() {
        bail!("{} is not empty and holds no network; name another --dir", dir.display());
    }
    let mut layout = Layout {
        chain_id: genesis::LOCAL_CHAIN_ID,
        nodes: Vec::new(),
        settings: Vec::new(),
        links: (!args.direct).then(LinksPlace::default),
        mnemonic: DEV_MNEMONIC.to_owned(),
        late_from: usize::from(args.validators).saturating_add(args.full_nodes.into()),
        bridge: None,
    };
    layout.set(&args.settings);
    let mut validators = Vec::new();
    for _ in 0..args.validators {
        validators.push(add_node(dir, &mut layout, Key::New)?);
    }
    for _ in 0..args.full_nodes {
        add_node(dir, &mut layout, Key::None)?;
    }
    let validators: Vec<Address> = validators.into_iter().flatten().collect();
    let times = Times {
        block: args.block_time,
        idle: args.idle_time,
        epoch: args.epoch,
        day: args.day.unwrap_or_else(|| Times::day_of(args.epoch)),
        age: args.age,
    };
    let plan = match anvil {
        Some(anvil) => Some(begin(dir, &anvil, args, &mut layout, (&validators, &times)).await?),
        None => None,
    };
    let text = genesis::make(&validators, &times, &args.parameters, plan)?;
    files::replace(&dir.join(GENESIS), text.as_bytes())?;
    layout.save(dir)?;
    Ok(layout)
}

/// Starts the root chains and puts the contracts on them; what genesis says of them.
async fn begin(
    dir: &Path,
    anvil: &Path,
    args: &UpArgs,
    layout: &mut Layout,
    (validators, times): (&[Address], &Times),
) -> eyre::Result<BridgePlan> {
    let before = Before {
        chain_id: layout.chain_id,
        max_age: genesis::unbonding(times, &args.parameters) / 2,
        validators_hash: genesis::first_set(validators, times, &args.parameters)?,
        validators: validators.len(),
        exit_age: args.bridge.exit_age,
        endpoints: args.bridge.endpoints.clone(),
    };
    bridge::begin(dir, anvil, layout, &before).await?;
    let place = layout.bridge.as_ref().ok_or_else(|| eyre!("the network has no root chains"))?;
    let root = |root: &bridge::place::RootPlace| {
        let contracts = root.contracts()?;
        Ok(RootConfig {
            rootId: U256::from(root.root_id()),
            chainId: root.chain_id,
            bridge: contracts.bridge,
            codeHash: contracts.code_hash,
            btt: contracts.btt(),
            bttLocked: contracts.btt_locked,
        })
    };
    let roots = place.roots.iter().map(root).collect::<eyre::Result<_>>()?;
    Ok(BridgePlan { reserve: place.reserve, guardian: place.guardian, roots })
}

/// Errors: a network whose making was broken off, or whose root chains are gone.
pub(crate) fn must_be_whole(dir: &Path, layout: &Layout) -> eyre::Result<()> {
    if !dir.join(GENESIS).exists() {
        bail!(
            "the network in {} was not finished; remove it with `bttc testnet down` and start a new one",
            dir.display()
        );
    }
    layout.bridge.as_ref().map_or(Ok(()), bridge::must_run)
}

/// Whose consensus key a node has.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    /// It only follows.
    None,
    /// Its own.
    New,
    /// That of another node, which goes on using it.
    Of(usize),
}

/// Makes keys and ports of one more node, connected to those before it; the consensus address of a validator.
pub(crate) fn add_node(dir: &Path, layout: &mut Layout, key: Key) -> eyre::Result<Option<Address>> {
    let number = layout.nodes.len();
    if number >= layout.late_from.saturating_add(MAX_LATE) {
        bail!("{MAX_LATE} nodes were added already, which is the most; start a larger network with `bttc testnet up`");
    }
    let home = node_dir(dir, number);
    fs::create_dir_all(&home).wrap_err_with(|| format!("cannot make {}", home.display()))?;
    let validator = match key {
        Key::None => None,
        Key::New => Some(make_key(&home)?),
        Key::Of(other) => Some(copy_key(dir, layout, other, &home)?),
    };
    let role = if validator.is_some() { NodeRole::Validator } else { NodeRole::Full };
    let peer_id = bttc_node::node_id(&home.join(NETWORK))?;
    let mut ports = files::free_ports(layout.nodes.len().saturating_add(3), &layout.ports())?.into_iter();
    let mut port = || ports.next().ok_or_else(|| eyre!("no free TCP port"));
    let (p2p_port, rpc_port, metrics_port) = (port()?, port()?, port()?);
    let place =
        NodePlace { role, validator, peer_id, p2p_port, rpc_port, metrics_port, settings: Vec::new(), process: None };
    if let Some(links) = &mut layout.links {
        for (to, node) in layout.nodes.iter().enumerate() {
            let listen_port = port()?;
            links.links.push(Link { from: number, to, listen_port, target_port: node.p2p_port });
        }
    }
    layout.nodes.push(place);
    Ok(validator)
}

/// Where the consensus key of a node lies with its sign state.
pub(crate) fn keys_dir(home: &Path) -> PathBuf {
    home.join(KEYS)
}

/// Where the password of that key lies.
pub(crate) fn password_file(home: &Path) -> PathBuf {
    home.join(PASSWORD)
}

fn make_key(home: &Path) -> eyre::Result<Address> {
    let mut password = [0; 16];
    rand::thread_rng().fill_bytes(&mut password);
    let password = hex::encode(password);
    write_private(&password_file(home), password.as_bytes())?;
    let (address, _) = validator::make_key(&keys_dir(home), genesis::LOCAL_CHAIN_ID, &password)?;
    Ok(address)
}

fn copy_key(dir: &Path, layout: &Layout, from: usize, home: &Path) -> eyre::Result<Address> {
    let Some(address) = layout.node(from)?.validator else { bail!("node {from} has no consensus key") };
    let (there, here) = (node_dir(dir, from), home);
    fs::create_dir_all(here.join(KEYS)).wrap_err_with(|| format!("cannot make {}", here.join(KEYS).display()))?;
    let files = [PathBuf::from(PASSWORD), Path::new(KEYS).join(KEY_FILE), Path::new(KEYS).join(SIGN_STATE_FILE)];
    for file in files {
        fs::copy(there.join(&file), here.join(&file)).wrap_err_with(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(address)
}

/// Writes the configuration of a node as the layout has it now.
pub(crate) fn configure(dir: &Path, layout: &Layout, number: usize) -> eyre::Result<PathBuf> {
    let node = layout.node(number)?;
    let home = node_dir(dir, number);
    let text = |path: PathBuf| Value::String(path.display().to_string());
    let mut config = Table::new();
    config.insert("network".into(), text(dir.join(GENESIS)));
    config.insert("datadir".into(), text(home.join("data")));
    put(&mut config, "metrics", "listen", format!("127.0.0.1:{}", node.metrics_port).into())?;
    put(&mut config, "rpc", "port", Value::Integer(node.rpc_port.into()))?;
    put(&mut config, "p2p", "path", text(home.join(NETWORK)))?;
    put(&mut config, "p2p", "listen", Value::Array(vec![format!("127.0.0.1:{}", node.p2p_port).into()]))?;
    // Nobody learns of addresses beside the links.
    put(&mut config, "p2p", "role", "validator".into())?;
    let peers = layout.nodes.iter().enumerate().filter_map(|(to, peer)| {
        let port = layout.port_to(number, to).filter(|_| to < number)?;
        Some(Value::String(format!("/ip4/127.0.0.1/tcp/{port}/p2p/{}", peer.peer_id)))
    });
    put(&mut config, "p2p", "persistent_peers", Value::Array(peers.collect()))?;
    // Those that connect to this one, now and later.
    let later = layout.nodes.len()..layout.late_from.saturating_add(MAX_LATE);
    let later = later.map(|late| Ok(bttc_node::node_id(&node_dir(dir, late).join(NETWORK))?));
    let known = layout.nodes.iter().skip(number.saturating_add(1)).map(|peer| Ok(peer.peer_id.clone()));
    let private: eyre::Result<Vec<_>> = known.chain(later).map(|id| id.map(Value::String)).collect();
    put(&mut config, "p2p", "private_peers", Value::Array(private?))?;
    if node.role == NodeRole::Validator {
        put(&mut config, "validator", "key", text(keys_dir(&home).join(KEY_FILE)))?;
        put(&mut config, "validator", "password_file", text(password_file(&home)))?;
    }
    if let Some(place) = &layout.bridge
        && node.role == NodeRole::Validator
        && number < layout.late_from
    {
        let section = bridge::section(place, number, &home, &password_file(&home))?;
        config.insert("bridge".into(), section);
    }
    for (key, value) in layout.settings.iter().chain(&node.settings) {
        let (section, name) = key.split_once('.').ok_or_else(|| eyre!("the setting {key} names no section"))?;
        put(&mut config, section, name, setting(value))?;
    }
    let path = home.join(CONFIG);
    files::replace(&path, toml::to_string_pretty(&config)?.as_bytes())?;
    Ok(path)
}

/// A setting as TOML where it is TOML (numbers, lists, true), else as text.
fn setting(value: &str) -> Value {
    format!("v = {value}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| Value::String(value.to_owned()))
}

fn put(config: &mut Table, section: &str, key: &str, value: Value) -> eyre::Result<()> {
    let section = config.entry(section).or_insert_with(|| Value::Table(Table::new()));
    let table = section.as_table_mut().ok_or_else(|| eyre!("the configuration has no section for {key}"))?;
    table.insert(key.to_owned(), value);
    Ok(())
}

/// Starts the process of a node; the layout learns its number.
pub(crate) fn start_node(dir: &Path, layout: &mut Layout, number: usize) -> eyre::Result<()> {
    let config = configure(dir, layout, number)?;
    let node = layout.node_mut(number)?;
    if node.process.is_some_and(|process| process.is_running()) {
        return Ok(());
    }
    let arguments = ["node".to_owned(), "--config".to_owned(), config.display().to_string()];
    node.process = Some(process::start(&process::program()?, &arguments, &log_file(&node_dir(dir, number)))?);
    layout.save(dir)
}

/// Starts the process of the links, where there is one.
pub(crate) fn start_links(dir: &Path, layout: &mut Layout) -> eyre::Result<()> {
    let Some(links) = &mut layout.links else { return Ok(()) };
    if links.process.is_some_and(|process| process.is_running()) {
        return link_control::reload(dir);
    }
    // The links read the layout when they start.
    let log = dir.join("links.log");
    let arguments = ["testnet", "--dir", &dir.display().to_string(), "links"].map(ToOwned::to_owned);
    let started = process::start(&process::program()?, &arguments, &log)?;
    links.process = Some(started);
    layout.save(dir)?;
    let end = Instant::now() + START;
    while let Err(error) = link_control::reload(dir) {
        if !started.is_running() || Instant::now() > end {
            return Err(error.wrap_err(process::tail(&log, TAIL)));
        }
        std::thread::sleep(ASK);
    }
    Ok(())
}

/// Waits until the nodes answer, and until each has a block beyond the genesis where `blocks` is set.
///
/// Errors: a process ended, or it takes too long; with the end of its log.
pub(crate) async fn wait(dir: &Path, layout: &Layout, numbers: &[usize], blocks: bool) -> eyre::Result<()> {
    let end = Instant::now() + START;
    for number in numbers {
        let node = layout.node(*number)?;
        let log = log_file(&node_dir(dir, *number));
        loop {
            let answers = rpc::ask(&node.rpc_url()).await;
            if answers.is_some_and(|answers| !blocks || answers.height > 0) {
                break;
            }
            if !node.process.is_some_and(|process| process.is_running()) {
                bail!("node {number} ended at its start; the end of {}:\n{}", log.display(), process::tail(&log, TAIL));
            }
            if Instant::now() > end {
                bail!("node {number} makes no block; the end of {}:\n{}", log.display(), process::tail(&log, TAIL));
            }
            tokio::time::sleep(ASK).await;
        }
    }
    Ok(())
}
