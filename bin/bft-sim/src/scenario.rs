//! Everything of a history that is drawn from its seed.

use crate::{Behaviour, Chance};
use bttc_bft::ConsensusConfig;
use bttc_primitives::Timing;
use std::time::Duration;

/// A fault of the surroundings that must break a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The log is lost in every crash.
    NoLog,
    /// Messages leave before the log is synced, and crashes lose what was not.
    LateSync,
    /// Each half of the nodes believes that its own members hold nearly all power.
    HalfQuorum,
}

/// A drawn history.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Where it was drawn from.
    pub seed: u64,
    /// Power of each validator.
    pub powers: Vec<u64>,
    /// What each validator does beyond or against the protocol.
    pub behaviours: Vec<Behaviour>,
    /// Nodes that follow without a key.
    pub followers: usize,
    /// Every so many heights the set changes; 0 for never.
    pub rotation: u64,
    /// Block times.
    pub timing: Timing,
    /// Times of the engine.
    pub config: ConsensusConfig,
    /// One way of a message. Unit: milliseconds.
    pub delay: (u64, u64),
    /// Lost messages. Unit: permille.
    pub loss: u64,
    /// Repeated messages. Unit: permille.
    pub repeats: u64,
    /// Messages that take up to a second longer. Unit: permille.
    pub stragglers: u64,
    /// Crashes by output. Unit: permille of a permille.
    pub crashes: u64,
    /// Mean time between changes of the network's splits; zero for none.
    pub splits: Duration,
    /// Time of the ledger to judge a block. Unit: milliseconds.
    pub judging: (u64, u64),
    /// Extra bytes in each block.
    pub padding: usize,
    /// Whether transactions always wait. Unit: permille of heights.
    pub load: u64,
    /// How long faults go on.
    pub faults_until: Duration,
    /// Heights that every honest node must add after that.
    pub progress: u64,
    /// Time for it.
    pub patience: Duration,
    /// A fault of the surroundings.
    pub mutant: Option<Mutant>,
}

impl Scenario {
    /// Draws the history of a seed.
    pub fn draw(seed: u64, mutant: Option<Mutant>) -> Self {
        let mut chance = Chance::new(seed);
        let count = chance.within(1..11);
        let equal = chance.hits(500);
        let powers: Vec<u64> = (0..count).map(|_| if equal { 1 } else { chance.within(1..12) }).collect();
        let rotation = if chance.hits(300) { chance.within(2..9) } else { 0 };
        // While a member pauses the others' share is larger.
        let pausing = if rotation > 0 { powers.iter().copied().max().unwrap_or_default() } else { 0 };
        let behaviours = draw_behaviours(&mut chance, &powers, pausing, mutant);
        let slow = chance.within(1..151);
        let block_time = *chance.pick(&[100, 250, 500]).unwrap_or(&500);
        let millis = Duration::from_millis;
        let faulty = chance.hits(850) || mutant.is_some();
        let rate = |chance: &mut Chance, max| if faulty && chance.hits(600) { chance.within(0..max) } else { 0 };
        let mut scenario = Self {
            seed,
            followers: usize::from(chance.hits(300)),
            rotation,
            timing: Timing { block_time: millis(block_time), idle_time: millis(block_time * 4) },
            config: ConsensusConfig { listen: Duration::ZERO, ..ConsensusConfig::default() },
            delay: (slow / 3, slow + 1),
            loss: rate(&mut chance, 200),
            repeats: rate(&mut chance, 100),
            stragglers: rate(&mut chance, 50),
            crashes: rate(&mut chance, 1_500),
            splits: millis(rate(&mut chance, 6_000)),
            judging: (0, *chance.pick(&[1, 20, 100, 800]).unwrap_or(&1)),
            padding: if chance.hits(150) { 150_000 } else { 0 },
            load: *chance.pick(&[0, 500, 1_000]).unwrap_or(&0),
            faults_until: millis(chance.within(5_000..25_000)),
            progress: 3,
            patience: Duration::from_secs(600),
            powers,
            behaviours,
            mutant,
        };
        if let Some(mutant) = mutant {
            scenario.provoke(mutant);
        }
        scenario
    }

    /// Makes likely what a mutant needs to be seen.
    fn provoke(&mut self, mutant: Mutant) {
        match mutant {
            Mutant::NoLog | Mutant::LateSync => self.crashes = self.crashes.max(8_000),
            Mutant::HalfQuorum => self.splits = Duration::from_millis(1_500),
        }
    }

    /// A healthy network for figures: equal validators, one delay on all links.
    pub fn healthy(seed: u64, validators: usize, delay: u64, block_time: Duration, load: bool) -> Self {
        Self {
            seed,
            powers: vec![1; validators],
            behaviours: vec![Behaviour::Honest; validators],
            followers: 0,
            rotation: 0,
            timing: Timing { block_time, idle_time: block_time.saturating_mul(4) },
            config: ConsensusConfig { listen: Duration::ZERO, ..ConsensusConfig::default() },
            delay: (delay, delay.saturating_add(1)),
            loss: 0,
            repeats: 0,
            stragglers: 0,
            crashes: 0,
            splits: Duration::ZERO,
            judging: (5, 20),
            padding: 0,
            load: if load { 1_000 } else { 0 },
            faults_until: Duration::ZERO,
            progress: 10,
            patience: Duration::from_secs(60),
            mutant: None,
        }
    }
}

/// Liars hold less than a third of the power.
fn draw_behaviours(chance: &mut Chance, powers: &[u64], pausing: u64, mutant: Option<Mutant>) -> Vec<Behaviour> {
    let total = powers.iter().sum::<u64>().saturating_sub(pausing);
    let mut behaviours = vec![Behaviour::Honest; powers.len()];
    let mut lying = 0;
    if mutant.is_some() || chance.hits(250) {
        return behaviours;
    }
    for (behaviour, power) in behaviours.iter_mut().zip(powers) {
        if (lying + power) * 3 < total && chance.hits(600) {
            lying += power;
            *behaviour = *chance.pick(&Behaviour::FAULTY).unwrap_or(&Behaviour::Honest);
        }
    }
    behaviours
}
