// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BridgeInbox} from "../../system/BridgeInbox.sol";
import {BridgeOutbox} from "../../system/BridgeOutbox.sol";
import {BridgedToken} from "../../system/BridgedToken.sol";
import {Staking} from "../../system/Staking.sol";
import {StakingExtension} from "../../system/StakingExtension.sol";
import {Supply} from "../../system/Supply.sol";
import {SystemAddresses} from "../../system/SystemAddresses.sol";
import {SystemProxy} from "../../system/SystemProxy.sol";
import {Treasury} from "../../system/Treasury.sol";
import {ValidatorSet} from "../../system/ValidatorSet.sol";
import {Candidate, IStaking} from "../../system/interfaces/IStaking.sol";
import {ISupply} from "../../system/interfaces/ISupply.sol";
import {ITreasury} from "../../system/interfaces/ITreasury.sol";
import {Fees, IValidatorSet} from "../../system/interfaces/IValidatorSet.sol";
import {ParamsMock} from "./ParamsMock.sol";
import {vm} from "./Vm.sol";

bytes32 constant IMPLEMENTATION = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);

error Differs(uint256 got, uint256 expected, string what);
error NotSo(string what);

function eq(uint256 got, uint256 expected, string memory what) pure {
    if (got != expected) revert Differs(got, expected, what);
}

function eq(address got, address expected, string memory what) pure {
    if (got != expected) revert Differs(uint160(got), uint160(expected), what);
}

function ok(bool condition, string memory what) pure {
    if (!condition) revert NotSo(what);
}

