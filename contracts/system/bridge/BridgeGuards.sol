// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Callers} from "../Callers.sol";
import {SystemAddresses} from "../SystemAddresses.sol";
import {IBridgeGuards} from "../interfaces/IBridgeGuards.sol";

/// @title Pauses and daily limits
/// @dev A limit is a bucket that empties evenly: what went through counts less by `perDay / 86,400` each second. So there is no hour at which
/// a new day begins, and a bucket filled by one party is free again after a day at the latest.
abstract contract BridgeGuards is IBridgeGuards {
    struct Limit {
        /// 0 for none.
        uint128 perDay;
        uint128 used;
        /// When `used` was true.
        uint64 time;
    }

    /// Names everything in a pause.
    uint256 internal constant EVERYTHING = type(uint256).max;
    /// A pause that time does not end.
    uint64 internal constant FOREVER = type(uint64).max;
    /// Longest time in which the guardian can keep things paused.
    uint256 public constant GUARDIAN_TIME = 72 hours;
    /// Time after that in which it cannot pause.
    uint256 public constant GUARDIAN_REST = 7 days;

    mapping(uint256 what => uint64) private _pausedUntil;
    mapping(uint256 rootId => mapping(address rootToken => Limit)) private _limits;
    /// When the guardian's first pause since its last rest began.
    uint64 private _guardianSince;

    /// Who may pause for a short time; zero if nobody.
    function guardian() public view virtual returns (address);

    /// @inheritdoc IBridgeGuards
    function pause(uint256 what) external {
        uint64 until = FOREVER;
        if (msg.sender != SystemAddresses.TIMELOCK) {
            _onlyGuardian();
            until = _guardianUntil();
            if (_pausedUntil[what] > until) revert PausedByGovernance(what);
        }
        _pausedUntil[what] = until;
        emit Paused(what, msg.sender, until);
    }

    /// @inheritdoc IBridgeGuards
    function unpause(uint256 what) external {
        uint64 until = _pausedUntil[what];
        if (msg.sender != SystemAddresses.TIMELOCK) {
            _onlyGuardian();
            if (until == FOREVER) revert PausedByGovernance(what);
        }
        if (until <= block.timestamp) revert NotPaused(what);
        // Never zero again: a slot that is full costs less to pause.
        _pausedUntil[what] = uint64(block.timestamp);
        emit Unpaused(what, msg.sender);
    }

    /// @inheritdoc IBridgeGuards
    function setLimit(uint256 rootId, address token, uint256 perDay) external {
        Callers.only(SystemAddresses.TIMELOCK);
        if (perDay > type(uint128).max) revert LimitTooHigh(perDay, type(uint128).max);
        Limit storage limit = _limits[rootId][token];
        // What was used stays used: a change of the limit does not open the gate anew.
        (limit.used, limit.time) = (uint128(_used(limit)), uint64(block.timestamp));
        limit.perDay = uint128(perDay);
        emit LimitSet(rootId, token, perDay);
    }

    /// @inheritdoc IBridgeGuards
    function pausedUntil(uint256 what) external view returns (uint64) {
        return _pausedUntil[what];
    }

    /// @inheritdoc IBridgeGuards
    function limitOf(uint256 rootId, address token) external view returns (uint256 perDay, uint256 left) {
        Limit storage limit = _limits[rootId][token];
        perDay = limit.perDay;
        if (perDay == 0) return (type(uint256).max, type(uint256).max);
        uint256 used = _used(limit);
        left = used >= perDay ? 0 : perDay - used;
    }

    /// Passes if neither everything nor the root chain is paused.
    function _passRoot(uint256 rootId) internal view {
        _passOne(EVERYTHING);
        _passOne(rootId);
    }

    /// Passes if this token may go through, and counts the amount. `token` is the one here, zero for BTT.
    function _passToken(uint256 rootId, address token, address rootToken, uint256 amount) internal {
        _passOne(uint160(token));
        Limit storage limit = _limits[rootId][rootToken];
        uint256 perDay = limit.perDay;
        if (perDay == 0) return;
        uint256 used = _used(limit);
        uint256 left = used >= perDay ? 0 : perDay - used;
        if (amount > left) revert OverLimit(rootId, rootToken, amount, left);
        // At most the limit, which has 128 bits.
        (limit.used, limit.time) = (uint128(used + amount), uint64(block.timestamp));
    }

    /// Passes if the token is not paused.
    function _passOne(uint256 what) internal view {
        uint64 until = _pausedUntil[what];
        if (until > block.timestamp) revert IsPaused(what, until);
    }

    /// What still counts of the last day.
    function _used(Limit storage limit) private view returns (uint256) {
        uint256 used = limit.used;
        uint256 drained = (block.timestamp - limit.time) * limit.perDay / 1 days;
        return drained >= used ? 0 : used - drained;
    }

    function _onlyGuardian() private view {
        address known = guardian();
        if (known == address(0) || msg.sender != known) revert NotGuard(msg.sender, known);
    }

    /// The end of the guardian's pauses: all that begin within 72 hours of the first end with these. The rest goes by the time, not by who
    /// the guardian is.
    function _guardianUntil() private returns (uint64) {
        uint256 since = _guardianSince;
        uint256 rested = since + GUARDIAN_TIME + GUARDIAN_REST;
        if (since == 0 || block.timestamp >= rested) {
            since = block.timestamp;
            _guardianSince = uint64(since);
        } else if (block.timestamp >= since + GUARDIAN_TIME) {
            revert GuardianRests(block.timestamp, rested);
        }
        return uint64(since + GUARDIAN_TIME);
    }
}
