// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SystemAddresses} from "../../system/SystemAddresses.sol";
import {Fees} from "../../system/interfaces/IValidatorSet.sol";
import {SystemTest, ok} from "./SystemTest.sol";
import {vm} from "./Vm.sol";

/// Measures what a transaction uses, before any refund: everything is prepared in `setUp`, so that storage is as a transaction of
/// its own finds it, and all contracts are cold.
abstract contract GasTest is SystemTest {
    address internal constant ALICE = address(0xA11CE);

    /// Printed by forge with -vv.
    event log_named_uint(string key, uint256 val);

    function measure(address to, address from, uint256 value, bytes memory data, string memory name)
        internal
        returns (uint256 used)
    {
        for (uint160 i = 0; i < 256; ++i) {
            vm.cool(address(0x1000 + i));
        }
        vm.cool(from);
        vm.deal(from, from.balance + value + 1 ether);
        vm.prank(from);
        (bool success, bytes memory reason) = to.call{value: value}(data);
        used = vm.lastCallGas().used;
        if (!success) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        used += 21_000;
        for (uint256 i = 0; i < data.length; ++i) {
            used += data[i] == 0 ? 4 : 16;
        }
        emit log_named_uint(name, used);
    }
}

contract DelegatorGasTest is GasTest {
    function setUp() public {
        genesis(4, 20e6 ether);
        create(9, 30e6 ether);
        delegate(ALICE, 0, 100 ether);
        close(0, Fees(100e6 ether, 1 ether, 7 ether, 0));
        close(0, Fees(100e6 ether, 1 ether, 7 ether, 0));
        delegate(address(0xB0B), 0, 100 ether);
        delegate(address(0xB0B), 1, 100 ether);
        // Rewards have come to validator 9, it dropped out of the set, and shares warmed up since.
        next(1);
        slashDowntime(9);
        close(0, Fees(100e6 ether, 1 ether, 7 ether, 0));
        delegate(address(0xB0B), 9, 100 ether);
        close();
        vm.prank(SystemAddresses.GOVERNOR);
        staking.snapshot();
        close();
    }

    function test_gasOfFirstDelegation() public {
        bytes memory data = abi.encodeCall(staking.delegate, (operator(0)));
        uint256 used = measure(address(staking), address(0xCA501), 5 ether, data, "delegate, first");
        ok(used <= 130_000, "first delegation within 130,000 gas");
    }

    function test_gasOfFirstDelegationOutsideTheSet() public {
        bytes memory data = abi.encodeCall(staking.delegate, (operator(9)));
        uint256 used = measure(address(staking), address(0xCA501), 5 ether, data, "delegate, first, outside the set");
        ok(used <= 130_000, "first delegation within 130,000 gas");
    }

    function test_gasOfClaim() public {
        address[] memory from = new address[](1);
        from[0] = operator(0);
        uint256 used =
            measure(address(staking), address(0xB0B), 0, abi.encodeCall(staking.claim, (from)), "claim, history");
        ok(used <= 110_000, "a claim that is the first change after a vote began");
    }
}

contract ClaimGasTest is GasTest {
    function setUp() public {
        genesis(4, 20e6 ether);
        close(0, Fees(100e6 ether, 1 ether, 7 ether, 0));
        delegate(ALICE, 0, 100 ether);
        close(0, Fees(100e6 ether, 1 ether, 7 ether, 0));
        close(0, Fees(100e6 ether, 1 ether, 7 ether, 0));
    }

    function test_gasOfClaim() public {
        address[] memory from = new address[](1);
        from[0] = operator(0);
        uint256 used = measure(address(staking), ALICE, 0, abi.encodeCall(staking.claim, (from)), "claim");
        ok(ALICE.balance > 1 ether, "something was claimed");
        ok(used <= 70_000, "claim within 70,000 gas");
    }
}

abstract contract CloseGasTest is GasTest {
    function run(string memory name) internal returns (uint256 used) {
        uint256[] memory list = elected(100);
        ok(list.length == 100, "a full set");
        vm.txGasPrice(0);
        used = measure(address(set), block.coinbase, 0, abi.encodeCall(set.closeEpoch, (list)), name);
        ok(set.epochNumber() == 4, "closed");
    }

    /// A hundred validators that have all been paid before, have proposed and missed blocks, and are about to be paid again.
    function prepare() internal {
        genesis(100, 20e6 ether);
        close(0, Fees(1e6 ether, 1 ether, 7 ether, 1 ether));
        close(0, Fees(1e6 ether, 1 ether, 7 ether, 1 ether));
        bytes memory missed = bitmap();
        for (uint256 i = 0; i < missed.length; ++i) {
            missed[i] = bytes1(uint8(0x55));
        }
        missed[12] = 0x05;
        for (uint256 i = 0; i < 100; ++i) {
            next(1);
            finish(i, missed, Fees(1e6 ether, 1 ether, 7 ether, 1 ether));
        }
    }

    function last() internal {
        next(1800);
        finish(0, bitmap(), Fees(1e6 ether, 1 ether, 7 ether, 1 ether));
    }
}

contract CloseQuietGasTest is CloseGasTest {
    function setUp() public {
        prepare();
        last();
    }

    function test_gasOfClosing() public {
        ok(run("closeEpoch, nothing staked") <= 6_000_000, "closing within 6,000,000 gas");
    }
}

contract CloseWarmGasTest is CloseGasTest {
    function setUp() public {
        prepare();
        for (uint256 i = 0; i < 100; ++i) {
            delegate(address(0xB0B), i, (1 + i) * 1 ether);
        }
        last();
    }

    function test_gasOfClosingWithWarmingStakeEverywhere() public {
        ok(run("closeEpoch, stake warms up everywhere") <= 6_000_000, "closing within 6,000,000 gas");
    }
}

/// The most that one closing can have to do: everybody in the set is replaced, stake warms up everywhere, and a vote begins.
contract CloseWorstGasTest is CloseGasTest {
    function setUp() public {
        prepare();
        for (uint256 i = 0; i < 100; ++i) {
            delegate(address(0xB0B), i, (1 + i) * 1 ether);
            create(100 + i, (21e6 + i) * 1 ether);
        }
        vm.prank(SystemAddresses.GOVERNOR);
        staking.snapshot();
        last();
    }

    function test_gasOfTheWorstClosing() public {
        ok(
            run("closeEpoch, all new, with a snapshot") <= 8_000_000,
            "well within the 10,000,000 of a system transaction"
        );
        ok(staking.totalAt(3) > 2100e6 ether, "the new set was kept");
    }
}
