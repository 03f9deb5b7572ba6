// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IStakingActions} from "../interfaces/IStaking.sol";
import {ParamIds} from "../interfaces/ParamIds.sol";
import {Positions} from "./Positions.sol";

/// @title Stake on its way out
abstract contract Unbondings is Positions, IStakingActions {
    uint256 internal constant MOST_UNBONDINGS = 64;

    /// @notice Puts what is left of an entry back into its pool, as a new delegation. A move it came from binds it again.
    function cancelUnbonding(uint256 id) external nonReentrant {
        (address operator, uint256 left, uint256 lost, address source, uint256 end) = _close(id);
        Position storage p = _settle(operator, msg.sender);
        uint256 shares = _deposit(operator, p, left);
        if (end > block.timestamp) _note(operator, msg.sender, source, end, shares);
        emit UnbondingCancelled(msg.sender, operator, id, left, lost);
        emit Delegated(msg.sender, operator, left, shares);
        _burn(lost);
    }

    /// @notice Pays what is left of the caller's entries `ids`, all of which must be over.
    function withdraw(uint256[] calldata ids) external nonReentrant {
        (uint256 paid, uint256 burned) = (0, 0);
        for (uint256 i = 0; i < ids.length; ++i) {
            uint256 unlock = _accounts[msg.sender].unbondings[ids[i]].unlock;
            if (block.timestamp < unlock) revert TooEarly(block.timestamp, unlock);
            (uint256 left, uint256 lost) = _withdraw(ids[i]);
            (paid, burned) = (paid + left, burned + lost);
        }
        _burn(burned);
        _pay(paid);
    }

    /// @notice Pays what is left of all entries of the caller that are over.
    function withdrawAll() external nonReentrant {
        Account storage account = _accounts[msg.sender];
        (uint256 paid, uint256 burned) = (0, 0);
        for (uint256 i = account.open.length; i > 0; --i) {
            uint256 id = account.open[i - 1];
            if (block.timestamp < account.unbondings[id].unlock) continue;
            (uint256 left, uint256 lost) = _withdraw(id);
            (paid, burned) = (paid + left, burned + lost);
        }
        if (paid + burned == 0) revert NothingToDo();
        _burn(burned);
        _pay(paid);
    }

    function _undelegate(address operator, uint256 amount) internal returns (uint256 id) {
        Position storage p = _settle(operator, msg.sender);
        uint256 free = _freeShares(operator, msg.sender, p);
        id = _accounts[msg.sender].nextId;
        (uint256 taken, uint256 shares) = _takeOut(operator, p, amount);

        uint256 unlock = block.timestamp + _param(ParamIds.UNBONDING_TIME);
        uint256 part = Math.min(free, shares);
        uint256 worth = taken * part / shares;
        _open(operator, worth, unlock, address(0), 0);
        if (part < shares) _openNotes(operator, taken - worth, shares - part, unlock);
    }

    /// Takes shares from notes, oldest first, with an entry for each. Each gets its share of the rest; the last gets all of it.
    function _openNotes(address operator, uint256 amount, uint256 shares, uint256 unlock) private {
        Note[] storage notes = _notes[operator][msg.sender];
        uint256 count = notes.length;
        uint256 kept = 0;
        for (uint256 i = 0; i < count; ++i) {
            Note memory note = notes[i];
            if (shares > 0) {
                uint256 part = Math.min(note.shares, shares);
                uint256 worth = amount * part / shares;
                _open(operator, worth, unlock, note.source, Math.min(note.end, unlock));
                (amount, shares) = (amount - worth, shares - part);
                note.shares -= uint104(part);
                if (note.shares == 0) continue;
            }
            notes[kept++] = note;
        }
        for (uint256 i = kept; i < count; ++i) {
            notes.pop();
        }
    }

    function _open(address operator, uint256 amount, uint256 unlock, address source, uint256 sourceEnd) private {
        if (amount == 0) return;
        Account storage account = _accounts[msg.sender];
        uint256 place = account.open.length;
        if (place == MOST_UNBONDINGS) revert TooMany(MOST_UNBONDINGS);
        uint64 id = account.nextId++;
        account.open.push(id);
        Unbonding storage u = account.unbondings[id];
        u.operator = operator;
        u.start = uint40(block.timestamp);
        u.unlock = uint40(unlock);
        u.place = uint8(place);
        u.amount = uint128(amount);
        u.events = uint48(_validators[operator].slashes.length);
        if (source != address(0)) {
            u.sourceEvents = uint48(_validators[source].slashes.length);
            u.source = source;
            u.sourceEnd = uint40(sourceEnd);
        }
        emit Undelegated(msg.sender, operator, id, amount, uint64(unlock), source);
    }

    function _withdraw(uint256 id) private returns (uint256 left, uint256 lost) {
        address operator;
        (operator, left, lost,,) = _close(id);
        emit Withdrawn(msg.sender, operator, id, left, lost);
    }

    /// Removes an entry of the caller. What it loses by slashes is still to be burned.
    function _close(uint256 id)
        private
        returns (address operator, uint256 left, uint256 lost, address source, uint256 sourceEnd)
    {
        Account storage account = _accounts[msg.sender];
        Unbonding storage u = account.unbondings[id];
        operator = u.operator;
        if (operator == address(0)) revert UnknownUnbonding(id);
        (source, sourceEnd) = (u.source, u.sourceEnd);
        left = _leftOf(u);
        lost = u.amount - left;

        uint256 place = u.place;
        uint256 last = account.open.length - 1;
        if (place != last) {
            uint64 moving = account.open[last];
            account.open[place] = moving;
            account.unbondings[moving].place = uint8(place);
        }
        account.open.pop();
        delete account.unbondings[id];
    }
}
