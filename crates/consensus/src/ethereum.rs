//! Blocks of an Ethereum chain, from Frontier to Osaka: what header, uncles, body and outcome must be under the `ethereum` spec.
//!
//! The seal of proof of work is not checked: whoever imports such a chain trusts where it comes from, and everything else is computed.
//! Order for one block: [`check_ethereum_header`], [`check_ethereum_body`], [`check_ethereum_ommers`], [`check_ethereum_transaction`] for each
//! transaction, then the run, then [`check_ethereum_outputs`].

use crate::{InvalidBlock, header::check_no_extras, next_base_fee};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Transaction as _, TxType, proofs};
use alloy_eips::{eip4844::DATA_GAS_PER_BLOB, eip7825::MAX_TX_GAS_LIMIT_OSAKA};
use alloy_primitives::{B64, B256, U256};
use bttc_primitives::{
    ChainSpec, EthereumHardforks, Head, Header, Receipt, SealedBlock, Transaction, logs_bloom, receipts_root,
};
use std::sync::Arc;

/// Longest `extra_data`. Unit: bytes. Source: Yellow Paper, section 4.4.
const MAX_EXTRA_DATA: usize = 32;
/// Least gas limit of a block. Source: Yellow Paper, equation 47.
const MIN_GAS_LIMIT: u64 = 5_000;
/// Most gas limit of a block. Source: EIP-1985.
const MAX_GAS_LIMIT: u64 = i64::MAX.unsigned_abs();
/// A block's gas limit differs from its parent's by less than one part in so many.
const GAS_LIMIT_DIVISOR: u64 = 1_024;
/// Largest encoding of a block from Osaka on: 10 MiB less 2 MiB. Source: EIP-7934.
const MAX_BLOCK_BYTES: usize = 8 * 1024 * 1024;
/// Least difficulty, and the divisor of its steps. Source: Yellow Paper, section 4.4.
const MIN_DIFFICULTY: u64 = 131_072;
const DIFFICULTY_DIVISOR: u64 = 2_048;
/// Most uncles of a block and most generations between them and it.
const MAX_OMMERS: usize = 2;
const MAX_OMMER_AGE: usize = 6;
/// `extra_data` of the first ten blocks of the DAO fork. Source: EIP-779.
const DAO_EXTRA_DATA: &[u8] = b"dao-hard-fork";
const DAO_EXTRA_RANGE: u64 = 10;

/// What running an Ethereum block yields, as far as its header names it.
#[derive(Clone, Debug)]
pub struct EthereumOutputs<'a> {
    /// Root of the state after the block.
    pub state_root: B256,
    /// Gas used by all transactions.
    pub gas_used: u64,
    /// Receipts of all transactions.
    pub receipts: &'a [Receipt],
    /// Hash of the requests (EIP-7685); none before Prague.
    pub requests_hash: Option<B256>,
}

fn expect<T: PartialEq + std::fmt::Debug>(field: &'static str, got: T, expected: T) -> Result<(), InvalidBlock> {
    if got == expected { Ok(()) } else { Err(InvalidBlock::field(field, got, expected)) }
}

fn present<T>(field: &'static str, value: Option<&T>, from_fork: bool) -> Result<(), InvalidBlock> {
    match (value, from_fork) {
        (Some(_), true) | (None, false) => Ok(()),
        (None, true) => Err(InvalidBlock::Body(format!("{field} is missing from the header"))),
        (Some(_), false) => Err(InvalidBlock::Body(format!("{field} does not exist before its fork"))),
    }
}

