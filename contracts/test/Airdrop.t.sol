// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Airdrop} from "../system/Airdrop.sol";
import {Callers} from "../system/Callers.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {GovernanceBase, MockTarget, cheats} from "./GovernanceBase.sol";

/// Takes a claim and asks for it again, or refuses it.
contract Receiver {
    bytes private again;
    bool public blocked;
    bool private refuse;

    function set(bytes calldata again_, bool refuse_) external {
        (again, refuse) = (again_, refuse_);
    }

    receive() external payable {
        if (refuse) {
            assembly {
                revert(0, 0)
            }
        }
        (bool ok,) = A.AIRDROP.call(again);
        blocked = !ok;
    }
}

/// A tree of four parts, and the calls around it.
abstract contract AirdropBase is GovernanceBase {
    uint256 internal constant MONTH = 2_628_000;

    function node(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    /// Written out here, so that a change of the leaf is seen.
    function leaf(uint256 round, uint256 index, address account, uint256 amount) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(keccak256(abi.encode(round, index, account, amount))));
    }

    function tree(uint256 round, address[4] memory who, uint256[4] memory amount)
        internal
        pure
        returns (bytes32 root, bytes32[][] memory proofs)
    {
        bytes32[4] memory l;
        for (uint256 i = 0; i < 4; ++i) {
            l[i] = leaf(round, i, who[i], amount[i]);
        }
        (bytes32 left, bytes32 right) = (node(l[0], l[1]), node(l[2], l[3]));
        proofs = new bytes32[][](4);
        for (uint256 i = 0; i < 4; ++i) {
            proofs[i] = new bytes32[](2);
            (proofs[i][0], proofs[i][1]) = (l[i ^ 1], i < 2 ? right : left);
        }
        root = node(left, right);
    }

    function open() internal {
        place();
        cheats.deal(A.SYSTEM, airdrop.TOTAL());
        uint256 total = airdrop.TOTAL();
        cheats.prank(A.SYSTEM);
        airdrop.genesis{value: total}(uint64(GENESIS_TIME));
        cheats.roll(1);
    }

    function setRoot(uint256 round, bytes32 root) internal {
        cheats.prank(A.TIMELOCK);
        airdrop.setRoot(round, root);
    }
}

