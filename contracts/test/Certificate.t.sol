// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_ID, HEIGHT, ROUND, BLOCK_HASH, signers, signatures} from "./CertificateVectors.sol";

/// The signatures of a certificate, checked as a contract on another chain checks them (docs/protocol.md, section 3).
contract CertificateTest {
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    function signingHash(uint64 height) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("bttc.vote.v1"), CHAIN_ID, uint8(2), height, ROUND, BLOCK_HASH));
    }

    function recover(bytes32 hash, bytes memory signature) private pure returns (address) {
        require(signature.length == 65, "length");
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
        require(uint256(s) <= HALF_ORDER, "high s");
        return ecrecover(hash, v, r, s);
    }

    function test_everySignatureIsThatOfItsSigner() external pure {
        address[] memory expected = signers();
        bytes[] memory list = signatures();
        require(list.length == 3 && expected.length == 3, "three of four validators");
        for (uint256 i = 0; i < list.length; i++) {
            require(recover(signingHash(HEIGHT), list[i]) == expected[i], "signer");
        }
    }

    function test_anotherHeightHasOtherSigners() external pure {
        require(recover(signingHash(HEIGHT + 1), signatures()[0]) != signers()[0], "signer");
    }
}
