//! What the bridge costs on TRON: energy, bandwidth and TRX of each call of the root contracts, by the number of validators.
//!
//! The contracts of `contracts/artifacts` run in the TRON simulator, with TRON's prices; signatures come in parts of at most 32. What the same
//! calls cost on Ethereum is in `contracts/.gas-snapshot`.
//!
//! `cargo run --release --bin root_costs`

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U256, aliases::U104, keccak256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use bttc_bridge::checkpoint::{Part, ReadyCheckpoint};
use bttc_consensus::{Vote, output_commitment};
use bttc_contracts::root::{ICheckpointManager as Manager, IRootBridge, ITestToken, creation_code};
use bttc_primitives::{Validator, ValidatorSet, VoteKind};
use bttc_trie::{Exit, ExitForest, exit_proof};
use bttc_tron_simulator::{
    Config, Ending, GenesisAccount, Handle, serve,
    transaction::{Action, Creation},
};
use eyre::{Result, ensure, eyre};
use std::io::Write;

const SIDE: u64 = 990_993;
/// Most signatures of a transaction (docs/tron.md, section 4).
const MOST: usize = 32;
const TRX: u64 = 1_000_000;
const TRON: u8 = 2;

struct Network {
    handle: Handle,
    key: PrivateKeySigner,
}

/// What a transaction took.
struct Cost {
    energy: u64,
    bytes: u64,
    /// Unit: sun.
    fee: u64,
}

impl Network {
    fn carry_out(&self, action: &Action) -> Result<(Cost, Option<Address>)> {
        // A block between two, so that equal calls differ.
        self.handle.mine(1)?;
        let id = self.handle.send(&self.key, action)?;
        let bytes = self.handle.transaction(id).map_or(0, |tx| tx.size());
        self.handle.mine(1)?;
        let receipt = self.handle.receipt(id).ok_or_else(|| eyre!("no block took the transaction {id}"))?;
        ensure!(receipt.ending == Some(Ending::Success), "it ended with {:?}: {}", receipt.ending, receipt.output);
        Ok((Cost { energy: receipt.energy, bytes, fee: receipt.fee }, receipt.contract))
    }

    fn create(&self, bytecode: Bytes) -> Result<(Cost, Address)> {
        let creation = Creation {
            origin: self.key.address(),
            bytecode,
            value: 0,
            percent: 100,
            origin_energy_limit: 10_000_000,
            name: "RootContract".to_owned(),
            token_value: 0,
        };
        let (cost, contract) = self.carry_out(&Action::Create(creation))?;
        Ok((cost, contract.ok_or_else(|| eyre!("nothing was deployed"))?))
    }

    fn call<C: SolCall>(&self, contract: Address, value: u64, call: &C) -> Result<Cost> {
        let value = i64::try_from(value)?;
        let trigger = Action::Trigger { contract, value, data: call.abi_encode().into(), token_value: 0 };
        Ok(self.carry_out(&trigger)?.0)
    }

    /// Seconds.
    fn time(&self) -> u64 {
        self.handle.status().time / 1_000
    }
}

fn keys(count: usize) -> Result<Vec<PrivateKeySigner>> {
    (1..=count).map(|at| Ok(PrivateKeySigner::from_bytes(&B256::from(U256::from(at)))?)).collect()
}

/// A decided block that all have signed, and that changes the set.
fn checkpoint(keys: &[PrivateKeySigner], set: &ValidatorSet, time: u64, exit_root: B256) -> Result<ReadyCheckpoint> {
    let (height, next) = (1_000_000, B256::repeat_byte(3));
    let header = Header {
        number: height,
        timestamp: time,
        extra_data: output_commitment(next, exit_root),
        base_fee_per_gas: Some(9_000_000_000_000),
        withdrawals_root: Some(B256::repeat_byte(1)),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::repeat_byte(2)),
        requests_hash: Some(B256::repeat_byte(4)),
        gas_limit: 60_000_000,
        ..Header::default()
    };
    let header = Bytes::from(alloy_rlp::encode(header));
    let block_hash = keccak256(&header);
    let vote = Vote { chain_id: SIDE, kind: VoteKind::Precommit, height, round: 0, block_hash };
    let mut signatures = Vec::new();
    for member in set.members() {
        let key = keys.iter().find(|key| key.address() == member.address);
        let key = key.ok_or_else(|| eyre!("no key of {}", member.address))?;
        signatures.extend(key.sign_hash_sync(&vote.signing_hash())?.as_bytes());
    }
    let signers = (U256::from(1) << set.members().len()) - U256::from(1);
    Ok(ReadyCheckpoint {
        height,
        block_hash,
        time,
        header,
        round: 0,
        validators: set.packed().into(),
        signers,
        signatures: signatures.into(),
        next_validators_hash: next,
        exit_root,
    })
}

