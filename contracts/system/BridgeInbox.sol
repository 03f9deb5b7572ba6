// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Callers} from "./Callers.sol";
import {SystemAddresses} from "./SystemAddresses.sol";
import {Attestations} from "./bridge/Attestations.sol";
import {BridgeHashes} from "./bridge/BridgeHashes.sol";
import {MetadataRules} from "./bridge/MetadataRules.sol";
import {IBridgedToken} from "./interfaces/IBridgedToken.sol";
import {Deposit, IBridgeInbox, Kept, Metadata} from "./interfaces/IBridgeInbox.sol";
import {IBridgeOutbox} from "./interfaces/IBridgeOutbox.sol";

/// @title Where value of the root chains arrives
/// @notice Validators vouch for the running hash of a root chain's records (`Attestations`); then anybody carries the records out, in order,
/// each once. A deposit releases BTT from the reserve, which is this contract's balance, or mints a bridged token. One that fails is kept: it
/// can be delivered later, and after 7 days goes back as an exit.
/// @dev Source: docs/bridge.md, "Deposits on this chain" and "Tokens".
contract BridgeInbox is Attestations, ReentrancyGuardTransient {
    /// Time that a deposit is kept before it can be sent back.
    uint256 public constant REFUND_AFTER = 7 days;
    /// Gas that a receiver of BTT gets.
    uint256 public constant RECEIVER_GAS = 50_000;
    /// Gas that must be there before a delivery, far more than one needs: so no delivery fails because its caller wants it to.
    uint256 public constant DELIVERY_GAS = 400_000;

    mapping(uint256 rootId => mapping(uint64 nonce => Kept)) private _kept;

    /// @inheritdoc IBridgeInbox
    function execute(uint256 rootId, Deposit[] calldata deposits) external nonReentrant {
        _execute(rootId, deposits, new bytes32[](0));
    }

    /// @inheritdoc IBridgeInbox
    function executePart(uint256 rootId, Deposit[] calldata deposits, bytes32[] calldata rest) external nonReentrant {
        _execute(rootId, deposits, rest);
    }

    /// @inheritdoc IBridgeInbox
    function executeMetadata(uint256 rootId, Metadata calldata metadata, bytes32[] calldata rest)
        external
        nonReentrant
    {
        _passRoot(rootId);
        Root storage root = _open(rootId);
        uint64 nonce = root.executed;
        bytes32 record = BridgeHashes.metadata(rootId, root.bridge, nonce, metadata);
        _proceed(root, 1, BridgeHashes.link(root.executedChain, record), rest);

        bool isBtt = root.btt != address(0) && metadata.token == root.btt;
        if (isBtt || !MetadataRules.fit(metadata)) {
            emit MetadataIgnored(rootId, nonce, metadata.token);
            return;
        }
        IBridgedToken token = IBridgedToken(_token(rootId, metadata.token));
        if (token.synced()) {
            emit MetadataIgnored(rootId, nonce, metadata.token);
            return;
        }
        token.setMetadata(metadata.name, metadata.symbol, metadata.decimals);
        emit MetadataTaken(rootId, nonce, address(token));
    }

    /// @inheritdoc IBridgeInbox
    function replay(uint256 rootId, uint64 nonce, Deposit calldata deposit) external nonReentrant {
        _takeKept(rootId, nonce, deposit);
        _needGas();
        BridgeInbox(payable(address(this))).deliver(rootId, nonce, deposit);
    }

    /// @inheritdoc IBridgeInbox
    function refund(uint256 rootId, uint64 nonce, Deposit calldata deposit) external nonReentrant {
        Kept memory known = _takeKept(rootId, nonce, deposit);
        uint256 from = known.since + REFUND_AFTER;
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);
        address token = _isBtt(rootId, deposit.token) ? address(0) : tokenOf(rootId, deposit.token);
        _passOne(uint160(token));
        uint256 index =
            IBridgeOutbox(SystemAddresses.BRIDGE_OUTBOX).refund(rootId, deposit.token, deposit.from, deposit.amount);
        emit Refunded(rootId, nonce, index);
    }

    /// @notice Delivers one deposit, or changes nothing and says why not. Only this contract: a call of its own, so that all of a failed
    /// delivery is undone.
    function deliver(uint256 rootId, uint64 nonce, Deposit calldata deposit) external {
        Callers.only(address(this));
        bool isBtt = _isBtt(rootId, deposit.token);
        address token = isBtt ? address(0) : _token(rootId, deposit.token);
        _passToken(rootId, token, deposit.token, deposit.amount);
        emit Delivered(rootId, nonce, deposit.to, token, deposit.amount);
        if (isBtt) _release(rootId, deposit.to, deposit.amount);
        else IBridgedToken(token).mint(deposit.to, deposit.amount);
    }

    /// @inheritdoc IBridgeInbox
    function tokenOf(uint256 rootId, address rootToken) public pure returns (address) {
        return BridgeHashes.tokenAddress(rootId, rootToken);
    }

    /// @inheritdoc IBridgeInbox
    function kept(uint256 rootId, uint64 nonce) external view returns (Kept memory) {
        return _kept[rootId][nonce];
    }

    /// Proves all records first, then moves the cursor, then delivers.
    function _execute(uint256 rootId, Deposit[] calldata deposits, bytes32[] memory rest) private {
        if (deposits.length == 0) revert NothingToDo();
        _passRoot(rootId);
        Root storage root = _open(rootId);
        uint64 first = root.executed;
        bytes32[] memory records = new bytes32[](deposits.length);
        bytes32 chain = root.executedChain;
        for (uint256 i = 0; i < deposits.length; ++i) {
            records[i] = BridgeHashes.deposit(rootId, root.bridge, first + i, deposits[i]);
            chain = BridgeHashes.link(chain, records[i]);
        }
        _proceed(root, deposits.length, chain, rest);
        for (uint256 i = 0; i < deposits.length; ++i) {
            _tryDeliver(rootId, first + uint64(i), records[i], deposits[i]);
        }
    }

    /// Moves the cursor by `count` records to the running hash `chain`, if with the hashes of `rest` it leads to the accepted one.
    function _proceed(Root storage root, uint256 count, bytes32 chain, bytes32[] memory rest) private {
        uint256 open = root.accepted - root.executed;
        if (count + rest.length != open) revert WrongCount(count + rest.length, open);
        bytes32 end = chain;
        for (uint256 i = 0; i < rest.length; ++i) {
            end = BridgeHashes.link(end, rest[i]);
        }
        if (end != root.acceptedChain) revert WrongChain(end, root.acceptedChain);
        // Not beyond what is accepted, which has 64 bits.
        root.executed += uint64(count);
        root.executedChain = chain;
    }

    function _tryDeliver(uint256 rootId, uint64 nonce, bytes32 record, Deposit calldata deposit) private {
        _needGas();
        try BridgeInbox(payable(address(this))).deliver(rootId, nonce, deposit) {}
        catch (bytes memory reason) {
            _kept[rootId][nonce] = Kept(record, uint64(block.timestamp), bytes4(reason));
            emit DepositKept(rootId, nonce, deposit, reason);
        }
    }

    /// Takes a kept deposit out, if this is it. What follows reverts as a whole, or it is done.
    function _takeKept(uint256 rootId, uint64 nonce, Deposit calldata deposit) private returns (Kept memory known) {
        _passRoot(rootId);
        Root storage root = _open(rootId);
        known = _kept[rootId][nonce];
        if (known.record == 0) revert NotKept(rootId, nonce);
        bytes32 record = BridgeHashes.deposit(rootId, root.bridge, nonce, deposit);
        if (record != known.record) revert WrongRecord(record, known.record);
        delete _kept[rootId][nonce];
    }

    function _needGas() private view {
        if (gasleft() < DELIVERY_GAS) revert NotEnoughGas(gasleft(), DELIVERY_GAS);
    }

    function _isBtt(uint256 rootId, address rootToken) private view returns (bool) {
        address btt = _known(rootId).btt;
        return btt != address(0) && rootToken == btt;
    }

    /// The token, made if it is not there yet.
    function _token(uint256 rootId, address rootToken) private returns (address token) {
        token = tokenOf(rootId, rootToken);
        if (token.code.length != 0) return token;
        Clones.cloneDeterministic(SystemAddresses.BRIDGED_TOKEN_CODE, BridgeHashes.salt(rootId, rootToken));
        IBridgedToken(token).initialize(rootId, rootToken);
        emit TokenCreated(rootId, rootToken, token);
    }

    /// Pays BTT. What the receiver answers is not read, so it costs nothing.
    function _release(uint256 rootId, address to, uint256 amount) private {
        if (to == address(0)) revert ReceiverRefused(to, amount);
        if (amount > reserve()) revert ReserveShort(reserve(), amount);
        _known(rootId).bttLocked += amount;
        uint256 stipend = RECEIVER_GAS;
        bool sent;
        assembly ("memory-safe") {
            sent := call(stipend, to, amount, 0, 0, 0, 0)
        }
        if (!sent) revert ReceiverRefused(to, amount);
    }
}
