//! Making genesis files: the system contracts, and first values that they set themselves (docs/staking.md, section 1).
//!
//! The file that comes out is an ordinary genesis: code and storage of every contract stand in it, and no node needs to run anything to read it.

mod bridge;
mod check;
mod plan;

use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::{
    addresses,
    system::{
        IGenesis::{Grant, RootConfig, Setting, genesisValidatorCall},
        IGenesisAirdrop, IGenesisInbox, IGenesisParams, IGenesisSet, IGenesisTreasury, IGenesisVesting,
        IMPLEMENTATION_SLOT, system_contracts,
    },
};
use bttc_execution::{GenesisCall, run_genesis_calls};
use bttc_primitives::{ChainSpec, StateChanges, ValidatorSet};
use bttc_staking::{Candidate, ElectionRules, elect};
use eyre::{OptionExt, Result, WrapErr, ensure};
use serde_json::json;

pub use bridge::CheckedRoot;
pub use check::{CheckedGrant, CheckedValidator, GenesisReport, check_genesis};
pub use plan::GenesisPlan;

const BTT: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// A validator from the first block on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisValidator {
    /// Its account.
    pub operator: Address,
    /// Address of its consensus key.
    pub signer: Address,
    /// Its own stake. Unit: wei.
    pub stake: U256,
    /// Unit: basis points.
    pub commission: u16,
    /// For people.
    pub name: String,
}

/// What the bridge begins with. Without it there is no root chain, and everything can be registered by vote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BridgePlan {
    /// BTT that deposits can release, which is not out. Unit: wei.
    pub reserve: U256,
    /// Who may pause for a short time; zero for nobody.
    pub guardian: Address,
    /// Root chains.
    pub roots: Vec<RootConfig>,
}

/// What the system contracts begin with.
#[derive(Clone, Debug, Default)]
pub struct StakingPlan {
    /// Validators of the first epoch.
    pub validators: Vec<GenesisValidator>,
    /// Parameters that differ from their defaults.
    pub settings: Vec<Setting>,
    /// What `Vesting` pays out over time.
    pub grants: Vec<Grant>,
    /// What the airdrops hold. Unit: wei; zero for none.
    pub airdrop: U256,
    /// Reserve that rewards come from. Unit: wei.
    pub reserve: U256,
    /// For services. Unit: wei.
    pub programmes: U256,
    /// Root chains and the reserve of their deposits.
    pub bridge: Option<BridgePlan>,
}

/// Adds the system contracts to a genesis whose accounts have balances; what they leave of the supply is the treasury's.
///
/// `max_validators` and the cap of power are the defaults: a genesis has no larger set. Errors: the sums or a contract's own rules do not hold.
pub fn add_staking(mut genesis: Genesis, plan: &StakingPlan) -> Result<Genesis> {
    let time = genesis.timestamp;
    let set = first_set(plan)?;
    genesis.alloc.remove(&addresses::TREASURY);
    let people = genesis.alloc.values().fold(U256::ZERO, |sum, account| sum.saturating_add(account.balance));
    let stakes = plan.validators.iter().fold(U256::ZERO, |sum, of| sum.saturating_add(of.stake));
    let grants = plan.grants.iter().fold(U256::ZERO, |sum, of| sum.saturating_add(U256::from(of.total)));
    let bridge = plan.bridge.as_ref().map_or(U256::ZERO, |of| of.reserve);
    let given = [people, stakes, grants, plan.airdrop, plan.reserve, plan.programmes, bridge];
    let given = given.into_iter().fold(U256::ZERO, U256::saturating_add);
    let funds =
        supply().checked_sub(given).ok_or_eyre("genesis gives away more than the supply of 990,000,000,000 BTT")?;
    put_contracts(&mut genesis);
    let treasury = plan.reserve.saturating_add(funds).saturating_add(plan.programmes);
    let calls = calls(plan, &set, time, (treasury, funds), grants);
    let sent = calls.iter().fold(U256::ZERO, |sum, call| sum.saturating_add(call.value));
    genesis.alloc.entry(addresses::SYSTEM).or_default().balance = sent;
    let members: Vec<_> = set.members().iter().map(|of| json!({ "address": of.address, "power": of.power })).collect();
    let rules = genesis.config.extra_fields.get_mut("bttc").and_then(|rules| rules.as_object_mut());
    rules.ok_or_eyre("the genesis has no section `config.bttc`")?.insert("validators".to_owned(), json!(members));

    let spec = ChainSpec::from_genesis(genesis.clone())?;
    let changes = run_genesis_calls(&spec, &calls).wrap_err("the system contracts refuse the plan of genesis")?;
    apply(&mut genesis, changes);
    let left = genesis.alloc.remove(&addresses::SYSTEM).map_or(U256::ZERO, |account| account.balance);
    ensure!(left.is_zero(), "the system address has {left} wei left");
    let sum = genesis.alloc.values().fold(U256::ZERO, |sum, account| sum.saturating_add(account.balance));
    ensure!(sum == supply(), "the balances of genesis add up to {sum} wei, expected {}", supply());
    Ok(genesis)
}

