// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice How long a proposal is voted on, and how long it then waits (docs/staking.md, section 10).
enum Lane {
    /// Parameters of fees and blocks, the treasury, airdrop rounds: the full vote, the short delay.
    Standard,
    /// Stake, governance, bridge, forks, upgrades: the full vote, the long delay.
    Long,
    /// Pause and limits of the bridge: the short vote, no delay.
    Expedited
}
