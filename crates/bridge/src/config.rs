//! Section `[bridge]` of the configuration file: the relayer and its root chains.
//!
//! Which root chains there are, their bridges and the hashes of their code stand on our chain (`BridgeInbox`). What stands here is how to reach
//! them, what to pay, and when; and once more which contracts, so that one of both being wrong is noticed.

use crate::{policy::Policy, root::RootKind};
use alloy_primitives::{Address, U256};
use forms::{address, amount, optional_address, optional_amount};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, path::PathBuf, time::Duration};

pub(crate) mod forms;

/// Most signatures of a transaction on TRON, which bounds its time (docs/tron.md, section 4).
const TRON_SIGNATURES: usize = 32;
/// Most members of a set, so most signatures.
const MOST_SIGNATURES: usize = 256;

/// The relayer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BridgeConfig {
    /// Whether the node runs the relayer, too (`bttc node --relay`).
    pub relay: bool,
    /// Our chain's JSON-RPC over HTTP, for a relayer that runs apart. Empty: that of the node it runs in.
    pub node: String,
    /// Folder of what the relayer keeps. Empty: `bridge` in the data directory. One relayer has one folder.
    pub path: PathBuf,
    /// Encrypted key that pays for carrying out deposits here. None: the consensus key pays.
    pub key: Option<PathBuf>,
    /// File whose first line is the password of `key`.
    pub password_file: Option<PathBuf>,
    /// The turn to vouch for new records, or to carry them out, goes to the next validator after this time.
    #[serde(with = "humantime_serde")]
    pub takeover: Duration,
    /// A validator whose vote is not accepted for so long gives a higher one.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
    /// Root chains to watch and to serve.
    pub roots: Vec<RootConfig>,
}

impl Default for BridgeConfig {
    fn default() -> Self {
        Self {
            relay: false,
            node: String::new(),
            path: PathBuf::new(),
            key: None,
            password_file: None,
            takeover: Duration::from_secs(10),
            patience: Duration::from_secs(120),
            roots: Vec::new(),
        }
    }
}

/// A node of a root chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointConfig {
    /// Ethereum: JSON-RPC over HTTP. TRON: the HTTP interface of a full node.
    pub url: String,
    /// TRON: the HTTP interface for solid state. None: `url`.
    #[serde(default)]
    pub solid: Option<String>,
    /// TRON: JSON-RPC, for logs. None: `/jsonrpc` at `url`.
    #[serde(default)]
    pub json_rpc: Option<String>,
}

/// A root chain. Fees in the smallest unit of its coin: wei, sun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootConfig {
    /// Its number on our chain: 1 Ethereum, 2 TRON.
    pub root_id: u8,
    /// `ethereum` or `tron`.
    pub kind: RootKind,
    /// EIP-155 id; of TRON the last four bytes of the id of its genesis block.
    pub chain_id: u64,
    /// Its nodes.
    pub endpoints: Vec<EndpointConfig>,
    /// How many of them must agree. None: the fewest that are more than half.
    #[serde(default)]
    pub agree: Option<usize>,
    /// Ethereum: blocks below the newest that count as final, for development chains alone. None: the tag `finalized`.
    #[serde(default)]
    pub final_depth: Option<u64>,
    /// `RootBridge`, as `0x...` or `T...`.
    #[serde(with = "address")]
    pub bridge: Address,
    /// `CheckpointManager`, in either form, too.
    #[serde(with = "address")]
    pub checkpoints: Address,
    /// Block in which `RootBridge` was deployed, or one before it.
    pub from_block: u64,
    /// Encrypted key of the account that sends checkpoints. None: this relayer sends none.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// File whose first line is the password of `key`.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// TRON: the account that sends, if `key` is not its own but that of a permission; `T...` or `0x...`.
    #[serde(default, with = "optional_address")]
    pub account: Option<Address>,
    /// TRON: the permission that `key` has; 0 is the owner's. An active one for `TriggerSmartContract` alone is best.
    #[serde(default)]
    pub permission: i32,
    /// When checkpoints are sent.
    #[serde(default)]
    pub policy: Policy,
    /// Most that a transaction may cost.
    #[serde(with = "amount")]
    pub fee_ceiling: U256,
    /// Most that it may cost when the age stop comes close. None: four times `fee_ceiling`.
    #[serde(default, with = "optional_amount")]
    pub pressing_fee_ceiling: Option<U256>,
    /// TRON: time in which a transaction can enter a block.
    #[serde(default = "lifetime", with = "humantime_serde")]
    pub lifetime: Duration,
    /// The turn to send a checkpoint goes to the next validator after this time.
    #[serde(default = "takeover", with = "humantime_serde")]
    pub takeover: Duration,
    /// Time between two looks at the root chain.
    #[serde(default = "poll", with = "humantime_serde")]
    pub poll: Duration,
    /// Most signatures of a transaction. None: 32 on TRON, all on Ethereum.
    #[serde(default)]
    pub most_signatures: Option<usize>,
}

const fn lifetime() -> Duration {
    Duration::from_secs(180)
}

const fn takeover() -> Duration {
    Duration::from_secs(180)
}

const fn poll() -> Duration {
    Duration::from_secs(3)
}

