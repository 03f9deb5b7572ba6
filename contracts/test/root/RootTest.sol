// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {Certificates} from "../../root/Certificates.sol";
import {Certificate, CheckpointManager} from "../../root/CheckpointManager.sol";
import {Exit} from "../../root/Exits.sol";
import {vm} from "../system/Vm.sol";

uint256 constant SIDE_CHAIN = 990990;
uint64 constant MAX_AGE = 3.5 days;
address constant OWNER = address(0x0ABCDE);
bytes32 constant EMPTY_EXITS = 0x27ae5ba08d7291c96c8cbddcc148bf48a6d68c7974b94356f53754ef6171d757;

function ok(bool condition, string memory what) pure {
    require(condition, what);
}

/// Validators with keys, headers and certificates as the chain makes them, and exit trees.
abstract contract RootTest {
    uint256 internal constant START = 2_000_000_000;

    /// What a header says; the rest of it is filler.
    struct Block {
        uint64 height;
        uint64 time;
        bytes32 state;
        bytes32 next;
        bytes32 exits;
    }

    /// A set of validators: member `i` has key `first + i`.
    struct Set {
        uint256 first;
        uint64[] powers;
    }

    CheckpointManager internal manager;

    function equalSet(uint256 first, uint256 count) internal pure returns (Set memory set) {
        uint64[] memory powers = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            powers[i] = 1_000_000;
        }
        return Set(first, powers);
    }

    function list(Set memory set) internal pure returns (bytes memory packed) {
        for (uint256 i = 0; i < set.powers.length; ++i) {
            packed = abi.encodePacked(packed, uint160(vm.addr(set.first + i)), set.powers[i]);
        }
    }

    function hashOf(Set memory set) internal pure returns (bytes32) {
        return keccak256(list(set));
    }

    function newManager(Set memory set) internal returns (CheckpointManager) {
        return new CheckpointManager(SIDE_CHAIN, OWNER, MAX_AGE, hashOf(set), 0);
    }

    function blockOf(uint64 height, Set memory next) internal view returns (Block memory) {
        bytes32 state = keccak256(abi.encode("state", height));
        return Block(height, uint64(block.timestamp), state, hashOf(next), keccak256(abi.encode("exits", height)));
    }

    function header(Block memory b) internal pure returns (bytes memory) {
        return header(b, 21);
    }

    /// A header cut after so many fields.
    function header(Block memory b, uint256 fields) internal pure returns (bytes memory) {
        bytes[] memory all = new bytes[](fields);
        bytes32 filler = keccak256(abi.encode("filler", b.height));
        for (uint256 i = 0; i < fields; ++i) {
            if (i == 2) all[i] = RLP.encode(abi.encodePacked(bytes20(filler)));
            else if (i == 3) all[i] = RLP.encode(b.state);
            else if (i == 6) all[i] = RLP.encode(new bytes(256));
            else if (i == 7 || i == 17 || i == 18) all[i] = RLP.encode(uint256(0));
            else if (i == 8) all[i] = RLP.encode(uint256(b.height));
            else if (i == 9 || i == 10) all[i] = RLP.encode(uint256(60_000_000));
            else if (i == 11) all[i] = RLP.encode(uint256(b.time));
            else if (i == 12) all[i] = RLP.encode(keccak256(abi.encode(b.next, b.exits)));
            else if (i == 14) all[i] = RLP.encode(new bytes(8));
            else if (i == 15) all[i] = RLP.encode(uint256(9_000 gwei));
            else all[i] = RLP.encode(filler);
        }
        return RLP.encode(all);
    }

    function sign(uint256 key, bytes32 vote) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, vote);
        return abi.encodePacked(r, s, v);
    }

    function voteOf(bytes memory rlp, uint64 height, uint32 round) internal pure returns (bytes32) {
        return Certificates.voteHash(SIDE_CHAIN, height, round, keccak256(rlp));
    }

    function certify(Set memory set, bytes32 vote, uint32 round, uint256 signers)
        internal
        pure
        returns (Certificate memory certificate)
    {
        bytes memory signatures;
        for (uint256 i = 0; i < set.powers.length; ++i) {
            if (signers >> i & 1 == 1) signatures = abi.encodePacked(signatures, sign(set.first + i, vote));
        }
        return Certificate(round, list(set), signers, signatures);
    }

    function certify(Set memory set, Block memory b, uint256 signers) internal pure returns (Certificate memory) {
        return certify(set, voteOf(header(b), b.height, 0), 0, signers);
    }

    /// Bits of the first members that hold more than 2/3 of the power.
    function enough(Set memory set) internal pure returns (uint256 signers) {
        uint256 total;
        uint256 signed;
        for (uint256 i = 0; i < set.powers.length; ++i) {
            total += set.powers[i];
        }
        for (uint256 i = 0; signed * 3 <= total * 2; ++i) {
            signed += set.powers[i];
            signers |= 1 << i;
        }
    }

    function submit(Set memory set, Block memory b) internal {
        manager.submit(header(b), certify(set, b, enough(set)), b.next, b.exits);
    }

    /// Root of the exit tree over these leaves, and the proof of one of them.
    function tree(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32, bytes32[32] memory proof) {
        bytes32 zero;
        for (uint256 level = 0; level < 32; ++level) {
            uint256 sibling = index ^ 1;
            proof[level] = sibling < leaves.length ? leaves[sibling] : zero;
            bytes32[] memory up = new bytes32[]((leaves.length + 1) / 2);
            for (uint256 i = 0; i < up.length; ++i) {
                bytes32 right = 2 * i + 1 < leaves.length ? leaves[2 * i + 1] : zero;
                up[i] = keccak256(abi.encode(leaves[2 * i], right));
            }
            (leaves, index, zero) = (up, index >> 1, keccak256(abi.encode(zero, zero)));
        }
        return (leaves.length == 0 ? zero : leaves[0], proof);
    }

    function leafOf(Exit memory e, uint256 rootId, address bridge) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(uint256(1), SIDE_CHAIN, rootId, bridge, uint256(e.index), e.token, e.from, e.to, e.amount)
        );
    }
}
