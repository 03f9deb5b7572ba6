// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Transfers of tokens and of the native coin, judged by what they did
/// @notice Tokens differ in what they answer: some answer nothing, and USDT on TRON answers false to a transfer that succeeded. So the
/// answer is not looked at: the difference of this contract's balance is. Calls of foreign code are given bounded gas, as a callee on TRON
/// may use up all that is left, and none of what they answer is copied beyond a word.
library TokenTransfer {
    /// For a transfer of a token. TRON's USDT takes 130,000 energy with its penalty for being busy.
    uint256 internal constant TOKEN_GAS = 500_000;
    /// For `balanceOf`.
    uint256 internal constant BALANCE_GAS = 200_000;
    /// For whoever receives the native coin: enough for the wallets that are contracts.
    uint256 internal constant NATIVE_GAS = 100_000;

    /// @notice The call failed, or there is no contract.
    error CallFailed(address token);
    /// @notice A payment did not take what it should from this contract.
    error WrongPayment(address token, uint256 got, uint256 expected);
    /// @notice A transfer brought nothing, or more than it said.
    error WrongReceipt(address token, uint256 got, uint256 most);
    /// @notice The receiver did not take the native coin.
    error NativeRefused(address to, uint256 amount);

    /// @notice Fetches tokens. Answers what came, which is less than `amount` for tokens that keep a fee.
    function pull(address token, address from, uint256 amount) internal returns (uint256 received) {
        uint256 before = balance(token);
        _call(token, abi.encodeWithSignature("transferFrom(address,address,uint256)", from, address(this), amount));
        uint256 afterwards = balance(token);
        received = afterwards > before ? afterwards - before : 0;
        if (received == 0 || received > amount) revert WrongReceipt(token, received, amount);
    }

    /// @notice Pays; `token` zero is the native coin. Reverts unless exactly `amount` left this contract.
    function send(address token, address to, uint256 amount) internal {
        if (token == address(0)) {
            if (!_rawCall(to, amount, NATIVE_GAS, "")) revert NativeRefused(to, amount);
            return;
        }
        uint256 before = balance(token);
        _call(token, abi.encodeWithSignature("transfer(address,uint256)", to, amount));
        uint256 afterwards = balance(token);
        uint256 sent = before > afterwards ? before - afterwards : 0;
        if (sent != amount) revert WrongPayment(token, sent, amount);
    }

    /// @notice Tokens that this contract has.
    function balance(address token) internal view returns (uint256 amount) {
        bytes memory data = abi.encodeWithSignature("balanceOf(address)", address(this));
        uint256 gasLimit = BALANCE_GAS;
        bool success;
        assembly ("memory-safe") {
            success := staticcall(gasLimit, token, add(data, 0x20), mload(data), 0x00, 0x20)
            success := and(success, gt(returndatasize(), 0x1f))
            amount := mload(0x00)
        }
        if (!success) revert CallFailed(token);
    }

    function _call(address token, bytes memory data) private {
        if (!_rawCall(token, 0, TOKEN_GAS, data)) revert CallFailed(token);
    }

    function _rawCall(address to, uint256 value, uint256 gasLimit, bytes memory data) private returns (bool success) {
        assembly ("memory-safe") {
            success := call(gasLimit, to, value, add(data, 0x20), mload(data), 0x00, 0x00)
        }
    }
}
