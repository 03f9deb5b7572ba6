//! The bridge's contracts on root chains: bindings, and the code that creates them.
//!
//! One source for Ethereum and TRON, `contracts/root`, and the same bytes on both but for what the constructors are given. Addresses have 20
//! bytes, on TRON too; the zero address stands for the root chain's coin. The code is that of `contracts/artifacts`, which CI compiles again
//! and compares.
//!
//! Source: docs/bridge.md. Amounts in the token's smallest unit, times in seconds.

use alloy_primitives::Bytes;
use alloy_sol_types::SolConstructor;
use serde::Deserialize;

alloy_sol_types::sol! {
    /// Follows the decided blocks of the side chain.
    #[derive(Debug, PartialEq, Eq)]
    interface ICheckpointManager {
        /// Whom to trust, from where on. Unit of `time`: seconds.
        struct Tip {
            bytes32 validatorsHash;
            uint64 height;
            uint64 time;
        }

        /// Signatures of a block, by the set that is trusted (docs/bridge.md, "Checkpoints").
        struct Certificate {
            uint32 round;
            bytes validators;
            uint256 signers;
            bytes signatures;
        }

        constructor(uint256 sideChainId_, address owner_, uint64 maxAge_, bytes32 validatorsHash, uint64 height);

        event Checkpoint(uint64 indexed height, bytes32 indexed blockHash, bytes32 stateRoot, bytes32 exitRoot, bytes32 nextValidatorsHash);
        event Collected(bytes32 indexed blockHash, uint64 indexed height, uint256 signers);
        event Followed(uint64 indexed height, bytes32 indexed blockHash, bytes32 nextValidatorsHash);
        event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
        event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
        event Recovered(bytes32 indexed validatorsHash, uint64 indexed height);
        event RecoveryAnnounced(bytes32 indexed validatorsHash, uint64 indexed height, uint64 readyAt);
        event RecoveryCanceled(bytes32 indexed validatorsHash, uint64 indexed height);

        error AheadOfTime(uint64 got, uint256 latest);
        error BadField(uint256 field, uint256 got, uint256 expected);
        error BadSetLength(uint256 bytesGot, uint256 bytesPerMember, uint256 mostMembers);
        error BadSignaturesLength(uint256 bytesGot, uint256 bytesExpected);
        error BadTip(bytes32 validatorsHash, uint64 maxAge);
        error BadV(uint256 member, uint8 got);
        error CutHeader(uint256 fields, uint256 least);
        error EmptyOutputs(bytes32 nextValidatorsHash, bytes32 exitRoot);
        error HeightNotGrowing(uint64 got, uint64 last);
        error HeightTooLow(uint64 got, uint64 least);
        error HighS(uint256 member, uint256 got, uint256 most);
        error NoRecovery();
        error NotStopped(uint256 age, uint64 maxAge);
        error OwnableInvalidOwner(address owner);
        error OwnableUnauthorizedAccount(address account);
        error OwnerNeeded();
        error RLPInvalidEncoding();
        error RecoveryTooEarly(uint256 time, uint64 readyAt);
        error SignerOutOfSet(uint256 bitmap, uint256 members);
        error Stopped(uint256 age, uint64 maxAge);
        error TooLittlePower(uint256 signed, uint256 total);
        error UnknownCheckpoint(uint64 height);
        error WrongOutputs(bytes32 got, bytes32 expected);
        error WrongSet(bytes32 got, bytes32 trusted);
        error WrongSigner(uint256 member, address got, address expected);

        function MAX_AHEAD() external view returns (uint64);
        function RECOVERY_DELAY() external view returns (uint64);
        function acceptOwnership() external;
        function activeTip() external view returns (Tip memory);
        function announceRecovery(bytes32 validatorsHash, uint64 height) external;
        function cancelRecovery() external;
        function collect(uint64 height, bytes32 blockHash, Certificate calldata certificate) external;
        function collected(uint64 height, uint32 round, bytes32 blockHash) external view returns (uint256 signers);
        function exitRoot(uint64 height) external view returns (bytes32 root);
        function maxAge() external view returns (uint64);
        function owner() external view returns (address);
        function pendingOwner() external view returns (address);
        function recover() external;
        function recoveryReadyAt() external view returns (uint64);
        function renounceOwnership() external view;
        function sideChainId() external view returns (uint256);
        function stateRoot(uint64 height) external view returns (bytes32 root);
        function stopped() external view returns (bool);
        function submit(bytes calldata header, Certificate calldata certificate, bytes32 nextValidatorsHash, bytes32 exitRoot_) external;
        function transferOwnership(address newOwner) external;
        function trusted() external view returns (Tip memory);
    }

    /// Holds what was deposited, pays what left the side chain, and numbers what it has to tell (records).
    #[derive(Debug, PartialEq, Eq)]
    interface IRootBridge {
        /// What the bridge knows of an asset. Amounts in its smallest unit, `usedAt` in seconds, `dailyBps` in basis points.
        struct Asset {
            uint104 locked;
            uint104 used;
            uint48 usedAt;
            uint104 cap;
            uint104 floor;
            uint16 dailyBps;
            bool enabled;
            bool named;
        }

        /// One transfer out of the side chain to this bridge. `amount` in the token's smallest unit.
        struct Exit {
            uint32 index;
            address token;
            address from;
            address to;
            uint256 amount;
        }

        constructor(uint256 rootId_, address checkpoints_, address owner_, address guardian_);

        event AssetChanged(address indexed token, bool enabled, uint104 cap, uint16 dailyBps, uint104 floor);
        event Deposited(uint64 indexed nonce, address indexed token, address indexed to, address from, uint256 amount, bytes32 chainHash);
        event ExitDelayed(uint32 indexed index, address indexed token, address indexed to, uint256 amount, uint64 payableFrom);
        event ExitPaid(uint32 indexed index, address indexed token, address indexed to, address receiver, uint256 amount, uint256 left);
        event GuardianChanged(address indexed guardian);
        event Locked(address indexed token, address indexed from, uint256 amount);
        event MetadataSynced(uint64 indexed nonce, address indexed token, string name, string symbol, uint8 decimals, bytes32 chainHash);
        event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
        event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
        event PauseEnded();
        event Paused(address indexed guardian, uint64 until);

        error AlreadyPaid(uint32 index);
        error BadDailyBps(uint16 got, uint16 least, uint16 most);
        error BadRootId(uint256 got);
        error CallFailed(address token);
        error CapExceeded(address token, uint256 got, uint256 cap);
        error FloorTooHigh(address token, uint104 got, uint256 most);
        error LimitReached(address token, uint256 left);
        error NamesKnown(address token);
        error NativeRefused(address to, uint256 amount);
        error NoAmount();
        error NoFloor(address token);
        error NoNames(address token);
        error NoReceiver();
        error NotAToken();
        error NotEnabled(address token);
        error NotGuardian(address got, address expected);
        error NotListed(address token);
        error NotPaused(uint256 time);
        error NotReceiver(address got, address expected);
        error NotYetPayable(uint32 index, uint256 time, uint64 payableFrom);
        error OwnableInvalidOwner(address owner);
        error OwnableUnauthorizedAccount(address account);
        error OwnerNeeded();
        error PauseCoolDown(uint256 time, uint64 next);
        error PausedNow(uint256 time, uint64 until);
        error ReentrancyGuardReentrantCall();
        error WrongExitRoot(bytes32 got, bytes32 expected);
        error WrongPayment(address token, uint256 got, uint256 expected);
        error WrongReceipt(address token, uint256 got, uint256 most);

        function LARGE_EXIT_DELAY() external view returns (uint64);
        function PAUSE_COOL_DOWN() external view returns (uint64);
        function PAUSE_TIME() external view returns (uint64);
        function acceptOwnership() external;
        function assetOf(address token) external view returns (Asset memory);
        function checkpoints() external view returns (address);
        function claim(Exit calldata exit, bytes32[32] calldata proof, uint64 checkpoint) external returns (uint256 amount);
        function claimTo(Exit calldata exit, bytes32[32] calldata proof, uint64 checkpoint, address receiver) external returns (uint256 amount);
        function deposit(address token, address to, uint256 amount) external returns (uint64 nonce);
        function depositNative(address to) external payable returns (uint64 nonce);
        function endPause() external;
        function guardian() external view returns (address);
        function isPaid(uint32 index) external view returns (bool);
        function limits(address token) external view returns (uint256 available, uint256 daily, uint256 atOnce);
        function lock(address token, uint256 amount) external returns (uint256 received);
        function nextPause() external view returns (uint64);
        function owner() external view returns (address);
        function pause() external;
        function pausedUntil() external view returns (uint64);
        function pendingOwner() external view returns (address);
        function progressOf(Exit calldata exit) external view returns (uint64 payableFrom, uint104 paid);
        function recordChain() external view returns (bytes32);
        function recordCount() external view returns (uint64);
        function renounceOwnership() external view;
        function rootId() external view returns (uint256);
        function setAsset(address token, bool enabled, uint104 cap, uint16 dailyBps, uint104 floor) external;
        function setGuardian(address guardian_) external;
        function sideChainId() external view returns (uint256);
        function syncMetadata(address token) external returns (uint64 nonce);
        function transferOwnership(address newOwner) external;
    }

    /// Reads the side chain's state under a checkpoint.
    #[derive(Debug, PartialEq, Eq)]
    interface IStateProof {
        /// An account of the side chain. `balance` in wei.
        struct Account {
            uint64 nonce;
            uint256 balance;
            bytes32 storageRoot;
            bytes32 codeHash;
        }

        constructor(address checkpoints_);

        error BadEncoding();
        error RLPInvalidEncoding();
        error TrieProofTraversalError(uint8 err);

        function account(uint64 height, address who, bytes[] calldata proof) external view returns (Account memory found);
        function checkpoints() external view returns (address);
        function slot(uint64 height, address who, bytes32 key, bytes[] calldata accountProof, bytes[] calldata slotProof) external view returns (bytes32);
    }

    /// A token for test networks: anybody mints it, and it can be told to be odd. Its other calls are those of every ERC-20.
    #[derive(Debug, PartialEq, Eq)]
    interface ITestToken {
        constructor(string memory name_, string memory symbol_, uint8 decimals_);

        event Approval(address indexed account, address indexed spender, uint256 amount);
        event Transfer(address indexed from, address indexed to, uint256 amount);

        error FeeTooHigh(uint256 got, uint256 most);
        error TooLittle(uint256 got, uint256 needed);

        function allowance(address account, address spender) external view returns (uint256);
        function answersFalse() external view returns (bool);
        function approve(address spender, uint256 amount) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
        function decimals() external view returns (uint8);
        function fee() external view returns (uint256);
        function mint(address to, uint256 amount) external;
        function name() external view returns (string memory);
        function setOdd(uint256 fee_, bool answersFalse_) external;
        function symbol() external view returns (string memory);
        function totalSupply() external view returns (uint256);
        function transfer(address to, uint256 amount) external returns (bool);
        function transferFrom(address from, address to, uint256 amount) external returns (bool);
    }
}

