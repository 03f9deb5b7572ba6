// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// What the bridge knows of an asset.
struct Asset {
    /// Deposited and not released. Unit, as of all amounts: the token's smallest.
    uint104 locked;
    /// Net outflow that the rate has not worked off yet, at `usedAt`.
    uint104 used;
    /// Unit: seconds.
    uint48 usedAt;
    /// No deposit may bring `locked` above it. 2e31 at most, which is 20 times all BTT.
    uint104 cap;
    /// Outflow of a day however little is locked, at least 1: shares of a rest would never end. Zero while the asset is not listed.
    uint104 floor;
    /// Outflow of a day, as a share of `locked`. Unit: basis points.
    uint16 dailyBps;
    /// Whether deposits are taken. Exits are paid all the same.
    bool enabled;
    /// Whether its names were asked for, before its first deposit.
    bool named;
}

/// @title How much of an asset may leave in a day
/// @notice In any 24 hours no more leaves than came in, plus a day's limit: 2 % of what is locked (docs/protocol.md, section 7).
///
/// A vessel of a quarter of the limit is filled by exits and drains by three quarters of the limit a day, both together being the limit. A
/// deposit drains it too, but never below empty. So who sends the same coins round and round gives back what he takes, and cannot keep
/// others from leaving; only funds that leave for good use the limit up, once. It drains in 8 hours, whatever filled it.
library Assets {
    /// An asset in trouble can be slowed down to a tenth of a percent a day, but not stopped.
    uint16 internal constant LEAST_DAILY_BPS = 10;
    uint16 internal constant MOST_DAILY_BPS = 1_000;

    uint256 private constant ONE = 10_000;
    /// An exit above this share of what is locked waits. Unit: basis points.
    uint256 private constant LARGE_BPS = 10;
    /// The same in relation to a day's floor: 0.1 % is a twentieth of 2 %.
    uint256 private constant LARGE_OF_FLOOR = 20;
    uint256 private constant BURST_PARTS = 4;
    uint256 private constant DRAIN_TIME = 8 hours;

    /// @notice Net outflow of a day.
    function limit(Asset storage asset) internal view returns (uint256 amount) {
        amount = uint256(asset.locked) * asset.dailyBps / ONE;
        if (amount < asset.floor) amount = asset.floor;
    }

    /// @notice The highest floor that may be chosen: what leaves in a day at the highest share, so that no floor lifts the limit. When the asset
    /// is listed that is of the cap, as nothing is locked and nobody has trusted the bridge with any of it; afterwards of what is locked. A floor
    /// may always stay as it is.
    function mostFloor(Asset storage asset, uint256 cap) internal view returns (uint256 amount) {
        if (asset.floor == 0) return cap * MOST_DAILY_BPS / ONE;
        amount = uint256(asset.locked) * MOST_DAILY_BPS / ONE;
        if (amount < asset.floor) amount = asset.floor;
    }

    /// @notice The largest exit that is paid without a wait.
    function largest(Asset storage asset) internal view returns (uint256 amount) {
        amount = uint256(asset.locked) * LARGE_BPS / ONE;
        uint256 ofFloor = asset.floor / LARGE_OF_FLOOR;
        if (amount < ofFloor) amount = ofFloor;
    }

    /// @notice What may leave now.
    function available(Asset storage asset) internal view returns (uint256 amount) {
        (uint256 level, uint256 brim,) = _drained(asset);
        amount = brim - level;
        if (amount > asset.locked) amount = asset.locked;
    }

    /// @notice Counts an exit of at most `available`.
    function release(Asset storage asset, uint256 amount) internal {
        (uint256 level,, uint48 time) = _drained(asset);
        // Both are at most the brim or `locked`, which have 104 bits.
        asset.used = uint104(level + amount);
        asset.usedAt = time;
        asset.locked -= uint104(amount);
    }

    /// @notice Counts a deposit. The caller has held `locked + amount` against the cap.
    function lock(Asset storage asset, uint256 amount) internal {
        (uint256 level,, uint48 time) = _drained(asset);
        asset.used = level > amount ? uint104(level - amount) : 0;
        asset.usedAt = time;
        asset.locked += uint104(amount);
    }

    /// The level now, the brim, and until when the level was worked out. The level is never above the brim, so that a limit that fell is
    /// worked off in the same time. What drains is rounded down and time is counted for whole units alone: whoever calls every second does
    /// not keep a slow vessel from draining.
    function _drained(Asset storage asset) private view returns (uint256 level, uint256 brim, uint48 time) {
        brim = Math.ceilDiv(limit(asset), BURST_PARTS);
        level = Math.min(asset.used, brim);
        time = uint48(block.timestamp);
        if (level == 0) return (level, brim, time);
        uint256 amount = brim * (block.timestamp - asset.usedAt) / DRAIN_TIME;
        if (amount >= level) return (0, brim, time);
        level -= amount;
        time = asset.usedAt + uint48(Math.ceilDiv(amount * DRAIN_TIME, brim));
    }
}