/// Checks what can be known of a header before its block runs.
///
/// Source: Yellow Paper, section 4.4.4; EIP-1559, 3675, 4895, 4844, 4788, 7685.
pub fn check_ethereum_header(spec: &ChainSpec, parent: &Head, header: &Header) -> Result<(), InvalidBlock> {
    if header.parent_hash != parent.hash {
        return Err(InvalidBlock::Parent { got: header.parent_hash, expected: parent.hash });
    }
    let height = parent.header.number.saturating_add(1);
    if header.number != height {
        return Err(InvalidBlock::Height { got: header.number, expected: height });
    }
    if header.timestamp <= parent.header.timestamp {
        let (earliest, latest) = (parent.header.timestamp.saturating_add(1), u64::MAX);
        return Err(InvalidBlock::Timestamp { got: header.timestamp, earliest, latest });
    }
    if header.extra_data.len() > MAX_EXTRA_DATA {
        return Err(InvalidBlock::field("length of extra_data", header.extra_data.len(), MAX_EXTRA_DATA));
    }
    check_dao_extra(spec, header)?;
    check_gas(spec, &parent.header, header)?;
    check_difficulty(spec, &parent.header, header)?;
    expect("base_fee_per_gas", header.base_fee_per_gas, next_base_fee(spec, &parent.header))?;
    let time = header.timestamp;
    present("withdrawals_root", header.withdrawals_root.as_ref(), spec.is_shanghai_active_at_timestamp(time))?;
    let cancun = spec.is_cancun_active_at_timestamp(time);
    present("parent_beacon_block_root", header.parent_beacon_block_root.as_ref(), cancun)?;
    check_blob_gas(spec, &parent.header, header)?;
    present("requests_hash", header.requests_hash.as_ref(), spec.is_prague_active_at_timestamp(time))?;
    check_no_extras(header)
}

fn check_dao_extra(spec: &ChainSpec, header: &Header) -> Result<(), InvalidBlock> {
    let Some(fork) = spec.genesis().config.dao_fork_block else { return Ok(()) };
    let marked = (fork..fork.saturating_add(DAO_EXTRA_RANGE)).contains(&header.number);
    let supported = spec.genesis().config.dao_fork_support;
    if marked && supported != (header.extra_data.as_ref() == DAO_EXTRA_DATA) {
        return Err(InvalidBlock::Body("extra_data of a block right after the DAO fork names the other side".into()));
    }
    Ok(())
}

fn check_gas(spec: &ChainSpec, parent: &Header, header: &Header) -> Result<(), InvalidBlock> {
    if header.gas_used > header.gas_limit {
        return Err(InvalidBlock::field("gas_used", header.gas_used, header.gas_limit));
    }
    let first_of_london = spec.is_london_active_at_block(header.number) && parent.base_fee_per_gas.is_none();
    let elasticity = u64::try_from(spec.base_fee_params().elasticity_multiplier).unwrap_or(2);
    let before = if first_of_london { parent.gas_limit.saturating_mul(elasticity) } else { parent.gas_limit };
    let step = before.checked_div(GAS_LIMIT_DIVISOR).unwrap_or_default();
    if header.gas_limit.abs_diff(before) >= step {
        let what = format!("gas_limit is {}, expected less than {step} away from {before}", header.gas_limit);
        return Err(InvalidBlock::Body(what));
    }
    if !(MIN_GAS_LIMIT..=MAX_GAS_LIMIT).contains(&header.gas_limit) {
        return Err(InvalidBlock::field("gas_limit", header.gas_limit, MIN_GAS_LIMIT..=MAX_GAS_LIMIT));
    }
    Ok(())
}

fn check_difficulty(spec: &ChainSpec, parent: &Header, header: &Header) -> Result<(), InvalidBlock> {
    if !spec.is_paris_active_at_block(header.number) {
        return expect("difficulty", header.difficulty, next_difficulty(spec, parent, header.timestamp));
    }
    expect("difficulty", header.difficulty, U256::ZERO)?;
    expect("nonce", header.nonce, B64::ZERO)?;
    expect("ommers_hash", header.ommers_hash, EMPTY_OMMER_ROOT_HASH)
}

