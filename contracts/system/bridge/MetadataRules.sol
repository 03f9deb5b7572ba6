// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Metadata} from "../interfaces/IBridgeInbox.sol";

/// @title Which names a bridged token takes
/// @notice Whatever a token says of itself comes from a stranger. Wallets and explorers show it, so it is short and plain: printable ASCII,
/// no space at either end. A token with other names keeps its stand-ins, and works.
library MetadataRules {
    /// Bytes.
    uint256 internal constant LONGEST_NAME = 64;
    /// Bytes.
    uint256 internal constant LONGEST_SYMBOL = 32;
    uint8 internal constant MOST_DECIMALS = 36;

    function fit(Metadata calldata m) internal pure returns (bool) {
        return
            m.decimals <= MOST_DECIMALS && _plain(bytes(m.name), LONGEST_NAME)
                && _plain(bytes(m.symbol), LONGEST_SYMBOL);
    }

    function _plain(bytes calldata text, uint256 longest) private pure returns (bool) {
        uint256 length = text.length;
        if (length == 0 || length > longest || text[0] == " " || text[length - 1] == " ") return false;
        for (uint256 i = 0; i < length; ++i) {
            if (text[i] < 0x20 || text[i] > 0x7e) return false;
        }
        return true;
    }
}
