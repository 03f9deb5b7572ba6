// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SystemAddresses} from "../SystemAddresses.sol";
import {ISupply} from "../interfaces/ISupply.sol";
import {StakingStorage} from "./StakingStorage.sol";

/// @title The pool of a validator: its rate, its rewards and its slashes
abstract contract Pools is StakingStorage {
    using SafeCast for uint256;

    /// Puts `amount` into the pool.
    /// @return shares What it is worth there, rounded down.
    function _mintShares(address operator, Validator storage v, uint256 amount) internal returns (uint256 shares) {
        (uint256 tokens, uint256 all) = (v.tokens, v.shares);
        if (tokens == 0) revert PoolEmpty(operator);
        shares = amount * all / tokens;
        if (shares == 0) revert BelowMinimum(amount, tokens / all + 1);
        v.tokens = (tokens + amount).toUint128();
        // One number bounds the shares of a position, those that warm up and the remainder of rewards.
        v.shares = (all + shares).toUint104();

        uint48 epoch = _clock.epoch;
        if (v.warmingEpoch == epoch) {
            v.warming = uint104(v.warming + shares);
        } else {
            (v.warming, v.warmingEpoch) = (uint104(shares), epoch);
            // Holds if the pool gets no reward as the epoch closes; otherwise it is written again then, at little cost.
            _perShareAt[operator][epoch] = v.perShare;
        }
    }

    /// What shares are worth, rounded down.
    function _worth(Validator storage v, uint256 shares) internal view returns (uint256) {
        uint256 all = v.shares;
        return all == 0 ? 0 : shares * v.tokens / all;
    }

    /// The stake of the operator itself. The dead shares are its own as far as the minimum is concerned.
    function _selfStake(address operator, Validator storage v) internal view returns (uint256) {
        return _worth(v, _positions[operator][operator].shares + DEAD_SHARES);
    }

    /// Credits the reward of `epoch`, which closes, to the shares that counted in it.
    /// @return taken `reward`, or zero if there are no such shares.
    function _reward(address operator, Validator storage v, uint256 epoch, uint256 reward)
        internal
        returns (uint256 taken)
    {
        uint256 warming = v.warmingEpoch == epoch ? v.warming : 0;
        // The dead shares never count: what they earned would be stuck.
        uint256 active = v.shares - warming - DEAD_SHARES;
        if (active == 0 || reward == 0) return 0;
        uint256 sum = reward * RAY + v.remainder;
        uint152 perShare = (v.perShare + sum / active).toUint152();
        (v.perShare, v.remainder) = (perShare, uint104(sum % active));
        if (warming > 0) _perShareAt[operator][epoch] = perShare;
        return reward;
    }

    /// Takes a part of the pool away, rounded up, and notes it for what is unbonding or was moved from here.
    /// @param rate 18 digits, at most one.
    /// @return amount Wei that left the pool. They are still to be burned or paid.
    function _cut(address operator, Validator storage v, uint256 rate) internal returns (uint256 amount) {
        amount = Math.ceilDiv(uint256(v.tokens) * rate, ONE);
        v.tokens -= uint128(amount);
        uint256 factor = _factorAfter(v, v.slashes.length) * (ONE - rate) / ONE;
        v.slashes.push(Slash(uint64(block.timestamp), uint192(factor)));
        emit Slashed(operator, rate, amount, factor);
    }

    /// Puts an announced commission into force if it was due at `time`.
    function _ripen(address operator, Validator storage v, uint256 time) internal {
        uint40 due = v.nextTime;
        if (due == 0 || due > time) return;
        v.commission = v.nextCommission;
        v.changedAt = due;
        (v.nextCommission, v.nextTime) = (0, 0);
        emit CommissionChanged(operator, v.commission);
    }

    /// What the first `events` slashes have left of one, scaled by 1e27.
    function _factorAfter(Validator storage v, uint256 events) internal view returns (uint256) {
        return events == 0 ? RAY : v.slashes[events - 1].factor;
    }

    /// How many slashes there were up to and including the time `time`.
    function _eventsAt(Validator storage v, uint256 time) internal view returns (uint256 high) {
        high = v.slashes.length;
        if (high == 0 || v.slashes[high - 1].time <= time) return high;
        uint256 low = 0;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (v.slashes[middle].time <= time) low = middle + 1;
            else high = middle;
        }
    }

    /// What slashes have left of an amount, rounded down: those after the first `since` and among the first `until`.
    function _left(address operator, uint256 amount, uint256 since, uint256 until) internal view returns (uint256) {
        if (until <= since) return amount;
        Validator storage v = _validators[operator];
        uint256 before = _factorAfter(v, since);
        return before == 0 ? 0 : amount * _factorAfter(v, until) / before;
    }

    function _burn(uint256 amount) internal {
        if (amount > 0) ISupply(SystemAddresses.SUPPLY).burn{value: amount}();
    }
}
