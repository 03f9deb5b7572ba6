//! Bindings of the contracts on root chains, one source for Ethereum and TRON.
//!
//! Source: docs/bridge.md, "Checkpoints" and "Root bridge".

alloy_sol_types::sol! {
    /// Checkpoints of this chain on a root chain.
    #[derive(Debug, PartialEq, Eq)]
    interface ICheckpointManager {
        /// Precommits of members of the trusted set.
        struct Certificate {
            uint32 round;
            bytes validators;
            uint256 signers;
            bytes signatures;
        }

        function submit(bytes calldata header, Certificate calldata certificate, bytes32 nextValidatorsHash, bytes32 exitRoot) external;
        function collect(uint64 height, bytes32 blockHash, Certificate calldata certificate) external;
    }

    /// Where value is locked on a root chain.
    #[derive(Debug, PartialEq, Eq)]
    interface IRootBridge {
        /// A leaf of the exit tree.
        struct Exit {
            uint32 index;
            address token;
            address from;
            address to;
            uint256 amount;
        }

        function claim(Exit calldata exit, bytes32[32] calldata proof, uint64 checkpoint) external returns (uint256 amount);
    }
}
