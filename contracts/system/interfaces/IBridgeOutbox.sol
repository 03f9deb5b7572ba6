// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Where value leaves for a root chain (docs/bridge.md, "Exits")
interface IBridgeOutbox {
    /// @notice An exit was added to the tree. `token` is the address on the root chain, zero for its coin; `amount` in its smallest unit.
    event Exit(
        uint256 indexed index,
        uint256 indexed rootId,
        address rootBridge,
        address token,
        address indexed from,
        address to,
        uint256 amount,
        bytes32 leaf
    );

    error ZeroAmount();
    error BadReceiver(address to);
    error WrongValue(uint256 got, uint256 expected);
    /// @notice BTT has no counterpart on that root chain.
    error NoBttThere(uint256 rootId);
    /// @notice Not a token that `BridgeInbox` made.
    error NotBridged(address token);
    error WrongRoot(uint256 got, uint256 expected);
    error TreeFull(uint256 count);

    /// @notice Sends `amount` of `token` to `to` on the root chain `rootId`. It is paid there once a block with the exit is checkpointed.
    /// @param token zero for BTT, which comes as the call's value; else a bridged token, of which the caller's is burned (no approval needed)
    /// @param amount in the token's smallest unit
    /// @return index the exit's place in the tree
    function exit(uint256 rootId, address token, address to, uint256 amount) external payable returns (uint256 index);

    /// @notice Sends a deposit that was never delivered back to its depositor `to`. Only `BridgeInbox`.
    /// @param rootToken address on the root chain
    function refund(uint256 rootId, address rootToken, address to, uint256 amount) external returns (uint256 index);

    /// @notice Root of the exit tree: what the header of this block commits to, after all transactions.
    function exitRoot() external view returns (bytes32);

    /// @notice Exits so far, to all root chains together.
    function exitCount() external view returns (uint256);
}
