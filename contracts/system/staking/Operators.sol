// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SystemAddresses} from "../SystemAddresses.sol";
import {IValidatorSet} from "../interfaces/IValidatorSet.sol";
import {IStakingOperators} from "../interfaces/IStaking.sol";
import {ParamIds} from "../interfaces/ParamIds.sol";
import {Positions} from "./Positions.sol";

/// @title What operators of validators call
abstract contract Operators is Positions, IStakingOperators {
    uint256 internal constant MOST_CANDIDATES = 1_000;
    uint256 internal constant LONGEST_NAME = 64;
    uint256 internal constant LONGEST_SITE = 128;
    /// Between two changes of a key, so that nobody gets rid of missed blocks by changing it again and again.
    uint256 internal constant ROTATION_PAUSE = 1 days;
    bytes32 internal constant KEY_PROOF = keccak256("bttc.key.v1");

    /// @notice Makes the caller the operator of a new validator, with the BTT sent as its own stake.
    /// @param proof Signature of the consensus key over the operator (docs/staking.md, section 5).
    /// @param commission Basis points.
    function createValidator(
        address signer,
        bytes calldata proof,
        uint16 commission,
        string calldata name,
        string calldata site
    ) external payable nonReentrant {
        uint256 least = _param(ParamIds.MIN_SELF_STAKE);
        if (msg.value < least) revert BelowMinimum(msg.value, least);
        _checkProof(signer, proof);
        _create(msg.sender, signer, commission, name, site);
    }

    /// @notice Creates a validator with the BTT sent, which counts from the first epoch on. Only `SYSTEM`, only in block 0.
    function genesisValidator(address operator, address signer, uint16 commission, string calldata name, uint256 stake)
        external
        payable
    {
        _only(SystemAddresses.SYSTEM);
        if (block.number != 0) revert NotGenesis(block.number);
        if (msg.value != stake) revert WrongValue(msg.value, stake);
        if (stake <= DEAD_SHARES) revert BelowMinimum(stake, DEAD_SHARES + 1);
        // Epochs count from 1. What is of epoch 0 is warm when the first begins.
        _clock.epoch = 0;
        _create(operator, signer, commission, name, name[0:0]);
        _clock.epoch = 1;
    }

    function editValidator(string calldata name, string calldata site) external {
        _describe(_known(msg.sender), name, site);
        emit ValidatorEdited(msg.sender, name, site);
    }

    /// @notice Announces a commission in basis points. It replaces what was announced and is not due yet.
    function announceCommission(uint16 commission) external {
        Validator storage v = _known(msg.sender);
        _ripen(msg.sender, v, _clock.epochStart);
        if (v.nextTime != 0 && v.nextTime <= block.timestamp) revert CommissionPending(v.nextTime);
        uint256 notice = _param(ParamIds.COMMISSION_NOTICE);
        // No more than can be announced in a row: a long quiet time does not allow a leap.
        uint256 since = Math.min(block.timestamp - v.changedAt, notice);
        _checkCommission(commission, v.commission + _param(ParamIds.COMMISSION_STEP) * since / 1 days);
        uint256 inForce = block.timestamp + notice;
        v.nextCommission = commission;
        v.nextTime = uint40(inForce);
        emit CommissionAnnounced(msg.sender, commission, uint64(inForce));
    }

    /// @notice Pays the operator its commissions and rewards for evidence.
    function claimCommission() external nonReentrant {
        Validator storage v = _known(msg.sender);
        uint256 amount = v.commissionOwed;
        if (amount == 0) revert NothingToDo();
        v.commissionOwed = 0;
        emit CommissionClaimed(msg.sender, amount);
        _pay(amount);
    }

    /// @notice Signs with another key from the next epoch on. The one before stays the operator's, and so do its faults.
    function rotateKey(address signer, bytes calldata proof) external {
        Validator storage v = _known(msg.sender);
        uint256 allowed = v.rotatedAt + ROTATION_PAUSE;
        if (block.timestamp < allowed) revert TooEarly(block.timestamp, allowed);
        _checkProof(signer, proof);
        emit KeyRotated(msg.sender, v.signer, signer);
        v.rotatedAt = uint40(block.timestamp);
        _setSigner(msg.sender, v, signer);
    }

    /// @notice Ends the jailing, once its time is over.
    function unjail() external {
        Validator storage v = _known(msg.sender);
        if (v.jailedUntil == 0) revert NotJailed(msg.sender);
        if (v.tombstoned) revert Closed(msg.sender);
        if (block.timestamp < v.jailedUntil) revert TooEarly(block.timestamp, v.jailedUntil);
        _checkSelfStake(msg.sender, v);
        v.jailedUntil = 0;
        emit Unjailed(msg.sender);
    }

    /// @notice Takes the validator out of all elections for good. Nobody can stake with it any more; everybody can leave.
    function leave() external {
        Validator storage v = _known(msg.sender);
        if (v.left) revert Closed(msg.sender);
        v.left = true;
        emit Left(msg.sender);
    }

    /// @notice Removes a validator that cannot be elected any more from the candidates. Anybody may do it.
    function evict(address operator) external {
        Validator storage v = _known(operator);
        if (!v.listed) revert NotListed(operator);
        bool fit = !v.left && !v.tombstoned && _selfStake(operator, v) >= _param(ParamIds.MIN_SELF_STAKE);
        if (fit || IValidatorSet(SystemAddresses.VALIDATOR_SET).powerOf(v.signer) > 0) revert StillNeeded(operator);

        address moving = _listed[_listed.length - 1];
        _listed[v.place] = moving;
        _validators[moving].place = v.place;
        _listed.pop();
        v.listed = false;
        emit Evicted(operator, msg.sender);
    }

    /// @notice Makes an evicted validator a candidate again, once its self stake is there.
    function rejoin() external {
        Validator storage v = _known(msg.sender);
        if (v.listed) revert AlreadyListed(msg.sender);
        if (v.left || v.tombstoned) revert Closed(msg.sender);
        _checkSelfStake(msg.sender, v);
        _list(msg.sender, v);
        emit Rejoined(msg.sender);
    }

    function _create(address operator, address signer, uint16 commission, string calldata name, string calldata site)
        private
    {
        Validator storage v = _validators[operator];
        if (v.shares != 0) revert OperatorTaken(operator);
        _checkCommission(commission, type(uint256).max);
        _setSigner(operator, v, signer);
        _describe(v, name, site);
        _list(operator, v);
        _fill(operator, v);
        (v.commission, v.changedAt) = (commission, uint40(block.timestamp));
        emit ValidatorCreated(operator, signer, msg.value, commission, name, site);
    }

    /// Puts the BTT sent into the pool of a new validator.
    function _fill(address operator, Validator storage v) private {
        uint48 epoch = _clock.epoch;
        (v.tokens, v.shares) = (uint128(msg.value), uint128(msg.value));
        (v.warming, v.warmingEpoch) = (uint104(msg.value - DEAD_SHARES), epoch);
        Position storage p = _positions[operator][operator];
        (p.shares, p.epoch) = (uint104(msg.value - DEAD_SHARES), epoch);
        (v.perShare, p.index, _perShareAt[operator][epoch]) = (1, 1, 1);
    }

    function _list(address operator, Validator storage v) private {
        if (_listed.length >= MOST_CANDIDATES) revert TooMany(MOST_CANDIDATES);
        (v.listed, v.place) = (true, uint16(_listed.length));
        _listed.push(operator);
    }

    function _setSigner(address operator, Validator storage v, address signer) private {
        if (signer == address(0) || _operatorOf[signer] != address(0)) revert SignerTaken(signer);
        _operatorOf[signer] = operator;
        v.signer = signer;
    }

    function _describe(Validator storage v, string calldata name, string calldata site) private {
        if (bytes(name).length > LONGEST_NAME) revert WrongLength(bytes(name).length, LONGEST_NAME);
        if (bytes(site).length > LONGEST_SITE) revert WrongLength(bytes(site).length, LONGEST_SITE);
        (v.name, v.site) = (name, site);
    }

    function _checkProof(address signer, bytes calldata proof) private view {
        bytes32 hash = keccak256(abi.encode(KEY_PROOF, block.chainid, msg.sender));
        (address recovered,,) = ECDSA.tryRecoverCalldata(hash, proof);
        if (recovered != signer || signer == address(0)) revert WrongProof(recovered, signer);
    }

    /// @param most What the step allows, besides the bounds.
    function _checkCommission(uint256 commission, uint256 most) private view {
        uint256 least = _param(ParamIds.MIN_COMMISSION);
        uint256 bound = _param(ParamIds.MAX_COMMISSION);
        if (most > bound) most = bound;
        if (commission < least || commission > most) revert WrongCommission(commission, least, most);
    }

    function _checkSelfStake(address operator, Validator storage v) private view {
        (uint256 own, uint256 least) = (_selfStake(operator, v), _param(ParamIds.MIN_SELF_STAKE));
        if (own < least) revert BelowMinimum(own, least);
    }
}