contract AirdropTest is AirdropBase {
    address[4] private who = [ALICE, BOB, CAROL, address(0xD00D)];
    uint256[4] private amount = [uint256(100 ether), 200 ether, 300 ether, 990_000_000 ether];
    bytes32 private root;
    bytes32[][] private proofs;

    function setUp() public {
        open();
        (root, proofs) = tree(0, who, amount);
    }

    /// 72 rounds are 10.1 % of 990e9 BTT, to the wei: nothing remains for the last one.
    function test_sumOfAllRounds() public view {
        uint256 sum;
        for (uint256 r = 0; r < 72; ++r) {
            eq(airdrop.amountOf(r), 990_000_000 ether + (r / 12) * 159_500_000 ether);
            sum += airdrop.amountOf(r);
        }
        eq(sum, uint256(990_000_000_000 ether) * 101 / 1_000);
        eq(sum, airdrop.TOTAL());
        eq(airdrop.amountOf(11), 990_000_000 ether);
        eq(airdrop.amountOf(12), 1_149_500_000 ether);
        eq(airdrop.amountOf(71), 1_787_500_000 ether);
    }

    function test_genesis() public {
        Airdrop fresh = new Airdrop();
        cheats.roll(0);
        uint256 total = airdrop.TOTAL();
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, address(this), A.SYSTEM));
        fresh.genesis(1);
        cheats.deal(A.SYSTEM, total);
        sys(fresh, 1, total - 1, abi.encodeWithSelector(Airdrop.WrongBalance.selector, total - 1, total));
        sys(fresh, 0, total, abi.encodeWithSelector(Airdrop.ZeroStart.selector));
        cheats.roll(1);
        sys(fresh, 1, total, abi.encodeWithSelector(Callers.NotGenesis.selector, 1));
        cheats.roll(0);
        sys(fresh, 1, total, "");
        eq(fresh.start(), 1);
        sys(fresh, 1, 0, abi.encodeWithSelector(Airdrop.AlreadySet.selector));
    }

    function test_aRoundThatHasNotBegun() public {
        bytes memory reason =
            abi.encodeWithSelector(Airdrop.NotBegun.selector, 1, block.timestamp, GENESIS_TIME + MONTH);
        cheats.expectRevert(reason);
        setRoot(1, root);
        cheats.expectRevert(reason);
        airdrop.sweep(1);
        cheats.warp(GENESIS_TIME + MONTH);
        setRoot(1, root);
        Airdrop fresh = new Airdrop();
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.NotBegun.selector, 0, block.timestamp, 0));
        cheats.prank(A.TIMELOCK);
        fresh.setRoot(0, root);
    }

    function test_rootOnceByTheTimelock() public {
        cheats.expectRevert(abi.encodeWithSelector(Callers.WrongCaller.selector, ALICE, A.TIMELOCK));
        cheats.prank(ALICE);
        airdrop.setRoot(0, root);
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.ZeroRoot.selector));
        setRoot(0, 0);
        setRoot(0, root);
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.RootAlreadySet.selector, 0, root));
        setRoot(0, keccak256("other"));
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.UnknownRound.selector, 72, 72));
        setRoot(72, root);
    }

    function test_claims() public {
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.RootNotSet.selector, 0));
        claim(0);
        setRoot(0, root);
        cheats.expectEmit(true, true, false, true, A.AIRDROP);
        emit Airdrop.Claimed(0, 1, BOB, 200 ether);
        claim(1);
        eq(BOB.balance, 200 ether);
        assert(airdrop.isClaimed(0, 1) && !airdrop.isClaimed(0, 0) && !airdrop.isClaimed(1, 1));
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.AlreadyClaimed.selector, 0, 1));
        claim(1);
        claim(0);
        claim(2);
        eq(airdrop.roundOf(0).claimed, 600 ether);
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.UnknownRound.selector, 72, 72));
        airdrop.claim(72, 0, ALICE, 1, proofs[0]);
    }

    function test_badProofs() public {
        setRoot(0, root);
        bad(0, 1, ALICE, 100 ether, proofs[0]);
        bad(0, 0, BOB, 100 ether, proofs[0]);
        bad(0, 0, ALICE, 100 ether + 1, proofs[0]);
        bad(0, 0, ALICE, 100 ether, proofs[1]);
        bad(0, 0, ALICE, 100 ether, new bytes32[](0));
        // The tree of one round is worth nothing in another.
        cheats.warp(GENESIS_TIME + MONTH);
        setRoot(1, root);
        bad(1, 0, ALICE, 100 ether, proofs[0]);
    }

    function test_aTreeCannotGiveMoreThanItsRound() public {
        setRoot(0, root);
        claim(0);
        uint256 left = 990_000_000 ether - 100 ether;
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.RoundExceeded.selector, 0, amount[3], left));
        claim(3);
    }

    function test_theRestGoesToTheTreasury() public {
        pass(1 days);
        setRoot(0, root);
        uint256 deadline = GENESIS_TIME + 1 days + 12 * MONTH;
        eq(airdrop.deadlineOf(0), deadline);
        claim(0);
        cheats.warp(deadline - 1);
        claim(1);
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.NotOver.selector, 0, deadline - 1, deadline));
        airdrop.sweep(0);
        cheats.warp(deadline);
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.TooLate.selector, 0, deadline, deadline));
        claim(2);
        airdrop.sweep(0);
        eq(MockTarget(payable(A.TREASURY)).funds(), 990_000_000 ether - 300 ether);
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.AlreadySwept.selector, 0));
        airdrop.sweep(0);
    }

    function test_aRoundWithoutRoot() public {
        cheats.warp(GENESIS_TIME + 12 * MONTH - 1);
        cheats.expectRevert(
            abi.encodeWithSelector(Airdrop.NotOver.selector, 0, block.timestamp, GENESIS_TIME + 12 * MONTH)
        );
        airdrop.sweep(0);
        pass(1);
        airdrop.sweep(0);
        eq(MockTarget(payable(A.TREASURY)).funds(), 990_000_000 ether);
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.AlreadySwept.selector, 0));
        setRoot(0, root);
    }

    function test_reentrantReceiver() public {
        Receiver r = new Receiver();
        who[0] = address(r);
        (root, proofs) = tree(0, who, amount);
        setRoot(0, root);
        r.set("", true);
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.PaymentRefused.selector, address(r), 100 ether));
        claim(0);
        assert(!airdrop.isClaimed(0, 0));
        r.set(abi.encodeCall(Airdrop.claim, (0, 1, who[1], amount[1], proofs[1])), false);
        claim(0);
        assert(r.blocked());
        eq(address(r).balance, 100 ether);
        claim(1);
    }

    function sys(Airdrop fresh, uint64 begin, uint256 value, bytes memory reason) private {
        if (reason.length > 0) cheats.expectRevert(reason);
        cheats.prank(A.SYSTEM);
        fresh.genesis{value: value}(begin);
    }

    function claim(uint256 i) private {
        airdrop.claim(0, i, who[i], amount[i], proofs[i]);
    }

    function bad(uint256 round, uint256 index, address account, uint256 wad, bytes32[] memory proof) private {
        cheats.expectRevert(abi.encodeWithSelector(Airdrop.BadProof.selector, round, index, account, wad));
        airdrop.claim(round, index, account, wad, proof);
    }
}

