//! An EVM with the system contracts at their addresses, as genesis makes it.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, b256, hex, keccak256};
use alloy_sol_types::SolCall;
use bttc_contracts::{addresses, staking::IStaking, treasury::ITreasury, validator_set::IValidatorSet};
use bttc_staking::{
    epoch::pack_members,
    model::{Genesis, Params},
};
use eyre::{OptionExt, WrapErr, bail};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm,
    bytecode::Bytecode,
    context::{ContextTr, TxEnv, result::ExecutionResult},
    database::InMemoryDB,
    handler::MainnetContext,
    primitives::hardfork::SpecId,
    state::AccountInfo,
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// EIP-155 id of the simulated chain.
pub const CHAIN_ID: u64 = 990_992;

/// Gas of a system transaction, and of every other call here: what needs more fails, as it would on the chain.
const GAS: u64 = 10_000_000;
/// Gas of a question.
const VIEW_GAS: u64 = 10_000_000_000;

/// keccak256("eip1967.proxy.implementation") - 1
const IMPLEMENTATION: B256 = b256!("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

/// Stands for `Params`: answers each call with the slot that its first argument names. `onEpoch()`, which has none, is asked for no answer.
const PARAMS_CODE: [u8; 10] = hex!("600435545f5260205ff3");

/// What a call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned this.
    Done(Bytes),
    /// It reverted with the error of this name.
    Refused(String),
}

/// The contracts, running.
#[expect(missing_debug_implementations, reason = "the EVM has none")]
pub struct Chain {
    evm: MainnetEvm<MainnetContext<InMemoryDB>>,
    errors: BTreeMap<[u8; 4], String>,
    /// Gas of the last call.
    pub gas: u64,
}

