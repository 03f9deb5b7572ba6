//! What closing an epoch costs a node.
//!
//! `cargo run --release -p bttc-benches --bin epoch_close -- --delegators 100000` makes a chain with 100 validators and so many delegators, each with a
//! delegation of its own, copies its store, and lets one node propose and the other verify and commit with full durability: empty blocks,
//! of which every other one closes an epoch. Prints medians and the slowest of both kinds.

#![allow(clippy::print_stdout, reason = "it prints its result")]

use alloy_consensus::constants::GWEI_TO_WEI;
use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, B256, TxKind, U256, keccak256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use bttc_benches::{
    ledger::{self, DevValidator, GENESIS},
    transactions::{Call, sign},
};
use bttc_chain::Chain;
use bttc_consensus::{Application, Decision, SignRequest, Turn, Verdict, Vote, vote_signature};
use bttc_contracts::{
    addresses::STAKING,
    staking::IStaking,
    system::IGenesis::{Grant, Setting},
};
use bttc_node::{GenesisValidator, StakingPlan, add_staking};
use bttc_primitives::{ChainSpec, CommitCertificate, SealedBlock, SignerBitmap, VoteKind};
use bttc_storage::Durability;
use bttc_txpool::Origin;
use clap::Parser;
use eyre::{OptionExt, Result, ensure};
use rayon::prelude::*;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// Seconds of an epoch, the default.
const EPOCH: u64 = 1_800;
/// Number and highest value of the parameter `blockGasLimit` (docs/parameters.md). Unit: gas.
const GAS_LIMIT: (u64, u64) = (5, 500_000_000);
/// Gas limit of a delegation.
const DELEGATE_GAS: u64 = 200_000;
/// Delegations in a block.
const PER_BLOCK: usize = 2_000;

#[derive(Parser)]
struct Args {
    /// Validators of the set.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=100))]
    validators: u16,
    /// Accounts that each delegate once.
    #[arg(long, default_value_t = 100_000)]
    delegators: u32,
    /// Epochs that are closed and measured.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
    /// Where the stores are made; a disk, not memory.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
}

fn key(kind: &str, number: u64) -> Result<PrivateKeySigner> {
    Ok(PrivateKeySigner::from_bytes(&keccak256(format!("{kind} {number}")))?)
}

fn operator(number: u64) -> Address {
    Address::from_word(keccak256(format!("operator {number}")))
}

fn btt(amount: u64) -> U256 {
    U256::from(amount).saturating_mul(U256::from(GWEI_TO_WEI)).saturating_mul(U256::from(GWEI_TO_WEI))
}

/// Validators of unequal stake, delegators with a purse, and everything else as on mainnet.
fn spec(args: &Args, delegators: &[PrivateKeySigner]) -> Result<Arc<ChainSpec>> {
    let mut genesis: Genesis = serde_json::from_str(GENESIS)?;
    // Blocks of the future are refused, and a year of epochs is to come.
    let now = std::time::UNIX_EPOCH.elapsed()?.as_secs();
    genesis.timestamp = now - now % EPOCH - 400 * 86_400;
    genesis.gas_limit = GAS_LIMIT.1;
    let purse = GenesisAccount { balance: btt(1_000), ..GenesisAccount::default() };
    genesis.alloc.extend(delegators.iter().map(|key| (key.address(), purse.clone())));
    let validator = |number: u64| {
        Ok(GenesisValidator {
            operator: operator(number),
            signer: key("signer", number)?.address(),
            stake: btt(100_000_000 + number * 1_000_000),
            commission: 1_000,
            name: format!("validator {number}"),
        })
    };
    let limit = U256::from(GAS_LIMIT.1);
    let plan = StakingPlan {
        validators: (0..u64::from(args.validators)).map(validator).collect::<Result<_>>()?,
        settings: vec![Setting {
            id: U256::from(GAS_LIMIT.0),
            value: limit,
            min: U256::from(1),
            max: limit,
            step: limit,
            coolDown: U256::ZERO,
        }],
        grants: Vec::<Grant>::new(),
        reserve: btt(99_000_000_000),
        programmes: btt(49_500_000_000),
        ..StakingPlan::default()
    };
    Ok(Arc::new(ChainSpec::from_genesis(add_staking(genesis, &plan)?)?))
}

/// The keys of all validators, by the address of each.
struct Signers(BTreeMap<Address, PrivateKeySigner>);

impl Signers {
    fn new(args: &Args) -> Result<Self> {
        let keys = (0..u64::from(args.validators)).map(|number| key("signer", number).map(|key| (key.address(), key)));
        keys.collect::<Result<_>>().map(Self)
    }

    /// A certificate by all of the set.
    fn decision(&self, chain: &Chain, round: u32, block: &SealedBlock) -> Result<Decision> {
        let (height, block_hash) = (block.height(), block.hash());
        let set = chain.validators(height)?;
        let vote = Vote { chain_id: chain.spec().chain_id(), kind: VoteKind::Precommit, height, round, block_hash };
        let hash = SignRequest::from(vote).signing_hash();
        let sign = |member: &bttc_primitives::Validator| {
            let key = self.0.get(&member.address).ok_or_eyre("a stranger was elected")?;
            Ok(vote_signature(&key.sign_hash_sync(&hash)?))
        };
        let signatures = set.members().par_iter().map(sign).collect::<Result<Vec<_>>>()?;
        let signers = SignerBitmap::from_indices(signatures.len(), 0..signatures.len());
        let certificate = CommitCertificate { height, round, block_hash, signers, signatures };
        Ok(Decision { block_hash, certificate })
    }
}

