//! What each command of `bttc testnet` does.

use super::{
    args::{Nodes, Output, Setting, Target, TestnetAction, TestnetArgs, UpArgs},
    bridge::{self, place::root_dir},
    layout::{Layout, NodeRole, log_file, node_dir, pairs},
    link_control::{self, Conditions},
    links, process, rpc, up,
};
use alloy_primitives::hex;
use alloy_signer_local::PrivateKeySigner;
use bttc_node::{dev_accounts, dev_operator};
use comfy_table::{CellAlignment, Table, presets};
use eyre::{WrapErr, bail};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// A node promises to stop within five seconds.
const STOP: Duration = Duration::from_secs(10);

pub(crate) fn run(args: TestnetArgs, out: &mut impl Write) -> eyre::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()
        .wrap_err("cannot start the threads of the command")?;
    let dir = directory(args.dir)?;
    runtime.block_on(act(&dir, args.action, out))
}

fn directory(dir: Option<PathBuf>) -> eyre::Result<PathBuf> {
    let dir = match dir {
        Some(dir) => dir,
        None => bttc_node::default_data_home().wrap_err("name the directory with --dir DIR")?.join("local-testnet"),
    };
    // Processes are started elsewhere: the path must not depend on where we are.
    std::path::absolute(&dir).wrap_err_with(|| format!("cannot use {}", dir.display()))
}

async fn act(dir: &Path, action: TestnetAction, out: &mut impl Write) -> eyre::Result<()> {
    match action {
        TestnetAction::Up(args) => start(dir, &args, out).await,
        TestnetAction::Add { validator, key_of, settings, output } => {
            let key = match key_of {
                Some(other) => up::Key::Of(other),
                None if validator => up::Key::New,
                None => up::Key::None,
            };
            add(dir, key, &settings, output, out).await
        }
        TestnetAction::Status { output } => show(dir, &Layout::load(dir)?, output, out).await,
        TestnetAction::Kill(nodes) => each(dir, &nodes, |process| process.kill()),
        TestnetAction::Stop(nodes) => each(dir, &nodes, |process| process.end(STOP)),
        TestnetAction::Pause(nodes) => each(dir, &nodes, |process| process.signal(Signal::STOP)),
        TestnetAction::Resume(nodes) => each(dir, &nodes, |process| process.signal(Signal::CONT)),
        TestnetAction::Restart(nodes) => restart(dir, &nodes).await,
        TestnetAction::Partition { groups } => {
            let layout = Layout::load(dir)?;
            groups.0.iter().flatten().try_for_each(|number| layout.node(*number).map(drop))?;
            let nodes = layout.nodes.len();
            change(dir, &layout, out, |conditions| conditions.partition(nodes, &groups))
        }
        TestnetAction::Heal => change(dir, &Layout::load(dir)?, out, Conditions::heal),
        TestnetAction::Latency { delay, jitter } => change(dir, &Layout::load(dir)?, out, |conditions| {
            (conditions.delay, conditions.jitter) = (delay, jitter);
        }),
        TestnetAction::Call(args) => bridge::call(&Layout::load(dir)?, &args, out).await,
        TestnetAction::Tron(args) => bridge::simulate_tron(&args).await,
        TestnetAction::Logs { node, lines } => {
            let layout = Layout::load(dir)?;
            let home = match node {
                Target::Node(number) => layout.node(number).map(|_| node_dir(dir, number))?,
                Target::Root(kind) => root_dir(dir, kind),
            };
            let log = log_file(&home);
            Ok(writeln!(out, "{}", process::tail(&log, lines.unwrap_or(usize::MAX)))?)
        }
        TestnetAction::Down { keep } => down(dir, keep),
        TestnetAction::Links => {
            let shutdown = CancellationToken::new();
            bttc_node::shutdown_on_signals(shutdown.clone())?;
            links::serve(dir, shutdown).await
        }
    }
}

