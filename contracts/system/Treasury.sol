// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EpochPayment, ITreasury} from "./interfaces/ITreasury.sol";
import {SystemAddresses} from "./SystemAddresses.sol";

/// @title Treasury
/// @notice Holds the reserve of the stakers, the treasury proper and the service programmes. The node credits the fees of
/// each block to its balance; they belong to none of the three until their epoch closes.
contract Treasury is ITreasury {
    /// @inheritdoc ITreasury
    uint256 public reserve;
    /// @inheritdoc ITreasury
    uint256 public funds;
    /// @inheritdoc ITreasury
    uint256 public programmes;

    modifier onlyTimelock() {
        if (msg.sender != SystemAddresses.TIMELOCK) revert NotTimelock(msg.sender);
        _;
    }

    /// @notice BTT sent here by anybody is for the treasury proper.
    receive() external payable {
        funds += msg.value;
        emit Received(msg.sender, msg.value);
    }

    /// @inheritdoc ITreasury
    function genesis(uint256 reserve_, uint256 funds_, uint256 programmes_) external payable {
        if (msg.sender != SystemAddresses.SYSTEM) revert NotSystem(msg.sender);
        if (block.number != 0) revert NotGenesis(block.number);
        uint256 sum = reserve_ + funds_ + programmes_;
        if (address(this).balance != sum) revert WrongBalance(address(this).balance, sum);
        reserve = reserve_;
        funds = funds_;
        programmes = programmes_;
    }

    /// @inheritdoc ITreasury
    function payEpoch(EpochPayment calldata payment) external {
        if (msg.sender != SystemAddresses.STAKING) revert NotStaking(msg.sender);
        uint256 available = reserve + payment.stakersFees + payment.tips;
        uint256 needed = payment.toStaking + payment.toTreasury;
        if (available < needed) revert Insufficient(available, needed);
        reserve = available - needed;
        funds += payment.treasuryFees + payment.toTreasury;
        emit EpochPaid(payment.toStaking, payment.toTreasury, reserve, funds);
        if (payment.toStaking > 0) _pay(payable(msg.sender), payment.toStaking);
    }

    /// @inheritdoc ITreasury
    function spend(address payable to, uint256 amount) external onlyTimelock {
        if (amount > funds) revert Insufficient(funds, amount);
        funds -= amount;
        emit Spent(to, amount, false);
        _pay(to, amount);
    }

    /// @inheritdoc ITreasury
    function spendProgramme(address payable to, uint256 amount) external onlyTimelock {
        if (amount > programmes) revert Insufficient(programmes, amount);
        programmes -= amount;
        emit Spent(to, amount, true);
        _pay(to, amount);
    }

    function _pay(address payable to, uint256 amount) private {
        (bool sent,) = to.call{value: amount}("");
        if (!sent) revert PaymentRefused(to, amount);
    }
}
