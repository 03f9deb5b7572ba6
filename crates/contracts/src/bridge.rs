//! Bindings of the bridge on this chain: `BridgeInbox` at [`crate::addresses::BRIDGE_INBOX`], `BridgeOutbox` at
//! [`crate::addresses::BRIDGE_OUTBOX`].
//!
//! Source: docs/bridge.md, "Exits" and "Deposits on this chain".

alloy_sol_types::sol! {
    /// Where value of the root chains arrives.
    #[derive(Debug, PartialEq, Eq)]
    interface IBridgeInbox {
        /// A root chain as genesis or governance enters it. Unit of `bttLocked`: wei.
        struct RootConfig {
            uint256 rootId;
            uint64 chainId;
            address bridge;
            bytes32 codeHash;
            address btt;
            uint256 bttLocked;
        }

        /// A root chain as it stands.
        struct RootView {
            uint64 chainId;
            address bridge;
            bytes32 codeHash;
            address btt;
            uint256 bttLocked;
            bool enabled;
            uint64 executed;
            bytes32 executedChain;
            uint64 accepted;
            bytes32 acceptedChain;
        }

        /// What somebody sent from a root chain. Unit of `amount`: the token's smallest.
        struct Deposit {
            address token;
            address from;
            address to;
            uint256 amount;
        }

        /// What a token says of itself on its root chain.
        struct Metadata {
            address token;
            string name;
            string symbol;
            uint8 decimals;
        }

        /// A deposit that could not be delivered.
        struct Kept {
            bytes32 record;
            uint64 since;
            bytes4 reason;
        }

        event Attested(uint256 indexed rootId, address indexed signer, uint64 to, bytes32 chainHash, uint256 power);
        event Accepted(uint256 indexed rootId, uint64 to, bytes32 chainHash, uint256 power, uint256 total);
        event Delivered(uint256 indexed rootId, uint64 indexed nonce, address indexed to, address token, uint256 amount);
        event DepositKept(uint256 indexed rootId, uint64 indexed nonce, Deposit deposit, bytes reason);
        event Refunded(uint256 indexed rootId, uint64 indexed nonce, uint256 exitIndex);
        event MetadataTaken(uint256 indexed rootId, uint64 indexed nonce, address indexed token);
        event MetadataIgnored(uint256 indexed rootId, uint64 indexed nonce, address indexed rootToken);

        error ReserveShort(uint256 reserve, uint256 needed);
        error ReceiverRefused(address to, uint256 amount);

        function attest(uint256 rootId, uint64 to, bytes32 chainHash) external;
        function execute(uint256 rootId, Deposit[] calldata deposits) external;
        function executePart(uint256 rootId, Deposit[] calldata deposits, bytes32[] calldata rest) external;
        function executeMetadata(uint256 rootId, Metadata calldata metadata, bytes32[] calldata rest) external;
        function replay(uint256 rootId, uint64 nonce, Deposit calldata deposit) external;
        function refund(uint256 rootId, uint64 nonce, Deposit calldata deposit) external;

        function REFUND_AFTER() external view returns (uint256);
        function rootChain(uint256 rootId) external view returns (RootView memory);
        function guardian() external view returns (address);
        function reserve() external view returns (uint256);
        function tokenOf(uint256 rootId, address rootToken) external view returns (address);
        function kept(uint256 rootId, uint64 nonce) external view returns (Kept memory);
        function voteOf(uint256 rootId, address signer) external view returns (uint64 to, uint64 epoch);
        function powerFor(uint256 rootId, uint64 to, bytes32 chainHash) external view returns (uint256);
        function pausedUntil(uint256 what) external view returns (uint64);
        function limitOf(uint256 rootId, address token) external view returns (uint256 perDay, uint256 left);
    }

    /// Where value leaves for a root chain.
    #[derive(Debug, PartialEq, Eq)]
    interface IBridgeOutbox {
        event Exit(
            uint256 indexed index,
            uint256 indexed rootId,
            address rootBridge,
            address token,
            address indexed from,
            address to,
            uint256 amount,
            bytes32 leaf
        );

        function exit(uint256 rootId, address token, address to, uint256 amount) external payable returns (uint256 index);
        function exitRoot() external view returns (bytes32);
        function exitCount() external view returns (uint256);
        function pausedUntil(uint256 what) external view returns (uint64);
        function limitOf(uint256 rootId, address token) external view returns (uint256 perDay, uint256 left);
    }
}
