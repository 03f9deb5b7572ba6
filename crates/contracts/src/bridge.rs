//! The bridge's contracts on this chain: `BridgeInbox`, at [`crate::addresses::BRIDGE_INBOX`], `BridgeOutbox`, at
//! [`crate::addresses::BRIDGE_OUTBOX`], and `BridgedToken`, the code of every bridged token.
//!
//! Their other ends, on root chains, are in [`crate::root`]. Both hash what they tell each other alike.
//!
//! Source: docs/bridge.md. Amounts in the token's smallest unit, BTT in wei, times in seconds.

#![expect(
    clippy::too_many_arguments,
    reason = "the event `Exit` has eight fields, and the macro makes a function of them"
)]

alloy_sol_types::sol! {
    /// Where value of the root chains arrives.
    #[derive(Debug, PartialEq, Eq)]
    interface IBridgeInbox {
        /// What somebody sent from a root chain. `amount` in the token's smallest unit.
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

        /// A root chain as genesis or governance enters it. `bttLocked` in wei.
        struct RootConfig {
            uint256 rootId;
            uint64 chainId;
            address bridge;
            bytes32 codeHash;
            address btt;
            uint256 bttLocked;
        }

        /// A deposit that could not be delivered: its record, when it failed first (seconds), the selector of its error.
        struct Kept {
            bytes32 record;
            uint64 since;
            bytes4 reason;
        }

        /// A root chain as it stands. `bttLocked` in wei.
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

        event Accepted(uint256 indexed rootId, uint64 to, bytes32 chainHash, uint256 power, uint256 total);
        event AcceptedDropped(uint256 indexed rootId, uint64 to, bytes32 chainHash);
        event Attested(uint256 indexed rootId, address indexed signer, uint64 to, bytes32 chainHash, uint256 power);
        event BttLockedAdded(uint256 indexed rootId, uint256 added, uint256 bttLocked);
        event CodeHashSet(uint256 indexed rootId, bytes32 codeHash);
        event Delivered(uint256 indexed rootId, uint64 indexed nonce, address indexed to, address token, uint256 amount);
        event DepositKept(uint256 indexed rootId, uint64 indexed nonce, Deposit deposit, bytes reason);
        event GuardianSet(address guardian);
        event LimitSet(uint256 indexed rootId, address indexed token, uint256 perDay);
        event MetadataIgnored(uint256 indexed rootId, uint64 indexed nonce, address indexed rootToken);
        event MetadataTaken(uint256 indexed rootId, uint64 indexed nonce, address indexed token);
        event Paused(uint256 indexed what, address indexed by, uint64 until);
        event Refunded(uint256 indexed rootId, uint64 indexed nonce, uint256 exitIndex);
        event RootEnabled(uint256 indexed rootId, bool enabled);
        event RootRegistered(uint256 indexed rootId, uint64 chainId, address bridge, bytes32 codeHash, address btt, uint256 bttLocked);
        event TokenCreated(uint256 indexed rootId, address indexed rootToken, address token);
        event Unpaused(uint256 indexed what, address indexed by);

        error BadRoot(uint256 rootId);
        error FailedDeployment();
        error GuardianRests(uint256 time, uint256 from);
        error InsufficientBalance(uint256 balance, uint256 needed);
        error IsPaused(uint256 what, uint256 until);
        error LimitTooHigh(uint256 got, uint256 most);
        error NotBacked(uint256 rootId, uint256 got, uint256 most);
        error NotEnoughGas(uint256 got, uint256 needed);
        error NotForward(uint64 got, uint64 least);
        error NotGenesis(uint256 blockNumber);
        error NotGuard(address got, address guardian);
        error NotKept(uint256 rootId, uint64 nonce);
        error NotPaused(uint256 what);
        error NotValidator(address caller);
        error NothingToDo();
        error OverLimit(uint256 rootId, address token, uint256 amount, uint256 left);
        error PausedByGovernance(uint256 what);
        error ReceiverRefused(address to, uint256 amount);
        error ReentrancyGuardReentrantCall();
        error ReserveShort(uint256 reserve, uint256 needed);
        error RootDisabled(uint256 rootId);
        error RootKnown(uint256 rootId);
        error TooEarly(uint256 time, uint256 from);
        error TooFarAhead(uint64 got, uint64 most);
        error UnknownRoot(uint256 rootId);
        error WrongBalance(uint256 got, uint256 expected);
        error WrongCaller(address got, address expected);
        error WrongChain(bytes32 got, bytes32 expected);
        error WrongCount(uint256 got, uint256 expected);
        error WrongRecord(bytes32 got, bytes32 expected);

        function DELIVERY_GAS() external view returns (uint256);
        function GUARDIAN_REST() external view returns (uint256);
        function GUARDIAN_TIME() external view returns (uint256);
        function MAX_AHEAD() external view returns (uint64);
        function RECEIVER_GAS() external view returns (uint256);
        function REFUND_AFTER() external view returns (uint256);
        function addBttLocked(uint256 rootId, uint256 amount) external;
        function attest(uint256 rootId, uint64 to, bytes32 chainHash) external;
        function deliver(uint256 rootId, uint64 nonce, Deposit calldata deposit) external;
        function dropAccepted(uint256 rootId) external;
        function execute(uint256 rootId, Deposit[] calldata deposits) external;
        function executeMetadata(uint256 rootId, Metadata calldata metadata, bytes32[] calldata rest) external;
        function executePart(uint256 rootId, Deposit[] calldata deposits, bytes32[] calldata rest) external;
        function genesis(uint256 reserve_, address guardian_, RootConfig[] calldata roots) external payable;
        function guardian() external view returns (address);
        function kept(uint256 rootId, uint64 nonce) external view returns (Kept memory);
        function limitOf(uint256 rootId, address token) external view returns (uint256 perDay, uint256 left);
        function pause(uint256 what) external;
        function pausedUntil(uint256 what) external view returns (uint64);
        function powerFor(uint256 rootId, uint64 to, bytes32 chainHash) external view returns (uint256);
        function refund(uint256 rootId, uint64 nonce, Deposit calldata deposit) external;
        function registerRoot(RootConfig calldata config) external;
        function replay(uint256 rootId, uint64 nonce, Deposit calldata deposit) external;
        function reserve() external view returns (uint256);
        function returnBtt(uint256 rootId) external payable;
        function rootChain(uint256 rootId) external view returns (RootView memory);
        function route(uint256 rootId) external view returns (address bridge, address btt);
        function setCodeHash(uint256 rootId, bytes32 codeHash) external;
        function setEnabled(uint256 rootId, bool enabled) external;
        function setGuardian(address guardian_) external;
        function setLimit(uint256 rootId, address token, uint256 perDay) external;
        function tokenOf(uint256 rootId, address rootToken) external pure returns (address);
        function unpause(uint256 what) external;
        function voteOf(uint256 rootId, address signer) external view returns (uint64 to, uint64 epoch);
    }

    /// Where value leaves for a root chain. In `Exit` the token is that of the root chain, in `exit` the one here.
    #[derive(Debug, PartialEq, Eq)]
    interface IBridgeOutbox {
        event Exit(uint256 indexed index, uint256 indexed rootId, address rootBridge, address token, address indexed from, address to, uint256 amount, bytes32 leaf);
        event LimitSet(uint256 indexed rootId, address indexed token, uint256 perDay);
        event Paused(uint256 indexed what, address indexed by, uint64 until);
        event Unpaused(uint256 indexed what, address indexed by);

        error BadReceiver(address to);
        error GuardianRests(uint256 time, uint256 from);
        error IsPaused(uint256 what, uint256 until);
        error LimitTooHigh(uint256 got, uint256 most);
        error NoBttThere(uint256 rootId);
        error NotBridged(address token);
        error NotGuard(address got, address guardian);
        error NotPaused(uint256 what);
        error OverLimit(uint256 rootId, address token, uint256 amount, uint256 left);
        error PausedByGovernance(uint256 what);
        error ReentrancyGuardReentrantCall();
        error TreeFull(uint256 count);
        error WrongCaller(address got, address expected);
        error WrongRoot(uint256 got, uint256 expected);
        error WrongValue(uint256 got, uint256 expected);
        error ZeroAmount();

        function GUARDIAN_REST() external view returns (uint256);
        function GUARDIAN_TIME() external view returns (uint256);
        function exit(uint256 rootId, address token, address to, uint256 amount) external payable returns (uint256 index);
        function exitCount() external view returns (uint256);
        function exitRoot() external view returns (bytes32);
        function guardian() external view returns (address);
        function limitOf(uint256 rootId, address token) external view returns (uint256 perDay, uint256 left);
        function pause(uint256 what) external;
        function pausedUntil(uint256 what) external view returns (uint64);
        function refund(uint256 rootId, address rootToken, address to, uint256 amount) external returns (uint256);
        function setLimit(uint256 rootId, address token, uint256 perDay) external;
        function unpause(uint256 what) external;
    }

    /// A token of a root chain, as it is held here: ERC-20 with permits (EIP-2612).
    #[derive(Debug, PartialEq, Eq)]
    interface IBridgedToken {

        event Approval(address indexed owner, address indexed spender, uint256 value);
        event MetadataSet(string name, string symbol, uint8 decimals);
        event Transfer(address indexed from, address indexed to, uint256 value);

        error AlreadySet();
        error BadReceiver(address to);
        error ECDSAInvalidSignature();
        error ECDSAInvalidSignatureLength(uint256 length);
        error ECDSAInvalidSignatureS(bytes32 s);
        error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
        error ERC20InvalidApprover(address approver);
        error ERC20InvalidReceiver(address receiver);
        error ERC20InvalidSender(address sender);
        error ERC20InvalidSpender(address spender);
        error InvalidAccountNonce(address account, uint256 currentNonce);
        error PermitExpired(uint256 time, uint256 deadline);
        error StringsInsufficientHexLength(uint256 value, uint256 length);
        error WrongCaller(address got, address expected);
        error WrongSigner(address got, address expected);

        function DOMAIN_SEPARATOR() external view returns (bytes32);
        function allowance(address owner, address spender) external view returns (uint256);
        function approve(address spender, uint256 value) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
        function burn(address from, uint256 amount) external;
        function decimals() external view returns (uint8);
        function eip712Domain() external view returns (bytes1 fields, string memory name_, string memory version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] memory extensions);
        function initialize(uint256 rootId, address rootToken) external;
        function mint(address to, uint256 amount) external;
        function name() external view returns (string memory);
        function nonces(address owner) external view returns (uint256);
        function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
        function root() external view returns (uint256 rootId, address rootToken);
        function setMetadata(string calldata name_, string calldata symbol_, uint8 decimals_) external;
        function symbol() external view returns (string memory);
        function synced() external view returns (bool);
        function totalSupply() external view returns (uint256);
        function transfer(address to, uint256 value) external returns (bool);
        function transferFrom(address from, address to, uint256 value) external returns (bool);
    }
}
