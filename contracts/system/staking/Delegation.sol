// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ParamIds} from "../interfaces/ParamIds.sol";
import {Unbondings} from "./Unbondings.sol";

/// @title What delegators call
abstract contract Delegation is Unbondings {
    /// @notice Stakes the BTT sent with the call. It counts from the next epoch on.
    function delegate(address operator) external payable nonReentrant {
        Position storage p = _settle(operator, msg.sender);
        emit Delegated(msg.sender, operator, msg.value, _deposit(operator, p, msg.value));
    }

    /// @notice Takes `amount` wei out, or everything if it is the highest number; it is paid out after the unbonding time.
    /// @return id The first of the entries made: one for what is bound to no other validator, one for each move taken from.
    function undelegate(address operator, uint256 amount) external nonReentrant returns (uint256 id) {
        return _undelegate(operator, amount);
    }

    /// @notice Takes everything out.
    function undelegateAll(address operator) external nonReentrant returns (uint256 id) {
        return _undelegate(operator, type(uint256).max);
    }

    /// @notice Moves `amount` wei to another validator at once. For the unbonding time it is slashed for both.
    function redelegate(address from, address to, uint256 amount) external nonReentrant {
        _redelegate(from, to, amount);
    }

    /// @notice Moves everything to another validator.
    function redelegateAll(address from, address to) external nonReentrant {
        _redelegate(from, to, type(uint256).max);
    }

    /// @notice Pays the caller's rewards from the given validators.
    function claim(address[] calldata operators) external nonReentrant {
        uint256 sum = 0;
        for (uint256 i = 0; i < operators.length; ++i) {
            sum += _takeRewards(operators[i]);
        }
        _pay(sum);
    }

    /// @notice Stakes the caller's rewards from a validator with it.
    function restake(address operator) external nonReentrant {
        uint256 amount = _takeRewards(operator);
        uint256 shares = _deposit(operator, _positions[operator][msg.sender], amount);
        emit Delegated(msg.sender, operator, amount, shares);
    }

    /// @notice Takes off what slashes elsewhere cost shares that were moved here. Anybody may do it.
    function settleMoved(address delegator, address operator) external nonReentrant {
        _settle(operator, delegator);
    }

    function _takeRewards(address operator) private returns (uint256 amount) {
        _known(operator);
        Position storage p = _settle(operator, msg.sender);
        amount = p.owed;
        if (amount == 0) return 0;
        p.owed = 0;
        emit Claimed(msg.sender, operator, amount);
    }

    function _redelegate(address from, address to, uint256 amount) private {
        if (from == to) revert SamePool(to);
        Position storage source = _settle(from, msg.sender);
        Position storage target = _settle(to, msg.sender);
        uint256 free = _freeShares(from, msg.sender, source);
        (uint256 taken, uint256 burned) = _takeOut(from, source, amount);
        if (burned > free) revert StakeStillBound(free, burned);

        uint256 shares = _deposit(to, target, taken);
        uint256 end = block.timestamp + _param(ParamIds.UNBONDING_TIME);
        _note(to, msg.sender, from, end, shares);
        emit Redelegated(msg.sender, from, to, taken, shares, uint64(end));
    }
}
