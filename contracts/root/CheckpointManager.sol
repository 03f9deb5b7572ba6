// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Certificates} from "./Certificates.sol";
import {Header, Headers} from "./Headers.sol";
import {Recovery, Tip} from "./Recovery.sol";
import {ICheckpoints} from "./interfaces/ICheckpoints.sol";

/// Signatures of a block, as somebody brings them.
struct Certificate {
    uint32 round;
    /// The trusted set, member after member (`Certificates`).
    bytes validators;
    /// Bit `i` for member `i`: whose signatures follow.
    uint256 signers;
    /// 65 bytes each, in the order of the bits.
    bytes signatures;
}

/// @title Follows the decided blocks of the side chain
/// @notice The certificate of any decided block is a checkpoint: nothing extra is signed (docs/protocol.md, section 7). Anyone may submit.
///
/// The set that signs can change with any block, and a header names the set of the next one. This contract trusts one set at a time and
/// takes signatures of no other. So a header that changes the set cannot be skipped: later ones are signed by a set that is not trusted
/// yet. Once it is submitted, the old set counts for nothing: not for later heights, and not for earlier ones, as the height grows.
/// Within an epoch any header will do, in any steps. If a set comes back unchanged, the change to it and away from it may both be skipped:
/// what is signed then is still signed by the set that decided it.
contract CheckpointManager is ICheckpoints, Recovery {
    struct Roots {
        bytes32 stateRoot;
        bytes32 exitRoot;
    }

    /// How far ahead of this chain's clock a block may be: its own chain allows 2 s, and clocks differ. Unit: seconds.
    uint64 public constant MAX_AHEAD = 60;

    /// @inheritdoc ICheckpoints
    uint256 public immutable sideChainId;

    /// Two slots each, never changed and never deleted.
    mapping(uint64 height => Roots) private _roots;
    /// Who of the trusted set was seen to have signed, by vote and set: what did not fit into one transaction.
    mapping(bytes32 key => uint256 signers) private _collected;

    event Checkpoint(
        uint64 indexed height,
        bytes32 indexed blockHash,
        bytes32 stateRoot,
        bytes32 exitRoot,
        bytes32 nextValidatorsHash
    );
    /// @notice A header was followed while a recovery waits: it moves the announced tip, and proves nothing yet.
    event Followed(uint64 indexed height, bytes32 indexed blockHash, bytes32 nextValidatorsHash);
    event Collected(bytes32 indexed blockHash, uint64 indexed height, uint256 signers);

    error HeightNotGrowing(uint64 got, uint64 last);
    error WrongSet(bytes32 got, bytes32 trusted);
    /// @notice Two thirds of the power or less have signed. Unit: power.
    error TooLittlePower(uint256 signed, uint256 total);
    error WrongOutputs(bytes32 got, bytes32 expected);
    error AheadOfTime(uint64 got, uint256 latest);
    error EmptyOutputs(bytes32 nextValidatorsHash, bytes32 exitRoot);

    /// @param sideChainId_ EIP-155 id of the side chain.
    /// @param owner_ The timelock that may recover, and nothing else.
    /// @param maxAge_ Half of the side chain's unbonding time. Unit: seconds.
    /// @param validatorsHash Of the set that signs the block after `height`; whoever deploys vouches that it is bonded now.
    constructor(uint256 sideChainId_, address owner_, uint64 maxAge_, bytes32 validatorsHash, uint64 height)
        Recovery(owner_, maxAge_, Tip(validatorsHash, height, uint64(block.timestamp)))
    {
        sideChainId = sideChainId_;
    }

    /// @notice Takes a decided block as a checkpoint.
    /// @param header Its RLP.
    /// @param certificate Signatures of the trusted set over it; with those collected before, more than 2/3 of its power.
    /// @param nextValidatorsHash What its `extra_data` opens to: the set of the next block,
    /// @param exitRoot_ and the exits until now.
    function submit(
        bytes calldata header,
        Certificate calldata certificate,
        bytes32 nextValidatorsHash,
        bytes32 exitRoot_
    ) external {
        Header memory read = Headers.read(header);
        Tip storage tip = _activeTip();
        if (read.height <= tip.height) revert HeightNotGrowing(read.height, tip.height);
        if (read.time > block.timestamp + MAX_AHEAD) revert AheadOfTime(read.time, block.timestamp + MAX_AHEAD);
        bytes32 outputs = keccak256(abi.encode(nextValidatorsHash, exitRoot_));
        if (outputs != read.outputs) revert WrongOutputs(outputs, read.outputs);
        // No set has this hash and no tree this root: trusting no set could only be undone by a recovery.
        if (nextValidatorsHash == 0 || exitRoot_ == 0) revert EmptyOutputs(nextValidatorsHash, exitRoot_);
        _checkPower(tip.validatorsHash, read.height, read.hash, certificate);

        if (tip.validatorsHash != nextValidatorsHash) tip.validatorsHash = nextValidatorsHash;
        tip.height = read.height;
        // After a recovery blocks older than it follow; they take nothing from the trust it gave.
        if (read.time > tip.time) tip.time = read.time;
        if (_recovering()) {
            emit Followed(read.height, read.hash, nextValidatorsHash);
            return;
        }
        _roots[read.height] = Roots(read.stateRoot, exitRoot_);
        emit Checkpoint(read.height, read.hash, read.stateRoot, exitRoot_, nextValidatorsHash);
    }

    /// @notice Keeps signatures for a later `submit`, where one transaction cannot recover enough of them: TRON bounds the time of a
    /// transaction, and 32 recoveries are what fits. Only valid signatures of the trusted set are kept, one slot a block.
    function collect(uint64 height, bytes32 blockHash, Certificate calldata certificate) external {
        Tip storage tip = _activeTip();
        if (height <= tip.height) revert HeightNotGrowing(height, tip.height);
        (bytes32 key, uint256 signers) = _checkSignatures(tip.validatorsHash, height, blockHash, certificate);
        _collected[key] = signers;
        emit Collected(blockHash, height, signers);
    }

    /// @notice Who of the trusted set was seen to have signed this block, by earlier calls of `collect`.
    function collected(uint64 height, uint32 round, bytes32 blockHash) external view returns (uint256 signers) {
        bytes32 vote = Certificates.voteHash(sideChainId, height, round, blockHash);
        return _collected[keccak256(abi.encode(vote, activeTip().validatorsHash))];
    }

    /// @inheritdoc ICheckpoints
    function stateRoot(uint64 height) external view returns (bytes32 root) {
        root = _roots[height].stateRoot;
        if (root == 0) revert UnknownCheckpoint(height);
    }

    /// @inheritdoc ICheckpoints
    function exitRoot(uint64 height) external view returns (bytes32 root) {
        root = _roots[height].exitRoot;
        if (root == 0) revert UnknownCheckpoint(height);
    }

    function _checkPower(bytes32 trusted, uint64 height, bytes32 blockHash, Certificate calldata certificate) private {
        (bytes32 key, uint256 signers) = _checkSignatures(trusted, height, blockHash, certificate);
        (uint256 signed, uint256 total) = Certificates.power(certificate.validators, signers);
        if (signed * 3 <= total * 2) revert TooLittlePower(signed, total);
        if (signers != certificate.signers) delete _collected[key];
    }

    /// Answers who has signed, those collected before included.
    function _checkSignatures(bytes32 trusted, uint64 height, bytes32 blockHash, Certificate calldata certificate)
        private
        view
        returns (bytes32 key, uint256 signers)
    {
        bytes32 got = keccak256(certificate.validators);
        if (got != trusted) revert WrongSet(got, trusted);
        bytes32 vote = Certificates.voteHash(sideChainId, height, certificate.round, blockHash);
        Certificates.check(vote, certificate.validators, certificate.signers, certificate.signatures);
        key = keccak256(abi.encode(vote, trusted));
        signers = _collected[key] | certificate.signers;
    }
}
