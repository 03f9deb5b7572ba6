// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {Certificates} from "../../root/Certificates.sol";
import {Certificate, CheckpointManager} from "../../root/CheckpointManager.sol";
import {Headers} from "../../root/Headers.sol";
import {Recovery, Tip} from "../../root/Recovery.sol";
import {ICheckpoints} from "../../root/interfaces/ICheckpoints.sol";
import {vm} from "../system/Vm.sol";
import "./ChainVectors.sol" as chain;
import {EMPTY_EXITS, MAX_AGE, OWNER, RootTest, SIDE_CHAIN, ok} from "./RootTest.sol";

contract CheckpointManagerTest is RootTest {
    Set private a;
    Set private b;

    event Checkpoint(
        uint64 indexed height,
        bytes32 indexed blockHash,
        bytes32 stateRoot,
        bytes32 exitRoot,
        bytes32 nextValidatorsHash
    );

    function setUp() public {
        vm.warp(START);
        a = equalSet(1, 4);
        b = equalSet(11, 7);
        manager = newManager(a);
    }

    function tip() private view returns (Tip memory) {
        return manager.trusted();
    }

    function test_aBlockOfTheNodeIsACheckpoint() external {
        vm.warp(chain.TIME - 10);
        bytes memory set = abi.encodePacked(uint160(chain.VALIDATOR), uint64(1));
        manager = new CheckpointManager(chain.CHAIN_ID, OWNER, MAX_AGE, keccak256(set), 0);
        ok(keccak256(chain.rawHeader()) == chain.BLOCK_HASH, "hash");
        Certificate memory certificate = Certificate(chain.ROUND, set, 1, chain.signature());
        manager.submit(chain.rawHeader(), certificate, keccak256(set), EMPTY_EXITS);
        ok(manager.stateRoot(chain.HEIGHT) == chain.STATE_ROOT, "state root");
        ok(manager.exitRoot(chain.HEIGHT) == EMPTY_EXITS, "exit root");
        ok(tip().height == chain.HEIGHT && tip().time == chain.TIME, "tip");
    }

    function test_theEmptyExitTreeIsTheNodes() external pure {
        (bytes32 root,) = tree(new bytes32[](0), 0);
        ok(root == EMPTY_EXITS, "root");
    }

    function test_submitKeepsTheRoots() external {
        Block memory one = blockOf(10, a);
        vm.expectEmit(true, true, true, true, address(manager));
        emit Checkpoint(10, keccak256(header(one)), one.state, one.exits, one.next);
        submit(a, one);
        ok(manager.stateRoot(10) == one.state && manager.exitRoot(10) == one.exits, "roots");
        vm.expectRevert(abi.encodeWithSelector(ICheckpoints.UnknownCheckpoint.selector, 9));
        manager.exitRoot(9);
        vm.expectRevert(abi.encodeWithSelector(ICheckpoints.UnknownCheckpoint.selector, 11));
        manager.stateRoot(11);
    }

    function test_moreThanTwoThirdsMustSign() external {
        Set memory three = equalSet(1, 3);
        manager = newManager(three);
        Block memory one = blockOf(1, three);
        Certificate memory certificate = certify(three, one, 3);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.TooLittlePower.selector, 2_000_000, 3_000_000));
        manager.submit(header(one), certificate, one.next, one.exits);
        manager.submit(header(one), certify(three, one, 7), one.next, one.exits);
    }

    function testFuzz_powerDecides(uint64[7] memory powers, uint256 signers) external {
        Set memory set = Set(1, new uint64[](7));
        uint256 total;
        uint256 signed;
        signers %= 128;
        for (uint256 i = 0; i < 7; ++i) {
            set.powers[i] = powers[i];
            total += powers[i];
            if (signers >> i & 1 == 1) signed += powers[i];
        }
        manager = newManager(set);
        Block memory one = blockOf(1, set);
        bytes memory data =
            abi.encodeCall(manager.submit, (header(one), certify(set, one, signers), one.next, one.exits));
        (bool taken,) = address(manager).call(data);
        ok(taken == (signed * 3 > total * 2), "decided by power alone");
    }

    function test_heightGrows() external {
        submit(a, blockOf(10, a));
        for (uint64 height = 9; height < 11; ++height) {
            Block memory old = blockOf(height, a);
            Certificate memory certificate = certify(a, old, 7);
            vm.expectRevert(abi.encodeWithSelector(CheckpointManager.HeightNotGrowing.selector, height, 10));
            manager.submit(header(old), certificate, old.next, old.exits);
        }
        submit(a, blockOf(1_000, a));
    }

    /// The change from `a` to `b` in block 20 cannot be skipped, and ends what `a` may sign.
    function test_aChangeOfTheSetCannotBeSkipped() external {
        Block memory change = blockOf(20, b);
        Block memory later = blockOf(21, b);
        Certificate memory byNew = certify(b, later, enough(b));
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.WrongSet.selector, hashOf(b), hashOf(a)));
        manager.submit(header(later), byNew, later.next, later.exits);

        submit(a, change);
        ok(tip().validatorsHash == hashOf(b), "followed");

        Block memory forged = blockOf(21, a);
        Certificate memory byOld = certify(a, forged, 15);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.WrongSet.selector, hashOf(a), hashOf(b)));
        manager.submit(header(forged), byOld, forged.next, forged.exits);
        // Nor for a height before the change, were it signed by the old set in earnest.
        Block memory before = blockOf(19, a);
        byOld = certify(a, before, 15);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.HeightNotGrowing.selector, 19, 20));
        manager.submit(header(before), byOld, before.next, before.exits);

        manager.submit(header(later), byNew, later.next, later.exits);
        submit(b, blockOf(500, a));
        submit(a, blockOf(501, a));
    }

    /// If a set comes back as it was, both changes may be skipped: what it signs is decided. The set between has had its time.
    function test_aSetThatCameBackMaySkip() external {
        // The chain: `a` until 20, `b` until 40, `a` again.
        submit(a, blockOf(50, a));
        Block memory between = blockOf(30, b);
        Certificate memory certificate = certify(b, between, enough(b));
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.HeightNotGrowing.selector, 30, 50));
        manager.submit(header(between), certificate, between.next, between.exits);
        between = blockOf(60, b);
        certificate = certify(b, between, enough(b));
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.WrongSet.selector, hashOf(b), hashOf(a)));
        manager.submit(header(between), certificate, between.next, between.exits);
    }

    /// Headers of three sets in any order, each naming any next set: those of the trusted set with growing height are taken, no others.
    /// forge-config: default.fuzz.runs = 100
    function testFuzz_onlyTheTrustedSetMovesOn(uint8[12] memory signs, uint8[12] memory nexts, uint8[12] memory heights)
        external
    {
        Set[3] memory sets = [a, b, equalSet(31, 3)];
        (uint256 trusted, uint64 last) = (0, 0);
        for (uint256 i = 0; i < 12; ++i) {
            uint64 height = last + uint64(heights[i] % 8);
            height = height < 2 ? 0 : height - 2;
            (uint256 by, uint256 next) = (signs[i] % 3, nexts[i] % 3);
            Block memory one = blockOf(height, sets[next]);
            one.state = keccak256(abi.encode(i));
            bytes memory data = abi.encodeCall(
                manager.submit, (header(one), certify(sets[by], one, enough(sets[by])), one.next, one.exits)
            );
            (bool taken,) = address(manager).call(data);
            ok(taken == (by == trusted && height > last), "taken");
            if (!taken) continue;
            (trusted, last) = (next, height);
            ok(tip().validatorsHash == one.next && tip().height == height, "followed");
            ok(manager.stateRoot(height) == one.state, "kept");
        }
    }

    function test_theNewSetsListWithTheOldSetsSignaturesFails() external {
        submit(a, blockOf(20, b));
        Block memory forged = blockOf(21, a);
        Certificate memory certificate = certify(a, forged, 15);
        certificate.validators = list(b);
        vm.expectPartialRevert(Certificates.WrongSigner.selector);
        manager.submit(header(forged), certificate, forged.next, forged.exits);
    }

    function test_theListMustBeTheTrustedOne() external {
        Block memory one = blockOf(1, a);
        Certificate memory certificate = certify(a, one, 15);
        // More power for the first.
        Set memory other = equalSet(1, 4);
        other.powers[0] = 100_000_000;
        certificate.validators = list(other);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.WrongSet.selector, hashOf(other), hashOf(a)));
        manager.submit(header(one), certificate, one.next, one.exits);
    }

    function test_anotherChainsOrDomainsCertificateFails() external {
        Block memory one = blockOf(1, a);
        bytes32 hash = keccak256(header(one));
        bytes32[3] memory votes = [
            Certificates.voteHash(SIDE_CHAIN + 1, 1, 0, hash),
            keccak256(abi.encode(keccak256("bttc.proposal.v1"), SIDE_CHAIN, uint8(2), uint64(1), uint32(0), hash)),
            keccak256(abi.encode(keccak256("bttc.vote.v1"), SIDE_CHAIN, uint8(1), uint64(1), uint32(0), hash))
        ];
        for (uint256 i = 0; i < votes.length; ++i) {
            Certificate memory certificate = certify(a, votes[i], 0, 7);
            vm.expectPartialRevert(Certificates.WrongSigner.selector);
            manager.submit(header(one), certificate, one.next, one.exits);
        }
    }

    function test_theRoundIsSigned() external {
        Block memory one = blockOf(1, a);
        Certificate memory certificate = certify(a, voteOf(header(one), 1, 5), 5, 7);
        certificate.round = 4;
        vm.expectPartialRevert(Certificates.WrongSigner.selector);
        manager.submit(header(one), certificate, one.next, one.exits);
        certificate.round = 5;
        manager.submit(header(one), certificate, one.next, one.exits);
    }

    function test_outputsMustOpenTheHeader() external {
        Block memory one = blockOf(1, a);
        Certificate memory certificate = certify(a, one, 7);
        vm.expectPartialRevert(CheckpointManager.WrongOutputs.selector);
        manager.submit(header(one), certificate, hashOf(b), one.exits);
        vm.expectPartialRevert(CheckpointManager.WrongOutputs.selector);
        manager.submit(header(one), certificate, one.next, bytes32(uint256(one.exits) + 1));
        one.next = 0;
        certificate = certify(a, one, 7);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.EmptyOutputs.selector, 0, one.exits));
        manager.submit(header(one), certificate, 0, one.exits);
        (one.next, one.exits) = (hashOf(a), 0);
        certificate = certify(a, one, 7);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.EmptyOutputs.selector, one.next, 0));
        manager.submit(header(one), certificate, one.next, 0);
    }

    function test_aCutOrLongerHeaderFails() external {
        Block memory one = blockOf(1, a);
        Certificate memory certificate = certify(a, one, 7);
        // Even if signed, what lacks fields is no header.
        bytes memory cut = header(one, 20);
        Certificate memory ofCut = certify(a, voteOf(cut, 1, 0), 0, 7);
        vm.expectRevert(abi.encodeWithSelector(Headers.CutHeader.selector, 20, 21));
        manager.submit(cut, ofCut, one.next, one.exits);

        bytes memory longer = abi.encodePacked(header(one), uint8(0));
        vm.expectRevert(RLP.RLPInvalidEncoding.selector);
        manager.submit(longer, certificate, one.next, one.exits);

        bytes memory shorter = header(one);
        assembly {
            mstore(shorter, sub(mload(shorter), 1))
        }
        (bool taken,) =
            address(manager).call(abi.encodeCall(manager.submit, (shorter, certificate, one.next, one.exits)));
        ok(!taken, "cut bytes");
    }

    function test_aHeaderOfALaterForkWithMoreFieldsIsTaken() external {
        Block memory one = blockOf(1, a);
        bytes memory rlp = header(one, 23);
        manager.submit(rlp, certify(a, voteOf(rlp, 1, 0), 0, 7), one.next, one.exits);
        ok(manager.stateRoot(1) == one.state, "state root");
    }

    /// Fields that stand elsewhere give another hash, which nobody signed.
    function test_reorderedFieldsFail() external {
        Block memory one = blockOf(1, a);
        Certificate memory certificate = certify(a, one, 7);
        Block memory swapped = Block(1, one.time, one.exits, one.next, one.exits);
        vm.expectPartialRevert(Certificates.WrongSigner.selector);
        manager.submit(header(swapped), certificate, one.next, one.exits);
    }

    function testFuzz_aChangedHeaderFails(uint16 place, uint8 change) external {
        vm.assume(change != 0);
        Block memory one = blockOf(1, a);
        Certificate memory certificate = certify(a, one, 7);
        bytes memory rlp = header(one);
        uint256 i = place % rlp.length;
        rlp[i] = rlp[i] ^ bytes1(change);
        (bool taken,) = address(manager).call(abi.encodeCall(manager.submit, (rlp, certificate, one.next, one.exits)));
        ok(!taken, "taken");
    }

    function test_aHeaderFromTheFutureWaits() external {
        Block memory one = blockOf(1, a);
        one.time = uint64(block.timestamp) + 61;
        Certificate memory certificate = certify(a, one, 7);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.AheadOfTime.selector, one.time, one.time - 1));
        manager.submit(header(one), certificate, one.next, one.exits);
        vm.warp(block.timestamp + 1);
        manager.submit(header(one), certificate, one.next, one.exits);
        ok(!manager.stopped(), "a tip ahead of time is young");
    }

    /// TRON: what does not fit into one transaction comes in several.
    function test_signaturesCanBeCollected() external {
        Set memory large = equalSet(1, 100);
        manager = newManager(large);
        Block memory one = blockOf(1, large);
        bytes32 hash = keccak256(header(one));
        uint256 first = (1 << 32) - 1;
        manager.collect(1, hash, certify(large, one, first));
        manager.collect(1, hash, certify(large, one, first << 32));
        ok(manager.collected(1, 0, hash) == (1 << 64) - 1, "collected");

        Certificate memory rest = certify(large, one, 3 << 64);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.TooLittlePower.selector, 66_000_000, 100_000_000));
        manager.submit(header(one), rest, one.next, one.exits);
        // Somebody else's signatures among them twice count once.
        rest = certify(large, one, 3 << 63);
        vm.expectPartialRevert(CheckpointManager.TooLittlePower.selector);
        manager.submit(header(one), rest, one.next, one.exits);
        manager.submit(header(one), certify(large, one, 7 << 64), one.next, one.exits);
        ok(manager.collected(1, 0, hash) == 0, "cleared");
        ok(manager.stateRoot(1) == one.state, "taken");
    }

    function test_onlyValidSignaturesOfTheTrustedSetAreCollected() external {
        Block memory one = blockOf(1, a);
        bytes32 hash = keccak256(header(one));
        Certificate memory forged = certify(a, voteOf(header(one), 2, 0), 0, 1);
        vm.expectPartialRevert(Certificates.WrongSigner.selector);
        manager.collect(1, hash, forged);
        Certificate memory byOthers = certify(b, one, 127);
        vm.expectPartialRevert(CheckpointManager.WrongSet.selector);
        manager.collect(1, hash, byOthers);
        // Collected for one block, they are nothing for another.
        manager.collect(1, hash, certify(a, one, 7));
        Block memory other = blockOf(1, b);
        Certificate memory last = certify(a, other, 8);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.TooLittlePower.selector, 1_000_000, 4_000_000));
        manager.submit(header(other), last, other.next, other.exits);
        submit(a, blockOf(5, a));
        Certificate memory late = certify(a, one, 1);
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.HeightNotGrowing.selector, 1, 5));
        manager.collect(1, hash, late);
    }

    /// What the old set signed for a later block, kept before the change, is nothing after it.
    function test_collectedSignaturesDoNotOutliveTheirSet() external {
        Block memory forged = blockOf(30, a);
        manager.collect(30, keccak256(header(forged)), certify(a, forged, 15));
        submit(a, blockOf(20, b));
        Certificate memory none = Certificate(0, list(b), 0, "");
        vm.expectRevert(abi.encodeWithSelector(CheckpointManager.TooLittlePower.selector, 0, 7_000_000));
        manager.submit(header(forged), none, forged.next, forged.exits);
    }
}
