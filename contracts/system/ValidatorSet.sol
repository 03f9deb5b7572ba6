// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TransientSlot} from "@openzeppelin/contracts/utils/TransientSlot.sol";
import {MissedBlocks} from "./MissedBlocks.sol";
import {SystemAddresses} from "./SystemAddresses.sol";
import {IParams} from "./interfaces/IParams.sol";
import {IStaking} from "./interfaces/IStaking.sol";
import {Fees, IValidatorSet, Member, Work} from "./interfaces/IValidatorSet.sol";
import {ParamIds} from "./interfaces/ParamIds.sol";

/// @title ValidatorSet
/// @notice Who signs blocks, since when, and what each of them did in the running epoch.
contract ValidatorSet is IValidatorSet {
    using TransientSlot for bytes32;
    using TransientSlot for TransientSlot.BooleanSlot;

    /// The highest bound of the parameter `MAX_VALIDATORS`.
    uint256 public constant MOST_MEMBERS = 100;

    /// `known` tells that the signer was seen to be a member in this epoch.
    struct Record {
        uint48 proposed;
        uint48 missed;
        uint128 tips;
        bool known;
    }

    /// Each `signer << 96 | power`, ordered by power descending, then address.
    uint256[] private _members;

    uint64 private _number;
    uint64 private _startTime;
    uint64 private _startHeight;
    uint64 private _blocks;

    uint128 private _stakersFees;
    uint128 private _treasuryFees;

    uint128 private _feesBurned;
    uint64 private _genesisTime;

    mapping(address signer => Record) private _records;
    mapping(address signer => uint256 counters) private _counters;

    modifier onlySystem() {
        if (msg.sender != SystemAddresses.SYSTEM) revert NotSystem(msg.sender);
        _;
    }

    /// @inheritdoc IValidatorSet
    function genesis(uint256[] calldata members_, uint64 time) external onlySystem {
        if (block.number != 0) revert NotGenesis(block.number);
        _genesisTime = time;
        _begin(members_, 1, time, 1);
    }

    /// @inheritdoc IValidatorSet
    function onBlock(bytes calldata missed, Fees calldata fees) external onlySystem returns (address[] memory down) {
        _stakersFees += fees.stakers;
        _treasuryFees += fees.treasury;
        _feesBurned += fees.burned;

        Record storage proposer = _records[block.coinbase];
        if (!proposer.known) {
            if (powerOf(block.coinbase) == 0) revert NotMember(block.coinbase);
            proposer.known = true;
        }
        proposer.proposed += 1;
        proposer.tips += fees.tips;

        if (missed.length > 0) {
            _blocks += 1;
            down = _count(missed);
        }
    }

    /// @inheritdoc IValidatorSet
    function closeEpoch(uint256[] calldata next) external {
        if (tx.gasprice != 0 || msg.sender != block.coinbase) revert NotSystemTransaction(msg.sender, tx.gasprice);
        IParams params = IParams(SystemAddresses.PARAMS);
        uint256 end = _startTime + params.get(ParamIds.EPOCH_LENGTH);
        if (block.timestamp < end) revert EpochNotOver(block.timestamp, end);

        uint64 number = _number;
        IStaking(SystemAddresses.STAKING)
            .closeEpoch(
                number, uint64(block.timestamp) - _startTime, _blocks, _stakersFees, _treasuryFees, _takeWork(), next
            );
        params.onEpoch();
        (_stakersFees, _treasuryFees) = (0, 0);
        _begin(next, number + 1, uint64(block.timestamp), uint64(block.number + 1));
    }

    /// @inheritdoc IValidatorSet
    function members() external view returns (Member[] memory list) {
        list = new Member[](_members.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _unpack(_members[i]);
        }
    }

    /// @inheritdoc IValidatorSet
    function validatorsHash() external view returns (bytes32) {
        return _hash(_members);
    }

    /// @inheritdoc IValidatorSet
    function totalPower() external view returns (uint256 sum) {
        uint256 count = _members.length;
        for (uint256 i = 0; i < count; ++i) {
            sum += uint96(_members[i]);
        }
    }

    /// @inheritdoc IValidatorSet
    function powerOf(address signer) public view returns (uint96) {
        uint256 count = _members.length;
        for (uint256 i = 0; i < count; ++i) {
            Member memory member = _unpack(_members[i]);
            if (member.signer == signer) return member.power;
        }
        return 0;
    }

    /// @inheritdoc IValidatorSet
    function epoch() external view returns (uint64 number, uint64 startTime, uint64 startHeight) {
        return (_number, _startTime, _startHeight);
    }

    /// @inheritdoc IValidatorSet
    function epochNumber() external view returns (uint64) {
        return _number;
    }

    /// @inheritdoc IValidatorSet
    function work() public view returns (Work[] memory list) {
        list = new Work[](_members.length);
        for (uint256 i = 0; i < list.length; ++i) {
            Member memory member = _unpack(_members[i]);
            Record memory record = _records[member.signer];
            list[i] = Work(member.signer, member.power, record.proposed, record.missed, record.tips);
        }
    }

    /// @inheritdoc IValidatorSet
    function blocks() external view returns (uint64) {
        return _blocks;
    }

    /// @inheritdoc IValidatorSet
    function epochFees() external view returns (uint256 stakers, uint256 treasury) {
        return (_stakersFees, _treasuryFees);
    }

    /// @inheritdoc IValidatorSet
    function feesBurned() external view returns (uint256) {
        return _feesBurned;
    }

    /// @inheritdoc IValidatorSet
    function missedInWindow(address signer) external view returns (uint256) {
        uint256 window = IParams(SystemAddresses.PARAMS).get(ParamIds.DOWNTIME_WINDOW);
        return MissedBlocks.sum(_counters[signer], MissedBlocks.tenth(block.number, window));
    }

    /// @inheritdoc IValidatorSet
    function genesisTime() external view returns (uint64) {
        return _genesisTime;
    }

    /// Counts the absentees of a block. Everybody is counted before anybody is judged, so that the brake sees all of them.
    function _count(bytes calldata missed) private returns (address[] memory down) {
        uint256 count = _members.length;
        if (missed.length != (count + 7) / 8) revert WrongBitmap(missed.length, (count + 7) / 8);

        IParams params = IParams(SystemAddresses.PARAMS);
        uint256 window = params.get(ParamIds.DOWNTIME_WINDOW);
        uint256 bound = window * params.get(ParamIds.MAX_MISSED) / 10_000;
        uint256 tenth = MissedBlocks.tenth(block.number, window);

        address[] memory over = new address[](count);
        uint256 found = 0;
        for (uint256 group = 0; group < missed.length; ++group) {
            uint256 byte_ = uint8(missed[group]);
            for (uint256 i = group * 8; byte_ != 0; (byte_ >>= 1, ++i)) {
                if (byte_ & 1 == 0) continue;
                if (i >= count) revert StrayBit(i, count);
                address signer = _unpack(_members[i]).signer;
                _records[signer].missed += 1;
                uint256 counters = MissedBlocks.add(_counters[signer], tenth);
                _counters[signer] = counters;
                if (MissedBlocks.sum(counters, tenth) > bound) over[found++] = signer;
            }
        }
        if (found == 0 || _braked(bound, tenth)) return new address[](0);

        for (uint256 i = 0; i < found; ++i) {
            emit Down(over[i], MissedBlocks.sum(_counters[over[i]], tenth));
            _counters[over[i]] = 0;
        }
        assembly ("memory-safe") {
            mstore(over, found)
        }
        return over;
    }

    /// Whether more than 1/3 of the power is above half of the bound: then it is the network, not a validator, that is down.
    function _braked(uint256 bound, uint256 tenth) private view returns (bool) {
        uint256 all = 0;
        uint256 absent = 0;
        uint256 count = _members.length;
        for (uint256 i = 0; i < count; ++i) {
            Member memory member = _unpack(_members[i]);
            all += member.power;
            if (MissedBlocks.sum(_counters[member.signer], tenth) * 2 > bound) absent += member.power;
        }
        return absent * 3 > all;
    }

    /// The work of the epoch, which is forgotten here.
    function _takeWork() private returns (Work[] memory list) {
        list = work();
        for (uint256 i = 0; i < list.length; ++i) {
            delete _records[list[i].signer];
        }
    }

    function _begin(uint256[] calldata next, uint64 number, uint64 time, uint64 height) private {
        if (next.length == 0 || next.length > MOST_MEMBERS) revert WrongSize(next.length, MOST_MEMBERS);
        for (uint256 i = 0; i < next.length; ++i) {
            uint256 power = uint96(next[i]);
            if (power == 0 || power > type(uint64).max) revert WrongPower(i, power);
            if (i > 0) {
                uint256 before = uint96(next[i - 1]);
                if (power > before || (power == before && next[i] <= next[i - 1])) revert NotOrdered(i);
            }
            // Where powers differ the order does not show a signer that is there twice. The number makes the mark new each time.
            bytes32 mark = bytes32(uint256(number) << 160 | next[i] >> 96);
            if (mark.asBoolean().tload()) revert Repeated(i);
            mark.asBoolean().tstore(true);
        }
        _members = next;
        (_number, _startTime, _startHeight, _blocks) = (number, time, height, 0);
        emit EpochClosed(number, next.length, _hash(next));
    }

    function _hash(uint256[] memory list) private pure returns (bytes32) {
        bytes memory packed = new bytes(list.length * 28 + 4);
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 entry = list[i] >> 96 << 64 | uint64(list[i]);
            assembly ("memory-safe") {
                // The four bytes behind an entry belong to the next one, which is written after it.
                mstore(add(add(packed, 0x20), mul(i, 28)), shl(32, entry))
            }
        }
        assembly ("memory-safe") {
            mstore(packed, sub(mload(packed), 4))
        }
        return keccak256(packed);
    }

    function _unpack(uint256 word) private pure returns (Member memory) {
        return Member(address(uint160(word >> 96)), uint96(word));
    }
}