/// Roots, claims and sweeps in any order, over all rounds.
contract Claims is AirdropBase {
    uint256 public paid;
    uint256 public twice;
    mapping(uint256 round => uint256) public paidIn;
    mapping(uint256 round => bytes32[][]) private proofs;
    mapping(uint256 round => mapping(uint256 index => uint256)) private times;

    function wait(uint256 time) external {
        pass(time % (6 * MONTH));
    }

    function amounts(uint256 round) private view returns (uint256[4] memory list) {
        // Together up to a little more than the round.
        for (uint256 i = 0; i < 4; ++i) {
            list[i] = airdrop.amountOf(round) * (20 + uint256(keccak256(abi.encode(round, i))) % 10) / 90;
        }
    }

    function accounts(uint256 round) private pure returns (address[4] memory list) {
        for (uint160 i = 0; i < 4; ++i) {
            list[i] = address(0x60_000 + uint160(round % 3) + i);
        }
    }

    function publish(uint256 round) external {
        round %= 72;
        (bytes32 root, bytes32[][] memory p) = tree(round, accounts(round), amounts(round));
        cheats.prank(A.TIMELOCK);
        try airdrop.setRoot(round, root) {
            proofs[round] = p;
        } catch {}
    }

    function publishRecent(uint256 back) external {
        this.publish((block.timestamp - GENESIS_TIME) / MONTH % 72 + 72 - back % 3);
    }

    function claim(uint256 round, uint256 index) external {
        (round, index) = (round % 72, index % 4);
        if (proofs[round].length == 0) return;
        pay(round, index);
    }

    /// All parts of all rounds there are.
    function claimAll() external {
        for (uint256 round = 0; round < 72; ++round) {
            if (proofs[round].length == 0) continue;
            for (uint256 index = 0; index < 4; ++index) {
                pay(round, index);
            }
        }
    }

    function sweep(uint256 round) external {
        round %= 72;
        uint256 before = A.AIRDROP.balance;
        try airdrop.sweep(round) {} catch {}
        paidIn[round] += before - A.AIRDROP.balance;
        paid += before - A.AIRDROP.balance;
    }

    function pay(uint256 round, uint256 index) private {
        address to = accounts(round)[index];
        uint256 wad = amounts(round)[index];
        uint256 before = to.balance;
        try airdrop.claim(round, index, to, wad, proofs[round][index]) {
            eq(to.balance - before, wad);
            paid += wad;
            paidIn[round] += wad;
            if (++times[round][index] > 1) ++twice;
        } catch {}
    }
}

/// forge-config: default.invariant.runs = 24
/// forge-config: default.invariant.depth = 64
contract AirdropInvariantTest is AirdropBase {
    Claims private claims;

    function setUp() public {
        open();
        claims = new Claims();
    }

    /// Read by forge: the fuzzer calls nothing but the claims.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(claims);
    }

    /// Each part is paid once, no round pays more than it has, and what is not paid is there.
    function invariant_onceEach() public view {
        eq(claims.twice(), 0);
        eq(A.AIRDROP.balance + claims.paid(), airdrop.TOTAL());
        for (uint256 round = 0; round < 72; ++round) {
            assert(claims.paidIn(round) <= airdrop.amountOf(round));
            if (airdrop.roundOf(round).swept) eq(claims.paidIn(round), airdrop.amountOf(round));
        }
    }
}
