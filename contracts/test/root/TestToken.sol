// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A token for test networks
/// @notice Anybody mints it. It can be told to do what odd tokens do: keep a part of each transfer, or answer false to a transfer that it
/// did, as USDT on TRON does.
contract TestToken {
    string public name;
    string public symbol;
    uint8 public immutable decimals;

    uint256 public totalSupply;
    mapping(address account => uint256) public balanceOf;
    mapping(address account => mapping(address spender => uint256)) public allowance;
    /// Kept from the receiver and burned. Unit: basis points.
    uint256 public fee;
    /// Whether transfers answer false though they are done.
    bool public answersFalse;

    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Approval(address indexed account, address indexed spender, uint256 amount);

    error TooLittle(uint256 got, uint256 needed);
    error FeeTooHigh(uint256 got, uint256 most);

    constructor(string memory name_, string memory symbol_, uint8 decimals_) {
        (name, symbol, decimals) = (name_, symbol_, decimals_);
    }

    function setOdd(uint256 fee_, bool answersFalse_) external {
        if (fee_ > 10_000) revert FeeTooHigh(fee_, 10_000);
        (fee, answersFalse) = (fee_, answersFalse_);
    }

    function mint(address to, uint256 amount) external {
        totalSupply += amount;
        balanceOf[to] += amount;
        emit Transfer(address(0), to, amount);
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return !answersFalse;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 left = allowance[from][msg.sender];
        if (left < amount) revert TooLittle(left, amount);
        if (left != type(uint256).max) allowance[from][msg.sender] = left - amount;
        _move(from, to, amount);
        return !answersFalse;
    }

    function _move(address from, address to, uint256 amount) private {
        uint256 balance = balanceOf[from];
        if (balance < amount) revert TooLittle(balance, amount);
        uint256 kept = amount * fee / 10_000;
        balanceOf[from] = balance - amount;
        balanceOf[to] += amount - kept;
        totalSupply -= kept;
        emit Transfer(from, to, amount - kept);
        if (kept != 0) emit Transfer(from, address(0), kept);
    }
}