async fn start(dir: &Path, args: &UpArgs, out: &mut impl Write) -> eyre::Result<()> {
    let mut layout = match Layout::find(dir)? {
        None => up::create(dir, args).await?,
        Some(mut layout) => {
            up::must_be_whole(dir, &layout)?;
            if args.bridge.bridge && layout.bridge.is_none() {
                bail!("the network in {} has no root chains; remove it with `bttc testnet down` first", dir.display());
            }
            if !args.settings.is_empty() {
                layout.set(&args.settings);
            }
            layout
        }
    };
    up::start_links(dir, &mut layout)?;
    let numbers: Vec<_> = (0..layout.nodes.len()).collect();
    for number in &numbers {
        up::start_node(dir, &mut layout, *number)?;
    }
    up::wait(dir, &layout, &numbers, true).await?;
    show(dir, &layout, args.output, out).await
}

async fn add(dir: &Path, key: up::Key, settings: &[Setting], output: Output, out: &mut impl Write) -> eyre::Result<()> {
    let mut layout = Layout::load(dir)?;
    let number = layout.nodes.len();
    up::add_node(dir, &mut layout, key)?;
    layout.node_mut(number)?.settings = pairs(settings);
    layout.save(dir)?;
    up::start_links(dir, &mut layout)?;
    up::start_node(dir, &mut layout, number)?;
    up::wait(dir, &layout, &[number], false).await?;
    show(dir, &layout, output, out).await
}

async fn restart(dir: &Path, nodes: &Nodes) -> eyre::Result<()> {
    let number = |target: &Target| match target {
        Target::Node(number) => Ok(*number),
        Target::Root(_) => bail!(
            "a root chain keeps everything in memory and cannot be started again; freeze it with `bttc testnet pause` instead"
        ),
    };
    let numbers = nodes.nodes.iter().map(number).collect::<eyre::Result<Vec<_>>>()?;
    each(dir, nodes, |process| process.end(STOP))?;
    let mut layout = Layout::load(dir)?;
    for number in &numbers {
        up::start_node(dir, &mut layout, *number)?;
    }
    up::wait(dir, &layout, &numbers, false).await
}

/// Does something to the process of each node named.
fn each(dir: &Path, nodes: &Nodes, act: impl Fn(&super::layout::ProcessId) -> eyre::Result<()>) -> eyre::Result<()> {
    let layout = Layout::load(dir)?;
    for target in &nodes.nodes {
        match target {
            Target::Node(number) => match &layout.node(*number)?.process {
                Some(process) => act(process).wrap_err_with(|| format!("node {number}"))?,
                None => bail!("node {number} was never started"),
            },
            Target::Root(kind) => match &layout.bridge {
                Some(place) => act(&place.root(*kind)?.process)?,
                None => bail!("the network has no root chains; start one with `bttc testnet up --bridge`"),
            },
        }
    }
    Ok(())
}

fn change(dir: &Path, layout: &Layout, out: &mut impl Write, change: impl FnOnce(&mut Conditions)) -> eyre::Result<()> {
    let now = link_control::change(dir, layout, change)?;
    Ok(writeln!(out, "{}", serde_json::to_string(&now)?)?)
}

fn down(dir: &Path, keep: bool) -> eyre::Result<()> {
    let Some(layout) = Layout::find(dir)? else {
        bail!("there is no network in {}; nothing was changed", dir.display());
    };
    let links = layout.links.as_ref().and_then(|links| links.process);
    let nodes: Vec<_> = layout.nodes.iter().filter_map(|node| node.process).collect();
    let roots: Vec<_> = layout.bridge.iter().flat_map(|place| &place.roots).map(|root| root.process).collect();
    for process in nodes.iter().chain(&links) {
        // All are told before any is waited for.
        let _gone = process.signal(Signal::TERM);
        let _gone = process.signal(Signal::CONT);
    }
    // Relayers first: they would miss the root chains.
    nodes.iter().chain(&links).chain(&roots).try_for_each(|process| process.end(STOP))?;
    if keep {
        return Ok(());
    }
    std::fs::remove_dir_all(dir).wrap_err_with(|| format!("cannot remove {}", dir.display()))
}

