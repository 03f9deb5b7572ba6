// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// A root chain as genesis or governance enters it.
struct RootConfig {
    /// 1 Ethereum, 2 TRON; at most 255.
    uint256 rootId;
    /// Its EIP-155 id.
    uint64 chainId;
    /// `RootBridge` there, 20 bytes.
    address bridge;
    /// keccak256 of that contract's code; nodes refuse to attest if it differs.
    bytes32 codeHash;
    /// The token there that is BTT here; zero if there is none.
    address btt;
    /// BTT that `bridge` already holds for BTT that is out here, in wei.
    uint256 bttLocked;
}

/// A root chain as it stands.
struct RootView {
    uint64 chainId;
    address bridge;
    bytes32 codeHash;
    address btt;
    /// BTT that can still leave for this root chain, in wei.
    uint256 bttLocked;
    bool enabled;
    /// Records carried out: the next nonce.
    uint64 executed;
    bytes32 executedChain;
    /// Records that more than 2/3 of the power vouch for.
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
    /// Its hash in the running hash; zero if the nonce is not kept.
    bytes32 record;
    /// When it failed first, Unix seconds.
    uint64 since;
    /// Selector of the error it failed with first; zero if there was no reason.
    bytes4 reason;
}

/// @title Where value of the root chains arrives (docs/bridge.md, "Deposits on this chain")
interface IBridgeInbox {
    event RootRegistered(
        uint256 indexed rootId, uint64 chainId, address bridge, bytes32 codeHash, address btt, uint256 bttLocked
    );
    event RootEnabled(uint256 indexed rootId, bool enabled);
    event CodeHashSet(uint256 indexed rootId, bytes32 codeHash);
    event BttLockedAdded(uint256 indexed rootId, uint256 added, uint256 bttLocked);
    event GuardianSet(address guardian);

    event Attested(uint256 indexed rootId, address indexed signer, uint64 to, bytes32 chainHash, uint256 power);
    event Accepted(uint256 indexed rootId, uint64 to, bytes32 chainHash, uint256 power, uint256 total);
    event AcceptedDropped(uint256 indexed rootId, uint64 to, bytes32 chainHash);

    /// @notice `token` is the one here; zero is BTT.
    event Delivered(uint256 indexed rootId, uint64 indexed nonce, address indexed to, address token, uint256 amount);
    event DepositKept(uint256 indexed rootId, uint64 indexed nonce, Deposit deposit, bytes reason);
    event Refunded(uint256 indexed rootId, uint64 indexed nonce, uint256 exitIndex);
    event TokenCreated(uint256 indexed rootId, address indexed rootToken, address token);
    event MetadataTaken(uint256 indexed rootId, uint64 indexed nonce, address indexed token);
    /// @notice The token has its names already, or these are not fit for one. Nothing changed but the nonce.
    event MetadataIgnored(uint256 indexed rootId, uint64 indexed nonce, address indexed rootToken);

    error WrongBalance(uint256 got, uint256 expected);
    error BadRoot(uint256 rootId);
    error RootKnown(uint256 rootId);
    error UnknownRoot(uint256 rootId);
    error RootDisabled(uint256 rootId);
    error NotValidator(address caller);
    error NotForward(uint64 got, uint64 least);
    error TooFarAhead(uint64 got, uint64 most);
    error NothingToDo();
    error WrongCount(uint256 got, uint256 expected);
    error WrongChain(bytes32 got, bytes32 expected);
    error NotKept(uint256 rootId, uint64 nonce);
    error WrongRecord(bytes32 got, bytes32 expected);
    error TooEarly(uint256 time, uint256 from);
    error NotEnoughGas(uint256 got, uint256 needed);
    error ReserveShort(uint256 reserve, uint256 needed);
    error ReceiverRefused(address to, uint256 amount);
    /// @notice More BTT would leave for the root chain than is locked there.
    error NotBacked(uint256 rootId, uint256 got, uint256 most);

    /// @notice First values: the guardian, root chains, and the BTT this contract begins with. Optional. Only `SYSTEM`, in block 0.
    /// @param reserve_ the bridge reserve in wei; must be the balance
    function genesis(uint256 reserve_, address guardian_, RootConfig[] calldata roots) external payable;

    /// @notice Adds a root chain, for ever. By `Timelock`.
    function registerRoot(RootConfig calldata config) external;
    /// @notice Opens or closes a root chain in both directions. By `Timelock`.
    function setEnabled(uint256 rootId, bool enabled) external;
    /// @notice By `Timelock`.
    function setCodeHash(uint256 rootId, bytes32 codeHash) external;
    /// @notice Notes that the root chain's bridge was given `amount` wei of BTT without a deposit. By `Timelock`.
    function addBttLocked(uint256 rootId, uint256 amount) external;
    /// @notice Forgets what was accepted and not carried out, and all votes on it: the way out if what was accepted is not what happened. By
    /// `Timelock`.
    function dropAccepted(uint256 rootId) external;
    /// @notice Zero for none. By `Timelock`.
    function setGuardian(address guardian_) external;

    /// @notice A validator's word that the running hash of the first `to` final records of a root chain is `chainHash`.
    function attest(uint256 rootId, uint64 to, bytes32 chainHash) external;

    /// @notice Carries out the next deposits, up to the last accepted one. By anybody.
    function execute(uint256 rootId, Deposit[] calldata deposits) external;
    /// @notice Carries out the next deposits. By anybody. `rest` are the hashes of the records after them, up to the last accepted one.
    function executePart(uint256 rootId, Deposit[] calldata deposits, bytes32[] calldata rest) external;
    /// @notice Carries out the next record, which tells a token's names. By anybody.
    function executeMetadata(uint256 rootId, Metadata calldata metadata, bytes32[] calldata rest) external;
    /// @notice Delivers a kept deposit after all. By anybody. Reverts with the reason if it fails again.
    function replay(uint256 rootId, uint64 nonce, Deposit calldata deposit) external;
    /// @notice Sends a deposit kept for 7 days back to its depositor on the root chain. By anybody.
    function refund(uint256 rootId, uint64 nonce, Deposit calldata deposit) external;

    /// @notice Takes BTT that leaves for a root chain back into the reserve. Only `BridgeOutbox`.
    function returnBtt(uint256 rootId) external payable;

    /// @notice The bridge of an open root chain, and the token that is BTT there. Reverts if it is unknown or closed.
    function route(uint256 rootId) external view returns (address bridge, address btt);
    function rootChain(uint256 rootId) external view returns (RootView memory);
    function guardian() external view returns (address);
    /// @notice BTT that deposits can still release, in wei.
    function reserve() external view returns (uint256);
    /// @notice Where a token of a root chain is or will be; the token that is BTT has none.
    function tokenOf(uint256 rootId, address rootToken) external view returns (address);
    function kept(uint256 rootId, uint64 nonce) external view returns (Kept memory);
    /// @notice How far a signer vouched, and in which epoch.
    function voteOf(uint256 rootId, address signer) external view returns (uint64 to, uint64 epoch);
    /// @notice Power that vouched for this in the running epoch.
    function powerFor(uint256 rootId, uint64 to, bytes32 chainHash) external view returns (uint256);
}
