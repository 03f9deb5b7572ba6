// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SystemAddresses} from "../SystemAddresses.sol";
import {IValidatorSet} from "../interfaces/IValidatorSet.sol";
import {IStakingActions} from "../interfaces/IStaking.sol";
import {ParamIds} from "../interfaces/ParamIds.sol";
import {Positions} from "./Positions.sol";

/// @title What faults cost (docs/staking.md, section 7)
/// @dev What is not known, or was punished already, changes nothing: a block that carries it stays valid.
abstract contract Slashing is Positions, IStakingActions {
    using SafeCast for uint256;

    uint256 internal constant JAILINGS_COUNT_FOR = 30 days;

    /// @notice Punishes the operator of `signer` for two votes at `height`. Only as a system transaction.
    /// @param reporter Operator that gets a part of it; nothing is paid if it is not known.
    function slashDoubleSign(address signer, uint64 height, address reporter) external nonReentrant {
        _onlySystemTransaction();
        address operator = _operatorOf[signer];
        Validator storage v = _validators[operator];
        if (operator == address(0) || v.tombstoned) return;
        v.tombstoned = true;
        v.jailedUntil = type(uint40).max;
        emit Jailed(operator, type(uint64).max);

        uint256 rate = _param(ParamIds.DOUBLE_SIGN_FACTOR) * _countDoubleSign(signer, v.tokens);
        rate = Math.min(ONE, Math.max(_param(ParamIds.DOUBLE_SIGN_SLASH), rate));
        uint256 amount = _cut(operator, v, rate);
        uint256 reward = 0;
        if (_validators[reporter].shares != 0) {
            reward = amount * _param(ParamIds.REPORTER_SHARE) / BASIS;
            _validators[reporter].commissionOwed = (_validators[reporter].commissionOwed + reward).toUint104();
        }
        emit DoubleSigned(operator, reporter, height, reward);
        _burn(amount - reward);
    }

    /// @notice Punishes the operator of `signer` for missing too many blocks. Only as a system transaction.
    function slashDowntime(address signer) external nonReentrant {
        _onlySystemTransaction();
        address operator = _operatorOf[signer];
        Validator storage v = _validators[operator];
        if (operator == address(0) || v.jailedUntil != 0) return;
        uint256 until = block.timestamp + _jailTime(v.jailings);
        v.jailings.push(uint40(block.timestamp));
        v.jailedUntil = uint40(until);
        emit Jailed(operator, uint64(until));
        _burn(_cut(operator, v, _param(ParamIds.DOWNTIME_SLASH)));
    }

    /// Notes a double sign.
    /// @return sum Shares of power that signed twice within the unbonding time, this one included, 18 digits.
    function _countDoubleSign(address signer, uint256 tokens) private returns (uint256 sum) {
        IValidatorSet set = IValidatorSet(SystemAddresses.VALIDATOR_SET);
        uint256 power = set.powerOf(signer);
        if (power == 0) power = tokens / 1 ether;
        uint256 share = power * ONE / set.totalPower();

        uint256 count = _doubleSigns.length;
        sum = share + (count == 0 ? 0 : _doubleSigns[count - 1].sum);
        _doubleSigns.push(DoubleSign(uint64(block.timestamp), uint192(sum)));
        uint256 window = _param(ParamIds.UNBONDING_TIME);
        for (uint256 i = count; i > 0; --i) {
            DoubleSign memory earlier = _doubleSigns[i - 1];
            if (earlier.time + window < block.timestamp) return sum - earlier.sum;
        }
    }

    /// Doubles with each jailing of the last 30 days, up to a bound.
    function _jailTime(uint40[] storage jailings) private view returns (uint256 time) {
        uint256 most = _param(ParamIds.MAX_JAIL_TIME);
        time = Math.min(_param(ParamIds.JAIL_TIME), most);
        for (uint256 i = jailings.length; i > 0 && time < most; --i) {
            if (jailings[i - 1] + JAILINGS_COUNT_FOR < block.timestamp) break;
            time = Math.min(time * 2, most);
        }
    }
}
