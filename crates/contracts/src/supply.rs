//! Binding of `Supply`, at [`crate::addresses::SUPPLY`]: the ledger of what was burned.
//!
//! Source: docs/staking.md, section 8. Amounts in wei.

use alloy_primitives::U256;

/// All the BTT that genesis makes: 990,000,000,000 BTT. Unit: wei.
pub const INITIAL: U256 = U256::from_limbs([0x84f_eb89_3000_0000, 0xc_7edc_ce72, 0, 0]);

alloy_sol_types::sol! {
    /// How much BTT there is.
    #[derive(Debug, PartialEq, Eq)]
    interface ISupply {
        event Burned(address indexed from, uint256 amount);

        error BurnFailed(uint256 amount);

        function burn() external payable;
        function burned() external view returns (uint256);
        function INITIAL() external view returns (uint256);
        function total() external view returns (uint256);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_supply_is_that_of_the_protocol() {
        assert_eq!(INITIAL, U256::from(990_000_000_000u64) * U256::from(10).pow(U256::from(18)));
    }
}
