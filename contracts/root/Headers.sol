// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

/// What a root chain reads of a header.
struct Header {
    bytes32 hash;
    bytes32 stateRoot;
    /// `keccak256(abi.encode(nextValidatorsHash, exitRoot))`.
    bytes32 outputs;
    uint64 height;
    /// Unit: seconds.
    uint64 time;
}

/// @title Headers of the chain
/// @notice Takes a header apart (docs/protocol.md, section 2). The bytes prove nothing by themselves: a certificate over their hash does.
library Headers {
    using Memory for Memory.Slice;
    using RLP for *;

    /// Fields that every header has; later forks may add to its end.
    uint256 private constant FIELDS = 21;
    uint256 private constant STATE_ROOT = 3;
    uint256 private constant NUMBER = 8;
    uint256 private constant TIME = 11;
    uint256 private constant EXTRA_DATA = 12;

    /// @notice Fewer fields than a header of this chain has.
    error CutHeader(uint256 fields, uint256 least);
    /// @notice A field is not as long as it must be. Unit: bytes, its RLP prefix counted.
    error BadField(uint256 field, uint256 got, uint256 expected);

    /// @notice Reads a header. Reverts unless `rlp` is one whole list.
    function read(bytes memory rlp) internal pure returns (Header memory header) {
        Memory.Slice[] memory fields = rlp.decodeList();
        if (fields.length < FIELDS) revert CutHeader(fields.length, FIELDS);
        header.hash = keccak256(rlp);
        header.stateRoot = _word(fields, STATE_ROOT);
        header.outputs = _word(fields, EXTRA_DATA);
        header.height = _number(fields, NUMBER);
        header.time = _number(fields, TIME);
    }

    function _word(Memory.Slice[] memory fields, uint256 field) private pure returns (bytes32) {
        if (fields[field].length() != 33) revert BadField(field, fields[field].length(), 33);
        return fields[field].readBytes32();
    }

    function _number(Memory.Slice[] memory fields, uint256 field) private pure returns (uint64) {
        if (fields[field].length() > 9) revert BadField(field, fields[field].length(), 9);
        return uint64(fields[field].readUint256());
    }
}
