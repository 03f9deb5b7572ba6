//! Which tip to suggest.

use crate::{RpcConfig, error::Reply};
use alloy_consensus::Transaction as _;
use alloy_primitives::B256;
use bttc_primitives::Height;
use bttc_storage::ReadTx;
use parking_lot::Mutex;

const GWEI: u128 = 1_000_000_000;

/// Remembers the suggestion of the newest block.
#[derive(Debug, Default)]
pub(crate) struct FeeOracle {
    last: Mutex<Option<(B256, u128)>>,
}

impl FeeOracle {
    /// The configured percentile of the tips that recent blocks took, or the default where none did. Unit: wei per gas.
    pub(crate) fn tip(&self, read: &ReadTx, config: &RpcConfig) -> Reply<u128> {
        let Some(head) = read.head()? else { return Ok(default_tip(config)) };
        if let Some((hash, tip)) = *self.last.lock()
            && hash == head.hash
        {
            return Ok(tip);
        }
        let mut tips = Vec::new();
        let oldest = head.height().saturating_sub(config.tip_blocks.saturating_sub(1)).max(read.kept()?.blocks);
        for height in oldest..=head.height() {
            collect_tips(read, height, &mut tips)?;
        }
        let tip = suggestion(tips, config);
        *self.last.lock() = Some((head.hash, tip));
        Ok(tip)
    }
}

/// Tips that the transactions of a block paid; those that paid none (system transactions among them) say nothing about the price.
fn collect_tips(read: &ReadTx, height: Height, tips: &mut Vec<u128>) -> Reply<()> {
    let Some(block) = read.block(height)? else { return Ok(()) };
    let base_fee = block.header.base_fee_per_gas.unwrap_or_default();
    let paid = block.body.transactions.iter().filter_map(|tx| tx.effective_tip_per_gas(base_fee));
    tips.extend(paid.filter(|tip| *tip > 0));
    Ok(())
}

fn default_tip(config: &RpcConfig) -> u128 {
    u128::from(config.default_tip_gwei) * GWEI
}

fn suggestion(mut tips: Vec<u128>, config: &RpcConfig) -> u128 {
    tips.sort_unstable();
    let rank = tips.len().saturating_sub(1) * usize::from(config.tip_percentile.min(100)) / 100;
    let tip = tips.get(rank).copied().unwrap_or_else(|| default_tip(config));
    tip.min(u128::from(config.max_tip_gwei) * GWEI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_taken_and_the_ceiling_holds() {
        let config = RpcConfig::default();
        assert_eq!(suggestion(Vec::new(), &config), 100 * GWEI);
        assert_eq!(suggestion((1..=101).rev().collect(), &config), 61);
        assert_eq!(suggestion(vec![7], &config), 7);
        assert_eq!(suggestion(vec![u128::MAX], &config), 50_000 * GWEI);
    }
}
