// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {GovernorVotes} from "./GovernorVotes.sol";
import {Lanes} from "./Lanes.sol";
import {SystemAddresses} from "./SystemAddresses.sol";
import {IParams} from "./interfaces/IParams.sol";
import {IParamsGovernance} from "./interfaces/IParamsGovernance.sol";
import {IStakingActions, IStakingViews} from "./interfaces/IStaking.sol";
import {ISupply} from "./interfaces/ISupply.sol";
import {ITimelock} from "./interfaces/ITimelock.sol";
import {IValidatorSet} from "./interfaces/IValidatorSet.sol";
import {Lane} from "./interfaces/Lane.sol";
import {ParamIds} from "./interfaces/ParamIds.sol";

/// @title Proposals, deposits and decisions
/// @notice A proposal collects its deposit, is voted on from the next epoch on, and, if it passes, goes through `Timelock`. The rules of a
/// proposal are the parameters at the time its deposit was complete. Source: docs/staking.md, section 10.
/// @dev Times in seconds, amounts in wei. Ids count from 1.
contract Governor is GovernorVotes, ReentrancyGuardTransient {
    /// @notice Where a proposal stands.
    enum State {
        /// The deposit is not complete.
        Deposit,
        /// It was not complete in time; it can be taken back.
        Lapsed,
        /// Canceled by the proposer; the deposit can be taken back.
        Canceled,
        /// The deposit is complete, the next epoch has not begun.
        Waiting,
        Voting,
        /// Too few took part; the deposit can be burned.
        NoQuorum,
        /// The deposit can be burned.
        Vetoed,
        Defeated,
        /// Passed, and to be queued.
        Succeeded,
        Queued,
        Executed,
        /// Passed, but not queued or executed in time.
        Expired
    }

    struct Proposal {
        address proposer;
        uint48 depositEnd;
        Lane lane;
        bool canceled;
        bool queued;
        bool burned;
        bool extended;
        /// Quorum was reached.
        bool quorate;
        uint104 deposit;
        uint104 depositNeeded;
        /// Epoch with which the vote begins.
        uint48 startEpoch;
        /// The name that `Staking` gave to the stake with which that epoch begins.
        uint64 snapshot;
        uint48 voteStart;
        /// Zero until the deposit is complete.
        uint48 voteEnd;
        /// Basis points of the stake in the set.
        uint16 quorum;
        /// Basis points of the votes.
        uint16 veto;
        uint32 extension;
        uint32 window;
    }

    /// @notice Time to complete a deposit.
    uint256 public constant DEPOSIT_PERIOD = 14 days;
    /// @notice The proposer brings at least the deposit divided by this.
    uint256 public constant FIRST_DEPOSIT = 10;
    /// @notice A quorum is late if it is reached in the last part of the vote, the period divided by this: a day of five.
    uint256 public constant LATE_PART = 5;
    /// @notice Most bytes of calldata in one proposal.
    uint256 public constant MAX_CALLDATA = 8_192;

    /// @notice Number of proposals; the id of the last.
    uint256 public count;
    mapping(uint256 id => Proposal) private _proposals;
    mapping(uint256 id => bytes) private _actions;
    mapping(uint256 id => mapping(address who => uint256)) private _deposits;

    event Proposed(
        uint256 indexed id,
        address indexed proposer,
        Lane lane,
        address[] targets,
        uint256[] values,
        bytes[] calldatas,
        string description
    );
    event Deposited(uint256 indexed id, address indexed from, uint256 amount, uint256 total, uint256 needed);
    event VoteScheduled(uint256 indexed id, uint64 startEpoch, uint64 snapshot, uint256 start, uint256 end);
    event VoteExtended(uint256 indexed id, uint256 end);
    event Canceled(uint256 indexed id);
    event Queued(uint256 indexed id, uint64 eta, uint64 expiry);
    event DepositReturned(uint256 indexed id, address indexed to, uint256 amount);
    event DepositBurned(uint256 indexed id, uint256 amount);

    error UnknownProposal(uint256 id, uint256 count);
    /// @notice The proposal is not in a state that allows this.
    error WrongState(uint256 id, State got);
    error CalldataTooLong(uint256 got, uint256 most);
    error FirstDepositTooSmall(uint256 got, uint256 least);
    error DepositTooLarge(uint256 got, uint256 missing);
    error NoDeposit(uint256 id, address who);
    error NotProposer(uint256 id, address got, address expected);
    error AlreadyBurned(uint256 id);
    /// @notice The depositor refused its BTT without giving a reason.
    error ReturnRefused(address to, uint256 amount);

    /// @notice Proposes actions; the BTT sent is the first part of the deposit. All actions belong to one lane, and changes of
    /// parameters must be allowed as things are. `values` are zero; they are there for the tools that expect them.
    function propose(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        string calldata description
    ) external payable returns (uint256 id) {
        Lane lane = _checkActions(targets, values, calldatas);
        id = _open(lane);
        _actions[id] = abi.encode(targets, values, calldatas);
        emit Proposed(id, msg.sender, lane, targets, values, calldatas, description);
        _deposit(id, _proposals[id]);
    }

    /// @notice Adds to the deposit of a proposal, up to what is missing. The vote is scheduled once it is complete.
    function deposit(uint256 id) external payable {
        _inState(id, State.Deposit);
        _deposit(id, _proposals[id]);
    }

    /// @notice Takes back a proposal before its vote. By its proposer.
    function cancel(uint256 id) external {
        State s = state(id);
        Proposal storage p = _proposals[id];
        if (msg.sender != p.proposer) revert NotProposer(id, msg.sender, p.proposer);
        if (s != State.Deposit && s != State.Waiting) revert WrongState(id, s);
        p.canceled = true;
        emit Canceled(id);
    }

    /// @notice The caller, an operator, votes with its pool; again to change its mind. 1 for, 2 against, 3 abstain, 4 veto.
    function vote(uint256 id, uint8 choice) external {
        Choice c = _choice(choice);
        _inState(id, State.Voting);
        _castPool(id, _proposals[id].snapshot, msg.sender, c);
        _afterVote(id);
    }

    /// @notice The caller votes itself with its stake at these operators, at most 32 in a call; again to change its mind. What it casts
    /// no longer counts with the operator. An operator may vote so with its self stake.
    function vote(uint256 id, uint8 choice, address[] calldata operators) external {
        Choice c = _choice(choice);
        uint256 length = operators.length;
        if (length == 0 || length > MAX_OPERATORS) revert WrongOperatorCount(length, 1, MAX_OPERATORS);
        _inState(id, State.Voting);
        uint64 snapshot = _proposals[id].snapshot;
        for (uint256 i = 0; i < length; ++i) {
            _castOwn(id, snapshot, msg.sender, operators[i], c);
        }
        _afterVote(id);
    }

    /// @notice Hands a proposal that passed to the timelock. Anybody may call.
    function queue(uint256 id) external {
        _inState(id, State.Succeeded);
        Proposal storage p = _proposals[id];
        p.queued = true;
        (address[] memory targets, uint256[] memory values, bytes[] memory calldatas) = actions(id);
        (uint64 eta, uint64 expiry) = ITimelock(SystemAddresses.TIMELOCK).queue(id, p.lane, targets, values, calldatas);
        emit Queued(id, eta, expiry);
    }

    /// @notice Carries out a queued proposal whose delay is over. Anybody may call.
    function execute(uint256 id) external {
        _inState(id, State.Queued);
        (address[] memory targets, uint256[] memory values, bytes[] memory calldatas) = actions(id);
        ITimelock(SystemAddresses.TIMELOCK).execute(id, targets, values, calldatas);
    }

    /// @notice Gives `who` back its deposit, unless it is at stake or forfeited. Anybody may call.
    function returnDeposit(uint256 id, address who) external nonReentrant {
        State s = state(id);
        if (s == State.Deposit || s == State.Waiting || s == State.Voting || s == State.NoQuorum || s == State.Vetoed) {
            revert WrongState(id, s);
        }
        uint256 amount = _deposits[id][who];
        if (amount == 0) revert NoDeposit(id, who);
        delete _deposits[id][who];
        emit DepositReturned(id, who, amount);
        (bool ok, bytes memory reason) = who.call{value: amount}("");
        if (ok) return;
        if (reason.length == 0) revert ReturnRefused(who, amount);
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    /// @notice Burns the deposit of a proposal that was vetoed or without quorum. Anybody may call.
    function burnDeposit(uint256 id) external nonReentrant {
        State s = state(id);
        if (s != State.NoQuorum && s != State.Vetoed) revert WrongState(id, s);
        Proposal storage p = _proposals[id];
        if (p.burned) revert AlreadyBurned(id);
        p.burned = true;
        emit DepositBurned(id, p.deposit);
        ISupply(SystemAddresses.SUPPLY).burn{value: p.deposit}();
    }

    /// @notice Where the proposal stands.
    function state(uint256 id) public view returns (State) {
        Proposal storage p = _get(id);
        if (p.canceled) return State.Canceled;
        if (p.voteEnd == 0) return block.timestamp < p.depositEnd ? State.Deposit : State.Lapsed;
        if (p.queued) return _queuedState(id);
        (uint64 epoch,,) = IValidatorSet(SystemAddresses.VALIDATOR_SET).epoch();
        if (epoch < p.startEpoch) return State.Waiting;
        if (block.timestamp < p.voteEnd) return State.Voting;
        State s = _outcome(id, p);
        return s == State.Succeeded && block.timestamp >= uint256(p.voteEnd) + p.window ? State.Expired : s;
    }

    /// @notice All about a proposal, but its actions and votes.
    function proposal(uint256 id) external view returns (Proposal memory) {
        return _get(id);
    }

    /// @notice What a proposal does.
    function actions(uint256 id)
        public
        view
        returns (address[] memory targets, uint256[] memory values, bytes[] memory calldatas)
    {
        _get(id);
        return abi.decode(_actions[id], (address[], uint256[], bytes[]));
    }

    /// @notice What `who` deposited for `id` and was not given back. A burned deposit still stands here.
    function depositOf(uint256 id, address who) external view returns (uint256) {
        _get(id);
        return _deposits[id][who];
    }

    /// @notice Votes so far, the stake of the set, and the votes that make a quorum. Both zero before the vote.
    function tally(uint256 id) external view returns (Tally memory cast, uint256 total, uint256 quorumVotes) {
        Proposal storage p = _get(id);
        cast = votes(id);
        if (p.voteEnd != 0) {
            total = IStakingViews(SystemAddresses.STAKING).totalAt(p.snapshot);
            quorumVotes = Math.ceilDiv(total * p.quorum, 10_000);
        }
    }

    function _open(Lane lane) private returns (uint256 id) {
        uint256 needed = _param(ParamIds.PROPOSAL_DEPOSIT);
        uint256 least = Math.ceilDiv(needed, FIRST_DEPOSIT);
        if (msg.value < least) revert FirstDepositTooSmall(msg.value, least);
        id = ++count;
        Proposal storage p = _proposals[id];
        p.proposer = msg.sender;
        p.lane = lane;
        p.depositEnd = uint48(block.timestamp + DEPOSIT_PERIOD);
        p.depositNeeded = uint104(needed);
    }

    function _deposit(uint256 id, Proposal storage p) private {
        uint256 missing = p.depositNeeded - p.deposit;
        if (msg.value > missing) revert DepositTooLarge(msg.value, missing);
        if (msg.value == 0) revert NoDeposit(id, msg.sender);
        p.deposit += uint104(msg.value);
        _deposits[id][msg.sender] += msg.value;
        emit Deposited(id, msg.sender, msg.value, p.deposit, p.depositNeeded);
        if (msg.value == missing) _schedule(id, p);
    }

    /// @dev The running epoch ends with the first block at or after its length, so the vote begins then at the earliest.
    function _schedule(uint256 id, Proposal storage p) private {
        (uint64 epoch, uint64 epochStart,) = IValidatorSet(SystemAddresses.VALIDATOR_SET).epoch();
        uint256 start = Math.max(block.timestamp, epochStart + _param(ParamIds.EPOCH_LENGTH));
        bool fast = p.lane == Lane.Expedited;
        uint256 end = start + _param(fast ? ParamIds.EXPEDITED_VOTING : ParamIds.VOTING_PERIOD);
        p.startEpoch = uint48(epoch + 1);
        p.snapshot = IStakingActions(SystemAddresses.STAKING).snapshot();
        // Bounds of `Params` keep all of these far below their types.
        (p.voteStart, p.voteEnd) = (uint48(start), uint48(end));
        p.quorum = uint16(_param(ParamIds.QUORUM));
        p.veto = uint16(_param(ParamIds.VETO));
        p.extension = fast ? 0 : uint32(_param(ParamIds.LATE_QUORUM_EXTENSION));
        p.window = uint32(_param(ParamIds.EXECUTION_WINDOW));
        emit VoteScheduled(id, epoch + 1, p.snapshot, start, end);
    }

    /// @dev Votes are changed but never withdrawn, so a quorum stays one.
    function _afterVote(uint256 id) private {
        Proposal storage p = _proposals[id];
        if (p.quorate) return;
        Tally memory t = votes(id);
        uint256 cast = uint256(t.inFavour) + t.against + t.abstain + t.veto;
        if (cast * 10_000 < IStakingViews(SystemAddresses.STAKING).totalAt(p.snapshot) * p.quorum) return;
        p.quorate = true;
        uint256 late = uint256(p.voteEnd - p.voteStart) / LATE_PART;
        if (p.extension == 0 || block.timestamp + late < p.voteEnd) return;
        p.extended = true;
        p.voteEnd += p.extension;
        emit VoteExtended(id, p.voteEnd);
    }

    function _outcome(uint256 id, Proposal storage p) private view returns (State) {
        if (!p.quorate) return State.NoQuorum;
        Tally memory t = votes(id);
        uint256 clear = uint256(t.inFavour) + t.against + t.veto;
        if (uint256(t.veto) * 10_000 >= (clear + t.abstain) * p.veto && t.veto != 0) return State.Vetoed;
        return uint256(t.inFavour) * 2 > clear ? State.Succeeded : State.Defeated;
    }

    function _queuedState(uint256 id) private view returns (State) {
        ITimelock.Status s = ITimelock(SystemAddresses.TIMELOCK).status(id);
        if (s == ITimelock.Status.Done) return State.Executed;
        return s == ITimelock.Status.Expired ? State.Expired : State.Queued;
    }

    /// @dev The lane of the actions, once every change of a parameter among them is found good.
    function _checkActions(address[] calldata targets, uint256[] calldata values, bytes[] calldata calldatas)
        private
        view
        returns (Lane lane)
    {
        uint256 length;
        for (uint256 i = 0; i < calldatas.length; ++i) {
            length += calldatas[i].length;
        }
        if (length > MAX_CALLDATA) revert CalldataTooLong(length, MAX_CALLDATA);
        lane = Lanes.ofAll(targets, values, calldatas);
        uint256[] memory ids = new uint256[](targets.length);
        uint256[] memory wanted = new uint256[](targets.length);
        uint256 sets;
        for (uint256 i = 0; i < targets.length; ++i) {
            if (!Lanes.isSet(targets[i], calldatas[i])) continue;
            (ids[sets], wanted[sets]) = Lanes.decodeSet(calldatas[i]);
            ++sets;
        }
        if (sets == 0) return lane;
        assembly ("memory-safe") {
            mstore(ids, sets)
            mstore(wanted, sets)
        }
        IParamsGovernance(SystemAddresses.PARAMS).checkAll(ids, wanted);
    }

    function _inState(uint256 id, State expected) private view {
        State got = state(id);
        if (got != expected) revert WrongState(id, got);
    }

    function _get(uint256 id) private view returns (Proposal storage) {
        if (id == 0 || id > count) revert UnknownProposal(id, count);
        return _proposals[id];
    }

    function _param(uint256 id) private view returns (uint256) {
        return IParams(SystemAddresses.PARAMS).get(id);
    }
}
