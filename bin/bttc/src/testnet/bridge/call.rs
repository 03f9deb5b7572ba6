//! `bttc testnet call`: one transaction of a development account, here or on a root chain.
//!
//! Our own chain is reached by the client for Ethereum, too: it answers as Ethereum does, and every block of it is final.

use super::{
    begin::{guardian, owner},
    send::{broadcast, prepare, wait},
};
use crate::testnet::{
    args::{CallArgs, Sender, Where},
    layout::Layout,
};
use alloy_primitives::{Address, U256};
use alloy_signer_local::PrivateKeySigner;
use bttc_bridge::root::{
    Action, Agreement, Ethereum, EthereumConfig, FeePolicy, Finality, Intent, RootChain, RootKind, SeenTransaction,
};
use bttc_node::{dev_accounts, dev_operator};
use eyre::{OptionExt, bail, eyre};
use serde_json::{Value, json};
use std::io::Write;

/// Sends it and waits until a block has it, or until that is final with `--final`.
///
/// Errors: it would revert, or it did.
pub(crate) async fn call(layout: &Layout, args: &CallArgs, out: &mut impl Write) -> eyre::Result<()> {
    let key = key(args.from)?;
    let root = |kind| {
        let bridge = layout.bridge.as_ref();
        bridge.ok_or_eyre("the network has no root chains; start one with `bttc testnet up --bridge`")?.root(kind)
    };
    let done = match args.on {
        Where::Bttc => {
            let url = layout.node(args.node)?.rpc_url();
            let config = EthereumConfig {
                chain_id: layout.chain_id,
                endpoints: vec![url],
                agreement: Agreement::default(),
                finality: Finality::Depth(0),
            };
            // A million BTT.
            transact(&Ethereum::new(config, Some(key))?, args, U256::from(10).pow(U256::from(24))).await
        }
        Where::Ethereum => {
            transact(&root(RootKind::Ethereum)?.ethereum(key)?, args, U256::from(10).pow(U256::from(18))).await
        }
        Where::Tron => transact(&root(RootKind::Tron)?.tron(key)?, args, U256::from(1_000_000_000u64)).await,
    };
    Ok(writeln!(out, "{:#}", done?)?)
}

fn key(sender: Sender) -> eyre::Result<PrivateKeySigner> {
    match sender {
        Sender::Owner => Ok(owner()),
        Sender::Guardian => Ok(guardian()),
        Sender::Operator(number) => Ok(dev_operator(number)),
        Sender::Account(number) => {
            let accounts = dev_accounts();
            let count = accounts.len();
            let found = accounts.into_iter().nth(number);
            found.ok_or_else(|| eyre!("there is no account {number}; there are {count}, counted from 0"))
        }
    }
}

async fn transact<R: RootChain>(root: &R, args: &CallArgs, ceiling: U256) -> eyre::Result<Value> {
    let action = match args.to {
        Some(to) => Action::Call { to, value: args.value, data: args.data.clone() },
        None if !args.value.is_zero() => bail!("a contract that is deployed gets no coins; leave --value out"),
        None => Action::Deploy { name: "contract".to_owned(), code: args.data.clone() },
    };
    // Alike calls of one second are two transactions all the same.
    let key = format!("call/{}", rand::random::<u64>());
    let intent = Intent { key, action, raises: 0 };
    let attempt = prepare(root, &intent, &FeePolicy::new(ceiling), &[]).await?;
    broadcast(root, &attempt).await?;
    wait(root, &attempt, args.until_final).await?;
    let id = attempt.version.id;
    let seen = root.transaction(id).await?.ok_or_else(|| eyre!("{} forgot the transaction {id}", root.id()))?;
    let shown = show(&seen, attempt.creates);
    if !seen.succeeded {
        bail!("the transaction {id} failed in block {} of {}", seen.block, root.id());
    }
    Ok(json!({ "hash": id, "from": attempt.from, "transaction": shown }))
}

fn show(seen: &SeenTransaction, contract: Option<Address>) -> Value {
    let logs: Vec<_> = seen
        .logs
        .iter()
        .map(|log| json!({ "address": log.address, "topics": log.data.topics(), "data": log.data.data }))
        .collect();
    json!({ "block": seen.block, "final": seen.is_final, "contract": contract, "logs": logs })
}
