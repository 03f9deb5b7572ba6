//! Binding of `ValidatorSet`, at [`crate::addresses::VALIDATOR_SET`]: the set in force, the epoch, the work of its members.
//!
//! Source: docs/staking.md, sections 2 and 3.

alloy_sol_types::sol! {
    /// The set in force and the epoch.
    #[derive(Debug, PartialEq, Eq)]
    interface IValidatorSet {
        /// Fees of one block by destination. Unit: wei.
        struct Fees {
            uint128 stakers;
            uint128 treasury;
            uint128 tips;
            uint128 burned;
        }

        /// A member of the set.
        struct Member {
            address signer;
            uint96 power;
        }

        /// What a member did in the epoch. Unit of `tips`: wei; of `proposed` and `missed`: blocks.
        struct Work {
            address signer;
            uint96 power;
            uint64 proposed;
            uint64 missed;
            uint128 tips;
        }

        event EpochClosed(uint64 indexed number, uint256 members, bytes32 validatorsHash);
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
        function genesis(uint256[] calldata members, uint64 time) external;
        function onBlock(bytes calldata signers) external returns (address[] memory down);
        function onFees(Fees calldata fees) external;
        function closeEpoch(uint256[] calldata next) external;

        function MOST_MEMBERS() external view returns (uint256);
        function members() external view returns (Member[] memory);
        function validatorsHash() external view returns (bytes32);
        function totalPower() external view returns (uint256);
        function powerOf(address signer) external view returns (uint96);
        function epoch() external view returns (uint64 number, uint64 startTime, uint64 startHeight);
        function epochNumber() external view returns (uint64);
        function work() external view returns (Work[] memory);
        function blocks() external view returns (uint64);
        function epochFees() external view returns (uint256 stakers, uint256 treasury);
        function feesBurned() external view returns (uint256);
        function missedInWindow(address signer) external view returns (uint256);
        function genesisTime() external view returns (uint64);
    }
}
