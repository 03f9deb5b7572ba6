//! Binding of `Staking`, at [`crate::addresses::STAKING`]: validators, delegation, unbonding, rewards, slashing.
//!
//! Source: docs/staking.md, sections 2 and 4 to 7. Amounts in wei, times in seconds, commissions in basis points, shares in units of 1e-18.

alloy_sol_types::sol! {
    /// Stake, its rewards and its slashes.
    #[derive(Debug, PartialEq, Eq)]
    interface IStaking {
        /// Who stands for election.
        struct Candidate {
            address operator;
            address signer;
            uint256 tokens;
        }

        /// Everything known of a validator.
        struct ValidatorView {
            address operator;
            address signer;
            uint256 tokens;
            uint256 shares;
            uint256 warming;
            uint256 selfStake;
            uint256 commissionOwed;
            uint256 perShare;
            uint16 commission;
            uint16 nextCommission;
            uint64 nextCommissionTime;
            uint64 commissionChangedAt;
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

        /// What a delegator has at a validator.
        struct PositionView {
            uint256 shares;
            uint256 active;
            uint256 worth;
            uint256 pending;
        }

        /// Stake on its way out; `left` is what slashes left of `amount`.
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

        /// Shares that answer for another validator until `end`.
        struct MovedView {
            address source;
            uint256 shares;
            uint256 left;
            uint64 end;
        }

        /// A slash; `factor` is what it and all before it left, scaled by 1e27.
        struct SlashView {
            uint64 time;
            uint192 factor;
        }

        /// What a member did in the epoch, as `ValidatorSet` tells it.
        struct Work {
            address signer;
            uint96 power;
            uint64 proposed;
            uint64 missed;
            uint128 tips;
        }

        event ValidatorCreated(address indexed operator, address indexed signer, uint256 stake, uint16 commission, string name, string site);
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
        event Undelegated(address indexed delegator, address indexed operator, uint256 indexed id, uint256 amount, uint64 unlock, address source);
        event Redelegated(address indexed delegator, address indexed from, address indexed to, uint256 amount, uint256 shares, uint64 end);
        event UnbondingCancelled(address indexed delegator, address indexed operator, uint256 indexed id, uint256 amount, uint256 lost);
        event Withdrawn(address indexed delegator, address indexed operator, uint256 indexed id, uint256 amount, uint256 lost);
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
        function closeEpoch(uint64 number, uint64 elapsed, uint64 blocks, uint256 stakersFees, uint256 treasuryFees, Work[] calldata work, uint256[] calldata next) external;
        function snapshot() external returns (uint64 epoch);

        function createValidator(address signer, bytes calldata proof, uint16 commission, string calldata name, string calldata site) external payable;
        function editValidator(string calldata name, string calldata site) external;
        function claimCommission() external;
        function announceCommission(uint16 commission) external;
        function rotateKey(address signer, bytes calldata proof) external;
        function unjail() external;
        function leave() external;
        function evict(address operator) external;
        function rejoin() external;
        function genesisValidator(address operator, address signer, uint16 commission, string calldata name, uint256 stake) external payable;

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
}
