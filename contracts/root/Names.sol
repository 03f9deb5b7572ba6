// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What a token says of itself
/// @notice A token is a stranger: it may revert, use up gas, answer 32 bytes where a text belongs, a text without end, or control
/// characters. So its answers are read with bounded gas and bounded memory, and only plain ones are taken, by the rule that the side chain
/// has for the names of its tokens (docs/bridge.md, "Tokens"). There records are carried out in order: one that could not be would stop all
/// after it.
library Names {
    struct Metadata {
        string name;
        string symbol;
        uint8 decimals;
    }

    /// For each of the three questions. A token behind a proxy needs a tenth of it.
    uint256 internal constant QUESTION_GAS = 100_000;
    /// Unit, as of the next: bytes.
    uint256 internal constant LONGEST_NAME = 64;
    uint256 internal constant LONGEST_SYMBOL = 32;
    uint256 internal constant MOST_DECIMALS = 36;

    uint256 private constant ETHEREUM = 1;

    /// @notice Names of a root chain's coin. Its unit is the smallest: wei, sun.
    function ofCoin(uint256 rootId) internal pure returns (Metadata memory) {
        return rootId == ETHEREUM ? Metadata("Ether", "ETH", 18) : Metadata("TRON", "TRX", 6);
    }

    /// @notice What a token answers to `name()`, `symbol()` and `decimals()`; `fit` if all of it can be taken.
    function ofToken(address token) internal view returns (bool fit, Metadata memory names) {
        (fit, names.name) = _text(token, bytes4(keccak256("name()")), LONGEST_NAME);
        if (!fit) return (fit, names);
        (fit, names.symbol) = _text(token, bytes4(keccak256("symbol()")), LONGEST_SYMBOL);
        if (!fit) return (fit, names);
        (fit, names.decimals) = _decimals(token);
    }

    /// A text of 1 to `longest` bytes, printable ASCII, without a space at either end.
    function _text(address token, bytes4 question, uint256 longest)
        private
        view
        returns (bool fit, string memory text)
    {
        uint256 gasLimit = QUESTION_GAS;
        // A text as it is answered: where it begins, its length, its bytes. No more than the longest one is copied.
        bytes memory answer = new bytes(0x40 + longest);
        uint256 size;
        uint256 start;
        uint256 length;
        assembly ("memory-safe") {
            mstore(0x00, question)
            fit := staticcall(gasLimit, token, 0x00, 0x04, add(answer, 0x20), mload(answer))
            size := returndatasize()
            start := mload(add(answer, 0x20))
            length := mload(add(answer, 0x40))
        }
        if (!fit || size < 0x40 || start != 0x20 || length == 0 || length > longest || size < 0x40 + length) {
            return (false, text);
        }
        assembly ("memory-safe") {
            // The length lies where that of a text in memory does.
            text := add(answer, 0x40)
        }
        return (_plain(bytes(text)), text);
    }

    function _plain(bytes memory text) private pure returns (bool) {
        if (text[0] == " " || text[text.length - 1] == " ") return false;
        for (uint256 i = 0; i < text.length; ++i) {
            if (text[i] < 0x20 || text[i] > 0x7e) return false;
        }
        return true;
    }

    function _decimals(address token) private view returns (bool fit, uint8 decimals) {
        uint256 gasLimit = QUESTION_GAS;
        bytes4 question = bytes4(keccak256("decimals()"));
        uint256 answer;
        assembly ("memory-safe") {
            mstore(0x00, question)
            fit := staticcall(gasLimit, token, 0x00, 0x04, 0x00, 0x20)
            fit := and(fit, gt(returndatasize(), 0x1f))
            answer := mload(0x00)
        }
        if (!fit || answer > MOST_DECIMALS) return (false, 0);
        return (true, uint8(answer));
    }
}
