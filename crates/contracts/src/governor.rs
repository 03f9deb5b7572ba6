//! Binding of `Governor`, at [`crate::addresses::GOVERNOR`]: proposals, deposits, votes, decisions.
//!
//! Source: docs/staking.md, section 10. Amounts and weights in wei, times in seconds; lanes as [`crate::params::IParams::Lane`] numbers them,
//! choices as [`crate::governance::CHOICES`] does.

alloy_sol_types::sol! {
    /// What is proposed, who voted how, and what came of it.
    #[derive(Debug, PartialEq, Eq)]
    interface IGovernor {
        /// Where a proposal stands.
        enum State {
            /// The deposit is not complete.
            Deposit,
            /// It was not complete in time.
            Lapsed,
            /// Taken back by the proposer before the vote.
            Canceled,
            /// The vote begins with the next epoch.
            Waiting,
            /// The vote is open.
            Voting,
            /// Too few took part.
            NoQuorum,
            /// Too many votes were vetoes.
            Vetoed,
            /// For had no majority.
            Defeated,
            /// Passed, and to be queued.
            Succeeded,
            /// It waits in the timelock.
            Queued,
            /// It was carried out.
            Executed,
            /// Passed, but not queued or executed in time.
            Expired
        }

        /// All about a proposal, but its actions and votes.
        struct Proposal {
            address proposer;
            uint48 depositEnd;
            uint8 lane;
            bool canceled;
            bool queued;
            bool burned;
            bool extended;
            bool quorate;
            uint104 deposit;
            uint104 depositNeeded;
            uint48 startEpoch;
            uint64 snapshot;
            uint48 voteStart;
            uint48 voteEnd;
            uint16 quorum;
            uint16 veto;
            uint32 extension;
            uint32 window;
        }

        /// Votes so far.
        struct Tally {
            uint128 inFavour;
            uint128 against;
            uint128 abstain;
            uint128 veto;
        }

        /// The vote of an operator with its pool, less what its delegators voted themselves.
        struct PoolVote {
            uint8 choice;
            uint120 tokens;
            uint128 overridden;
        }

        /// The vote of a delegator with its own stake at one operator.
        struct OwnVote {
            uint8 choice;
            uint128 weight;
        }

        event Proposed(uint256 indexed id, address indexed proposer, uint8 lane, address[] targets, uint256[] values, bytes[] calldatas, string description);
        event Deposited(uint256 indexed id, address indexed from, uint256 amount, uint256 total, uint256 needed);
        event VoteScheduled(uint256 indexed id, uint64 startEpoch, uint64 snapshot, uint256 start, uint256 end);
        event VoteExtended(uint256 indexed id, uint256 end);
        event Canceled(uint256 indexed id);
        event Queued(uint256 indexed id, uint64 eta, uint64 expiry);
        event DepositReturned(uint256 indexed id, address indexed to, uint256 amount);
        event DepositBurned(uint256 indexed id, uint256 amount);
        event PoolVoted(uint256 indexed id, address indexed operator, uint8 choice, uint256 weight);
        event Voted(uint256 indexed id, address indexed delegator, address indexed operator, uint8 choice, uint256 weight);

        error UnknownProposal(uint256 id, uint256 count);
        error WrongState(uint256 id, uint8 got);
        error CalldataTooLong(uint256 got, uint256 most);
        error FirstDepositTooSmall(uint256 got, uint256 least);
        error DepositTooLarge(uint256 got, uint256 missing);
        error NoDeposit(uint256 id, address who);
        error NotProposer(uint256 id, address got, address expected);
        error AlreadyBurned(uint256 id);
        error ReturnRefused(address to, uint256 amount);
        error BadChoice(uint256 got, uint256 least, uint256 most);
        error WrongOperatorCount(uint256 got, uint256 least, uint256 most);
        error NoWeight(uint256 id, address voter, address operator);
        error PoolExceeded(uint256 id, address operator, uint256 got, uint256 most);

        error LengthsDiffer(uint256 targets, uint256 values, uint256 calldatas);
        error WrongActionCount(uint256 got, uint256 least, uint256 most);
        error NotAllowed(address target, bytes4 selector);
        error ValueNotZero(uint256 action, uint256 got);
        error BadCalldata(address target, bytes4 selector, uint256 length, uint256 expected);
        error MixedLanes(uint8 first, uint8 other, uint256 action);

        function propose(address[] calldata targets, uint256[] calldata values, bytes[] calldata calldatas, string calldata description) external payable returns (uint256 id);
        function deposit(uint256 id) external payable;
        function cancel(uint256 id) external;
        function vote(uint256 id, uint8 choice) external;
        function vote(uint256 id, uint8 choice, address[] calldata operators) external;
        function queue(uint256 id) external;
        function execute(uint256 id) external;
        function returnDeposit(uint256 id, address who) external;
        function burnDeposit(uint256 id) external;

        function count() external view returns (uint256);
        function state(uint256 id) external view returns (State);
        function proposal(uint256 id) external view returns (Proposal memory);
        function actions(uint256 id) external view returns (address[] memory targets, uint256[] memory values, bytes[] memory calldatas);
        function depositOf(uint256 id, address who) external view returns (uint256);
        function tally(uint256 id) external view returns (Tally memory votes, uint256 total, uint256 quorumVotes);
        function poolVote(uint256 id, address operator) external view returns (PoolVote memory);
        function ownVote(uint256 id, address delegator, address operator) external view returns (OwnVote memory);
    }
}
