// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Callers} from "./Callers.sol";
import {SystemAddresses} from "./SystemAddresses.sol";
import {BridgeGuards} from "./bridge/BridgeGuards.sol";
import {BridgeHashes} from "./bridge/BridgeHashes.sol";
import {ExitTree} from "./bridge/ExitTree.sol";
import {IBridgedToken} from "./interfaces/IBridgedToken.sol";
import {IBridgeInbox} from "./interfaces/IBridgeInbox.sol";
import {IBridgeOutbox} from "./interfaces/IBridgeOutbox.sol";

/// @title Where value leaves for a root chain
/// @notice An exit burns a bridged token, or gives BTT back to the reserve of `BridgeInbox`, and becomes a leaf of the exit tree. The header of
/// the block commits to the tree's root; the root chain pays who proves the leaf. An exit cannot be taken back.
/// @dev Holds no BTT. Source: docs/bridge.md, "Exits".
contract BridgeOutbox is ExitTree, BridgeGuards, IBridgeOutbox, ReentrancyGuardTransient {
    IBridgeInbox private constant INBOX = IBridgeInbox(SystemAddresses.BRIDGE_INBOX);

    /// @inheritdoc IBridgeOutbox
    function exit(uint256 rootId, address token, address to, uint256 amount)
        external
        payable
        nonReentrant
        returns (uint256 index)
    {
        (address bridge, address btt) = INBOX.route(rootId);
        address rootToken;
        if (token == address(0)) {
            if (btt == address(0)) revert NoBttThere(rootId);
            if (msg.value != amount) revert WrongValue(msg.value, amount);
            rootToken = btt;
        } else {
            if (msg.value != 0) revert WrongValue(msg.value, 0);
            rootToken = _rootToken(rootId, token);
        }
        index = _exit(rootId, bridge, token, rootToken, msg.sender, to, amount);
        if (token == address(0)) INBOX.returnBtt{value: amount}(rootId);
        else IBridgedToken(token).burn(msg.sender, amount);
    }

    /// @inheritdoc IBridgeOutbox
    function refund(uint256 rootId, address rootToken, address to, uint256 amount)
        external
        nonReentrant
        returns (uint256)
    {
        Callers.only(SystemAddresses.BRIDGE_INBOX);
        (address bridge, address btt) = INBOX.route(rootId);
        bool isBtt = btt != address(0) && rootToken == btt;
        address token = isBtt ? address(0) : BridgeHashes.tokenAddress(rootId, rootToken);
        return _exit(rootId, bridge, token, rootToken, msg.sender, to, amount);
    }

    /// @inheritdoc IBridgeOutbox
    function exitRoot() external view returns (bytes32) {
        return _exitRoot();
    }

    /// @inheritdoc IBridgeOutbox
    function exitCount() external view returns (uint256) {
        return _exitCount();
    }

    /// @notice The same as that of `BridgeInbox`.
    function guardian() public view override returns (address) {
        return INBOX.guardian();
    }

    /// What a token stands for. The address proves it: `BridgeInbox` alone creates there, from these two values.
    function _rootToken(uint256 rootId, address token) private view returns (address rootToken) {
        if (token.code.length == 0) revert NotBridged(token);
        uint256 own;
        (own, rootToken) = IBridgedToken(token).root();
        if (token != BridgeHashes.tokenAddress(own, rootToken)) revert NotBridged(token);
        if (own != rootId) revert WrongRoot(rootId, own);
    }

    /// Adds the leaf. The caller takes the value.
    function _exit(
        uint256 rootId,
        address bridge,
        address token,
        address rootToken,
        address from,
        address to,
        uint256 amount
    ) private returns (uint256 index) {
        if (amount == 0) revert ZeroAmount();
        // Nobody could get it out of the bridge or the token again.
        if (to == address(0) || to == bridge || to == rootToken) revert BadReceiver(to);
        _passRoot(rootId);
        _passToken(rootId, token, rootToken, amount);
        index = _exitCount();
        bytes32 leaf = BridgeHashes.exitLeaf(rootId, bridge, index, rootToken, from, to, amount);
        _append(leaf);
        emit Exit(index, rootId, bridge, rootToken, from, to, amount, leaf);
    }
}
