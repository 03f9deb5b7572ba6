//! What the blocks of a generated chain hold.

use super::{AccountsPattern, BlocksPattern};
use crate::{
    ledger::{GENESIS, genesis_with_gas_limit},
    transactions::{Call, dev_key, sign},
};
use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use bttc_primitives::{ChainSpec, Recovered, Transaction};
use eyre::{OptionExt, Result};
use rayon::prelude::*;
use std::{ops::Range, sync::Arc};

/// A generated chain.
#[derive(Clone, Debug)]
pub struct Plan {
    kind: Kind,
    last: u64,
    keys: Vec<PrivateKeySigner>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Blocks(BlocksPattern),
    Accounts(AccountsPattern),
}

/// Signed transactions of one block.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Height of the block.
    pub height: u64,
    /// In their order.
    pub transactions: Vec<Recovered<Transaction>>,
}

impl Plan {
    /// A chain of `blocks` blocks.
    pub fn blocks(pattern: BlocksPattern, blocks: u64) -> Result<Self> {
        let keys = (0..10).map(dev_key).collect::<Result<_>>()?;
        Ok(Self { kind: Kind::Blocks(pattern), last: blocks, keys })
    }

    /// A chain of many accounts.
    pub fn accounts(pattern: AccountsPattern) -> Result<Self> {
        Ok(Self { kind: Kind::Accounts(pattern), last: pattern.last_height(), keys: vec![dev_key(0)?] })
    }

    /// Height of the last block.
    pub const fn last_height(&self) -> u64 {
        self.last
    }

    /// Transactions of a block, the most there are.
    pub const fn txs_per_block(&self) -> u64 {
        match self.kind {
            Kind::Blocks(pattern) => pattern.txs_per_block,
            Kind::Accounts(_) => AccountsPattern::CALLS,
        }
    }

    /// The transactions of some blocks, signed on all cores.
    pub fn signed(&self, heights: Range<u64>) -> Result<Vec<Planned>> {
        heights.into_par_iter().map(|height| self.block(height)).collect()
    }

    fn block(&self, height: u64) -> Result<Planned> {
        let calls = match self.kind {
            Kind::Blocks(_) if height == 1 => BlocksPattern::first_calls().map(|(key, call)| (key, 0, call)).collect(),
            Kind::Blocks(pattern) => {
                let key = BlocksPattern::sender_of(height);
                numbered(key, pattern.nonce_before(height), pattern.calls(height))
            }
            Kind::Accounts(pattern) => {
                let sender = self.sender()?;
                let calls = match height {
                    1 => AccountsPattern::first_calls(sender).to_vec(),
                    _ => pattern.calls(height, sender),
                };
                numbered(0, AccountsPattern::nonce_before(height), calls)
            }
        };
        let sign = |(key, nonce, call): (u32, u64, Call)| {
            let key = self.keys.get(key as usize).ok_or_eyre("a sender without a key")?;
            sign(key, nonce, &call)
        };
        Ok(Planned { height, transactions: calls.into_iter().map(sign).collect::<Result<_>>()? })
    }

    fn sender(&self) -> Result<Address> {
        Ok(self.keys.first().ok_or_eyre("a plan without keys")?.address())
    }

    /// Genesis of the chain: that of the development network; with many accounts it has a larger gas limit.
    pub fn genesis(&self) -> Result<String> {
        match self.kind {
            Kind::Blocks(_) => Ok(GENESIS.to_owned()),
            Kind::Accounts(_) => genesis_with_gas_limit(AccountsPattern::GAS_LIMIT),
        }
    }

    /// The spec of that genesis.
    pub fn spec(&self) -> Result<Arc<ChainSpec>> {
        Ok(Arc::new(ChainSpec::from_json(&self.genesis()?)?))
    }
}

fn numbered(key: u32, nonce: u64, calls: Vec<Call>) -> Vec<(u32, u64, Call)> {
    calls.into_iter().zip(nonce..).map(|(call, nonce)| (key, nonce, call)).collect()
}
