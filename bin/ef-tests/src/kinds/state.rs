//! State tests: one transaction on a state, by the rules of each fork.
//!
//! The transaction runs through the executor that runs blocks, without the calls and rewards around a block; the root of the changed state
//! and the hash of the logs must be those of the test. A transaction that must be refused leaves the state as it was.

use super::{Runner, parse};
use crate::{
    json::{Accounts, ConfigJson, number, number_or_none, parse_number, parse_u64},
    network::Network,
    world::{BlockHashes, World},
};
use alloy_consensus::{
    EthereumTypedTransaction, SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxLegacy,
};
use alloy_eips::{eip2718::Decodable2718, eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_signer_local::PrivateKeySigner;
use bttc_execution::{BlockRun, TransactError};
use bttc_primitives::{
    Account, AccountChange, ChainSpec, EthereumHardforks, Header, Recovered, StateChanges, Transaction, recover_senders,
};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct StateTest {
    env: Env,
    pre: Accounts,
    transaction: TransactionJson,
    post: BTreeMap<String, Vec<Post>>,
    #[serde(default)]
    config: ConfigJson,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Env {
    current_coinbase: Address,
    current_difficulty: Option<U256>,
    #[serde(deserialize_with = "number")]
    current_gas_limit: u64,
    #[serde(deserialize_with = "number")]
    current_number: u64,
    #[serde(deserialize_with = "number")]
    current_timestamp: u64,
    #[serde(default, deserialize_with = "number_or_none")]
    current_base_fee: Option<u64>,
    current_random: Option<U256>,
    #[serde(default, deserialize_with = "number_or_none")]
    current_excess_blob_gas: Option<u64>,
}

/// Fields stay text until a case needs them: some tests put numbers there that no field can hold.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionJson {
    data: Vec<Bytes>,
    gas_limit: Vec<String>,
    value: Vec<String>,
    nonce: String,
    to: String,
    sender: Option<Address>,
    secret_key: Option<B256>,
    gas_price: Option<String>,
    max_fee_per_gas: Option<String>,
    max_priority_fee_per_gas: Option<String>,
    access_lists: Option<Vec<Option<AccessList>>>,
    blob_versioned_hashes: Option<Vec<B256>>,
    max_fee_per_blob_gas: Option<String>,
    authorization_list: Option<Vec<SignedAuthorization>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    hash: B256,
    logs: B256,
    indexes: Indexes,
    txbytes: Option<Bytes>,
    expect_exception: Option<String>,
}

#[derive(Deserialize)]
struct Indexes {
    data: usize,
    gas: usize,
    value: usize,
}

pub(super) fn run(runner: &Runner<'_>, json: &str) -> Result<(), String> {
    let test: StateTest = parse(json)?;
    let mut world = World::new(&test.pre).map_err(|fatal| fatal.to_string())?;
    world.hashes = BlockHashes::OfNumbers;
    for (fork, posts) in &test.post {
        for (index, post) in posts.iter().enumerate() {
            runner.case(fork, index, || {
                let spec = Network::parse(fork)?.spec(&test.config, None)?;
                run_case(&test, &world, &spec, post)
            });
        }
    }
    Ok(())
}

fn run_case(test: &StateTest, world: &World, spec: &ChainSpec, post: &Post) -> Result<(), String> {
    let refusal = post.expect_exception.as_deref();
    let header = test.env.header(spec);
    let (changes, logs) = match apply(test, world, spec, &header, post)? {
        Applied::Ran { changes, logs } => {
            if let Some(refusal) = refusal {
                return Err(format!("wanted a refusal ({refusal}), found that the transaction ran"));
            }
            (changes, logs)
        }
        Applied::Refused(why) => {
            if refusal.is_none() {
                return Err(format!("wanted the transaction to run, found a refusal: {why}"));
            }
            (StateChanges::default(), keccak256([alloy_rlp::EMPTY_LIST_CODE]))
        }
    };
    let (mut root, _) = world.after(&changes).map_err(|fatal| fatal.to_string())?;
    if root != post.hash && refusal.is_some() && !spec.is_spurious_dragon_active_at_block(header.number) {
        root = root_with_miner(world, header.beneficiary)?;
    }
    if root != post.hash {
        return Err(format!("wanted the state root {}, found {root}", post.hash));
    }
    if logs != post.logs {
        return Err(format!("wanted the hash of logs {}, found {logs}", post.logs));
    }
    Ok(())
}

/// Root of a state to which nothing but a reward of zero was paid.
///
/// Some of the tools that made the tests pay it after a transaction that was refused, too; before EIP-161 it leaves an empty account.
fn root_with_miner(world: &World, miner: Address) -> Result<B256, String> {
    let mut changes = StateChanges::default();
    if !world.state.accounts.contains_key(&miner) {
        changes.accounts.insert(miner, AccountChange { after: Some(Account::default()), ..Default::default() });
    }
    Ok(world.after(&changes).map_err(|fatal| fatal.to_string())?.0)
}

enum Applied {
    Ran { changes: StateChanges, logs: B256 },
    Refused(String),
}

/// Runs the transaction; an error is trouble of the node's or the test's.
fn apply(test: &StateTest, world: &World, spec: &ChainSpec, header: &Header, post: &Post) -> Result<Applied, String> {
    let transaction = match test.transaction.signed(post) {
        Ok(transaction) => transaction,
        Err(why) => return Ok(Applied::Refused(why)),
    };
    if let Err(refused) = bttc_consensus::check_ethereum_transaction(spec, header, 0, &transaction) {
        return Ok(Applied::Refused(refused.to_string()));
    }
    let homestead = spec.is_homestead_active_at_block(header.number);
    let sender = match recover_senders(std::slice::from_ref(&transaction), homestead) {
        Ok(senders) => senders.first().copied().unwrap_or_default(),
        Err(refused) => return Ok(Applied::Refused(refused.to_string())),
    };
    if let Some(wanted) = test.transaction.sender
        && wanted != sender
    {
        return Err(format!("wanted the sender {wanted}, found {sender}"));
    }
    let mut run = BlockRun::resume(spec, world, header);
    match run.transact(Recovered::new_unchecked(&transaction, sender)) {
        Ok(_) => {}
        Err(TransactError::Fatal(fatal)) => return Err(fatal.to_string()),
        Err(refused) => return Ok(Applied::Refused(refused.to_string())),
    }
    let outcome = run.stop().map_err(|fatal| fatal.to_string())?;
    let logs: Vec<_> = outcome.receipts.into_iter().flat_map(|receipt| receipt.logs).collect();
    let mut encoded = Vec::new();
    alloy_rlp::encode_list(&logs, &mut encoded);
    Ok(Applied::Ran { changes: outcome.changes, logs: keccak256(encoded) })
}

impl Env {
    fn header(&self, spec: &ChainSpec) -> Header {
        let (number, timestamp) = (self.current_number, self.current_timestamp);
        let london = spec.is_london_active_at_block(number);
        let cancun = spec.is_cancun_active_at_timestamp(timestamp);
        Header {
            number,
            timestamp,
            beneficiary: self.current_coinbase,
            difficulty: self.current_difficulty.unwrap_or_default(),
            mix_hash: self.current_random.unwrap_or_default().into(),
            gas_limit: self.current_gas_limit,
            base_fee_per_gas: london.then(|| self.current_base_fee.unwrap_or_default()),
            blob_gas_used: cancun.then_some(0),
            excess_blob_gas: cancun.then(|| self.current_excess_blob_gas.unwrap_or_default()),
            parent_beacon_block_root: cancun.then_some(B256::ZERO),
            ..Default::default()
        }
    }
}

fn pick<'a, T>(list: &'a [T], index: usize, what: &str) -> Result<&'a T, String> {
    list.get(index).ok_or_else(|| format!("the test has no {what} {index}"))
}

