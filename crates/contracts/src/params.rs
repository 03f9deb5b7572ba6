//! Binding of `Params`, at [`crate::addresses::PARAMS`]: every number that votes may change.
//!
//! Source: docs/staking.md, section 9.

alloy_sol_types::sol! {
    /// Parameters in force.
    #[derive(Debug, PartialEq, Eq)]
    interface IParams {
        /// Numbers that nodes need for the next block. Units: wei per gas, percent, gas, milliseconds, seconds, members.
        struct Consensus {
            uint256 minBaseFee;
            uint256 elasticity;
            uint256 baseFeeDenominator;
            uint256 burnPercent;
            uint256 stakersPercent;
            uint256 blockGasLimit;
            uint256 blockTimeMs;
            uint256 idleTimeMs;
            uint256 epochLength;
            uint256 maxValidators;
        }

        function get(uint256 id) external view returns (uint256);
        function consensus() external view returns (Consensus memory);
    }
}