fn show(out: &mut impl Write, what: &str, cost: &Cost) -> Result<()> {
    let Cost { energy, bytes, fee } = cost;
    let (whole, part) = (fee / TRX, fee % TRX);
    Ok(writeln!(out, "{what:<46} {energy:>9} energy {bytes:>7} bytes {whole:>5}.{part:06} TRX")?)
}

fn submit(out: &mut impl Write, net: &Network, count: usize, exit_root: B256) -> Result<Address> {
    let keys = keys(count)?;
    let members = keys.iter().map(|key| Validator { address: key.address(), power: 1_000_000 }).collect();
    let set = ValidatorSet::new(members)?;
    let owner = net.key.address();
    let (cost, manager) = net.create(creation_code(&Manager::constructorCall {
        sideChainId_: U256::from(SIDE),
        owner_: owner,
        maxAge_: 907_200,
        validatorsHash: set.hash(),
        height: 0,
    }))?;
    if count == 4 {
        show(out, "deploy CheckpointManager", &cost)?;
    }
    let block = checkpoint(&keys, &set, net.time(), exit_root)?;
    let parts = block.parts(U256::ZERO, MOST).ok_or_else(|| eyre!("too few signatures"))?;
    let certificate = |part: &Part| Manager::Certificate {
        round: block.round,
        validators: block.validators.clone(),
        signers: part.signers,
        signatures: part.signatures.clone(),
    };
    let mut sum = Cost { energy: 0, bytes: 0, fee: 0 };
    let mut add = |cost: Cost| {
        sum.energy += cost.energy;
        sum.bytes += cost.bytes;
        sum.fee += cost.fee;
        cost
    };
    for part in &parts.collects {
        let call =
            Manager::collectCall { height: block.height, blockHash: block.block_hash, certificate: certificate(part) };
        let cost = add(net.call(manager, 0, &call)?);
        show(out, &format!("{count} validators: collect {}", part.signers.count_ones()), &cost)?;
    }
    let call = Manager::submitCall {
        header: block.header.clone(),
        certificate: certificate(&parts.submit),
        nextValidatorsHash: block.next_validators_hash,
        exitRoot_: block.exit_root,
    };
    let cost = add(net.call(manager, 0, &call)?);
    show(out, &format!("{count} validators: submit with {}", parts.submit.signers.count_ones()), &cost)?;
    show(out, &format!("{count} validators: a checkpoint, in all"), &sum)?;
    Ok(manager)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let key = PrivateKeySigner::from_bytes(&B256::repeat_byte(0x11))?;
    let (owner, someone) = (key.address(), Address::repeat_byte(0x22));
    let accounts = vec![GenesisAccount { address: owner, balance: 1_000_000 * TRX }];
    let handle = serve(&Config { accounts, ..Config::default() }).await?;
    let net = Network { handle, key };
    let out = &mut std::io::stdout().lock();

    for count in [4, 21, 67] {
        submit(out, &net, count, B256::repeat_byte(9))?;
    }
    let manager = submit(out, &net, 100, B256::repeat_byte(9))?;

    let (cost, bridge) = net.create(creation_code(&IRootBridge::constructorCall {
        rootId_: U256::from(TRON),
        checkpoints_: manager,
        owner_: owner,
        guardian_: owner,
    }))?;
    show(out, "deploy RootBridge", &cost)?;
    let names = ITestToken::constructorCall { name_: "Test".to_owned(), symbol_: "TST".to_owned(), decimals_: 6 };
    let (_, token) = net.create(creation_code(&names))?;
    net.call(token, 0, &ITestToken::mintCall { to: owner, amount: U256::from(1_000 * TRX) })?;
    net.call(token, 0, &ITestToken::approveCall { spender: bridge, amount: U256::MAX })?;
    for asset in [token, Address::ZERO] {
        let cap = U104::MAX;
        let floor = U104::from(1_000 * TRX);
        let call = IRootBridge::setAssetCall { token: asset, enabled: true, cap, dailyBps: 200, floor };
        net.call(bridge, 0, &call)?;
    }
    let deposit = IRootBridge::depositCall { token, to: someone, amount: U256::from(10 * TRX) };
    show(out, "first deposit of a token, with its names", &net.call(bridge, 0, &deposit)?)?;
    show(out, "deposit of a token", &net.call(bridge, 0, &deposit)?)?;
    let native = IRootBridge::depositNativeCall { to: someone };
    net.call(bridge, 10 * TRX, &native)?;
    show(out, "deposit of TRX", &net.call(bridge, 10 * TRX, &native)?)?;
    claim(out, &net, token, someone)
}