impl TransactionJson {
    /// The signed transaction of a case: its bytes decoded, or made and signed where the test gives none.
    fn signed(&self, post: &Post) -> Result<Transaction, String> {
        if let Some(bytes) = &post.txbytes {
            return Transaction::decode_2718_exact(bytes).map_err(|error| error.to_string());
        }
        let key =
            self.secret_key.ok_or("the test has neither the bytes of the transaction nor a key to sign it with")?;
        let signer = PrivateKeySigner::from_bytes(&key).map_err(|error| error.to_string())?;
        let mut typed = self.unsigned(&post.indexes)?;
        let signature = match &mut typed {
            EthereumTypedTransaction::Legacy(tx) => signer.sign_transaction_sync(tx),
            EthereumTypedTransaction::Eip2930(tx) => signer.sign_transaction_sync(tx),
            EthereumTypedTransaction::Eip1559(tx) => signer.sign_transaction_sync(tx),
            EthereumTypedTransaction::Eip4844(tx) => signer.sign_transaction_sync(tx),
            EthereumTypedTransaction::Eip7702(tx) => signer.sign_transaction_sync(tx),
        };
        let signature = signature.map_err(|error| error.to_string())?;
        Ok(typed.into_signed(signature).into())
    }

    fn unsigned(&self, indexes: &Indexes) -> Result<EthereumTypedTransaction<TxEip4844>, String> {
        let price = |text: &Option<String>| -> Result<u128, String> {
            let value = parse_number(text.as_deref().unwrap_or("0"))?;
            u128::try_from(value).map_err(|_| format!("{value} is above 128 bits"))
        };
        let to = match self.to.as_str() {
            "" => TxKind::Create,
            address => TxKind::Call(address.parse().map_err(|error| format!("recipient {address}: {error}"))?),
        };
        let callee = to.to().copied().ok_or("this type of transaction creates no contract");
        let nonce = parse_u64(&self.nonce)?;
        let gas_limit = parse_u64(pick(&self.gas_limit, indexes.gas, "gas limit")?)?;
        let value = parse_number(pick(&self.value, indexes.value, "value")?)?;
        let input = pick(&self.data, indexes.data, "data")?.clone();
        let lists = self.access_lists.as_deref();
        let access_list = lists.and_then(|lists| lists.get(indexes.data).cloned().flatten());
        let (gas_price, chain_id) = (price(&self.gas_price)?, 1);
        let max_fee_per_gas = price(&self.max_fee_per_gas)?;
        let max_priority_fee_per_gas = price(&self.max_priority_fee_per_gas)?;
        let listed = access_list.clone().unwrap_or_default();
        Ok(if let Some(authorization_list) = self.authorization_list.clone() {
            let to = callee?;
            TxEip7702 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value,
                access_list: listed,
                authorization_list,
                input,
            }
            .into()
        } else if let Some(blob_versioned_hashes) = self.blob_versioned_hashes.clone() {
            let (to, max_fee_per_blob_gas) = (callee?, price(&self.max_fee_per_blob_gas)?);
            TxEip4844 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value,
                access_list: listed,
                blob_versioned_hashes,
                max_fee_per_blob_gas,
                input,
            }
            .into()
        } else if self.max_fee_per_gas.is_some() {
            TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value,
                access_list: listed,
                input,
            }
            .into()
        } else if let Some(access_list) = access_list {
            TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input }.into()
        } else {
            TxLegacy { chain_id: None, nonce, gas_price, gas_limit, to, value, input }.into()
        })
    }
}
