// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SystemAddresses} from "../SystemAddresses.sol";
import {IParams} from "../interfaces/IParams.sol";
import {IStakingEvents} from "../interfaces/IStaking.sol";

/// @title What `Staking` keeps, and the little that all its parts share
/// @dev Amounts are wei, times seconds, shares units of 1e-18. Structs are packed by what is written together.
abstract contract StakingStorage is IStakingEvents, ReentrancyGuardTransient {
    uint256 internal constant ONE = 1e18;
    uint256 internal constant RAY = 1e27;
    uint256 internal constant BASIS = 10_000;
    uint256 internal constant DEAD_SHARES = 1 ether;

    struct Validator {
        uint128 tokens;
        uint128 shares;
        // Shares minted in `warmingEpoch`, less those that left in it.
        uint104 warming;
        uint48 warmingEpoch;
        uint16 commission;
        uint16 nextCommission;
        uint40 nextTime;
        bool listed;
        bool left;
        bool tombstoned;
        // Rewards of one share since its creation, scaled by 1e27, and what the last division left over. It begins at 1, not 0:
        // only differences count, and a slot that is never empty keeps the cost of closing an epoch within bounds.
        uint152 perShare;
        uint104 remainder;
        uint104 commissionOwed;
        uint40 jailedUntil;
        uint40 changedAt;
        uint40 rotatedAt;
        uint16 place;
        address signer;
        string name;
        string site;
        uint40[] jailings;
        Slash[] slashes;
    }

    struct Slash {
        uint64 time;
        uint192 factor;
    }

    struct Position {
        uint104 shares;
        uint104 active;
        uint48 epoch;
        uint152 index;
        uint104 owed;
    }

    /// A position as it was from `epoch` until its next change.
    struct Past {
        uint104 shares;
        uint104 active;
        uint48 epoch;
    }

    /// Shares that came from `source`; `events` of its slashes have been taken off already.
    struct Note {
        address source;
        uint40 end;
        uint48 events;
        uint104 shares;
    }

    struct Unbonding {
        address operator;
        uint40 start;
        uint40 unlock;
        uint8 place;
        uint128 amount;
        uint48 events;
        uint48 sourceEvents;
        address source;
        uint40 sourceEnd;
    }

    struct Account {
        uint64 nextId;
        mapping(uint256 id => Unbonding) unbondings;
        uint64[] open;
    }

    struct Clock {
        uint48 epoch;
        // The last epoch that was marked by `snapshot`.
        uint48 marked;
        uint40 epochStart;
    }

    /// A double sign: its time and the sum of all shares of power until then, 18 digits.
    struct DoubleSign {
        uint64 time;
        uint192 sum;
    }

    struct PoolAt {
        uint128 tokens;
        uint128 shares;
    }

    Clock internal _clock;
    address[] internal _listed;
    DoubleSign[] internal _doubleSigns;
    mapping(address operator => Validator) internal _validators;
    mapping(address signer => address operator) internal _operatorOf;
    mapping(address operator => mapping(address delegator => Position)) internal _positions;
    mapping(address operator => mapping(address delegator => Note[])) internal _notes;
    mapping(address operator => mapping(address delegator => Past[])) internal _history;
    /// `perShare` after the closing of an epoch in which shares of the pool warmed up.
    mapping(address operator => mapping(uint256 epoch => uint256)) internal _perShareAt;
    mapping(address delegator => Account) internal _accounts;
    mapping(uint256 epoch => mapping(address operator => PoolAt)) internal _poolAt;
    mapping(uint256 epoch => uint256) internal _totalAt;

    function _only(address caller) internal view {
        if (msg.sender != caller) revert Unauthorized(msg.sender);
    }

    function _onlySystemTransaction() internal view {
        if (tx.gasprice != 0 || msg.sender != block.coinbase) revert NotSystemTransaction(msg.sender, tx.gasprice);
    }

    /// The validator of an operator that created one.
    function _known(address operator) internal view returns (Validator storage v) {
        v = _validators[operator];
        if (v.shares == 0) revert UnknownValidator(operator);
    }

    function _param(uint256 id) internal view returns (uint256) {
        return IParams(SystemAddresses.PARAMS).get(id);
    }

    /// Pays BTT out, to nobody but who asked for it.
    function _pay(uint256 amount) internal {
        if (amount == 0) return;
        (bool sent,) = msg.sender.call{value: amount}("");
        if (!sent) revert PaymentRefused(msg.sender, amount);
    }
}
