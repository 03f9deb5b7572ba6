// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Brakes of the bridge on this chain
/// @notice `BridgeInbox` has them for what comes in, `BridgeOutbox` for what goes out, each its own. Governance sets them in the expedited
/// lane. A guardian may pause, for a short time. Source: docs/bridge.md, "Brakes"; docs/staking.md, section 10.
interface IBridgeGuards {
    /// @notice Paused until `until` (Unix seconds); the highest number means until governance lifts it.
    event Paused(uint256 indexed what, address indexed by, uint64 until);
    event Unpaused(uint256 indexed what, address indexed by);
    event LimitSet(uint256 indexed rootId, address indexed token, uint256 perDay);

    /// @notice Neither governance nor the guardian calls.
    error NotGuard(address got, address guardian);
    /// @notice The guardian's 72 hours are over; it may pause again from `from` on.
    error GuardianRests(uint256 time, uint256 from);
    /// @notice Governance paused it, so the guardian cannot lift it.
    error PausedByGovernance(uint256 what);
    error NotPaused(uint256 what);
    error IsPaused(uint256 what, uint256 until);
    error OverLimit(uint256 rootId, address token, uint256 amount, uint256 left);
    error LimitTooHigh(uint256 got, uint256 most);

    /// @notice Stops what goes through this contract: 0 is BTT, 1 to 255 a root chain, the highest number everything, any other number the
    /// address of a bridged token. Transfers between holders go on. By `Timelock` until lifted, by the guardian for at most 72 hours.
    function pause(uint256 what) external;

    /// @notice Lifts a pause. By `Timelock`; by the guardian if governance did not pause as well.
    function unpause(uint256 what) external;

    /// @notice Lets at most `perDay` of a token through at once, and as much again in each day, evenly; in the token's smallest unit, 0 means no
    /// limit. By `Timelock`.
    /// @param token its address on the root chain; zero for the root chain's coin
    function setLimit(uint256 rootId, address token, uint256 perDay) external;

    /// @notice When the pause of `what` ends; 0 if it never was paused, a past time if it ended.
    function pausedUntil(uint256 what) external view returns (uint64);

    /// @notice The limit of a token and what it leaves now. Without a limit both are the highest number.
    function limitOf(uint256 rootId, address token) external view returns (uint256 perDay, uint256 left);
}
