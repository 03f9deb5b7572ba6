//! What the rules demand of a block beside its transactions.

use alloy_primitives::B256;
use bttc_execution::SystemCall;
use bttc_primitives::{ChainSpec, Header, StateReader, ValidatorSet};

/// What consensus must do at the end of a block, and get out of it.
pub(crate) struct Duties {
    /// Calls to system contracts, in their order.
    pub(crate) calls: Vec<SystemCall>,
    /// Hash of the validators of the next height.
    pub(crate) next_validators_hash: B256,
    /// Root of the exit tree.
    pub(crate) exit_root: B256,
}

impl Duties {
    /// Duties of the block with this header, on the state before it.
    ///
    /// While no staking contract is deployed the validators of genesis stay, no epoch closes and nobody leaves over the bridge.
    pub(crate) fn of(_spec: &ChainSpec, _header: &Header, _state: &dyn StateReader, validators: &ValidatorSet) -> Self {
        Self { calls: Vec::new(), next_validators_hash: validators.hash(), exit_root: bttc_trie::empty_exit_root() }
    }
}
