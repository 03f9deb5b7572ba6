//! How an attempt stands, out of what each endpoint says about it.

use super::{AttemptStatus, Ending, RootChainId, RootError};
use alloy_primitives::{B256, U256};

/// What a final block has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Which version.
    pub(super) id: B256,
    /// Height of the block.
    pub(super) block: u64,
    /// How it ended.
    pub(super) ending: Ending,
    /// What was paid.
    pub(super) fee: U256,
}

/// What one endpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It does not know the transaction; it may still come.
    Unknown,
    /// A block has it that may be reverted.
    Included(u64),
    /// A final block has it.
    Final(Outcome),
    /// Its final state is past the moment at which the attempt could happen, and, asked after that, it does not know it.
    Over,
}

/// What follows. Never [`AttemptStatus::Dead`] while anybody says that a block has it: another attempt could then happen beside it.
///
/// Errors: endpoints contradict each other about what is final.
pub(super) fn combine(
    root: RootChainId,
    id: B256,
    said: &[Standing],
    needed: usize,
    why_dead: impl FnOnce() -> String,
) -> Result<AttemptStatus, RootError> {
    let voices = |standing: &Standing| said.iter().filter(|other| *other == standing).count();
    let finals: Vec<&Standing> = said.iter().filter(|standing| matches!(standing, Standing::Final(_))).collect();
    let over = voices(&Standing::Over);
    let agreed = finals.iter().find(|standing| voices(standing) >= needed);
    if let Some(Standing::Final(Outcome { id, block, ending, fee })) = agreed {
        return Ok(AttemptStatus::Final { id: *id, block: *block, ending: ending.clone(), fee: *fee });
    }
    let (what, answers) = (format!("how transaction {id} ended"), format!("{said:?}"));
    let contradicts = finals.iter().zip(finals.iter().skip(1)).any(|(a, b)| a != b) || (!finals.is_empty() && over > 0);
    if contradicts {
        return Err(RootError::Disagreement { root, what, answers });
    }
    let included = said.iter().filter_map(|standing| match standing {
        Standing::Included(block) | Standing::Final(Outcome { block, .. }) => Some(*block),
        Standing::Unknown | Standing::Over => None,
    });
    if let Some(block) = included.max() {
        return Ok(AttemptStatus::Included { block });
    }
    if over >= needed { Ok(AttemptStatus::Dead { why: why_dead() }) } else { Ok(AttemptStatus::Unknown) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::RootKind;

    fn outcome(block: u64) -> Standing {
        Standing::Final(Outcome { id: B256::ZERO, block, ending: Ending::Done, fee: U256::from(1) })
    }

    #[test]
    fn the_table() {
        use Standing::{Included, Over, Unknown};
        let root = RootChainId { kind: RootKind::Tron, chain_id: 1 };
        let of = |said: &[Standing], needed| combine(root, B256::ZERO, said, needed, || "late".to_owned());
        let dead = || Ok(AttemptStatus::Dead { why: "late".to_owned() });
        let done = |block| Ok(AttemptStatus::Final { id: B256::ZERO, block, ending: Ending::Done, fee: U256::from(1) });

        assert_eq!(of(&[Unknown], 1), Ok(AttemptStatus::Unknown));
        assert_eq!(of(&[Over], 1), dead());
        assert_eq!(of(&[Over, Unknown], 2), Ok(AttemptStatus::Unknown), "one alone does not bury it");
        assert_eq!(of(&[Over, Unknown, Over], 2), dead());
        assert_eq!(of(&[Over, Included(7), Over], 2), Ok(AttemptStatus::Included { block: 7 }), "one has it");
        assert_eq!(of(&[outcome(7)], 1), done(7));
        assert_eq!(of(&[outcome(7), Unknown], 2), Ok(AttemptStatus::Included { block: 7 }), "one is behind");
        assert_eq!(of(&[outcome(7), Included(7), outcome(7)], 2), done(7));
        assert_eq!(of(&[outcome(7), Over, outcome(7)], 2), done(7), "the third is outvoted");
        for said in [&[outcome(7), Over, Unknown][..], &[outcome(7), Over, Over], &[outcome(7), outcome(8), Unknown]] {
            assert!(matches!(of(said, 2), Err(RootError::Disagreement { .. })), "{said:?}");
        }
    }
}
