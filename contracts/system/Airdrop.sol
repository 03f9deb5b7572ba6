// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {Callers} from "./Callers.sol";
import {SystemAddresses} from "./SystemAddresses.sol";

/// @title Airdrops in monthly rounds
/// @notice 72 rounds, one a month; who gets what of a round is a Merkle tree whose root governance sets once. Anybody may claim to the
/// benefit of whom the tree names. What is left 12 months after the root was set (or the round began, if none ever was) goes to the treasury.
/// @dev Amounts in wei, times in seconds, rounds and indices from 0. A leaf is the double hash of
/// `abi.encode(round, index, account, amount)`, pairs are hashed in order of value. Source: docs/protocol.md, section 4.
contract Airdrop is ReentrancyGuardTransient {
    using BitMaps for BitMaps.BitMap;

    uint256 public constant ROUNDS = 72;
    /// @notice A twelfth of a year of 365 days.
    uint256 public constant MONTH = 2_628_000;
    /// @notice Time to claim.
    uint256 public constant CLAIM_TIME = 12 * MONTH;
    /// @notice Each round of the first year.
    uint256 public constant FIRST_YEAR = 990_000_000 ether;
    /// @notice What each year adds to a round.
    uint256 public constant YEARLY_RISE = 159_500_000 ether;
    /// @notice All rounds together: 10.1 % of 990,000,000,000 BTT, to the wei.
    uint256 public constant TOTAL = 99_990_000_000 ether;

    struct Round {
        bytes32 root;
        uint64 rootTime;
        bool swept;
        uint128 claimed;
    }

    uint64 public start;
    mapping(uint256 round => Round) private _rounds;
    mapping(uint256 round => BitMaps.BitMap) private _claimed;

    event RootSet(uint256 indexed round, bytes32 root, uint256 amount, uint256 deadline);
    event Claimed(uint256 indexed round, uint256 index, address indexed account, uint256 amount);
    event Swept(uint256 indexed round, uint256 amount);

    error AlreadySet();
    error WrongBalance(uint256 got, uint256 expected);
    error ZeroStart();
    error ZeroRoot();
    error UnknownRound(uint256 round, uint256 count);
    error NotBegun(uint256 round, uint256 time, uint256 begin);
    error RootAlreadySet(uint256 round, bytes32 root);
    error RootNotSet(uint256 round);
    error AlreadySwept(uint256 round);
    error TooLate(uint256 round, uint256 time, uint256 deadline);
    error NotOver(uint256 round, uint256 time, uint256 deadline);
    error AlreadyClaimed(uint256 round, uint256 index);
    error BadProof(uint256 round, uint256 index, address account, uint256 amount);
    /// @notice The tree gives away more than the round has.
    error RoundExceeded(uint256 round, uint256 got, uint256 left);
    /// @notice The receiver refused its BTT without giving a reason.
    error PaymentRefused(address to, uint256 amount);

    /// @notice Begins the first round at `start_`. By the rules, in block 0, with `TOTAL` here or in the call.
    function genesis(uint64 start_) external payable {
        Callers.genesis();
        if (start != 0) revert AlreadySet();
        if (start_ == 0) revert ZeroStart();
        if (address(this).balance != TOTAL) revert WrongBalance(address(this).balance, TOTAL);
        start = start_;
    }

    /// @notice Sets who gets what of a round that has begun; once. By the timelock.
    function setRoot(uint256 round, bytes32 root) external {
        Callers.only(SystemAddresses.TIMELOCK);
        _begun(round);
        Round storage r = _rounds[round];
        if (r.swept) revert AlreadySwept(round);
        if (r.root != 0) revert RootAlreadySet(round, r.root);
        if (root == 0) revert ZeroRoot();
        (r.root, r.rootTime) = (root, uint64(block.timestamp));
        emit RootSet(round, root, amountOf(round), deadlineOf(round));
    }

    /// @notice Pays the part `index` of a round to `account`, as its tree says. Anybody may call.
    function claim(uint256 round, uint256 index, address account, uint256 amount, bytes32[] calldata proof)
        external
        nonReentrant
    {
        Round storage r = _get(round);
        if (r.root == 0) revert RootNotSet(round);
        if (block.timestamp >= deadlineOf(round)) revert TooLate(round, block.timestamp, deadlineOf(round));
        if (_claimed[round].get(index)) revert AlreadyClaimed(round, index);
        if (!MerkleProof.verifyCalldata(proof, r.root, leafOf(round, index, account, amount))) {
            revert BadProof(round, index, account, amount);
        }
        uint256 left = amountOf(round) - r.claimed;
        if (amount > left) revert RoundExceeded(round, amount, left);
        _claimed[round].set(index);
        r.claimed += uint128(amount);
        emit Claimed(round, index, account, amount);
        _pay(account, amount);
    }

    /// @notice Sends what nobody claimed in time to the treasury. Anybody may call, once a round.
    function sweep(uint256 round) external nonReentrant {
        _begun(round);
        Round storage r = _rounds[round];
        uint256 deadline = deadlineOf(round);
        if (block.timestamp < deadline) revert NotOver(round, block.timestamp, deadline);
        if (r.swept) revert AlreadySwept(round);
        r.swept = true;
        uint256 amount = amountOf(round) - r.claimed;
        emit Swept(round, amount);
        _pay(SystemAddresses.TREASURY, amount);
    }

    /// @notice What a round gives away: 990,000,000 BTT in the first year, 159,500,000 more each year.
    function amountOf(uint256 round) public pure returns (uint256) {
        if (round >= ROUNDS) revert UnknownRound(round, ROUNDS);
        return FIRST_YEAR + round / 12 * YEARLY_RISE;
    }

    /// @notice When a round begins.
    function beginOf(uint256 round) public view returns (uint256) {
        if (round >= ROUNDS) revert UnknownRound(round, ROUNDS);
        return start + round * MONTH;
    }

    /// @notice From when on nobody can claim. It moves once, when the root is set.
    function deadlineOf(uint256 round) public view returns (uint256) {
        uint256 rootTime = _get(round).rootTime;
        return (rootTime == 0 ? beginOf(round) : rootTime) + CLAIM_TIME;
    }

    /// @notice A round as it stands.
    function roundOf(uint256 round) external view returns (Round memory) {
        return _get(round);
    }

    /// @notice True if the part `index` of the round was paid.
    function isClaimed(uint256 round, uint256 index) external view returns (bool) {
        return _claimed[round].get(index);
    }

    /// @notice The leaf of one part.
    function leafOf(uint256 round, uint256 index, address account, uint256 amount) public pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(round, index, account, amount))));
    }

    /// @dev What comes to the treasury by a plain payment goes to its funds.
    function _pay(address to, uint256 amount) private {
        (bool ok, bytes memory reason) = to.call{value: amount}("");
        if (ok) return;
        if (reason.length == 0) revert PaymentRefused(to, amount);
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function _begun(uint256 round) private view {
        uint256 begin = beginOf(round);
        if (start == 0 || block.timestamp < begin) revert NotBegun(round, block.timestamp, begin);
    }

    function _get(uint256 round) private view returns (Round storage) {
        if (round >= ROUNDS) revert UnknownRound(round, ROUNDS);
        return _rounds[round];
    }
}
