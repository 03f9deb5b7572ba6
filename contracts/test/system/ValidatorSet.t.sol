// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ParamIds} from "../../system/interfaces/ParamIds.sol";
import {Fees, IValidatorSet, Member, Work} from "../../system/interfaces/IValidatorSet.sol";
import {SystemTest, eq, ok} from "./SystemTest.sol";
import {vm} from "./Vm.sol";

contract ValidatorSetTest is SystemTest {
    Fees private none;

    function setUp() public {
        genesis(4, 20e6 ether);
    }

    function word(uint256 i, uint96 power) private pure returns (uint256) {
        return uint256(uint160(signer(i))) << 96 | power;
    }

    function only(uint256 a) private pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = a;
    }

    function only(uint256 a, uint256 b) private pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (a, b);
    }

    /// Closes with `list`, after the epoch's end, and expects the given reason, if any.
    function attempt(uint256[] memory list, bytes memory reason) private {
        next(1800);
        quiet(0);
        if (reason.length > 0) vm.expectRevert(reason);
        asSystemTransaction(0);
        set.closeEpoch(list);
        vm.txGasPrice(1 gwei);
    }

    /// A bitmap of four with the given bits.
    function bits(uint8 byte_) private pure returns (bytes memory) {
        return abi.encodePacked(byte_);
    }

    function test_genesis() public {
        (uint64 number, uint64 startTime, uint64 startHeight) = set.epoch();
        ok(number == 1 && startTime == START && startHeight == 1 && set.genesisTime() == START, "the first epoch");
        eq(set.totalPower(), 80e6, "power is stake in BTT");
        eq(set.members().length, 4, "all of them");
        eq(set.powerOf(signer(2)), 20e6, "power of a member");
        eq(set.powerOf(address(1)), 0, "power of a stranger");
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.NotSystem.selector, address(this)));
        set.genesis(only(1), START);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.NotGenesis.selector, height));
        set.genesis(only(1), START);
    }

    function test_onlySystemReportsBlocks() public {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.NotSystem.selector, address(this)));
        set.onBlock("");
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.NotSystem.selector, address(this)));
        set.onFees(none);
    }

    function test_onlyASystemTransactionCloses() public {
        next(1800);
        bytes4 reason = IValidatorSet.NotSystemTransaction.selector;
        vm.coinbase(signer(0));
        vm.prank(signer(0));
        vm.expectRevert(abi.encodeWithSelector(reason, signer(0), 1 gwei));
        set.closeEpoch(only(1));
        vm.txGasPrice(0);
        vm.prank(signer(1));
        vm.expectRevert(abi.encodeWithSelector(reason, signer(1), 0));
        set.closeEpoch(only(1));
    }

    function testFuzz_validatorsHash(uint64 a, uint64 b) public {
        vm.assume(a > b && b > 0);
        attempt(only(word(0, a), word(1, b)), "");
        eq(set.totalPower(), uint256(a) + b, "total power");
        bytes32 expected = keccak256(abi.encodePacked(uint160(signer(0)), a, uint160(signer(1)), b));
        ok(set.validatorsHash() == expected, "hash of signers and powers");
        Member[] memory members = set.members();
        ok(members.length == 2 && members[1].signer == signer(1) && members[1].power == b, "members");
    }

    function test_setMustBeOrdered() public {
        (uint256 low, uint256 high) = (word(0, 5), word(1, 5));
        if (low > high) (low, high) = (high, low);
        bytes4 unordered = IValidatorSet.NotOrdered.selector;
        attempt(only(word(0, 5), word(1, 6)), abi.encodeWithSelector(unordered, 1));
        attempt(only(high, low), abi.encodeWithSelector(unordered, 1));
        attempt(only(low, low), abi.encodeWithSelector(unordered, 1));
        attempt(only(word(0, 6), word(0, 5)), abi.encodeWithSelector(IValidatorSet.Repeated.selector, 1));
        attempt(only(word(0, 6), word(1, 0)), abi.encodeWithSelector(IValidatorSet.WrongPower.selector, 1, 0));
        uint96 huge = uint96(type(uint64).max) + 1;
        attempt(only(word(0, huge)), abi.encodeWithSelector(IValidatorSet.WrongPower.selector, 0, huge));
        attempt(new uint256[](0), abi.encodeWithSelector(IValidatorSet.WrongSize.selector, 0, 100));
        attempt(new uint256[](101), abi.encodeWithSelector(IValidatorSet.WrongSize.selector, 101, 100));
        attempt(only(low, high), "");
    }

    function test_setChangesOnlyAsAnEpochCloses() public {
        create(9, 50e6 ether);
        bytes32 hash = set.validatorsHash();
        next(1799);
        quiet(0);
        uint256[] memory list = elected(100);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.EpochNotOver.selector, START + 1799, START + 1800));
        asSystemTransaction(0);
        set.closeEpoch(list);
        ok(set.validatorsHash() == hash, "nothing changed before");
        next(1);
        quiet(1);
        asSystemTransaction(1);
        set.closeEpoch(list);
        (uint64 number, uint64 startTime, uint64 startHeight) = set.epoch();
        ok(number == 2 && startTime == START + 1800 && startHeight == height + 1, "the next epoch");
        eq(set.powerOf(signer(9)), 50e6, "the new one is in");
        eq(staking.epoch(), 2, "Staking counts along");
        eq(params.epochs(), 1, "parameters were told");
        eq(set.blocks(), 0, "no block yet");
        for (uint256 i = 0; i < 4; ++i) {
            eq(set.work()[i].proposed, 0, "work begins anew");
        }
    }

    function test_workAndFeesAreCounted() public {
        height = 0;
        next(1);
        finish(0, bits(15), Fees(1, 2, 3, 4));
        next(1);
        finish(0, bits(5), Fees(10, 20, 30, 40));
        next(1);
        finish(2, bits(1), Fees(100, 200, 300, 400));
        eq(set.blocks(), 2, "the first block of the epoch speaks of the set before");
        eq(set.feesBurned(), 444, "burned");
        (uint256 stakers, uint256 treasury_) = set.epochFees();
        ok(stakers == 111 && treasury_ == 222, "fees");
        Work[] memory work = set.work();
        uint256 seen = 0;
        for (uint256 i = 0; i < 4; ++i) {
            if (work[i].signer == signer(0)) seen += 1;
            if (work[i].signer == signer(0)) ok(work[i].proposed == 2 && work[i].tips == 33, "the first proposer");
            if (work[i].signer == signer(2)) ok(work[i].proposed == 1 && work[i].tips == 300, "the second");
            eq(work[i].missed, i == 0 ? 2 : i == 2 ? 1 : 0, "missed");
        }
        eq(seen, 1, "everybody once");
    }

    function test_strangersDoNotPropose() public {
        vm.coinbase(address(0xBAD));
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.NotMember.selector, address(0xBAD)));
        set.onBlock("");
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.NotMember.selector, address(0xBAD)));
        set.onFees(none);
    }

    function test_bitmapMustFit() public {
        next(1);
        quiet(0);
        next(1);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.WrongBitmap.selector, 2, 1));
        set.onBlock(new bytes(2));
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSet.StrayBit.selector, 0, 4));
        set.onBlock(bits(16));
    }

    /// Of 100 blocks (ten tenths of ten) half may be missed; the next one is too many, once.
    function test_downIsReportedOnce() public {
        params.set(ParamIds.DOWNTIME_WINDOW, 100);
        address absent = set.members()[1].signer;
        height = 199;
        for (uint256 i = 0; i < 50; ++i) {
            next(1);
            eq(finish(0, bits(2), none).length, 0, "not yet");
        }
        eq(set.missedInWindow(absent), 50, "half of the window");
        next(1);
        address[] memory down = finish(0, bits(2), none);
        ok(down.length == 1 && down[0] == absent, "down");
        eq(set.missedInWindow(absent), 0, "it begins anew");
        next(1);
        eq(finish(0, bits(2), none).length, 0, "reported once");
    }

    function test_oldMissesFallOutOfTheWindow() public {
        params.set(ParamIds.DOWNTIME_WINDOW, 100);
        address absent = set.members()[1].signer;
        height = 199;
        for (uint256 i = 0; i < 50; ++i) {
            next(1);
            finish(0, bits(2), none);
        }
        height = 299;
        next(1);
        eq(set.missedInWindow(absent), 40, "the first tenth is out");
        eq(finish(0, bits(2), none).length, 0, "41 of 100");
        height = 500;
        next(1);
        eq(set.missedInWindow(absent), 0, "all is out");
    }

    function test_nobodyIsDownWhileTheNetworkIs() public {
        params.set(ParamIds.DOWNTIME_WINDOW, 100);
        height = 199;
        // Two of four equal members miss everything: more than 1/3 of the power.
        for (uint256 i = 0; i < 60; ++i) {
            next(1);
            eq(finish(0, bits(6), none).length, 0, "the brake holds");
        }
        // One is back; when its misses are out of the window, the other is reported.
        height = 299;
        uint256 reports = 0;
        for (uint256 i = 0; i < 60; ++i) {
            next(1);
            reports += finish(0, bits(2), none).length;
        }
        eq(reports, 1, "the one that stayed away");
    }
}
