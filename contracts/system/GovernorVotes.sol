// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SystemAddresses} from "./SystemAddresses.sol";
import {IStakingViews} from "./interfaces/IStaking.sol";

/// @title Counting of votes by stake
/// @notice An operator votes with all of its pool, less the stake of those delegators who vote themselves, whenever they do so. Stake
/// is that of a snapshot, so no stake counts twice. Source: docs/staking.md, section 10.
/// @dev Weights in wei. The first vote of a position fixes its weight; later ones move it.
abstract contract GovernorVotes {
    /// @notice The four ways, and none yet.
    enum Choice {
        None,
        For,
        Against,
        Abstain,
        Veto
    }

    /// @notice Votes for one proposal, in wei of stake.
    struct Tally {
        uint128 inFavour;
        uint128 against;
        uint128 abstain;
        uint128 veto;
    }

    /// @notice The vote of an operator.
    /// @param tokens of the pool in the snapshot, zero before anything was cast on it
    /// @param overridden part of them whose owners voted themselves
    struct PoolVote {
        Choice choice;
        uint120 tokens;
        uint128 overridden;
    }

    /// @notice The vote of a delegator with its stake at one operator.
    struct OwnVote {
        Choice choice;
        uint128 weight;
    }

    /// @notice Most operators that one call votes for.
    uint256 public constant MAX_OPERATORS = 32;

    mapping(uint256 id => Tally) private _tallies;
    mapping(uint256 id => mapping(address operator => PoolVote)) private _poolVotes;
    mapping(uint256 id => mapping(address delegator => mapping(address operator => OwnVote))) private _ownVotes;

    /// @notice An operator voted; `weight` is what its pool counts now.
    event PoolVoted(uint256 indexed id, address indexed operator, Choice choice, uint256 weight);
    /// @notice A delegator voted with its own stake at `operator`.
    event Voted(uint256 indexed id, address indexed delegator, address indexed operator, Choice choice, uint256 weight);

    error BadChoice(uint256 got, uint256 least, uint256 most);
    error WrongOperatorCount(uint256 got, uint256 least, uint256 most);
    error NoWeight(uint256 id, address voter, address operator);
    /// @notice Stake of a pool's delegators is more than the pool; `Staking` never lets this happen.
    error PoolExceeded(uint256 id, address operator, uint256 got, uint256 most);

    /// @notice The vote of the operator itself for `id`.
    function poolVote(uint256 id, address operator) external view returns (PoolVote memory) {
        return _poolVotes[id][operator];
    }

    /// @notice The vote of `delegator` with its own stake at `operator` for `id`.
    function ownVote(uint256 id, address delegator, address operator) external view returns (OwnVote memory) {
        return _ownVotes[id][delegator][operator];
    }

    /// @notice Votes so far.
    function votes(uint256 id) public view returns (Tally memory) {
        return _tallies[id];
    }

    function _castPool(uint256 id, uint64 snapshot, address operator, Choice choice) internal {
        PoolVote storage p = _loadPool(id, snapshot, operator, operator);
        uint128 weight = p.tokens - p.overridden;
        _take(id, p.choice, weight);
        _give(id, choice, weight);
        p.choice = choice;
        emit PoolVoted(id, operator, choice, weight);
    }

    function _castOwn(uint256 id, uint64 snapshot, address delegator, address operator, Choice choice) internal {
        OwnVote storage own = _ownVotes[id][delegator][operator];
        uint128 weight = own.weight;
        if (own.choice == Choice.None) {
            PoolVote storage p = _loadPool(id, snapshot, delegator, operator);
            weight = SafeCast.toUint128(IStakingViews(SystemAddresses.STAKING).weightAt(snapshot, delegator, operator));
            if (weight == 0) revert NoWeight(id, delegator, operator);
            uint256 overridden = uint256(p.overridden) + weight;
            if (overridden > p.tokens) revert PoolExceeded(id, operator, overridden, p.tokens);
            p.overridden = uint128(overridden);
            _take(id, p.choice, weight);
            own.weight = weight;
        } else {
            _take(id, own.choice, weight);
        }
        _give(id, choice, weight);
        own.choice = choice;
        emit Voted(id, delegator, operator, choice, weight);
    }

    function _choice(uint8 value) internal pure returns (Choice) {
        if (value < uint8(Choice.For) || value > uint8(Choice.Veto)) {
            revert BadChoice(value, uint8(Choice.For), uint8(Choice.Veto));
        }
        return Choice(value);
    }

    function _loadPool(uint256 id, uint64 snapshot, address voter, address operator)
        private
        returns (PoolVote storage p)
    {
        p = _poolVotes[id][operator];
        if (p.tokens != 0) return p;
        (uint256 tokens,) = IStakingViews(SystemAddresses.STAKING).poolAt(snapshot, operator);
        if (tokens == 0) revert NoWeight(id, voter, operator);
        p.tokens = SafeCast.toUint120(tokens);
    }

    function _take(uint256 id, Choice choice, uint128 weight) private {
        Tally storage t = _tallies[id];
        if (choice == Choice.For) t.inFavour -= weight;
        else if (choice == Choice.Against) t.against -= weight;
        else if (choice == Choice.Abstain) t.abstain -= weight;
        else if (choice == Choice.Veto) t.veto -= weight;
    }

    function _give(uint256 id, Choice choice, uint128 weight) private {
        Tally storage t = _tallies[id];
        if (choice == Choice.For) t.inFavour += weight;
        else if (choice == Choice.Against) t.against += weight;
        else if (choice == Choice.Abstain) t.abstain += weight;
        else t.veto += weight;
    }
}
