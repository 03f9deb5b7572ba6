//! A pool over a made-up state in which every account is rich, and transactions nobody signed: the pool takes senders as given.

use alloy_consensus::{Signed, TxEip1559};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Signature, TxKind, U256};
use bttc_primitives::{Account, ChainSpec, Fatal, Header, Recovered, StateReader, Transaction};
use bttc_txpool::{HeadState, Origin, Pool, PoolConfig};
use eyre::{Result, bail};
use std::{sync::Arc, time::Duration};

/// The floor of the base fee. Unit: wei per gas.
pub const FLOOR: u64 = 9_000_000_000_000;
/// Unit: wei.
pub const GWEI: u128 = 1_000_000_000;

/// Everybody has a billion BTT and nonce zero.
struct Rich;

impl Rich {
    const ACCOUNT: Account =
        Account { nonce: 0, balance: U256::from_limbs([0, 1 << 26, 0, 0]), code_hash: KECCAK256_EMPTY };
}

impl StateReader for Rich {
    fn account(&self, _: Address) -> Result<Option<Account>, Fatal> {
        Ok(Some(Self::ACCOUNT))
    }
    fn storage(&self, _: Address, _: U256) -> Result<U256, Fatal> {
        Ok(U256::ZERO)
    }
    fn code(&self, _: B256) -> Result<Bytes, Fatal> {
        Ok(Bytes::new())
    }
    fn block_hash(&self, _: u64) -> Result<Option<B256>, Fatal> {
        Ok(None)
    }
}

/// A pool on that state, and the header it stands on.
pub fn pool(config: PoolConfig) -> Result<(Pool, Header)> {
    let spec = Arc::new(ChainSpec::from_json(crate::ledger::GENESIS)?);
    let state: HeadState = Arc::new(|| Ok(Box::new(Rich) as Box<dyn StateReader>));
    let header = spec.genesis_header();
    Ok((Pool::new(config, spec, state, &header), header))
}

/// Limits of the node, without an end to waiting.
pub fn config() -> PoolConfig {
    PoolConfig { queued_lifetime: Duration::from_secs(u32::MAX.into()), ..PoolConfig::default() }
}

/// A sender.
pub fn sender(index: u64) -> Address {
    Address::left_padding_from(&(index + 0x1_0000).to_be_bytes())
}

/// The account of a sender that has used `nonce` nonces.
pub fn account(nonce: u64) -> Account {
    Account { nonce, ..Rich::ACCOUNT }
}

/// A transaction that offers `tip` on top of the floor, which is its cap too. Unit: gwei.
pub fn offer(from: u64, nonce: u64, tip: u64, input: Bytes) -> Recovered<Transaction> {
    let tip = u128::from(tip) * GWEI;
    let tx = TxEip1559 {
        chain_id: 990_992,
        nonce,
        // What the data cost at most (EIP-7623).
        gas_limit: 21_000 + 40 * input.len() as u64,
        max_fee_per_gas: u128::from(FLOOR) + tip,
        max_priority_fee_per_gas: tip,
        // The receiver makes hashes of different senders differ.
        to: TxKind::Call(sender(from)),
        input,
        ..Default::default()
    };
    Recovered::new_unchecked(Signed::new_unhashed(tx, Signature::test_signature()).into(), sender(from))
}

/// Puts `nonces` transactions of each of `senders` in. The tips are spread over a thousand gwei.
pub fn fill(pool: &Pool, senders: u64, nonces: u64) -> Result<()> {
    for nonce in 0..nonces {
        let lot = (0..senders).map(|from| offer(from, nonce, (from * 7 + nonce * 13) % 1_000, Bytes::new()));
        for added in pool.add_many(lot.collect(), Origin::Peer(1)) {
            if let Err(refused) = added {
                bail!("refused: {refused}");
            }
        }
    }
    Ok(())
}
