// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RootBridge} from "../../root/RootBridge.sol";
import {TokenTransfer} from "../../root/TokenTransfer.sol";
import {vm} from "../system/Vm.sol";
import {BridgeTest} from "./BridgeTest.sol";
import {ok} from "./RootTest.sol";
import {NamedToken, OddToken, Receiver} from "./Tokens.sol";

/// Odd tokens and receivers that cannot be paid.
contract PayoutsTest is BridgeTest {
    Receiver private receiver;

    function setUp() public {
        setUpBridge();
        receiver = new Receiver();
        deposit(address(token), 1_000_000e6);
        deposit(NATIVE, 1_000 ether);
    }

    function test_tokensWithAFeeCountWhatArrives() external {
        token.set(OddToken.Answer.True, 100, 0);
        deposit(address(token), 100e6);
        ok(bridge.assetOf(address(token)).locked == 1_000_000e6 + 99e6, "what arrived");
        ok(token.balanceOf(address(bridge)) == 1_000_000e6 + 99e6, "is there");
        exitOf(address(token), BOB, 10e6);
        checkpoint();
        ok(claim(0) == 10e6 && token.balanceOf(BOB) == 9.9e6, "the receiver bears the fee");
        ok(bridge.assetOf(address(token)).locked == token.balanceOf(address(bridge)), "books");
    }

    function test_answersAreNotTrusted() external {
        exitOf(address(token), BOB, 1e6);
        exitOf(address(token), BOB, 2e6);
        exitOf(address(token), BOB, 4e6);
        checkpoint();
        token.set(OddToken.Answer.Nothing, 0, 0);
        deposit(address(token), 5);
        claim(0);
        // USDT on TRON.
        token.set(OddToken.Answer.FalseButDone, 0, 0);
        deposit(address(token), 5);
        claim(1);
        ok(token.balanceOf(BOB) == 3e6, "paid");

        token.set(OddToken.Answer.FalseAndNotDone, 0, 0);
        bytes32[32] memory proof = proofOf(2);
        vm.expectRevert(abi.encodeWithSelector(TokenTransfer.WrongPayment.selector, token, 0, 4e6));
        bridge.claim(exits[2], proof, 3);
        vm.expectRevert(abi.encodeWithSelector(TokenTransfer.WrongReceipt.selector, token, 0, 7));
        this.depositAs(7);
        ok(!bridge.isPaid(2), "kept");
        token.set(OddToken.Answer.True, 0, 0);
        claim(2);
        ok(token.balanceOf(BOB) == 7e6, "paid later");
    }

    function depositAs(uint256 amount) external {
        token.mint(address(this), amount);
        token.approve(address(bridge), amount);
        bridge.deposit(address(token), BOB, amount);
    }

    /// A token that takes more than it should from the bridge would take it from others.
    function test_aSurchargeIsRefused() external {
        exitOf(address(token), BOB, 1e6);
        checkpoint();
        token.set(OddToken.Answer.True, 0, 1);
        bytes32[32] memory proof = proofOf(0);
        vm.expectRevert(abi.encodeWithSelector(TokenTransfer.WrongPayment.selector, token, 1e6 + 1, 1e6));
        bridge.claim(exits[0], proof, 1);
    }

    function test_whatIsNoTokenIsRefused() external {
        setAsset(address(0xDEAD), true, CAP, 200, 1);
        vm.expectRevert(abi.encodeWithSelector(TokenTransfer.CallFailed.selector, address(0xDEAD)));
        bridge.deposit(address(0xDEAD), BOB, 1);
    }

    /// Somebody's blocked or broken address stands in nobody's way, and loses nothing.
    function test_aFailedPaymentIsKept() external {
        exitOf(address(token), ALICE, 1e6);
        exitOf(address(token), BOB, 1e6);
        exitOf(NATIVE, address(receiver), 0.5 ether);
        exitOf(NATIVE, BOB, 0.5 ether);
        checkpoint();
        token.setBlocked(ALICE, true);
        ok(!tryClaim(0) && !tryClaim(2), "cannot be paid");
        ok(tryClaim(1) && tryClaim(3), "others can");
        ok(!bridge.isPaid(0) && !bridge.isPaid(2), "kept");

        // The receiver, and it alone, sends it elsewhere.
        bytes32[32] memory proof = proofOf(0);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(RootBridge.NotReceiver.selector, BOB, ALICE));
        bridge.claimTo(exits[0], proof, 4, BOB);
        vm.prank(ALICE);
        vm.expectRevert(RootBridge.NoReceiver.selector);
        bridge.claimTo(exits[0], proof, 4, address(0));
        vm.prank(ALICE);
        bridge.claimTo(exits[0], proof, 4, address(0xA2));
        ok(token.balanceOf(address(0xA2)) == 1e6, "elsewhere");
        (bool done,) =
            receiver.forward(address(bridge), abi.encodeCall(bridge.claimTo, (exits[2], proofOf(2), 4, address(0xA3))));
        ok(done && address(0xA3).balance == 0.5 ether, "elsewhere");
        ok(!tryClaim(0) && !tryClaim(2), "once");
    }

    function test_aPaymentThatFailedCanBeTriedAgain() external {
        exitOf(NATIVE, address(receiver), 1 ether);
        checkpoint();
        ok(!tryClaim(0), "refused");
        receiver.setTakes(true);
        ok(tryClaim(0) && address(receiver).balance == 1 ether, "paid");
    }

    function test_nobodyIsPaidTwiceByCallingBack() external {
        exitOf(NATIVE, address(receiver), 1 ether);
        exitOf(NATIVE, address(receiver), 0.5 ether);
        checkpoint();
        receiver.setTakes(true);
        for (uint32 i = 0; i < 2; ++i) {
            receiver.setReentry(address(bridge), abi.encodeCall(bridge.claim, (exits[1 - i], proofOf(1 - i), 2)));
            uint256 before = address(receiver).balance;
            claim(i);
            ok(address(receiver).balance == before + exits[i].amount && !receiver.reentered(), "once");
        }
    }

    /// A token that calls back during a deposit cannot have one transfer counted twice.
    function test_depositsCannotBeNested() external {
        vm.deal(address(this), 1);
        token.setHook(address(this), abi.encodeCall(this.nested, ()));
        token.mint(address(this), 10);
        token.approve(address(bridge), 10);
        vm.expectRevert(abi.encodeWithSelector(TokenTransfer.CallFailed.selector, token));
        bridge.deposit(address(token), BOB, 5);
        vm.expectRevert(abi.encodeWithSelector(TokenTransfer.CallFailed.selector, token));
        bridge.lock(address(token), 5);
        NamedToken named = new NamedToken();
        named.setNames("Named", "NMD", 6);
        setAsset(address(named), true, CAP, 200, 1);
        token.setHook(address(bridge), abi.encodeCall(bridge.syncMetadata, (address(named))));
        vm.expectRevert(abi.encodeWithSelector(TokenTransfer.CallFailed.selector, token));
        bridge.deposit(address(token), BOB, 5);
        token.setHook(address(0), "");
        bridge.deposit(address(token), BOB, 5);
        ok(this.nested(), "it is the nesting");
        bridge.syncMetadata(address(named));
    }

    function nested() external returns (bool) {
        bridge.depositNative{value: 1}(BOB);
        return true;
    }

    /// On TRON a callee may use all that is left: calls are bounded.
    function test_aCalleeCannotUseUpTheGas() external {
        exitOf(address(token), BOB, 1e6);
        checkpoint();
        token.setBurnsGas(true);
        bytes memory data = abi.encodeCall(bridge.claim, (exits[0], proofOf(0), 1));
        uint256 before = gasleft();
        (bool done,) = address(bridge).call{gas: 20_000_000}(data);
        ok(!done && before - gasleft() < 700_000, "bounded");
    }

    function test_theBridgeCannotPayItself() external {
        exitOf(address(token), address(bridge), 1e6);
        exitOf(NATIVE, address(bridge), 1 ether);
        checkpoint();
        ok(!tryClaim(0) && !tryClaim(1), "itself");
        ok(bridge.assetOf(address(token)).locked == 1_000_000e6, "nothing changed");
    }
}