fn check_blob_gas(spec: &ChainSpec, parent: &Header, header: &Header) -> Result<(), InvalidBlock> {
    let params = spec.blob_params(header.timestamp);
    present("blob_gas_used", header.blob_gas_used.as_ref(), params.is_some())?;
    present("excess_blob_gas", header.excess_blob_gas.as_ref(), params.is_some())?;
    let (Some(params), Some(used)) = (params, header.blob_gas_used) else { return Ok(()) };
    if used > params.max_blob_gas_per_block() || used.checked_rem(DATA_GAS_PER_BLOB) != Some(0) {
        return Err(InvalidBlock::field("blob_gas_used", used, params.max_blob_gas_per_block()));
    }
    // The first block with blobs has a parent that knows none.
    let expected = parent.next_block_excess_blob_gas(params).unwrap_or(0);
    expect("excess_blob_gas", header.excess_blob_gas, Some(expected))
}

/// Difficulty of a block at `timestamp` after `parent`, before the Merge.
///
/// Source: Yellow Paper, section 4.4; EIP-2, 100, 649, 1234, 2384, 3554, 4345, 5133.
pub fn next_difficulty(spec: &ChainSpec, parent: &Header, timestamp: u64) -> U256 {
    let number = parent.number.saturating_add(1);
    let elapsed = timestamp.saturating_sub(parent.timestamp);
    let step = parent.difficulty.wrapping_div(U256::from(DIFFICULTY_DIVISOR));
    let least = U256::from(MIN_DIFFICULTY);
    let byzantium = spec.is_byzantium_active_at_block(number);
    // How many steps up (first) or down (second).
    let (up, down) = if byzantium {
        let with_ommers = if parent.ommers_hash == EMPTY_OMMER_ROOT_HASH { 1 } else { 2 };
        signed_steps(with_ommers, elapsed.wrapping_div(9))
    } else if spec.is_homestead_active_at_block(number) {
        signed_steps(1, elapsed.wrapping_div(10))
    } else if elapsed < 13 {
        (1, 0)
    } else {
        (0, 1)
    };
    let up = step.saturating_mul(U256::from(up));
    let down = step.saturating_mul(U256::from(down));
    let difficulty = parent.difficulty.saturating_add(up).saturating_sub(down).max(least);
    let shown = if byzantium { number.saturating_sub(bomb_delay(spec, number)) } else { number };
    match shown.wrapping_div(100_000).checked_sub(2) {
        Some(power) => {
            difficulty.saturating_add(U256::ONE.checked_shl(usize::try_from(power).unwrap_or(256)).unwrap_or(U256::MAX))
        }
        None => difficulty,
    }
}

/// `base - periods`, at least -99, as steps up and down.
const fn signed_steps(base: u64, periods: u64) -> (u64, u64) {
    let down = periods.saturating_sub(base);
    (base.saturating_sub(periods), if down > 99 { 99 } else { down })
}

/// Blocks by which the bomb is late, counted from the parent as the EIPs do.
fn bomb_delay(spec: &ChainSpec, number: u64) -> u64 {
    use bttc_primitives::EthereumHardfork as F;
    let active = |fork| spec.ethereum_fork_activation(fork).active_at_block(number);
    if active(F::GrayGlacier) {
        11_400_000
    } else if active(F::ArrowGlacier) {
        10_700_000
    } else if active(F::London) {
        9_700_000
    } else if active(F::MuirGlacier) {
        9_000_000
    } else if active(F::Constantinople) {
        5_000_000
    } else {
        3_000_000
    }
}

/// Checks what can be known of a body before it runs.
pub fn check_ethereum_body(spec: &ChainSpec, block: &SealedBlock) -> Result<(), InvalidBlock> {
    let (header, body) = (&block.header, &block.body);
    expect("transactions_root", header.transactions_root, proofs::calculate_transaction_root(&body.transactions))?;
    expect("ommers_hash", header.ommers_hash, proofs::calculate_ommers_root(&body.ommers))?;
    let root = body.withdrawals.as_ref().map(|list| proofs::calculate_withdrawals_root(list));
    expect("withdrawals_root", header.withdrawals_root, root)?;
    let blob_gas = body.transactions.iter().filter_map(|tx| tx.blob_gas_used()).fold(0, u64::saturating_add);
    expect("blob_gas_used", header.blob_gas_used.unwrap_or_default(), blob_gas)?;
    if spec.is_osaka_active_at_timestamp(header.timestamp) {
        let bytes = block.ethereum_rlp().len();
        if bytes > MAX_BLOCK_BYTES {
            return Err(InvalidBlock::field("size of the block", bytes, MAX_BLOCK_BYTES));
        }
    }
    Ok(())
}