/// A contract of root chains, by what its constructor takes.
///
/// Implemented by the four `constructorCall`s of this module and by nothing else.
pub trait Created: SolConstructor + sealed::Sealed {
    /// Its file in `contracts/artifacts`, whole.
    const ARTIFACT: &'static str;
}

/// What to send, to nobody, to create a contract: its creation code, and behind it the arguments.
///
/// On TRON it is the `bytecode` of a `CreateSmartContract`.
pub fn creation_code(arguments: &impl Created) -> Bytes {
    fn join<C: Created>(arguments: &C) -> Bytes {
        let artifact: Artifact =
            serde_json::from_str(C::ARTIFACT).expect("the artifact is part of the binary and a test parses it");
        [artifact.bytecode.as_ref(), &arguments.abi_encode()].concat().into()
    }
    join(arguments)
}

#[derive(Deserialize)]
struct Artifact {
    bytecode: Bytes,
}

mod sealed {
    /// Keeps [`super::Created`] to the contracts of this module.
    pub trait Sealed {}
}

macro_rules! created {
    ($($interface:ident: $name:literal;)*) => {$(
        impl sealed::Sealed for $interface::constructorCall {}
        impl Created for $interface::constructorCall {
            const ARTIFACT: &'static str = include_str!(concat!("../../../contracts/artifacts/", $name, ".json"));
        }
    )*};
}

