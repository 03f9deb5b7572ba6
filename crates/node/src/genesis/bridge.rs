//! The bridge in plans of genesis, and in the genesis files made from them (docs/bridge.md, "Deposits on this chain").

use super::{
    BridgePlan,
    check::ask,
    plan::{Known, Who, amount, who},
};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::sol;
use bttc_contracts::{
    addresses::BRIDGE_INBOX,
    bridge_slots::{LAST_ROOT, root_chain},
    system::IGenesis::RootConfig,
};
use bttc_primitives::ChainSpec;
use eyre::Result;
use serde::{Deserialize, Deserializer};

sol! {
    /// Of `BridgeInbox`.
    interface IInboxViews {
        /// A root chain as it stands.
        #[derive(Debug)]
        struct RootView {
            uint64 chainId;
            address bridge;
            bytes32 codeHash;
            address btt;
            uint256 bttLocked;
            bool enabled;
            uint64 executed;
            bytes32 executedChain;
            uint64 accepted;
            bytes32 acceptedChain;
        }
        function rootChain(uint256 rootId) external view returns (RootView memory);
        function guardian() external view returns (address);
    }
}

/// Part `[bridge]` of a plan. Without it there is no root chain, and everything can be registered by vote.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedBridge {
    /// BTT that is not out: deposits release it.
    #[serde(deserialize_with = "amount")]
    pub(super) reserve: U256,
    /// Who may pause for a short time; nobody, if it is not there.
    #[serde(default, deserialize_with = "maybe_who")]
    guardian: Option<Who>,
    #[serde(default, rename = "root")]
    roots: Vec<PlannedRoot>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedRoot {
    /// 1 Ethereum, 2 TRON.
    root_id: u8,
    /// EIP-155 id.
    chain_id: u64,
    /// `RootBridge` there, in either form of addresses.
    #[serde(deserialize_with = "who")]
    bridge: Who,
    /// Hash of that contract's code.
    #[serde(deserialize_with = "hash")]
    code_hash: Known<B256>,
    /// The token there that is BTT here; none if there is none.
    #[serde(default, deserialize_with = "maybe_who")]
    btt: Option<Who>,
    /// BTT that the bridge there holds for BTT that is out here.
    #[serde(default, deserialize_with = "amount")]
    btt_locked: U256,
}

fn maybe_who<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Who>, D::Error> {
    who(deserializer).map(Some)
}

fn hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Known<B256>, D::Error> {
    Known::read(deserializer, |text| {
        text.parse::<B256>()
            .map_err(|error| format!("cannot read the hash {text:?}: {error}; write 0x and 64 hex digits"))
    })
}

impl PlannedBridge {
    /// Names of all that is not known yet.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &str> {
        let mut names = Vec::new();
        for root in &self.roots {
            names.extend(root.bridge.missing());
            names.extend(root.code_hash.missing());
            names.extend(root.btt.as_ref().and_then(Known::missing));
        }
        names.extend(self.guardian.as_ref().and_then(Known::missing));
        names.into_iter()
    }

    pub(super) fn plan(&self) -> BridgePlan {
        let root = |of: &PlannedRoot| RootConfig {
            rootId: U256::from(of.root_id),
            chainId: of.chain_id,
            bridge: of.bridge.address(),
            codeHash: match &of.code_hash {
                Known::Yes(hash) => *hash,
                // In drafts alone: the code of nothing.
                Known::No(_) => alloy_primitives::KECCAK256_EMPTY,
            },
            btt: of.btt.as_ref().map_or(Address::ZERO, Known::address),
            bttLocked: of.btt_locked,
        };
        BridgePlan {
            reserve: self.reserve,
            guardian: self.guardian.as_ref().map_or(Address::ZERO, Known::address),
            roots: self.roots.iter().map(root).collect(),
        }
    }
}

/// A root chain of genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedRoot {
    /// 1 Ethereum, 2 TRON.
    pub root_id: u8,
    /// EIP-155 id.
    pub chain_id: u64,
    /// `RootBridge` there.
    pub bridge: Address,
    /// Hash of its code.
    pub code_hash: B256,
    /// The token there that is BTT here; zero if there is none.
    pub btt: Address,
    /// BTT that can leave for it. Unit: wei.
    pub btt_locked: U256,
}

/// Root chains of a genesis file, told by its contract, and who may pause them.
pub(super) fn read_bridge(spec: &ChainSpec) -> Result<(Vec<CheckedRoot>, Address)> {
    let slots = spec.genesis_alloc().get(&BRIDGE_INBOX).and_then(|account| account.storage.as_ref());
    let is_there = |id: &u8| slots.is_some_and(|slots| slots.contains_key(&B256::from(root_chain(*id))));
    let mut roots = Vec::new();
    for root_id in (1..=LAST_ROOT).filter(is_there) {
        let view = ask(spec, BRIDGE_INBOX, &IInboxViews::rootChainCall { rootId: U256::from(root_id) })?;
        roots.push(CheckedRoot {
            root_id,
            chain_id: view.chainId,
            bridge: view.bridge,
            code_hash: view.codeHash,
            btt: view.btt,
            btt_locked: view.bttLocked,
        });
    }
    Ok((roots, ask(spec, BRIDGE_INBOX, &IInboxViews::guardianCall {})?))
}
