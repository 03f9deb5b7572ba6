// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {ICheckpoints} from "./interfaces/ICheckpoints.sol";

/// An account of the side chain.
struct Account {
    uint64 nonce;
    /// Unit: wei.
    uint256 balance;
    bytes32 storageRoot;
    bytes32 codeHash;
}

/// @title Reads the side chain's state on a root chain
/// @notice Proves accounts and storage slots against the state root of a checkpoint, with the nodes that `eth_getProof` answers. What is
/// there can be proved, not what is absent: a slot that was never written, or is zero, has no node and is refused.
contract StateProof {
    using Memory for *;
    using RLP for *;

    uint256 private constant ACCOUNT_FIELDS = 4;

    ICheckpoints public immutable checkpoints;

    /// @notice What the trie holds is no account, slot or number in its one encoding.
    error BadEncoding();

    constructor(ICheckpoints checkpoints_) {
        checkpoints = checkpoints_;
    }

    /// @notice An account after the block of a checkpoint.
    /// @param proof Nodes from the root to the account, as RLP.
    function account(uint64 height, address who, bytes[] calldata proof) public view returns (Account memory found) {
        bytes memory value = TrieProof.traverse(checkpoints.stateRoot(height), _key(bytes32(bytes20(who)), 20), proof);
        Memory.Slice[] memory fields = value.decodeList();
        if (fields.length != ACCOUNT_FIELDS) revert BadEncoding();
        found.nonce = uint64(_number(fields[0], 9));
        found.balance = _number(fields[1], 33);
        found.storageRoot = _word(fields[2]);
        found.codeHash = _word(fields[3]);
    }

    /// @notice What a storage slot held after the block of a checkpoint.
    /// @param accountProof Nodes from the state root to the account.
    /// @param slotProof Nodes from the account's storage root to the slot.
    function slot(uint64 height, address who, bytes32 key, bytes[] calldata accountProof, bytes[] calldata slotProof)
        external
        view
        returns (bytes32)
    {
        bytes32 root = account(height, who, accountProof).storageRoot;
        bytes memory value = TrieProof.traverse(root, _key(key, 32), slotProof);
        return bytes32(_number(value.asSlice(), 33));
    }

    /// Tries are keyed by hashes.
    function _key(bytes32 word, uint256 length) private pure returns (bytes memory) {
        bytes32 hash;
        assembly ("memory-safe") {
            mstore(0x00, word)
            hash := keccak256(0x00, length)
        }
        return abi.encodePacked(hash);
    }

    /// A number has one encoding: no leading zeros, nothing behind it.
    function _number(Memory.Slice item, uint256 most) private pure returns (uint256 number) {
        if (item.length() > most) revert BadEncoding();
        number = item.readUint256();
        if (keccak256(RLP.encode(number)) != keccak256(item.toBytes())) revert BadEncoding();
    }

    function _word(Memory.Slice item) private pure returns (bytes32) {
        if (item.length() != 33) revert BadEncoding();
        return item.readBytes32();
    }
}
