// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Callers} from "./Callers.sol";
import {ParamRow, ParamTable} from "./ParamTable.sol";
import {SystemAddresses} from "./SystemAddresses.sol";
import {IParams} from "./interfaces/IParams.sol";
import {Lane} from "./interfaces/Lane.sol";
import {ParamIds as Id} from "./interfaces/ParamIds.sol";

/// @title Parameters that governance may change, and planned forks
/// @notice Each parameter has bounds, a largest step and a cool-down. A change is pending until the next epoch closes.
/// @dev docs/staking.md, section 9; docs/parameters.md lists them all. Times in seconds, amounts in wei.
contract Params is IParams {
    /// @notice Another network than mainnet, whose bounds genesis may widen downwards, has another chain id.
    uint256 public constant MAINNET = 990_990;

    /// @notice Longest name of a fork, in bytes.
    uint256 public constant MAX_FORK_NAME = 32;

    /// @notice What genesis sets for a parameter in place of the row of `ParamTable`.
    struct Setting {
        uint256 id;
        uint256 value;
        uint256 min;
        uint256 max;
        uint256 step;
        uint256 coolDown;
    }

    /// @notice All about one parameter.
    /// @param pending value that the next closing of an epoch brings, if `isPending`
    /// @param changed time of the last `set`, zero if there was none
    struct Param {
        uint256 id;
        uint256 value;
        uint256 min;
        uint256 max;
        uint256 step;
        uint256 coolDown;
        Lane lane;
        bool isPending;
        uint256 pending;
        uint256 changed;
    }

    /// @notice What a node needs for the next block.
    struct Consensus {
        uint256 minBaseFee;
        uint256 elasticity;
        uint256 baseFeeDenominator;
        uint256 burnPercent;
        uint256 stakersPercent;
        uint256 blockGasLimit;
        uint256 blockTimeMs;
        uint256 idleTimeMs;
        uint256 epochLength;
        uint256 maxValidators;
    }

    struct Current {
        uint104 value;
        uint104 pending;
        uint40 changed;
        bool isPending;
    }

    struct Limits {
        uint104 min;
        uint104 max;
        uint40 coolDown;
        Lane lane;
    }

    mapping(uint256 id => Current) private _current;
    mapping(uint256 id => Limits) private _limits;
    mapping(uint256 id => uint256) private _steps;
    /// Bit `id` is set while a value of `id` is pending.
    uint256 private _pendingBits;
    string private _forkName;
    uint64 private _forkTime;

    event ParamSet(uint256 indexed id, uint256 oldValue, uint256 newValue);
    event ParamInForce(uint256 indexed id, uint256 value);
    event ForkPlanned(string name, uint256 time);
    event ForkCanceled(string name, uint256 time);

    error UnknownParam(uint256 id, uint256 count);
    error OutOfBounds(uint256 id, uint256 got, uint256 min, uint256 max);
    error StepTooLarge(uint256 id, uint256 got, uint256 from, uint256 step);
    error CoolingDown(uint256 id, uint256 time, uint256 until);
    error StillPending(uint256 id, uint256 pending);
    error Unchanged(uint256 id, uint256 value);
    /// @notice `low` must not be above `high`, nor `highValue` below `lowValue`.
    error WrongOrder(uint256 low, uint256 lowValue, uint256 high, uint256 highValue);
    error SumTooLarge(uint256 id, uint256 value, uint256 otherId, uint256 otherValue, uint256 most);
    error NotMultiple(uint256 id, uint256 got, uint256 factor);
    error LengthsDiffer(uint256 ids, uint256 values);
    /// @notice A network's genesis may not set these limits; `min` and `max` are those of `ParamTable`.
    error BadLimits(uint256 id, uint256 gotMin, uint256 gotMax, uint256 min, uint256 max);
    error AlreadySet();
    error BadForkName(uint256 length, uint256 most);
    error ForkNotAhead(uint256 time, uint256 nowTime);
    error ForkAlreadyPlanned(string name, uint256 time);
    error NoForkAhead(uint256 time, uint256 nowTime);

    /// @notice First values: those of `ParamTable`, but for `settings`. By the rules, in block 0.
    /// @dev On mainnet a setting may choose the value alone. Elsewhere the lower bound may be lower (but not zero where it is
    /// not), the upper bound not higher, step and cool-down anything: networks for tests need short times.
    function genesis(Setting[] calldata settings) external {
        Callers.genesis();
        if (_limits[Id.MIN_BASE_FEE].max != 0) revert AlreadySet();
        for (uint256 id = 0; id < Id.COUNT; ++id) {
            ParamRow memory r = ParamTable.row(id);
            _write(id, r.value, r.min, r.max, r.step, r.coolDown, r.lane);
        }
        for (uint256 i = 0; i < settings.length; ++i) {
            Setting calldata s = settings[i];
            _known(s.id);
            ParamRow memory r = ParamTable.row(s.id);
            bool good = block.chainid == MAINNET
                ? s.min == r.min && s.max == r.max && s.step == r.step && s.coolDown == r.coolDown
                : s.min <= s.max && s.max <= r.max && (s.min > 0 || r.min == 0) && s.coolDown <= type(uint40).max;
            if (!good) revert BadLimits(s.id, s.min, s.max, r.min, r.max);
            if (s.value < s.min || s.value > s.max) revert OutOfBounds(s.id, s.value, s.min, s.max);
            _write(s.id, s.value, s.min, s.max, s.step, s.coolDown, r.lane);
        }
        _checkPairs(_next());
    }

    /// @notice Sets a parameter, in force when the running epoch closes. By the timelock.
    function set(uint256 id, uint256 value) external {
        Callers.only(SystemAddresses.TIMELOCK);
        uint256[] memory next = _next();
        _check(id, value, next);
        Current storage c = _current[id];
        emit ParamSet(id, c.value, value);
        // The bounds fit 104 bits.
        c.pending = uint104(value);
        c.changed = uint40(block.timestamp);
        c.isPending = true;
        _pendingBits |= 1 << id;
    }

    /// @inheritdoc IParams
    function onEpoch() external {
        Callers.only(SystemAddresses.VALIDATOR_SET);
        uint256 bits = _pendingBits;
        if (bits == 0) return;
        _pendingBits = 0;
        for (uint256 id = 0; id < Id.COUNT; ++id) {
            if (bits & (1 << id) == 0) continue;
            Current storage c = _current[id];
            c.value = c.pending;
            c.pending = 0;
            c.isPending = false;
            emit ParamInForce(id, c.value);
        }
    }

    /// @notice Announces rules of the name `name` from the time `time` on; a node that does not know them stops there. By the timelock.
    function planFork(string calldata name, uint64 time) external {
        Callers.only(SystemAddresses.TIMELOCK);
        uint256 length = bytes(name).length;
        if (length == 0 || length > MAX_FORK_NAME) revert BadForkName(length, MAX_FORK_NAME);
        if (time <= block.timestamp) revert ForkNotAhead(time, block.timestamp);
        if (_forkTime > block.timestamp) revert ForkAlreadyPlanned(_forkName, _forkTime);
        (_forkName, _forkTime) = (name, time);
        emit ForkPlanned(name, time);
    }

    /// @notice Takes back a plan whose time has not come. By the timelock.
    function cancelFork() external {
        Callers.only(SystemAddresses.TIMELOCK);
        if (_forkTime <= block.timestamp) revert NoForkAhead(_forkTime, block.timestamp);
        emit ForkCanceled(_forkName, _forkTime);
        delete _forkName;
        delete _forkTime;
    }

    /// @inheritdoc IParams
    function get(uint256 id) external view returns (uint256) {
        _known(id);
        return _current[id].value;
    }

    /// @notice The lane that a proposal to change `id` takes.
    function laneOf(uint256 id) external view returns (Lane) {
        _known(id);
        return _limits[id].lane;
    }

    /// @notice Passes if `set(id, value)` would pass now; reverts with what is wrong otherwise.
    function check(uint256 id, uint256 value) external view {
        _check(id, value, _next());
    }

    /// @notice Passes if all of these could be set now, one after the other.
    function checkAll(uint256[] calldata ids, uint256[] calldata values) external view {
        if (ids.length != values.length) revert LengthsDiffer(ids.length, values.length);
        uint256[] memory next = _next();
        for (uint256 i = 0; i < ids.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                if (ids[j] == ids[i]) revert StillPending(ids[i], values[j]);
            }
            _check(ids[i], values[i], next);
        }
    }

    /// @notice All about the parameter `id`.
    function param(uint256 id) public view returns (Param memory) {
        _known(id);
        Current storage c = _current[id];
        Limits storage l = _limits[id];
        return Param(id, c.value, l.min, l.max, _steps[id], l.coolDown, l.lane, c.isPending, c.pending, c.changed);
    }

    /// @notice All parameters, by id.
    function all() external view returns (Param[] memory list) {
        list = new Param[](Id.COUNT);
        for (uint256 id = 0; id < Id.COUNT; ++id) {
            list[id] = param(id);
        }
    }

    /// @notice The numbers that nodes need for the next block.
    function consensus() external view returns (Consensus memory) {
        return Consensus({
            minBaseFee: _current[Id.MIN_BASE_FEE].value,
            elasticity: _current[Id.ELASTICITY].value,
            baseFeeDenominator: _current[Id.BASE_FEE_DENOMINATOR].value,
            burnPercent: _current[Id.BURN_PERCENT].value,
            stakersPercent: _current[Id.STAKERS_PERCENT].value,
            blockGasLimit: _current[Id.BLOCK_GAS_LIMIT].value,
            blockTimeMs: _current[Id.BLOCK_TIME_MS].value,
            idleTimeMs: _current[Id.IDLE_TIME_MS].value,
            epochLength: _current[Id.EPOCH_LENGTH].value,
            maxValidators: _current[Id.MAX_VALIDATORS].value
        });
    }

    /// @notice The last fork planned, past or ahead; an empty name and time zero if there is none.
    function fork() external view returns (string memory name, uint64 time) {
        return (_forkName, _forkTime);
    }

    /// @dev Checks one change on top of `next`, and enters it there.
    function _check(uint256 id, uint256 value, uint256[] memory next) private view {
        _known(id);
        Current storage c = _current[id];
        Limits storage l = _limits[id];
        if (c.isPending) revert StillPending(id, c.pending);
        if (value < l.min || value > l.max) revert OutOfBounds(id, value, l.min, l.max);
        if (value == c.value) revert Unchanged(id, value);
        uint256 change = value > c.value ? value - c.value : c.value - value;
        if (change > _steps[id]) revert StepTooLarge(id, value, c.value, _steps[id]);
        uint256 until = uint256(c.changed) + l.coolDown;
        if (c.changed != 0 && block.timestamp < until) revert CoolingDown(id, block.timestamp, until);
        next[id] = value;
        _checkPairs(next);
    }

    /// @dev Rules between two parameters. All pending values come into force together, so the rules are checked on them.
    function _checkPairs(uint256[] memory next) private pure {
        _inOrder(next, Id.BLOCK_TIME_MS, Id.IDLE_TIME_MS);
        _inOrder(next, Id.MIN_DELEGATION, Id.MIN_SELF_STAKE);
        _inOrder(next, Id.MIN_COMMISSION, Id.MAX_COMMISSION);
        _inOrder(next, Id.EPOCH_LENGTH, Id.UNBONDING_TIME);
        _inOrder(next, Id.DOWNTIME_SLASH, Id.DOUBLE_SIGN_SLASH);
        _inOrder(next, Id.JAIL_TIME, Id.MAX_JAIL_TIME);
        _inOrder(next, Id.EXPEDITED_VOTING, Id.VOTING_PERIOD);
        _inOrder(next, Id.TIMELOCK_DELAY, Id.TIMELOCK_LONG_DELAY);
        (uint256 burn, uint256 stakers) = (next[Id.BURN_PERCENT], next[Id.STAKERS_PERCENT]);
        if (burn + stakers > 100) revert SumTooLarge(Id.BURN_PERCENT, burn, Id.STAKERS_PERCENT, stakers, 100);
        // Staking counts misses in tenths of the window.
        uint256 window = next[Id.DOWNTIME_WINDOW];
        if (window % 10 != 0) revert NotMultiple(Id.DOWNTIME_WINDOW, window, 10);
    }

    function _inOrder(uint256[] memory next, uint256 low, uint256 high) private pure {
        if (next[low] > next[high]) revert WrongOrder(low, next[low], high, next[high]);
    }

    /// @dev Every value as it will be after the next closing.
    function _next() private view returns (uint256[] memory next) {
        next = new uint256[](Id.COUNT);
        for (uint256 id = 0; id < Id.COUNT; ++id) {
            Current storage c = _current[id];
            next[id] = c.isPending ? c.pending : c.value;
        }
    }

    function _known(uint256 id) private pure {
        if (id >= Id.COUNT) revert UnknownParam(id, Id.COUNT);
    }

    /// @dev All of it fits: bounds are at most those of `ParamTable`.
    function _write(uint256 id, uint256 value, uint256 min, uint256 max, uint256 step, uint256 coolDown, Lane lane)
        private
    {
        _current[id] = Current(uint104(value), 0, 0, false);
        _limits[id] = Limits(uint104(min), uint104(max), uint40(coolDown), lane);
        _steps[id] = step;
    }
}
