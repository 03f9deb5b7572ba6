// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SystemAddresses} from "./SystemAddresses.sol";
import {IBridgeGuards} from "./interfaces/IBridgeGuards.sol";
import {Lane} from "./interfaces/Lane.sol";
import {IParamsGovernance} from "./interfaces/IParamsGovernance.sol";

/// @title What governance may do at all, and in which lane
/// @notice The one list of targets and selectors. What is not on it is refused. `Governor` asks when an action is proposed, `Timelock`
/// when it is queued and again when it is executed. Source: docs/staking.md, section 10.
library Lanes {
    bytes4 internal constant UPGRADE = bytes4(keccak256("upgradeToAndCall(address,bytes)"));
    bytes4 internal constant SET = IParamsGovernance.set.selector;
    bytes4 internal constant PLAN_FORK = bytes4(keccak256("planFork(string,uint64)"));
    bytes4 internal constant CANCEL_FORK = bytes4(keccak256("cancelFork()"));
    bytes4 internal constant SPEND = bytes4(keccak256("spend(address,uint256)"));
    bytes4 internal constant SPEND_PROGRAMME = bytes4(keccak256("spendProgramme(address,uint256)"));
    bytes4 internal constant SET_ROOT = bytes4(keccak256("setRoot(uint256,bytes32)"));
    bytes4 internal constant PAUSE = IBridgeGuards.pause.selector;
    bytes4 internal constant UNPAUSE = IBridgeGuards.unpause.selector;
    bytes4 internal constant SET_LIMIT = IBridgeGuards.setLimit.selector;

    /// @notice Lengths of an action's parts differ.
    error LengthsDiffer(uint256 targets, uint256 values, uint256 calldatas);
    error WrongActionCount(uint256 got, uint256 least, uint256 most);
    error NotAllowed(address target, bytes4 selector);
    /// @notice The timelock holds no BTT, so an action cannot carry any.
    error ValueNotZero(uint256 action, uint256 got);
    error BadCalldata(address target, bytes4 selector, uint256 length, uint256 expected);
    /// @notice Actions of two lanes need two proposals.
    error MixedLanes(Lane first, Lane other, uint256 action);

    /// @notice Most actions of one proposal.
    uint256 internal constant MAX_ACTIONS = 16;

    /// @notice The lane that all these actions share.
    function ofAll(address[] memory targets, uint256[] memory values, bytes[] memory calldatas)
        internal
        view
        returns (Lane lane)
    {
        uint256 count = targets.length;
        if (count != values.length || count != calldatas.length) {
            revert LengthsDiffer(count, values.length, calldatas.length);
        }
        if (count == 0 || count > MAX_ACTIONS) revert WrongActionCount(count, 1, MAX_ACTIONS);
        for (uint256 i = 0; i < count; ++i) {
            if (values[i] != 0) revert ValueNotZero(i, values[i]);
            Lane own = laneOf(targets[i], calldatas[i]);
            if (i == 0) lane = own;
            else if (own != lane) revert MixedLanes(lane, own, i);
        }
    }

    /// @notice The lane of one action.
    function laneOf(address target, bytes memory data) internal view returns (Lane) {
        // Zeros stand in for bytes that are not there; no selector of the list ends in one.
        bytes4 selector = bytes4(data);
        if (data.length < 4) revert NotAllowed(target, selector);
        if (selector == UPGRADE && _isProxy(target)) return Lane.Long;
        if (target == SystemAddresses.PARAMS) {
            if (selector == SET) {
                (uint256 id,) = decodeSet(data);
                return IParamsGovernance(SystemAddresses.PARAMS).laneOf(id);
            }
            if (selector == PLAN_FORK || selector == CANCEL_FORK) return Lane.Long;
        }
        if (target == SystemAddresses.TREASURY && (selector == SPEND || selector == SPEND_PROGRAMME)) {
            return Lane.Standard;
        }
        if (target == SystemAddresses.AIRDROP && selector == SET_ROOT) return Lane.Standard;
        if (target == SystemAddresses.BRIDGE_INBOX || target == SystemAddresses.BRIDGE_OUTBOX) {
            return selector == PAUSE || selector == UNPAUSE || selector == SET_LIMIT ? Lane.Expedited : Lane.Long;
        }
        revert NotAllowed(target, selector);
    }

    /// @notice True if the action sets a parameter.
    function isSet(address target, bytes memory data) internal pure returns (bool) {
        return target == SystemAddresses.PARAMS && data.length >= 4 && bytes4(data) == SET;
    }

    /// @notice The arguments of `Params.set(id, value)`.
    function decodeSet(bytes memory data) internal pure returns (uint256 id, uint256 value) {
        if (data.length != 68) revert BadCalldata(SystemAddresses.PARAMS, SET, data.length, 68);
        assembly ("memory-safe") {
            id := mload(add(data, 0x24))
            value := mload(add(data, 0x44))
        }
    }

    function _isProxy(address target) private pure returns (bool) {
        return target == SystemAddresses.VALIDATOR_SET || target == SystemAddresses.BRIDGE_INBOX
            || target == SystemAddresses.STAKING || target == SystemAddresses.TREASURY
            || target == SystemAddresses.GOVERNOR || target == SystemAddresses.TIMELOCK
            || target == SystemAddresses.PARAMS || target == SystemAddresses.BRIDGE_OUTBOX
            || target == SystemAddresses.SUPPLY || target == SystemAddresses.VESTING
            || target == SystemAddresses.AIRDROP;
    }
}
