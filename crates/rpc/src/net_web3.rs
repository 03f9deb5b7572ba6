//! `net_`, `web3_` and `rpc_`: what the node is.

use crate::{args::Args, registry::Registry};
use alloy_primitives::{Bytes, U64, keccak256};
use std::collections::BTreeMap;

pub(crate) fn register(registry: &mut Registry) {
    registry.read("net_version", |api, args| {
        args.end()?;
        Ok(api.spec().chain_id().to_string())
    });
    registry.read("net_listening", |api, args| {
        args.end()?;
        // A chain of one listens to its only node.
        Ok(api.peers.as_ref().is_none_or(|peers| !peers.local().listen.is_empty()))
    });
    registry.read("net_peerCount", |api, args| {
        args.end()?;
        Ok(U64::from(api.peers.as_ref().map_or(0, |peers| peers.peers().len())))
    });
    registry.read("web3_clientVersion", |api, args| {
        args.end()?;
        Ok(api.client_version.clone())
    });
    registry.read("web3_sha3", |_, mut args: Args| {
        let data: Bytes = args.required("data")?;
        args.end()?;
        Ok(keccak256(data))
    });
}

/// `rpc_modules` names the namespaces; entered last, as it looks at all the others.
pub(crate) fn register_modules(registry: &mut Registry) {
    let spaces = registry.module.method_names().filter_map(|name| name.split('_').next());
    let modules: BTreeMap<String, &str> = spaces.chain(["rpc"]).map(|space| (space.to_owned(), "1.0")).collect();
    registry.read("rpc_modules", move |_, args| {
        args.end()?;
        Ok(modules.clone())
    });
}
