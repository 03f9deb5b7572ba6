//! Base fee: EIP-1559 with a floor (docs/protocol.md, section 4).

use bttc_primitives::{ChainSpec, EthereumHardforks, Header};

/// Base fee of the block after `parent`; none before London. Unit: wei per gas.
pub fn next_base_fee(spec: &ChainSpec, parent: &Header) -> Option<u64> {
    let number = parent.number.saturating_add(1);
    if !spec.is_london_active_at_block(number) {
        return None;
    }
    let floor = spec.fees().map_or(0, |fees| fees.min_base_fee);
    // The first block of London starts from the initial fee (EIP-1559).
    let Some(base_fee) = parent.base_fee_per_gas else {
        return Some(alloy_eips::eip1559::INITIAL_BASE_FEE.max(floor));
    };
    let next =
        alloy_eips::calc_next_block_base_fee(parent.gas_used, parent.gas_limit, base_fee, spec.base_fee_params());
    Some(next.max(floor))
}
