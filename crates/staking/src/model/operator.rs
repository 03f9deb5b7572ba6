//! What operators of validators call, and who stands for election (docs/staking.md, section 5).

use super::{
    GenesisValidator, Model, Pool, Position, Refusal, Wei,
    math::{add, after, basis_points, fits, mul_div, sub},
};
use crate::Candidate;
use alloy_primitives::Address;

/// Candidates at most.
const MOST_CANDIDATES: usize = 1_000;
/// Between two changes of a consensus key. Unit: seconds.
const ROTATION_PAUSE: u64 = 86_400;
const DAY: u64 = 86_400;

/// A validator, by its operator's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// Address of its consensus key.
    pub signer: Address,
    /// Its stake.
    pub pool: Pool,
    /// In force. Unit: basis points.
    pub commission: u16,
    /// Announced, and the time from which it is in force.
    pub next_commission: Option<(u16, u64)>,
    /// Time of the last change of the commission. Unit: seconds.
    pub changed_at: u64,
    /// Commissions and rewards for evidence, not paid yet. Unit: wei.
    pub commission_owed: Wei,
    /// End of the time in jail, [`u64::MAX`] for ever. Unit: seconds.
    pub jailed_until: Option<u64>,
    /// Times of jailings. Unit: seconds.
    pub jailings: Vec<u64>,
    /// Time of the last change of the key. Unit: seconds; 0 if there was none.
    pub rotated_at: u64,
    /// Signed twice.
    pub tombstoned: bool,
    /// Left for good.
    pub left: bool,
}

impl Validator {
    /// Puts an announced commission into force that is due at `time`.
    pub(super) fn ripen(&mut self, time: u64) {
        if let Some((commission, due)) = self.next_commission.filter(|(_, due)| *due <= time) {
            self.commission = commission;
            self.changed_at = due;
            self.next_commission = None;
        }
    }

    pub(super) fn owe(&mut self, amount: Wei) -> Result<(), Refusal> {
        self.commission_owed = fits(add(self.commission_owed, amount)?, 104)?;
        Ok(())
    }
}

impl Model {
    /// Stake that counts from the first epoch on.
    pub(super) fn genesis_validator(&mut self, genesis: &GenesisValidator) -> Result<(), Refusal> {
        // What is of epoch 0 is warm when epoch 1 begins.
        let GenesisValidator { operator, signer, stake, commission } = *genesis;
        self.create(operator, signer, commission, stake, 0)?;
        self.credit(bttc_contracts::addresses::STAKING, stake)
    }

    pub(super) fn create_validator(
        &mut self,
        caller: Address,
        signer: Address,
        proven: bool,
        commission: u16,
        value: Wei,
    ) -> Result<(), Refusal> {
        if value < self.params.min_self_stake {
            return Err(Refusal::BelowMinimum);
        }
        if !proven || signer.is_zero() {
            return Err(Refusal::WrongProof);
        }
        self.create(caller, signer, commission, value, self.epoch.number)
    }

    fn create(
        &mut self,
        operator: Address,
        signer: Address,
        commission: u16,
        stake: Wei,
        epoch: u64,
    ) -> Result<(), Refusal> {
        if self.validators.contains_key(&operator) {
            return Err(Refusal::OperatorTaken);
        }
        if !self.params.commission.contains(&commission) {
            return Err(Refusal::WrongCommission);
        }
        self.take_signer(operator, signer)?;
        self.list(operator)?;
        let pool = Pool::new(stake, epoch)?;
        let shares = sub(stake, Pool::DEAD_SHARES)?;
        let own = Position { shares, epoch, index: pool.per_share, ..Position::default() };
        self.positions.insert((operator, operator), own);
        let validator = Validator {
            signer,
            pool,
            commission,
            next_commission: None,
            changed_at: self.now,
            commission_owed: Wei::ZERO,
            jailed_until: None,
            jailings: Vec::new(),
            rotated_at: 0,
            tombstoned: false,
            left: false,
        };
        self.validators.insert(operator, validator);
        Ok(())
    }

    fn take_signer(&mut self, operator: Address, signer: Address) -> Result<(), Refusal> {
        if signer.is_zero() || self.signers.contains_key(&signer) {
            return Err(Refusal::SignerTaken);
        }
        self.signers.insert(signer, operator);
        Ok(())
    }

    fn list(&mut self, operator: Address) -> Result<(), Refusal> {
        if self.candidates.len() >= MOST_CANDIDATES {
            return Err(Refusal::TooMany);
        }
        self.candidates.insert(operator);
        Ok(())
    }

