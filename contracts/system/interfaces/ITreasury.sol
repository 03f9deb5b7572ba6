// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// How the fees and the reserve are divided as an epoch closes, in wei.
struct EpochPayment {
    uint256 stakersFees;
    uint256 treasuryFees;
    uint256 tips;
    uint256 toStaking;
    uint256 toTreasury;
}

/// @title The reserve of the stakers, the treasury and the programmes (docs/staking.md, section 6)
interface ITreasury {
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

    /// @notice Says what the balance given at genesis is for, in wei. Only `SYSTEM`, only in block 0.
    function genesis(uint256 reserve, uint256 funds, uint256 programmes) external payable;

    /// @notice Closes the books of an epoch and sends its rewards. Only `Staking`.
    function payEpoch(EpochPayment calldata payment) external;

    /// @notice Pays from the treasury proper. Only `Timelock`.
    function spend(address payable to, uint256 amount) external;

    /// @notice Pays from the service programmes. Only `Timelock`.
    function spendProgramme(address payable to, uint256 amount) external;

    function reserve() external view returns (uint256);
    function funds() external view returns (uint256);
    function programmes() external view returns (uint256);
}