/// Checks the uncles of a block. `ancestors` are the blocks before it, its parent first, eight of them if there are as many.
///
/// Source: Yellow Paper, section 11.1.
pub fn check_ethereum_ommers(
    spec: &ChainSpec,
    ancestors: &[Arc<SealedBlock>],
    block: &SealedBlock,
) -> Result<(), InvalidBlock> {
    let ommers = &block.body.ommers;
    if ommers.len() > MAX_OMMERS {
        return Err(InvalidBlock::field("number of uncles", ommers.len(), MAX_OMMERS));
    }
    let recent = ancestors.get(..MAX_OMMER_AGE.saturating_add(1).min(ancestors.len())).unwrap_or_default();
    let mut seen: Vec<B256> = recent.iter().map(|known| known.hash()).collect();
    seen.extend(recent.iter().flat_map(|known| known.body.ommers.iter().map(Header::hash_slow)));
    for ommer in ommers {
        let hash = ommer.hash_slow();
        if seen.contains(&hash) {
            return Err(InvalidBlock::Body(format!("the uncle {hash} is an ancestor or was rewarded before")));
        }
        seen.push(hash);
        // An uncle of the parent is a sibling of it, so its own parent is at least one generation further back.
        let parent = recent.iter().skip(1).find(|known| known.hash() == ommer.parent_hash);
        let Some(parent) = parent else {
            return Err(InvalidBlock::Body(format!("the parent of the uncle {hash} is no ancestor of its nephew")));
        };
        let parent = Head { hash: parent.hash(), header: parent.header.clone() };
        check_ethereum_header(spec, &parent, ommer)?;
    }
    Ok(())
}

/// Checks the form of a transaction, as far as its fork decides it: type, replay protection, gas cap.
///
/// Source: EIP-155, 2718, 2930, 1559, 4844, 7702, 7825.
pub fn check_ethereum_transaction(
    spec: &ChainSpec,
    header: &Header,
    index: usize,
    tx: &Transaction,
) -> Result<(), InvalidBlock> {
    let (number, time) = (header.number, header.timestamp);
    let known = match tx.tx_type() {
        TxType::Legacy => tx.chain_id().is_none() || spec.is_spurious_dragon_active_at_block(number),
        TxType::Eip2930 => spec.is_berlin_active_at_block(number),
        TxType::Eip1559 => spec.is_london_active_at_block(number),
        TxType::Eip4844 => spec.is_cancun_active_at_timestamp(time),
        TxType::Eip7702 => spec.is_prague_active_at_timestamp(time),
    };
    if !known {
        let why = format!("its type ({:?}, chain id {:?}) does not exist before its fork", tx.tx_type(), tx.chain_id());
        return Err(InvalidBlock::Transaction { index, why });
    }
    if spec.is_osaka_active_at_timestamp(time) && tx.gas_limit() > MAX_TX_GAS_LIMIT_OSAKA {
        let why = format!("its gas limit is {}, at most {MAX_TX_GAS_LIMIT_OSAKA} is allowed", tx.gas_limit());
        return Err(InvalidBlock::Transaction { index, why });
    }
    Ok(())
}

/// Checks that a block did what its header says.
pub fn check_ethereum_outputs(header: &Header, outputs: &EthereumOutputs<'_>) -> Result<(), InvalidBlock> {
    expect("gas_used", header.gas_used, outputs.gas_used)?;
    expect("receipts_root", header.receipts_root, receipts_root(outputs.receipts))?;
    expect("logs_bloom", header.logs_bloom, logs_bloom(outputs.receipts))?;
    expect("requests_hash", header.requests_hash, outputs.requests_hash)?;
    expect("state_root", header.state_root, outputs.state_root)
}

#[cfg(test)]
mod tests;
