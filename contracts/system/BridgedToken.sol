// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Callers} from "./Callers.sol";
import {SystemAddresses} from "./SystemAddresses.sol";
import {IBridgedToken} from "./interfaces/IBridgedToken.sol";

/// @title A token of a root chain, held here
/// @notice `BridgeInbox` mints it for deposits, `BridgeOutbox` burns it for exits, nobody else can do either. One unit here is one smallest
/// unit of the token there. There is no owner, no pause of transfers and no upgrade.
/// @dev The code of all bridged tokens: each is an EIP-1167 clone of it. No immutables, so the domain of permits (EIP-2612) is made on each
/// use; it changes once, when the name comes. Source: docs/bridge.md, "Tokens".
contract BridgedToken is ERC20, Nonces, IERC20Permit, IBridgedToken {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    address private _rootToken;
    uint8 private _rootId;
    uint8 private _decimals;
    bool private _synced;
    string private _ownName;
    string private _ownSymbol;

    constructor() ERC20("", "") {}

    /// @inheritdoc IBridgedToken
    function initialize(uint256 rootId, address rootToken) external {
        Callers.only(SystemAddresses.BRIDGE_INBOX);
        if (_rootId != 0) revert AlreadySet();
        // The inbox knows root chains by 1 to 255.
        (_rootToken, _rootId) = (rootToken, uint8(rootId));
    }

    /// @inheritdoc IBridgedToken
    function setMetadata(string calldata name_, string calldata symbol_, uint8 decimals_) external {
        Callers.only(SystemAddresses.BRIDGE_INBOX);
        if (_synced) revert AlreadySet();
        (_decimals, _synced) = (decimals_, true);
        (_ownName, _ownSymbol) = (name_, symbol_);
        emit MetadataSet(name_, symbol_, decimals_);
    }

    /// @inheritdoc IBridgedToken
    function mint(address to, uint256 amount) external {
        Callers.only(SystemAddresses.BRIDGE_INBOX);
        // Nobody could get it out of here again.
        if (to == address(this)) revert BadReceiver(to);
        _mint(to, amount);
    }

    /// @inheritdoc IBridgedToken
    function burn(address from, uint256 amount) external {
        Callers.only(SystemAddresses.BRIDGE_OUTBOX);
        _burn(from, amount);
    }

    /// @inheritdoc IERC20Permit
    /// @dev Signatures of 65 bytes with low s, by keys alone.
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        if (block.timestamp > deadline) revert PermitExpired(block.timestamp, deadline);
        bytes32 content = keccak256(abi.encode(PERMIT, owner, spender, value, _useNonce(owner), deadline));
        address signer = ECDSA.recover(MessageHashUtils.toTypedDataHash(DOMAIN_SEPARATOR(), content), v, r, s);
        if (signer != owner) revert WrongSigner(signer, owner);
        _approve(owner, spender, value);
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(IERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    /// @inheritdoc IERC20Permit
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256(bytes(name())), keccak256("1"), block.chainid, address(this)));
    }

    /// @notice The fields of the domain (EIP-5267): name, version 1, chain id, this contract.
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name_,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (0x0f, name(), "1", block.chainid, address(this), 0, new uint256[](0));
    }

    /// @notice The root chain's name for it; until that came, one made of the root chain's number and the address there.
    function name() public view override returns (string memory) {
        if (_synced) return _ownName;
        string memory chain = Strings.toString(_rootId);
        if (_rootToken == address(0)) return string.concat("Bridged coin of root chain ", chain);
        return string.concat("Bridged ", Strings.toHexString(_rootToken), " of root chain ", chain);
    }

    /// @notice The root chain's symbol for it; until that came, one made of the root chain's number.
    function symbol() public view override returns (string memory) {
        return _synced ? _ownSymbol : string.concat("BRIDGED-", Strings.toString(_rootId));
    }

    /// @notice The root chain's decimals; 0 until they came, so that what is shown are smallest units.
    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    /// @inheritdoc IBridgedToken
    function root() external view returns (uint256 rootId, address rootToken) {
        return (_rootId, _rootToken);
    }

    /// @inheritdoc IBridgedToken
    function synced() external view returns (bool) {
        return _synced;
    }
}
