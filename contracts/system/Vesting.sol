// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Callers} from "./Callers.sol";

/// @title Vesting of what genesis allocates over time
/// @notice Nothing of a stream is due before its cliff is over; from then on it becomes due evenly over its duration, by the second or in
/// whole steps. Anybody may pay out what is due, always to the beneficiary. There is no owner, and nothing can be revoked.
/// @dev Amounts in wei, times in seconds. Source: docs/protocol.md, section 4.
contract Vesting is ReentrancyGuardTransient {
    /// @notice A stream, as genesis gives it.
    /// @param start from which the cliff counts
    /// @param cliff time after the start in which nothing becomes due, and on which nothing is due at once
    /// @param duration time after the cliff over which all of it becomes due
    /// @param step whole steps in which it does, each a part of the duration; 0 by the second
    struct Grant {
        address beneficiary;
        uint128 total;
        uint64 start;
        uint64 cliff;
        uint64 duration;
        uint64 step;
    }

    /// @notice A stream, as it stands.
    /// @param offered who may take the beneficiary's place; zero if nobody
    /// @param begin end of the cliff
    struct Stream {
        address beneficiary;
        uint64 begin;
        address offered;
        uint64 duration;
        uint128 total;
        uint128 released;
        uint64 step;
    }

    Stream[] private _streams;

    event StreamCreated(
        uint256 indexed id, address indexed beneficiary, uint256 total, uint256 begin, uint256 duration, uint256 step
    );
    event Released(uint256 indexed id, address indexed beneficiary, uint256 amount);
    event BeneficiaryOffered(uint256 indexed id, address indexed from, address indexed to);
    event BeneficiaryChanged(uint256 indexed id, address indexed from, address indexed to);

    error AlreadySet();
    error UnknownStream(uint256 id, uint256 count);
    error BadGrant(uint256 index);
    error WrongBalance(uint256 got, uint256 expected);
    error NothingDue(uint256 id);
    /// @notice The beneficiary refused its BTT without giving a reason.
    error ReleaseRefused(address beneficiary, uint256 amount);

    /// @notice Creates all streams. By the rules, in block 0, with what they need here or in the call.
    function genesis(Grant[] calldata grants) external payable {
        Callers.genesis();
        if (_streams.length != 0) revert AlreadySet();
        uint256 sum;
        for (uint256 i = 0; i < grants.length; ++i) {
            Grant calldata g = grants[i];
            if (
                g.beneficiary == address(0) || g.total == 0 || g.duration == 0
                    || (g.step != 0 && g.duration % g.step != 0)
            ) revert BadGrant(i);
            uint64 begin = SafeCast.toUint64(uint256(g.start) + g.cliff);
            _streams.push(Stream(g.beneficiary, begin, address(0), g.duration, g.total, 0, g.step));
            sum += g.total;
            emit StreamCreated(i, g.beneficiary, g.total, begin, g.duration, g.step);
        }
        if (address(this).balance != sum) revert WrongBalance(address(this).balance, sum);
    }

    /// @notice Pays what is due of the stream `id` to its beneficiary. Anybody may call.
    function release(uint256 id) external nonReentrant returns (uint256 amount) {
        Stream storage s = _get(id);
        amount = _vested(s, block.timestamp) - s.released;
        if (amount == 0) revert NothingDue(id);
        // At most the total, which has 128 bits.
        s.released += uint128(amount);
        address to = s.beneficiary;
        emit Released(id, to, amount);
        (bool ok, bytes memory reason) = to.call{value: amount}("");
        if (ok) return amount;
        if (reason.length == 0) revert ReleaseRefused(to, amount);
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    /// @notice Offers the stream to `to`, which must accept; zero takes an offer back. By the beneficiary. What is due and not paid out goes
    /// along.
    function offer(uint256 id, address to) external {
        Stream storage s = _get(id);
        Callers.only(s.beneficiary);
        s.offered = to;
        emit BeneficiaryOffered(id, msg.sender, to);
    }

    /// @notice Takes over the stream. By the one it was offered to.
    function accept(uint256 id) external {
        Stream storage s = _get(id);
        Callers.only(s.offered);
        emit BeneficiaryChanged(id, s.beneficiary, msg.sender);
        s.beneficiary = msg.sender;
        s.offered = address(0);
    }

    /// @notice Number of streams; ids count from 0.
    function count() external view returns (uint256) {
        return _streams.length;
    }

    /// @notice The stream `id`.
    function stream(uint256 id) external view returns (Stream memory) {
        return _get(id);
    }

    /// @notice What of the stream has become due until `time`, paid out or not.
    function vestedAt(uint256 id, uint256 time) external view returns (uint256) {
        return _vested(_get(id), time);
    }

    /// @notice What of the stream is due now and not paid out.
    function releasable(uint256 id) external view returns (uint256) {
        Stream storage s = _get(id);
        return _vested(s, block.timestamp) - s.released;
    }

    function _vested(Stream storage s, uint256 time) private view returns (uint256) {
        if (time <= s.begin) return 0;
        uint256 passed = time - s.begin;
        if (passed >= s.duration) return s.total;
        if (s.step != 0) passed -= passed % s.step;
        return Math.mulDiv(s.total, passed, s.duration);
    }

    function _get(uint256 id) private view returns (Stream storage) {
        if (id >= _streams.length) revert UnknownStream(id, _streams.length);
        return _streams[id];
    }
}
