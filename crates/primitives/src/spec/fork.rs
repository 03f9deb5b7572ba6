//! Forks: which rules of the EVM hold at which block or time.

use super::ChainSpec;
use crate::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_genesis::ChainConfig;
use std::collections::BTreeMap;

impl EthereumHardforks for ChainSpec {
    fn ethereum_fork_activation(&self, fork: EthereumHardfork) -> ForkCondition {
        self.forks.get(&fork).copied().unwrap_or(ForkCondition::Never)
    }
}

/// Forks named in a genesis file.
pub(super) fn schedule(config: &ChainConfig) -> BTreeMap<EthereumHardfork, ForkCondition> {
    use EthereumHardfork as F;
    let mut forks = BTreeMap::from([(F::Frontier, ForkCondition::Block(0))]);
    let blocks = [
        (F::Homestead, config.homestead_block),
        (F::Dao, config.dao_fork_block.filter(|_| config.dao_fork_support)),
        (F::Tangerine, config.eip150_block),
        (F::SpuriousDragon, config.eip155_block.max(config.eip158_block)),
        (F::Byzantium, config.byzantium_block),
        (F::Constantinople, config.constantinople_block),
        (F::Petersburg, config.petersburg_block.or(config.constantinople_block)),
        (F::Istanbul, config.istanbul_block),
        (F::MuirGlacier, config.muir_glacier_block),
        (F::Berlin, config.berlin_block),
        (F::London, config.london_block),
        (F::ArrowGlacier, config.arrow_glacier_block),
        (F::GrayGlacier, config.gray_glacier_block),
    ];
    forks.extend(blocks.into_iter().filter_map(|(fork, at)| Some((fork, ForkCondition::Block(at?)))));
    if let Some(paris) = paris(config) {
        forks.insert(F::Paris, paris);
    }
    let times = [
        (F::Shanghai, config.shanghai_time),
        (F::Cancun, config.cancun_time),
        (F::Prague, config.prague_time),
        (F::Osaka, config.osaka_time),
        (F::Bpo1, config.bpo1_time),
        (F::Bpo2, config.bpo2_time),
        (F::Bpo3, config.bpo3_time),
        (F::Bpo4, config.bpo4_time),
        (F::Bpo5, config.bpo5_time),
    ];
    forks.extend(times.into_iter().filter_map(|(fork, at)| Some((fork, ForkCondition::Timestamp(at?)))));
    forks
}

/// The Merge: at genesis with a zero terminal difficulty, otherwise at the block that the file names for it.
fn paris(config: &ChainConfig) -> Option<ForkCondition> {
    let total_difficulty = config.terminal_total_difficulty?;
    let activation_block_number = if total_difficulty.is_zero() { 0 } else { config.merge_netsplit_block? };
    Some(ForkCondition::TTD { activation_block_number, fork_block: config.merge_netsplit_block, total_difficulty })
}
