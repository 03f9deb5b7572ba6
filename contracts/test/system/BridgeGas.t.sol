// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BridgeTest} from "../bridge/BridgeTest.sol";
import {GasTest} from "./Gas.t.sol";
import {ok} from "./SystemTest.sol";
import {vm} from "./Vm.sol";

/// What the bridge costs with 100 validators, the most there are.
contract BridgeGasTest is GasTest, BridgeTest {
    bytes32 private constant HASH = keccak256("a running hash");
    address private constant NEW = address(0x4E3);

    function setUp() public {
        bridgeGenesis(100);
        vm.deal(ANNA, 100 ether);
        give(TRON, USDT, ANNA, 1_000e6);
        // Six bits of the count set: the way up reads six nodes of the edge.
        for (uint256 i = 0; i < 63; ++i) {
            vm.prank(ANNA);
            outbox.exit{value: 1}(TRON, address(0), BOB, 1);
        }
        for (uint256 i = 0; i < 66; ++i) {
            vote(i, ETHEREUM, 4, HASH);
        }
        vote(98, TRON, 3, HASH);
        put(ETHEREUM, USDT, BOB, 1);
    }

    function on(address rootToken, address to, uint256 count) private returns (bytes memory data) {
        for (uint256 i = 0; i < count; ++i) {
            put(TRON, rootToken, to, 5);
        }
        accept(TRON);
        data = abi.encodeCall(inbox.execute, (TRON, open(TRON)));
        vm.cool(address(token(TRON, USDT)));
    }

    function test_gasOfAnExitOfBtt() public {
        bytes memory data = abi.encodeCall(outbox.exit, (TRON, address(0), BOB, 5));
        ok(measure(address(outbox), ANNA, 5, data, "exit of BTT") <= 130_000, "exit of BTT within 130,000 gas");
    }

    function test_gasOfAnExitOfAToken() public {
        bytes memory data = abi.encodeCall(outbox.exit, (TRON, address(token(TRON, USDT)), BOB, 5));
        vm.cool(address(token(TRON, USDT)));
        ok(measure(address(outbox), ANNA, 0, data, "exit of a token") <= 130_000, "exit of a token within 130,000 gas");
    }

    function test_gasOfTheLastMembersFirstVote() public {
        bytes memory data = abi.encodeCall(inbox.attest, (TRON, 3, HASH));
        uint256 used = measure(address(inbox), signer(99), 0, data, "attest, last member, first in the epoch");
        ok(used <= 420_000, "the worst vote within 420,000 gas");
    }

    function test_gasOfAFurtherVote() public {
        bytes memory data = abi.encodeCall(inbox.attest, (TRON, 4, HASH));
        uint256 used = measure(address(inbox), signer(98), 0, data, "attest, further in the epoch");
        ok(used <= 90_000, "a usual vote within 90,000 gas");
    }

    function test_gasOfTheVoteThatAccepts() public {
        bytes memory data = abi.encodeCall(inbox.attest, (ETHEREUM, 4, HASH));
        uint256 used = measure(address(inbox), signer(98), 0, data, "attest, accepting");
        ok(used <= 150_000, "the vote that accepts within 150,000 gas");
    }

    function test_gasOfOneDeposit() public {
        bytes memory data = on(USDT, ANNA, 1);
        uint256 used = measure(address(inbox), BOB, 0, data, "execute, a token to a holder");
        ok(used <= 130_000, "one deposit within 130,000 gas");
    }

    function test_gasOfTheFirstDepositOfAToken() public {
        bytes memory data = on(address(0x1E3), NEW, 1);
        uint256 used = measure(address(inbox), BOB, 0, data, "execute, the first of a token");
        ok(used <= 280_000, "the first deposit of a token within 280,000 gas");
    }

    function test_gasOfTenDeposits() public {
        bytes memory data = on(USDT, NEW, 10);
        uint256 used = measure(address(inbox), BOB, 0, data, "execute, ten tokens");
        ok(used <= 350_000, "ten deposits within 350,000 gas");
    }

    function test_gasOfTenDepositsOfBtt() public {
        bytes memory data = on(TRON_BTT, NEW, 10);
        uint256 used = measure(address(inbox), BOB, 0, data, "execute, ten of BTT");
        ok(used <= 350_000, "ten deposits of BTT within 350,000 gas");
    }
}
