// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// Whom to trust, from where on.
struct Tip {
    /// Of the set that signs the next block.
    bytes32 validatorsHash;
    uint64 height;
    /// When the set was last known to be bonded. Unit: seconds.
    uint64 time;
}

/// @title The age stop, and the way out of it
/// @notice Validators that have taken their stake out have nothing to lose. So signatures of the trusted set count for half of the unbonding
/// time only, from the time of the last block that was followed: who signs a false block meanwhile can still be slashed. After that
/// everything is refused for good, and the owner, a timelock or multisig, may announce a set to trust. It takes effect after 7 days at
/// least, by a second call, and can be called off until then. The owner can do nothing else here.
///
/// A set announced 7 days ago could be unbonded by now. So while a recovery waits, headers are followed from the announced set on, under
/// the same age rule but without becoming checkpoints, and the recovery takes effect where they have come to. If nobody followed the
/// chain, it has lapsed, and must be announced anew.
abstract contract Recovery is Ownable2Step {
    /// Unit: seconds.
    uint64 public constant RECOVERY_DELAY = 7 days;

    /// Half of the side chain's unbonding time. Unit: seconds.
    uint64 public immutable maxAge;

    Tip private _trusted;
    Tip private _announced;
    /// When the announced recovery may take effect; zero if there is none. Unit: seconds.
    uint64 private _readyAt;

    event RecoveryAnnounced(bytes32 indexed validatorsHash, uint64 indexed height, uint64 readyAt);
    event RecoveryCanceled(bytes32 indexed validatorsHash, uint64 indexed height);
    event Recovered(bytes32 indexed validatorsHash, uint64 indexed height);

    /// @notice The trusted set is too old to be trusted. Unit: seconds.
    error Stopped(uint256 age, uint64 maxAge);
    error NotStopped(uint256 age, uint64 maxAge);
    error NoRecovery();
    error RecoveryTooEarly(uint256 time, uint64 readyAt);
    error HeightTooLow(uint64 got, uint64 least);
    error BadTip(bytes32 validatorsHash, uint64 maxAge);
    error OwnerNeeded();

    constructor(address owner_, uint64 maxAge_, Tip memory tip) Ownable(owner_) {
        if (maxAge_ == 0 || tip.validatorsHash == 0) revert BadTip(tip.validatorsHash, maxAge_);
        maxAge = maxAge_;
        _trusted = tip;
    }

    /// @notice Announces whom to trust after the delay. Replaces what was announced before, and the delay begins anew.
    /// @param validatorsHash Of the set that signs the block after `height`, bonded at this time: the owner vouches for it.
    /// @param height Not below the last checkpoint's.
    function announceRecovery(bytes32 validatorsHash, uint64 height) external onlyOwner {
        if (!stopped()) revert NotStopped(_age(_trusted), maxAge);
        if (validatorsHash == 0) revert BadTip(validatorsHash, maxAge);
        if (height < _trusted.height) revert HeightTooLow(height, _trusted.height);
        _announced = Tip(validatorsHash, height, uint64(block.timestamp));
        _readyAt = uint64(block.timestamp) + RECOVERY_DELAY;
        emit RecoveryAnnounced(validatorsHash, height, _readyAt);
    }

    /// @notice Calls an announced recovery off.
    function cancelRecovery() external onlyOwner {
        if (!_recovering()) revert NoRecovery();
        emit RecoveryCanceled(_announced.validatorsHash, _announced.height);
        _endRecovery();
    }

    /// @notice Trusts the announced set, or the one that headers have led to since.
    function recover() external onlyOwner {
        if (!_recovering()) revert NoRecovery();
        if (block.timestamp < _readyAt) revert RecoveryTooEarly(block.timestamp, _readyAt);
        if (_age(_announced) > maxAge) revert Stopped(_age(_announced), maxAge);
        _trusted = _announced;
        emit Recovered(_announced.validatorsHash, _announced.height);
        _endRecovery();
    }

    /// @notice An owner that is nobody could not recover.
    function renounceOwnership() public view override onlyOwner {
        revert OwnerNeeded();
    }

    /// @notice Whether the last checkpoint is too old, so that nothing but a recovery moves on.
    function stopped() public view returns (bool) {
        return _age(_trusted) > maxAge;
    }

    /// @notice The set that is trusted, and the last checkpoint's height and time.
    function trusted() external view returns (Tip memory) {
        return _trusted;
    }

    /// @notice What a submission is held against: the announced tip while a recovery waits, else the trusted one.
    function activeTip() public view returns (Tip memory) {
        return _recovering() ? _announced : _trusted;
    }

    /// @notice When the announced recovery may take effect, zero if there is none. Unit: seconds.
    function recoveryReadyAt() external view returns (uint64) {
        return _readyAt;
    }

    function _recovering() internal view returns (bool) {
        return _readyAt != 0;
    }

    /// The tip to move. Reverts if its set is too old.
    function _activeTip() internal view returns (Tip storage tip) {
        tip = _recovering() ? _announced : _trusted;
        if (_age(tip) > maxAge) revert Stopped(_age(tip), maxAge);
    }

    function _endRecovery() private {
        delete _announced;
        delete _readyAt;
    }

    /// A block may be a little ahead of this chain's clock.
    function _age(Tip storage tip) private view returns (uint256) {
        return block.timestamp > tip.time ? block.timestamp - tip.time : 0;
    }
}
