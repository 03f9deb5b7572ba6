// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Airdrop} from "../system/Airdrop.sol";
import {Governor} from "../system/Governor.sol";
import {GovernorVotes} from "../system/GovernorVotes.sol";
import {Params} from "../system/Params.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {Timelock} from "../system/Timelock.sol";
import {Vesting} from "../system/Vesting.sol";
import {ParamIds as Id} from "../system/interfaces/ParamIds.sol";
import {IMPLEMENTATION, SystemTest, eq, ok} from "./system/SystemTest.sol";
import {vm} from "./system/Vm.sol";

/// What an upgrade brings.
contract SecondSupply {
    function version() external pure returns (uint256) {
        return 2;
    }
}

/// Governance with the contracts it governs, all behind their proxies: nothing here is a mock.
contract GovernanceTest is SystemTest {
    uint256 private constant STAKE = 20e6 ether;
    uint256 private constant DEPOSIT = 1e6 ether;
    address private constant ALICE = address(0xA11CE);
    address private constant BOB = address(0xB0B);

    Params private constant real = Params(A.PARAMS);
    Governor private constant governor = Governor(A.GOVERNOR);
    Timelock private constant timelock = Timelock(A.TIMELOCK);
    Airdrop private constant airdrop = Airdrop(A.AIRDROP);
    Vesting private constant vesting = Vesting(A.VESTING);

    function setUp() public {
        genesis(4, STAKE);
        bytes memory proxy = A.SUPPLY.code;
        stand(proxy, A.PARAMS, A.PARAMS_CODE, address(new Params()).code);
        stand(proxy, A.GOVERNOR, A.GOVERNOR_CODE, address(new Governor()).code);
        stand(proxy, A.TIMELOCK, A.TIMELOCK_CODE, address(new Timelock()).code);
        stand(proxy, A.VESTING, A.VESTING_CODE, address(new Vesting()).code);
        stand(proxy, A.AIRDROP, A.AIRDROP_CODE, address(new Airdrop()).code);
        vm.roll(0);
        vm.deal(SYSTEM, airdrop.TOTAL() + 7);
        vm.prank(SYSTEM);
        real.genesis(new Params.Setting[](0));
        uint256 total = airdrop.TOTAL();
        vm.prank(SYSTEM);
        airdrop.genesis{value: total}(START);
        Vesting.Grant[] memory grants = new Vesting.Grant[](1);
        grants[0] = Vesting.Grant(ALICE, 7, START, 0, 7, 0);
        vm.prank(SYSTEM);
        vesting.genesis{value: 7}(grants);
        vm.roll(height);
        delegate(ALICE, 0, 30e6 ether);
        delegate(BOB, 0, 10e6 ether);
        close();
        vm.deal(ALICE, 10 * DEPOSIT);
    }

    function stand(bytes memory proxy, address at_, address code, bytes memory implementation) private {
        vm.etch(code, implementation);
        vm.etch(at_, proxy);
        vm.store(at_, IMPLEMENTATION, bytes32(uint256(uint160(code))));
    }

    function propose(address target, bytes memory data) private returns (uint256 id) {
        (address[] memory t, uint256[] memory v, bytes[] memory c) =
            (new address[](1), new uint256[](1), new bytes[](1));
        (t[0], c[0]) = (target, data);
        vm.prank(ALICE);
        id = governor.propose{value: DEPOSIT}(t, v, c, "");
        expect(id, Governor.State.Waiting);
        close();
        expect(id, Governor.State.Voting);
    }

    function vote(uint256 id, address who, uint8 choice) private {
        vm.prank(who);
        governor.vote(id, choice);
    }

    function own(uint256 id, address who, uint8 choice) private {
        address[] memory list = new address[](1);
        list[0] = operator(0);
        vm.prank(who);
        governor.vote(id, choice, list);
    }

    /// Days of short work, with their epochs.
    function sleep(uint256 seconds_) private {
        next(seconds_);
        close();
    }

    function expect(uint256 id, Governor.State expected) private view {
        eq(uint256(governor.state(id)), uint256(expected), "state");
    }

    function pass(uint256 id, uint256 delay) private {
        for (uint256 i = 0; i < 4; ++i) {
            vote(id, operator(i), 1);
        }
        sleep(5 days);
        governor.queue(id);
        sleep(delay);
        governor.execute(id);
        expect(id, Governor.State.Executed);
    }

    function test_aParameterChangesByVote() public {
        uint256 id = propose(A.PARAMS, abi.encodeCall(Params.set, (Id.QUORUM, 4_500)));
        pass(id, 7 days);
        eq(real.get(Id.QUORUM), 4_000, "before the epoch closes");
        close();
        eq(real.get(Id.QUORUM), 4_500, "after");
        governor.returnDeposit(id, ALICE);
        eq(ALICE.balance, 10 * DEPOSIT, "deposit");
    }

    function test_votesAreTheStakeOfTheSnapshot() public {
        uint256 id = propose(A.TREASURY, abi.encodeWithSignature("spend(address,uint256)", BOB, 5));
        (, uint256 total,) = governor.tally(id);
        eq(total, 4 * STAKE + 40e6 ether, "all pools");
        // Stake that comes or goes now makes no difference.
        delegate(BOB, 0, 500e6 ether);
        vm.prank(ALICE);
        staking.undelegateAll(operator(0));
        sleep(1 days);
        vote(id, operator(0), 2);
        own(id, ALICE, 1);
        own(id, BOB, 4);
        GovernorVotes.Tally memory t = governor.votes(id);
        eq(t.inFavour, 30e6 ether, "Alice");
        eq(t.veto, 10e6 ether, "Bob");
        eq(t.against, STAKE, "the operator with what is left");
        vm.prank(operator(0));
        address[] memory list = new address[](1);
        list[0] = operator(0);
        governor.vote(id, 3, list);
        t = governor.votes(id);
        // One BTT of the operator's is dead and cannot vote itself.
        eq(t.abstain, STAKE - 1 ether, "the operator's own");
        eq(t.against, 1 ether, "dead shares");
    }

    /// Stake of the epoch that closes as the vote begins was not active in it.
    function test_stakeThatCameJustBefore() public {
        (address[] memory t, uint256[] memory v, bytes[] memory c) =
            (new address[](1), new uint256[](1), new bytes[](1));
        (t[0], c[0]) = (A.TREASURY, abi.encodeWithSignature("spend(address,uint256)", BOB, 5));
        vm.prank(ALICE);
        uint256 id = governor.propose{value: DEPOSIT}(t, v, c, "");
        delegate(address(0xCA401), 1, 50e6 ether);
        close();
        vote(id, operator(1), 1);
        (GovernorVotes.Tally memory sum, uint256 total,) = governor.tally(id);
        ok(sum.inFavour <= total, "no more than there is");
        eq(sum.inFavour, STAKE + 50e6 ether, "the pool");
    }

    function test_treasuryPays() public {
        uint256 funds = treasury.funds();
        uint256 id = propose(A.TREASURY, abi.encodeWithSignature("spend(address,uint256)", BOB, 5 ether));
        uint256 before = BOB.balance;
        pass(id, 2 days);
        eq(BOB.balance - before, 5 ether, "paid");
        ok(treasury.funds() >= funds - 5 ether, "from the funds");
    }

    function test_upgradeByVote() public {
        address code = address(new SecondSupply());
        uint256 id = propose(A.SUPPLY, abi.encodeWithSignature("upgradeToAndCall(address,bytes)", code, ""));
        pass(id, 7 days);
        eq(SecondSupply(A.SUPPLY).version(), 2, "version");
    }

    function test_governanceUpgradesItself() public {
        address code = address(new Timelock());
        uint256 id = propose(A.TIMELOCK, abi.encodeWithSignature("upgradeToAndCall(address,bytes)", code, ""));
        pass(id, 7 days);
        eq(address(uint160(uint256(vm.load(A.TIMELOCK, IMPLEMENTATION)))), code, "implementation");
        ok(timelock.operation(id).done, "its memory stays");
    }

    function test_aDepositBurns() public {
        uint256 burned = supply.burned();
        uint256 id = propose(A.TREASURY, abi.encodeWithSignature("spend(address,uint256)", BOB, 5));
        sleep(5 days);
        expect(id, Governor.State.NoQuorum);
        governor.burnDeposit(id);
        eq(supply.burned() - burned, DEPOSIT, "burned");
        eq(A.GOVERNOR.balance, 0, "nothing stays");
    }

    function test_whatNobodyClaimsGoesToTheTreasury() public {
        bytes32 root = airdrop.leafOf(0, 0, BOB, 3 ether);
        uint256 id = propose(A.AIRDROP, abi.encodeCall(Airdrop.setRoot, (0, root)));
        pass(id, 2 days);
        uint256 before = BOB.balance;
        airdrop.claim(0, 0, BOB, 3 ether, new bytes32[](0));
        eq(BOB.balance - before, 3 ether, "claimed");
        next(366 days);
        uint256 funds = treasury.funds();
        airdrop.sweep(0);
        eq(treasury.funds() - funds, 990_000_000 ether - 3 ether, "swept");
        vesting.release(0);
        eq(vesting.stream(0).released, 7, "vested");
    }
}
