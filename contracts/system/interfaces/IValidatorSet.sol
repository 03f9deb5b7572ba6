// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// A member of the set: the address of its consensus key and its voting power.
struct Member {
    address signer;
    uint96 power;
}

/// What a member did in the running epoch. `proposed` and `missed` count blocks; `tips` are wei.
struct Work {
    address signer;
    uint96 power;
    uint64 proposed;
    uint64 missed;
    uint128 tips;
}

/// The fees of one block as the rules split them, in wei (docs/protocol.md, section 4).
struct Fees {
    uint128 stakers;
    uint128 treasury;
    uint128 tips;
    uint128 burned;
}

/// @title The validators that sign, their epoch and what they did in it (docs/staking.md, section 3)
interface IValidatorSet {
    /// A set began to sign: at genesis, and from the block after the one that closed epoch `number - 1`.
    event EpochClosed(uint64 indexed number, uint256 members, bytes32 validatorsHash);

    /// The member missed more of the window than it may; its counters began anew.
    event Down(address indexed signer, uint256 missed);

    error NotSystem(address caller);
    error NotSystemTransaction(address caller, uint256 gasPrice);
    error NotGenesis(uint256 height);
    error NotMember(address signer);
    error WrongBitmap(uint256 length, uint256 expected);
    error StrayBit(uint256 bit, uint256 members);
    error WrongSize(uint256 members, uint256 most);
    error NotOrdered(uint256 index);
    error Repeated(uint256 index);
    error WrongPower(uint256 index, uint256 power);
    error EpochNotOver(uint256 time, uint256 end);

    /// @notice The set at the start of the chain and its time in seconds. Only `SYSTEM`, only in block 0.
    function genesis(uint256[] calldata members, uint64 time) external;

    /// @notice Counts a block. Only `SYSTEM`.
    /// @param missed Bit `i` of byte `i / 8` is set if member `i` is absent from the last commit; empty if that is not to
    /// be counted.
    /// @return down Members that crossed the bound of missed blocks.
    function onBlock(bytes calldata missed, Fees calldata fees) external returns (address[] memory down);

    /// @notice Ends the epoch; `next`, each `signer << 96 | power`, signs from the next block. Only as a system transaction.
    function closeEpoch(uint256[] calldata next) external;

    function members() external view returns (Member[] memory);
    function validatorsHash() external view returns (bytes32);
    function totalPower() external view returns (uint256);

    /// @notice The member's power, zero for anybody else.
    function powerOf(address signer) external view returns (uint96);
    function epoch() external view returns (uint64 number, uint64 startTime, uint64 startHeight);
    function epochNumber() external view returns (uint64);

    /// @notice What the members did in the running epoch.
    function work() external view returns (Work[] memory);

    /// @notice Blocks of the running epoch whose absentees were counted.
    function blocks() external view returns (uint64);

    /// @notice Fees of the running epoch so far, in wei, tips not included.
    function epochFees() external view returns (uint256 stakers, uint256 treasury);

    /// @notice Fees burned since genesis, in wei.
    function feesBurned() external view returns (uint256);

    /// @notice Blocks missed in the window that ends now.
    function missedInWindow(address signer) external view returns (uint256);
    function genesisTime() external view returns (uint64);
}
