// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SystemAddresses} from "../SystemAddresses.sol";
import {IBridgeInbox} from "../interfaces/IBridgeInbox.sol";
import {IValidatorSet} from "../interfaces/IValidatorSet.sol";
import {RootChains} from "./RootChains.sol";

/// @title What validators say happened on root chains
/// @notice A vote counts in the epoch it is given in, with the power the voter has in the set of that epoch, and in no other. Whoever wants
/// its word to count in a new epoch gives it again. So power of a set that is gone never decides, and nobody's counts twice.
/// @dev The set changes with the number of the epoch and never otherwise (docs/staking.md, section 3), so the number names the set.
abstract contract Attestations is RootChains {
    struct Vote {
        uint64 to;
        uint64 epoch;
        /// `Root.drops` when the vote was given.
        uint32 drops;
    }

    /// Power in the set of `epoch`: asked once an epoch, as `ValidatorSet` looks through all of the set.
    struct Power {
        uint64 epoch;
        uint96 power;
    }

    /// How far a vote may run ahead of what is carried out. It bounds the hashes of `executePart`, and how long a validator that
    /// vouched for too much is out.
    uint64 public constant MAX_AHEAD = 1024;

    mapping(uint256 rootId => mapping(address signer => Vote)) private _votes;
    mapping(bytes32 what => uint256 power) private _tallies;
    mapping(address signer => Power) private _powers;
    Power private _total;

    /// @inheritdoc IBridgeInbox
    function attest(uint256 rootId, uint64 to, bytes32 chainHash) external {
        Root storage root = _open(rootId);
        uint64 epoch = _epoch();
        uint256 power = _powerOf(msg.sender, epoch);
        if (power == 0) revert NotValidator(msg.sender);
        _advance(root, _votes[rootId][msg.sender], epoch, to);

        bytes32 what = _key(rootId, root.drops, epoch, to, chainHash);
        uint256 sum = _tallies[what] + power;
        _tallies[what] = sum;
        emit Attested(rootId, msg.sender, to, chainHash, power);
        uint256 total = _totalPower(epoch);
        if (sum * 3 <= total * 2) return;
        (root.accepted, root.acceptedChain) = (to, chainHash);
        emit Accepted(rootId, to, chainHash, sum, total);
    }

    /// @inheritdoc IBridgeInbox
    function dropAccepted(uint256 rootId) external onlyTimelock {
        Root storage root = _known(rootId);
        emit AcceptedDropped(rootId, root.accepted, root.acceptedChain);
        (root.accepted, root.acceptedChain) = (root.executed, root.executedChain);
        root.drops += 1;
    }

    /// @inheritdoc IBridgeInbox
    function voteOf(uint256 rootId, address signer) external view returns (uint64 to, uint64 epoch) {
        Vote storage vote = _votes[rootId][signer];
        return (vote.to, vote.epoch);
    }

    /// @inheritdoc IBridgeInbox
    function powerFor(uint256 rootId, uint64 to, bytes32 chainHash) external view returns (uint256) {
        return _tallies[_key(rootId, _known(rootId).drops, _epoch(), to, chainHash)];
    }

    /// Moves a vote: beyond what is accepted, and beyond the voter's last; that one may be repeated in a later epoch, where it counts anew.
    function _advance(Root storage root, Vote storage vote, uint64 epoch, uint64 to) private {
        uint64 least = root.accepted + 1;
        if (vote.drops == root.drops) {
            uint64 own = vote.epoch == epoch ? vote.to + 1 : vote.to;
            if (own > least) least = own;
        }
        if (to < least) revert NotForward(to, least);
        uint64 most = root.executed + MAX_AHEAD;
        if (to > most) revert TooFarAhead(to, most);
        (vote.to, vote.epoch, vote.drops) = (to, epoch, root.drops);
    }

    function _powerOf(address signer, uint64 epoch) private returns (uint256) {
        Power storage known = _powers[signer];
        if (known.epoch == epoch) return known.power;
        uint96 power = IValidatorSet(SystemAddresses.VALIDATOR_SET).powerOf(signer);
        if (power != 0) (known.epoch, known.power) = (epoch, power);
        return power;
    }

    function _totalPower(uint64 epoch) private returns (uint256) {
        if (_total.epoch == epoch) return _total.power;
        // At most 100 powers of 64 bits.
        uint96 power = uint96(IValidatorSet(SystemAddresses.VALIDATOR_SET).totalPower());
        (_total.epoch, _total.power) = (epoch, power);
        return power;
    }

    function _epoch() private view returns (uint64) {
        return IValidatorSet(SystemAddresses.VALIDATOR_SET).epochNumber();
    }

    function _key(uint256 rootId, uint32 drops, uint64 epoch, uint64 to, bytes32 chainHash)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(rootId, drops, epoch, to, chainHash));
    }
}
