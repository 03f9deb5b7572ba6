//! The economics of staking once more, in Rust: what the contracts of `contracts/system` do, to the wei.
//!
//! [`Model::apply`] carries out one [`Operation`] of a caller at a time, or refuses it and leaves everything as it was. Every formula is that of
//! docs/staking.md, in the same order and with the same rounding, on 256-bit integers. What is lazy in the contracts is lazy here.
//!
//! - `pool`, `position`: shares, warm-up, rewards.
//! - `operator`: what validators' operators call.
//! - `delegation`, `unbonding`: what delegators call.
//! - `set`: the validator set, the work of its members, missed blocks.
//! - `closing`: the epoch's pot. `faults`: slashes and jail.
//! - `check`: what must hold after every operation.
//! - [`random`]: seeded histories, for tests of the model alone and for holding the contracts against it.
//!
//! The model also keeps the balances of everybody, so that the supply can be summed. Not a part of the node.

mod check;
mod closing;
mod delegation;
mod faults;
mod math;
mod operation;
mod operator;
mod params;
mod pool;
mod position;
pub mod random;
mod set;
mod unbonding;

#[cfg(test)]
mod tests;

pub use check::Broken;
pub use operation::{Effects, Operation, Refusal};
pub use operator::Validator;
pub use params::Params;
pub use pool::{Pool, Slash};
pub use position::{Moved, Position};
pub use set::{Member, MissedBlocks, Set};
pub use unbonding::{Source, Unbonding, Unbondings};

use crate::epoch::Epoch;
use alloy_primitives::{Address, U256};
use bttc_contracts::addresses;
use bttc_primitives::ValidatorSet;
use math::add;
use std::collections::{BTreeMap, BTreeSet};

/// An amount. Unit: wei.
pub type Wei = U256;

/// Three numbers of `Treasury`. Unit: wei.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Treasury {
    /// For stakers.
    pub reserve: Wei,
    /// The treasury proper.
    pub funds: Wei,
    /// For services.
    pub programmes: Wei,
}

/// A validator at the start of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenesisValidator {
    /// Its account.
    pub operator: Address,
    /// Address of its consensus key.
    pub signer: Address,
    /// Its own stake. Unit: wei.
    pub stake: Wei,
    /// Unit: basis points.
    pub commission: u16,
}

/// Where a history begins.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// Unit: seconds.
    pub time: u64,
    /// Parameters in force from the beginning on.
    pub params: Params,
    /// Candidates from the beginning on.
    pub validators: Vec<GenesisValidator>,
    /// The first set, of their signers.
    pub set: ValidatorSet,
    /// The numbers of `Treasury`.
    pub treasury: Treasury,
    /// Everybody else's balances. Fees are taken from those of [`Model::FEE_PAYER`].
    pub balances: BTreeMap<Address, Wei>,
}

/// State of the contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Parameters in force.
    pub params: Params,
    /// Time of the genesis block. Unit: seconds.
    pub genesis_time: u64,
    /// The running epoch.
    pub epoch: Epoch,
    /// Height of the running block.
    pub height: u64,
    /// Time of the last operation. Unit: seconds.
    pub now: u64,
    /// By operator.
    pub validators: BTreeMap<Address, Validator>,
    /// Operators by signer; a signer never changes hands.
    pub signers: BTreeMap<Address, Address>,
    /// Operators that were not evicted.
    pub candidates: BTreeSet<Address>,
    /// By operator and delegator.
    pub positions: BTreeMap<(Address, Address), Position>,
    /// By delegator.
    pub unbondings: BTreeMap<Address, Unbondings>,
    /// Time and share of power (1e-18) of slashes for signing twice.
    pub double_signs: Vec<(u64, Wei)>,
    /// The validator set and its work.
    pub set: Set,
    /// What `Treasury` holds for whom.
    pub treasury: Treasury,
    /// Wei that `Supply` destroyed; fees burned are counted in the set.
    pub burned: Wei,
    /// Of everybody, contracts included.
    pub balances: BTreeMap<Address, Wei>,
    /// All BTT at genesis.
    pub supply: Wei,
    /// Operations carried out so far.
    pub operations: u64,
}

impl Model {
    /// Whose balance fees are taken from: the senders of all transactions together.
    pub const FEE_PAYER: Address = Address::repeat_byte(0xfe);

    /// The state after genesis.
    ///
    /// Errors: [`Refusal`] if a validator cannot be made.
    pub fn genesis(genesis: Genesis) -> Result<Self, Refusal> {
        let mut model = Self {
            params: genesis.params,
            genesis_time: genesis.time,
            epoch: Epoch { number: 1, start_time: genesis.time, start_height: 1 },
            height: 0,
            now: genesis.time,
            validators: BTreeMap::new(),
            signers: BTreeMap::new(),
            candidates: BTreeSet::new(),
            positions: BTreeMap::new(),
            unbondings: BTreeMap::new(),
            double_signs: Vec::new(),
            set: Set::default(),
            burned: Wei::ZERO,
            balances: genesis.balances,
            supply: Wei::ZERO,
            operations: 0,
            treasury: genesis.treasury,
        };
        for validator in &genesis.validators {
            model.genesis_validator(validator)?;
        }
        model.set.begin(&genesis.set);
        let treasury = &model.treasury;
        let held = add(add(treasury.reserve, treasury.funds)?, treasury.programmes)?;
        model.credit(addresses::TREASURY, held)?;
        for balance in model.balances.values() {
            model.supply = add(model.supply, *balance)?;
        }
        Ok(model)
    }

