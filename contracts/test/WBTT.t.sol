// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {WBTT} from "../system/WBTT.sol";

/// Cheat codes used here, as forge offers them.
interface Vm {
    function deal(address who, uint256 wei_) external;
    function prank(address who) external;
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data, address emitter) external;
    function expectRevert(bytes calldata reason) external;
    function assume(bool condition) external pure;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

/// Takes BTT back into WBTT while a withdrawal is being paid.
contract Reentrant {
    WBTT private immutable wbtt;
    bool private again;

    constructor(WBTT wbtt_) {
        wbtt = wbtt_;
    }

    function run(uint256 wad) external payable {
        wbtt.deposit{value: msg.value}();
        again = true;
        wbtt.withdraw(wad);
    }

    receive() external payable {
        if (again) {
            again = false;
            wbtt.withdraw(msg.value);
        }
    }
}

/// Refuses every payment, with or without a reason.
contract Refuser {
    error NotToday();

    bool private immutable silent;

    constructor(bool silent_) {
        silent = silent_;
    }

    function run(WBTT wbtt) external payable {
        wbtt.deposit{value: msg.value}();
        wbtt.withdraw(msg.value);
    }

    receive() external payable {
        if (silent) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
        revert NotToday();
    }
}

contract WBTTTest {
    event Approval(address indexed src, address indexed guy, uint256 wad);
    event Transfer(address indexed src, address indexed dst, uint256 wad);
    event Deposit(address indexed dst, uint256 wad);
    event Withdrawal(address indexed src, uint256 wad);

    address private constant ALICE = address(0xA11CE);
    address private constant BOB = address(0xB0B);
    address private constant CAROL = address(0xCA501);

    WBTT private wbtt;

    function setUp() public {
        wbtt = new WBTT();
    }

    function test_metadata() public view {
        assert(keccak256(bytes(wbtt.name())) == keccak256("Wrapped BTT"));
        assert(keccak256(bytes(wbtt.symbol())) == keccak256("WBTT"));
        assert(wbtt.decimals() == 18);
        assert(wbtt.totalSupply() == 0);
    }

    function testFuzz_deposit(uint96 wad, bool plain) public {
        vm.deal(ALICE, wad);
        vm.expectEmit(true, true, true, true, address(wbtt));
        emit Deposit(ALICE, wad);
        vm.prank(ALICE);
        if (plain) {
            (bool sent,) = address(wbtt).call{value: wad}("");
            assert(sent);
        } else {
            wbtt.deposit{value: wad}();
        }
        assert(wbtt.balanceOf(ALICE) == wad);
        assert(wbtt.totalSupply() == wad);
        assert(ALICE.balance == 0);
    }

    function testFuzz_withdraw(uint96 held, uint96 wad) public {
        vm.assume(wad <= held);
        fund(ALICE, held);
        vm.expectEmit(true, true, true, true, address(wbtt));
        emit Withdrawal(ALICE, wad);
        vm.prank(ALICE);
        wbtt.withdraw(wad);
        assert(ALICE.balance == wad);
        assert(wbtt.balanceOf(ALICE) == held - wad);
        assert(wbtt.totalSupply() == held - wad);
    }

    function testFuzz_withdrawTooMuch(uint96 held, uint256 wad) public {
        vm.assume(wad > held);
        fund(ALICE, held);
        fund(BOB, type(uint96).max);
        vm.expectRevert(abi.encodeWithSelector(WBTT.ERC20InsufficientBalance.selector, ALICE, uint256(held), wad));
        vm.prank(ALICE);
        wbtt.withdraw(wad);
    }

    function testFuzz_transfer(uint96 held, uint96 wad, address dst) public {
        vm.assume(wad <= held && dst != ALICE);
        fund(ALICE, held);
        vm.expectEmit(true, true, true, true, address(wbtt));
        emit Transfer(ALICE, dst, wad);
        vm.prank(ALICE);
        assert(wbtt.transfer(dst, wad));
        assert(wbtt.balanceOf(ALICE) == held - wad);
        assert(wbtt.balanceOf(dst) == wad);
        assert(wbtt.totalSupply() == held);
    }

    function testFuzz_transferToSelfChangesNothing(uint96 held, uint96 wad) public {
        vm.assume(wad <= held);
        fund(ALICE, held);
        vm.prank(ALICE);
        assert(wbtt.transfer(ALICE, wad));
        assert(wbtt.balanceOf(ALICE) == held);
    }

    function testFuzz_transferTooMuch(uint96 held, uint256 wad) public {
        vm.assume(wad > held);
        fund(ALICE, held);
        vm.expectRevert(abi.encodeWithSelector(WBTT.ERC20InsufficientBalance.selector, ALICE, uint256(held), wad));
        vm.prank(ALICE);
        wbtt.transfer(BOB, wad);
    }

    function testFuzz_transferFrom(uint96 allowed, uint96 wad) public {
        vm.assume(wad <= allowed);
        fund(ALICE, type(uint96).max);
        vm.expectEmit(true, true, true, true, address(wbtt));
        emit Approval(ALICE, BOB, allowed);
        vm.prank(ALICE);
        assert(wbtt.approve(BOB, allowed));
        vm.prank(BOB);
        assert(wbtt.transferFrom(ALICE, CAROL, wad));
        assert(wbtt.allowance(ALICE, BOB) == allowed - wad);
        assert(wbtt.balanceOf(CAROL) == wad);
        assert(wbtt.balanceOf(ALICE) == type(uint96).max - wad);
    }

    function testFuzz_transferFromBeyondAllowance(uint96 allowed, uint256 wad) public {
        vm.assume(wad > allowed);
        fund(ALICE, type(uint96).max);
        vm.prank(ALICE);
        wbtt.approve(BOB, allowed);
        vm.expectRevert(abi.encodeWithSelector(WBTT.ERC20InsufficientAllowance.selector, BOB, uint256(allowed), wad));
        vm.prank(BOB);
        wbtt.transferFrom(ALICE, BOB, wad);
    }

    function testFuzz_unlimitedAllowanceStays(uint96 wad) public {
        fund(ALICE, wad);
        vm.prank(ALICE);
        wbtt.approve(BOB, type(uint256).max);
        vm.prank(BOB);
        wbtt.transferFrom(ALICE, BOB, wad);
        assert(wbtt.allowance(ALICE, BOB) == type(uint256).max);
        assert(wbtt.balanceOf(BOB) == wad);
    }

    function testFuzz_ownTokensNeedNoAllowance(uint96 wad) public {
        fund(ALICE, wad);
        vm.prank(ALICE);
        wbtt.transferFrom(ALICE, BOB, wad);
        assert(wbtt.balanceOf(BOB) == wad);
    }

    /// A call that WBTT does not know must not pass for a success, as `permit` on WETH9 does.
    function test_unknownCallReverts() public {
        (bool ok,) = address(wbtt)
            .call(
                abi.encodeWithSignature(
                    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", ALICE, BOB, 1, 0, 0, 0, 0
                )
            );
        assert(!ok);
    }

    function test_reentrantWithdrawGetsOnlyItsOwn() public {
        fund(BOB, 10 ether);
        Reentrant thief = new Reentrant(wbtt);
        vm.deal(address(this), 2 ether);
        thief.run{value: 2 ether}(1 ether);
        assert(address(thief).balance == 2 ether);
        assert(wbtt.balanceOf(address(thief)) == 0);
        assert(wbtt.totalSupply() == 10 ether);
    }

    function test_reentrantWithdrawCannotTakeFromOthers() public {
        fund(BOB, 10 ether);
        Reentrant thief = new Reentrant(wbtt);
        vm.deal(address(this), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(WBTT.ERC20InsufficientBalance.selector, address(thief), 0, 1 ether));
        thief.run{value: 1 ether}(1 ether);
    }

    function test_refusedWithdrawalKeepsItsReason() public {
        vm.deal(address(this), 2 ether);
        Refuser loud = new Refuser(false);
        vm.expectRevert(abi.encodeWithSelector(Refuser.NotToday.selector));
        loud.run{value: 1 ether}(wbtt);
        Refuser silent = new Refuser(true);
        vm.expectRevert(abi.encodeWithSelector(WBTT.WithdrawalRefused.selector, address(silent), 1 ether));
        silent.run{value: 1 ether}(wbtt);
    }

    function fund(address who, uint256 wad) private {
        vm.deal(who, wad);
        vm.prank(who);
        wbtt.deposit{value: wad}();
    }
}
