//! Seeded histories: operations that mostly succeed, with blocks, faults and epochs between them.
//!
//! A block is some operations of people, then what the rules demand at its end: `onBlock`, slashes, the close of the epoch. One seed makes one history,
//! as long as the model it looks at does what it did the first time.
//!
//! ```
//! use bttc_staking::model::{Model, random::History};
//! let mut history = History::new(7);
//! let mut model = Model::genesis(history.genesis())?;
//! for _ in 0..100 {
//!     let step = history.next(&model);
//!     let result = model.apply(&step.operation, step.caller, step.value, step.now);
//!     history.observe(&step, result.as_ref().ok());
//! }
//! # Ok::<(), bttc_staking::model::Refusal>(())
//! ```

mod people;
mod rng;

pub use rng::Rng;

use super::{Effects, Genesis, GenesisValidator, Model, Operation, Params, Treasury, Wei, math::ONE};
use crate::{Candidate, ElectionRules, elect, epoch::Fees};
use alloy_primitives::{Address, Bytes};
use bttc_contracts::addresses;
use bttc_primitives::{Validator, ValidatorSet};
use std::collections::{BTreeMap, VecDeque};

/// Rules of all elections of a history.
pub const ELECTION: ElectionRules = ElectionRules { max_validators: 12, power_cap_bp: 1_000 };

/// Validators at genesis.
const GENESIS_VALIDATORS: u64 = 6;
/// Accounts that may operate a validator.
const OPERATORS: u64 = 120;
/// Accounts that only delegate.
const DELEGATORS: u64 = 20;
/// Unit: seconds.
const GENESIS_TIME: u64 = 1_800_000_000;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is called.
    pub operation: Operation,
    /// Who calls.
    pub caller: Address,
    /// Sent along. Unit: wei.
    pub value: Wei,
    /// Time of the block. Unit: seconds.
    pub now: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// So many operations of people are left.
    People(u64),
    /// `onBlock` comes next.
    End,
    /// Slashes, then perhaps the close.
    System,
}

/// A history in the making.
#[derive(Clone, Debug)]
pub struct History {
    rng: Rng,
    phase: Phase,
    now: u64,
    height: u64,
    queue: VecDeque<Operation>,
    closed: bool,
    proposer: Address,
    /// Consensus addresses, in the order in which they are taken.
    signers: Vec<Address>,
    next_signer: usize,
    /// Members that sign nothing at present.
    silent: Vec<Address>,
    params: Params,
}

/// Account number `n` that may operate a validator.
pub fn operator(n: u64) -> Address {
    Address::left_padding_from(&n.saturating_add(0x0a00_0000).to_be_bytes())
}

/// Account number `n` that only delegates.
pub fn delegator(n: u64) -> Address {
    Address::left_padding_from(&n.saturating_add(0x0d00_0000).to_be_bytes())
}

impl History {
    /// A history with consensus addresses of no known key.
    pub fn new(seed: u64) -> Self {
        let signers = (0..4_096u64).map(|n| Address::left_padding_from(&n.saturating_add(0x5100_0000).to_be_bytes()));
        Self::with_signers(seed, signers.collect(), Self::params())
    }

    /// A history with these consensus addresses, at least as many as genesis has validators, and parameters.
    pub fn with_signers(seed: u64, signers: Vec<Address>, params: Params) -> Self {
        Self {
            rng: Rng::new(seed),
            phase: Phase::People(0),
            now: GENESIS_TIME,
            height: 0,
            queue: VecDeque::new(),
            closed: true,
            proposer: Address::ZERO,
            signers,
            next_signer: 0,
            silent: Vec::new(),
            params,
        }
    }

    /// Genesis values, but for a shorter window of missed blocks.
    pub fn params() -> Params {
        Params { downtime_window: 200, ..Params::default() }
    }

    /// Where the history begins. To be called once, before the first step.
    pub fn genesis(&mut self) -> Genesis {
        let btt = |amount: u64| Wei::from(amount).saturating_mul(ONE);
        let mut balances = BTreeMap::new();
        let mut left = btt(990_000_000_000);
        let mut give = |amount: Wei| {
            left = left.saturating_sub(amount);
            amount
        };
        let mut validators = Vec::new();
        for n in 0..GENESIS_VALIDATORS {
            let stake = give(btt(self.rng.between(10_000_000, 60_000_000)));
            let commission = u16::try_from(self.rng.between(500, 2_000)).unwrap_or(500);
            validators.push(GenesisValidator { operator: operator(n), signer: self.fresh_signer(), stake, commission });
        }
        let people = (0..OPERATORS).map(operator).chain((0..DELEGATORS).map(delegator));
        for account in people {
            balances.insert(account, give(btt(2_000_000_000)));
        }
        let treasury = Treasury {
            reserve: give(btt(99_000_000_000)),
            funds: give(btt(99_000_000_000)),
            programmes: give(btt(49_500_000_000)),
        };
        balances.insert(Model::FEE_PAYER, left);
        let candidate = |v: &GenesisValidator| Candidate { operator: v.operator, signer: v.signer, tokens: v.stake };
        let candidates: Vec<_> = validators.iter().map(candidate).collect();
        let set = elect(&candidates, ELECTION).expect("each has a stake and a signer of its own");
        Genesis { time: GENESIS_TIME, params: self.params.clone(), validators, set, treasury, balances }
    }