/// What a block took.
struct Times {
    propose: Duration,
    verify: Duration,
    commit: Duration,
}

/// The first turn of the validator whose key this node has.
async fn turn(chain: &Chain) -> Result<Turn> {
    let (start, ours) = (chain.start().await?, key("signer", 0)?.address());
    let round = (0..10_000).find(|round| start.proposers.proposer(*round) == ours).ok_or_eyre("we never propose")?;
    Ok(Turn { height: start.height, round, proposer: ours })
}

fn open(path: &Path, durability: Durability, spec: &Arc<ChainSpec>) -> Result<Chain> {
    ledger::open_as(path, durability, spec.clone(), DevValidator::of(key("signer", 0)?))
}

async fn propose(chain: &Chain, turn: Turn, after: u64) -> Result<SealedBlock> {
    chain.clock().set_next(chain.head().header.timestamp + after);
    Ok(chain.propose(turn, None, Instant::now() + Duration::from_secs(3_600)).await?)
}

/// Lets every delegator delegate.
async fn delegate(chain: &Chain, signers: &Signers, args: &Args, delegators: &[PrivateKeySigner]) -> Result<()> {
    let mut number = 0;
    for crowd in delegators.chunks(PER_BLOCK) {
        let sign_one = |(index, key): (usize, &PrivateKeySigner)| {
            let at = operator((number + index as u64) % u64::from(args.validators));
            let input = IStaking::delegateCall { operator: at }.abi_encode().into();
            let value = btt(100) + U256::from(index);
            sign(key, 0, &Call { to: TxKind::Call(STAKING), input, value, gas: DELEGATE_GAS })
        };
        let signed = crowd.par_iter().enumerate().map(sign_one).collect::<Result<Vec<_>>>()?;
        number += crowd.len() as u64;
        for tx in signed {
            chain.pool().add(tx, Origin::Local)?;
        }
        while chain.pool().status() != (0, 0) {
            let turn = turn(chain).await?;
            let block = propose(chain, turn, 1).await?;
            chain.commit(signers.decision(chain, turn.round, &block)?).await?;
        }
    }
    Ok(())
}

/// One empty block on both nodes; the proposing one commits it too, which is not counted.
async fn step(proposer: &Chain, follower: &Chain, signers: &Signers, after: u64) -> Result<(SealedBlock, Times)> {
    let turn = turn(proposer).await?;
    let began = Instant::now();
    let block = propose(proposer, turn, after).await?;
    let proposed = began.elapsed();
    let decision = signers.decision(proposer, turn.round, &block)?;
    let began = Instant::now();
    let verdict = follower.verify(turn, block.clone()).await?;
    let verified = began.elapsed();
    ensure!(verdict == Verdict::Valid, "the follower says {verdict:?}");
    let began = Instant::now();
    follower.commit(decision.clone()).await?;
    let committed = began.elapsed();
    proposer.commit(decision).await?;
    Ok((block, Times { propose: proposed, verify: verified, commit: committed }))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir(to)?;
    let data = "mdbx.dat";
    std::fs::copy(from.join(data), to.join(data))?;
    Ok(())
}

fn report(name: &str, all: &[Times]) {
    let of = |part: fn(&Times) -> Duration| {
        let mut times: Vec<_> = all.iter().map(part).collect();
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        let most = times.last().copied().unwrap_or_default();
        format!("{:.1} ms (most {:.1})", median.as_secs_f64() * 1e3, most.as_secs_f64() * 1e3)
    };
    println!(
        "{name}: propose {}, verify {}, commit {}, verify and commit {}",
        of(|t| t.propose),
        of(|t| t.verify),
        of(|t| t.commit),
        of(|t| t.verify + t.commit)
    );
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let dir = tempfile::tempdir_in(&args.dir)?;
    let path = |name: &str| dir.path().join(name);
    let delegators =
        (0..u64::from(args.delegators)).into_par_iter().map(|n| key("delegator", n)).collect::<Result<Vec<_>>>()?;
    let spec = spec(&args, &delegators)?;
    let signers = Signers::new(&args)?;

    let began = Instant::now();
    let chain = open(&path("made"), Durability::Ephemeral, &spec)?;
    delegate(&chain, &signers, &args, &delegators).await?;
    let root: B256 = chain.head().header.state_root;
    println!(
        "{} validators, {} delegations in {} blocks, made in {:.0} s",
        args.validators,
        delegators.len(),
        chain.head().height(),
        began.elapsed().as_secs_f64()
    );
    drop(chain);
    copy(&path("made"), &path("follows"))?;
    let proposer = open(&path("made"), Durability::Full, &spec)?;
    let follower = open(&path("follows"), Durability::Full, &spec)?;
    ensure!(follower.head().header.state_root == root, "the copy is another chain");

    let (mut closing, mut others, mut gas) = (Vec::new(), Vec::new(), 0);
    for epoch in 0..=args.epochs {
        let (plain, times) = step(&proposer, &follower, &signers, 1).await?;
        ensure!(plain.body.transactions.is_empty(), "a block that should be empty is not");
        let (last, closes) = step(&proposer, &follower, &signers, EPOCH).await?;
        ensure!(last.body.transactions.len() == 1, "a block that should close an epoch does not");
        // The first epoch warms the caches and takes in all the stake that was new.
        if epoch > 0 {
            others.push(times);
            closing.push(closes);
        }
        gas = last.header.gas_used;
    }
    println!("{} epochs, closing one takes {gas} gas", args.epochs);
    report("an empty block", &others);
    report("one that closes the epoch", &closing);
    Ok(())
}
