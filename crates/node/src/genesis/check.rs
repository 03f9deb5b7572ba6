//! What a genesis file says, told by its own contracts, and whether it is sound.

use super::{
    bridge::{CheckedRoot, read_bridge},
    supply,
};
use alloy_genesis::GenesisAccount;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, sol};
use bttc_contracts::{
    addresses::{AIRDROP, BRIDGE_INBOX, STAKING, TREASURY, VALIDATOR_SET, VESTING},
    predeploys,
    staking::IStaking,
    system::{IMPLEMENTATION_SLOT, system_contracts},
    treasury::ITreasury,
    validator_set::IValidatorSet,
};
use bttc_execution::ask_genesis;
use bttc_primitives::{ChainSpec, Validator};
use eyre::{Result, WrapErr};
use std::collections::BTreeMap;

sol! {
    /// Of `Vesting`.
    interface IVesting {
        /// A stream. Units: wei, seconds.
        #[derive(Debug, PartialEq, Eq)]
        struct Stream {
            address beneficiary;
            uint64 begin;
            address offered;
            uint64 duration;
            uint128 total;
            uint128 released;
            uint64 step;
        }
        function count() external view returns (uint256);
        function stream(uint256 id) external view returns (Stream memory);
    }
}

/// A validator of genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedValidator {
    /// Its account; none on a chain without the staking contracts.
    pub operator: Option<Address>,
    /// For people; empty where it has none.
    pub name: String,
    /// Address of its consensus key.
    pub signer: Address,
    /// Its voting power.
    pub power: u64,
    /// Unit: wei.
    pub stake: U256,
}

/// BTT that `Vesting` pays out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedGrant {
    /// Who gets it.
    pub beneficiary: Address,
    /// Unit: wei.
    pub total: U256,
    /// End of the cliff. Unit: Unix seconds.
    pub begin: u64,
    /// From then on. Unit: seconds.
    pub duration: u64,
}