/// What a node is doing, in one word.
fn condition(process: Option<super::layout::ProcessId>, answers: bool) -> &'static str {
    match (process.is_some_and(|process| process.is_running()), answers) {
        (true, true) => "running",
        (true, false) => "silent",
        (false, _) => "stopped",
    }
}

async fn show(dir: &Path, layout: &Layout, output: Output, out: &mut impl Write) -> eyre::Result<()> {
    let mut answers = Vec::new();
    for node in &layout.nodes {
        answers.push(rpc::ask(&node.rpc_url()).await);
    }
    if output.json {
        let mut json = as_json(dir, layout, &answers);
        if let (Some(place), Some(fields)) = (&layout.bridge, json.as_object_mut()) {
            fields.insert("bridge".to_owned(), bridge::as_json(dir, place).await);
        }
        return Ok(writeln!(out, "{json:#}")?);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["node", "role", "state", "height", "peers", "pid", "JSON-RPC"]);
    for (number, (node, answers)) in layout.nodes.iter().zip(&answers).enumerate() {
        let known = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        table.add_row([
            number.to_string(),
            format!("{:?}", node.role).to_lowercase(),
            condition(node.process, answers.is_some()).to_owned(),
            known(answers.as_ref().map(|answers| answers.height)),
            known(answers.as_ref().and_then(|answers| answers.peers)),
            known(node.process.map(|process| process.pid.into())),
            node.rpc_url(),
        ]);
    }
    for column in [0, 3, 4, 5] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{}", table.trim_fmt())?;
    if let Some(place) = &layout.bridge {
        bridge::print(place, out).await?;
    }
    writeln!(out, "\nChain id    {}", layout.chain_id)?;
    writeln!(out, "Accounts    ten funded ones of the mnemonic {:?}", layout.mnemonic)?;
    writeln!(out, "Operators   accounts 200 and up of it, for validator 0 and up; --json shows the keys of all")?;
    Ok(writeln!(out, "Directory   {}", dir.display())?)
}

fn account(key: &PrivateKeySigner) -> Value {
    json!({ "address": key.address(), "privateKey": hex::encode_prefixed(key.to_bytes()) })
}

/// The account that operates a validator of the genesis; none for other nodes.
fn operator(layout: &Layout, number: usize) -> Option<Value> {
    let node = layout.nodes.get(number).filter(|_| number < layout.late_from)?;
    (node.role == NodeRole::Validator).then(|| account(&dev_operator(number)))
}

fn as_json(dir: &Path, layout: &Layout, answers: &[Option<rpc::Answers>]) -> Value {
    let nodes: Vec<_> = layout
        .nodes
        .iter()
        .zip(answers)
        .enumerate()
        .map(|(number, (node, answers))| {
            let home = node_dir(dir, number);
            json!({
                "node": number,
                "role": node.role,
                "state": condition(node.process, answers.is_some()),
                "validator": node.validator,
                "peerId": node.peer_id,
                "http": node.rpc_url(),
                "ws": node.ws_url(),
                "metrics": format!("http://127.0.0.1:{}/metrics", node.metrics_port),
                "operator": operator(layout, number),
                "keys": node.validator.map(|_| up::keys_dir(&home)),
                "passwordFile": node.validator.map(|_| up::password_file(&home)),
                "datadir": home.join("data"),
                "log": log_file(&home),
                "pid": node.process.map(|process| process.pid),
                "height": answers.as_ref().map(|answers| answers.height),
                "hash": answers.as_ref().map(|answers| answers.hash),
                "peers": answers.as_ref().and_then(|answers| answers.peers),
            })
        })
        .collect();
    let accounts: Vec<_> = dev_accounts().iter().map(account).collect();
    json!({
        "chainId": layout.chain_id,
        "dir": dir,
        "mnemonic": layout.mnemonic,
        "accounts": accounts,
        "nodes": nodes,
    })
}
