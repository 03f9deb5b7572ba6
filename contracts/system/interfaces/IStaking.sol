// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Work} from "./IValidatorSet.sol";

/// A validator that may be elected. `tokens` are wei.
struct Candidate {
    address operator;
    address signer;
    uint256 tokens;
}

/// Everything known of a validator. Amounts are wei, times seconds, commissions basis points, shares units of 1e-18.
struct ValidatorView {
    address operator;
    address signer;
    uint256 tokens;
    uint256 shares;
    /// Shares minted in the running epoch, which do not count in it.
    uint256 warming;
    /// The operator's own stake, the dead shares included.
    uint256 selfStake;
    uint256 commissionOwed;
    uint256 perShare;
    uint16 commission;
    /// The announced commission and when it comes into force; the time is zero if there is none.
    uint16 nextCommission;
    uint64 nextCommissionTime;
    uint64 commissionChangedAt;
    /// Zero if not jailed; the highest number if for ever.
    uint64 jailedUntil;
    uint64 rotatedAt;
    bool listed;
    bool left;
    bool tombstoned;
    uint256 jailings;
    uint256 slashes;
    string name;
    string site;
}

/// What a delegator has at a validator. `worth` and `pending` are wei.
struct PositionView {
    uint256 shares;
    /// Shares that count in the running epoch.
    uint256 active;
    uint256 worth;
    uint256 pending;
}

/// Stake on its way out. `left` is what slashes until now have left of `amount`, in wei.
struct UnbondingView {
    uint256 id;
    address operator;
    uint256 amount;
    uint256 left;
    uint64 start;
    uint64 unlock;
    address source;
    uint64 sourceEnd;
}

/// Shares that came from another validator and can still be slashed for it, until `end`.
struct MovedView {
    address source;
    uint256 shares;
    uint256 left;
    uint64 end;
}

/// A slash. `factor` is what all slashes so far have left of one, scaled by 1e27.
struct SlashView {
    uint64 time;
    uint192 factor;
}

/// @title What `Staking` reports and refuses
interface IStakingEvents {
    event ValidatorCreated(
        address indexed operator, address indexed signer, uint256 stake, uint16 commission, string name, string site
    );
    event ValidatorEdited(address indexed operator, string name, string site);
    event KeyRotated(address indexed operator, address indexed before, address indexed signer);
    event CommissionAnnounced(address indexed operator, uint16 commission, uint64 inForce);
    event CommissionChanged(address indexed operator, uint16 commission);
    event Jailed(address indexed operator, uint64 until);
    event Unjailed(address indexed operator);
    event Left(address indexed operator);
    event Evicted(address indexed operator, address indexed by);
    event Rejoined(address indexed operator);

    event Delegated(address indexed delegator, address indexed operator, uint256 amount, uint256 shares);
    event Undelegated(
        address indexed delegator,
        address indexed operator,
        uint256 indexed id,
        uint256 amount,
        uint64 unlock,
        address source
    );
    event Redelegated(
        address indexed delegator, address indexed from, address indexed to, uint256 amount, uint256 shares, uint64 end
    );
    event UnbondingCancelled(
        address indexed delegator, address indexed operator, uint256 indexed id, uint256 amount, uint256 lost
    );
    event Withdrawn(
        address indexed delegator, address indexed operator, uint256 indexed id, uint256 amount, uint256 lost
    );
    event Claimed(address indexed delegator, address indexed operator, uint256 amount);
    event CommissionClaimed(address indexed operator, uint256 amount);
    event MovedSlashed(address indexed delegator, address indexed operator, uint256 shares, uint256 amount);

    event Slashed(address indexed operator, uint256 rate, uint256 amount, uint256 factor);
    event DoubleSigned(address indexed operator, address indexed reporter, uint64 height, uint256 reward);

    event MemberPaid(uint64 indexed epoch, address indexed operator, uint256 toPool, uint256 commission, uint256 tips);
    event EpochRewarded(uint64 indexed epoch, uint256 stake, uint256 budget, uint256 cap, uint256 pot);
    event Marked(uint64 indexed epoch);