/// All the BTT there is. Unit: wei.
fn supply() -> U256 {
    U256::from(990_000_000_000u64).saturating_mul(BTT)
}

fn first_set(plan: &StakingPlan) -> Result<ValidatorSet> {
    let candidate = |of: &GenesisValidator| Candidate { operator: of.operator, signer: of.signer, tokens: of.stake };
    let candidates: Vec<_> = plan.validators.iter().map(candidate).collect();
    let set = elect(&candidates, ElectionRules { max_validators: 100, power_cap_bp: 1_000 })?;
    ensure!(set.members().len() == plan.validators.len(), "genesis has more than 100 validators, or one without stake");
    Ok(set)
}

fn put_contracts(genesis: &mut Genesis) {
    let system = system_contracts();
    let account = |code: Bytes| GenesisAccount { nonce: Some(1), code: Some(code), ..GenesisAccount::default() };
    for contract in system.contracts {
        let mut proxy = account(system.proxy.clone());
        let implementation = B256::left_padding_from(contract.implementation.as_slice());
        proxy.storage = Some([(IMPLEMENTATION_SLOT, implementation)].into());
        genesis.alloc.insert(contract.address, proxy);
        genesis.alloc.insert(contract.implementation, account(contract.code));
    }
    for part in system.parts {
        genesis.alloc.insert(part.address, account(part.code));
    }
}

fn calls(
    plan: &StakingPlan,
    set: &ValidatorSet,
    time: u64,
    (treasury, funds): (U256, U256),
    grants: U256,
) -> Vec<GenesisCall> {
    let call = |to: Address, value: U256, input: Vec<u8>| GenesisCall { to, value, input: input.into() };
    let settings = IGenesisParams::genesisCall { settings: plan.settings.clone() };
    let members = set
        .members()
        .iter()
        .map(|member| U256::from_be_slice(member.address.as_slice()).wrapping_shl(96) | U256::from(member.power));
    let first = IGenesisSet::genesisCall { members: members.collect(), time };
    let money = IGenesisTreasury::genesisCall { reserve: plan.reserve, funds, programmes: plan.programmes };
    let mut calls = vec![
        call(addresses::PARAMS, U256::ZERO, settings.abi_encode()),
        call(addresses::TREASURY, treasury, money.abi_encode()),
    ];
    calls.extend(plan.validators.iter().map(|of| {
        let create = genesisValidatorCall {
            operator: of.operator,
            signer: of.signer,
            commission: of.commission,
            name: of.name.clone(),
            stake: of.stake,
        };
        call(addresses::STAKING, of.stake, create.abi_encode())
    }));
    calls.push(call(addresses::VALIDATOR_SET, U256::ZERO, first.abi_encode()));
    if !plan.grants.is_empty() {
        let vesting = IGenesisVesting::genesisCall { grants: plan.grants.clone() };
        calls.push(call(addresses::VESTING, grants, vesting.abi_encode()));
    }
    if !plan.airdrop.is_zero() {
        let airdrop = IGenesisAirdrop::genesisCall { start: time.max(1) };
        calls.push(call(addresses::AIRDROP, plan.airdrop, airdrop.abi_encode()));
    }
    if let Some(BridgePlan { reserve, guardian, roots }) = &plan.bridge {
        let inbox = IGenesisInbox::genesisCall { reserve: *reserve, guardian: *guardian, roots: roots.clone() };
        calls.push(call(addresses::BRIDGE_INBOX, *reserve, inbox.abi_encode()));
    }
    calls
}

/// Writes what the calls changed into the file's accounts.
fn apply(genesis: &mut Genesis, changes: StateChanges) {
    for (address, change) in changes.accounts {
        let Some(after) = change.after else {
            genesis.alloc.remove(&address);
            continue;
        };
        let account = genesis.alloc.entry(address).or_default();
        account.balance = after.balance;
        account.nonce = Some(after.nonce).filter(|nonce| *nonce > 0);
        let slots = account.storage.get_or_insert_default();
        for (slot, (_, value)) in change.storage {
            let (slot, value) = (B256::from(slot), B256::from(value));
            if value.is_zero() {
                slots.remove(&slot)
            } else {
                slots.insert(slot, value)
            };
        }
        if slots.is_empty() {
            account.storage = None;
        }
    }
}

#[cfg(test)]
mod tests;
