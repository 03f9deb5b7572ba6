// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Callers} from "./Callers.sol";
import {Lanes} from "./Lanes.sol";
import {SystemAddresses} from "./SystemAddresses.sol";
import {IParams} from "./interfaces/IParams.sol";
import {ITimelock} from "./interfaces/ITimelock.sol";
import {Lane} from "./interfaces/Lane.sol";
import {ParamIds} from "./interfaces/ParamIds.sol";

/// @title Delay between a decision and its execution
/// @notice What governance decided waits here for the delay of its lane; then anybody may execute it, once, until it expires. There is
/// no owner and no key: `Governor` alone queues. Source: docs/staking.md, section 10.
contract Timelock is ITimelock, ReentrancyGuardTransient {
    struct Operation {
        bytes32 hash;
        uint64 eta;
        uint64 expiry;
        Lane lane;
        bool done;
    }

    mapping(uint256 id => Operation) private _operations;

    event Queued(uint256 indexed id, Lane lane, uint64 eta, uint64 expiry);
    event Executed(uint256 indexed id, address indexed executor);

    error AlreadyQueued(uint256 id);
    error NotQueued(uint256 id);
    error AlreadyExecuted(uint256 id);
    error TooEarly(uint256 id, uint256 time, uint256 eta);
    error Expired(uint256 id, uint256 time, uint256 expiry);
    error WrongActions(uint256 id, bytes32 got, bytes32 expected);
    error WrongLane(uint256 id, Lane got, Lane expected);
    /// @notice An action reverted without a reason.
    error ActionFailed(uint256 id, uint256 action, address target);
    /// @notice There is no contract at the target.
    error NoCode(uint256 id, uint256 action, address target);

    /// @inheritdoc ITimelock
    function queue(
        uint256 id,
        Lane lane,
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas
    ) external returns (uint64 eta, uint64 expiry) {
        Callers.only(SystemAddresses.GOVERNOR);
        if (_operations[id].hash != 0) revert AlreadyQueued(id);
        _checkLane(id, lane, targets, values, calldatas);
        // Parameters are bounded far below 64 bits.
        eta = uint64(block.timestamp + delayOf(lane));
        expiry = eta + uint64(IParams(SystemAddresses.PARAMS).get(ParamIds.EXECUTION_WINDOW));
        _operations[id] = Operation(hashOf(targets, values, calldatas), eta, expiry, lane, false);
        emit Queued(id, lane, eta, expiry);
    }

    /// @inheritdoc ITimelock
    function execute(uint256 id, address[] calldata targets, uint256[] calldata values, bytes[] calldata calldatas)
        external
        nonReentrant
    {
        Operation storage op = _operations[id];
        if (op.hash == 0) revert NotQueued(id);
        if (op.done) revert AlreadyExecuted(id);
        if (block.timestamp < op.eta) revert TooEarly(id, block.timestamp, op.eta);
        if (block.timestamp >= op.expiry) revert Expired(id, block.timestamp, op.expiry);
        bytes32 hash = hashOf(targets, values, calldatas);
        if (hash != op.hash) revert WrongActions(id, hash, op.hash);
        // Lanes may have changed since, by an upgrade.
        _checkLane(id, op.lane, targets, values, calldatas);
        op.done = true;
        for (uint256 i = 0; i < targets.length; ++i) {
            _call(id, i, targets[i], calldatas[i]);
        }
        emit Executed(id, msg.sender);
    }

    /// @inheritdoc ITimelock
    function status(uint256 id) external view returns (Status) {
        Operation storage op = _operations[id];
        if (op.hash == 0) return Status.Unknown;
        if (op.done) return Status.Done;
        if (block.timestamp < op.eta) return Status.Waiting;
        return block.timestamp < op.expiry ? Status.Ready : Status.Expired;
    }

    /// @notice The operation `id`; all zero if it was never queued.
    function operation(uint256 id) external view returns (Operation memory) {
        return _operations[id];
    }

    /// @notice Seconds that actions of a lane wait, as things are.
    function delayOf(Lane lane) public view returns (uint256) {
        if (lane == Lane.Expedited) return 0;
        return IParams(SystemAddresses.PARAMS)
            .get(lane == Lane.Standard ? ParamIds.TIMELOCK_DELAY : ParamIds.TIMELOCK_LONG_DELAY);
    }

    /// @notice What an operation remembers of its actions.
    function hashOf(address[] calldata targets, uint256[] calldata values, bytes[] calldata calldatas)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(targets, values, calldatas));
    }

    function _checkLane(
        uint256 id,
        Lane lane,
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas
    ) private view {
        Lane own = Lanes.ofAll(targets, values, calldatas);
        if (own != lane) revert WrongLane(id, own, lane);
    }

    function _call(uint256 id, uint256 action, address target, bytes calldata data) private {
        if (target.code.length == 0) revert NoCode(id, action, target);
        (bool ok, bytes memory reason) = target.call(data);
        if (ok) return;
        if (reason.length == 0) revert ActionFailed(id, action, target);
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
