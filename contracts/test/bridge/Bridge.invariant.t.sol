// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SystemAddresses} from "../../system/SystemAddresses.sol";
import {BridgeInbox} from "../../system/BridgeInbox.sol";
import {BridgeOutbox} from "../../system/BridgeOutbox.sol";
import {BridgedToken} from "../../system/BridgedToken.sol";
import {Deposit, RootView} from "../../system/interfaces/IBridgeInbox.sol";
import {eq, ok} from "../system/SystemTest.sol";
import {RootModel} from "./BridgeTest.sol";
import {BridgeWorld} from "./BridgeWorld.sol";

contract BridgeInvariantTest {
    BridgeInbox private constant inbox = BridgeInbox(payable(SystemAddresses.BRIDGE_INBOX));
    BridgeOutbox private constant outbox = BridgeOutbox(payable(SystemAddresses.BRIDGE_OUTBOX));
    BridgeWorld private world;

    function setUp() public {
        world = new BridgeWorld();
    }

    /// Read by forge: the fuzzer calls nothing but the world.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    /// Forge gives whoever calls some coins, which must be nobody of this world.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0xCA11);
    }

    /// Nothing of what the invariants speak of is out of the world's reach: a history of 400 steps has all of it.
    function test_theWorldReachesEverything() public {
        uint256 seed = 1;
        for (uint256 i = 0; i < 400; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            step(seed % 10, seed >> 8, seed >> 64, seed >> 128);
        }
        ok(world.happened(BridgeWorld.State.Delivered) > 20, "delivered");
        ok(world.happened(BridgeWorld.State.Kept) > 5, "kept");
        ok(world.happened(BridgeWorld.State.Replayed) > 2, "replayed");
        ok(world.happened(BridgeWorld.State.Refunded) > 2, "refunded");
        ok(world.exits() > world.happened(BridgeWorld.State.Refunded) + 5, "exits");
        invariant_theBridgeHolds();
    }

    function step(uint256 what, uint256 a, uint256 b, uint256 c) private {
        if (what < 3) world.deposit(a, b, c, uint64(c >> 32));
        else if (what == 3) world.execute(a, b, true);
        else if (what == 4) world.exit(a, b, c, c);
        else if (what == 5) world.replay(a, b);
        else if (what == 6) world.refund(a, b);
        else if (what == 7) world.pause(a, b, c % 3 != 0);
        else if (what == 8) world.shut(a % 2 == 0);
        else world.pass(a);
    }

    /// All of it after each step of one history: histories cost more than looking.
    function invariant_theBridgeHolds() public view {
        whatIsLockedThereIsHereOnce();
        theReserveAndWhatCanLeaveAreConstant();
        theCursorFollowsTheRecords();
        keptAreThoseThatFailed();
        exitsAreCounted();
    }

    /// Every balance is the model's, and what is locked there is what is out here, kept, or still to come: nothing else, ever.
    function whatIsLockedThereIsHereOnce() private view {
        for (uint256 root = 1; root <= 2; ++root) {
            for (uint256 t = 0; t < world.TOKENS(); ++t) {
                address rootToken = world.tokenAt(t);
                bool btt = world.isBtt(root, rootToken);
                BridgedToken token = BridgedToken(inbox.tokenOf(root, rootToken));
                uint256 sum = 0;
                for (uint256 i = 0; i < 4; ++i) {
                    address who = world.user(i);
                    uint256 held = world.held(root, rootToken, who);
                    if (btt) eq(who.balance, held, "BTT of a user");
                    else if (address(token).code.length != 0) eq(token.balanceOf(who), held, "tokens of a user");
                    else eq(held, 0, "no token, no tokens");
                    sum += held;
                }
                if (!btt && address(token).code.length != 0) eq(token.totalSupply(), sum, "supply");
                uint256 there = world.locked(root, rootToken);
                if (btt) eq(inbox.rootChain(root).bttLocked, there - waiting(root, rootToken), "BTT that can leave");
                else eq(there, sum + waiting(root, rootToken), "locked there");
            }
        }
    }

    /// BTT is in the reserve or can leave.
    function theReserveAndWhatCanLeaveAreConstant() private view {
        eq(inbox.reserve() + inbox.rootChain(2).bttLocked, world.STOCK(), "stock");
        eq(address(outbox).balance, 0, "the outbox holds none");
    }

    /// Each nonce is carried out once, in order, up to what was vouched for, and that is what happened.
    function theCursorFollowsTheRecords() private view {
        for (uint256 root = 1; root <= 2; ++root) {
            RootView memory view_ = inbox.rootChain(root);
            RootModel model = world.model(root);
            eq(view_.executed, world.executed(root), "cursor");
            ok(view_.executed <= view_.accepted && view_.accepted <= model.count(), "order");
            ok(view_.executedChain == model.chain(view_.executed), "running hash of what is carried out");
            ok(view_.acceptedChain == model.chain(view_.accepted), "running hash of what is accepted");
        }
    }

    /// Kept are exactly those that failed and were neither delivered nor sent back since.
    function keptAreThoseThatFailed() private view {
        for (uint256 root = 1; root <= 2; ++root) {
            RootModel model = world.model(root);
            for (uint64 nonce = 0; nonce < model.count(); ++nonce) {
                bool kept = world.states(root, nonce) == BridgeWorld.State.Kept;
                bytes32 record = inbox.kept(root, nonce).record;
                ok(record == (kept ? model.hashes(nonce) : bytes32(0)), "kept");
            }
        }
    }

    function exitsAreCounted() private view {
        eq(outbox.exitCount(), world.exits(), "exits");
    }

    /// Deposits of a token that are not delivered: still to come, or kept.
    function waiting(uint256 root, address rootToken) private view returns (uint256 sum) {
        RootModel model = world.model(root);
        for (uint256 nonce = 0; nonce < model.count(); ++nonce) {
            BridgeWorld.State state = world.states(root, nonce);
            if (state != BridgeWorld.State.Recorded && state != BridgeWorld.State.Kept) continue;
            Deposit memory d = model.record(nonce).deposit;
            if (!model.record(nonce).isMetadata && d.token == rootToken) sum += d.amount;
        }
    }
}
