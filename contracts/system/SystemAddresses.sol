// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Where the contracts of the chain stand (docs/staking.md, section 1)
library SystemAddresses {
    /// Caller of what the rules demand without a transaction, as in EIP-4788.
    address internal constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;

    address internal constant VALIDATOR_SET = 0x0000000000000000000000000000000000001000;
    address internal constant BRIDGE_INBOX = 0x0000000000000000000000000000000000001001;
    address internal constant STAKING = 0x0000000000000000000000000000000000001002;
    address internal constant TREASURY = 0x0000000000000000000000000000000000001004;
    address internal constant GOVERNOR = 0x0000000000000000000000000000000000001005;
    address internal constant TIMELOCK = 0x0000000000000000000000000000000000001006;
    address internal constant PARAMS = 0x0000000000000000000000000000000000001007;
    address internal constant BRIDGE_OUTBOX = 0x0000000000000000000000000000000000001008;
    address internal constant SUPPLY = 0x0000000000000000000000000000000000001010;
    address internal constant VESTING = 0x0000000000000000000000000000000000001012;
    address internal constant AIRDROP = 0x0000000000000000000000000000000000001013;

    /// Implementations that the proxies above begin with.
    address internal constant VALIDATOR_SET_CODE = 0x0000000000000000000000000000000000001080;
    address internal constant BRIDGE_INBOX_CODE = 0x0000000000000000000000000000000000001081;
    address internal constant STAKING_CODE = 0x0000000000000000000000000000000000001082;
    address internal constant TREASURY_CODE = 0x0000000000000000000000000000000000001084;
    address internal constant GOVERNOR_CODE = 0x0000000000000000000000000000000000001085;
    address internal constant TIMELOCK_CODE = 0x0000000000000000000000000000000000001086;
    address internal constant PARAMS_CODE = 0x0000000000000000000000000000000000001087;
    address internal constant BRIDGE_OUTBOX_CODE = 0x0000000000000000000000000000000000001088;
    address internal constant SUPPLY_CODE = 0x0000000000000000000000000000000000001090;
    address internal constant VESTING_CODE = 0x0000000000000000000000000000000000001092;
    address internal constant AIRDROP_CODE = 0x0000000000000000000000000000000000001093;

    /// Runs for `Staking` what its own code has no room for.
    address internal constant STAKING_EXTENSION = 0x0000000000000000000000000000000000001083;

    /// What every bridged token delegates to (EIP-1167), for ever: no proxy, no upgrade.
    address internal constant BRIDGED_TOKEN_CODE = 0x0000000000000000000000000000000000001089;
}
