// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Airdrop} from "../system/Airdrop.sol";
import {Governor} from "../system/Governor.sol";
import {Params} from "../system/Params.sol";
import {SystemAddresses as A} from "../system/SystemAddresses.sol";
import {Timelock} from "../system/Timelock.sol";
import {Vesting} from "../system/Vesting.sol";
import {ParamIds} from "../system/interfaces/ParamIds.sol";

/// Cheat codes used by the tests of governance, as forge offers them.
interface Cheats {
    function assume(bool condition) external pure;
    function chainId(uint256 id) external;
    function deal(address who, uint256 wei_) external;
    function etch(address where, bytes calldata code) external;
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data, address emitter) external;
    function expectRevert() external;
    function expectRevert(bytes calldata reason) external;
    function parseUint(string calldata text) external pure returns (uint256);
    function prank(address who) external;
    function readFile(string calldata path) external view returns (string memory);
    function replace(string calldata text, string calldata from, string calldata to)
        external
        pure
        returns (string memory);
    function roll(uint256 height) external;
    function split(string calldata text, string calldata by) external pure returns (string[] memory);
    function trim(string calldata text) external pure returns (string memory);
    function warp(uint256 time) external;
}

Cheats constant cheats = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));

/// Epochs that a test moves by hand.
contract MockValidatorSet {
    uint64 public number;
    uint64 public startTime;

    function begin(uint64 number_) external {
        number = number_;
        startTime = uint64(block.timestamp);
        if (number_ > 1) Params(A.PARAMS).onEpoch();
    }

    function epoch() external view returns (uint64, uint64, uint64) {
        return (number, startTime, uint64(block.number));
    }
}

/// Snapshots as a test writes them. Their names are the epochs at whose end they are kept.
contract MockStaking {
    mapping(uint64 epoch => mapping(address operator => uint256)) private tokensAt;
    mapping(uint64 epoch => mapping(address delegator => mapping(address operator => uint256))) public weightAt;
    mapping(uint64 epoch => uint256) public totalAt;
    mapping(uint64 epoch => bool) public marked;

    uint256 public upgrades;

    error NotGovernor(address caller);
    error NotTimelock(address caller);

    function snapshot() external returns (uint64 epoch) {
        if (msg.sender != A.GOVERNOR) revert NotGovernor(msg.sender);
        epoch = MockValidatorSet(A.VALIDATOR_SET).number();
        marked[epoch] = true;
    }

    /// As its proxy has it.
    function upgradeToAndCall(address, bytes calldata) external {
        if (msg.sender != A.TIMELOCK) revert NotTimelock(msg.sender);
        ++upgrades;
    }

    function setPool(uint64 epoch, address operator, uint256 tokens) external {
        totalAt[epoch] = totalAt[epoch] - tokensAt[epoch][operator] + tokens;
        tokensAt[epoch][operator] = tokens;
    }

    function poolAt(uint64 epoch, address operator) external view returns (uint256 tokens, uint256 shares) {
        return (tokensAt[epoch][operator], tokensAt[epoch][operator]);
    }

    function setWeight(uint64 epoch, address delegator, address operator, uint256 weight) external {
        weightAt[epoch][delegator][operator] = weight;
    }
}

/// Counts what it is given to burn.
contract MockSupply {
    uint256 public burned;

    function burn() external payable {
        burned += msg.value;
    }
}

/// Takes any call and plain payments, and remembers what the timelock told it last.
contract MockTarget {
    uint256 public calls;
    bytes public last;
    uint256 public funds;

    error Refused(bytes4 selector);

    receive() external payable {
        funds += msg.value;
    }

    fallback() external payable {
        if (msg.sig == 0xdeadbeef) revert Refused(msg.sig);
        if (msg.sig == 0xdeaddead) {
            assembly {
                revert(0, 0)
            }
        }
        ++calls;
        last = msg.data;
    }
}

/// The contracts of governance at their places, with mocks around them.
abstract contract GovernanceBase {
    address internal constant INBOX = 0x0000000000000000000000000000000000001001;
    address internal constant OUTBOX = 0x0000000000000000000000000000000000001008;
    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);
    address internal constant CAROL = address(0xCA401);
    uint256 internal constant GENESIS_TIME = 1_800_000_000;

    Params internal constant params = Params(A.PARAMS);
    Governor internal constant governor = Governor(A.GOVERNOR);
    Timelock internal constant timelock = Timelock(A.TIMELOCK);
    Vesting internal constant vesting = Vesting(A.VESTING);
    Airdrop internal constant airdrop = Airdrop(A.AIRDROP);
    MockStaking internal constant staking = MockStaking(A.STAKING);
    MockValidatorSet internal constant validatorSet = MockValidatorSet(A.VALIDATOR_SET);
    MockSupply internal constant supply = MockSupply(A.SUPPLY);

    /// Block 0 before any genesis function ran.
    function place() internal {
        cheats.roll(0);
        cheats.warp(GENESIS_TIME);
        cheats.etch(A.PARAMS, address(new Params()).code);
        cheats.etch(A.GOVERNOR, address(new Governor()).code);
        cheats.etch(A.TIMELOCK, address(new Timelock()).code);
        cheats.etch(A.VESTING, address(new Vesting()).code);
        cheats.etch(A.AIRDROP, address(new Airdrop()).code);
        cheats.etch(A.VALIDATOR_SET, address(new MockValidatorSet()).code);
        cheats.etch(A.STAKING, address(new MockStaking()).code);
        cheats.etch(A.SUPPLY, address(new MockSupply()).code);
        bytes memory target = address(new MockTarget()).code;
        cheats.etch(A.TREASURY, target);
        cheats.etch(INBOX, target);
        cheats.etch(OUTBOX, target);
        validatorSet.begin(1);
    }

    /// Block 1 of a chain with the parameters of mainnet.
    function start() internal {
        place();
        cheats.prank(A.SYSTEM);
        params.genesis(new Params.Setting[](0));
        cheats.roll(1);
    }

    function nextEpoch() internal {
        cheats.roll(block.number + 1);
        validatorSet.begin(validatorSet.number() + 1);
    }

    function pass(uint256 time) internal {
        cheats.warp(block.timestamp + time);
    }

    /// Sets a parameter as a vote would.
    function set(uint256 id, uint256 value) internal {
        cheats.prank(A.TIMELOCK);
        params.set(id, value);
    }

    function one(address target, bytes memory data)
        internal
        pure
        returns (address[] memory targets, uint256[] memory values, bytes[] memory calldatas)
    {
        (targets, values, calldatas) = (new address[](1), new uint256[](1), new bytes[](1));
        (targets[0], calldatas[0]) = (target, data);
    }

    function two(address target, bytes memory data, address other, bytes memory otherData)
        internal
        pure
        returns (address[] memory targets, uint256[] memory values, bytes[] memory calldatas)
    {
        (targets, values, calldatas) = (new address[](2), new uint256[](2), new bytes[](2));
        (targets[0], calldatas[0], targets[1], calldatas[1]) = (target, data, other, otherData);
    }

    function setCall(uint256 id, uint256 value) internal pure returns (bytes memory) {
        return abi.encodeCall(Params.set, (id, value));
    }

    function eq(uint256 got, uint256 expected) internal pure {
        if (got != expected) revert Differs(got, expected);
    }

    error Differs(uint256 got, uint256 expected);

    function depositNeeded() internal view returns (uint256) {
        return params.get(ParamIds.PROPOSAL_DEPOSIT);
    }
}
