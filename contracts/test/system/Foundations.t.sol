// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MissedBlocks} from "../../system/MissedBlocks.sol";
import {SystemAddresses} from "../../system/SystemAddresses.sol";
import {SystemProxy} from "../../system/SystemProxy.sol";
import {ISupply} from "../../system/interfaces/ISupply.sol";
import {EpochPayment, ITreasury} from "../../system/interfaces/ITreasury.sol";
import {Fees} from "../../system/interfaces/IValidatorSet.sol";
import {IMPLEMENTATION, SystemTest, eq, ok} from "./SystemTest.sol";
import {vm} from "./Vm.sol";

/// An implementation to upgrade to.
contract Second {
    uint256 private taken;

    error Refused(uint256 number);

    function take() external payable returns (uint256) {
        taken += msg.value;
        return taken;
    }

    function refuse(uint256 number) external pure {
        revert Refused(number);
    }

    /// Not the proxy's own function unless `Timelock` calls.
    function upgradeToAndCall(address, bytes calldata) external pure returns (uint256) {
        return 42;
    }
}

contract Wall {}

contract FoundationsTest is SystemTest {
    address private constant TIMELOCK = SystemAddresses.TIMELOCK;
    address private constant ALICE = address(0xA11CE);
    address private second;

    function setUp() public {
        genesis(4, 20e6 ether);
        second = address(new Second());
    }

    function upgrade(address from, address to, uint256 value, bytes memory data)
        private
        returns (bool done, bytes memory)
    {
        vm.deal(from, value);
        vm.prank(from);
        return address(supply).call{value: value}(abi.encodeCall(Second.upgradeToAndCall, (to, data)));
    }

    function test_timelockUpgrades() public {
        (bool done, bytes memory answer) = upgrade(TIMELOCK, second, 3, abi.encodeCall(Second.take, ()));
        ok(done && abi.decode(answer, (uint256)) == 3, "the answer of the call");
        eq(uint256(vm.load(address(supply), IMPLEMENTATION)), uint160(second), "the slot of ERC-1967");
        (done, answer) = upgrade(TIMELOCK, SystemAddresses.SUPPLY_CODE, 0, "");
        ok(done && answer.length == 0, "an upgrade without a call");
        eq(supply.total(), SUPPLY - 3, "storage stays: what the other implementation left in the first slot counts");
    }

    function test_upgradeNeedsCodeAndLeavesNoValueBehind() public {
        (bool done, bytes memory reason) = upgrade(TIMELOCK, address(0x5555), 0, "");
        ok(!done && bytes4(reason) == SystemProxy.NoCode.selector, "no code there");
        (done, reason) = upgrade(TIMELOCK, second, 1, "");
        ok(!done && bytes4(reason) == SystemProxy.NothingToCall.selector, "nothing to give the value to");
        (done, reason) = upgrade(TIMELOCK, second, 0, abi.encodeCall(Second.refuse, (7)));
        ok(!done && keccak256(reason) == keccak256(abi.encodeWithSelector(Second.Refused.selector, 7)), "the reason");
        eq(uint256(vm.load(address(supply), IMPLEMENTATION)), uint160(SystemAddresses.SUPPLY_CODE), "unchanged");
    }

    function testFuzz_nobodyElseUpgrades(address who) public {
        vm.assume(who != TIMELOCK && who != address(vm) && who.code.length == 0);
        (bool done,) = upgrade(who, second, 0, "");
        ok(!done, "delegated to an implementation without such a function");
        (done,) = upgrade(TIMELOCK, second, 0, "");
        bytes memory answer;
        (done, answer) = upgrade(who, SystemAddresses.SUPPLY_CODE, 0, "");
        ok(done && abi.decode(answer, (uint256)) == 42, "the implementation's own function answers");
        eq(uint256(vm.load(address(supply), IMPLEMENTATION)), uint160(second), "unchanged");
    }

    function testFuzz_burnDestroysAndCounts(uint96 wad, uint64 fees) public {
        vm.deal(ALICE, wad);
        vm.prank(ALICE);
        supply.burn{value: wad}();
        eq(address(supply).balance, 0, "nothing stays");
        next(1);
        finish(0, bitmap(), Fees(0, 0, 0, fees));
        eq(supply.burned(), uint256(wad) + fees, "both are counted");
        eq(supply.total(), SUPPLY - wad - fees, "the rest exists");
    }

    function test_treasuryGenesis() public {
        vm.expectRevert(abi.encodeWithSelector(ITreasury.NotSystem.selector, address(this)));
        treasury.genesis(0, 0, 0);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.NotGenesis.selector, height));
        treasury.genesis(0, 0, 0);
        vm.roll(0);
        vm.prank(SYSTEM);
        vm.expectRevert(
            abi.encodeWithSelector(ITreasury.WrongBalance.selector, RESERVE + FUNDS + PROGRAMMES, RESERVE + FUNDS)
        );
        treasury.genesis(RESERVE, FUNDS, 0);
    }

    function testFuzz_treasurySpends(uint96 wad, bool programme) public {
        uint256 held = programme ? PROGRAMMES : FUNDS;
        vm.expectRevert(abi.encodeWithSelector(ITreasury.NotTimelock.selector, address(this)));
        programme ? treasury.spendProgramme(payable(ALICE), wad) : treasury.spend(payable(ALICE), wad);
        if (wad > held) vm.expectRevert(abi.encodeWithSelector(ITreasury.Insufficient.selector, held, wad));
        vm.prank(TIMELOCK);
        programme ? treasury.spendProgramme(payable(ALICE), wad) : treasury.spend(payable(ALICE), wad);
        uint256 paid = wad > held ? 0 : wad;
        eq(ALICE.balance, paid, "paid");
        eq(programme ? treasury.programmes() : treasury.funds(), held - paid, "taken from the right purse");
        eq(
            treasury.reserve() + treasury.funds() + treasury.programmes(),
            address(treasury).balance,
            "all accounted for"
        );
    }

    function test_treasuryRefusedPaymentAndDonation() public {
        address wall = address(new Wall());
        vm.prank(TIMELOCK);
        vm.expectRevert(abi.encodeWithSelector(ITreasury.PaymentRefused.selector, wall, 1));
        treasury.spend(payable(wall), 1);
        vm.deal(ALICE, 5);
        vm.prank(ALICE);
        (bool sent,) = address(treasury).call{value: 5}("");
        ok(sent, "donation");
        eq(treasury.funds(), FUNDS + 5, "it belongs to the treasury proper");
    }

    function test_onlyStakingClosesTheBooks() public {
        vm.expectRevert(abi.encodeWithSelector(ITreasury.NotStaking.selector, address(this)));
        treasury.payEpoch(EpochPayment(0, 0, 0, 0, 0));
        vm.prank(address(staking));
        vm.expectRevert(abi.encodeWithSelector(ITreasury.Insufficient.selector, RESERVE + 3, RESERVE + 4));
        treasury.payEpoch(EpochPayment(1, 100, 2, RESERVE + 2, 2));
    }

    /// The counters against a list of the heights that were missed.
    function testFuzz_missedBlocks(uint256 seed, uint16 window) public pure {
        vm.assume(window >= 10);
        uint256 word = 0;
        uint256 at_ = uint48(seed);
        uint256[40] memory tenths;
        for (uint256 i = 0; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            at_ += seed % (window / 4 + 1);
            tenths[i] = MissedBlocks.tenth(at_, window);
            word = MissedBlocks.add(word, tenths[i]);
            uint256 expected = 0;
            for (uint256 j = 0; j <= i; ++j) {
                if (tenths[j] + 10 > tenths[i]) expected += 1;
            }
            eq(MissedBlocks.sum(word, tenths[i]), expected, "misses of the last ten tenths");
        }
        eq(MissedBlocks.sum(word, tenths[39] + 10), 0, "all out of the window");
        eq(MissedBlocks.sum(word, tenths[39] - 1), 0, "a window that became longer begins anew");
    }
}
