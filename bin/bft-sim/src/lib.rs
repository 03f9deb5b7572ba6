//! Deterministic simulation of the consensus engine.
//!
//! A [`World`] holds the engines of all validators as [`bttc_bft::Machine`]s, one virtual clock and one seeded source of chance. The network
//! delays, loses, repeats, reorders and splits; nodes crash between any two outputs, with all, some or none of their unsynced log, and come
//! back; validators with less than a third of the power lie ([`Behaviour`]). While faults go on, and after they end, these properties hold:
//!
//! - no two blocks are decided for one height, and every certificate holds against the true validator set;
//! - no honest validator signs two different votes or proposals of one height, round and kind;
//! - whatever is reported as evidence holds and blames none that is honest;
//! - no engine stops by itself, and its library never gives up on an input;
//! - once faults end, every honest node decides further heights.
//!
//! One seed is one history: [`Scenario::draw`] makes everything from it. [`Mutant`]s break the surroundings on purpose, to see that the
//! properties can fail.

mod chance;
mod keys;
mod ledger;
mod liar;
mod properties;
mod report;
mod scenario;
mod world;

pub use chance::Chance;
pub use liar::Behaviour;
pub use properties::Violation;
pub use report::{Figures, measure};
pub use scenario::{Mutant, Scenario};
pub use world::{Outcome, Sink, World};

/// Runs the history of a seed.
pub fn run(seed: u64, mutant: Option<Mutant>) -> Result<Outcome, Violation> {
    World::new(Scenario::draw(seed, mutant), None).run()
}