/// What a genesis file says.
#[derive(Clone, Debug)]
pub struct GenesisReport {
    /// EIP-155.
    pub chain_id: u64,
    /// Hash of the genesis block.
    pub hash: B256,
    /// Unit: Unix seconds.
    pub time: u64,
    /// A development chain.
    pub dev: bool,
    /// Made from a plan with placeholders: no node starts on it.
    pub draft: bool,
    /// In the order of the set.
    pub validators: Vec<CheckedValidator>,
    /// Accounts of people that hold BTT. Unit: wei.
    pub accounts: Vec<(Address, U256)>,
    /// Parts that contracts hold. Unit: wei.
    pub parts: Vec<(&'static str, U256)>,
    /// What `Vesting` pays out.
    pub grants: Vec<CheckedGrant>,
    /// Root chains of the bridge.
    pub roots: Vec<CheckedRoot>,
    /// Who may pause the bridge for a short time; zero for nobody.
    pub guardian: Address,
    /// What is wrong; empty if the file is sound.
    pub problems: Vec<String>,
}

/// Reads a genesis file and looks into it: supply, code, validators, and who gets what.
///
/// Errors: it is no genesis of a chain of ours, or its contracts do not answer.
pub fn check_genesis(json: &str) -> Result<GenesisReport> {
    let spec = ChainSpec::from_json(json)?;
    let hash = bttc_chain::genesis_hash(&spec).wrap_err("the genesis block cannot be made")?;
    let mut problems = code_problems(&spec);
    let sum = spec.genesis_alloc().values().try_fold(U256::ZERO, |sum, account| sum.checked_add(account.balance));
    match sum {
        Some(sum) if sum == supply() => {}
        Some(sum) => problems.push(format!("the balances add up to {sum} wei, expected {}", supply())),
        None => problems.push("the balances add up to more than 256 bits".to_owned()),
    }
    let mut report = GenesisReport {
        chain_id: spec.chain_id(),
        hash,
        time: spec.genesis().timestamp,
        dev: spec.is_dev(),
        draft: spec.is_draft(),
        validators: Vec::new(),
        accounts: people(&spec),
        parts: Vec::new(),
        grants: Vec::new(),
        roots: Vec::new(),
        guardian: Address::ZERO,
        problems,
    };
    let set = spec.genesis_validators()?;
    if spec.has_staking() {
        read_contracts(&spec, set.members(), &mut report)?;
    } else {
        let plain = |of: &Validator| CheckedValidator {
            operator: None,
            name: String::new(),
            signer: of.address,
            power: of.power,
            stake: U256::ZERO,
        };
        report.validators = set.members().iter().map(plain).collect();
    }
    Ok(report)
}

fn people(spec: &ChainSpec) -> Vec<(Address, U256)> {
    let with_balance = spec.genesis_alloc().iter().filter(|(_, account)| !account.balance.is_zero());
    with_balance
        .filter(|(_, account)| account.code.is_none())
        .map(|(address, account)| (*address, account.balance))
        .collect()
}

/// What differs from the contracts of this build.
fn code_problems(spec: &ChainSpec) -> Vec<String> {
    let system = system_contracts();
    let mut expected: BTreeMap<Address, (&str, &[u8])> = BTreeMap::new();
    for contract in predeploys() {
        expected.insert(contract.address, (&contract.name, &contract.code));
    }
    let mut problems = Vec::new();
    if spec.has_staking() {
        for contract in &system.contracts {
            expected.insert(contract.address, (contract.name, &system.proxy));
            expected.insert(contract.implementation, (contract.name, &contract.code));
            let slot = |account: &GenesisAccount| account.storage.as_ref()?.get(&IMPLEMENTATION_SLOT).copied();
            let got = spec.genesis_alloc().get(&contract.address).and_then(slot).unwrap_or_default();
            if got != B256::left_padding_from(contract.implementation.as_slice()) {
                problems.push(format!(
                    "the proxy of {} leads to {got}, expected {}",
                    contract.name, contract.implementation
                ));
            }
        }
        expected.extend(system.parts.iter().map(|of| (of.address, (of.name, of.code.as_ref()))));
    }
    for (address, (name, code)) in &expected {
        let there = spec.genesis_alloc().get(address).and_then(GenesisAccount::non_empty_code);
        match there {
            None => problems.push(format!("{name} is missing at {address}")),
            Some(there) if there.as_ref() != *code => {
                problems.push(format!("the code of {name} at {address} is not that of this version"));
            }
            Some(_) => {}
        }
    }
    let with_code = spec.genesis_alloc().iter().filter(|(_, account)| account.non_empty_code().is_some());
    for (address, _) in with_code.filter(|(address, _)| !expected.contains_key(*address)) {
        problems.push(format!("there is code at {address} that this version does not know"));
    }
    problems
}

/// Puts a question to a contract of the file.
pub(super) fn ask<C: SolCall>(spec: &ChainSpec, to: Address, call: &C) -> Result<C::Return> {
    let answer = ask_genesis(spec, to, call.abi_encode().into())
        .wrap_err_with(|| format!("the contract {to} does not answer {}", C::SIGNATURE))?;
    C::abi_decode_returns(&answer).wrap_err_with(|| format!("the answer of {to} to {}", C::SIGNATURE))
}

fn read_contracts(spec: &ChainSpec, set: &[Validator], report: &mut GenesisReport) -> Result<()> {
    let members = ask(spec, VALIDATOR_SET, &IValidatorSet::membersCall {})?;
    let in_contract = members.iter().map(|of| (of.signer, u64::try_from(U256::from(of.power)).unwrap_or(u64::MAX)));
    if !in_contract.eq(set.iter().map(|of| (of.address, of.power))) {
        report.problems.push("the contract ValidatorSet has other members than config.bttc.validators".to_owned());
    }
    for member in set {
        let operator = ask(spec, STAKING, &IStaking::operatorOfCall { signer: member.address })?;
        let view = ask(spec, STAKING, &IStaking::validatorCall { operator })?;
        report.validators.push(CheckedValidator {
            operator: Some(operator),
            name: view.name,
            signer: member.address,
            power: member.power,
            stake: view.tokens,
        });
    }
    let balance = |of: Address| spec.genesis_alloc().get(&of).map_or(U256::ZERO, |account| account.balance);
    report.parts = vec![
        ("staked", balance(STAKING)),
        ("reserve of rewards", ask(spec, TREASURY, &ITreasury::reserveCall {})?),
        ("treasury", ask(spec, TREASURY, &ITreasury::fundsCall {})?),
        ("programmes", ask(spec, TREASURY, &ITreasury::programmesCall {})?),
        ("vesting", balance(VESTING)),
        ("airdrops", balance(AIRDROP)),
        ("bridge reserve", balance(BRIDGE_INBOX)),
    ];
    (report.roots, report.guardian) = read_bridge(spec)?;
    let count: u64 = ask(spec, VESTING, &IVesting::countCall {})?.saturating_to();
    for id in 0..count {
        let stream = ask(spec, VESTING, &IVesting::streamCall { id: U256::from(id) })?;
        report.grants.push(CheckedGrant {
            beneficiary: stream.beneficiary,
            total: U256::from(stream.total),
            begin: stream.begin,
            duration: stream.duration,
        });
    }
    Ok(())
}
