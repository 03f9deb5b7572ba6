// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {
    Candidate,
    IStakingViews,
    MovedView,
    PositionView,
    SlashView,
    UnbondingView,
    ValidatorView
} from "../interfaces/IStaking.sol";
import {ParamIds} from "../interfaces/ParamIds.sol";
import {Positions} from "./Positions.sol";

/// @title What nodes, wallets and explorers read
abstract contract Views is Positions, IStakingViews {
    /// @notice The operator that the signer belongs to, or did once; zero if none.
    function operatorOf(address signer) external view returns (address) {
        return _operatorOf[signer];
    }

    /// @notice Everybody that may be elected, in no order.
    function candidates() external view returns (Candidate[] memory list) {
        uint256 least = _param(ParamIds.MIN_SELF_STAKE);
        uint256 count = _listed.length;
        uint256 found = 0;
        list = new Candidate[](count);
        for (uint256 i = 0; i < count; ++i) {
            address operator = _listed[i];
            Validator storage v = _validators[operator];
            if (v.left || v.tombstoned || v.jailedUntil != 0 || v.tokens == 0) continue;
            if (_selfStake(operator, v) < least) continue;
            list[found++] = Candidate(operator, v.signer, v.tokens);
        }
        assembly ("memory-safe") {
            mstore(list, found)
        }
    }

    /// @notice How many validators `validators` lists.
    function candidateCount() external view returns (uint256) {
        return _listed.length;
    }

    /// @notice Up to `count` validators that were not evicted, beginning with number `from`, in no order.
    function validators(uint256 from, uint256 count) external view returns (ValidatorView[] memory list) {
        count = _page(_listed.length, from, count);
        list = new ValidatorView[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = validator(_listed[from + i]);
        }
    }

    /// @notice All about a validator, evicted or not. Reverts if the address never operated one.
    function validator(address operator) public view returns (ValidatorView memory view_) {
        Validator storage v = _known(operator);
        view_.operator = operator;
        view_.signer = v.signer;
        view_.tokens = v.tokens;
        view_.shares = v.shares;
        view_.warming = v.warmingEpoch == _clock.epoch ? v.warming : 0;
        view_.selfStake = _selfStake(operator, v);
        view_.commissionOwed = v.commissionOwed;
        view_.perShare = v.perShare;
        bool ripe = v.nextTime != 0 && v.nextTime <= _clock.epochStart;
        view_.commission = ripe ? v.nextCommission : v.commission;
        view_.commissionChangedAt = ripe ? v.nextTime : v.changedAt;
        if (!ripe) (view_.nextCommission, view_.nextCommissionTime) = (v.nextCommission, v.nextTime);
        view_.jailedUntil = v.tombstoned ? type(uint64).max : v.jailedUntil;
        view_.rotatedAt = v.rotatedAt;
        (view_.listed, view_.left, view_.tombstoned) = (v.listed, v.left, v.tombstoned);
        (view_.jailings, view_.slashes) = (v.jailings.length, v.slashes.length);
        (view_.name, view_.site) = (v.name, v.site);
    }

    /// @notice What a delegator has at a validator. Slashes of moved stake count once they are settled (see `moved`).
    function position(address delegator, address operator) external view returns (PositionView memory) {
        Position storage p = _positions[operator][delegator];
        Validator storage v = _validators[operator];
        uint256 epoch_ = _clock.epoch;
        uint256 active = p.epoch == epoch_ ? p.active : p.shares;
        return PositionView(p.shares, active, _worth(v, p.shares), p.owed + _pending(operator, v, p, epoch_));
    }

    /// @notice Up to `count` entries that are open, beginning with number `from`, in no order.
    function unbondings(address delegator, uint256 from, uint256 count)
        external
        view
        returns (UnbondingView[] memory list)
    {
        Account storage account = _accounts[delegator];
        count = _page(account.open.length, from, count);
        list = new UnbondingView[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 id = account.open[from + i];
            Unbonding storage u = account.unbondings[id];
            list[i] = UnbondingView(id, u.operator, u.amount, _leftOf(u), u.start, u.unlock, u.source, u.sourceEnd);
        }
    }

    /// @notice Shares at a validator that came from elsewhere. Those past their end are free, but for slashes not settled yet.
    function moved(address delegator, address operator) external view returns (MovedView[] memory list) {
        Note[] storage notes = _notes[operator][delegator];
        list = new MovedView[](notes.length);
        for (uint256 i = 0; i < list.length; ++i) {
            Note memory note = notes[i];
            uint256 events = _eventsAt(_validators[note.source], Math.min(block.timestamp, note.end));
            uint256 left = _left(note.source, note.shares, note.events, events);
            list[i] = MovedView(note.source, note.shares, left, note.end);
        }
    }

    /// @notice Up to `count` slashes of a validator, the first of all being number 0.
    function slashes(address operator, uint256 from, uint256 count) external view returns (SlashView[] memory list) {
        Slash[] storage all = _validators[operator].slashes;
        count = _page(all.length, from, count);
        list = new SlashView[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = SlashView(all[from + i].time, all[from + i].factor);
        }
    }

    /// @notice Wei that `claimCommission` would pay.
    function commissionOwed(address operator) external view returns (uint256) {
        return _validators[operator].commissionOwed;
    }

    /// @notice The number of the running epoch.
    function epoch() external view returns (uint64) {
        return _clock.epoch;
    }

    /// @notice The pool of a member of the next set when the marked epoch `marked` closed; zero for anybody else.
    function poolAt(uint64 marked, address operator) external view returns (uint256 tokens, uint256 shares) {
        PoolAt memory pool = _poolAt[marked][operator];
        return (pool.tokens, pool.shares);
    }

    /// @notice The sum of the pools of that set.
    function totalAt(uint64 marked) external view returns (uint256 tokens) {
        return _totalAt[marked];
    }

    /// @notice What the shares of a delegator that counted in the marked epoch `marked` were worth when it closed.
    function weightAt(uint64 marked, address delegator, address operator) external view returns (uint256) {
        PoolAt memory pool = _poolAt[marked][operator];
        if (pool.shares == 0) return 0;
        return _activeAt(marked, operator, delegator) * pool.tokens / pool.shares;
    }

    /// The shares that counted in a marked epoch. A position that changed later left what it was in its history.
    function _activeAt(uint256 marked, address operator, address delegator) private view returns (uint256) {
        Position storage p = _positions[operator][delegator];
        if (p.epoch <= marked) return p.epoch == marked ? p.active : p.shares;
        Past[] storage history = _history[operator][delegator];
        (uint256 low, uint256 high) = (0, history.length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (history[middle].epoch <= marked) low = middle + 1;
            else high = middle;
        }
        if (low == 0) return 0;
        Past memory past = history[low - 1];
        return past.epoch == marked ? past.active : past.shares;
    }

    function _page(uint256 length, uint256 from, uint256 count) private pure returns (uint256) {
        if (from >= length) return 0;
        return Math.min(count, length - from);
    }
}
