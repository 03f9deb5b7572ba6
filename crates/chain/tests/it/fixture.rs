//! Chains on temporary stores, with the keys of the development network.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use bttc_chain::{Chain, ChainConfig, Driver, Mining};
use bttc_consensus::{Application, ConsensusSigner, Decision, SignError, SignRequest, Turn, Vote, vote_signature};
use bttc_primitives::{
    ChainSpec, CommitCertificate, Fatal, Genesis, Recovered, SealedBlock, SignerBitmap, Transaction, VoteKind,
};
use bttc_storage::{Durability, Storage, StorageConfig};
use bttc_txpool::{Origin, PoolConfig};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

const MNEMONIC: &str = "test test test test test test test test test test test junk";
pub(crate) const GENESIS: &str = include_str!("../../../../genesis/dev/genesis.json");
pub(crate) const GWEI: u128 = 1_000_000_000;
pub(crate) const BASE_FEE: u128 = 9_000 * GWEI;

pub(crate) fn key(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index).unwrap().build().unwrap()
}

struct LocalKey(PrivateKeySigner);

impl ConsensusSigner for LocalKey {
    fn address(&self) -> Address {
        self.0.address()
    }
    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        let signed = self.0.sign_hash_sync(&request.signing_hash());
        Ok(signed.map_err(|error| Fatal::while_doing("signing", error))?)
    }
}

pub(crate) fn signer() -> Arc<dyn ConsensusSigner> {
    Arc::new(LocalKey(key(100)))
}

pub(crate) fn open(path: &Path) -> Chain {
    open_genesis(path, GENESIS)
}

pub(crate) fn open_genesis(path: &Path, genesis: &str) -> Chain {
    open_spec(path, ChainSpec::from_json(genesis).unwrap())
}

/// Genesis of the development chain with the staking contracts: one validator, epochs of a minute.
pub(crate) fn staking_genesis() -> Genesis {
    crate::staking_genesis::staking_genesis(GENESIS)
}

/// Moves the clock of a chain to a time. Unit: Unix seconds.
pub(crate) fn set_clock(chain: &Chain, time: u64) {
    Driver::new(chain.clone(), signer(), Mining::Manual).0.set_time(time);
}

/// A database that takes little address space: tests open many at a time.
pub(crate) fn config(path: &Path) -> StorageConfig {
    StorageConfig { path: path.to_owned(), durability: Durability::Ephemeral, max_size_gib: 16, ..Default::default() }
}

pub(crate) fn open_spec(path: &Path, spec: ChainSpec) -> Chain {
    let storage = Storage::open(&config(path)).unwrap();
    Chain::open(Arc::new(spec), storage, ChainConfig::default(), PoolConfig::default(), Some(signer())).unwrap()
}

pub(crate) fn transfer(from: u32, nonce: u64, to: Address, value: u128) -> Recovered<Transaction> {
    call(from, nonce, TxKind::Call(to), value, Bytes::new(), 21_000)
}

pub(crate) fn call(
    from: u32,
    nonce: u64,
    to: TxKind,
    value: u128,
    input: Bytes,
    gas_limit: u64,
) -> Recovered<Transaction> {
    let key = key(from);
    let mut tx = TxEip1559 {
        chain_id: 990_992,
        nonce,
        gas_limit,
        max_fee_per_gas: 2 * BASE_FEE,
        max_priority_fee_per_gas: 100 * GWEI,
        to,
        value: U256::from(value),
        input,
        ..Default::default()
    };
    let signature = key.sign_transaction_sync(&mut tx).unwrap();
    Recovered::new_unchecked(tx.into_signed(signature).into(), key.address())
}

pub(crate) fn add(chain: &Chain, tx: Recovered<Transaction>) -> B256 {
    chain.pool().add(tx, Origin::Local).unwrap().hash
}

pub(crate) fn turn(chain: &Chain) -> Turn {
    Turn { height: chain.head().height() + 1, round: 0, proposer: signer().address() }
}

pub(crate) async fn propose(chain: &Chain) -> SealedBlock {
    chain.propose(turn(chain), None, Instant::now() + Duration::from_secs(10)).await.unwrap()
}

pub(crate) fn decision(chain: &Chain, block: &SealedBlock) -> Decision {
    let vote = Vote {
        chain_id: chain.spec().chain_id(),
        kind: VoteKind::Precommit,
        height: block.height(),
        round: 0,
        block_hash: block.hash(),
    };
    let certificate = CommitCertificate {
        height: block.height(),
        round: 0,
        block_hash: block.hash(),
        signers: SignerBitmap::from_indices(1, [0]),
        signatures: vec![vote_signature(&signer().sign(&vote.into()).unwrap())],
    };
    Decision { block_hash: block.hash(), certificate }
}

pub(crate) async fn decide(chain: &Chain) -> SealedBlock {
    let block = propose(chain).await;
    chain.commit(decision(chain, &block)).await.unwrap();
    block
}
