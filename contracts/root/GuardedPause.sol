// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title A pause that ends by itself
/// @notice The guardian may pause for 72 hours, and do nothing else (docs/protocol.md, section 7). Between the end of a pause and the next
/// one lie 7 days, whoever is guardian then: a stolen key of a guardian cannot keep the bridge shut. The owner names the guardian and may
/// end a pause early.
abstract contract GuardedPause is Ownable2Step {
    /// Unit: seconds.
    uint64 public constant PAUSE_TIME = 72 hours;
    /// From the end of a pause, as it was when it began. Unit: seconds.
    uint64 public constant PAUSE_COOL_DOWN = 7 days;

    address public guardian;
    /// When the running pause ends. Unit: seconds.
    uint64 public pausedUntil;
    /// When a pause may begin again. Unit: seconds.
    uint64 public nextPause;

    event Paused(address indexed guardian, uint64 until);
    event PauseEnded();
    event GuardianChanged(address indexed guardian);

    error NotGuardian(address got, address expected);
    error PausedNow(uint256 time, uint64 until);
    error NotPaused(uint256 time);
    error PauseCoolDown(uint256 time, uint64 next);

    modifier whenNotPaused() {
        if (block.timestamp < pausedUntil) revert PausedNow(block.timestamp, pausedUntil);
        _;
    }

    /// @notice Stops deposits and payments.
    function pause() external {
        if (msg.sender != guardian) revert NotGuardian(msg.sender, guardian);
        if (block.timestamp < nextPause) revert PauseCoolDown(block.timestamp, nextPause);
        pausedUntil = uint64(block.timestamp) + PAUSE_TIME;
        nextPause = pausedUntil + PAUSE_COOL_DOWN;
        emit Paused(msg.sender, pausedUntil);
    }

    /// @notice Ends a pause early. The cool-down stays.
    function endPause() external onlyOwner {
        if (block.timestamp >= pausedUntil) revert NotPaused(block.timestamp);
        pausedUntil = uint64(block.timestamp);
        emit PauseEnded();
    }

    /// @notice Names the guardian; zero for none.
    function setGuardian(address guardian_) external onlyOwner {
        _setGuardian(guardian_);
    }

    function _setGuardian(address guardian_) internal {
        guardian = guardian_;
        emit GuardianChanged(guardian_);
    }
}