impl Chain {
    /// The contracts of the artifacts in `folder`, after genesis.
    pub fn new(folder: &Path, genesis: &Genesis) -> eyre::Result<Self> {
        let context = Context::mainnet().with_db(InMemoryDB::default()).modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
            cfg.chain_id = CHAIN_ID;
            cfg.disable_nonce_check = true;
            cfg.tx_gas_limit_cap = Some(u64::MAX);
        });
        let mut chain = Self { evm: context.build_mainnet(), errors: BTreeMap::new(), gas: 0 };
        chain.errors.insert(selector("Panic(uint256)"), "Overflow".into());
        chain.errors.insert(selector("SafeCastOverflowedUintDowncast(uint8,uint256)"), "Overflow".into());
        chain.install(folder)?;
        chain.set_params(&genesis.params)?;
        chain.genesis(genesis)?;
        Ok(chain)
    }

    fn install(&mut self, folder: &Path) -> eyre::Result<()> {
        let proxy = self.artifact(folder, "SystemProxy")?;
        let behind = [
            ("ValidatorSet", addresses::VALIDATOR_SET, addresses::VALIDATOR_SET_CODE),
            ("Staking", addresses::STAKING, addresses::STAKING_CODE),
            ("Treasury", addresses::TREASURY, addresses::TREASURY_CODE),
            ("Supply", addresses::SUPPLY, addresses::SUPPLY_CODE),
        ];
        for (name, at, code_at) in behind {
            let code = self.artifact(folder, name)?;
            self.set_code(code_at, code);
            self.set_code(at, proxy.clone());
            self.set_slot(at, IMPLEMENTATION.into(), code_at.into_word().into())?;
        }
        let extension = self.artifact(folder, "StakingExtension")?;
        self.set_code(addresses::STAKING_EXTENSION, extension);
        self.set_code(addresses::PARAMS, PARAMS_CODE.into());
        Ok(())
    }

    /// Runtime code of a contract; its errors are learnt by the way.
    fn artifact(&mut self, folder: &Path, name: &str) -> eyre::Result<Bytes> {
        let path = folder.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path).wrap_err_with(|| format!("cannot read {}", path.display()))?;
        let artifact: Value =
            serde_json::from_str(&text).wrap_err_with(|| format!("cannot read {}", path.display()))?;
        let entries = artifact["abi"].as_array().ok_or_eyre("an artifact without ABI")?;
        for entry in entries.iter().filter(|entry| entry["type"] == "error") {
            let inputs = entry["inputs"].as_array().ok_or_eyre("an error without inputs")?;
            let types: Vec<_> = inputs.iter().filter_map(|input| input["type"].as_str()).collect();
            let error = entry["name"].as_str().ok_or_eyre("an error without name")?;
            let known = self.errors.entry(selector(&format!("{error}({})", types.join(","))));
            known.or_insert_with(|| error.to_owned());
        }
        let code = artifact["deployedBytecode"].as_str().ok_or_eyre("an artifact without runtime code")?;
        Ok(hex::decode(code).wrap_err_with(|| format!("code of {name}"))?.into())
    }

    fn set_code(&mut self, at: Address, code: Bytes) {
        let code = Bytecode::new_raw(code);
        let info = AccountInfo { code_hash: code.hash_slow(), code: Some(code), nonce: 1, ..AccountInfo::default() };
        self.db().insert_account_info(at, info);
    }

    fn set_slot(&mut self, at: Address, slot: U256, value: U256) -> eyre::Result<()> {
        Ok(self.db().insert_account_storage(at, slot, value)?)
    }

    fn set_params(&mut self, params: &Params) -> eyre::Result<()> {
        let values = [
            (8u64, U256::from(params.epoch_length)),
            (10, params.min_self_stake),
            (11, params.min_delegation),
            (12, U256::from(*params.commission.start())),
            (13, U256::from(*params.commission.end())),
            (14, U256::from(params.commission_step)),
            (15, U256::from(params.commission_notice)),
            (16, U256::from(params.unbonding_time)),
            (17, params.reward_rate),
            (18, U256::from(params.max_apr)),
            (19, U256::from(params.proposer_share)),
            (20, U256::from(params.treasury_share)),
            (21, params.double_sign_slash),
            (22, U256::from(params.double_sign_factor)),
            (23, U256::from(params.reporter_share)),
            (24, U256::from(params.downtime_window)),
            (25, U256::from(params.max_missed)),
            (26, params.downtime_slash),
            (27, U256::from(params.jail_time)),
            (28, U256::from(params.max_jail_time)),
        ];
        for (id, value) in values {
            self.set_slot(addresses::PARAMS, U256::from(id), value)?;
        }
        Ok(())
    }

    /// What genesis calls, in block 0.
    fn genesis(&mut self, genesis: &Genesis) -> eyre::Result<()> {
        self.set_block(0, genesis.time, Address::ZERO);
        for (account, balance) in &genesis.balances {
            self.credit(*account, *balance)?;
        }
        let system = addresses::SYSTEM;
        let treasury = &genesis.treasury;
        let (reserve, funds, programmes) = (treasury.reserve, treasury.funds, treasury.programmes);
        let value = reserve.saturating_add(funds).saturating_add(programmes);
        self.credit(system, value)?;
        let call = ITreasury::genesisCall { reserve, funds, programmes };
        self.must(system, addresses::TREASURY, value, call.abi_encode())?;
        for validator in &genesis.validators {
            let (operator, signer, stake) = (validator.operator, validator.signer, validator.stake);
            self.credit(system, stake)?;
            let (commission, name) = (validator.commission, String::from("genesis"));
            let call = IStaking::genesisValidatorCall { operator, signer, commission, name, stake };
            self.must(system, addresses::STAKING, stake, call.abi_encode())?;
        }
        let call = IValidatorSet::genesisCall { members: pack_members(&genesis.set), time: genesis.time };
        self.must(system, addresses::VALIDATOR_SET, U256::ZERO, call.abi_encode())?;
        Ok(())
    }

    fn must(&mut self, caller: Address, to: Address, value: U256, input: Vec<u8>) -> eyre::Result<Bytes> {
        match self.call(caller, to, value, input.into())? {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Refused(error) => bail!("genesis call of {to} was refused: {error}"),
        }
    }

    /// The block that the next calls are in.
    pub fn set_block(&mut self, height: u64, time: u64, proposer: Address) {
        self.evm.ctx.modify_block(|block| {
            block.number = U256::from(height);
            block.timestamp = U256::from(time);
            block.beneficiary = proposer;
            block.gas_limit = u64::MAX;
            block.basefee = 0;
        });
    }

    /// Calls and keeps what it did. Gas is free, so a call of the proposer is a system transaction.
    pub fn call(&mut self, caller: Address, to: Address, value: U256, input: Bytes) -> eyre::Result<Outcome> {
        let result = self.evm.transact_commit(transaction(caller, to, value, input, GAS)?)?;
        self.gas = result.tx_gas_used();
        self.outcome(result)
    }

    /// Asks without a trace.
    pub fn view<C: SolCall>(&mut self, to: Address, call: &C) -> eyre::Result<C::Return> {
        let input = call.abi_encode().into();
        let result = self.evm.transact(transaction(Address::ZERO, to, U256::ZERO, input, VIEW_GAS)?)?.result;
        match self.outcome(result)? {
            Outcome::Done(answer) => {
                C::abi_decode_returns_validate(&answer).wrap_err_with(|| format!("the answer of {}", C::SIGNATURE))
            }
            Outcome::Refused(error) => bail!("{} was refused: {error}", C::SIGNATURE),
        }
    }

    fn outcome(&self, result: ExecutionResult) -> eyre::Result<Outcome> {
        match result {
            ExecutionResult::Success { output, .. } => Ok(Outcome::Done(output.into_data())),
            ExecutionResult::Revert { output, .. } => {
                let error = output.first_chunk::<4>().and_then(|selector| self.errors.get(selector));
                Ok(Outcome::Refused(error.cloned().unwrap_or_else(|| output.to_string())))
            }
            ExecutionResult::Halt { reason, .. } => Ok(Outcome::Refused(format!("{reason:?}"))),
        }
    }

    /// Balance of an account. Unit: wei.
    pub fn balance(&mut self, account: Address) -> eyre::Result<U256> {
        Ok(self.db().load_account(account)?.info.balance)
    }

    /// Adds to a balance, as the rules do with fees.
    pub fn credit(&mut self, account: Address, amount: U256) -> eyre::Result<()> {
        let mut info = self.db().load_account(account)?.info.clone();
        info.balance = info.balance.checked_add(amount).ok_or_eyre("a balance beyond 256 bits")?;
        self.db().insert_account_info(account, info);
        Ok(())
    }

    fn db(&mut self) -> &mut InMemoryDB {
        self.evm.ctx.db_mut()
    }
}

fn selector(signature: &str) -> [u8; 4] {
    let hash = keccak256(signature);
    [hash[0], hash[1], hash[2], hash[3]]
}

fn transaction(caller: Address, to: Address, value: U256, input: Bytes, gas: u64) -> eyre::Result<TxEnv> {
    let transaction = TxEnv::builder().caller(caller).kind(TxKind::Call(to)).value(value).data(input).gas_limit(gas);
    let transaction = transaction.gas_price(0).chain_id(Some(CHAIN_ID)).build();
    transaction.map_err(|error| eyre::eyre!("a transaction that cannot be: {error:?}"))
}