    error Unauthorized(address caller);
    error NotSystemTransaction(address caller, uint256 gasPrice);
    error NotGenesis(uint256 height);
    error WrongValue(uint256 got, uint256 expected);
    error WrongEpoch(uint256 got, uint256 expected);

    error UnknownValidator(address operator);
    error OperatorTaken(address operator);
    error SignerTaken(address signer);
    error WrongProof(address recovered, address signer);
    error WrongLength(uint256 got, uint256 most);
    error WrongCommission(uint256 got, uint256 least, uint256 most);
    error CommissionPending(uint256 inForce);
    error TooEarly(uint256 time, uint256 allowed);
    error TooMany(uint256 most);
    error NotJailed(address operator);
    error NotListed(address operator);
    error AlreadyListed(address operator);
    error StillNeeded(address operator);
    error Closed(address operator);

    error BelowMinimum(uint256 got, uint256 least);
    error InsufficientStake(uint256 available, uint256 needed);
    error RemainderTooSmall(uint256 remains, uint256 least);
    error StakeStillBound(uint256 free, uint256 needed);
    error SamePool(address operator);
    error PoolEmpty(address operator);
    error UnknownUnbonding(uint256 id);
    error NothingToDo();
    error PaymentRefused(address to, uint256 amount);
}

/// @title What delegators, the rules and other contracts call (docs/staking.md, section 5)
interface IStakingActions is IStakingEvents {
    function delegate(address operator) external payable;
    function undelegate(address operator, uint256 amount) external returns (uint256 id);
    function undelegateAll(address operator) external returns (uint256 id);
    function redelegate(address from, address to, uint256 amount) external;
    function redelegateAll(address from, address to) external;
    function cancelUnbonding(uint256 id) external;
    function withdraw(uint256[] calldata ids) external;
    function withdrawAll() external;
    function claim(address[] calldata operators) external;
    function restake(address operator) external;
    function settleMoved(address delegator, address operator) external;
    function slashDoubleSign(address signer, uint64 height, address reporter) external;
    function slashDowntime(address signer) external;
    function closeEpoch(
        uint64 number,
        uint64 elapsed,
        uint64 blocks,
        uint256 stakersFees,
        uint256 treasuryFees,
        Work[] calldata work,
        uint256[] calldata next
    ) external;
    function snapshot() external returns (uint64 epoch);
}

/// @title What operators of validators call
interface IStakingOperators is IStakingEvents {
    function createValidator(
        address signer,
        bytes calldata proof,
        uint16 commission,
        string calldata name,
        string calldata site
    ) external payable;
    function editValidator(string calldata name, string calldata site) external;
    function claimCommission() external;
    function announceCommission(uint16 commission) external;
    function rotateKey(address signer, bytes calldata proof) external;
    function unjail() external;
    function leave() external;
    function evict(address operator) external;
    function rejoin() external;
    function genesisValidator(address operator, address signer, uint16 commission, string calldata name, uint256 stake)
        external
        payable;
}

/// @title What nodes, wallets and explorers read
interface IStakingViews {
    function operatorOf(address signer) external view returns (address);
    function candidates() external view returns (Candidate[] memory);
    function candidateCount() external view returns (uint256);
    function validators(uint256 from, uint256 count) external view returns (ValidatorView[] memory);
    function validator(address operator) external view returns (ValidatorView memory);
    function position(address delegator, address operator) external view returns (PositionView memory);
    function unbondings(address delegator, uint256 from, uint256 count) external view returns (UnbondingView[] memory);
    function moved(address delegator, address operator) external view returns (MovedView[] memory);
    function slashes(address operator, uint256 from, uint256 count) external view returns (SlashView[] memory);
    function commissionOwed(address operator) external view returns (uint256);
    function epoch() external view returns (uint64);
    function weightAt(uint64 marked, address delegator, address operator) external view returns (uint256);
    function poolAt(uint64 marked, address operator) external view returns (uint256 tokens, uint256 shares);
    function totalAt(uint64 marked) external view returns (uint256 tokens);
}

/// @title Validators, their stake, rewards and slashes (docs/staking.md)
interface IStaking is IStakingActions, IStakingOperators, IStakingViews {}
