// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Ten counters of missed blocks in one word, one for each tenth of the window
/// @dev Bits 0 to 199 are the counters of 20 bits, that of tenth `t` at `t % 10`; bits 200 up are the last tenth counted in.
library MissedBlocks {
    uint256 private constant COUNT = 10;
    uint256 private constant WIDTH = 20;
    uint256 private constant MASK = (1 << WIDTH) - 1;

    /// The number of the tenth of `window` blocks that `height` is in.
    function tenth(uint256 height, uint256 window) internal pure returns (uint256) {
        return height / (window < COUNT ? 1 : window / COUNT);
    }

    /// Counts one more in the tenth `now_`.
    function add(uint256 word, uint256 now_) internal pure returns (uint256) {
        word = _roll(word, now_);
        uint256 shift = now_ % COUNT * WIDTH;
        return (word >> shift) & MASK == MASK ? word : word + (1 << shift);
    }

    /// Misses of the ten tenths that end with `now_`.
    function sum(uint256 word, uint256 now_) internal pure returns (uint256 total) {
        word = _roll(word, now_);
        for (uint256 i = 0; i < COUNT; ++i) {
            total += (word >> (i * WIDTH)) & MASK;
        }
    }

    /// Drops what is out of the window. A tenth before the last one means that the window became longer: all begins anew.
    function _roll(uint256 word, uint256 now_) private pure returns (uint256) {
        uint256 last = word >> (COUNT * WIDTH);
        if (now_ == last) return word;
        uint256 fresh = now_ << (COUNT * WIDTH);
        if (now_ < last || now_ - last >= COUNT) return fresh;
        uint256 counters = word & ((1 << (COUNT * WIDTH)) - 1);
        for (uint256 t = last + 1; t <= now_; ++t) {
            counters &= ~(MASK << (t % COUNT * WIDTH));
        }
        return fresh | counters;
    }
}
