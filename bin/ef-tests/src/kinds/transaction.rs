//! Transaction tests: bytes that are a transaction by the rules of some forks and none by those of others.
//!
//! A transaction is decoded, its sender recovered, and it is run for a sender that can pay for it, so that the rules are those of the executor.

use super::{Runner, parse};
use crate::{json::ConfigJson, network::Network, world::World};
use alloy_consensus::{EthereumTypedTransaction, SignableTransaction, Transaction as _, TxEip4844};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{Address, B256, Bytes, U256};
use bttc_execution::{BlockRun, InvalidTransaction, TransactError};
use bttc_primitives::{ChainSpec, EthereumHardforks, Header, Recovered, Transaction, recover_senders};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct TransactionTest {
    txbytes: String,
    result: BTreeMap<String, Wanted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    exception: Option<String>,
    hash: Option<B256>,
    sender: Option<Address>,
    intrinsic_gas: Option<U256>,
}

pub(super) fn run(runner: &Runner<'_>, json: &str) -> Result<(), String> {
    let test: TransactionTest = parse(json)?;
    for (fork, wanted) in &test.result {
        runner.case(fork, 0, || {
            let spec = Network::parse(fork)?.spec(&ConfigJson::default(), None)?;
            match (judge(&spec, &test.txbytes)?, &wanted.exception) {
                (Err(_), Some(_)) => Ok(()),
                (Err(why), None) => Err(format!("wanted a valid transaction, found a refusal: {why}")),
                (Ok(_), Some(exception)) => Err(format!("wanted a refusal ({exception}), found a valid transaction")),
                (Ok(found), None) => found.compare(wanted),
            }
        });
    }
    Ok(())
}

/// What was found of a valid transaction.
struct Found {
    hash: B256,
    sender: Address,
    intrinsic_gas: u64,
}

impl Found {
    fn compare(&self, wanted: &Wanted) -> Result<(), String> {
        if let Some(hash) = wanted.hash
            && hash != self.hash
        {
            return Err(format!("wanted the hash {hash}, found {}", self.hash));
        }
        if let Some(sender) = wanted.sender
            && sender != self.sender
        {
            return Err(format!("wanted the sender {sender}, found {}", self.sender));
        }
        if let Some(gas) = wanted.intrinsic_gas
            && gas != U256::from(self.intrinsic_gas)
        {
            return Err(format!("wanted intrinsic gas {gas}, found {}", self.intrinsic_gas));
        }
        Ok(())
    }
}

/// Whether the bytes are a transaction under `spec`; the inner error says why not, the outer one is trouble of the node's.
fn judge(spec: &ChainSpec, bytes: &str) -> Result<Result<Found, String>, String> {
    let Ok(bytes) = bytes.parse::<Bytes>() else { return Ok(Err("the bytes are no hex".into())) };
    let transaction = match Transaction::decode_2718_exact(&bytes) {
        Ok(transaction) => transaction,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let header = header(spec);
    if let Err(refused) = bttc_consensus::check_ethereum_transaction(spec, &header, 0, &transaction) {
        return Ok(Err(refused.to_string()));
    }
    let homestead = spec.is_homestead_active_at_block(header.number);
    let sender = match recover_senders(std::slice::from_ref(&transaction), homestead) {
        Ok(senders) => senders.first().copied().unwrap_or_default(),
        Err(refused) => return Ok(Err(refused.to_string())),
    };
    let mut world = World::new(&BTreeMap::new()).map_err(|fatal| fatal.to_string())?;
    world.state.set_balance(sender, U256::MAX >> 1);
    world.state.accounts.entry(sender).or_default().nonce = transaction.nonce();
    // With no gas at all the executor says how much is needed before the first step.
    let intrinsic_gas = match transact(spec, &world, &header, &without_gas(&transaction), sender)? {
        Err(TransactError::Invalid(InvalidTransaction::IntrinsicGas { expected, .. })) => expected,
        Err(refused) => return Ok(Err(refused.to_string())),
        Ok(()) => return Err("a transaction ran without gas".into()),
    };
    match transact(spec, &world, &header, &transaction, sender)? {
        Ok(()) => Ok(Ok(Found { hash: *transaction.tx_hash(), sender, intrinsic_gas })),
        Err(refused) => Ok(Err(refused.to_string())),
    }
}

fn transact(
    spec: &ChainSpec,
    world: &World,
    header: &Header,
    transaction: &Transaction,
    sender: Address,
) -> Result<Result<(), TransactError>, String> {
    let ran = BlockRun::resume(spec, world, header).transact(Recovered::new_unchecked(transaction, sender));
    match ran {
        Ok(_) => Ok(Ok(())),
        Err(TransactError::Fatal(fatal)) => Err(fatal.to_string()),
        Err(refused) => Ok(Err(refused)),
    }
}

/// A block that any transaction fits in.
fn header(spec: &ChainSpec) -> Header {
    let cancun = spec.is_cancun_active_at_timestamp(0);
    Header {
        gas_limit: u64::MAX,
        base_fee_per_gas: spec.is_london_active_at_block(0).then_some(0),
        blob_gas_used: cancun.then_some(0),
        excess_blob_gas: cancun.then_some(0),
        parent_beacon_block_root: cancun.then_some(B256::ZERO),
        ..Default::default()
    }
}

fn without_gas(transaction: &Transaction) -> Transaction {
    let signature = *transaction.signature();
    let mut typed = EthereumTypedTransaction::<TxEip4844>::from(transaction.clone());
    match &mut typed {
        EthereumTypedTransaction::Legacy(tx) => tx.gas_limit = 0,
        EthereumTypedTransaction::Eip2930(tx) => tx.gas_limit = 0,
        EthereumTypedTransaction::Eip1559(tx) => tx.gas_limit = 0,
        EthereumTypedTransaction::Eip4844(tx) => tx.gas_limit = 0,
        EthereumTypedTransaction::Eip7702(tx) => tx.gas_limit = 0,
    }
    typed.into_signed(signature).into()
}