    /// Carries out one operation of `caller`, who sends `value` wei along, at the time `now` (seconds).
    ///
    /// Errors: [`Refusal`] where the contracts revert; nothing has changed then.
    pub fn apply(&mut self, operation: &Operation, caller: Address, value: Wei, now: u64) -> Result<Effects, Refusal> {
        let mut next = self.clone();
        next.now = now;
        if !value.is_zero() && !operation.is_payable() {
            return Err(Refusal::NotPayable);
        }
        next.pay(caller, addresses::STAKING, value)?;
        let mut effects = Effects::default();
        next.run(operation, caller, value, &mut effects)?;
        next.pay(addresses::STAKING, caller, effects.paid)?;
        next.destroy(effects.burned)?;
        next.operations = next.operations.saturating_add(1);
        *self = next;
        Ok(effects)
    }

    fn run(
        &mut self,
        operation: &Operation,
        caller: Address,
        value: Wei,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        use Operation as Op;
        match operation {
            Op::OnBlock { height, proposer, missed, fees } => {
                self.system(caller)?;
                effects.down = self.on_block(*height, *proposer, missed, fees)?;
            }
            Op::SlashDoubleSign { signer, reporter, .. } => {
                self.proposer(caller)?;
                effects.burned = self.slash_double_sign(*signer, *reporter)?;
            }
            Op::SlashDowntime { signer } => {
                self.proposer(caller)?;
                effects.burned = self.slash_downtime(*signer)?;
            }
            Op::CloseEpoch { next } => {
                self.proposer(caller)?;
                self.close_epoch(next)?;
            }
            Op::CreateValidator { signer, proven, commission } => {
                self.create_validator(caller, *signer, *proven, *commission, value)?;
            }
            Op::AnnounceCommission { commission } => self.announce_commission(caller, *commission)?,
            Op::RotateKey { signer, proven } => self.rotate_key(caller, *signer, *proven)?,
            Op::ClaimCommission => effects.paid = self.claim_commission(caller)?,
            Op::Unjail => self.unjail(caller)?,
            Op::Leave => self.leave(caller)?,
            Op::Rejoin => self.rejoin(caller)?,
            Op::Evict { operator } => self.evict(*operator)?,
            Op::Delegate { operator } => self.delegate(caller, *operator, value, effects)?,
            Op::Undelegate { operator, amount } => self.undelegate(caller, *operator, Some(*amount), effects)?,
            Op::UndelegateAll { operator } => self.undelegate(caller, *operator, None, effects)?,
            Op::Redelegate { from, to, amount } => self.redelegate(caller, (*from, *to), Some(*amount), effects)?,
            Op::RedelegateAll { from, to } => self.redelegate(caller, (*from, *to), None, effects)?,
            Op::CancelUnbonding { id } => self.cancel_unbonding(caller, *id, effects)?,
            Op::Withdraw { ids } => self.withdraw(caller, ids, effects)?,
            Op::WithdrawAll => self.withdraw_all(caller, effects)?,
            Op::Claim { operators } => self.claim(caller, operators, effects)?,
            Op::Restake { operator } => self.restake(caller, *operator, effects)?,
            Op::SettleMoved { delegator, operator } => self.touch(*delegator, *operator, effects)?,
        }
        Ok(())
    }

    fn system(&self, caller: Address) -> Result<(), Refusal> {
        if caller == addresses::SYSTEM { Ok(()) } else { Err(Refusal::NotSystem) }
    }

    fn proposer(&self, caller: Address) -> Result<(), Refusal> {
        if caller == self.set.proposer { Ok(()) } else { Err(Refusal::NotSystemTransaction) }
    }

    /// Balance of an account. Unit: wei.
    pub fn balance(&self, account: Address) -> Wei {
        self.balances.get(&account).copied().unwrap_or_default()
    }

    fn credit(&mut self, account: Address, amount: Wei) -> Result<(), Refusal> {
        let balance = self.balances.entry(account).or_default();
        *balance = add(*balance, amount)?;
        Ok(())
    }

    fn debit(&mut self, account: Address, amount: Wei) -> Result<(), Refusal> {
        let balance = self.balances.entry(account).or_default();
        *balance = balance.checked_sub(amount).ok_or(Refusal::InsufficientBalance)?;
        Ok(())
    }

    fn pay(&mut self, from: Address, to: Address, amount: Wei) -> Result<(), Refusal> {
        self.debit(from, amount)?;
        self.credit(to, amount)
    }

    /// `Supply.burn` by `Staking`.
    fn destroy(&mut self, amount: Wei) -> Result<(), Refusal> {
        self.debit(addresses::STAKING, amount)?;
        self.burned = add(self.burned, amount)?;
        Ok(())
    }

    /// What `Supply.burned()` answers. Unit: wei.
    pub fn burned(&self) -> Result<Wei, Refusal> {
        add(self.burned, self.set.fees_burned)
    }

    fn validator(&self, operator: Address) -> Result<&Validator, Refusal> {
        self.validators.get(&operator).ok_or(Refusal::UnknownValidator)
    }

    fn validator_mut(&mut self, operator: Address) -> Result<&mut Validator, Refusal> {
        self.validators.get_mut(&operator).ok_or(Refusal::UnknownValidator)
    }

    /// Position of a delegator with a validator, without what is settled later; empty if there is none.
    pub fn position(&self, delegator: Address, operator: Address) -> Position {
        self.positions.get(&(operator, delegator)).cloned().unwrap_or_default()
    }
}
