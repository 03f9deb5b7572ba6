// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ParamIds} from "../interfaces/ParamIds.sol";
import {Pools} from "./Pools.sol";

/// @title What a delegator has at a validator: shares, rewards, and shares that came from elsewhere
abstract contract Positions is Pools {
    using SafeCast for uint256;

    uint256 internal constant MOST_NOTES = 16;

    /// Brings a position up to date: its rewards, its history, and what slashes elsewhere take from it.
    /// Everything that changes a position does this first.
    function _settle(address operator, address delegator) internal returns (Position storage p) {
        p = _positions[operator][delegator];
        Validator storage v = _validators[operator];
        (uint256 epoch, uint256 marked) = (_clock.epoch, _clock.marked);
        (uint256 shares, uint256 since) = (p.shares, p.epoch);
        if (since != epoch) {
            if (marked >= since && marked < epoch && (shares > 0 || since > 0)) {
                _history[operator][delegator].push(Past(p.shares, p.active, p.epoch));
            }
            uint256 reward = _pending(operator, v, p, epoch);
            p.active = uint104(shares);
            p.epoch = uint48(epoch);
            p.index = v.perShare;
            if (reward > 0) p.owed = (p.owed + reward).toUint104();
        }
        if (shares > 0 && _notes[operator][delegator].length > 0) _settleNotes(operator, delegator, v, p);
    }

    /// Rewards since the position was settled, in wei.
    function _pending(address operator, Validator storage v, Position storage p, uint256 epoch)
        internal
        view
        returns (uint256 reward)
    {
        (uint256 active, uint256 perShare) = (p.active, v.perShare);
        if (p.epoch == epoch) return 0;
        uint256 warming = p.shares - active;
        if (active > 0) reward = active * (perShare - p.index) / RAY;
        if (warming > 0) reward += warming * (perShare - _perShareAt[operator][p.epoch]) / RAY;
    }

    function _settleNotes(address operator, address delegator, Validator storage v, Position storage p) private {
        Note[] storage notes = _notes[operator][delegator];
        uint256 count = notes.length;
        uint256 kept = 0;
        uint256 lost = 0;
        for (uint256 i = 0; i < count; ++i) {
            Note memory note = notes[i];
            uint256 events = _eventsAt(_validators[note.source], Math.min(block.timestamp, note.end));
            uint256 left = _left(note.source, note.shares, note.events, events);
            lost += note.shares - left;
            if (note.end <= block.timestamp || left == 0) continue;
            if (kept != i || events != note.events) {
                note.shares = uint104(left);
                note.events = uint48(events);
                notes[kept] = note;
            }
            ++kept;
        }
        for (uint256 i = kept; i < count; ++i) {
            notes.pop();
        }
        if (lost == 0) return;
        uint256 amount = _worth(v, lost);
        _burnShares(v, p, lost);
        v.tokens -= uint128(amount);
        emit MovedSlashed(delegator, operator, lost, amount);
        _burn(amount);
    }

    /// Notes that shares came from `source`, which may still be slashed for what happened until `end`.
    function _note(address operator, address delegator, address source, uint256 end, uint256 shares) internal {
        Note[] storage notes = _notes[operator][delegator];
        if (notes.length == MOST_NOTES) revert TooMany(MOST_NOTES);
        notes.push(Note(source, uint40(end), uint48(_validators[source].slashes.length), uint104(shares)));
    }

    /// Shares that are not bound by a note.
    function _freeShares(address operator, address delegator, Position storage p) internal view returns (uint256 free) {
        Note[] storage notes = _notes[operator][delegator];
        free = p.shares;
        for (uint256 i = 0; i < notes.length; ++i) {
            free -= notes[i].shares;
        }
    }

    /// Puts `amount` into a pool for a delegator, whose position is settled.
    function _deposit(address operator, Position storage p, uint256 amount) internal returns (uint256 shares) {
        Validator storage v = _known(operator);
        if (v.left || v.tombstoned) revert Closed(operator);
        uint256 least = _param(ParamIds.MIN_DELEGATION);
        if (amount < least) revert BelowMinimum(amount, least);
        shares = _mintShares(operator, v, amount);
        p.shares = uint104(p.shares + shares);
    }

    /// Takes `amount`, or all of it if that is the highest number, out of a pool for a delegator, whose position is settled.
    /// @return taken Wei that left the pool.
    /// @return shares What was burned for them, rounded up.
    function _takeOut(address operator, Position storage p, uint256 amount)
        internal
        returns (uint256 taken, uint256 shares)
    {
        if (amount == 0) revert NothingToDo();
        Validator storage v = _known(operator);
        uint256 own = p.shares;
        uint256 worth = _worth(v, own);
        if (amount == type(uint256).max) {
            (taken, shares) = (worth, own);
        } else {
            if (amount > worth) revert InsufficientStake(worth, amount);
            (taken, shares) = (amount, Math.ceilDiv(amount * v.shares, v.tokens));
        }
        if (taken == 0) revert NothingToDo();
        _burnShares(v, p, shares);
        v.tokens -= uint128(taken);
        if (own > shares) {
            uint256 least = _param(ParamIds.MIN_DELEGATION);
            uint256 remains = _worth(v, own - shares);
            if (remains < least) revert RemainderTooSmall(remains, least);
        }
    }

    /// Burns shares of a settled position: those that do not count yet first, then those that lose the running epoch by it.
    function _burnShares(Validator storage v, Position storage p, uint256 shares) private {
        (uint256 own, uint256 active) = (p.shares, p.active);
        uint256 warming = Math.min(shares, own - active);
        p.shares = uint104(own - shares);
        p.active = uint104(active - (shares - warming));
        v.shares -= uint128(shares);
        // Shares of a position warm up only in the epoch in which the pool's last did.
        if (warming > 0) v.warming -= uint104(warming);
    }

    /// What slashes of its validator, and then of the one it was moved from, have left of an entry until now or its end.
    function _leftOf(Unbonding storage u) internal view returns (uint256 left) {
        uint256 end = Math.min(block.timestamp, u.unlock);
        left = _left(u.operator, u.amount, u.events, _eventsAt(_validators[u.operator], end));
        if (u.source != address(0)) {
            end = Math.min(end, u.sourceEnd);
            left = _left(u.source, left, u.sourceEvents, _eventsAt(_validators[u.source], end));
        }
    }
}
