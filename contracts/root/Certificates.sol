// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Certificates of decided blocks
/// @notice Checks precommit signatures as docs/protocol.md, section 3, defines them. A set is its members one after the other, 28 bytes
/// each: `uint160 signer, uint64 power`; the hash of these bytes is the `validatorsHash` of the chain. Signers are a bitmap, bit `i` for
/// member `i`, and signatures follow the order of its bits: no member can be counted twice.
library Certificates {
    /// Bytes of a member: 20 of the signer, 8 of the power.
    uint256 internal constant MEMBER = 28;
    /// Bytes of a signature: `r, s, v`.
    uint256 internal constant SIGNATURE = 65;
    /// As many members as the bitmap has bits. The chain elects 100 at most (docs/protocol.md, section 3).
    uint256 internal constant MOST_MEMBERS = 256;

    bytes32 private constant DOMAIN = keccak256("bttc.vote.v1");
    uint8 private constant PRECOMMIT = 2;
    /// Half of the order of secp256k1: the highest `s` that is accepted.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice The list is empty, too long, or not made of whole members.
    error BadSetLength(uint256 bytesGot, uint256 bytesPerMember, uint256 mostMembers);
    error BadSignaturesLength(uint256 bytesGot, uint256 bytesExpected);
    /// @notice The bitmap names a member that the set does not have.
    error SignerOutOfSet(uint256 bitmap, uint256 members);
    error HighS(uint256 member, uint256 got, uint256 most);
    error BadV(uint256 member, uint8 got);
    error WrongSigner(uint256 member, address got, address expected);

    /// @notice The 32 bytes that every signer of a certificate has signed.
    /// @param chainId EIP-155 id of the chain whose block it is.
    function voteHash(uint256 chainId, uint64 height, uint32 round, bytes32 blockHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, chainId, PRECOMMIT, height, round, blockHash));
    }

    /// @notice Reverts unless every member named in `signers` has signed `vote`.
    /// @param signatures Of the members named, in the order of their bits.
    function check(bytes32 vote, bytes calldata validators, uint256 signers, bytes calldata signatures) internal pure {
        uint256 members = _members(validators);
        if (members < MOST_MEMBERS && signers >> members != 0) revert SignerOutOfSet(signers, members);
        uint256 offset = 0;
        for (uint256 i = 0; signers != 0; (++i, signers >>= 1)) {
            if (signers & 1 == 0) continue;
            uint256 end = offset + SIGNATURE;
            if (signatures.length < end) revert BadSignaturesLength(signatures.length, end);
            (address expected,) = _member(validators, i);
            _checkOne(vote, i, expected, signatures, offset);
            offset = end;
        }
        if (signatures.length != offset) revert BadSignaturesLength(signatures.length, offset);
    }

    /// @notice Power of the members named, and of all. Unit: 1 BTT of effective stake.
    function power(bytes calldata validators, uint256 signers) internal pure returns (uint256 named, uint256 total) {
        uint256 members = _members(validators);
        for (uint256 i = 0; i < members; ++i) {
            (, uint256 one) = _member(validators, i);
            // 256 numbers of 64 bits.
            unchecked {
                total += one;
                named += one * (signers >> i & 1);
            }
        }
    }

    function _members(bytes calldata validators) private pure returns (uint256 members) {
        members = validators.length / MEMBER;
        if (members == 0 || members > MOST_MEMBERS || members * MEMBER != validators.length) {
            revert BadSetLength(validators.length, MEMBER, MOST_MEMBERS);
        }
    }

    /// `i` is below `_members`, so that all 28 bytes are in the list; what lies behind them is cut off.
    function _member(bytes calldata validators, uint256 i) private pure returns (address signer, uint256 one) {
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(add(validators.offset, mul(i, MEMBER)))
        }
        return (address(uint160(word >> 96)), uint64(word >> 32));
    }

    /// Of the two forms of `s` and the many of `v` one is accepted, so that a signature has one form. 65 bytes from `offset` on are there.
    function _checkOne(bytes32 vote, uint256 member, address expected, bytes calldata signatures, uint256 offset)
        private
        pure
    {
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly ("memory-safe") {
            let start := add(signatures.offset, offset)
            r := calldataload(start)
            s := calldataload(add(start, 0x20))
            v := byte(0, calldataload(add(start, 0x40)))
        }
        if (uint256(s) > HALF_ORDER) revert HighS(member, uint256(s), HALF_ORDER);
        if (v != 27 && v != 28) revert BadV(member, v);
        address got = ecrecover(vote, v, r, s);
        // What cannot be recovered answers zero, and a set could name zero.
        if (got == address(0) || got != expected) revert WrongSigner(member, got, expected);
    }
}
