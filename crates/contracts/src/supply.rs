//! Binding of `Supply`, at [`crate::addresses::SUPPLY`]: the ledger of what was burned.
//!
//! Source: docs/staking.md, section 8. Amounts in wei.

alloy_sol_types::sol! {
    /// How much BTT there is.
    #[derive(Debug, PartialEq, Eq)]
    interface ISupply {
        event Burned(address indexed from, uint256 amount);

        error BurnFailed(uint256 amount);

        function burn() external payable;
        function burned() external view returns (uint256);
        function total() external view returns (uint256);
    }
}
