//! The root chains as `bttc testnet status` shows them.

use super::{
    begin::{guardian, owner},
    place::{BridgePlace, RootPlace, root_dir},
};
use crate::testnet::{layout::log_file, rpc};
use alloy_primitives::{Address, U64, hex};
use alloy_signer_local::PrivateKeySigner;
use bttc_bridge::root::RootKind;
use bttc_primitives::format_tron;
use serde_json::{Value, json};
use std::{io::Write, path::Path};

/// An address as the wallets of a root chain write it.
fn written(root: &RootPlace, address: Address) -> String {
    match root.kind {
        RootKind::Ethereum => address.to_string(),
        RootKind::Tron => format_tron(address),
    }
}

async fn height(root: &RootPlace) -> Option<u64> {
    let answer = rpc::json(root.json_rpc(), "eth_blockNumber", json!([])).await?;
    serde_json::from_value::<U64>(answer).ok().map(|number| number.to())
}

fn condition(root: &RootPlace, height: Option<u64>) -> &'static str {
    match (root.process.is_running(), height) {
        (false, _) => "stopped",
        (true, None) => "silent",
        (true, Some(_)) => "running",
    }
}

/// For people.
pub(crate) async fn print(bridge: &BridgePlace, out: &mut impl Write) -> eyre::Result<()> {
    for root in &bridge.roots {
        let height = height(root).await;
        let state = condition(root, height);
        let number = height.map_or_else(|| "-".to_owned(), |height| height.to_string());
        writeln!(
            out,
            "\n{:<10}  {} {state}, block {number}, chain {}, pid {}",
            root.name(),
            root.json_rpc(),
            root.chain_id,
            root.process.pid
        )?;
        let Some(contracts) = &root.contracts else { continue };
        let tokens = contracts.tokens.iter().map(|token| (token.symbol.as_str(), token.address));
        let named = [
            ("RootBridge", contracts.bridge),
            ("CheckpointManager", contracts.checkpoints),
            ("StateProof", contracts.state_proof),
        ];
        for (name, address) in named.into_iter().chain(tokens) {
            writeln!(out, "  {name:<18}{}", written(root, address))?;
        }
    }
    Ok(())
}

/// For programs. Addresses have the 20 bytes of contracts; those of TRON stand there in its own form as well.
pub(crate) async fn as_json(dir: &Path, bridge: &BridgePlace) -> Value {
    let mut roots = Vec::new();
    for root in &bridge.roots {
        let height = height(root).await;
        let mut shown = json!({
            "rootId": root.root_id(),
            "root": root.name(),
            "state": condition(root, height),
            "height": height,
            "chainId": root.chain_id,
            "http": root.endpoint.url,
            "solid": root.endpoint.solid,
            "jsonRpc": root.json_rpc(),
            "pid": root.process.pid,
            "log": log_file(&root_dir(dir, root.kind)),
        });
        if let (Some(contracts), Some(fields)) = (&root.contracts, shown.as_object_mut()) {
            let tokens: Vec<_> = contracts
                .tokens
                .iter()
                .map(|token| {
                    let written = written(root, token.address);
                    json!({ "symbol": token.symbol, "address": token.address, "written": written, "decimals": token.decimals })
                })
                .collect();
            let more = [
                ("rootBridge", json!(contracts.bridge)),
                ("rootBridgeWritten", json!(written(root, contracts.bridge))),
                ("checkpoints", json!(contracts.checkpoints)),
                ("stateProof", json!(contracts.state_proof)),
                ("codeHash", json!(contracts.code_hash)),
                ("fromBlock", json!(contracts.from_block)),
                ("bttLocked", json!(contracts.btt_locked.to_string())),
                ("tokens", json!(tokens)),
            ];
            fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
        }
        roots.push(shown);
    }
    let account =
        |key: PrivateKeySigner| json!({ "address": key.address(), "privateKey": hex::encode_prefixed(key.to_bytes()) });
    json!({ "roots": roots, "owner": account(owner()), "guardian": account(guardian()), "reserve": bridge.reserve.to_string() })
}
