//! Binding of `Treasury`, at [`crate::addresses::TREASURY`]: reserve of the stakers, treasury proper, programmes.
//!
//! Source: docs/staking.md, section 6. Amounts in wei.

alloy_sol_types::sol! {
    /// Fees not closed yet, and three numbers that say whose the rest of the balance is.
    #[derive(Debug, PartialEq, Eq)]
    interface ITreasury {
        /// How fees and reserve are divided as an epoch closes.
        struct EpochPayment {
            uint256 stakersFees;
            uint256 treasuryFees;
            uint256 tips;
            uint256 toStaking;
            uint256 toTreasury;
        }

        event EpochPaid(uint256 toStaking, uint256 toTreasury, uint256 reserve, uint256 funds);
        event Spent(address indexed to, uint256 amount, bool programme);
        event Received(address indexed from, uint256 amount);

        error NotSystem(address caller);
        error NotGenesis(uint256 height);
        error NotStaking(address caller);
        error NotTimelock(address caller);
        error WrongBalance(uint256 balance, uint256 expected);
        error Insufficient(uint256 available, uint256 needed);
        error PaymentRefused(address to, uint256 amount);
        function genesis(uint256 reserve, uint256 funds, uint256 programmes) external payable;
        function payEpoch(EpochPayment calldata payment) external;
        function spend(address payable to, uint256 amount) external;
        function spendProgramme(address payable to, uint256 amount) external;

        function reserve() external view returns (uint256);
        function funds() external view returns (uint256);
        function programmes() external view returns (uint256);
    }
}
