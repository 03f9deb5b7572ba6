// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SystemAddresses} from "../../system/SystemAddresses.sol";
import {Candidate, IStakingEvents, ValidatorView} from "../../system/interfaces/IStaking.sol";
import {Fees} from "../../system/interfaces/IValidatorSet.sol";
import {ParamIds} from "../../system/interfaces/ParamIds.sol";
import {SystemTest, eq, ok} from "./SystemTest.sol";
import {vm} from "./Vm.sol";

contract OperatorsTest is SystemTest {
    function setUp() public {
        genesis(4, 20e6 ether);
    }

    /// Tries to create validator 9 and expects the given reason.
    function refused(uint256 stake, address signer_, bytes memory proof_, uint16 commission, bytes memory reason)
        private
    {
        vm.deal(operator(9), stake);
        vm.expectRevert(reason);
        vm.prank(operator(9));
        staking.createValidator{value: stake}(signer_, proof_, commission, "name", "site");
    }

    function announce(uint256 i, uint16 commission, bytes memory reason) private {
        if (reason.length > 0) vm.expectRevert(reason);
        vm.prank(operator(i));
        staking.announceCommission(commission);
    }

    function wrongCommission(uint256 got, uint256 least, uint256 most) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IStakingEvents.WrongCommission.selector, got, least, most);
    }

    function test_create() public {
        create(9, 10e6 ether);
        ValidatorView memory v = staking.validator(operator(9));
        ok(v.operator == operator(9) && v.signer == signer(9) && v.listed && !v.left && !v.tombstoned, "who");
        ok(v.tokens == 10e6 ether && v.shares == 10e6 ether && v.selfStake == 10e6 ether, "all of it is its own stake");
        ok(v.commission == 1000 && v.commissionChangedAt == time && v.warming == 10e6 ether - 1 ether, "commission, warming");
        eq(staking.position(operator(9), operator(9)).shares, 10e6 ether - 1 ether, "one BTT of shares is dead");
        eq(staking.operatorOf(signer(9)), operator(9), "the signer");
        eq(staking.candidates().length, 5, "a candidate at once");
        ok(keccak256(bytes(v.name)) == keccak256("name") && bytes(v.site).length == 20, "name and site");
        eq(staking.validators(3, 10).length, 2, "pages");
        eq(staking.validators(5, 10).length, 0, "the page behind the last");
    }

    function test_createRefuses() public {
        bytes memory good = proof(9, operator(9));
        refused(
            10e6 ether - 1,
            signer(9),
            good,
            1000,
            abi.encodeWithSelector(IStakingEvents.BelowMinimum.selector, 10e6 ether - 1, 10e6 ether)
        );
        refused(10e6 ether, signer(9), good, 499, wrongCommission(499, 500, 5000));
        refused(10e6 ether, signer(9), good, 5001, wrongCommission(5001, 500, 5000));
        bytes memory foreign = proof(9, operator(8));
        vm.expectPartialRevert(IStakingEvents.WrongProof.selector);
        vm.deal(operator(9), 10e6 ether);
        vm.prank(operator(9));
        staking.createValidator{value: 10e6 ether}(signer(9), foreign, 1000, "", "");
        refused(
            10e6 ether,
            address(0),
            hex"00",
            1000,
            abi.encodeWithSelector(IStakingEvents.WrongProof.selector, address(0), address(0))
        );
        bytes memory taken = proof(1, operator(9));
        refused(
            10e6 ether, signer(1), taken, 1000, abi.encodeWithSelector(IStakingEvents.SignerTaken.selector, signer(1))
        );
        create(9, 10e6 ether);
        refused(
            10e6 ether,
            signer(9),
            good,
            1000,
            abi.encodeWithSelector(IStakingEvents.OperatorTaken.selector, operator(9))
        );
    }

    function test_highSOfAProofIsRefused() public {
        bytes32 hash = keccak256(abi.encode(keccak256("bttc.key.v1"), block.chainid, operator(9)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key(9), hash);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        refused(
            10e6 ether,
            signer(9),
            abi.encodePacked(r, order - uint256(s), v == 27 ? uint8(28) : uint8(27)),
            1000,
            abi.encodeWithSelector(IStakingEvents.WrongProof.selector, address(0), signer(9))
        );
    }

    function test_genesisIsClosed() public {
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Unauthorized.selector, address(this)));
        staking.genesisValidator(operator(9), signer(9), 1000, "", 0);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.NotGenesis.selector, height));
        staking.genesisValidator(operator(9), signer(9), 1000, "", 0);
        vm.roll(0);
        vm.deal(SYSTEM, 5 ether);
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.WrongValue.selector, 4 ether, 5 ether));
        staking.genesisValidator{value: 4 ether}(operator(9), signer(9), 1000, "", 5 ether);
    }

    function test_edit() public {
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.UnknownValidator.selector, address(this)));
        staking.editValidator("", "");
        vm.prank(operator(1));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.WrongLength.selector, 65, 64));
        staking.editValidator(string(new bytes(65)), "");
        vm.prank(operator(1));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.WrongLength.selector, 129, 128));
        staking.editValidator("", string(new bytes(129)));
        vm.prank(operator(1));
        staking.editValidator("one", "two");
        ok(keccak256(bytes(staking.validator(operator(1)).site)) == keccak256("two"), "changed");
    }

    function test_commissionStepsAndNotice() public {
        next(1 days);
        announce(0, 1101, wrongCommission(1101, 500, 1100));
        announce(0, 499, wrongCommission(499, 500, 1100));
        announce(0, 1100, "");
        next(1 days);
        announce(0, 1200, "");
        uint256 due = time + 3 days;
        ValidatorView memory v = staking.validator(operator(0));
        ok(v.commission == 1000 && v.nextCommission == 1200 && v.nextCommissionTime == due, "announced");
        // An epoch that closes just before it is due leaves it; the next one puts it into force.
        next(3 days - 1);
        quiet(0);
        closeNow(0);
        eq(staking.validator(operator(0)).commission, 1000, "not due");
        next(10);
        announce(0, 1000, abi.encodeWithSelector(IStakingEvents.CommissionPending.selector, due));
        close();
        v = staking.validator(operator(0));
        ok(v.commission == 1200 && v.commissionChangedAt == due && v.nextCommissionTime == 0, "in force");
        announce(0, 1300, wrongCommission(1300, 500, 1200 + 100 * (time - due) / 1 days));
        announce(0, 500, "");
    }

    /// A validator outside the set has no closing of its own; its change counts from the same moment.
    function test_commissionOutsideTheSet() public {
        create(9, 10e6 ether);
        vm.prank(operator(9));
        staking.announceCommission(900);
        next(3 days);
        uint256[] memory list = new uint256[](1);
        list[0] = uint256(uint160(signer(0))) << 96 | 1;
        quiet(0);
        asSystemTransaction(0);
        set.closeEpoch(list);
        ValidatorView memory v = staking.validator(operator(9));
        ok(v.commission == 900 && v.nextCommissionTime == 0, "in force");
        announce(9, 800, "");
        eq(staking.validator(operator(9)).commission, 900, "kept");
    }

    function test_rotateKey() public {
        bytes memory good = proof(20, operator(0));
        vm.prank(operator(0));
        staking.rotateKey(signer(20), good);
        ok(staking.validator(operator(0)).signer == signer(20), "the new key");
        eq(staking.operatorOf(signer(0)), operator(0), "the old one stays its own");
        bytes memory third = proof(21, operator(0));
        vm.prank(operator(0));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.TooEarly.selector, time, time + 1 days));
        staking.rotateKey(signer(21), third);
        next(1 days);
        bytes memory old = proof(0, operator(0));
        vm.prank(operator(0));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.SignerTaken.selector, signer(0)));
        staking.rotateKey(signer(0), old);
        // It signs with the old key until the epoch closes, is paid for it, and answers for it for ever.
        close(0, Fees(1e6 ether, 0, 0, 0));
        ok(staking.commissionOwed(operator(0)) > staking.commissionOwed(operator(1)), "paid for its blocks");
        eq(set.powerOf(signer(20)), 20e6, "elected with the new key");
        vm.txGasPrice(0);
        vm.coinbase(signer(1));
        vm.prank(signer(1));
        staking.slashDoubleSign(signer(0), 1, address(0));
        ok(staking.validator(operator(0)).tombstoned, "punished for the old key");
    }

    function test_leave() public {
        vm.prank(operator(3));
        staking.leave();
        eq(staking.candidates().length, 3, "no candidate");
        vm.prank(operator(3));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Closed.selector, operator(3)));
        staking.leave();
        vm.deal(address(this), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Closed.selector, operator(3)));
        staking.delegate{value: 1 ether}(operator(3));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.StillNeeded.selector, operator(3)));
        staking.evict(operator(3));
        close();
        eq(set.powerOf(signer(3)), 0, "out of the set");
        staking.evict(operator(3));
        vm.prank(operator(3));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Closed.selector, operator(3)));
        staking.rejoin();
        vm.prank(operator(3));
        staking.undelegateAll(operator(3));
        next(7 days);
        vm.prank(operator(3));
        staking.withdrawAll();
        eq(operator(3).balance, 20e6 ether - 1 ether, "all but the dead share");
    }

    function test_evictAndRejoin() public {
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.StillNeeded.selector, operator(0)));
        staking.evict(operator(0));
        vm.prank(operator(0));
        staking.undelegate(operator(0), 10e6 ether + 1);
        eq(staking.candidates().length, 3, "self stake too low");
        close(1, Fees(0, 0, 0, 0));
        staking.evict(operator(0));
        eq(staking.candidateCount(), 3, "listed no more");
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.NotListed.selector, operator(0)));
        staking.evict(operator(0));
        for (uint256 i = 0; i < 3; ++i) {
            ok(staking.validators(i, 1)[0].operator != operator(0), "the others are still found");
        }
        vm.prank(operator(0));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.BelowMinimum.selector, 10e6 ether - 1, 10e6 ether));
        staking.rejoin();
        delegate(operator(0), 0, 1 ether);
        vm.prank(operator(0));
        staking.rejoin();
        eq(staking.candidates().length, 4, "back");
        vm.prank(operator(0));
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.AlreadyListed.selector, operator(0)));
        staking.rejoin();
    }

    function test_atMostAThousandCandidates() public {
        params.set(ParamIds.MIN_SELF_STAKE, 2 ether);
        for (uint256 i = 4; i < 1000; ++i) {
            create(i, 2 ether);
        }
        Candidate[] memory all = staking.candidates();
        eq(all.length, 1000, "all of them");
        bytes memory good = proof(1000, operator(1000));
        vm.deal(operator(1000), 2 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.TooMany.selector, 1000));
        vm.prank(operator(1000));
        staking.createValidator{value: 2 ether}(signer(1000), good, 1000, "", "");
    }

    function test_commissionIsPaidToItsOperator() public {
        vm.prank(operator(0));
        vm.expectRevert(IStakingEvents.NothingToDo.selector);
        staking.claimCommission();
        close(0, Fees(1000 ether, 0, 5 ether, 0));
        uint256 owed = staking.commissionOwed(operator(0));
        ok(owed > 0.5 ether, "a tenth of the tips and more");
        vm.prank(operator(0));
        staking.claimCommission();
        eq(operator(0).balance, owed, "paid");
        eq(staking.commissionOwed(operator(0)), 0, "once");
    }

    function test_plainPaymentsAreRefused() public {
        vm.deal(address(this), 1);
        (bool sent,) = address(staking).call{value: 1}("");
        ok(!sent, "nobody but the treasury");
        (sent,) = address(staking).call{value: 1}(abi.encodeCall(staking.candidates, ()));
        ok(!sent, "nor with a view");
    }

    function test_snapshotIsForTheGovernor() public {
        vm.expectRevert(abi.encodeWithSelector(IStakingEvents.Unauthorized.selector, address(this)));
        staking.snapshot();
        vm.prank(SystemAddresses.GOVERNOR);
        eq(staking.snapshot(), 1, "the running epoch");
    }
}