/// A chain as genesis makes it: the contracts behind their proxies at their addresses, and some validators.
abstract contract SystemTest {
    address internal constant SYSTEM = SystemAddresses.SYSTEM;
    uint256 internal constant SUPPLY = 990_000_000_000 ether;
    uint256 internal constant RESERVE = 99_000_000_000 ether;
    uint256 internal constant FUNDS = 99_000_000_000 ether;
    uint256 internal constant PROGRAMMES = 49_500_000_000 ether;
    uint64 internal constant START = 1_800_000_000;

    IStaking internal constant staking = IStaking(SystemAddresses.STAKING);
    IValidatorSet internal constant set = IValidatorSet(SystemAddresses.VALIDATOR_SET);
    ITreasury internal constant treasury = ITreasury(SystemAddresses.TREASURY);
    ISupply internal constant supply = ISupply(SystemAddresses.SUPPLY);
    ParamsMock internal constant params = ParamsMock(SystemAddresses.PARAMS);

    uint256 internal height;
    uint256 internal time = START;

    /// Puts the contracts in place, without any state of theirs.
    function install() internal {
        bytes memory proxy = address(new SystemProxy()).code;
        place(
            proxy, SystemAddresses.VALIDATOR_SET, SystemAddresses.VALIDATOR_SET_CODE, address(new ValidatorSet()).code
        );
        place(proxy, SystemAddresses.STAKING, SystemAddresses.STAKING_CODE, address(new Staking()).code);
        place(proxy, SystemAddresses.TREASURY, SystemAddresses.TREASURY_CODE, address(new Treasury()).code);
        place(proxy, SystemAddresses.SUPPLY, SystemAddresses.SUPPLY_CODE, address(new Supply()).code);
        place(proxy, SystemAddresses.PARAMS, SystemAddresses.PARAMS_CODE, address(new ParamsMock()).code);
        place(proxy, SystemAddresses.BRIDGE_INBOX, SystemAddresses.BRIDGE_INBOX_CODE, address(new BridgeInbox()).code);
        place(
            proxy, SystemAddresses.BRIDGE_OUTBOX, SystemAddresses.BRIDGE_OUTBOX_CODE, address(new BridgeOutbox()).code
        );
        vm.etch(SystemAddresses.BRIDGED_TOKEN_CODE, address(new BridgedToken()).code);
        vm.etch(SystemAddresses.STAKING_EXTENSION, address(new StakingExtension()).code);
        params.defaults();
        vm.roll(0);
        vm.warp(time);
    }

    function place(bytes memory proxy, address at_, address code, bytes memory implementation) private {
        vm.etch(code, implementation);
        vm.etch(at_, proxy);
        vm.store(at_, IMPLEMENTATION, bytes32(uint256(uint160(code))));
    }

    /// A chain with `count` validators: operator `operator(i)`, key `key(i)`, stake `stake`, commission 10 %.
    function genesis(uint256 count, uint256 stake) internal {
        install();
        vm.deal(SYSTEM, RESERVE + FUNDS + PROGRAMMES + count * stake);
        vm.prank(SYSTEM);
        treasury.genesis{value: RESERVE + FUNDS + PROGRAMMES}(RESERVE, FUNDS, PROGRAMMES);
        for (uint256 i = 0; i < count; ++i) {
            vm.prank(SYSTEM);
            staking.genesisValidator{value: stake}(operator(i), signer(i), 1000, "genesis", stake);
        }
        uint256[] memory first = elected(100);
        vm.prank(SYSTEM);
        set.genesis(first, START);
        vm.coinbase(signer(0));
        vm.txGasPrice(1 gwei);
        next(0);
    }

    function operator(uint256 i) internal pure returns (address) {
        return address(uint160(0x0a000000 + i));
    }

    function key(uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("key", i))) >> 8;
    }

    function signer(uint256 i) internal pure returns (address) {
        return vm.addr(key(i));
    }

    function proof(uint256 i, address operator_) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key(i), keccak256(abi.encode(keccak256("bttc.key.v1"), block.chainid, operator_)));
        return abi.encodePacked(r, s, v);
    }

    /// Creates validator `i` with `stake` of its own.
    function create(uint256 i, uint256 stake) internal {
        vm.deal(operator(i), operator(i).balance + stake);
        bytes memory proof_ = proof(i, operator(i));
        vm.prank(operator(i));
        staking.createValidator{value: stake}(signer(i), proof_, 1000, "name", "https://site.example");
    }

    function delegate(address who, uint256 i, uint256 amount) internal {
        vm.deal(who, who.balance + amount);
        vm.prank(who);
        staking.delegate{value: amount}(operator(i));
    }

    /// The next block, `seconds_` later.
    function next(uint256 seconds_) internal {
        height += 1;
        time += seconds_;
        vm.roll(height);
        vm.warp(time);
    }

    /// Begins and ends the block of the proposer `signer(i)` as the rules do.
    function finish(uint256 i, bytes memory missed, Fees memory fees) internal returns (address[] memory down) {
        vm.coinbase(signer(i));
        bytes memory present = signers(missed);
        vm.prank(SYSTEM);
        down = set.onBlock(present);
        address to = address(treasury);
        vm.deal(to, to.balance + fees.stakers + fees.treasury + fees.tips);
        vm.prank(SYSTEM);
        set.onFees(fees);
    }

    /// The bitmap of those who signed, as a block carries it, of that of the others.
    function signers(bytes memory missed) internal view returns (bytes memory present) {
        uint256 count = set.members().length;
        present = new bytes((count + 7) / 8);
        uint256 used = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (uint8(missed[i / 8]) & (1 << (i % 8)) != 0) continue;
            present[i / 8] |= bytes1(uint8(1 << (i % 8)));
            used = i / 8 + 1;
        }
        assembly ("memory-safe") {
            mstore(present, used)
        }
    }

    function bitmap() internal view returns (bytes memory) {
        return new bytes((set.members().length + 7) / 8);
    }

    /// A block of `signer(i)` in which everybody signs and nobody pays.
    function quiet(uint256 i) internal {
        finish(i, bitmap(), Fees(0, 0, 0, 0));
    }

    /// Closes the epoch after one more block of `signer(i)`, with the given fees, and elects.
    function close(uint256 i, Fees memory fees) internal {
        (, uint64 startTime,) = set.epoch();
        uint256 end = startTime + params.get(8);
        next(end > time ? end - time : 1);
        finish(i, bitmap(), fees);
        closeNow(i);
    }

    function close() internal {
        close(0, Fees(0, 0, 0, 0));
    }

    /// The system transaction alone.
    function closeNow(uint256 i) internal {
        uint256[] memory list = elected(100);
        asSystemTransaction(i);
        set.closeEpoch(list);
        vm.txGasPrice(1 gwei);
        next(1);
    }

    function slashDowntime(uint256 i) internal {
        asSystemTransaction(0);
        staking.slashDowntime(signer(i));
        vm.txGasPrice(1 gwei);
    }

    function slashDoubleSign(uint256 i, address reporter) internal {
        asSystemTransaction(0);
        staking.slashDoubleSign(signer(i), uint64(height), reporter);
        vm.txGasPrice(1 gwei);
    }

    /// What follows is called by the proposer for nothing.
    function asSystemTransaction(uint256 i) internal {
        vm.txGasPrice(0);
        vm.coinbase(signer(i));
        vm.prank(signer(i));
    }

    /// The set that an election makes of the candidates, without the cap of the power.
    function elected(uint256 most) internal view returns (uint256[] memory list) {
        Candidate[] memory all = staking.candidates();
        uint256[] memory words = new uint256[](all.length);
        for (uint256 i = 0; i < all.length; ++i) {
            words[i] = uint256(uint160(all[i].signer)) << 96 | all[i].tokens / 1 ether;
        }
        sort(words);
        list = new uint256[](words.length < most ? words.length : most);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = words[i];
        }
    }

    function sort(uint256[] memory words) internal pure {
        for (uint256 i = 1; i < words.length; ++i) {
            uint256 word = words[i];
            uint256 j = i;
            while (j > 0 && before(word, words[j - 1])) {
                words[j] = words[j - 1];
                --j;
            }
            words[j] = word;
        }
    }

    function before(uint256 a, uint256 b) private pure returns (bool) {
        return uint96(a) > uint96(b) || (uint96(a) == uint96(b) && a < b);
    }
}
