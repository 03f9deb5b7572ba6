// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SystemAddresses} from "../SystemAddresses.sol";
import {IStakingActions} from "../interfaces/IStaking.sol";
import {EpochPayment, ITreasury} from "../interfaces/ITreasury.sol";
import {IValidatorSet, Work} from "../interfaces/IValidatorSet.sol";
import {ParamIds} from "../interfaces/ParamIds.sol";
import {Pools} from "./Pools.sol";

/// @title What happens as an epoch closes (docs/staking.md, section 6)
abstract contract Epochs is Pools, IStakingActions {
    using SafeCast for uint256;

    uint256 internal constant SUPPLY = 990_000_000_000 ether;
    uint256 internal constant YEAR = 31_536_000;

    /// What an epoch has to give, and to how much work.
    struct Budget {
        uint256 toProposers;
        uint256 toTreasury;
        uint256 bySignature;
        uint256 proposed;
        uint256 power;
        uint256 blocks;
    }

    /// @notice Pays out the epoch `number`. Only `ValidatorSet`.
    /// @param work What the members did.
    /// @param next The set that signs from the next block on, each `signer << 96 | power`.
    function closeEpoch(
        uint64 number,
        uint64 elapsed,
        uint64 blocks,
        uint256 stakersFees,
        uint256 treasuryFees,
        Work[] calldata work,
        uint256[] calldata next
    ) external nonReentrant {
        _only(SystemAddresses.VALIDATOR_SET);
        Clock memory clock = _clock;
        if (number != clock.epoch) revert WrongEpoch(number, clock.epoch);

        EpochPayment memory payment;
        (payment.stakersFees, payment.treasuryFees) = (stakersFees, treasuryFees);
        Budget memory budget = _budget(number, elapsed, stakersFees, work);
        budget.blocks = blocks;
        payment.toTreasury = budget.toTreasury;
        for (uint256 i = 0; i < work.length; ++i) {
            payment.tips += work[i].tips;
            payment.toStaking += _payMember(clock, budget, work[i]);
        }
        if (clock.marked == clock.epoch) _keep(clock.epoch, next);
        _clock.epoch = clock.epoch + 1;
        _clock.epochStart = uint40(block.timestamp);
        ITreasury(SystemAddresses.TREASURY).payEpoch(payment);
    }

    /// @notice Keeps the pools of the next set as they are when the running epoch closes. Only `Governor`.
    /// @return The running epoch, which names the snapshot.
    function snapshot() external returns (uint64) {
        _only(SystemAddresses.GOVERNOR);
        uint48 current = _clock.epoch;
        _clock.marked = current;
        emit Marked(current);
        return current;
    }

    function _budget(uint64 number, uint256 elapsed, uint256 stakersFees, Work[] calldata work)
        private
        returns (Budget memory budget)
    {
        uint256 stake = 0;
        for (uint256 i = 0; i < work.length; ++i) {
            stake += _validators[_operatorOf[work[i].signer]].tokens;
            budget.proposed += work[i].proposed;
            budget.power += work[i].power;
        }
        uint256 yearly = SUPPLY * _rate() / ONE * elapsed / YEAR;
        uint256 cap = stake * _param(ParamIds.MAX_APR) / BASIS * elapsed / YEAR;
        uint256 pot = Math.min(cap, stakersFees + Math.min(yearly, ITreasury(SystemAddresses.TREASURY).reserve()));
        budget.toProposers = pot * _param(ParamIds.PROPOSER_SHARE) / BASIS;
        budget.toTreasury = pot * _param(ParamIds.TREASURY_SHARE) / BASIS;
        budget.bySignature = pot - budget.toProposers - budget.toTreasury;
        emit EpochRewarded(number, stake, yearly, cap, pot);
    }

    /// What the reserve gives in this year at most, as a part of the supply, 18 digits.
    function _rate() private view returns (uint256 rate) {
        uint256 genesis = IValidatorSet(SystemAddresses.VALIDATOR_SET).genesisTime();
        rate = _param(ParamIds.REWARD_RATE);
        for (uint256 years_ = (block.timestamp - genesis) / YEAR; years_ > 0 && rate > 0; --years_) {
            rate = rate * 9 / 10;
        }
    }

    /// @return given Wei for the pool and the operator of a member.
    function _payMember(Clock memory clock, Budget memory budget, Work calldata work) private returns (uint256 given) {
        address operator = _operatorOf[work.signer];
        if (operator == address(0)) return 0;
        Validator storage v = _validators[operator];
        _ripen(operator, v, clock.epochStart);

        uint256 sum = work.tips;
        if (budget.proposed > 0) sum += budget.toProposers * work.proposed / budget.proposed;
        if (uint256(work.missed) * 3 <= budget.blocks && v.jailedUntil == 0) {
            sum += budget.bySignature * work.power / budget.power;
        }
        uint256 commission = sum * v.commission / BASIS;
        uint256 toPool = _reward(operator, v, clock.epoch, sum - commission);
        if (commission > 0) v.commissionOwed = (v.commissionOwed + commission).toUint104();
        emit MemberPaid(clock.epoch, operator, toPool, commission, work.tips);
        _ripen(operator, v, block.timestamp);
        return toPool + commission;
    }

    function _keep(uint256 epoch, uint256[] calldata next) private {
        uint256 total = 0;
        for (uint256 i = 0; i < next.length; ++i) {
            address operator = _operatorOf[address(uint160(next[i] >> 96))];
            Validator storage v = _validators[operator];
            (uint128 tokens, uint128 shares) = (v.tokens, v.shares);
            _poolAt[epoch][operator] = PoolAt(tokens, shares);
            total += tokens;
        }
        _totalAt[epoch] = total;
    }
}
