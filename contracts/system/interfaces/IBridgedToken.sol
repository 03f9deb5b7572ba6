// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A token of a root chain, as it is held here
interface IBridgedToken {
    event MetadataSet(string name, string symbol, uint8 decimals);

    error AlreadySet();
    error PermitExpired(uint256 time, uint256 deadline);
    error WrongSigner(address got, address expected);
    error BadReceiver(address to);

    /// @notice Says once what the token stands for. Only `BridgeInbox`, in the transaction that makes it.
    function initialize(uint256 rootId, address rootToken) external;

    /// @notice Gives the token its names, once. Only `BridgeInbox`.
    function setMetadata(string calldata name, string calldata symbol, uint8 decimals) external;

    /// @notice Only `BridgeInbox`, for a deposit.
    function mint(address to, uint256 amount) external;

    /// @notice Only `BridgeOutbox`, for an exit of `from`, who calls it.
    function burn(address from, uint256 amount) external;

    /// @notice The root chain and the address there; zero is the root chain's coin.
    function root() external view returns (uint256 rootId, address rootToken);

    /// @notice Whether name, symbol and decimals are the root chain's; if not they are stand-ins.
    function synced() external view returns (bool);
}
