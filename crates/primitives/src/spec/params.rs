//! Numbers of the rules that votes may change.

use super::{ChainRules, ChainSpec, FeeRules, Timing};
use alloy_eips::eip1559::BaseFeeParams;
use alloy_rlp::{RlpDecodable, RlpEncodable};
use std::time::Duration;

/// Numbers in force from the first block of an epoch to its last, as the contract `Params` has them. Whoever reads them checks that no rule can fail
/// over them.
///
/// Source: docs/staking.md, section 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct ConsensusParams {
    /// Floor of the base fee. Unit: wei per gas.
    pub min_base_fee: u64,
    /// Gas limit by gas target.
    pub elasticity: u64,
    /// Largest part of itself by which the base fee changes at once, as a divisor.
    pub base_fee_denominator: u64,
    /// Part of the base fee that is burned. Unit: percent.
    pub burn_percent: u8,
    /// Part for the stakers' pot. Unit: percent; what is left of the whole is the treasury's.
    pub stakers_percent: u8,
    /// Gas limit of a block.
    pub block_gas_limit: u64,
    /// Least interval between blocks. Unit: milliseconds.
    pub block_time_ms: u64,
    /// Wait before an empty block. Unit: milliseconds.
    pub idle_time_ms: u64,
    /// Unit: seconds.
    pub epoch_length: u64,
    /// Most members of a validator set.
    pub max_validators: u64,
}

impl ChainSpec {
    /// The same network with other numbers in force.
    pub fn with_params(&self, params: &ConsensusParams) -> Self {
        let mut spec = self.clone();
        if let ChainRules::Bttc { fees, timing, .. } = &mut spec.rules {
            let ConsensusParams { min_base_fee, burn_percent, stakers_percent, .. } = *params;
            let treasury_percent = 100u8.saturating_sub(burn_percent).saturating_sub(stakers_percent);
            *fees = FeeRules { min_base_fee, burn_percent, stakers_percent, treasury_percent };
            *timing = Timing {
                block_time: Duration::from_millis(params.block_time_ms),
                idle_time: Duration::from_millis(params.idle_time_ms),
            };
            spec.base_fee_params = BaseFeeParams::new(params.base_fee_denominator.into(), params.elasticity.into());
            spec.gas_limit = params.block_gas_limit;
        }
        spec
    }
}
