//! What the layout keeps of the root chains.

use crate::testnet::layout::ProcessId;
use alloy_primitives::{Address, B256, U256};
use bttc_bridge::{
    config::EndpointConfig,
    root::{Agreement, Ethereum, EthereumConfig, Finality, RootError, RootKind, Tron, TronConfig, TronEndpoint},
};
use eyre::OptionExt;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Both root chains, the contracts on them, and what genesis here begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BridgePlace {
    /// Ethereum, then TRON.
    pub(crate) roots: Vec<RootPlace>,
    /// Who owns the contracts there.
    pub(crate) owner: Address,
    /// Who may pause, there and here.
    pub(crate) guardian: Address,
    /// Relayers let exits wait so long, by the default policy; none: they send a checkpoint at once.
    #[serde(default)]
    pub(crate) exit_age: Option<Duration>,
    /// BTT that deposits release here. Unit: wei.
    pub(crate) reserve: U256,
}

/// A root chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RootPlace {
    /// `ethereum` or `tron`.
    pub(crate) kind: RootKind,
    /// EIP-155 id; of TRON the last four bytes of its first block's id.
    pub(crate) chain_id: u64,
    /// Its one node.
    pub(crate) endpoint: EndpointConfig,
    /// More ways to it that relayers ask, as URLs in which `{node}` stands for the validator's number.
    #[serde(default)]
    pub(crate) more: Vec<String>,
    /// Its process.
    pub(crate) process: ProcessId,
    /// The bridge's contracts; none until they are there.
    pub(crate) contracts: Option<Contracts>,
}

/// The bridge's contracts on a root chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contracts {
    /// `CheckpointManager`.
    pub(crate) checkpoints: Address,
    /// `RootBridge`.
    pub(crate) bridge: Address,
    /// Hash of its code.
    pub(crate) code_hash: B256,
    /// `StateProof`.
    pub(crate) state_proof: Address,
    /// Block before the first of them.
    pub(crate) from_block: u64,
    /// Tokens that are listed, beside the coin; BTT first, where it is there.
    pub(crate) tokens: Vec<Token>,
    /// BTT that `RootBridge` holds from the beginning. Unit: wei.
    pub(crate) btt_locked: U256,
}

/// A token of a root chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Token {
    /// As it calls itself.
    pub(crate) symbol: String,
    /// On the root chain.
    pub(crate) address: Address,
    /// Digits behind the point.
    pub(crate) decimals: u8,
}

/// What BTT calls itself.
pub(crate) const BTT: &str = "BTT";

impl BridgePlace {
    /// The one of this kind.
    pub(crate) fn root(&self, kind: RootKind) -> eyre::Result<&RootPlace> {
        self.roots.iter().find(|root| root.kind == kind).ok_or_eyre("the layout of the network lacks a root chain")
    }
}

impl RootPlace {
    /// Its number on our chain.
    pub(crate) const fn root_id(&self) -> u8 {
        match self.kind {
            RootKind::Ethereum => 1,
            RootKind::Tron => 2,
        }
    }

    /// As people and commands call it.
    pub(crate) const fn name(&self) -> &'static str {
        name(self.kind)
    }

    /// JSON-RPC.
    pub(crate) fn json_rpc(&self) -> &str {
        self.endpoint.json_rpc.as_deref().unwrap_or(&self.endpoint.url)
    }

    /// The contracts. Errors: they are not there yet.
    pub(crate) fn contracts(&self) -> eyre::Result<&Contracts> {
        self.contracts.as_ref().ok_or_eyre(
            "the bridge's contracts were not finished; end the network with `bttc testnet down` and start a new one",
        )
    }

    /// The client of relayers, with a key that sends.
    pub(crate) fn ethereum(&self, key: alloy_signer_local::PrivateKeySigner) -> Result<Ethereum, RootError> {
        let config = EthereumConfig {
            chain_id: self.chain_id,
            endpoints: vec![self.endpoint.url.clone()],
            agreement: Agreement::default(),
            finality: Finality::Finalized,
        };
        Ethereum::new(config, Some(key))
    }

    /// The same for TRON.
    pub(crate) fn tron(&self, key: alloy_signer_local::PrivateKeySigner) -> Result<Tron, RootError> {
        let endpoint = TronEndpoint {
            full: self.endpoint.url.clone(),
            solid: self.endpoint.solid.clone().unwrap_or_else(|| self.endpoint.url.clone()),
            json_rpc: self.json_rpc().to_owned(),
        };
        let config = TronConfig {
            chain_id: self.chain_id,
            endpoints: vec![endpoint],
            agreement: Agreement::default(),
            account: None,
            permission: 0,
        };
        Tron::new(config, Some(key))
    }
}

impl Contracts {
    /// The token that is BTT here; zero if there is none.
    pub(crate) fn btt(&self) -> Address {
        self.tokens.iter().find(|token| token.symbol == BTT).map_or(Address::ZERO, |token| token.address)
    }
}

/// As people and commands call a root chain.
pub(crate) const fn name(kind: RootKind) -> &'static str {
    match kind {
        RootKind::Ethereum => "ethereum",
        RootKind::Tron => "tron",
    }
}

/// Folder of a root chain, with its log.
pub(crate) fn root_dir(dir: &Path, kind: RootKind) -> PathBuf {
    dir.join(name(kind))
}
