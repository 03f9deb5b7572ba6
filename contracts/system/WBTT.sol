// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Wrapped BTT
/// @notice BTT, the chain's gas token, as an ERC-20: one WBTT for one BTT held here, both with 18 decimals.
/// @dev Speaks the interface of WETH9, events included, so that exchanges and routers built for it work unchanged.
/// It differs in three ways:
/// - A call with an unknown selector reverts. WETH9 takes it for a deposit, which lets a missing `permit` look like
///   a successful one.
/// - `withdraw` forwards all gas, so contract wallets can receive. The balance is lowered first.
/// - Failures carry the ERC-6093 errors instead of empty data.
///
/// There is no owner, no constructor and no immutable: genesis carries the runtime code as compiled.
contract WBTT {
    string public constant name = "Wrapped BTT";
    string public constant symbol = "WBTT";
    uint8 public constant decimals = 18;

    /// @notice WBTT held by an account, in wei.
    mapping(address account => uint256 wad) public balanceOf;

    /// @notice WBTT that `guy` may still move for `src`, in wei; the maximum is never lowered.
    mapping(address src => mapping(address guy => uint256 wad)) public allowance;

    event Approval(address indexed src, address indexed guy, uint256 wad);
    event Transfer(address indexed src, address indexed dst, uint256 wad);
    event Deposit(address indexed dst, uint256 wad);
    event Withdrawal(address indexed src, uint256 wad);

    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);

    /// @notice The receiver of a withdrawal refused the BTT without giving a reason.
    error WithdrawalRefused(address src, uint256 wad);

    /// @notice Plain BTT sent here is a deposit.
    receive() external payable {
        deposit();
    }

    /// @notice Wraps the BTT sent with the call.
    function deposit() public payable {
        // Cannot overflow: the sum of all balances is at most the BTT held here.
        unchecked {
            balanceOf[msg.sender] += msg.value;
        }
        emit Deposit(msg.sender, msg.value);
    }

    /// @notice Unwraps `wad` of the caller and sends it as BTT.
    function withdraw(uint256 wad) external {
        _lower(msg.sender, wad);
        emit Withdrawal(msg.sender, wad);
        (bool sent, bytes memory reason) = msg.sender.call{value: wad}("");
        if (!sent) {
            if (reason.length == 0) revert WithdrawalRefused(msg.sender, wad);
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    /// @notice All BTT held here. Equals the sum of balances, unless somebody forced BTT in, which is then lost to them.
    function totalSupply() external view returns (uint256) {
        return address(this).balance;
    }

    /// @notice Lets `guy` move up to `wad` of the caller's WBTT.
    function approve(address guy, uint256 wad) external returns (bool) {
        allowance[msg.sender][guy] = wad;
        emit Approval(msg.sender, guy, wad);
        return true;
    }

    /// @notice Moves `wad` from the caller to `dst`.
    function transfer(address dst, uint256 wad) external returns (bool) {
        return _move(msg.sender, dst, wad);
    }

    /// @notice Moves `wad` from `src` to `dst` on the allowance of the caller. One's own WBTT needs no allowance.
    function transferFrom(address src, address dst, uint256 wad) external returns (bool) {
        if (src != msg.sender) {
            uint256 allowed = allowance[src][msg.sender];
            if (allowed != type(uint256).max) {
                if (allowed < wad) revert ERC20InsufficientAllowance(msg.sender, allowed, wad);
                unchecked {
                    allowance[src][msg.sender] = allowed - wad;
                }
            }
        }
        return _move(src, dst, wad);
    }

    function _move(address src, address dst, uint256 wad) private returns (bool) {
        _lower(src, wad);
        // Cannot overflow, as in `deposit`.
        unchecked {
            balanceOf[dst] += wad;
        }
        emit Transfer(src, dst, wad);
        return true;
    }

    function _lower(address src, uint256 wad) private {
        uint256 balance = balanceOf[src];
        if (balance < wad) revert ERC20InsufficientBalance(src, balance, wad);
        unchecked {
            balanceOf[src] = balance - wad;
        }
    }
}