/// Why the section cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {why}")]
pub struct InvalidBridgeConfig {
    /// Which field, as in the file.
    pub field: String,
    /// What is wrong, and what to do.
    pub why: String,
}

fn invalid(field: impl Into<String>, why: impl Into<String>) -> Result<(), InvalidBridgeConfig> {
    Err(InvalidBridgeConfig { field: field.into(), why: why.into() })
}

fn check_url(field: String, url: &str) -> Result<(), InvalidBridgeConfig> {
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(());
    }
    invalid(field, format!("is {url:?}; give a URL that begins with http:// or https://"))
}

impl BridgeConfig {
    /// Checks what can be checked without asking anybody.
    pub fn check(&self) -> Result<(), InvalidBridgeConfig> {
        if !self.node.is_empty() {
            check_url("bridge.node".into(), &self.node)?;
        }
        if self.key.is_some() != self.password_file.is_some() {
            return invalid("bridge.key", "and bridge.password_file belong together; set both or none");
        }
        if self.relay && self.roots.is_empty() {
            return invalid(
                "bridge.roots",
                "is empty, though bridge.relay is true; name a root chain, or do not relay",
            );
        }
        let mut seen = BTreeSet::new();
        for (at, root) in self.roots.iter().enumerate() {
            if !seen.insert(root.root_id) {
                return invalid(format!("bridge.roots[{at}].root_id"), format!("{} stands twice", root.root_id));
            }
            root.check(&format!("bridge.roots[{at}]"))?;
        }
        Ok(())
    }
}

impl RootConfig {
    /// Most signatures of a transaction.
    pub fn most_signatures(&self) -> usize {
        self.most_signatures.unwrap_or(match self.kind {
            RootKind::Ethereum => MOST_SIGNATURES,
            RootKind::Tron => TRON_SIGNATURES,
        })
    }

    /// Most that a transaction may cost when the age stop comes close.
    pub fn pressing_fee_ceiling(&self) -> U256 {
        self.pressing_fee_ceiling.unwrap_or_else(|| self.fee_ceiling.saturating_mul(U256::from(4)))
    }

    fn check(&self, at: &str) -> Result<(), InvalidBridgeConfig> {
        let field = |name: &str| format!("{at}.{name}");
        let seconds = |name: &str, value: Duration, least: u64, most: u64| {
            if (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&value) {
                return Ok(());
            }
            invalid(field(name), format!("is {value:?}; choose between {least} s and {most} s"))
        };
        if self.root_id == 0 {
            return invalid(field("root_id"), "is 0; root chains have the numbers 1 to 255 (1 Ethereum, 2 TRON)");
        }
        if self.chain_id == 0 {
            return invalid(field("chain_id"), "is 0; give the root chain's EIP-155 id");
        }
        if self.endpoints.is_empty() {
            return invalid(field("endpoints"), "is empty; name at least one node of the root chain");
        }
        for (number, endpoint) in self.endpoints.iter().enumerate() {
            check_url(field(&format!("endpoints[{number}].url")), &endpoint.url)?;
            for (name, url) in [("solid", &endpoint.solid), ("json_rpc", &endpoint.json_rpc)] {
                let name = field(&format!("endpoints[{number}].{name}"));
                match url {
                    Some(_) if self.kind == RootKind::Ethereum => {
                        return invalid(name, "is of TRON alone; leave it out");
                    }
                    Some(url) => check_url(name, url)?,
                    None => {}
                }
            }
        }
        if let Some(agree) = self.agree {
            let count = self.endpoints.len();
            if agree > count || agree.saturating_mul(2) <= count {
                let why = format!("is {agree}; of {count} endpoints more than half must agree, and at most all");
                return invalid(field("agree"), why);
            }
        }
        if self.final_depth.is_some() && self.kind == RootKind::Tron {
            return invalid(field("final_depth"), "is of Ethereum alone; TRON says itself what is solid");
        }
        if self.kind == RootKind::Ethereum && (self.account.is_some() || self.permission != 0) {
            return invalid(field("permission"), "and account are of TRON alone; leave them out");
        }
        for (name, address) in [("bridge", self.bridge), ("checkpoints", self.checkpoints)] {
            if address.is_zero() {
                return invalid(field(name), "is zero; give the contract's address");
            }
        }
        if self.bridge == self.checkpoints {
            return invalid(field("checkpoints"), "is the same as bridge; they are two contracts");
        }
        if self.key.is_some() != self.password_file.is_some() {
            return invalid(field("key"), "and password_file belong together; set both or none");
        }
        if self.fee_ceiling.is_zero() {
            return invalid(field("fee_ceiling"), "is 0, so nothing could be sent; leave key out to send nothing");
        }
        if self.pressing_fee_ceiling() < self.fee_ceiling {
            return invalid(field("pressing_fee_ceiling"), "is below fee_ceiling; it is for when it presses");
        }
        if self.most_signatures == Some(0) {
            return invalid(field("most_signatures"), "is 0; a transaction brings one signature at least");
        }
        if self.kind == RootKind::Tron {
            seconds("lifetime", self.lifetime, 60, 600)?;
        }
        seconds("takeover", self.takeover, 1, 24 * 60 * 60)?;
        if self.poll < Duration::from_millis(50) || self.poll > Duration::from_secs(600) {
            return invalid(field("poll"), format!("is {:?}; choose between 50 ms and 600 s", self.poll));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
