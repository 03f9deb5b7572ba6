//! Fixed addresses of the chain.
//!
//! System contracts take `0x...1000` upward, chosen by us. The others are contracts of the wider Ethereum world,
//! predeployed where every tool already looks for them.
//!
//! Source: docs/protocol.md, section 6.

use alloy_primitives::{Address, address};

/// `ValidatorSet`: current and next set, epoch, `validatorsHash`.
pub const VALIDATOR_SET: Address = address!("0x0000000000000000000000000000000000001000");

/// `BridgeInbox`: attested deposits of the root chains.
pub const BRIDGE_INBOX: Address = address!("0x0000000000000000000000000000000000001001");

/// `Staking`: validators, delegation, unbonding, rewards, slashing.
pub const STAKING: Address = address!("0x0000000000000000000000000000000000001002");

/// `Treasury`: fee split, reward reserve, treasury.
pub const TREASURY: Address = address!("0x0000000000000000000000000000000000001004");

/// `Governor`: proposals and votes.
pub const GOVERNOR: Address = address!("0x0000000000000000000000000000000000001005");

/// `Timelock`: carries out what the governor decided, after a delay.
pub const TIMELOCK: Address = address!("0x0000000000000000000000000000000000001006");

/// `Params`: every number that votes may change.
pub const PARAMS: Address = address!("0x0000000000000000000000000000000000001007");

/// `BridgeOutbox`: exits and the exit tree.
pub const BRIDGE_OUTBOX: Address = address!("0x0000000000000000000000000000000000001008");

/// `Supply`: the supply ledger.
pub const SUPPLY: Address = address!("0x0000000000000000000000000000000000001010");

/// `Vesting`: locked allocations.
pub const VESTING: Address = address!("0x0000000000000000000000000000000000001012");

/// `Airdrop`: monthly rounds.
pub const AIRDROP: Address = address!("0x0000000000000000000000000000000000001013");

/// Sender of the calls that the rules make without a transaction (EIP-4788).
pub const SYSTEM: Address = address!("0xfffffffffffffffffffffffffffffffffffffffe");

/// Code behind `ValidatorSet`, at genesis.
pub const VALIDATOR_SET_CODE: Address = address!("0x0000000000000000000000000000000000001080");

/// Code behind `BridgeInbox`, at genesis.
pub const BRIDGE_INBOX_CODE: Address = address!("0x0000000000000000000000000000000000001081");

/// Code behind `Staking`, at genesis.
pub const STAKING_CODE: Address = address!("0x0000000000000000000000000000000000001082");

/// The other half of the code behind `Staking`: what operators call and what is only read.
pub const STAKING_EXTENSION: Address = address!("0x0000000000000000000000000000000000001083");

/// Code behind `Treasury`, at genesis.
pub const TREASURY_CODE: Address = address!("0x0000000000000000000000000000000000001084");

/// Code behind `BridgeOutbox`, at genesis.
pub const BRIDGE_OUTBOX_CODE: Address = address!("0x0000000000000000000000000000000000001088");

/// What every bridged token delegates to (EIP-1167): no proxy, no upgrade.
pub const BRIDGED_TOKEN_CODE: Address = address!("0x0000000000000000000000000000000000001089");

/// Code behind `Supply`, at genesis.
pub const SUPPLY_CODE: Address = address!("0x0000000000000000000000000000000000001090");

/// `WBTT`: BTT as an ERC-20.
pub const WBTT: Address = address!("0x0000000000000000000000000000000000001011");

/// Multicall3: many calls in one.
pub const MULTICALL3: Address = address!("0xcA11bde05977b3631167028862bE2a173976CA11");

/// Deterministic CREATE2 deployer that Foundry, Hardhat and most scripts use.
pub const CREATE2_DEPLOYER: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");

/// Safe's own copy of the CREATE2 deployer.
pub const SAFE_SINGLETON_FACTORY: Address = address!("0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7");

/// `CreateX`: deployments by CREATE, CREATE2 and CREATE3.
pub const CREATE_X: Address = address!("0xba5Ed099633D3B313e4D5F7bdc1305d3c28ba5Ed");

/// Permit2: token approvals by signature.
pub const PERMIT2: Address = address!("0x000000000022D473030F116dDEE9F6B43aC78BA3");

/// ERC-4337 `EntryPoint` 0.7: account abstraction.
pub const ENTRY_POINT_V07: Address = address!("0x0000000071727De22E5E9d8BAf0edAc6f37da032");

/// `SenderCreator` of [`ENTRY_POINT_V07`], created by its constructor.
pub const SENDER_CREATOR_V07: Address = address!("0xEFC2c1444eBCC4Db75e7613d20C6a62fF67A167C");

/// EIP-2935 history of block hashes.
pub const HISTORY_STORAGE: Address = address!("0x0000F90827F1C53a10cb7A02335B175320002935");

/// EIP-4788 beacon roots; what stands in for the root is in docs/protocol.md, section 2.
pub const BEACON_ROOTS: Address = address!("0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02");
