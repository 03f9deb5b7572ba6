// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Asset, Assets} from "./Assets.sol";
import {Exit, Exits} from "./Exits.sol";
import {GuardedPause} from "./GuardedPause.sol";
import {Names} from "./Names.sol";
import {Records} from "./Records.sol";
import {TokenTransfer} from "./TokenTransfer.sol";
import {ICheckpoints} from "./interfaces/ICheckpoints.sol";

/// @title The bridge's end on a root chain
/// @notice Holds what was deposited, and pays what left the side chain: never more of an asset than was deposited, each exit once, to
/// whom it names (docs/protocol.md, section 7; docs/bridge.md). There is no way out but `claim`: the owner, a timelock, chooses which
/// assets may come in and how fast they may leave within bounds, the guardian may pause for a while, and that is all.
///
/// A payment that fails reverts and changes nothing: the exit stays where it is, stands in nobody's way, and can be tried again by
/// anyone, or sent elsewhere by its receiver. What exceeds the limit of a day is paid in parts.
contract RootBridge is GuardedPause, Records, ReentrancyGuardTransient {
    using Assets for Asset;

    /// An exit that is not paid in one go.
    struct Progress {
        /// When it may be paid; zero if it need not wait. Unit: seconds.
        uint64 payableFrom;
        uint104 paid;
    }

    /// How long a large exit waits. Unit: seconds.
    uint64 public constant LARGE_EXIT_DELAY = 24 hours;

    ICheckpoints public immutable checkpoints;

    mapping(address token => Asset) private _assets;
    /// Hash of the names in a token's last metadata record.
    mapping(address token => bytes32) private _names;
    mapping(uint256 word => uint256 bits) private _paid;
    mapping(bytes32 leaf => Progress) private _progress;

    /// @notice Coins were given to the bridge: they count as locked, and nobody has them on the side chain.
    event Locked(address indexed token, address indexed from, uint256 amount);
    /// @notice A large exit was shown for the first time and is paid from this time on.
    event ExitDelayed(
        uint32 indexed index, address indexed token, address indexed to, uint256 amount, uint64 payableFrom
    );
    /// @notice `left` of the exit is still to be paid.
    event ExitPaid(
        uint32 indexed index, address indexed token, address indexed to, address receiver, uint256 amount, uint256 left
    );
    event AssetChanged(address indexed token, bool enabled, uint104 cap, uint16 dailyBps, uint104 floor);

    error NotListed(address token);
    error NotEnabled(address token);
    error CapExceeded(address token, uint256 got, uint256 cap);
    error NoReceiver();
    error NoAmount();
    error NotAToken();
    /// @notice Its names cannot be read, or are not plain and short. It can be deposited all the same.
    error NoNames(address token);
    /// @notice These names are those of its last metadata record.
    error NamesKnown(address token);
    error NotReceiver(address got, address expected);
    error WrongExitRoot(bytes32 got, bytes32 expected);
    error AlreadyPaid(uint32 index);
    error NotYetPayable(uint32 index, uint256 time, uint64 payableFrom);
    /// @notice Nothing of the asset may leave at the moment; what is left of the exit stays payable.
    error LimitReached(address token, uint256 left);
    /// @notice Without a floor the last coins could not leave: a share of a rest leaves a rest.
    error NoFloor(address token);
    /// @notice A floor above this would lift the limit of a day, and with it the wait of large exits.
    error FloorTooHigh(address token, uint104 got, uint256 most);
    error BadDailyBps(uint16 got, uint16 least, uint16 most);
    error OwnerNeeded();

    /// @param rootId_ 1 Ethereum, 2 TRON.
    /// @param checkpoints_ Which blocks of the side chain are decided; the side chain is its.
    /// @param owner_ A timelock.
    /// @param guardian_ Who may pause.
    constructor(uint256 rootId_, ICheckpoints checkpoints_, address owner_, address guardian_)
        Ownable(owner_)
        Records(rootId_, checkpoints_.sideChainId())
    {
        checkpoints = checkpoints_;
        _setGuardian(guardian_);
    }

    /// @notice Deposits tokens for `to` on the side chain. The amount that counts is what arrives here.
    /// @return nonce Its number.
    function deposit(address token, address to, uint256 amount)
        external
        nonReentrant
        whenNotPaused
        returns (uint64 nonce)
    {
        if (token == address(0)) revert NotAToken();
        if (!_assets[token].enabled) revert NotEnabled(token);
        if (amount == 0) revert NoAmount();
        return _deposit(token, to, TokenTransfer.pull(token, msg.sender, amount));
    }

    /// @notice Deposits the native coin for `to` on the side chain.
    /// @return nonce Its number.
    function depositNative(address to) external payable nonReentrant whenNotPaused returns (uint64 nonce) {
        if (!_assets[address(0)].enabled) revert NotEnabled(address(0));
        if (msg.value == 0) revert NoAmount();
        return _deposit(address(0), to, msg.value);
    }

    /// @notice Gives tokens away to the bridge: what arrives counts as locked, but no record is made and nobody gets anything for it. It is how
    /// BTT that is out on the side chain from its first block on comes to be redeemable here. Whoever wants it there calls `deposit`.
    /// @return received What arrived.
    function lock(address token, uint256 amount) external nonReentrant whenNotPaused returns (uint256 received) {
        if (token == address(0)) revert NotAToken();
        if (amount == 0) revert NoAmount();
        received = TokenTransfer.pull(token, msg.sender, amount);
        _lock(_assets[token], token, received);
        emit Locked(token, msg.sender, received);
    }

    /// @notice Tells the side chain what a listed asset calls itself. Anyone may call. Before an asset's first deposit it is done unasked.
    /// @return nonce Number of the record.
    function syncMetadata(address token) external nonReentrant whenNotPaused returns (uint64 nonce) {
        if (_assets[token].floor == 0) revert NotListed(token);
        (bool fit, Names.Metadata memory names) = _namesOf(token);
        if (!fit) revert NoNames(token);
        // Strangers cannot fill the line of records: each costs the side chain a transaction.
        if (!_areNew(token, names)) revert NamesKnown(token);
        return _recordMetadata(token, names);
    }

    /// @notice Pays an exit to whom it names, or as much of it as may leave now. Anyone may call. A large exit, shown for the first time,
    /// is not paid but begins to wait.
    /// @param proof Hashes beside the way from the exit's leaf to the exit root, the leaf's own neighbour first.
    /// @param checkpoint Height of any checkpoint at or after the exit, whose tree the proof is of.
    /// @return amount What was paid.
    function claim(Exit calldata exit, bytes32[32] calldata proof, uint64 checkpoint)
        external
        nonReentrant
        whenNotPaused
        returns (uint256 amount)
    {
        return _claim(exit, proof, checkpoint, exit.to);
    }

    /// @notice As `claim`, but pays to another address. For the receiver alone, where it cannot be paid itself.
    function claimTo(Exit calldata exit, bytes32[32] calldata proof, uint64 checkpoint, address receiver)
        external
        nonReentrant
        whenNotPaused
        returns (uint256 amount)
    {
        if (msg.sender != exit.to) revert NotReceiver(msg.sender, exit.to);
        return _claim(exit, proof, checkpoint, receiver);
    }

    /// @notice Lists an asset or changes its rules. Exits of an asset that is not enabled are paid as before.
    /// @param cap Most that may be locked.
    /// @param dailyBps Share of what is locked that may leave in a day, 200 by default. Unit: basis points.
    /// @param floor Amount that may leave in a day however little is locked: at least 1, and at most a tenth of the cap when the asset is listed,
    /// afterwards a tenth of what is locked, or what it is already.
    function setAsset(address token, bool enabled, uint104 cap, uint16 dailyBps, uint104 floor) external onlyOwner {
        if (dailyBps < Assets.LEAST_DAILY_BPS || dailyBps > Assets.MOST_DAILY_BPS) {
            revert BadDailyBps(dailyBps, Assets.LEAST_DAILY_BPS, Assets.MOST_DAILY_BPS);
        }
        if (floor == 0) revert NoFloor(token);
        Asset storage asset = _assets[token];
        uint256 most = asset.mostFloor(cap);
        if (floor > most) revert FloorTooHigh(token, floor, most);
        // Works off what was used by the rules until now.
        asset.release(0);
        (asset.enabled, asset.cap, asset.dailyBps, asset.floor) = (enabled, cap, dailyBps, floor);
        emit AssetChanged(token, enabled, cap, dailyBps, floor);
    }

    /// @notice An owner that is nobody could enable nothing.
    function renounceOwnership() public view override onlyOwner {
        revert OwnerNeeded();
    }

    /// @notice Rules and state of an asset; zero is the native coin.
    function assetOf(address token) external view returns (Asset memory) {
        return _assets[token];
    }

    /// @notice What of the asset may leave now, in a day, and as one exit without a wait.
    function limits(address token) external view returns (uint256 available, uint256 daily, uint256 atOnce) {
        Asset storage asset = _assets[token];
        return (asset.available(), asset.limit(), asset.largest());
    }

    /// @notice Whether the exit of this index was paid in full.
    function isPaid(uint32 index) public view returns (bool) {
        return _paid[index >> 8] >> (index & 0xff) & 1 == 1;
    }

    /// @notice How far an exit is: when it may be paid (zero if it was not made to wait) and what was paid, while it is not paid in full.
    function progressOf(Exit calldata exit) external view returns (uint64 payableFrom, uint104 paid) {
        Progress storage progress = _progress[_leaf(exit)];
        return (progress.payableFrom, progress.paid);
    }

    function _deposit(address token, address to, uint256 amount) private returns (uint64 nonce) {
        if (to == address(0)) revert NoReceiver();
        Asset storage asset = _assets[token];
        _lock(asset, token, amount);
        if (!asset.named) {
            asset.named = true;
            // Names that cannot be had keep nobody from depositing. A caller cannot make this fail by giving little gas: what is left then is
            // too little for the rest.
            (bool fit, Names.Metadata memory names) = _namesOf(token);
            if (fit && _areNew(token, names)) _recordMetadata(token, names);
        }
        return _recordDeposit(token, to, amount);
    }

    function _lock(Asset storage asset, address token, uint256 amount) private {
        uint256 locked = asset.locked + amount;
        if (locked > asset.cap) revert CapExceeded(token, locked, asset.cap);
        asset.lock(amount);
    }

    function _namesOf(address token) private view returns (bool fit, Names.Metadata memory names) {
        if (token == address(0)) return (true, Names.ofCoin(rootId));
        return Names.ofToken(token);
    }

    /// Whether they differ from those of the last record, and remembers them.
    function _areNew(address token, Names.Metadata memory names) private returns (bool) {
        bytes32 hash = keccak256(abi.encode(names));
        if (hash == _names[token]) return false;
        _names[token] = hash;
        return true;
    }

    function _claim(Exit calldata exit, bytes32[32] calldata proof, uint64 checkpoint, address receiver)
        private
        returns (uint256 amount)
    {
        if (receiver == address(0)) revert NoReceiver();
        if (exit.amount == 0) revert NoAmount();
        if (isPaid(exit.index)) revert AlreadyPaid(exit.index);
        bytes32 leaf = _leaf(exit);
        bytes32 got = Exits.root(leaf, exit.index, proof);
        bytes32 expected = checkpoints.exitRoot(checkpoint);
        if (got != expected) revert WrongExitRoot(got, expected);

        Progress memory progress = _progress[leaf];
        if (_beginsToWait(exit, leaf, progress)) return 0;
        if (block.timestamp < progress.payableFrom) {
            revert NotYetPayable(exit.index, block.timestamp, progress.payableFrom);
        }
        uint256 left = exit.amount - progress.paid;
        amount = _assets[exit.token].available();
        if (amount == 0) revert LimitReached(exit.token, left);
        if (amount > left) amount = left;
        left -= amount;
        if (left == 0) {
            _paid[exit.index >> 8] |= 1 << (exit.index & 0xff);
            if (progress.payableFrom != 0 || progress.paid != 0) delete _progress[leaf];
        } else {
            // What was paid was locked, and fits.
            _progress[leaf].paid = progress.paid + uint104(amount);
        }
        _assets[exit.token].release(amount);
        emit ExitPaid(exit.index, exit.token, exit.to, receiver, amount, left);
        TokenTransfer.send(exit.token, receiver, amount);
    }

    /// The clock of a large exit starts when it is first shown, not with its checkpoint: so there is a day to look at the very payment.
    function _beginsToWait(Exit calldata exit, bytes32 leaf, Progress memory progress) private returns (bool) {
        if (progress.payableFrom != 0 || progress.paid != 0) return false;
        if (exit.amount <= _assets[exit.token].largest()) return false;
        uint64 payableFrom = uint64(block.timestamp) + LARGE_EXIT_DELAY;
        _progress[leaf].payableFrom = payableFrom;
        emit ExitDelayed(exit.index, exit.token, exit.to, exit.amount, payableFrom);
        return true;
    }

    function _leaf(Exit calldata exit) private view returns (bytes32) {
        return Exits.leaf(exit, sideChainId, rootId, address(this));
    }
}