    pub(super) fn announce_commission(&mut self, caller: Address, commission: u16) -> Result<(), Refusal> {
        let (now, epoch_start) = (self.now, self.epoch.start_time);
        let (bounds, step) = (self.params.commission.clone(), self.params.commission_step);
        let notice = self.params.commission_notice;
        let in_force = after(now, notice)?;
        let validator = self.validator_mut(caller)?;
        validator.ripen(epoch_start);
        if validator.next_commission.is_some_and(|(_, due)| due <= now) {
            return Err(Refusal::CommissionPending);
        }
        // No more than can be announced in a row: a long quiet time does not allow a leap.
        let since = Wei::from(now.saturating_sub(validator.changed_at).min(notice));
        let raise = mul_div(Wei::from(step), since, Wei::from(DAY))?;
        let most = add(Wei::from(validator.commission), raise)?;
        if !bounds.contains(&commission) || Wei::from(commission) > most {
            return Err(Refusal::WrongCommission);
        }
        validator.next_commission = Some((commission, in_force));
        Ok(())
    }

    pub(super) fn rotate_key(&mut self, caller: Address, signer: Address, proven: bool) -> Result<(), Refusal> {
        let now = self.now;
        if now < after(self.validator(caller)?.rotated_at, ROTATION_PAUSE)? {
            return Err(Refusal::TooEarly);
        }
        if !proven || signer.is_zero() {
            return Err(Refusal::WrongProof);
        }
        self.take_signer(caller, signer)?;
        let validator = self.validator_mut(caller)?;
        validator.signer = signer;
        validator.rotated_at = now;
        Ok(())
    }

    pub(super) fn claim_commission(&mut self, caller: Address) -> Result<Wei, Refusal> {
        let validator = self.validator_mut(caller)?;
        let amount = std::mem::take(&mut validator.commission_owed);
        if amount.is_zero() { Err(Refusal::NothingToDo) } else { Ok(amount) }
    }

    pub(super) fn unjail(&mut self, caller: Address) -> Result<(), Refusal> {
        let validator = self.validator(caller)?;
        let until = validator.jailed_until.ok_or(Refusal::NotJailed)?;
        if validator.tombstoned {
            return Err(Refusal::Closed);
        }
        if self.now < until {
            return Err(Refusal::TooEarly);
        }
        self.check_self_stake(caller)?;
        self.validator_mut(caller)?.jailed_until = None;
        Ok(())
    }

    pub(super) fn leave(&mut self, caller: Address) -> Result<(), Refusal> {
        let validator = self.validator_mut(caller)?;
        if validator.left {
            return Err(Refusal::Closed);
        }
        validator.left = true;
        Ok(())
    }

    pub(super) fn evict(&mut self, operator: Address) -> Result<(), Refusal> {
        let validator = self.validator(operator)?;
        if !self.candidates.contains(&operator) {
            return Err(Refusal::NotListed);
        }
        let enough = self.self_stake(operator)? >= self.params.min_self_stake;
        let fit = !validator.left && !validator.tombstoned && enough;
        if fit || self.set.power_of(validator.signer) > 0 {
            return Err(Refusal::StillNeeded);
        }
        self.candidates.remove(&operator);
        Ok(())
    }

    pub(super) fn rejoin(&mut self, caller: Address) -> Result<(), Refusal> {
        let validator = self.validator(caller)?;
        if self.candidates.contains(&caller) {
            return Err(Refusal::AlreadyListed);
        }
        if validator.left || validator.tombstoned {
            return Err(Refusal::Closed);
        }
        self.check_self_stake(caller)?;
        self.list(caller)
    }

    fn check_self_stake(&self, operator: Address) -> Result<(), Refusal> {
        if self.self_stake(operator)? < self.params.min_self_stake { Err(Refusal::BelowMinimum) } else { Ok(()) }
    }

    /// Stake of the operator itself, the dead shares included. Unit: wei.
    pub fn self_stake(&self, operator: Address) -> Result<Wei, Refusal> {
        let shares = add(self.position(operator, operator).shares, Pool::DEAD_SHARES)?;
        self.validator(operator)?.pool.worth(shares)
    }

    /// What `Staking.candidates()` answers, in the order of operators.
    pub fn candidates(&self) -> Result<Vec<Candidate>, Refusal> {
        let mut candidates = Vec::new();
        for operator in &self.candidates {
            let validator = self.validator(*operator)?;
            let out = validator.left || validator.tombstoned || validator.jailed_until.is_some();
            if out || validator.pool.tokens.is_zero() || self.self_stake(*operator)? < self.params.min_self_stake {
                continue;
            }
            let (signer, tokens) = (validator.signer, validator.pool.tokens);
            candidates.push(Candidate { operator: *operator, signer, tokens });
        }
        Ok(candidates)
    }

    /// Commission of `sum`. Unit: wei, rounded down.
    pub(super) fn commission_of(&self, operator: Address, sum: Wei) -> Result<Wei, Refusal> {
        basis_points(sum, self.validator(operator)?.commission)
    }
}
