// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {SystemAddresses} from "../SystemAddresses.sol";
import {Deposit, Metadata} from "../interfaces/IBridgeInbox.sol";

/// @title What both ends of the bridge hash alike, and where bridged tokens stand
/// @notice The first word says what is hashed: 1 an exit, 2 a deposit, 3 a token's names. Every hash names this chain, the root chain and its
/// bridge, so it means nothing anywhere else. Source: docs/bridge.md.
library BridgeHashes {
    /// @notice Leaf of an exit in the tree.
    function exitLeaf(
        uint256 rootId,
        address rootBridge,
        uint256 index,
        address token,
        address from,
        address to,
        uint256 amount
    ) internal view returns (bytes32) {
        return keccak256(abi.encode(uint256(1), block.chainid, rootId, rootBridge, index, token, from, to, amount));
    }

    /// @notice A deposit as record number `nonce` of its bridge.
    function deposit(uint256 rootId, address rootBridge, uint256 nonce, Deposit calldata d)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(uint256(2), block.chainid, rootId, rootBridge, nonce, d.token, d.from, d.to, d.amount)
        );
    }

    /// @notice A token's names as record number `nonce` of its bridge.
    function metadata(uint256 rootId, address rootBridge, uint256 nonce, Metadata calldata m)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                uint256(3),
                block.chainid,
                rootId,
                rootBridge,
                nonce,
                m.token,
                keccak256(bytes(m.name)),
                keccak256(bytes(m.symbol)),
                m.decimals
            )
        );
    }

    /// @notice The running hash after one more record.
    function link(bytes32 chain, bytes32 record) internal pure returns (bytes32) {
        return keccak256(abi.encode(chain, record));
    }

    /// @notice CREATE2 salt of a root chain's token.
    function salt(uint256 rootId, address rootToken) internal pure returns (bytes32) {
        return keccak256(abi.encode(rootId, rootToken));
    }

    /// @notice Where a root chain's token is or will be here.
    function tokenAddress(uint256 rootId, address rootToken) internal pure returns (address) {
        return Clones.predictDeterministicAddress(
            SystemAddresses.BRIDGED_TOKEN_CODE, salt(rootId, rootToken), SystemAddresses.BRIDGE_INBOX
        );
    }
}