    /// The next call.
    pub fn next(&mut self, model: &Model) -> Step {
        loop {
            match self.phase {
                Phase::People(0) => self.phase = Phase::End,
                Phase::People(left) => {
                    self.phase = Phase::People(left.saturating_sub(1));
                    if self.rng.below(100) == 0 {
                        return self.intrusion(model);
                    }
                    let (operation, caller, value) = self.people(model);
                    return Step { operation, caller, value, now: self.now };
                }
                Phase::End => {
                    self.phase = Phase::System;
                    self.closed = false;
                    let operation = self.end_block(model);
                    return self.by(addresses::SYSTEM, operation);
                }
                Phase::System => {
                    if let Some(operation) = self.queue.pop_front() {
                        return self.by(self.proposer, operation);
                    }
                    if !self.closed && self.rng.below(100) == 0 {
                        // Too early, most of the time.
                        self.closed = model.epoch.is_over(self.now, model.params.epoch_length);
                        return self.by(self.proposer, Operation::CloseEpoch { next: next_set(model) });
                    }
                    let over = model.epoch.is_over(self.now, model.params.epoch_length);
                    if over && !self.closed {
                        self.closed = true;
                        return self.by(self.proposer, Operation::CloseEpoch { next: next_set(model) });
                    }
                    self.begin_block();
                }
            }
        }
    }

    /// Takes note of what a step did; `None` if it was refused.
    pub fn observe(&mut self, step: &Step, effects: Option<&Effects>) {
        if let (Operation::OnBlock { .. }, Some(effects)) = (&step.operation, effects) {
            self.queue.extend(effects.down.iter().map(|signer| Operation::SlashDowntime { signer: *signer }));
        }
    }

    fn by(&self, caller: Address, operation: Operation) -> Step {
        Step { operation, caller, value: Wei::ZERO, now: self.now }
    }

    /// Somebody tries what only the rules may do.
    fn intrusion(&mut self, model: &Model) -> Step {
        let caller = operator(self.rng.below(OPERATORS));
        let signer = self.rng.pick(&model.set.members).map_or(Address::ZERO, |member| member.signer);
        let operation = match self.rng.below(4) {
            0 => Operation::CloseEpoch { next: next_set(model) },
            1 => Operation::SlashDowntime { signer },
            2 => Operation::SlashDoubleSign { signer, height: self.height, reporter: caller },
            _ => Operation::OnBlock {
                height: self.height.saturating_add(1),
                proposer: signer,
                missed: Bytes::new(),
                fees: Fees { stakers: 1, treasury: 1, tips: 1, burned: 1 },
            },
        };
        self.by(caller, operation)
    }

    fn begin_block(&mut self) {
        self.phase = Phase::People(self.rng.below(4));
        let wait = match self.rng.below(1_000) {
            0..600 => self.rng.between(0, 5),
            600..900 => self.rng.between(5, 300),
            900..990 => self.rng.between(300, 4_000),
            990..999 => self.rng.between(4_000, 200_000),
            _ => self.rng.between(200_000, 20_000_000),
        };
        self.now = self.now.saturating_add(wait);
    }

    /// `onBlock`, and the proofs of the block behind it.
    fn end_block(&mut self, model: &Model) -> Operation {
        self.height = self.height.saturating_add(1);
        let members = &model.set.members;
        self.proposer = self.rng.pick(members).map_or(Address::ZERO, |member| member.signer);
        self.change_silence(model);
        let missed = if self.height == model.epoch.start_height { Bytes::new() } else { self.missed(model) };
        let mut wei = |most: u64| u128::from(self.rng.below(most)).saturating_mul(u128::from(self.rng.below(1 << 40)));
        let fees = Fees { stakers: wei(1 << 40), treasury: wei(1 << 38), tips: wei(1 << 38), burned: wei(1 << 40) };
        if self.rng.below(700) == 0 {
            let known: Vec<Address> = model.signers.keys().copied().collect();
            let signer = self.rng.pick(&known).copied().unwrap_or_default();
            let reporter = model.signers.get(&self.proposer).copied().unwrap_or_default();
            self.queue.push_back(Operation::SlashDoubleSign { signer, height: self.height, reporter });
        }
        Operation::OnBlock { height: self.height, proposer: self.proposer, missed, fees }
    }

    fn change_silence(&mut self, model: &Model) {
        match self.rng.below(400) {
            0..4 => {
                let count = self.rng.between(1, 3);
                self.silent.clear();
                for _ in 0..count {
                    self.silent.extend(self.rng.pick(&model.set.members).map(|member| member.signer));
                }
            }
            4 => self.silent.clear(),
            _ => {}
        }
    }

    fn missed(&mut self, model: &Model) -> Bytes {
        let mut bits = vec![0u8; model.set.members.len().div_ceil(8)];
        for (index, member) in model.set.members.iter().enumerate() {
            let silent = self.silent.contains(&member.signer) || self.rng.below(50) == 0;
            if let (true, Some(byte)) = (silent, bits.get_mut(index / 8)) {
                *byte |= 1u8 << (index % 8);
            }
        }
        bits.into()
    }

    fn fresh_signer(&mut self) -> Address {
        let signer = self.signers.get(self.next_signer).copied().unwrap_or_default();
        self.next_signer = self.next_signer.saturating_add(1);
        signer
    }
}

/// The set that is elected from the candidates, or the one in force if nobody can be.
pub fn next_set(model: &Model) -> ValidatorSet {
    let candidates = model.candidates().unwrap_or_default();
    elect(&candidates, ELECTION).unwrap_or_else(|_| {
        let members = model.set.members.iter().map(|m| Validator { address: m.signer, power: m.power }).collect();
        ValidatorSet::new(members).expect("it was a set before")
    })
}
