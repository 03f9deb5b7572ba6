//! Figures of a healthy network.

use crate::{Scenario, Violation, World, world::WARM_UP};
use std::time::Duration;

/// What a block costs and how long it takes.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Blocks measured.
    pub blocks: usize,
    /// From the first part of the proposal leaving its proposer to the block being final at a node: half of them take less.
    pub finality_median: Duration,
    /// The slowest.
    pub finality_max: Duration,
    /// Mean time between blocks.
    pub interval: Duration,
    /// Messages that reach nodes, by block.
    pub messages: u64,
    /// Their bytes, by block.
    pub bytes: u64,
}

/// Measures a network without faults.
pub fn measure(scenario: Scenario) -> Result<Figures, Violation> {
    let seed = scenario.seed;
    let outcome = World::new(scenario, None).run()?;
    let times = outcome.finality.values().skip(WARM_UP);
    let mut waits: Vec<Duration> =
        times.flat_map(|(proposed, finals)| finals.iter().map(|at| at.saturating_sub(*proposed))).collect();
    waits.sort_unstable();
    let none = || Violation { seed, what: "nothing was decided".into() };
    let firsts: Vec<Duration> = outcome.finality.values().skip(WARM_UP).map(|(proposed, _)| *proposed).collect();
    let span = firsts.last().copied().unwrap_or_default().saturating_sub(firsts.first().copied().unwrap_or_default());
    let steps = u32::try_from(firsts.len().saturating_sub(1)).unwrap_or(u32::MAX).max(1);
    let counted = outcome.heights.saturating_sub(WARM_UP as u64).max(1);
    Ok(Figures {
        blocks: firsts.len(),
        finality_median: waits.get(waits.len() / 2).copied().ok_or_else(none)?,
        finality_max: waits.last().copied().ok_or_else(none)?,
        interval: span / steps,
        messages: outcome.messages / counted,
        bytes: outcome.bytes / counted,
    })
}
