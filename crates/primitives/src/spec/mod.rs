//! Chain spec: everything that makes one network differ from another.
//!
//! It is read from one geth-style genesis file. A section `bttc` inside its `config` turns our own rules on; without it the chain runs
//! under the `ethereum` spec, with every rule of ours off (docs/protocol.md, section 1).

mod fork;
mod genesis;
mod params;

use crate::{EthereumHardfork, ForkCondition, ValidatorSet};
use alloy_consensus::Header;
use alloy_eips::{eip1559::BaseFeeParams, eip7840::BlobParams, eip7892::BlobScheduleBlobParams};
use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, U256};
pub use fork::ForkPlan;
pub use genesis::InvalidGenesis;
pub use params::ConsensusParams;
use std::{collections::BTreeMap, time::Duration};

/// Numbers of the fee rule (docs/protocol.md, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeRules {
    /// The base fee never falls below it. Unit: wei per gas.
    pub min_base_fee: u64,
    /// Share of the base fee that is burned. Unit: percent; what rounding leaves is burned too.
    pub burn_percent: u8,
    /// Share that goes to the stakers' pot. Unit: percent.
    pub stakers_percent: u8,
    /// Share that goes to the treasury. Unit: percent.
    pub treasury_percent: u8,
}

/// When blocks are made. It is timing, not validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Least interval between blocks.
    pub block_time: Duration,
    /// Wait before an empty block.
    pub idle_time: Duration,
}

/// Whose rules hold beside those of the EVM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainRules {
    /// Ethereum's own; for its test suites and chains made by other clients.
    Ethereum {
        /// From this total difficulty on blocks are after the Merge; none if the chain never merges.
        terminal_total_difficulty: Option<U256>,
    },
    /// Ours.
    Bttc {
        /// The fee rule.
        fees: FeeRules,
        /// Block times.
        timing: Timing,
        /// Validators at genesis; empty in a draft whose validators are not named yet.
        validators: Vec<crate::Validator>,
        /// A development chain: one built-in validator, methods that change state by hand.
        dev: bool,
    },
}

/// A network: its forks, rules and genesis.
#[derive(Clone, Debug)]
pub struct ChainSpec {
    chain_id: u64,
    forks: BTreeMap<EthereumHardfork, ForkCondition>,
    rules: ChainRules,
    base_fee_params: BaseFeeParams,
    blobs: BlobScheduleBlobParams,
    has_staking: bool,
    is_draft: bool,
    known_forks: &'static [&'static str],
    gas_limit: u64,
    genesis: Genesis,
}

impl ChainSpec {
    /// Reads a geth-style genesis.
    pub fn from_genesis(genesis: Genesis) -> Result<Self, InvalidGenesis> {
        genesis::read(genesis)
    }

    /// Reads a geth-style genesis from JSON.
    pub fn from_json(json: &str) -> Result<Self, InvalidGenesis> {
        let genesis = serde_json::from_str(json).map_err(|error| InvalidGenesis::Json(error.to_string()))?;
        Self::from_genesis(genesis)
    }

    /// EIP-155 chain id.
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Whose rules hold.
    pub const fn rules(&self) -> &ChainRules {
        &self.rules
    }

    /// Our fee rule; none under the `ethereum` spec.
    pub const fn fees(&self) -> Option<&FeeRules> {
        match &self.rules {
            ChainRules::Bttc { fees, .. } => Some(fees),
            ChainRules::Ethereum { .. } => None,
        }
    }

    /// Whether Ethereum's own rules hold instead of ours.
    pub const fn is_ethereum(&self) -> bool {
        matches!(self.rules, ChainRules::Ethereum { .. })
    }

    /// Whether methods that change state by hand are allowed.
    pub const fn is_dev(&self) -> bool {
        matches!(self.rules, ChainRules::Bttc { dev: true, .. })
    }

    /// Block times; of no meaning (half a second) under the `ethereum` spec, where blocks are imported.
    pub const fn timing(&self) -> Timing {
        match &self.rules {
            ChainRules::Bttc { timing, .. } => *timing,
            ChainRules::Ethereum { .. } => {
                Timing { block_time: Duration::from_millis(500), idle_time: Duration::from_secs(2) }
            }
        }
    }

    /// Whether genesis has the staking contracts: then they say who validates, and learn of each block (docs/staking.md). Without them the validators of
    /// genesis stay.
    pub const fn has_staking(&self) -> bool {
        self.has_staking
    }

    /// Whether genesis was made from a plan with placeholders, so that nobody may run the chain.
    pub const fn is_draft(&self) -> bool {
        self.is_draft
    }

    /// Validators of block 1.
    pub fn genesis_validators(&self) -> Result<ValidatorSet, InvalidGenesis> {
        match &self.rules {
            ChainRules::Bttc { validators, .. } => {
                ValidatorSet::new(validators.clone()).map_err(InvalidGenesis::Validators)
            }
            ChainRules::Ethereum { .. } => Err(InvalidGenesis::NoConsensus),
        }
    }

    /// Elasticity and denominator of the base fee rule (EIP-1559).
    pub const fn base_fee_params(&self) -> BaseFeeParams {
        self.base_fee_params
    }

    /// Gas limit of a block of ours.
    pub const fn gas_limit(&self) -> u64 {
        self.gas_limit
    }

    /// Blob limits at a time; none before Cancun and on our chain, which has no blobs.
    pub fn blob_params(&self, timestamp: u64) -> Option<BlobParams> {
        genesis::blob_params(self, timestamp)
    }

    /// The genesis file.
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Accounts of the genesis block.
    pub const fn genesis_alloc(&self) -> &BTreeMap<Address, GenesisAccount> {
        &self.genesis.alloc
    }

    /// Header of the genesis block, but for its state root.
    pub fn genesis_header(&self) -> Header {
        genesis::header(self)
    }
}