/// Two claims of a bridge of its own, whose manager trusts one validator.
fn claim(out: &mut impl Write, net: &Network, token: Address, to: Address) -> Result<()> {
    let owner = net.key.address();
    let one = PrivateKeySigner::from_bytes(&B256::repeat_byte(1))?;
    let set = ValidatorSet::new(vec![Validator { address: one.address(), power: 1 }])?;
    let (_, manager) = net.create(creation_code(&Manager::constructorCall {
        sideChainId_: U256::from(SIDE),
        owner_: owner,
        maxAge_: 907_200,
        validatorsHash: set.hash(),
        height: 0,
    }))?;
    let (_, bridge) = net.create(creation_code(&IRootBridge::constructorCall {
        rootId_: U256::from(TRON),
        checkpoints_: manager,
        owner_: owner,
        guardian_: owner,
    }))?;
    let (cap, floor) = (U104::MAX, U104::from(1_000 * TRX));
    net.call(bridge, 0, &IRootBridge::setAssetCall { token, enabled: true, cap, dailyBps: 200, floor })?;
    net.call(token, 0, &ITestToken::approveCall { spender: bridge, amount: U256::MAX })?;
    net.call(bridge, 0, &IRootBridge::depositCall { token, to: owner, amount: U256::from(500 * TRX) })?;
    let exits: Vec<_> = (0..2u32)
        .map(|index| Exit {
            chain_id: SIDE,
            root_id: u32::from(TRON),
            root_bridge: bridge,
            index,
            token,
            from: owner,
            to,
            amount: U256::from(TRX),
        })
        .collect();
    let mut forest = ExitForest::default();
    for exit in &exits {
        forest.push(exit.leaf())?;
    }
    let root = forest.root(2)?.ok_or_else(|| eyre!("no root"))?;
    let block = checkpoint(std::slice::from_ref(&one), &set, net.time(), root)?;
    let part = block.parts(U256::ZERO, MOST).ok_or_else(|| eyre!("too few signatures"))?.submit;
    let certificate = Manager::Certificate {
        round: block.round,
        validators: block.validators.clone(),
        signers: part.signers,
        signatures: part.signatures,
    };
    let (header, next, exit_root) = (block.header.clone(), block.next_validators_hash, block.exit_root);
    net.call(manager, 0, &Manager::submitCall { header, certificate, nextValidatorsHash: next, exitRoot_: exit_root })?;
    for (exit, what) in exits.iter().zip(["claim of a token, the first of 256", "claim of a token"]) {
        let proof = exit_proof(&forest, 2, u64::from(exit.index))?.ok_or_else(|| eyre!("no proof"))?;
        let leaf = IRootBridge::Exit { index: exit.index, token, from: exit.from, to, amount: exit.amount };
        let call = IRootBridge::claimCall { exit: leaf, proof, checkpoint: block.height };
        show(out, what, &net.call(bridge, 0, &call)?)?;
    }
    Ok(())
}
