// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Certificates} from "../../root/Certificates.sol";
import {Certificate} from "../../root/CheckpointManager.sol";
import {CHAIN_ID, HEIGHT, ROUND, BLOCK_HASH, signers, signatures} from "../CertificateVectors.sol";
import {vm} from "../system/Vm.sol";
import {RootTest, SIDE_CHAIN, ok} from "./RootTest.sol";

contract CertificatesTest is RootTest {
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes32 private constant VOTE = keccak256("vote");

    function check(bytes32 vote, bytes calldata validators, uint256 bitmap, bytes calldata sigs) external pure {
        Certificates.check(vote, validators, bitmap, sigs);
    }

    function power(bytes calldata validators, uint256 bitmap) external pure returns (uint256, uint256) {
        return Certificates.power(validators, bitmap);
    }

    /// The engine's own certificate (crates/bft), three of four validators of a set.
    function engine() private pure returns (bytes memory validators, bytes memory sigs) {
        address[] memory who = signers();
        bytes[] memory each = signatures();
        for (uint256 i = 0; i < 3; ++i) {
            validators = abi.encodePacked(validators, uint160(who[i]), uint64(10));
            sigs = abi.encodePacked(sigs, each[i]);
        }
        validators = abi.encodePacked(validators, uint160(0xdead), uint64(9));
    }

    function test_theEnginesCertificateHolds() external view {
        (bytes memory validators, bytes memory sigs) = engine();
        bytes32 vote = Certificates.voteHash(CHAIN_ID, HEIGHT, ROUND, BLOCK_HASH);
        this.check(vote, validators, 7, sigs);
        (uint256 signed, uint256 total) = this.power(validators, 7);
        ok(signed == 30 && total == 39, "power");
    }

    function test_aVoteForAnythingElseIsAnotherVote() external {
        (bytes memory validators, bytes memory sigs) = engine();
        bytes32[5] memory others = [
            Certificates.voteHash(CHAIN_ID + 1, HEIGHT, ROUND, BLOCK_HASH),
            Certificates.voteHash(CHAIN_ID, HEIGHT + 1, ROUND, BLOCK_HASH),
            Certificates.voteHash(CHAIN_ID, HEIGHT, ROUND + 1, BLOCK_HASH),
            Certificates.voteHash(CHAIN_ID, HEIGHT, ROUND, bytes32(0)),
            // A prevote, and another domain.
            keccak256(abi.encode(keccak256("bttc.vote.v1"), CHAIN_ID, uint8(1), HEIGHT, ROUND, BLOCK_HASH))
        ];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectPartialRevert(Certificates.WrongSigner.selector);
            this.check(others[i], validators, 7, sigs);
        }
        bytes32 domain = keccak256(abi.encode(keccak256("bttc.vote.v2"), CHAIN_ID, uint8(2), HEIGHT, ROUND, BLOCK_HASH));
        vm.expectPartialRevert(Certificates.WrongSigner.selector);
        this.check(domain, validators, 7, sigs);
    }

    function test_theOtherFormsOfASignatureAreRefused() external {
        Set memory set = equalSet(1, 1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(1, VOTE);
        this.check(VOTE, list(set), 1, abi.encodePacked(r, s, v));

        bytes memory malleated = abi.encodePacked(r, ORDER - uint256(s), v == 27 ? uint8(28) : uint8(27));
        ok(ecrecover(VOTE, v == 27 ? 28 : 27, r, bytes32(ORDER - uint256(s))) == vm.addr(1), "it would recover");
        vm.expectPartialRevert(Certificates.HighS.selector);
        this.check(VOTE, list(set), 1, malleated);

        vm.expectRevert(abi.encodeWithSelector(Certificates.BadV.selector, 0, v - 27));
        this.check(VOTE, list(set), 1, abi.encodePacked(r, s, v - 27));
    }

    function test_memberZeroCannotBeSignedFor() external {
        bytes memory validators = abi.encodePacked(uint160(0), uint64(1));
        vm.expectRevert(abi.encodeWithSelector(Certificates.WrongSigner.selector, 0, address(0), address(0)));
        this.check(VOTE, validators, 1, abi.encodePacked(bytes32(0), bytes32(0), uint8(27)));
    }

    function test_oneMemberCannotSignForAnother() external {
        Set memory set = equalSet(1, 3);
        bytes memory twice = abi.encodePacked(sign(1, VOTE), sign(1, VOTE));
        vm.expectPartialRevert(Certificates.WrongSigner.selector);
        this.check(VOTE, list(set), 3, twice);
        bytes memory swapped = abi.encodePacked(sign(2, VOTE), sign(1, VOTE));
        vm.expectPartialRevert(Certificates.WrongSigner.selector);
        this.check(VOTE, list(set), 3, swapped);
    }

    function test_signaturesAreAsManyAsBits() external {
        Set memory set = equalSet(1, 3);
        bytes memory one = sign(1, VOTE);
        vm.expectRevert(abi.encodeWithSelector(Certificates.BadSignaturesLength.selector, 65, 130));
        this.check(VOTE, list(set), 3, one);
        vm.expectRevert(abi.encodeWithSelector(Certificates.BadSignaturesLength.selector, 66, 65));
        this.check(VOTE, list(set), 1, abi.encodePacked(one, uint8(0)));
        vm.expectRevert(abi.encodeWithSelector(Certificates.SignerOutOfSet.selector, 9, 3));
        this.check(VOTE, list(set), 9, abi.encodePacked(one, one));
    }

    function test_aListIsMadeOfWholeMembers() external {
        bytes[4] memory bad = [bytes(""), new bytes(27), new bytes(29), new bytes(28 * 257)];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(Certificates.BadSetLength.selector, bad[i].length, uint256(28), uint256(256))
            );
            this.check(VOTE, bad[i], 0, "");
        }
    }

    function testFuzz_powerIsThatOfTheBits(uint64[] memory powers, uint256 bitmap) external view {
        vm.assume(powers.length > 0 && powers.length <= 100);
        uint256 expected;
        uint256 sum;
        for (uint256 i = 0; i < powers.length; ++i) {
            sum += powers[i];
            if (bitmap >> i & 1 == 1) expected += powers[i];
        }
        (uint256 signed, uint256 total) = this.power(list(Set(1, powers)), bitmap);
        ok(signed == expected && total == sum, "sums");
    }

    function testFuzz_changedBytesNeverHold(uint8 place, uint8 change) external {
        vm.assume(change != 0);
        Set memory set = equalSet(1, 2);
        Certificate memory good = certify(set, VOTE, 0, 3);
        this.check(VOTE, good.validators, 3, good.signatures);
        uint256 i = place % good.signatures.length;
        good.signatures[i] = good.signatures[i] ^ bytes1(change);
        (bool held,) = address(this).call(abi.encodeCall(this.check, (VOTE, good.validators, 3, good.signatures)));
        ok(!held, "a changed signature holds");
    }
}