created! {
    ICheckpointManager: "CheckpointManager";
    IRootBridge: "RootBridge";
    IStateProof: "StateProof";
    ITestToken: "TestToken";
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, U256, keccak256};

    #[test]
    fn arguments_follow_the_code() {
        let arguments = IRootBridge::constructorCall {
            rootId_: U256::from(2),
            checkpoints_: Address::repeat_byte(0xc0),
            owner_: Address::repeat_byte(0x0e),
            guardian_: Address::repeat_byte(0x6a),
        };
        let code = creation_code(&arguments);
        let (bytecode, words) = code.split_at(code.len() - 128);
        // PUSH1, and MSTORE soon after: the compiler makes room for its memory first.
        assert_eq!((bytecode[0], bytecode[4]), (0x60, 0x52));
        assert_eq!(words[31], 2);
        assert_eq!(words[32 + 12..64], [0xc0; 20]);
        assert_eq!(words[64 + 12..96], [0x0e; 20]);
        assert_eq!(words[96 + 12..], [0x6a; 20]);
        let other = creation_code(&IRootBridge::constructorCall { rootId_: U256::ONE, ..arguments });
        assert_eq!(other[..bytecode.len()], *bytecode);
        assert_ne!(keccak256(other), keccak256(code));
    }

    #[test]
    fn every_contract_can_be_created() {
        let codes = [
            creation_code(&ICheckpointManager::constructorCall {
                sideChainId_: U256::from(990_990),
                owner_: Address::ZERO,
                maxAge_: 302_400,
                validatorsHash: Default::default(),
                height: 0,
            }),
            creation_code(&IStateProof::constructorCall { checkpoints_: Address::ZERO }),
            creation_code(&ITestToken::constructorCall { name_: "Test".into(), symbol_: "TST".into(), decimals_: 6 }),
        ];
        // Creation code may have twice what stays of it (EIP-3860).
        assert!(codes.iter().all(|code| code.len() > 2_000 && code.len() <= 49_152));
    }
}
