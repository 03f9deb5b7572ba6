// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Callers} from "../Callers.sol";
import {SystemAddresses} from "../SystemAddresses.sol";
import {IBridgeInbox, RootConfig, RootView} from "../interfaces/IBridgeInbox.sol";
import {BridgeGuards} from "./BridgeGuards.sol";

/// @title Which root chains there are, and how much BTT may leave for each
/// @dev Id, chain, bridge and the token that is BTT are for ever: the running hash and the exits name them. Another bridge of the same root
/// chain is another id.
abstract contract RootChains is IBridgeInbox, BridgeGuards {
    struct Root {
        address bridge;
        uint64 chainId;
        bool enabled;
        address btt;
        uint64 executed;
        uint32 drops;
        uint256 bttLocked;
        bytes32 executedChain;
        bytes32 acceptedChain;
        uint64 accepted;
        bytes32 codeHash;
    }

    uint256 internal constant LAST_ROOT = 255;

    mapping(uint256 rootId => Root) private _roots;
    address private _guardian;

    modifier onlyTimelock() {
        Callers.only(SystemAddresses.TIMELOCK);
        _;
    }

    /// @inheritdoc IBridgeInbox
    function genesis(uint256 reserve_, address guardian_, RootConfig[] calldata roots) external payable {
        Callers.genesis();
        if (address(this).balance != reserve_) revert WrongBalance(address(this).balance, reserve_);
        _setGuardian(guardian_);
        for (uint256 i = 0; i < roots.length; ++i) {
            _register(roots[i]);
        }
    }

    /// @inheritdoc IBridgeInbox
    function registerRoot(RootConfig calldata config) external onlyTimelock {
        _register(config);
    }

    /// @inheritdoc IBridgeInbox
    function setEnabled(uint256 rootId, bool enabled) external onlyTimelock {
        _known(rootId).enabled = enabled;
        emit RootEnabled(rootId, enabled);
    }

    /// @inheritdoc IBridgeInbox
    function setCodeHash(uint256 rootId, bytes32 codeHash) external onlyTimelock {
        if (codeHash == 0) revert BadRoot(rootId);
        _known(rootId).codeHash = codeHash;
        emit CodeHashSet(rootId, codeHash);
    }

    /// @inheritdoc IBridgeInbox
    function addBttLocked(uint256 rootId, uint256 amount) external onlyTimelock {
        Root storage root = _known(rootId);
        if (root.btt == address(0)) revert BadRoot(rootId);
        root.bttLocked += amount;
        emit BttLockedAdded(rootId, amount, root.bttLocked);
    }

    /// @inheritdoc IBridgeInbox
    function setGuardian(address guardian_) external onlyTimelock {
        _setGuardian(guardian_);
    }

    /// @inheritdoc IBridgeInbox
    function returnBtt(uint256 rootId) external payable {
        Callers.only(SystemAddresses.BRIDGE_OUTBOX);
        Root storage root = _open(rootId);
        if (msg.value > root.bttLocked) revert NotBacked(rootId, msg.value, root.bttLocked);
        root.bttLocked -= msg.value;
    }

    /// @inheritdoc IBridgeInbox
    function route(uint256 rootId) external view returns (address bridge, address btt) {
        Root storage root = _open(rootId);
        return (root.bridge, root.btt);
    }

    /// @inheritdoc IBridgeInbox
    function rootChain(uint256 rootId) external view returns (RootView memory) {
        Root storage root = _known(rootId);
        return RootView(
            root.chainId,
            root.bridge,
            root.codeHash,
            root.btt,
            root.bttLocked,
            root.enabled,
            root.executed,
            root.executedChain,
            root.accepted,
            root.acceptedChain
        );
    }

    /// @inheritdoc IBridgeInbox
    function reserve() public view returns (uint256) {
        return address(this).balance;
    }

    /// @inheritdoc IBridgeInbox
    function guardian() public view override(BridgeGuards, IBridgeInbox) returns (address) {
        return _guardian;
    }

    /// A root chain that was registered.
    function _known(uint256 rootId) internal view returns (Root storage root) {
        root = _roots[rootId];
        if (root.bridge == address(0)) revert UnknownRoot(rootId);
    }

    /// One that is open.
    function _open(uint256 rootId) internal view returns (Root storage root) {
        root = _known(rootId);
        if (!root.enabled) revert RootDisabled(rootId);
    }

    function _register(RootConfig calldata config) private {
        uint256 id = config.rootId;
        bool half = config.bridge == address(0) || config.chainId == 0 || config.codeHash == 0;
        bool noBtt = config.btt == address(0) && config.bttLocked != 0;
        if (id == 0 || id > LAST_ROOT || half || noBtt) revert BadRoot(id);
        Root storage root = _roots[id];
        if (root.bridge != address(0)) revert RootKnown(id);
        (root.bridge, root.chainId, root.enabled) = (config.bridge, config.chainId, true);
        (root.btt, root.bttLocked, root.codeHash) = (config.btt, config.bttLocked, config.codeHash);
        emit RootRegistered(id, config.chainId, config.bridge, config.codeHash, config.btt, config.bttLocked);
    }

    function _setGuardian(address guardian_) private {
        _guardian = guardian_;
        emit GuardianSet(guardian_);
    }
}
